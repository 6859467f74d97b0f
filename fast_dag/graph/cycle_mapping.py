"""Feedback edges written as a table, from keys of the previous iteration to parameters of the current one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from fast_dag.checks import suggestion
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph.cycles import feedback_edge
from fast_dag.graph.edge import FeedbackEdge
from fast_dag.graph.graph import AnyNode, Graph
from fast_dag.graph.order import reached

PREVIOUS, CURRENT = "previous_iteration", "current_iteration"


class _End(NamedTuple):
    """One end of an entry: the node if it is named, and the port."""

    node: str | None
    port: str
    text: str


def mapped_edges(
    graph: Graph, cycle: str, mapping: Mapping[str, str], drawn: Sequence[FeedbackEdge] = ()
) -> list[FeedbackEdge]:
    """The feedback edges of *cycle* that *mapping* stands for.

    An entry ``previous_iteration.[node.]key`` to ``current_iteration.[node.]parameter`` is an edge from an
    output to an input.  A name without its node is that of the one node it can be: on the loops of the
    other edges, or where there are none on any loop that the entry can close.

    Parameters:
        graph: nodes and forward edges.
        cycle: its name.
        mapping: the table.
        drawn: feedback edges that the cycle has besides.

    Raises:
        CycleConfigurationError: an entry of another form, or a name that fits no node or several.
        UnknownNodeError, MissingConnectionError: no such node or port.
    """
    after = {name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()}
    ends = [(_end(cycle, key, PREVIOUS), _end(cycle, value, CURRENT)) for key, value in mapping.items()]
    loops = [(edge.target, edge.source) for edge in drawn]
    loops += [
        (graph.node(new.node).name, graph.node(old.node).name) for old, new in ends if old.node and new.node
    ]
    body = set().union(*(_between(graph, *loop) for loop in loops)) if loops else set(graph.nodes)
    found = []
    for old, new in ends:
        sources = _named(graph, old) or _giving(graph, body, old.port)
        targets = _named(graph, new) or _taking(graph, body, new.port)
        pairs = [(one, other) for one in sources for other in targets if one in reached(other, after)]
        source, target = _only(cycle, old, new, pairs, graph)
        found.append(feedback_edge(source, target, cycle, output=old.port, entry=new.port))
    return found


def _end(cycle: str, text: str, prefix: str) -> _End:
    start, *node, port = text.split(".") if "." in text else ("", text)
    if start != prefix or len(node) > 1 or not all([*node, port]):
        wanted = f"'{prefix}.name' or '{prefix}.node.name'"
        msg = f"cycle {cycle!r}: {text!r} in parameter_mapping must be {wanted}{suggestion(start, [prefix])}"
        raise CycleConfigurationError(msg)
    return _End(node[0] if node else None, port, text)


def _between(graph: Graph, first: str, last: str) -> frozenset[str]:
    """The nodes on forward paths from *first* to *last*."""
    after = {name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()}
    before = {name: [edge.source for edge in edges] for name, edges in graph.incoming.items()}
    return reached(first, after) & reached(last, before)


def _named(graph: Graph, end: _End) -> list[str]:
    return [] if end.node is None else [graph.node(end.node).name]


def _giving(graph: Graph, body: Iterable[str], key: str) -> list[str]:
    """The nodes that say they give *key*; if there are none, those that do not say what they give."""
    nodes = list(_in(graph, body))
    stated = [node.name for node in nodes if key in node.declared_outputs]
    return stated or [node.name for node in nodes if not node.declared_outputs and not node.is_router]


def _taking(graph: Graph, body: Iterable[str], parameter: str) -> list[str]:
    """The nodes with a *parameter* that nothing in the body feeds, else those that take any name."""
    inside = set(body)
    free = [
        node
        for node in _in(graph, inside)
        if not any(edge.input == parameter and edge.source in inside for edge in graph.incoming[node.name])
    ]
    stated = [node.name for node in free if parameter in node.inputs]
    return stated or [node.name for node in free if node.signature.takes_any_name]


def _in(graph: Graph, names: Iterable[str]) -> Iterator[AnyNode]:
    wanted = set(names)
    return (node for name, node in graph.nodes.items() if name in wanted)


def _only(
    cycle: str, old: _End, new: _End, pairs: Sequence[tuple[str, str]], graph: Graph
) -> tuple[AnyNode, AnyNode]:
    if len(pairs) == 1:
        source, target = pairs[0]
        return graph.nodes[source], graph.nodes[target]
    found = "fits no loop"
    if pairs:
        found = f"may be {', '.join(f'{source} -> {target}' for source, target in pairs)}"
    remedy = f"name the nodes, '{PREVIOUS}.node.{old.port}' and '{CURRENT}.node.{new.port}'"
    msg = f"cycle {cycle!r}: {old.text!r} to {new.text!r} in parameter_mapping {found}: {remedy}"
    raise CycleConfigurationError(msg)
