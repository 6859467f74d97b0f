"""One call, sync or async, and what became of it."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any

from fast_dag.run.requests import Call, Outcome, Request

GRACE = 0.1
"""Seconds that cancelled coroutines get, all together, before they are abandoned."""

Tell = Callable[[Request, Outcome], object]


def call(request: Call, context: contextvars.Context) -> Outcome:
    """Call a function in *context*; whatever it raises is part of the outcome."""
    started = perf_counter()
    try:
        value = context.run(request.function, *request.args, **request.kwargs)
    except BaseException as error:  # the outcome says what was raised; the core decides
        request.let_go()
        del request  # the traceback keeps this frame, and the request knows the run
        ended = perf_counter()
        return Outcome(None, error, ended - started, threading.get_ident(), ended)
    ended = perf_counter()
    request.let_go()
    return Outcome(value, None, ended - started, threading.get_ident(), ended)


async def call_async(request: Call, tell: Tell) -> None:
    """Call a function and await what it returns, in the context of the task; then *tell* the outcome."""
    value, raised = None, None
    started = perf_counter()
    try:
        value = request.function(*request.args, **request.kwargs)
        if is_awaitable(value):
            value = await value
    except BaseException as error:  # cancellation too: the core knows who asked for it
        value, raised = None, error
    ended = perf_counter()
    request.let_go()
    outcome = Outcome(value, raised, ended - started, ended=ended)
    del value, raised
    tell(request, outcome)
    del request, outcome, tell  # the traceback of what was raised keeps this frame


async def finish_async(request: Request, pending: Outcome, tell: Tell) -> None:
    """Await what a sync function returned, which took its time too; then *tell* the outcome."""

    def add_up(_: Request, outcome: Outcome) -> None:
        outcome.duration += pending.duration
        tell(request, outcome)

    await call_async(Call(lambda: pending.value, ()), add_up)


def is_awaitable(value: Any) -> bool:
    """Whether *value* must be awaited to get the result."""
    return hasattr(type(value), "__await__")


def drop(value: Any) -> None:
    """Let go of what a function returned and nobody will await."""
    if isinstance(value, Coroutine):
        value.close()
