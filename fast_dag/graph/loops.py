"""The bodies of declared cycles: natural loops (Allen 1970), disjoint or one inside the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from fast_dag.checks import suggestion
from fast_dag.errors import MissingConnectionError
from fast_dag.graph.binding import feedback_input, only_input
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.deltas import delta_faults
from fast_dag.graph.edge import FeedbackEdge
from fast_dag.graph.graph import Graph
from fast_dag.graph.order import topological_order

if TYPE_CHECKING:
    from fast_dag.graph.bounded import Bounded

SHOWN = 5
"""A message names at most so many shared nodes."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """A declared cycle, looked at as a whole."""

    name: str
    config: CycleConfig
    nodes: tuple[str, ...]
    """The body, in topological order of the forward edges."""
    edges: tuple[FeedbackEdge, ...]
    """Its feedback edges, each with its input unless it is a signal."""
    parent: str | None = None
    """The innermost cycle around it."""
    attached: tuple[str, ...] = ()
    """Checkers behind its body that decide about it."""
    bounded: Bounded | None = None
    """What it is besides, if it is a bounded iteration."""


class Fault(NamedTuple):
    """One thing that is wrong with a cycle: text, kind and nodes of the problem it is."""

    kind: str
    text: str
    nodes: tuple[str, ...] = ()


def cycles_of(graph: Graph) -> tuple[list[Cycle], list[Fault]]:
    """The cycles of *graph* that are sound, in the order of declaration, and what is wrong with the others.

    Nothing is said of a graph whose forward edges form a ring.
    """
    surface = _Surface(graph)
    if len(surface.order) < len(graph.nodes):
        return [], []
    faults = list(_unfinished(graph))
    bodies: dict[str, set[str]] = {}
    for name in graph.cycles.names:
        found = list(surface.faults_of(name))
        faults += found
        if not found and surface.edges_of(name):
            bodies[name] = surface.body(name)
    parents, crossing, crossed = _nested(bodies, surface)
    faults += crossing
    sound = [name for name in bodies if name not in crossed]
    cycles = [surface.cycle(name, bodies[name], parents.get(name)) for name in sound]
    faults += _claims(cycles)
    faults += _unmatched(graph, cycles)
    cycles = _bound(graph, cycles, faults)
    faults += [Fault("cycle_config", text, nodes) for text, nodes in delta_faults(graph, cycles)]
    return cycles, faults


def initial_ports(graph: Graph, cycle: Cycle, key: str) -> list[tuple[str, str]]:
    """Node and input of each entry port that *key* of the initial parameters means.

    An entry port is an input of the body that no forward edge from inside the body feeds.
    """
    node, dot, name = key.rpartition(".")
    body = set(cycle.nodes)
    found = []
    for each in cycle.nodes if not dot else [node] if node in body else []:
        fed = {edge.input for edge in graph.incoming[each] if edge.source in body}
        takes_it = name in graph.nodes[each].inputs or graph.nodes[each].signature.takes_any_name
        if takes_it and name not in fed:
            found.append((each, name))
    return found


class _Surface:
    """The forward edges of a graph as its cycles lie on them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.after = {name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()}
        self.before = {name: [edge.source for edge in edges] for name, edges in graph.incoming.items()}
        self.order = topological_order(list(graph.nodes), self.after)
        self.place = {name: index for index, name in enumerate(self.order)}
        self._edges: dict[str, list[FeedbackEdge]] = {}
        for edge in graph.cycles.edges:
            self._edges.setdefault(edge.cycle, []).append(edge)
        self._loops: dict[tuple[str, str], frozenset[str]] = {}

    def edges_of(self, name: str) -> Sequence[FeedbackEdge]:
        return self._edges.get(name, ())

    def loops(self, name: str) -> list[frozenset[str]]:
        return [self.loop(edge) for edge in self.edges_of(name)]

    def body(self, name: str) -> set[str]:
        return set().union(*self.loops(name))

    def loop(self, edge: FeedbackEdge) -> frozenset[str]:
        """The nodes on forward paths from the target of *edge* to its source; none if there is no path."""
        ends = edge.target, edge.source
        if ends not in self._loops:
            first, last = (self.place[end] for end in ends)
            ahead = _reached([edge.target], self.after, lambda name: self.place[name] <= last)
            behind = _reached([edge.source], self.before, lambda name: self.place[name] >= first)
            self._loops[ends] = frozenset(ahead & behind)
        return self._loops[ends]

    def faults_of(self, name: str) -> Iterator[Fault]:
        """What is wrong with one cycle by itself."""
        for edge in self.edges_of(name):
            if not self.loop(edge):
                reason = f"{edge.target!r} does not lead to {edge.source!r}"
                text = f"feedback edge {edge} of cycle {name!r} closes no loop: {reason}"
                yield Fault("feedback", text, (edge.source, edge.target))
                return
        loops = self.loops(name)
        if len(set(loops)) > 1 and len(_touching(loops)) > 1:
            text = f"the loops of cycle {name!r} share no node: give them different names"
            yield Fault("overlap", text)
        elif len(set(loops)) > 1:
            yield from self._gaps(name)
        for text in self.graph.cycles.config(name).validate():
            yield Fault("cycle_config", f"cycle {name!r}: {text}")

    def _gaps(self, name: str) -> Iterator[Fault]:
        """Nodes between two loops of one cycle: they can run neither inside nor outside of it."""
        body = self.body(name)
        first, last = min(self.place[each] for each in body), max(self.place[each] for each in body)
        ahead = _reached(body, self.after, lambda each: self.place[each] <= last)
        behind = _reached(body, self.before, lambda each: self.place[each] >= first)
        between = sorted((ahead & behind) - body, key=self.place.__getitem__)
        if between:
            text = f"{_listed(between)} lies between nodes of cycle {name!r}, but on none of its loops"
            yield Fault("overlap", f"{text}: feed one back too, or disconnect it", tuple(between))

    def cycle(self, name: str, body: set[str], parent: str | None) -> Cycle:
        nodes = tuple(sorted(body, key=self.place.__getitem__))
        return Cycle(name, self.graph.cycles.config(name), nodes, tuple(self.edges_of(name)), parent)


def _unfinished(graph: Graph) -> Iterator[Fault]:
    fed = {edge.cycle for edge in graph.cycles.edges}
    for name in graph.cycles.begun:
        yield Fault(
            "cycle_config",
            f"create_cycle({name!r}) was never built: call its build(), or use it in a with block",
        )
    for name in graph.cycles.configs:
        if name not in fed:
            remedy = f"dag.feedback(source, target, cycle={name!r})"
            yield Fault("cycle_config", f"cycle {name!r} has no feedback edge: give it one, {remedy}")


def _reached(
    starts: Iterable[str], successors: Mapping[str, Sequence[str]], is_within: Callable[[str], bool]
) -> set[str]:
    seen = set(starts)
    queue = deque(seen)
    while queue:
        for target in successors[queue.popleft()]:
            if target not in seen and is_within(target):
                seen.add(target)
                queue.append(target)
    return seen


def _touching(loops: Iterable[frozenset[str]]) -> list[set[str]]:
    """The unions of *loops* that share nodes."""
    groups: list[set[str]] = []
    for loop in loops:
        joined, apart = set(loop), []
        for group in groups:
            if group.isdisjoint(loop):
                apart.append(group)
            else:
                joined |= group
        groups = [*apart, joined]
    return groups


def _nested(
    bodies: Mapping[str, set[str]], surface: _Surface
) -> tuple[dict[str, str], list[Fault], set[str]]:
    """The innermost cycle around each; pairs that cross each other as faults, and the names in these."""
    pairs = dict(_same_target(bodies, surface))
    parents = {}
    for inner, outer in _neighbours(bodies):
        if bodies[inner] < bodies[outer]:
            parents[inner] = outer
        elif not pairs.keys() & {(inner, outer), (outer, inner)}:
            shared = sorted(bodies[inner] & bodies[outer], key=surface.place.__getitem__)
            text = f"cycles {inner!r} and {outer!r} overlap in {_listed(shared)}"
            pairs[inner, outer] = f"{text}, and neither lies inside the other"
    crossed = {name for pair in pairs for name in pair}
    return parents, [Fault("overlap", text) for text in pairs.values()], crossed


def _same_target(bodies: Mapping[str, set[str]], surface: _Surface) -> Iterator[tuple[tuple[str, str], str]]:
    """Pairs of cycles whose feedback edges lead to the same node, and what to say of them."""
    heads: dict[str, str] = {}
    for name in bodies:
        for edge in surface.edges_of(name):
            other = heads.setdefault(edge.target, name)
            if other != name:
                text = f"feedback edges of cycles {other!r} and {name!r} both lead to {edge.target!r}"
                yield (other, name), f"{text}: give them one name"


def _neighbours(bodies: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """Pairs of cycles such that some node lies in both and in none of a size between; each once."""
    last: dict[str, str] = {}
    pairs: dict[tuple[str, str], None] = {}
    for name in sorted(bodies, key=lambda each: len(bodies[each])):
        for node in bodies[name]:
            if node in last:
                pairs[last[node], name] = None
            last[node] = name
    place = {name: index for index, name in enumerate(bodies)}
    return sorted(pairs, key=lambda pair: sorted(place[name] for name in pair))


def _claims(cycles: Sequence[Cycle]) -> Iterator[Fault]:
    """Cycles that are said to lie in another and do not."""
    parents = {cycle.name: cycle.parent for cycle in cycles}
    for cycle in cycles:
        claimed, around = cycle.config.parent_cycle, cycle.parent
        while around not in (None, claimed):
            around = parents.get(around)
        if claimed is not None and around is None:
            yield Fault("cycle_config", f"cycle {cycle.name!r} does not lie inside {claimed!r}")


def _unmatched(graph: Graph, cycles: Sequence[Cycle]) -> Iterator[Fault]:
    """Initial parameters for what is no entry port."""
    for cycle in cycles:
        for key in cycle.config.initial_parameters:
            if not initial_ports(graph, cycle, key):
                known = [name for node in cycle.nodes for name in graph.nodes[node].inputs]
                text = f"initial_parameters of cycle {cycle.name!r} name {key!r}, which no entry port has"
                yield Fault("cycle_config", text + suggestion(key, known))


def _bound(graph: Graph, cycles: Sequence[Cycle], faults: list[Fault]) -> list[Cycle]:
    """*cycles*, each feedback edge with its input; what finds none is added to *faults*."""
    taken = _taken(graph, cycles)
    chosen: dict[FeedbackEdge, str] = {}
    open_edges = [edge for cycle in cycles for edge in cycle.edges if edge.input is None and not edge.signal]
    for edge in open_edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        name = feedback_input(source, edge.output, target, taken[edge.target])
        if name is not None:
            chosen[edge] = name
            taken[edge.target].add(name)
    for edge in open_edges:
        if edge not in chosen:
            source, target = graph.nodes[edge.source], graph.nodes[edge.target]
            try:
                chosen[edge] = only_input(source, target, taken[edge.target])
            except MissingConnectionError as error:
                faults.append(Fault("feedback_input", str(error), (edge.source, edge.target)))
            else:
                taken[edge.target].add(chosen[edge])
    faults += _fed_twice(graph, cycles)
    return [
        replace(cycle, edges=tuple(edge._replace(input=chosen.get(edge, edge.input)) for edge in cycle.edges))
        for cycle in cycles
    ]


def _taken(graph: Graph, cycles: Sequence[Cycle]) -> dict[str, set[str]]:
    """Of each target of a feedback edge the inputs that the body or a feedback edge with input= feeds."""
    taken: dict[str, set[str]] = {}
    for cycle in cycles:
        body = set(cycle.nodes)
        for edge in cycle.edges:
            inputs = taken.setdefault(edge.target, set())
            inputs |= {each.input for each in graph.incoming[edge.target] if each.source in body}
            if edge.input is not None:
                inputs.add(edge.input)
    return taken


def _fed_twice(graph: Graph, cycles: Sequence[Cycle]) -> Iterator[Fault]:
    """Inputs that a forward edge of the body feeds in every iteration, and a feedback edge as well."""
    for cycle in cycles:
        body = set(cycle.nodes)
        for edge in cycle.edges:
            if edge.input is None or graph.nodes[edge.target].collects:
                continue
            for each in graph.incoming[edge.target]:
                if each.input == edge.input and each.source in body:
                    text = (
                        f"input {edge.input!r} of {edge.target!r} is fed by {each.source!r} in each "
                        f"iteration of {cycle.name!r}: feed {edge.source!r} back into another"
                    )
                    yield Fault("feedback_input", text, (edge.target, each.source))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more
