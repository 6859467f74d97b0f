"""Connections between nodes that may not be there yet, in either order of arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.errors import MissingConnectionError, UnknownNodeError
from fast_dag.graph.edge import RESULT_OR_WHOLE, WHOLE
from fast_dag.graph.graph import Graph

PARTS = ("source", "target", "output", "input")
"""What the arguments of a connection are, in one of the two orders."""
ORDERED = 2
"""So few names without keywords can only be a source and a target."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An edge somebody asks for; without *cycle* it is a forward edge."""

    source: str
    middle: tuple[str | None, str | None]
    """Target and output, in an order that only the names of the nodes tell."""
    input: str | None = None
    cycle: str | None = None
    is_ordered: bool = False
    """Whether the target stands first in any case."""

    def can_be_drawn(self, graph: Graph) -> bool:
        """Whether all its nodes are there."""
        targets = self.middle[:1] if self.is_ordered else self.middle
        is_there = self.source in graph.nodes or bool(graph.cycles.has_delta(self.source))
        return is_there and any(name in graph.nodes for name in targets)

    def draw(self, graph: Graph) -> None:
        """Draw it in *graph*.

        Raises:
            UnknownNodeError: there is no such node.
            MissingConnectionError: no such port, or both names could be the target.
        """
        is_cycle = graph.is_cycle(self.source) and self.cycle is None
        source = self.source if is_cycle else known_node(graph, self.source)
        target, output = self._target_and_output(graph)
        entry = _own_input(graph, target, self.input)
        output = output if is_cycle else result_or_whole(graph, source, output)
        if self.cycle is None:
            graph.connect_pairs([(source, output, target, entry, False)])
        else:
            graph.feed_back(source, output, target, entry, self.cycle)

    def _target_and_output(self, graph: Graph) -> tuple[str, str | None]:
        first, second = self.middle
        if self.is_ordered or second is None:
            return known_node(graph, first), second
        if (first in graph.nodes) is not (second in graph.nodes):
            return (str(first), second) if first in graph.nodes else (second, first)
        found = "are both nodes" if first in graph.nodes else "are no nodes"
        remedy = "say source=, target=, output= and input="
        msg = f"connection from {self.source!r}: {first!r} and {second!r} {found}: {remedy}"
        if first in graph.nodes:
            raise MissingConnectionError(msg)
        msg = f"{msg} ({graph.listed})"
        raise UnknownNodeError(msg)


def connection_of(names: tuple[str, ...], keywords: Mapping[str, Any], cycle: str | None) -> Connection:
    """What the arguments of ``add_connection`` ask for.

    Raises:
        MissingConnectionError: too few or too many of them.
    """
    given = {name: value for name, value in keywords.items() if value is not None}
    taken = PARTS[: len(names)]
    if (
        len(names) > len(PARTS)
        or not {"source", "target"} <= {*taken, *given}
        or not given.keys().isdisjoint(taken)
    ):
        shown = ", ".join([*map(repr, names), *(f"{name}={value!r}" for name, value in given.items())])
        msg = f"add_connection({shown}): give source, target, output and input, each once"
        raise MissingConnectionError(msg)
    given |= dict(zip(taken, names, strict=True))
    middle = given["target"], given.get("output")
    return Connection(given["source"], middle, given.get("input"), cycle, is_ordered=len(names) <= ORDERED)


def result_or_whole(graph: Graph, source: str, output: str | None) -> str | None:
    """*output*, the name ``result`` as that of the key or the whole value, unless *source* declares it."""
    node = graph.node(source)
    is_open = output == WHOLE and not node.is_router and not node.declared_outputs
    return RESULT_OR_WHOLE if is_open else output


def known_node(graph: Graph, name: object) -> str:
    """*name* if there is such a node; UnknownNodeError lists those there are."""
    if name in graph.nodes:
        return str(name)
    msg = f"unknown node {name!r} in {graph.name!r}{suggestion(name, graph.nodes)} ({graph.listed})"
    raise UnknownNodeError(msg)


def _own_input(graph: Graph, target: str, entry: str | None) -> str | None:
    """The name the node itself has for an input that it also takes under others."""
    aliases: Mapping[str, str] = getattr(graph.nodes[target].func, "input_aliases", {})
    return entry if entry is None else aliases.get(entry, entry)
