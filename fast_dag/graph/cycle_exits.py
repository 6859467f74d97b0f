"""Whether each cycle of a DAG can be left: its body as the rules about ways out take it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fast_dag.graph.binding import needs
from fast_dag.graph.edge import Edge, FeedbackEdge
from fast_dag.graph.graph import Graph
from fast_dag.graph.loops import Cycle
from fast_dag.graph.node import CONDITION_BRANCHES
from fast_dag.graph.ways_out import Moves, WayOutProblem, problems_of
from fast_dag.values import END, NodeType


def cycle_exits(graph: Graph, cycles: Sequence[Cycle]) -> list[WayOutProblem]:
    """What keeps the *cycles* that no setting bounds from ending, ordered by the first-declared node."""
    place = {name: index for index, name in enumerate(graph.nodes)}
    children: dict[str | None, list[Cycle]] = {}
    for cycle in cycles:
        place[cycle.name] = min(place[name] for name in cycle.nodes)
        children.setdefault(cycle.parent, []).append(cycle)
    fed_back = _by_source(graph.cycles.edges)
    labels = labels_by_router(graph)
    found = []
    for cycle in cycles:
        inner = children.get(cycle.name, [])
        if not (cycle.config.is_bounded or cycle.attached or _is_asked(graph, cycle, inner)):
            body = _Body(graph, cycle, inner, fed_back, labels)
            found += [_named(cycle.name, each) for each in problems_of(body.moves(place))]
    return sorted(found, key=lambda problem: place[problem.ring[0]])


def _is_asked(graph: Graph, cycle: Cycle, inner: Sequence[Cycle]) -> bool:
    """Whether somebody is asked if it is to go on: its facts, its template, or a node of no cycle inside."""
    course = graph.cycles.courses.get(cycle.name)
    if graph.cycles.has_delta(cycle.name) or (course is not None and course.is_way_out):
        return True
    elsewhere = {name for each in inner for name in each.nodes}
    return any(graph.nodes[name].may_end_cycle for name in cycle.nodes if name not in elsewhere)


def _named(cycle: str, problem: WayOutProblem) -> WayOutProblem:
    text, mark, hint = problem.message.partition("hint: ")
    remedy = f"say when it ends, dag.cycle({cycle!r}, max_iterations=...) or convergence_check=...; or {hint}"
    return problem._replace(message=f"cycle {cycle!r} has no way out: {text}{mark}{remedy}")


class _Body:
    """One cycle, in which each cycle inside it counts as one node."""

    def __init__(
        self,
        graph: Graph,
        cycle: Cycle,
        inner: Sequence[Cycle],
        fed_back: Mapping[str, Sequence[FeedbackEdge]],
        labels: Mapping[str, Iterable[str]],
    ) -> None:
        self.graph, self.name, self.fed_back, self.labels = graph, cycle.name, fed_back, labels
        self.nodes = frozenset(cycle.nodes)
        self.part_of = {name: name for name in cycle.nodes}
        for each in inner:
            self.part_of.update(dict.fromkeys(each.nodes, each.name))
        deltas = graph.cycles.has_delta
        self.bounded = {each.name for each in inner if each.config.is_bounded or deltas(each.name)}
        self.skippable = _skippable(graph, cycle.nodes)

    def moves(self, place: Mapping[str, int]) -> dict[str, Moves]:
        """Where each part of the body may go, in the order of declaration."""
        members: dict[str, list[str]] = {}
        for name in sorted(self.nodes, key=place.__getitem__):
            members.setdefault(self.part_of[name], []).append(name)
        return {part: self._moves(part, names) for part, names in members.items()}

    def _moves(self, part: str, names: Sequence[str]) -> Moves:
        free: list[str] = []
        guarded: list[str] = []
        declared: list[str] = []
        for name in names:
            free += [self.part_of[edge.target] for edge in self._back(name) if not self._is_branch(edge)]
            if self.graph.nodes[name].is_router:
                targets = list(dict.fromkeys(self._targets(part, name)))
                declared += targets
                # A router with one target decides nothing.
                (free if len(targets) == 1 else guarded).extend(targets)
            else:
                for target in self._forward(part, name):
                    (guarded if target in self.skippable else free).append(self.part_of[target])
        once = [tuple(dict.fromkeys(each)) for each in (free, guarded, declared)]
        return Moves(once[0], once[1], once[2] or None)

    def _is_branch(self, edge: FeedbackEdge) -> bool:
        return bool(edge.output) and self.graph.nodes[edge.source].is_router

    def _back(self, name: str) -> Iterator[FeedbackEdge]:
        return (edge for edge in self.fed_back.get(name, ()) if edge.cycle == self.name)

    def _forward(self, part: str, name: str) -> Iterator[str]:
        """Nodes of the body that a node feeds, but not those of a cycle inside that both are part of."""
        for edge in self.graph.outgoing[name]:
            if edge.target in self.nodes and (part == name or self.part_of[edge.target] != part):
                yield edge.target

    def _targets(self, part: str, router: str) -> Iterator[str]:
        """What the branches of a router lead to, END where that is not in this cycle.

        A branch that stays inside a cycle inside leads nowhere; but if that cycle has a bound, it may end
        before another branch is taken.
        """
        leads_on = False
        for label in self.labels[router]:
            stays, targets = self._ends(part, router, label)
            leads_on = leads_on or bool(targets)
            yield from targets
            if not targets and not stays:
                yield END
        if leads_on and part in self.bounded:
            yield END

    def _ends(self, part: str, router: str, label: str) -> tuple[bool, list[str]]:
        """Whether a branch stays in the cycle inside of which its router is part; what else it leads to."""
        edges = [edge for edge in self.graph.outgoing[router] if edge.output == label]
        ahead = [self.part_of[edge.target] for edge in edges if edge.target in self.nodes]
        back = [edge for edge in self.fed_back.get(router, ()) if edge.output == label]
        targets = [self.part_of[edge.target] for edge in back if edge.cycle == self.name]
        if part == router:
            return False, ahead + targets
        inner = [self.part_of.get(edge.target) for edge in back if edge.cycle != self.name]
        return part in ahead or part in inner, [each for each in ahead if each != part] + targets


def labels_by_router(graph: Graph) -> dict[str, dict[str, None]]:
    """The branches of each router: those it declares, and those that lead somewhere or to END."""
    found: dict[str, dict[str, None]] = {}
    for name, node in graph.nodes.items():
        if node.is_router:
            known = CONDITION_BRANCHES if node.node_type is NodeType.CONDITIONAL else node.declared_outputs
            found[name] = dict.fromkeys([*known, *(edge.output for edge in graph.outgoing[name])])
    for name, label in graph.cycles.branches():
        if name in found:
            found[name][label] = None
    return found


def _by_source(edges: Iterable[FeedbackEdge]) -> dict[str, list[FeedbackEdge]]:
    found: dict[str, list[FeedbackEdge]] = {}
    for edge in edges:
        found.setdefault(edge.source, []).append(edge)
    return found


def _skippable(graph: Graph, names: Sequence[str]) -> set[str]:
    """Of *names*, a body in topological order, the nodes that some answer of its routers has skipped."""
    body, found = set(names), set[str]()

    def may_be_dead(edge: Edge) -> bool:
        return edge.source in body and (graph.nodes[edge.source].is_router or edge.source in found)

    for name in names:
        node, edges = graph.nodes[name], graph.incoming[name]
        required = [edge for edge in edges if needs(node, edge.input)]
        if any(map(may_be_dead, required)) or (edges and all(map(may_be_dead, edges))):
            found.add(name)
    return found
