"""When a node runs: the epoch, and the round of each cycle around it, through workflows inside nodes."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from fast_dag.values import LogicalTime

if TYPE_CHECKING:
    from fast_dag.run.run import Run

ROUNDS: Final[ContextVar[Callable[[], tuple[int, ...]] | None]] = ContextVar("rounds", default=None)
"""What gives the round of each cycle around the node that is called, None outside of cycles."""


def time_in(epoch: int) -> LogicalTime:
    """The time of the node that is called, in this *epoch*."""
    rounds = ROUNDS.get()
    return LogicalTime(epoch, *(() if rounds is None else rounds()))


def rounds_at(run: Run, step: int) -> tuple[int, ...]:
    """The round of each cycle around *step*, the outermost first."""
    found: tuple[int, ...] = ()
    while True:
        if run.goes_round:
            found = (*(index + 1 for index in run.iteration(step)), *found)
        if run.outer is None:
            return found
        run, step = run.outer, run.outer_step


def at_its_time(function: Callable[..., Any], run: Run, step: int) -> Callable[..., Any]:
    """*function* of a node that may ask its context for the time, told of that where there are rounds."""
    is_inside = run.goes_round or run.outer is not None
    if not (is_inside and run.plan.sees_context and run.plan.nodes[step].has_context):
        return function
    rounds = rounds_at(run, step)
    if not rounds:
        return function

    def call(*args: Any, **kwargs: Any) -> Any:
        # Every call has context variables of its own.
        ROUNDS.set(lambda: rounds)
        return function(*args, **kwargs)

    return call
