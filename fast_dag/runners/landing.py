"""Waiting on an event loop for something that others do, maybe in other threads."""

from __future__ import annotations

from functools import partial

import anyio

from fast_dag.run.requests import Landing
from fast_dag.runners.backends import backend_here


async def landed(landing: Landing) -> None:
    """Return when *landing* is over; the running event loop does other things meanwhile."""
    async with backend_here() as loop:
        event = anyio.Event()
        if landing.when_landed(partial(loop.post, event.set)):
            await event.wait()
