"""One epoch of a session, which is a run that may be given less than it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fast_dag.plan.plan import Plan
from fast_dag.run.absent import left_out
from fast_dag.run.deltas import Retained
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.run import Run
from fast_dag.workflow.inputs import missing_inputs


@dataclass(slots=True)
class Epoch:
    """One epoch: its *number*, and the facts that are *retained* for the next one."""

    number: int
    retained: Retained

    def planned(self, plan: Plan, values: Sequence[Any]) -> Plan:
        """What the run with these *values* follows: a plain loop would run what lacks an input."""
        return replace(plan, rows=()) if missing_inputs(plan, values) else plan

    def begin(self, run: Run) -> None:
        """Tell *run*, which has not begun, of its epoch, and leave out what lacks an input."""
        run.ledger.epoch, run.ledger.retained = self.number, self.retained
        run.context.metadata["epoch"] = self.number
        missing = missing_inputs(run.plan, run.values)
        if missing and isinstance(run, GraphRun):
            run.absent = left_out(run.plan, missing, self.number)
