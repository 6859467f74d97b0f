"""A graph, and maybe what a run made of it, as boxes and lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.outcome import NOT_RUN, Outcome, Outcomes
from fast_dag.draw.picture import Box, Frame, Line, Picture, Shape
from fast_dag.draw.wording import cut, printable, type_text
from fast_dag.graph.binding import takes_whole
from fast_dag.graph.edge import Edge, FeedbackEdge
from fast_dag.graph.graph import Graph
from fast_dag.graph.node import Node
from fast_dag.graph.order import components, topological_order
from fast_dag.run.context import Context
from fast_dag.values import NodeType

AnyNode = Node[..., Any]

SHAPES = {
    NodeType.CONDITIONAL: Shape.DIAMOND,
    NodeType.SELECT: Shape.HEXAGON,
    NodeType.ANY: Shape.STADIUM,
    NodeType.ALL: Shape.TRAPEZOID,
    NodeType.FSM_STATE: Shape.ROUND,
    NodeType.DAG: Shape.SUBROUTINE,
    NodeType.FSM: Shape.SUBROUTINE,
}


def picture_of(graph: Graph, context: Context, options: VisualizationOptions) -> Picture:
    """The picture of *graph*, with what the run of *context* made of it if *options* say so."""
    keys = {name: f"n{number}" for number, name in enumerate(graph.nodes)}
    outcomes = Outcomes(context, options.max_text) if options.show_results else None
    return Picture(
        title=printable(graph.name),
        boxes=tuple(
            box_of(
                graph.nodes[name],
                key,
                options,
                outcomes.of(name) if outcomes else NOT_RUN,
                entry=not graph.incoming[name],
                exit=not graph.outgoing[name],
            )
            for name, key in keys.items()
        ),
        lines=(
            *(_line(graph, edge, keys, options, optional=optional) for edge, optional in graph.edges.items()),
            *(_feedback(graph, edge, keys) for edge in graph.cycles.edges),
        ),
        frames=tuple(_rings(graph, keys)),
    )


def box_of(
    node: AnyNode, key: str, options: VisualizationOptions, outcome: Outcome, *, entry: bool, exit: bool
) -> Box:
    """The box of *node*, with what a run made of it."""
    state, note = outcome
    description = cut(node.description or "", options.max_text) if options.show_description else ""
    course = cut(node.course, options.max_text)
    texts = (printable(node.name), description, _ports(node, options), course, note)
    return Box(
        key=key,
        lines=tuple(text for text in texts if text),
        shape=SHAPES.get(node.node_type, Shape.BOX),
        state=state,
        entry=entry,
        exit=exit,
    )


def _ports(node: AnyNode, options: VisualizationOptions) -> str:
    """Inputs and outputs as in a signature; an output that is the whole value has no name."""
    texts = []
    if options.show_inputs and node.inputs:
        texts.append(f"({', '.join(_inputs(node, options))})")
    if options.show_outputs:
        texts += _outputs(node, options)
    return " ".join(texts)


def _inputs(node: AnyNode, options: VisualizationOptions) -> Iterator[str]:
    for parameter in node.signature.inputs:
        kind = type_text(parameter.annotation, options.max_text) if options.show_types else ""
        yield printable(parameter.name) + (f": {kind}" if kind else "")


def _outputs(node: AnyNode, options: VisualizationOptions) -> Iterator[str]:
    names = ", ".join(printable(name) for name in node.declared_outputs)
    kind = type_text(node.signature.returns, options.max_text) if options.show_types else ""
    if names or kind:
        yield f"→ {names} ({kind})" if names and kind else f"→ {names or kind}"


def _line(
    graph: Graph, edge: Edge, keys: Mapping[str, str], options: VisualizationOptions, *, optional: bool
) -> Line:
    target = graph.nodes[edge.target]
    return Line(
        source=keys[edge.source],
        target=keys[edge.target],
        label=printable(_label(edge, graph.nodes[edge.source], target, options)),
        dashed=optional or target.node_type is NodeType.ANY,
    )


def _feedback(graph: Graph, edge: FeedbackEdge, keys: Mapping[str, str]) -> Line:
    """A feedback edge, labelled with its cycle, of a router with the branch before it; and with its delta."""
    branch = f"{edge.output} → " if edge.output and graph.nodes[edge.source].is_router else ""
    fed = (edge.cycle, edge.target)
    deltas = [port.input for port in graph.cycles.deltas.values() if (port.cycle, port.node) == fed]
    named = [f", delta {name}" for name in deltas if edge.input in (None, name) and not edge.signal]
    label = printable(f"{branch}{edge.cycle}{''.join(named[:1])}")
    return Line(source=keys[edge.source], target=keys[edge.target], label=label, dashed=True)


def _label(edge: Edge, source: AnyNode, target: AnyNode, options: VisualizationOptions) -> str:
    """The branch; else the output that is not the whole value; and the input if it is not obvious."""
    if edge.cycle:
        return f"{edge.output} → {edge.input}"
    named = source.is_router or (options.show_outputs and not takes_whole(source, edge.output))
    output = edge.output if named else ""
    if not options.show_inputs or _is_obvious(edge, target):
        return output
    return f"{output} → {edge.input}".lstrip()


def _is_obvious(edge: Edge, target: AnyNode) -> bool:
    if edge.input in (edge.source, edge.output):
        return True
    return target.inputs == (edge.input,) and not target.collects


def _rings(graph: Graph, keys: Mapping[str, str]) -> Iterator[Frame]:
    """A frame around each set of nodes that lead to one another."""
    names = list(graph.nodes)
    successors = {name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()}
    if len(topological_order(names, successors)) == len(names):
        return
    rings = [ring for ring in components(names, successors) if len(ring) > 1]
    for number, ring in enumerate(rings):
        yield Frame(key=f"f{number}", title="cycle", boxes=tuple(_in_order(ring, keys)))


def _in_order(ring: Iterable[str], keys: Mapping[str, str]) -> list[str]:
    return sorted((keys[name] for name in ring), key=lambda key: int(key[1:]))
