"""A run as the desk follows it: the outermost, or one inside a step of another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fast_dag.run.invocation import invocation
from fast_dag.run.requests import Enter, Invocation, Outcome
from fast_dag.run.run import Run


class Strand:
    """One run that is being followed.

    Parameters:
        run: a `Run`, or something else that answers its verbs.
        invoke: gives for a step of it what is to be done.
        enter: the request of the step it lies in, None for the outermost.
    """

    __slots__ = ("enter", "invoke", "plain", "run")

    def __init__(self, run: Any, invoke: Callable[[int], Invocation], enter: Enter | None = None) -> None:
        self.run, self.invoke, self.enter = run, invoke, enter
        self.plain: Sequence[bool] = _plain(run) if isinstance(run, Run) else ()
        """For each step whether it is one call without anything around it; empty if none is."""

    @property
    def outcome(self) -> Outcome:
        """What became of the run."""
        return Outcome(error=self.run.error)


def outermost(run: Run) -> Strand:
    """The strand of a run that lies in no step of another."""
    return Strand(run, partial(invocation, run))


def _plain(run: Run) -> Sequence[bool]:
    if run.ledger.shows_values or run.hooks.default or run.ledger.around is not None:
        return ()
    if not run.hooks.nodes:
        return run.plan.plain
    pairs = zip(run.plan.names, run.plan.plain, strict=True)
    return [is_plain and name not in run.hooks.nodes for name, is_plain in pairs]
