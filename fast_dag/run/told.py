"""What is told of a run when somebody looks: why nodes were skipped, what routers passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fast_dag.plan.plan import ENTER
from fast_dag.run.context import Passed
from fast_dag.run.step import Route, part_of

if TYPE_CHECKING:
    from fast_dag.plan.plan import Link
    from fast_dag.run.graph_run import GraphRun

OPEN: Final = 0
DONE: Final = 1
EMPTY: Final = 2
"""Has run and given `NO_DATA`."""
FAILED: Final = 3
DEAD: Final = 4
"""Was skipped."""

FATES: Final = {FAILED: " failed", DEAD: " was skipped", EMPTY: " gave no data"}


def skip_reason(run: GraphRun, step: int) -> str:
    """Why a node was skipped."""
    if step in run.passed_over:
        return "it was skipped by hand"
    settled = [link for link in run.plan.arrivals[step] if run.state[link.source] != OPEN]
    dead = [link for link in settled if not run.is_live(link)]
    if not dead:
        return run.left_out(step)
    link = next((link for link in dead if link.required), dead[0])
    if run.plan.kinds[link.source] == ENTER and run.state[link.source] == DEAD:
        return run.left_out(link.source)
    return _lack(run, link, step)


def _lack(run: GraphRun, link: Link, step: int) -> str:
    """Why *link* brought nothing to *step*."""
    origin = link.source if link.origin < 0 else link.origin
    name, state = run.plan.names[origin], run.state[origin]
    if state != FAILED and (ended := run.ended_before(origin, step)):
        return ended
    if state == DONE and link.branch != run.taken.get(name, ""):
        return f"branch {link.branch!r} of {name!r} was not taken"
    if state == DONE and link.part is not None:
        return f"{name!r} gave no {link.part.output!r}"
    return f"{name!r}{FATES.get(state, ' gave no value')}"


def passed_on(run: GraphRun, step: int, route: Route) -> Any:
    """What a router gives to its branch; where it is a result, only which one: that is kept elsewhere."""
    if route.value is route.shown:
        return Passed(run.plan.names[step])
    for argument in run.plan.layouts[step].arguments:
        if argument.injected:
            continue
        value = run.values[argument.slot]
        part = argument if argument.output else None
        if argument.source and route.value is (part_of(value, part) if part else value):
            return Passed(argument.source, run.taken.get(argument.source, ""), part)
        break
    return route.value
