"""One call, sync or async, and what became of it."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Awaitable, Generator
from time import perf_counter
from typing import Any, Generic, TypeVar

from fast_dag.run.requests import Call, Outcome

GRACE = 0.1
"""Seconds that cancelled coroutines get, all together, before they are abandoned."""

T = TypeVar("T")


def call(request: Call, context: contextvars.Context) -> Outcome:
    """Call a function in *context*; whatever it raises is part of the outcome."""
    value, raised = None, None
    started = perf_counter()
    try:
        value = context.run(request.function, *request.args, **request.kwargs)
    except BaseException as error:  # the outcome says what was raised; the core decides
        raised = error
    ended = perf_counter()
    return Outcome(value, raised, ended - started, threading.get_ident(), ended)


async def call_async(request: Call) -> Outcome:
    """Call a function and await what it returns, in the context of the running task."""
    started = perf_counter()
    try:
        value, error = request.function(*request.args, **request.kwargs), None
        if is_awaitable(value):
            value = await value
    except BaseException as raised:  # cancellation too: the core knows who asked for it
        value, error = None, raised
    return _ended(value, error, started)


async def finish_async(pending: Outcome) -> Outcome:
    """Await the value of an outcome, which a sync function returned."""
    started = perf_counter()
    try:
        value, error = await pending.value, None
    except BaseException as raised:  # as above
        value, error = None, raised
    return _ended(value, error, started - pending.duration)


def _ended(value: Any, error: BaseException | None, started: float) -> Outcome:
    now = perf_counter()
    return Outcome(value, error, now - started, ended=now)


def is_awaitable(value: Any) -> bool:
    """Whether *value* must be awaited to get the result."""
    return hasattr(type(value), "__await__")


class InContext(Generic[T]):
    """Await something in the running task, but each of its steps in a context of its own."""

    def __init__(self, awaitable: Awaitable[T], context: contextvars.Context) -> None:
        self._steps = awaitable.__await__()
        self._context = context

    def __await__(self) -> Generator[Any, Any, T]:
        advance, argument = self._steps.send, None
        while True:
            try:
                pending = self._context.run(advance, argument)
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                argument, advance = (yield pending), self._steps.send
            except BaseException as thrown:  # handed on to the awaited steps, which decide
                argument, advance = thrown, self._steps.throw
