"""Awaiting something in the running task, but in a context of its own."""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class InContext(Generic[T]):
    """Await something in the running task, but each of its steps in *context*."""

    def __init__(self, awaitable: Awaitable[T], context: contextvars.Context) -> None:
        self._steps = awaitable.__await__()
        self._context = context

    def __await__(self) -> Generator[Any, Any, T]:
        advance: Any = getattr(self._steps, "send", self._next)
        argument: Any = None
        while True:
            try:
                pending = self._context.run(advance, argument)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            try:
                argument, advance = (yield pending), getattr(self._steps, "send", self._next)
            except BaseException as thrown:
                # Handed on to the awaited steps, which decide; without a way to hear of it they end.
                throw = getattr(self._steps, "throw", None)
                if throw is None:
                    raise
                argument, advance = thrown, throw

    def _next(self, _: object) -> Any:
        return next(self._steps)
