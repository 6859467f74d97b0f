"""Nodes that cannot run because something a run was not given: they are skipped from the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fast_dag.plan.plan import Plan
from fast_dag.run.told import OPEN

if TYPE_CHECKING:
    from fast_dag.run.graph_run import GraphRun


def left_out(plan: Plan, missing: Sequence[tuple[str, str]], epoch: int) -> Mapping[int, str]:
    """The units that are not to run, and why: what needs a *missing* input, or the cycle around that.

    Parameters:
        plan: of the run.
        missing: node and name of each required input without a value.
        epoch: the one in which it was not sent.
    """
    found: dict[int, str] = {}
    for node, name in missing:
        unit = plan.names.index(node)
        around = (cycle.enter for cycle in plan.cycles if cycle.enter < unit < cycle.leave)
        found.setdefault(min(around, default=unit), f"nothing was sent to {name!r} in epoch {epoch}")
    return found


def settled(run: GraphRun, entries: Sequence[int]) -> list[int]:
    """Skip what is left out of *run*, and what depends on it; the *entries* and others that may start."""
    freed = list(entries)
    for unit in sorted(run.absent):
        if run.state[unit] == OPEN:
            run.frontier.give_up(unit)  # type: ignore[union-attr]
            run.skip(unit)
            freed += run.spread(unit)
    return [unit for unit in freed if run.state[unit] == OPEN]
