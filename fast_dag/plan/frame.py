"""The units of a plan in order: nodes, and around the body of each cycle its enter and its leave."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fast_dag.graph.edge import Edge
from fast_dag.graph.graph import Graph
from fast_dag.graph.loops import Cycle as Loop
from fast_dag.graph.node import Node
from fast_dag.graph.order import topological_order
from fast_dag.plan.plan import ANY, ENTER, LEAVE, ROUTER, TASK
from fast_dag.values import NodeType

AnyNode = Node[..., Any]


class Frame:
    """Which unit is what.

    Parameters:
        graph: what is planned.
        part: the nodes that are, None for all; of a cycle all or none.
        loops: the cycles among them.
    """

    def __init__(self, graph: Graph, part: Collection[str] | None = None, loops: Sequence[Loop] = ()) -> None:
        self.graph = graph
        self.loops = [_whole(loop, loops) for loop in loops if part is None or loop.nodes[0] in part]
        self._emitting = [loop for loop in loops if loop.config.emit != "last"]
        self.names: list[str] = []
        self.nodes: list[AnyNode] = []
        self.kinds: list[int] = []
        self.numbers: dict[str, int] = {}
        """The unit of each node."""
        self.enters: dict[str, int] = {}
        """The unit at which each cycle is entered."""
        self.leaves: dict[str, int] = {}
        self._parents = {loop.name: loop.parent for loop in self.loops}
        self._innermost: dict[str, str] = {}
        for loop in sorted(self.loops, key=lambda each: -len(each.nodes)):
            self._innermost.update(dict.fromkeys(loop.nodes, loop.name))
        names = [name for name in graph.nodes if part is None or name in part]
        for name in self._in_order(names) if self.loops else _plain_order(graph, names):
            self._append(name)

    def source_of(self, edge: Edge) -> int:
        """The unit after which the target of *edge* may start: where it leaves a cycle, that is left."""
        left = self._crossed(edge.source, edge.target)
        return self.numbers[edge.source] if left is None else self.leaves[left]

    def target_of(self, edge: Edge) -> int:
        """The unit that waits for *edge*: where it leads into a cycle, that is to be entered."""
        entered = self._crossed(edge.target, edge.source)
        return self.numbers[edge.target] if entered is None else self.enters[entered]

    def body(self, cycle: str) -> range:
        """The units between the enter and the leave of *cycle*."""
        return range(self.enters[cycle] + 1, self.leaves[cycle])

    def around(self, unit: int) -> str | None:
        """The innermost cycle whose body holds *unit*."""
        inside = [name for name in self.enters if self.enters[name] < unit < self.leaves[name]]
        return max(inside, key=self.enters.__getitem__, default=None)

    def is_emitted(self, edge: Edge) -> bool:
        """Whether *edge* leads out of a cycle that hands on a list, in this plan or outside of it."""
        return any(edge.source in loop.nodes and edge.target not in loop.nodes for loop in self._emitting)

    def left_by(self, edge: Edge) -> list[str]:
        """The cycles that *edge* leads out of, the innermost first."""
        return self._around_only(edge.source, edge.target)

    def entry_of(self, node: str, cycle: str) -> int:
        """The unit that waits for what *cycle* brings to *node*: that, or the cycle inside that holds it."""
        inside = [name for name in self._around(node) if name != cycle]
        return self.enters[inside[-1]] if inside else self.numbers[node]

    def _crossed(self, inner: str, other: str) -> str | None:
        """The outermost cycle that holds *inner* and not *other*."""
        found = self._around_only(inner, other)
        return found[-1] if found else None

    def _around_only(self, inner: str, other: str) -> list[str]:
        """The cycles that hold *inner* and not *other*, the innermost first."""
        around_other = set(self._around(other))
        return [name for name in self._around(inner) if name not in around_other]

    def _around(self, node: str) -> Iterator[str]:
        """The cycles around *node*, the innermost first."""
        name = self._innermost.get(node)
        while name is not None:
            yield name
            name = self._parents[name]

    def _append(self, name: str | tuple[str, bool]) -> None:
        unit = len(self.names)
        if isinstance(name, str):
            node = self.graph.nodes[name]
            self.numbers[name] = unit
            self.names.append(name)
            self.kinds.append(_kind(node))
        else:
            cycle, is_enter = name
            (self.enters if is_enter else self.leaves)[cycle] = unit
            self.names.append(f"{cycle} (enter)" if is_enter else cycle)
            self.kinds.append(ENTER if is_enter else LEAVE)
            node = Node(_nothing, name=self.names[-1])
        self.nodes.append(node)

    def _in_order(self, names: Sequence[str]) -> Iterator[str | tuple[str, bool]]:
        """The nodes in topological order, those of each body in one piece between its enter and leave."""
        work: list[Iterator[tuple[str, bool]]] = [iter(self._level(None, names))]
        entered: list[str] = []
        members = {loop.name: loop.nodes for loop in self.loops}
        while work:
            item = next(work[-1], None)
            if item is None:
                work.pop()
                if entered:
                    yield entered.pop(), False
                continue
            name, is_cycle = item
            if not is_cycle:
                yield name
                continue
            yield name, True
            entered.append(name)
            work.append(iter(self._level(name, members[name])))

    def _level(self, cycle: str | None, names: Sequence[str]) -> list[tuple[str, bool]]:
        """The nodes and cycles directly in the body of *cycle*, each cycle as one, in topological order."""
        part_of = {name: self._part(name, cycle) for name in names}
        parts = list(dict.fromkeys(part_of.values()))
        after: dict[tuple[str, bool], dict[tuple[str, bool], None]] = {part: {} for part in parts}
        for name in names:
            for edge in self.graph.outgoing[name]:
                target = part_of.get(edge.target)
                if target is not None and target != part_of[name]:
                    after[part_of[name]][target] = None
        labels: Mapping[str, tuple[str, bool]] = {
            f"{is_cycle}{name}": (name, is_cycle) for name, is_cycle in parts
        }
        keys = {part: key for key, part in labels.items()}
        order = topological_order(
            list(labels), {keys[part]: [keys[each] for each in after[part]] for part in parts}
        )
        return [labels[key] for key in order]

    def _part(self, name: str, cycle: str | None) -> tuple[str, bool]:
        """What *name* is seen from the body of *cycle*: itself, or the cycle inside that holds it."""
        inside = None
        for each in self._around(name):
            if each == cycle:
                break
            inside = each
        return (name, False) if inside is None else (inside, True)


def _whole(loop: Loop, loops: Sequence[Loop]) -> Loop:
    """*loop*, whose body holds the checkers that are attached to it, or to a cycle inside it, as well."""
    body = set(loop.nodes)
    inside = [name for each in loops if body.issuperset(each.nodes) for name in each.attached]
    inside = [name for name in inside if name not in body]
    return replace(loop, nodes=(*loop.nodes, *inside)) if inside else loop


def _plain_order(graph: Graph, names: Sequence[str]) -> list[str]:
    kept = set(names)
    successors = {name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()}
    return [name for name in topological_order(list(graph.nodes), successors) if name in kept]


def _kind(node: AnyNode) -> int:
    return ROUTER if node.is_router else ANY if node.node_type is NodeType.ANY else TASK


def _nothing() -> None:
    """Stands for the function of a unit that calls none."""
