"""Calls observers that show the time now and then, while nothing happens that they could be told of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence


class Ticking:
    """A delivery, and a daemon thread that refreshes some observers until it has delivered for the last time.

    Parameters:
        deliver: delivers events; called with ``last=True`` when the run is over.
        refresh: called every *seconds*, at any time and in that thread; nothing may come out of them.
    """

    def __init__(
        self, deliver: Callable[..., None], refresh: Sequence[Callable[[], object]], seconds: float
    ) -> None:
        self._deliver = deliver
        self._over = threading.Event()
        # It must not hold this object, or through it the run, for longer than that is needed.
        threading.Thread(
            target=_tick, args=(self._over, refresh, seconds), name="fast_dag-ticks", daemon=True
        ).start()

    def __call__(self, *, last: bool = False) -> None:
        """Deliver; the *last* time end the thread, which is not waited for."""
        try:
            self._deliver(last=last)
        finally:
            if last:
                self._over.set()


def _tick(over: threading.Event, refresh: Sequence[Callable[[], object]], seconds: float) -> None:
    while not over.wait(seconds):
        for each in refresh:
            each()
