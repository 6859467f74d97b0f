"""Parts of a workflow that run on their own, and what comes into them from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fast_dag.errors import ValidationError
from fast_dag.graph.graph import Graph
from fast_dag.graph.order import reached
from fast_dag.plan.plan import Given
from fast_dag.run.context import Context
from fast_dag.run.run import Run
from fast_dag.run.step import part_of
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.workflow.workflow import Workflow


class Part(NamedTuple):
    """The *names* of the nodes that run, and the one whose *result* is returned, None as for a whole run."""

    names: frozenset[str]
    result: str | None = None


def part_from(workflow: Workflow, name: object) -> Part:
    """A node and all its descendants."""
    return Part(_behind(workflow.wired, workflow.drawing.node(name).name))


def part_until(workflow: Workflow, name: object) -> Part:
    """A node and all its ancestors."""
    end = workflow.drawing.node(name).name
    return Part(_before(workflow.wired, end), end)


def part_between(workflow: Workflow, start: object, end: object) -> Part:
    """All nodes on a path from *start* to *end*.

    Raises:
        ValidationError: there is no such path.
    """
    first, last = workflow.drawing.node(start).name, workflow.drawing.node(end).name
    names = _behind(workflow.wired, first) & _before(workflow.wired, last)
    if not names:
        msg = f"no path from {first!r} to {last!r}"
        raise ValidationError(msg, workflow.name)
    return Part(names, last)


def part_of_one(workflow: Workflow, name: object) -> Part:
    """A single node."""
    only = workflow.drawing.node(name).name
    return Part(frozenset([only]), only)


def fill_given(values: list[Any], given: Sequence[Given], earlier: Context) -> None:
    """Put what earlier runs gave into the slots that no run input has filled."""
    for slot, _, argument, branch in given:
        if values[slot] is NO_DATA:
            value = earlier.came_from(argument.source, branch)
            values[slot] = part_of(value, argument) if argument.output and value is not NO_DATA else value


def outside(earlier: Context, part: Part) -> Context:
    """A new context with the results that *earlier* has of nodes outside *part*."""
    return Context({name: value for name, value in earlier.results.items() if name not in part.names})


def remember_routes(run: Run, earlier: Context, part: Part) -> None:
    """Let the routers outside *part* go on counting as they decided earlier."""
    for name, branch in earlier.branches.items():
        if name not in part.names:
            run.taken[name] = branch
            run.passed_on[name] = earlier.came_from(name, branch)


def _behind(graph: Graph, name: str) -> frozenset[str]:
    return reached(name, {each: [edge.target for edge in edges] for each, edges in graph.outgoing.items()})


def _before(graph: Graph, name: str) -> frozenset[str]:
    return reached(name, {each: [edge.source for edge in edges] for each, edges in graph.incoming.items()})
