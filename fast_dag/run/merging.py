"""What is called for the delta variables of a cycle: a merge of the user's, an iterator of candidates."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from fast_dag.run.lap import Ending, Lap
from fast_dag.run.requests import Ask, Outcome, Request

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun
    from fast_dag.run.deltas import Deltas


def merged(run: CyclicRun, lap: Lap) -> Generator[Request, Outcome, Outcome]:
    """Have what was brought to the delta variables of a cycle worked out, if that takes a call."""
    if not lap.asks_deltas:
        return Outcome()
    deltas: Deltas = lap.deltas  # type: ignore[assignment]
    outcome = yield Ask(deltas.worked_out, ())
    if outcome.error is not None:
        return outcome
    deltas.take(outcome.value)
    if lap.completed:
        lap.found = run.rounds.obvious(lap)
    elif deltas.is_exhausted:
        lap.ending = Ending("exit", "no_data")
    else:
        deltas.fill(run.values)
        if lap.following is not None:
            lap.following.begin(run.values)
    return outcome
