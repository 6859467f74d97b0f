"""Checkers that decide about the cycle that feeds them, though they stand on none of its loops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from fast_dag.graph.graph import Graph
from fast_dag.graph.loops import Cycle, Fault
from fast_dag.graph.order import reached


def with_attached(graph: Graph, cycles: Sequence[Cycle]) -> list[Cycle]:
    """*cycles*, each with the checkers that are attached to it.

    A checker attaches itself to the cycle whose body feeds it, if no other cycle does, nor a node that only
    runs behind that cycle.
    """
    checkers = [name for name, node in graph.nodes.items() if node.checker is not None]
    owners = {cycle.name: list(cycle.config.attached) for cycle in cycles if cycle.config.attached}
    if not checkers and not owners:
        return list(cycles)
    for name in checkers:
        owner = _owner(graph, cycles, name)
        if owner is not None and name not in owners.get(owner, ()):
            owners.setdefault(owner, []).append(name)
    return [replace(cycle, attached=tuple(owners.get(cycle.name, ()))) for cycle in cycles]


def unattachable(graph: Graph, cycles: Sequence[Cycle]) -> Iterator[Fault]:
    """Nodes that are to run with the iterations of a cycle, and cannot."""
    for cycle in cycles:
        for name in cycle.config.attached:
            known = graph.nodes.get(name)
            fed = known is not None and any(edge.source in cycle.nodes for edge in graph.incoming[name])
            if not fed or any(name in each.nodes for each in cycles):
                text = f"{name!r} cannot be attached to cycle {cycle.name!r}: name a node that its body feeds"
                yield Fault("cycle_config", text, (name,) if known is not None else ())


def _owner(graph: Graph, cycles: Sequence[Cycle], name: str) -> str | None:
    """The cycle that the checker *name* is attached to."""
    if any(name in cycle.nodes for cycle in cycles):
        return None
    sources = {edge.source for edge in graph.incoming[name]}
    feeding = [cycle for cycle in cycles if not sources.isdisjoint(cycle.nodes)]
    if not feeding:
        return None
    # The innermost one; those around it hold its nodes too.
    cycle = min(feeding, key=lambda each: len(each.nodes))
    if any(not set(cycle.nodes) <= set(each.nodes) for each in feeding):
        return None
    successors: Mapping[str, list[str]] = {
        each: [edge.target for edge in edges] for each, edges in graph.outgoing.items()
    }
    behind = frozenset[str]().union(*(reached(each, successors) for each in cycle.nodes))
    return None if any(each in behind and each not in cycle.nodes for each in sources) else cycle.name
