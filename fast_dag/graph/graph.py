"""Nodes and edges by name: what the user drew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from fast_dag.checks import suggestion
from fast_dag.errors import (
    DuplicateNodeError,
    InvalidNodeError,
    MissingConnectionError,
    UnknownNodeError,
)
from fast_dag.graph.binding import Wish, bind, chosen_output, takes_whole, whole_output
from fast_dag.graph.cycles import Cycles, check_branch, check_still_fits, feedback_edge
from fast_dag.graph.edge import Edge, Facts, FeedbackEdge
from fast_dag.graph.node import Node
from fast_dag.graph.operators import Wanted
from fast_dag.values import END

AnyNode = Node[..., Any]

LISTED = 20
"""A message lists at most so many nodes."""


class Graph:
    """A mutable graph; `version` counts its edits, so that whatever was derived from it can be kept."""

    inner_edits: ClassVar[int] = 0
    """Counts the edits of all graphs that lie inside others."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = 0
        self.nodes: dict[str, AnyNode] = {}
        self.edges: dict[Edge, bool] = {}
        """Each edge in the order of connecting, and whether it is optional."""
        self.incoming: dict[str, list[Edge]] = {}
        self.outgoing: dict[str, list[Edge]] = {}
        self.cycles = Cycles()
        """What feeds values back, apart from the edges, which never form a ring."""
        self.is_held = False
        """Whether a node of another graph holds this one."""
        self._holders: tuple[int, list[AnyNode]] = (0, [])

    @property
    def holders(self) -> list[AnyNode]:
        """The nodes that hold a workflow."""
        if self._holders[0] != self.version:
            self._holders = self.version, [node for node in self.nodes.values() if node.inside is not None]
        return self._holders[1]

    def node(self, name: object) -> AnyNode:
        """The node called *name*, or *name* itself if it is a node of this graph."""
        if isinstance(name, Node):
            return self._own(name)
        try:
            return self.nodes[name]  # type: ignore[index]
        except (KeyError, TypeError):
            pass
        msg = f"no node {name!r} in {self.name!r}{suggestion(name, self.nodes)} ({self.listed})"
        raise UnknownNodeError(msg)

    def is_cycle(self, source: object) -> bool:
        """Whether *source* is the name of a cycle."""
        return isinstance(source, str) and source not in self.nodes and self.cycles.knows(source)

    def wish(
        self, source: object, output: str | None, target: object, entry: str | None, *, optional: bool = False
    ) -> Wish:
        """An edge from the *output* of a node, or of a cycle, that is not drawn yet."""
        if isinstance(source, str) and self.is_cycle(source):
            port = self.cycles.facts(source, output)
            # Its facts are always there once it has ended, so such an edge cannot be optional.
            return Wish(self.nodes[port.node], Facts(port.cycle, port.input), self.node(target), entry)
        return Wish(self.node(source), output, self.node(target), entry, optional=optional)

    @property
    def listed(self) -> str:
        """The names of the nodes, or of the first ones, for a message."""
        names = list(self.nodes)
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        return f"nodes: {', '.join(map(str, names[:LISTED])) or 'none'}{more}"

    def add(self, node: AnyNode, *, replace: bool = False) -> None:
        """Take in *node*, in the place of one of that name if *replace*."""
        if node.graph is not None:
            msg = f"node {node.name!r} already belongs to {node.graph.name!r}: add its function, node.func"
            raise InvalidNodeError(msg)
        old = self.nodes.get(node.name)
        if old is not None and not replace:
            msg = f"node {node.name!r} already exists in {self.name!r}: give name=, or replace=True"
            raise DuplicateNodeError(msg)
        if self.cycles.knows(node.name):
            msg = f"{node.name!r} is the name of a cycle of {self.name!r}: give name="
            raise DuplicateNodeError(msg)
        if old is not None:
            self._check_edges_fit(node)
            check_still_fits(self.cycles, old, node)
            old.graph = None
        self.nodes[node.name] = node
        self.incoming.setdefault(node.name, [])
        self.outgoing.setdefault(node.name, [])
        node.graph = self
        self.touch()

    def remove(self, name: object) -> None:
        """Drop a node and its edges."""
        node = self.node(name)
        for edge in [*self.incoming[node.name], *self.outgoing[node.name]]:
            self._drop(edge)
        self.cycles.forget(node.name)
        del self.nodes[node.name], self.incoming[node.name], self.outgoing[node.name]
        node.graph = None
        self.touch()

    def clear(self) -> None:
        """Drop everything."""
        for node in self.nodes.values():
            node.graph = None
        for kept in (self.nodes, self.edges, self.incoming, self.outgoing):
            kept.clear()
        self.cycles.clear()
        self.touch()

    def connect_pairs(self, pairs: Iterable[Wanted]) -> Sequence[Edge]:
        """Draw an edge for each (source, output, target, input, optional): all of them, or none.

        A branch may also lead to END, which is no edge.
        """
        wishes, branches = [], []
        for source, output, target, entry, optional in pairs:
            if target == END and isinstance(target, str):
                node = self.node(source)
                branches.append((node.name, check_branch(node, output)))
            else:
                wishes.append(self.wish(source, output, target, entry, optional=optional))
        edges = bind(wishes, self._fed(wishes))
        for wish, edge in zip(wishes, edges, strict=True):
            if edge not in self.edges:
                self.incoming[edge.target].append(edge)
                self.outgoing[edge.source].append(edge)
            self.edges[edge] = wish.optional
        self.cycles.ended.update(dict.fromkeys(branches))
        self.touch()
        return edges

    def feed_back(
        self, source: object, output: str | None, target: object, entry: str | None, cycle: str, **flags: bool
    ) -> FeedbackEdge:
        """Draw a feedback edge of *cycle*; flags and errors as for `feedback_edge`."""
        edge = self.feedback_edge(source, output, target, entry, cycle, **flags)
        self.cycles.add(edge)
        self.touch()
        return edge

    def feedback_edge(
        self, source: object, output: str | None, target: object, entry: str | None, cycle: str, **flags: bool
    ) -> FeedbackEdge:
        """A feedback edge that is not drawn yet."""
        start, end = self.node(source), self.node(target)
        self.cycles.check_name(cycle, self.nodes)
        return feedback_edge(start, end, cycle, output=output, entry=entry, **flags)

    def disconnect(self, source: object, target: object, output: str | None, entry: str | None) -> None:
        """Drop the edges between two nodes, those at *output* and *entry* if given; also to END."""
        if target == END and isinstance(target, str):
            self._open_again(self.node(source), output)
            return
        end = self.node(target)
        name, drawn, chosen = self._drawn(source, output)
        found = [
            edge
            for edge in drawn
            if edge.target == end.name and chosen in (None, edge.output) and entry in (None, edge.input)
        ]
        if not found:
            listed = ", ".join(map(str, drawn)) or "none"
            msg = f"no such edge from {name!r} to {end.name!r}; edges from {name!r}: {listed}"
            raise MissingConnectionError(msg)
        for edge in found:
            self._drop(edge)
        self.touch()

    def part(self, names: Iterable[str]) -> Graph:
        """A copy holding only *names* and the edges among them."""
        kept = set(names)
        copy = Graph(self.name)
        for name, node in self.nodes.items():
            if name in kept:
                copy.add(node.copy())
        copy.cycles = self.cycles.part(kept)
        for edge, optional in self.edges.items():
            has_facts = not edge.cycle or copy.cycles.has_delta(edge.cycle)
            if edge.source in kept and edge.target in kept and has_facts:
                copy.draw(edge, optional=optional)
        return copy

    def wired(self) -> Graph:
        """This graph and an edge for every open input that is named like another node.

        It shares the nodes, which go on belonging to this graph.
        """
        copy = self._sharing(self.cycles)
        fed_back = {(edge.source, edge.target) for edge in self.cycles.edges}
        for name, node in self.nodes.items():
            fed = {edge.input for edge in self.incoming[name]}
            for entry in node.inputs:
                # What feeds back must not lead there at once too: that would be a ring.
                is_other = entry != name and (entry, name) not in fed_back
                source = self.nodes.get(entry) if is_other else None
                if source is not None and entry not in fed and not node.collects and not source.is_router:
                    copy.draw(Edge(entry, whole_output(source), name, entry))
        return copy

    def sketch(self) -> Graph:
        """A copy to try edges and cycles on; it shares the nodes, which go on belonging to this graph."""
        return self._sharing(self.cycles.part(self.nodes))

    def draw(self, edge: Edge, *, optional: bool = False) -> None:
        """Add an edge that is known to fit."""
        self.edges[edge] = optional
        self.incoming[edge.target].append(edge)
        self.outgoing[edge.source].append(edge)
        self.touch()

    def touch(self) -> None:
        """Note that something derived from the graph may have changed."""
        self.version += 1
        if self.is_held:
            Graph.inner_edits += 1

    def _sharing(self, cycles: Cycles) -> Graph:
        """A copy with edges of its own, these *cycles* and the same nodes."""
        copy = Graph(self.name)
        copy.nodes = self.nodes
        copy.edges = dict(self.edges)
        copy.incoming = {name: list(edges) for name, edges in self.incoming.items()}
        copy.outgoing = {name: list(edges) for name, edges in self.outgoing.items()}
        copy.cycles = cycles
        return copy

    def _drawn(self, source: object, output: str | None) -> tuple[str, list[Edge], str | None]:
        """What *source* is called, a node or a cycle, the edges from there, and the *output* they have."""
        if isinstance(source, str) and self.is_cycle(source):
            port = None if output is None else self.cycles.facts(source, output)
            wanted = None if port is None else Facts(port.cycle, port.input)
            return source, [edge for edge in self.edges if edge.cycle == source], wanted
        start = self.node(source)
        chosen = None if output is None else chosen_output(start, output)
        return start.name, [edge for edge in self.outgoing[start.name] if not edge.cycle], chosen

    def _open_again(self, node: AnyNode, output: str | None) -> None:
        """Have a branch, or every one, of *node* no longer lead to END."""
        chosen = None if output is None else check_branch(node, output)
        found = [
            branch for branch in self.cycles.ended if branch[0] == node.name and chosen in (None, branch[1])
        ]
        if not found:
            msg = f"no such branch of {node.name!r} leads to END"
            raise MissingConnectionError(msg)
        for branch in found:
            del self.cycles.ended[branch]
        self.touch()

    def _own(self, node: AnyNode) -> AnyNode:
        if node.graph is self:
            return node
        owner, what = "no workflow", "it"
        if node.graph is not None:  # a node belongs to one workflow, its function to any number
            owner, what = f"another workflow, {node.graph.name!r}", "its function, node.func,"
        msg = f"node {node.name!r} belongs to {owner}, not to {self.name!r}: add {what} with add_node first"
        raise InvalidNodeError(msg)

    def _fed(self, wishes: Sequence[Wish]) -> dict[str, set[str]]:
        targets = {wish.target.name for wish in wishes if not wish.target.collects}
        return {name: {edge.input for edge in self.incoming[name]} for name in targets}

    def _check_edges_fit(self, node: AnyNode) -> None:
        """Every connected port of the old node must exist on the *node* that takes its place."""
        for edge in self.incoming[node.name]:
            fits = node.collects or node.signature.takes_any_name or edge.input in node.inputs
            if not fits:
                msg = f"cannot replace {node.name!r}: {edge.source!r} feeds {edge.input!r}, which it lacks"
                raise MissingConnectionError(msg)
        old = self.nodes[node.name]
        for edge in self.outgoing[node.name]:
            if not edge.cycle and not (takes_whole(old, edge.output) and takes_whole(node, edge.output)):
                chosen_output(node, edge.output)

    def _drop(self, edge: Edge) -> None:
        if self.edges.pop(edge, None) is not None:
            self.incoming[edge.target].remove(edge)
            self.outgoing[edge.source].remove(edge)
