"""What is told of a node that is one call with nothing around it: it needs no invocation for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fast_dag.run.notes import Note
from fast_dag.run.requests import Outcome

if TYPE_CHECKING:
    from fast_dag.run.run import Run


def tell_started(run: Run, step: int) -> None:
    """Note that the only attempt begins."""
    fields = {"attempt": 1, "iteration": run.iteration_of(step)}
    run.notes.append(Note("node_started", step, fields, run))  # type: ignore[union-attr]


def tell_finished(run: Run, step: int, outcome: Outcome) -> None:
    """Note that it went well."""
    fields = {
        "attempt": 1,
        "iteration": run.iteration_of(step),
        "duration": outcome.duration,
        "worker": outcome.worker,
    }
    run.notes.append(Note("node_finished", step, fields, run))  # type: ignore[union-attr]
