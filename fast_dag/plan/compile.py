"""From a checked graph to a flat plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from fast_dag.graph.attached import with_attached
from fast_dag.graph.edge import Edge
from fast_dag.graph.graph import Graph
from fast_dag.graph.loops import Cycle as Loop
from fast_dag.graph.loops import cycles_of
from fast_dag.graph.node import Node
from fast_dag.graph.order import topological_order
from fast_dag.graph.settings import DEFAULTS
from fast_dag.graph.signature import Parameter
from fast_dag.plan.bounded import fires_each_round
from fast_dag.plan.frame import Frame
from fast_dag.plan.plan import (
    ANY,
    ENTER,
    GENERAL,
    LEAVE,
    MANY,
    ROUTER,
    TASK,
    Argument,
    Cycle,
    Layout,
    Link,
    Plan,
    Readers,
    Row,
)
from fast_dag.plan.slots import CONTEXT_SLOT, Slots
from fast_dag.values import NO_DATA, NodeType

AnyNode = Node[..., Any]


def execution_order(graph: Graph) -> list[str]:
    """The topological order that always takes the earliest-inserted ready node."""
    successors = {name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()}
    return topological_order(list(graph.nodes), successors)


def compile_plan(graph: Graph, part: Collection[str] | None = None, around: Loop | None = None) -> Plan:
    """The plan of *graph*, or of the nodes in *part*; or of a bounded iteration *around* all of it.

    The graph has been checked: it has no ring and no crowded input.
    """
    loops = with_attached(graph, cycles_of(graph)[0]) if graph.cycles else []
    if around is not None:
        inside = [replace(each, parent=each.parent or around.name) for each in loops]
        loops = [around, *inside]
    frame = Frame(graph, part, loops)
    slots = Slots(graph, frame)
    plan = _assembled(graph, frame, slots)
    if not plan.cycles:
        return plan
    return replace(plan, cycles=tuple(_with_rows(each, plan) for each in plan.cycles))


def _assembled(graph: Graph, frame: Frame, slots: Slots) -> Plan:
    nodes, kinds = tuple(frame.nodes), tuple(frame.kinds)
    layouts = tuple(_layout(node, graph, slots) for node in nodes)
    outgoing, arrivals = _links(frame, slots)
    gathering = {name for ports in slots.bounded.values() for name in ports.gathering}
    plain = tuple(
        kind in (TASK, ANY)
        and node.settings == DEFAULTS
        and not node.needs_run
        and node.name not in gathering
        for kind, node in zip(kinds, nodes, strict=True)
    )
    direct = tuple(_direct(layout, kind) for layout, kind in zip(layouts, kinds, strict=True))
    return Plan(
        name=graph.name,
        nodes=nodes,
        names=tuple(frame.names),
        kinds=kinds,
        functions=tuple(node.func for node in nodes),
        is_async=tuple(node.is_async for node in nodes),
        timeouts=tuple(node.settings.timeout for node in nodes),
        layouts=layouts,
        direct=direct,
        links=outgoing,
        arrivals=arrivals,
        readers=Readers(arrivals, slots.first),
        targets=tuple(tuple(link.target for link in each) for each in outgoing),
        simple=tuple(_is_simple(unit, frame, outgoing) for unit in range(len(nodes))),
        plain=plain,
        waiting=tuple(
            min(1, len(each)) if kind == ANY else len(each)
            for each, kind in zip(arrivals, kinds, strict=True)
        ),
        first=slots.first,
        base=tuple(slots.base),
        inputs={name: tuple(found) for name, found in slots.inputs.items()},
        needs=tuple(slots.needs),
        given=tuple(slots.given.values()),
        catch_alls=tuple((layout.extras, unit) for unit, layout in enumerate(layouts) if layout.extras >= 0),
        branches=slots.branches,
        exits=tuple(unit for name, unit in frame.numbers.items() if not _leads_on(graph, name, frame)),
        rows=tuple(
            _row(nodes[unit], layouts[unit], direct[unit])
            for unit in range(_plain_beginning(nodes, kinds, plain, outgoing))
        ),
        has_timeouts=any(node.settings.timeout is not None for node in nodes)
        or any(loop.config.timeout_seconds is not None for loop in frame.loops),
        sees_context=any(node.has_context for node in nodes),
        cycles=tuple(slots.cycle(loop) for loop in frame.loops),
    )


def _is_simple(unit: int, frame: Frame, outgoing: Sequence[Sequence[Link]]) -> bool:
    """Whether the targets of a unit only have to count, if it gives a value."""
    kinds = frame.kinds
    node = frame.nodes[unit]
    if kinds[unit] in (ROUTER, ENTER, LEAVE) or node.settings.stream in ("once", "tee") or node.side_outputs:
        return False
    return all(kinds[link.target] != ANY and link.part is None for link in outgoing[unit])


def _links(frame: Frame, slots: Slots) -> tuple[tuple[tuple[Link, ...], ...], tuple[tuple[Link, ...], ...]]:
    """The edges between units, by source and by target, those that hold cycles together included."""
    found = [slots.link(edge) for edge in slots.graph.edges if slots.is_inside(edge)]
    found += slots.port_links
    found += [*_from_outside(frame, slots, found), *_bonds(frame, found, slots.first)]
    outgoing: list[list[Link]] = [[] for _ in frame.names]
    arrivals: list[list[Link]] = [[] for _ in frame.names]
    for link in found:
        outgoing[link.source].append(link)
        arrivals[link.target].append(link)
    return tuple(map(tuple, outgoing)), tuple(map(tuple, arrivals))


def _from_outside(frame: Frame, slots: Slots, links: Sequence[Link]) -> Iterator[Link]:
    """What the edges from outside bring to nodes of a body that could go on without those from inside."""
    choosy = {link.target for link in links if not link.required}
    for edge in slots.graph.edges:
        if slots.is_inside(edge):
            link, unit = slots.link(edge), frame.numbers[edge.target]
            cycle = frame.around(unit)
            if link.target != unit and unit in choosy and cycle is not None:
                yield link._replace(
                    source=frame.enters[cycle], target=unit, origin=frame.numbers[edge.source]
                )


def _bonds(frame: Frame, links: Sequence[Link], first: int) -> Iterator[Link]:
    """From each enter to what may start there, and from everything in the body to the leave."""
    has_arrivals = {link.target for link in links}
    for name, enter in frame.enters.items():
        leave = frame.leaves[name]
        yield Link(enter, leave, first + enter, required=False)
        for unit in frame.body(name):
            if frame.around(unit) != name:
                continue
            is_inner_enter, is_inner_leave = frame.kinds[unit] == ENTER, frame.kinds[unit] == LEAVE
            if unit not in has_arrivals and not is_inner_leave:
                yield Link(enter, unit, first + enter, required=True)
            if not is_inner_enter:
                yield Link(unit, leave, first + unit, required=False)
        yield from _to_checkers(frame, name, first)


def _to_checkers(frame: Frame, cycle: str, first: int) -> Iterator[Link]:
    """From everything in the body of *cycle* to the checkers attached to it, which come at the end."""
    (loop,) = [each for each in frame.loops if each.name == cycle]
    checkers = [frame.numbers[name] for name in loop.attached]
    for unit in frame.body(cycle) if checkers else ():
        is_own = frame.around(unit) == cycle and frame.kinds[unit] != ENTER
        if is_own and unit not in checkers:
            for checker in checkers:
                yield Link(unit, checker, first + unit, required=False)


def _leads_on(graph: Graph, name: str, frame: Frame) -> bool:
    return any(edge.target in frame.numbers for edge in graph.outgoing[name])


def _layout(node: AnyNode, graph: Graph, slots: Slots) -> Layout:
    incoming = graph.incoming.get(node.name, [])
    extras = slots.open.get((node.name, "**"), -1)
    if node.collects and incoming:
        fed_back = [
            Argument(edge.input or "", slot, source=edge.source)
            for edge, slot in slots.carried.items()
            if edge.target == node.name
        ]
        sources = (*(slots.argument(edge, edge.input) for edge in incoming), *fed_back)
        arguments = tuple(_collected(parameter) for parameter in node.signature.parameters)
        return Layout(node.name, arguments, node.collects, sources, extras)
    edges = {edge.input: edge for edge in incoming}
    arguments = tuple(_argument(node, parameter, edges, slots) for parameter in node.signature.parameters)
    known = {parameter.name for parameter in node.signature.inputs}
    named = tuple(
        slots.argument(edge, name, keyword=name) for name, edge in edges.items() if name not in known
    )
    keys = {name: (node.name, name) for name in slots.extras.get(node.name, ())}
    places = {name: slots.ports.get(key, slots.open.get(key, -1)) for name, key in keys.items()}
    own = tuple(Argument(name, slot, name) for name, slot in places.items() if slot >= 0)
    named = (*(each for each in named if places.get(each.name, -1) < 0), *own)
    return Layout(node.name, arguments + named, extras=extras)


def _argument(node: AnyNode, parameter: Parameter, edges: dict[str, Edge], slots: Slots) -> Argument:
    keyword = parameter.own_name if parameter.by_keyword else ""
    if parameter.injected:
        return Argument(parameter.name, CONTEXT_SLOT, keyword, injected=True, injects=parameter.injects)
    port = slots.port_argument(node, parameter, keyword)
    if port is not None:
        return port
    edge = edges.get(parameter.name)
    if edge is None:
        return Argument(parameter.name, slots.open[node.name, parameter.name], keyword)
    missing = None if node.node_type is NodeType.ANY else NO_DATA
    default = missing if parameter.required else parameter.default
    return slots.argument(edge, parameter.name, keyword=keyword, default=default)


def _collected(parameter: Parameter) -> Argument:
    keyword = parameter.own_name if parameter.by_keyword else ""
    return Argument(
        parameter.name, CONTEXT_SLOT, keyword, injected=parameter.injected, injects=parameter.injects
    )


def _direct(layout: Layout, kind: int) -> tuple[int, ...] | None:
    """The slots of a call that needs no care: no name, no part, no default for a dead edge."""
    if kind == ANY or layout.collect or layout.extras >= 0:
        return None
    for argument in layout.arguments:
        if argument.keyword or argument.output or argument.default is not NO_DATA:
            return None
    return tuple(argument.slot for argument in layout.arguments)


def _plain_beginning(
    nodes: tuple[AnyNode, ...],
    kinds: tuple[int, ...],
    plain: tuple[bool, ...],
    outgoing: tuple[tuple[Link, ...], ...],
) -> int:
    """How many units from the first on are calls that a plain loop can make."""
    for unit, node in enumerate(nodes):
        has_optional = any(link.part is not None for link in outgoing[unit])
        if kinds[unit] != TASK or not plain[unit] or node.is_async or has_optional:
            return unit
    return len(nodes)


def _row(node: AnyNode, layout: Layout, slots: tuple[int, ...] | None) -> Row:
    if slots is None:
        return node.func, GENERAL, layout, None
    if len(slots) >= MANY:
        return node.func, MANY, slots, None
    first, second = [*slots, 0, 0][:2]
    return node.func, len(slots), first, second


def _with_rows(cycle: Cycle, plan: Plan) -> Cycle:
    """*cycle* with the rows of its body, if that is plain calls which all run in every iteration."""
    body = range(cycle.enter + 1, cycle.leave)
    is_plain = all(
        plan.kinds[unit] == TASK
        and plan.plain[unit]
        and not plan.is_async[unit]
        and all(link.part is None and plan.kinds[link.target] in (TASK, LEAVE) for link in plan.links[unit])
        for unit in body
    )
    is_watched = cycle.config.stall_window is not None or bool(cycle.checkers)
    if cycle.bounded is not None:
        is_watched = cycle.bounded.is_stream or not fires_each_round(cycle, plan.links[cycle.enter])
    if not is_plain or is_watched:
        return cycle
    return cycle._replace(
        rows=tuple(_row(plan.nodes[unit], plan.layouts[unit], plan.direct[unit]) for unit in body)
    )
