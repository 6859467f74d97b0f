"""The beginning of a plan while somebody watches: the same events as through the core, without its notes."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from fast_dag.errors import MissingOutputError
from fast_dag.plan.plan import GENERAL, MANY
from fast_dag.run.events import NodeFinished, NodeStarted
from fast_dag.run.requests import Outcome
from fast_dag.run.run import Run
from fast_dag.run.step import arguments
from fast_dag.run.streams import LAZY
from fast_dag.runners.calls import drop, is_awaitable
from fast_dag.runners.delivery import Tell
from fast_dag.values import NO_DATA

NOBODY: Final = -1


class ObservedRows:
    """The loop over the rows of a plan, for a run of which somebody wants the events.

    Parameters:
        run: the run, which has just begun.
        store: takes each result.
        base: the context variables that nodes see.
    """

    def __init__(self, run: Run, store: Callable[[Any], None], base: contextvars.Context) -> None:
        self._run, self._store, self._base = run, store, base
        self.begun = NOBODY
        """The step whose start has been told, and its end not."""

    def __call__(self) -> Outcome | None:
        """Go as far as it can; as the loop of `row_loop`, but for who is told.

        `Tally.stamps` has when the step under way began; the times of the others are in the books.
        """
        in_rows: Any = self._run.ledger.in_rows
        with in_rows() as (tell, common):
            return self._loop(tell, common)

    def _loop(self, tell: Tell, common: dict[str, Any]) -> Outcome | None:
        run, values, names = self._run, self._run.values, self._run.plan.names
        durations, attempts, stamps = run.tally.durations, run.tally.attempts, run.tally.stamps
        copy, store, clock = self._base.copy, self._store, perf_counter
        ended = {**common, "cached": False}
        ordinary: set[type] = set()
        for step, (function, kind, first, second) in enumerate(run.plan.rows):
            try:
                args, kwargs = _given(kind, first, second, values)
            except MissingOutputError:
                return None  # the core finds it again, and asks the handlers
            fields = common.copy()
            fields["node"] = names[step]
            tell(NodeStarted, fields)
            self.begun = step
            if run.finished:
                return None
            stamps[0] = before = clock()
            value = copy().run(function, *args, **kwargs)
            duration = clock() - before
            del args, kwargs
            if run.finished:
                drop(value)
                return None
            if type(value) not in ordinary:
                if value is NO_DATA or type(value) in LAZY or is_awaitable(value):
                    return Outcome(value)
                ordinary.add(type(value))
            store(value)
            durations[step], attempts[step] = duration, 1
            self.begun = NOBODY
            fields = ended.copy()
            fields["node"], fields["duration"] = names[step], duration
            tell(NodeFinished, fields)
            if run.finished:
                return None
        return None

    @property
    def began(self) -> float:
        """When the step under way began."""
        return self._run.tally.stamps[0]

    def stop(self) -> None:
        """Nothing is to be done: the loop looks whether the run is over."""


def _given(kind: int, first: Any, second: Any, values: list[Any]) -> tuple[Any, dict[str, Any]]:
    """The arguments of a row."""
    if kind == 1:
        return (values[first],), {}
    if kind == GENERAL:
        return arguments(first, values)
    if kind == MANY:
        return [values[slot] for slot in first], {}
    return ((values[first], values[second]) if kind else ()), {}
