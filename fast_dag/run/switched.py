"""Why nothing goes round in a cycle any more: a router has chosen so, or there was no data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fast_dag.plan.plan import ROUTER, Cycle

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun


def is_switched_off(run: CyclicRun, cycle: Cycle) -> bool:
    """Whether a router has left out the branch that one of the feedback edges of *cycle* hangs behind."""
    work = []
    for feedback in cycle.feedback:
        is_branch = run.plan.kinds[feedback.source] == ROUTER
        if is_branch and run.has_run(feedback.source):
            return True
        work.append(feedback.source)
    seen: set[int] = set()
    while work:
        unit = work.pop()
        if unit in seen or run.has_run(unit):
            continue
        seen.add(unit)
        for link in run.plan.arrivals[unit]:
            if link.branch and run.has_run(link.source) and not run.is_live(link):
                return True
            work.append(link.source)
    return False
