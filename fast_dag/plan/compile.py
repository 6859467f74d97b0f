"""From a checked graph to a flat plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from fast_dag.graph.binding import needs, takes_whole
from fast_dag.graph.edge import Edge
from fast_dag.graph.graph import Graph
from fast_dag.graph.node import Node
from fast_dag.graph.order import topological_order
from fast_dag.graph.settings import DEFAULTS
from fast_dag.graph.signature import Parameter
from fast_dag.plan.plan import (
    ANY,
    GENERAL,
    MANY,
    ROUTER,
    TASK,
    Argument,
    Given,
    Layout,
    Link,
    Plan,
    Readers,
    Row,
)
from fast_dag.values import NO_DATA, NodeType

CONTEXT_SLOT = 0
AnyNode = Node[..., Any]


def execution_order(graph: Graph) -> list[str]:
    """The topological order that always takes the earliest-inserted ready node."""
    successors = {name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()}
    return topological_order(list(graph.nodes), successors)


def compile_plan(graph: Graph, part: Collection[str] | None = None) -> Plan:
    """The plan of *graph*, or of the nodes in *part*.

    The graph has been checked: it has no ring and no crowded input.
    """
    order = [name for name in execution_order(graph) if part is None or name in part]
    slots = _Slots(graph, order)
    nodes = tuple(graph.nodes[name] for name in order)
    layouts = tuple(_layout(node, graph, slots) for node in nodes)
    links = {edge: slots.link(edge) for edge in graph.edges if slots.is_inside(edge)}
    outgoing = tuple(_among(links, graph.outgoing[name]) for name in order)
    arrivals = tuple(_among(links, graph.incoming[name]) for name in order)
    kinds = tuple(_kind(node) for node in nodes)
    simple = tuple(
        kind != ROUTER
        and node.settings.stream not in ("once", "tee")
        and all(kinds[link.target] != ANY and link.part is None for link in each)
        for kind, node, each in zip(kinds, nodes, outgoing, strict=True)
    )
    plain = tuple(
        kind != ROUTER and node.inside is None and node.settings == DEFAULTS
        for kind, node in zip(kinds, nodes, strict=True)
    )
    direct = tuple(_direct(layout, kind) for layout, kind in zip(layouts, kinds, strict=True))
    return Plan(
        name=graph.name,
        nodes=nodes,
        names=tuple(order),
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
        simple=simple,
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
        exits=tuple(unit for unit, each in enumerate(outgoing) if not each),
        rows=tuple(
            _row(nodes[unit], layouts[unit], direct[unit])
            for unit in range(_plain_beginning(nodes, kinds, plain, outgoing))
        ),
        has_timeouts=any(node.settings.timeout is not None for node in nodes),
        sees_context=any(node.has_context for node in nodes),
    )


class _Slots:
    """Hands out the slots of a plan: everything but results first, the results after it."""

    def __init__(self, graph: Graph, order: list[str]) -> None:
        self.graph = graph
        self.numbers = {name: unit for unit, name in enumerate(order)}
        self.base: list[Any] = [None]
        self.inputs: dict[str, list[int]] = {}
        self.needs: list[tuple[tuple[int, ...], str, str]] = []
        self.given: dict[Edge, Given] = {}
        self.branches: dict[int, dict[str, int]] = {}
        self.open: dict[tuple[str, str], int] = {}
        """The slot of each input that no edge feeds; '**' stands for any name."""
        self._required: dict[str, int] = {}
        for name in order:
            self._number_inputs(graph.nodes[name])
            self._number_branches(graph.nodes[name])
        self.first = len(self.base)

    def of(self, edge: Edge) -> int:
        """The slot with the value that *edge* carries."""
        if edge in self.given:
            return self.given[edge].slot
        unit = self.numbers[edge.source]
        return self.branches[unit][edge.output] if unit in self.branches else self.first + unit

    def is_inside(self, edge: Edge) -> bool:
        """Whether both ends of *edge* are in the plan."""
        return edge.source in self.numbers and edge.target in self.numbers

    def link(self, edge: Edge) -> Link:
        """*edge* between units."""
        source, target = self.graph.nodes[edge.source], self.graph.nodes[edge.target]
        optional = self.graph.edges[edge]
        return Link(
            source=self.numbers[edge.source],
            target=self.numbers[edge.target],
            slot=self.of(edge),
            required=needs(target, edge.input),
            branch=edge.output if source.is_router else "",
            part=self.argument(edge, edge.input) if optional else None,
        )

    def argument(self, edge: Edge, name: str, **more: Any) -> Argument:
        """What *edge* brings to the input *name*."""
        argument = Argument(name, self.of(edge), source=edge.source, optional=self.graph.edges[edge], **more)
        # What comes from outside lies in its slot as it is wanted.
        return (
            argument
            if edge in self.given
            else part_wanted(argument, self.graph.nodes[edge.source], edge.output)
        )

    def _number_inputs(self, node: AnyNode) -> None:
        incoming = self.graph.incoming[node.name]
        outside = [edge for edge in incoming if edge.source not in self.numbers]
        if outside:
            self._number_given(node, outside, others=len(outside) < len(incoming))
        fed = {edge.input for edge in incoming}
        for parameter in node.signature.inputs:
            if parameter.name not in fed and not (node.collects and incoming):
                self._number_open(node.name, parameter)
        if node.signature.takes_any_name:
            self.open[node.name, "**"] = self._new({})

    def _number_given(self, node: AnyNode, edges: list[Edge], *, others: bool) -> None:
        """Slots for what *edges* bring from outside the plan; *others* tells that some come from inside."""
        for edge in edges:
            source = self.graph.nodes[edge.source]
            slot = self._new(NO_DATA)
            wanted = part_wanted(Argument(edge.input, slot, source=edge.source), source, edge.output)
            branch = edge.output if source.is_router else ""
            self.given[edge] = Given(slot, self.numbers[node.name], wanted, branch)
            self.inputs.setdefault(edge.input, []).append(slot)
            if needs(node, edge.input):
                self.needs.append(((slot,), node.name, edge.input))
        if node.node_type is NodeType.ANY and not others:
            slots = tuple(self.given[edge].slot for edge in edges)
            self.needs.append((slots, node.name, edges[0].input))

    def _number_open(self, node: str, parameter: Parameter) -> None:
        name = parameter.name
        if parameter.required:
            slot = self._required.get(name, -1)
            if slot < 0:
                slot = self._required[name] = self._new(NO_DATA)
                self.inputs.setdefault(name, []).append(slot)
            self.needs.append(((slot,), node, name))
        else:
            slot = self._new(parameter.default)
            self.inputs.setdefault(name, []).append(slot)
        self.open[node, name] = slot

    def _number_branches(self, node: AnyNode) -> None:
        if node.is_router:
            labels = dict.fromkeys(edge.output for edge in self.graph.outgoing[node.name])
            self.branches[self.numbers[node.name]] = {label: self._new(NO_DATA) for label in labels}

    def _new(self, value: Any) -> int:
        self.base.append(value)
        return len(self.base) - 1


def part_wanted(argument: Argument, source: AnyNode, output: str) -> Argument:
    """*argument* as the part of the value of *source* that an edge from its *output* takes."""
    if source.is_router or takes_whole(source, output):
        return argument
    declared = source.declared_outputs
    return argument._replace(output=output, position=declared.index(output) if output in declared else -1)


def _among(links: Mapping[Edge, Link], edges: Iterable[Edge]) -> tuple[Link, ...]:
    return tuple(links[edge] for edge in edges if edge in links)


def _kind(node: AnyNode) -> int:
    return ROUTER if node.is_router else ANY if node.node_type is NodeType.ANY else TASK


def _layout(node: AnyNode, graph: Graph, slots: _Slots) -> Layout:
    incoming = graph.incoming[node.name]
    extras = slots.open.get((node.name, "**"), -1)
    if node.collects and incoming:
        sources = tuple(slots.argument(edge, edge.input) for edge in incoming)
        arguments = tuple(_collected(parameter) for parameter in node.signature.parameters)
        return Layout(node.name, arguments, node.collects, sources, extras)
    edges = {edge.input: edge for edge in incoming}
    arguments = tuple(_argument(node, parameter, edges, slots) for parameter in node.signature.parameters)
    known = {parameter.name for parameter in node.signature.inputs}
    named = tuple(
        slots.argument(edge, name, keyword=name) for name, edge in edges.items() if name not in known
    )
    return Layout(node.name, arguments + named, extras=extras)


def _argument(node: AnyNode, parameter: Parameter, edges: dict[str, Edge], slots: _Slots) -> Argument:
    keyword = parameter.own_name if parameter.by_keyword else ""
    if parameter.injected:
        return Argument(parameter.name, CONTEXT_SLOT, keyword, injected=True)
    edge = edges.get(parameter.name)
    if edge is None:
        return Argument(parameter.name, slots.open[node.name, parameter.name], keyword)
    missing = None if node.node_type is NodeType.ANY else NO_DATA
    default = missing if parameter.required else parameter.default
    return slots.argument(edge, parameter.name, keyword=keyword, default=default)


def _collected(parameter: Parameter) -> Argument:
    keyword = parameter.own_name if parameter.by_keyword else ""
    return Argument(parameter.name, CONTEXT_SLOT, keyword, injected=parameter.injected)


def _direct(layout: Layout, kind: int) -> tuple[int, ...] | None:
    """The slots of a call that needs no care: no name, no part, no default for a dead edge."""
    if kind == ANY or layout.collect or layout.extras >= 0:
        return None
    for argument in layout.arguments:
        if argument.keyword or argument.output or (argument.source and argument.default is not NO_DATA):
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
