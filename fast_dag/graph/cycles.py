"""The declared cycles of a graph: their feedback edges, their settings, and branches that lead to END."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from fast_dag.errors import (
    CycleConfigurationError,
    DuplicateCycleError,
    InvalidNodeError,
    MissingConnectionError,
    UnknownNodeError,
)
from fast_dag.graph.binding import chosen_input, chosen_output, takes_whole
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.deltas import DeltaPort, facts_port
from fast_dag.graph.edge import FeedbackEdge
from fast_dag.graph.names import check_name
from fast_dag.graph.node import Node

AnyNode = Node[..., Any]

DEFAULT = CycleConfig()


class Cycles:
    """What belongs to the cycles of one graph, apart from its forward edges."""

    def __init__(self) -> None:
        self.edges: dict[FeedbackEdge, None] = {}
        self.configs: dict[str, CycleConfig] = {}
        self.begun: dict[str, None] = {}
        """The names of cycles whose declaration has begun and not ended."""
        self.courses: dict[str, Any] = {}
        """What the templates of cycles add to them, by cycle; each with the `ports` it has values for."""
        self.deltas: dict[tuple[str, str, str], DeltaPort] = {}
        """Their delta variables, by cycle, node and input."""
        self.ended: dict[tuple[str, str], None] = {}
        """Branches, by node and label, that lead to END."""
        self._counts: Counter[str] = Counter()
        """How many feedback edges each cycle has."""

    def __bool__(self) -> bool:
        return bool(self.edges or self.configs or self.begun)

    @property
    def names(self) -> list[str]:
        """The cycles in the order of their declaration."""
        return list(dict.fromkeys([*self.configs, *(edge.cycle for edge in self.edges), *self.begun]))

    def knows(self, name: str) -> bool:
        """Whether a cycle is called *name*."""
        return name in self.configs or name in self.begun or name in self._counts

    def add(self, edge: FeedbackEdge) -> None:
        """Take in a feedback edge."""
        if edge not in self.edges:
            self.edges[edge] = None
            self._counts[edge.cycle] += 1

    def config(self, name: str) -> CycleConfig:
        """The settings of the cycle *name*."""
        return self.configs.get(name, DEFAULT)

    def has_delta(self, name: str) -> bool:
        """Whether the cycle *name* has a delta variable, and so ends when nothing is new."""
        return any(port.cycle == name for port in self.deltas.values())

    def facts(self, name: str, output: str | None) -> DeltaPort:
        """The delta variable that an edge from the *output* of the cycle *name* takes; see `facts_port`."""
        if name in self.begun:
            msg = f"cycle {name!r} is not built yet: connect what it has gathered after its with block"
            raise UnknownNodeError(msg)
        return facts_port(self.deltas.values(), name, output)

    def begin(self, name: str, nodes: Collection[str]) -> None:
        """Note that somebody configures the cycle *name*.

        Raises:
            CycleConfigurationError: no cycle may be called so.
            DuplicateCycleError: it is configured already, or a node is called so.
        """
        self.check_name(name, nodes)
        if name in self.configs or name in self.begun:
            msg = f"cycle {name!r} is configured already: give another name, or all settings in one place"
            raise DuplicateCycleError(msg)
        self.begun[name] = None

    def end(
        self,
        name: str,
        config: CycleConfig,
        edges: Iterable[FeedbackEdge],
        deltas: Iterable[DeltaPort] = (),
    ) -> None:
        """Take in a cycle whose declaration has begun."""
        self.drop_begun(name)
        self.configs[name] = config
        for edge in edges:
            self.add(edge)
        self.deltas.update({port.key: port for port in deltas})

    def drop_begun(self, name: str) -> None:
        """Note that the declaration of *name* was given up."""
        self.begun.pop(name, None)

    def check_name(self, name: str, nodes: Collection[str]) -> None:
        """Raise unless a cycle may be called *name* beside *nodes*."""
        try:
            check_name(name, "a cycle's name")
        except InvalidNodeError as error:
            raise CycleConfigurationError(str(error)) from None
        if name in nodes:
            msg = f"{name!r} is the name of a node, so no cycle can have it: give another"
            raise DuplicateCycleError(msg)

    def of_node(self, name: str) -> list[FeedbackEdge]:
        """The feedback edges that start or end at the node *name*."""
        return [edge for edge in self.edges if name in (edge.source, edge.target)]

    def branches(self) -> Iterator[tuple[str, str]]:
        """The branches, by node and label, that lead to END or back."""
        yield from self.ended
        for edge in self.edges:
            if edge.output:
                yield edge.source, edge.output

    def forget(self, node: str) -> None:
        """Drop the feedback edges at *node*, and cycles that have none left."""
        for edge in self.of_node(node):
            del self.edges[edge]
            self._counts[edge.cycle] -= 1
            if not self._counts[edge.cycle]:
                del self._counts[edge.cycle]
                self.configs.pop(edge.cycle, None)
                self.courses.pop(edge.cycle, None)
        self.deltas = {
            key: port for key, port in self.deltas.items() if port.node != node and port.cycle in self._counts
        }
        self.ended = {branch: None for branch in self.ended if branch[0] != node}

    def part(self, names: Collection[str]) -> Cycles:
        """A copy that tells only of the nodes in *names*, and not of cycles that lose all their edges."""
        copy = Cycles()
        for edge in self.edges:
            if edge.source in names and edge.target in names:
                copy.add(edge)
        copy.configs = {
            name: config
            for name, config in self.configs.items()
            if name in copy._counts or name not in self._counts
        }
        copy.courses = {name: course for name, course in self.courses.items() if name in copy._counts}
        copy.deltas = {key: port for key, port in self.deltas.items() if port.cycle in copy._counts}
        copy.ended = {branch: None for branch in self.ended if branch[0] in names}
        return copy

    def clear(self) -> None:
        """Drop everything."""
        kept: tuple[Any, ...] = (self.edges, self.configs, self.courses, self.begun)
        for each in (*kept, self.deltas, self.ended, self._counts):
            each.clear()


def feedback_edge(
    source: AnyNode,
    target: AnyNode,
    cycle: str,
    *,
    output: str | None = None,
    entry: str | None = None,
    optional: bool = False,
    signal: bool = False,
) -> FeedbackEdge:
    """An edge between two nodes, its output chosen, its input only if it is given.

    Raises:
        MissingConnectionError: no such port.
        CycleConfigurationError: a signal with a port that only a value could use.
    """
    if signal and (entry is not None or optional or (output is not None and not source.is_router)):
        msg = f"signal=True carries no value from {source.name!r}: leave out output, input and optional"
        raise CycleConfigurationError(msg)
    chosen = "" if signal and output is None else chosen_output(source, output)
    given = None if signal or entry is None else chosen_input(target, entry)
    return FeedbackEdge(source.name, chosen, target.name, given, cycle, optional, signal)


def check_still_fits(cycles: Cycles, old: AnyNode, new: AnyNode) -> None:
    """Raise MissingConnectionError unless *new* has the ports of *old* that cycles use."""
    for edge in cycles.of_node(new.name):
        if edge.source == new.name and edge.output:
            _check_output(edge.output, old, new)
        if edge.target == new.name and edge.input is not None:
            chosen_input(new, edge.input)
    for port in cycles.deltas.values():
        if port.node == new.name:
            chosen_input(new, port.input)
    for name, label in cycles.ended:
        if name == new.name:
            check_branch(new, label)


def check_branch(node: AnyNode, label: str | None) -> str:
    """The label of a branch that may lead to END; MissingConnectionError if there is no such branch."""
    if not node.is_router:
        msg = f"{node.name!r} cannot lead to END: only a branch of a condition or select node can"
        raise MissingConnectionError(msg)
    return chosen_output(node, label)


def _check_output(output: str, old: AnyNode, new: AnyNode) -> None:
    if not (takes_whole(old, output) and takes_whole(new, output)):
        chosen_output(new, output)
