"""The body of a bounded iteration: all of an inner graph, as one cycle with ports of its own."""

from __future__ import annotations

from typing import NamedTuple

from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.edge import FeedbackEdge
from fast_dag.graph.graph import Graph
from fast_dag.graph.loops import Cycle
from fast_dag.graph.order import topological_order


class Ports(NamedTuple):
    """Where the ports of a bounded iteration lie in its inner graph; inputs as node and parameter."""

    seeds: tuple[tuple[str, str], ...]
    feedback: tuple[tuple[str, str], ...]
    output: tuple[str, str]
    """A node, and the output of it that goes round."""
    signal: tuple[str, str] | None = None
    """A node, and the output of it that asks to stop."""


class Bounded(NamedTuple):
    """What a bounded iteration is apart from a cycle."""

    ports: Ports
    emit: str = "last"
    stop_on_empty: bool = True
    """Whether it ends when a round gives nothing."""
    history: bool = False
    """Whether something is kept of every round."""
    is_stream: bool = False
    """Whether its loop variable is a sequence of items."""
    releases: bool = False
    """Whether items are let go of as they are read."""
    max_buffer: int | None = None
    """How many items may wait."""


def as_cycle(graph: Graph, name: str, config: CycleConfig, bounded: Bounded) -> Cycle:
    """The whole of *graph* as the body of a cycle."""
    successors = {each: [edge.target for edge in edges] for each, edges in graph.outgoing.items()}
    nodes = tuple(topological_order(list(graph.nodes), successors))
    source, output = bounded.ports.output
    edges = tuple(
        FeedbackEdge(source, output, target, entry, name) for target, entry in bounded.ports.feedback
    )
    return Cycle(name, config, nodes, edges, bounded=bounded)
