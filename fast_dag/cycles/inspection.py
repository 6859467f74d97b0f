"""Cycles of a graph to look at: which edges feed back, what each body holds, what runs in which stage."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fast_dag.errors import ValidationError
from fast_dag.graph.attached import with_attached
from fast_dag.graph.check import Problem, error_for, undeclared_rings
from fast_dag.graph.edge import RESULT_OR_WHOLE, WHOLE, Edge, Facts, FeedbackEdge
from fast_dag.graph.graph import Graph
from fast_dag.graph.loops import Cycle, cycles_of
from fast_dag.graph.order import reached, topological_order

EdgeWithData = tuple[str, str, dict[str, Any]]
"""Source, target, and what else there is to say: cycle, mapping, and of a feedback edge its cycle_id."""


class Wired(Protocol):
    """A workflow whose graph can be looked at."""

    @property
    def wired(self) -> Graph:
        """Its graph."""


@dataclass(frozen=True, slots=True)
class DagStage:
    """Nodes outside of all cycles that run one after the other, or at once where they do not wait."""

    nodes: list[str]


@dataclass(frozen=True, slots=True)
class CycleGroup:
    """A cycle as one stage of what is around it."""

    cycle_id: str
    nodes: list[str]
    """Its body, in execution order."""
    feedback_edges: list[EdgeWithData] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    """The stages of one iteration; the cycles inside it are groups of their own."""
    attached: list[str] = field(default_factory=list)
    """Nodes behind the body that run at the end of each iteration."""

    def get_downstream_nodes(self, workflow: Wired, direct: bool = False) -> list[str]:  # noqa: FBT001, FBT002 - the contract's form
        """The nodes outside that its values reach, in topological order.

        Parameters:
            workflow: the one it is part of.
            direct: only those that an edge leads to from the body.
        """
        graph = workflow.wired
        body = {*self.nodes, *self.attached}
        after = _successors(graph)
        fed = {target for name in body for target in after[name] if target not in body}
        if not direct:
            fed = set().union(*(reached(name, after) for name in fed)) - body
        return [name for name in topological_order(list(graph.nodes), after) if name in fed]


Stage = DagStage | CycleGroup


def edge_data(edge: Edge | FeedbackEdge, graph: Graph) -> dict[str, Any]:
    """What is said of an edge besides its ends."""
    output = WHOLE if edge.output == RESULT_OR_WHOLE else edge.output
    if isinstance(output, Facts):
        return {
            "cycle": False,
            "mapping": {output.input: edge.input},
            "optional": False,
            "facts_of": output.cycle,
        }
    if isinstance(edge, Edge):
        return {"cycle": False, "mapping": {output: edge.input}, "optional": graph.edges[edge]}
    mapping = {} if edge.signal else {output: edge.input}
    flags = {"optional": edge.optional, "signal": edge.signal}
    return {"cycle": True, "cycle_id": edge.cycle, "mapping": mapping, **flags}


def separated(graph: Graph) -> tuple[list[EdgeWithData], list[EdgeWithData]]:
    """The forward edges and the feedback edges of *graph*, each in the order of drawing."""
    ahead = [(edge.source, edge.target, edge_data(edge, graph)) for edge in graph.edges]
    cycles, _ = cycles_of(graph)
    # Where a cycle is sound, its edges know their inputs; another one is shown as it was drawn.
    bound = {edge._replace(input=None): edge for cycle in cycles for edge in cycle.edges}
    drawn = [edge if edge.input is not None else bound.get(edge, edge) for edge in graph.cycles.edges]
    return ahead, [_with_data(edge, graph) for edge in drawn]


def cycle_groups(graph: Graph) -> dict[str, list[tuple[str, str]]]:
    """By cycle the forward edges of its body in the order of the body, then its feedback edges.

    Raises:
        ValidationError: a cycle is not drawn as one can be.
    """
    return {cycle.name: list(dict.fromkeys(_pairs(graph, cycle))) for cycle in sound_cycles(graph)}


def stages(graph: Graph) -> list[Stage]:
    """What runs in which order: each outermost cycle is a group, what lies between is a stage of nodes.

    Raises:
        ValidationError: a cycle is not drawn as one can be.
    """
    return _Stages(graph, sound_cycles(graph)).within(None, list(graph.nodes))


def sound_cycles(graph: Graph) -> list[Cycle]:
    """The cycles of *graph*.

    Raises:
        ValidationError: one is not drawn as it can be, or forward edges form a ring.
    """
    cycles, faults = cycles_of(graph)
    problems = [Problem(fault.text, kind=fault.kind, nodes=fault.nodes) for fault in faults]
    error: ValidationError | None = error_for(graph, [*undeclared_rings(graph), *problems])
    if error is not None:
        raise error
    return with_attached(graph, cycles)


class _Stages:
    """The stages of a graph whose cycles are known."""

    def __init__(self, graph: Graph, cycles: Sequence[Cycle]) -> None:
        self.graph = graph
        self.after = _successors(graph)
        self.children: dict[str | None, list[Cycle]] = {}
        for cycle in cycles:
            self.children.setdefault(cycle.parent, []).append(cycle)

    def inside(self, cycle: Cycle) -> list[str]:
        """The nodes that run in each iteration of *cycle*."""
        found, work = dict.fromkeys(cycle.nodes), [cycle]
        while work:
            each = work.pop()
            found.update(dict.fromkeys(each.attached))
            work += self.children.get(each.name, ())
        return list(found)

    def within(self, parent: str | None, names: Sequence[str]) -> list[Stage]:
        """The stages of *names*, the body of *parent*."""
        part_of: dict[str, str | Cycle] = {name: name for name in names}
        for cycle in self.children.get(parent, ()):
            part_of.update(dict.fromkeys(self.inside(cycle), cycle))
        found: list[Stage] = []
        for part in self._in_order(part_of):
            if isinstance(part, Cycle):
                found.append(self._group(part))
            elif found and isinstance(found[-1], DagStage):
                found[-1].nodes.append(part)
            else:
                found.append(DagStage([part]))
        return found

    def _group(self, cycle: Cycle) -> CycleGroup:
        back = [_with_data(edge, self.graph) for edge in cycle.edges]
        return CycleGroup(
            cycle.name,
            list(cycle.nodes),
            back,
            self.within(cycle.name, self.inside(cycle)),
            list(cycle.attached),
        )

    def _in_order(self, part_of: Mapping[str, str | Cycle]) -> Iterator[str | Cycle]:
        """The parts in topological order, a cycle where the first of its nodes may run."""
        keys = {name: name if isinstance(part, str) else part.nodes[0] for name, part in part_of.items()}
        after: dict[str, dict[str, None]] = {key: {} for key in keys.values()}
        for name, key in keys.items():
            after[key].update((keys[each], None) for each in self.after[name] if keys.get(each, key) != key)
        order = topological_order(list(after), {key: list(targets) for key, targets in after.items()})
        return (part_of[key] for key in order)


def _pairs(graph: Graph, cycle: Cycle) -> Iterator[tuple[str, str]]:
    body: Collection[str] = set(cycle.nodes)
    for name in cycle.nodes:
        yield from ((name, edge.target) for edge in graph.outgoing[name] if edge.target in body)
    yield from ((edge.source, edge.target) for edge in cycle.edges)


def _with_data(edge: Edge | FeedbackEdge, graph: Graph) -> EdgeWithData:
    return edge.source, edge.target, edge_data(edge, graph)


def _successors(graph: Graph) -> dict[str, list[str]]:
    return {name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()}
