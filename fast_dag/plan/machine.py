"""From a checked machine to a plan: each state a unit, with what fills its parameters and what follows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from fast_dag.graph.edge import Edge
from fast_dag.graph.graph import Graph
from fast_dag.graph.machine import Machine, Router, state_targets
from fast_dag.graph.node import Node
from fast_dag.graph.settings import DEFAULTS
from fast_dag.graph.signature import Parameter
from fast_dag.plan.plan import STATE, Argument, Layout, Plan, Readers
from fast_dag.plan.slots import CONTEXT_SLOT, part_wanted
from fast_dag.values import END, NO_DATA

OVER: Final = -1
"""Stands for the end of the run where a unit is asked for."""
OPEN: Final = -2
"""What follows is not settled by a plain transition."""

AnyNode = Node[..., Any]


class Entry(NamedTuple):
    """What fills one parameter of a state: the first of these that has a value."""

    slot: int
    """Where the argument lies when the state is called."""
    edge: Argument | None
    """The result of a state it is connected to."""
    given: int
    """The slot with the run input, else the default; before it comes the value of the previous state."""
    is_needed: bool
    """Whether the state cannot be called without it."""


class Choice(NamedTuple):
    """How it is settled what follows a state."""

    always: int
    """The unit that a plain result leads to, `OVER`, or `OPEN` if that is not so simple."""
    declared: Mapping[str, int] | None
    """What may follow by name, None if that is not declared."""
    router: Router | None = None
    answers: Mapping[str, int] | None = None
    """What the router may answer, None if that is not declared."""
    is_literal: bool = False
    """Whether the state returns the name of the next one."""
    is_terminal: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class MachinePlan(Plan):
    """A checked machine, ready to run as often as wanted."""

    initial: int
    entries: tuple[tuple[Entry, ...], ...]
    choices: tuple[Choice, ...]
    units: Mapping[str, int]
    """The unit of each state, and `OVER` for END."""
    simple_calls: tuple[bool, ...]
    """Whether a state is one call of a sync function, which a plain loop can make."""


def compile_machine(graph: Graph, machine: Machine) -> MachinePlan:
    """The plan of a machine that has been checked."""
    names = tuple(graph.nodes)
    nodes = tuple(graph.nodes.values())
    (initial,) = machine.initial
    units = {**{name: unit for unit, name in enumerate(names)}, END: OVER}
    slots = _Slots(graph, units)
    for node in nodes:
        slots.number_inputs(node, is_initial=node.name == initial)
    slots.first = len(slots.base)
    entries = tuple(slots.entries(node) for node in nodes)
    layouts = tuple(_layout(node, each, slots) for node, each in zip(nodes, entries, strict=True))
    nothing: tuple[tuple[Any, ...], ...] = ((),) * len(names)
    return MachinePlan(
        name=graph.name,
        nodes=nodes,
        names=names,
        kinds=(STATE,) * len(names),
        functions=tuple(node.func for node in nodes),
        is_async=tuple(node.is_async for node in nodes),
        timeouts=tuple(node.settings.timeout for node in nodes),
        layouts=layouts,
        direct=tuple(_direct(layout) for layout in layouts),
        links=nothing,
        arrivals=nothing,
        readers=Readers(nothing, slots.first),
        targets=nothing,
        simple=(False,) * len(names),
        plain=(False,) * len(names),
        waiting=(1,) * len(names),
        first=slots.first,
        base=tuple(slots.base),
        inputs={name: tuple(found) for name, found in slots.inputs.items()},
        needs=tuple(slots.needs),
        given=(),
        catch_alls=tuple((layout.extras, unit) for unit, layout in enumerate(layouts) if layout.extras >= 0),
        branches={},
        exits=(),
        rows=(),
        has_timeouts=any(node.settings.timeout is not None for node in nodes),
        sees_context=True,
        initial=units[initial],
        entries=entries,
        choices=tuple(_choice(node, machine, units) for node in nodes),
        units=units,
        simple_calls=tuple(
            node.settings == DEFAULTS and node.inside is None and not (node.is_async or node.uses_cycle)
            for node in nodes
        ),
    )


class _Slots:
    """Hands out the slots of a plan: run inputs, defaults and arguments first, the results after them."""

    def __init__(self, graph: Graph, units: Mapping[str, int]) -> None:
        self.graph, self.units = graph, units
        self.base: list[Any] = [None]
        self.inputs: dict[str, list[int]] = {}
        self.needs: list[tuple[tuple[int, ...], str, str]] = []
        self.first = 0
        self.extras: dict[str, int] = {}
        """The slot with the run inputs of each state that takes any name."""
        self._given: dict[tuple[str, str], int] = {}
        self._places: dict[tuple[str, str], int] = {}
        self._required: dict[str, int] = {}

    def number_inputs(self, node: AnyNode, *, is_initial: bool) -> None:
        """Slots for what *node* is called with, and for what the run brings for that."""
        fed = self._fed(node)
        # The previous state fills the first parameter that nothing else does.
        first_open = next((each.name for each in node.signature.inputs if each.name not in fed), None)
        for parameter in self.taken_by(node):
            key = (node.name, parameter.name)
            self._given[key] = given = self._number_given(parameter)
            self._places[key] = self._new(NO_DATA)
            is_fed = parameter.name in fed or (parameter.name == first_open and not is_initial)
            if parameter.required and not is_fed:
                self.needs.append(((given,), node.name, parameter.name))
        if node.signature.takes_any_name:
            self.extras[node.name] = self._new({})

    def taken_by(self, node: AnyNode) -> tuple[Parameter, ...]:
        """What fills the call of *node*: its inputs, and further names of edges if it takes any name."""
        known = {each.name for each in node.signature.inputs}
        further = [name for name in self._fed(node) if name not in known]
        return *node.signature.inputs, *[Parameter(name, own_name=name, by_keyword=True) for name in further]

    def entries(self, node: AnyNode) -> tuple[Entry, ...]:
        """What fills each parameter of *node*."""
        fed = self._fed(node)
        return tuple(
            Entry(
                self._places[node.name, each.name],
                self._edge(fed[each.name]) if each.name in fed else None,
                self._given[node.name, each.name],
                each.required,
            )
            for each in self.taken_by(node)
        )

    def _fed(self, node: AnyNode) -> dict[str, Edge]:
        return {edge.input: edge for edge in self.graph.incoming[node.name]}

    def _edge(self, edge: Edge) -> Argument:
        slot = self.first + self.units[edge.source]
        argument = Argument(edge.input, slot, source=edge.source, optional=self.graph.edges[edge])
        return part_wanted(argument, self.graph.nodes[edge.source], edge.output)

    def _number_given(self, parameter: Parameter) -> int:
        name = parameter.name
        if not parameter.required:
            slot = self._new(parameter.default)
        elif name in self._required:
            return self._required[name]
        else:
            slot = self._required[name] = self._new(NO_DATA)
        self.inputs.setdefault(name, []).append(slot)
        return slot

    def _new(self, value: Any) -> int:
        self.base.append(value)
        return len(self.base) - 1


def _layout(node: AnyNode, entries: tuple[Entry, ...], slots: _Slots) -> Layout:
    taken = slots.taken_by(node)
    places = {each.name: entry.slot for each, entry in zip(taken, entries, strict=True)}
    arguments = tuple(
        Argument(
            each.name,
            CONTEXT_SLOT if each.injected else places[each.name],
            each.own_name if each.by_keyword else "",
            injected=each.injected,
            injects=each.injects,
        )
        for each in (*node.signature.parameters, *taken[len(node.signature.inputs) :])
    )
    return Layout(node.name, arguments, extras=slots.extras.get(node.name, -1))


def _direct(layout: Layout) -> tuple[int, ...] | None:
    if layout.extras >= 0 or any(argument.keyword for argument in layout.arguments):
        return None
    return tuple(argument.slot for argument in layout.arguments)


def _choice(node: AnyNode, machine: Machine, units: Mapping[str, int]) -> Choice:
    name = node.name
    if name in machine.terminal:
        return Choice(OVER, None, is_terminal=True)
    names = machine.declared(node)
    router = machine.routers.get(name)
    if router is not None:
        targets = machine.answers(name)
        answers = None if targets is None else {target: units[target] for target in targets}
        named = [*(names or ()), *(targets or ())]
        # What the state itself may name is what it or its router declares.
        declared = {target: units[target] for target in named} if named and answers is not None else None
        return Choice(OPEN, declared, router, answers)
    declared = None if names is None else {target: units[target] for target in names}
    if state_targets(node) is not None:
        return Choice(OPEN, declared, is_literal=True)
    always = next(iter(machine.always.get(name, ())), None)
    if always is not None:
        return Choice(units[always], declared)
    return Choice(OVER if declared is None else OPEN, declared)
