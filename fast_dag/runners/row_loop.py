"""The beginning of a plan as a plain loop: the same calls as through the core, without its books."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from fast_dag.errors import MissingOutputError
from fast_dag.plan.plan import GENERAL, Row
from fast_dag.run.requests import Outcome
from fast_dag.run.step import arguments
from fast_dag.run.streams import LAZY
from fast_dag.runners.calls import is_awaitable
from fast_dag.values import NO_DATA


class Interrupted(BaseException):
    """Raised by the clock of a loop that is to stop."""


def row_loop(  # noqa: C901 - as of its loop
    rows: Sequence[Row],
    values: list[Any],
    store: Callable[[Any], None],
    stamps: list[float],
    base: contextvars.Context,
) -> tuple[Callable[[], Outcome | None], Callable[[], None]]:
    """The loop over *rows*, and a function that stops it from any thread.

    The loop stores each result with *store*, which appends it to *values*, and appends the time at
    which it ended to *stamps*.  It ends early, with what the node gave, at a value that only the core
    can take: `NO_DATA`, a stream, or something to await.  At the end of the rows, and before a node
    whose arguments are not all there, it gives None.
    """
    clock = perf_counter

    def loop() -> Outcome | None:  # noqa: C901 - one branch for each row kind, in one frame for speed
        copy, stamp = base.copy, stamps.append
        usual: type | None = None
        ordinary: set[type] = set()
        for function, kind, first, second in rows:
            if kind == 1:
                value = copy().run(function, values[first])
            elif kind == 2:  # noqa: PLR2004 - the number of arguments
                value = copy().run(function, values[first], values[second])
            elif kind == 0:
                value = copy().run(function)
            elif kind == GENERAL:
                try:
                    args, kwargs = arguments(first, values)
                except MissingOutputError:
                    return None  # the core finds it again, and asks the handlers
                value = copy().run(function, *args, **kwargs)
                del args, kwargs
            else:
                value = copy().run(function, *[values[slot] for slot in first])
            if type(value) is not usual:
                usual = type(value)
                if usual not in ordinary:
                    if value is NO_DATA or usual in LAZY or is_awaitable(value):
                        return Outcome(value)
                    ordinary.add(usual)
            store(value)
            # The clock is also the way to stop the loop: straight code has no other check.
            stamp(clock())
        return None

    def stop() -> None:
        nonlocal clock
        clock = _interrupt

    return loop, stop


def _interrupt() -> float:
    raise Interrupted
