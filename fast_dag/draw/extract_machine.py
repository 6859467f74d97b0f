"""A machine, and maybe what a run made of it, as boxes and lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from fast_dag.draw.extract import box_of
from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.outcome import NOT_RUN, Outcomes
from fast_dag.draw.picture import Box, Line, Picture, Shape
from fast_dag.draw.wording import printable
from fast_dag.graph.binding import takes_whole
from fast_dag.graph.edge import Edge
from fast_dag.graph.graph import Graph
from fast_dag.graph.machine import ALWAYS, Machine, state_targets
from fast_dag.graph.node import Node
from fast_dag.graph.ways_out import shown
from fast_dag.run.context import Context
from fast_dag.run.fsm_context import FSMContext
from fast_dag.values import END

AnyNode = Node[..., Any]

START = Box(key="start", lines=("start",), shape=Shape.START)
OVER = Box(key="over", lines=("END",), shape=Shape.OVER)
ANYWHERE = Box(key="anywhere", lines=("?",), shape=Shape.UNKNOWN)
"""Stands for what a state or router may choose that does not declare its targets."""


class Move(NamedTuple):
    """A way from a state to *target*, None for any state; *chosen* or taken whatever the result is."""

    target: str | None
    label: str = ""
    chosen: bool = True


def machine_picture(
    graph: Graph, machine: Machine, context: Context, options: VisualizationOptions
) -> Picture:
    """The picture of *machine*, whose states are in *graph*; see `picture_of`."""
    keys = {name: f"n{number}" for number, name in enumerate(_names(graph, machine))}
    targets: dict[str | None, str] = {None: ANYWHERE.key}
    targets.update(keys)
    targets[END] = OVER.key
    lines = [Line(source=START.key, target=keys[name]) for name in machine.initial]
    for name, key in keys.items():
        # Once each: an annotation may repeat what a transition says.
        for move in dict.fromkeys(_moves(graph, machine, name)):
            text = printable(move.label)
            lines.append(Line(source=key, target=targets[move.target], label=text, dashed=move.chosen))
    used = {key for line in lines for key in (line.source, line.target)}
    lines += [_value(graph, edge, keys, options) for edge in graph.edges]
    return Picture(
        title=printable(graph.name),
        boxes=(
            *_states(graph, machine, keys, context, options),
            *(box for box in (START, OVER, ANYWHERE) if box.key in used),
        ),
        lines=tuple(lines),
        is_machine=True,
    )


def _names(graph: Graph, machine: Machine) -> list[str]:
    """The states, and after them the names that no state has."""
    named = [*machine.initial, *machine.terminal]
    for each in machine.transitions(graph.nodes):
        targets = each.targets or () if each.target is None else (each.target,)
        named += [each.source, *(target for target in targets if target != END)]
    return list(dict.fromkeys([*graph.nodes, *named]))


def _states(
    graph: Graph,
    machine: Machine,
    keys: Mapping[str, str],
    context: Context,
    options: VisualizationOptions,
) -> Iterator[Box]:
    outcomes = Outcomes(context, options.max_text) if options.show_results else None
    visits = context.visits if isinstance(context, FSMContext) and outcomes else {}
    for name, key in keys.items():
        if name not in graph.nodes:
            yield Box(key=key, lines=(printable(str(name)), "no such state"), shape=Shape.UNKNOWN)
            continue
        state, note = outcomes.of(name) if outcomes else NOT_RUN
        times = visits.get(name, 0)
        note += f" ({times} times)" if times > 1 else ""
        ends = {"entry": name in machine.initial, "exit": name in machine.terminal}
        yield box_of(graph.nodes[name], key, options, (state, note), **ends)


def _moves(graph: Graph, machine: Machine, name: str) -> Iterable[Move]:
    """Where a run may go from the state *name*; what a terminal state declares is never taken."""
    node = graph.nodes.get(name)
    if name in machine.terminal:
        return [Move(END, chosen=False)]
    if node is None or machine.declared(node) is not None or name in machine.routers:
        return _declared(machine, name, node)
    return [Move(None)] if machine.outgoing(node).is_router else [Move(END, chosen=False)]


def _declared(machine: Machine, name: str, node: AnyNode | None) -> Iterator[Move]:
    router = machine.routers.get(name)
    answers = () if node is None else state_targets(node) or ()
    for target in machine.always.get(name, ()):
        # A router, and a state that returns a name, come before it.
        is_chosen = router is not None or bool(answers)
        yield Move(target, ALWAYS if is_chosen else "", is_chosen)
    for target, condition in machine.named.get(name, {}).items():
        yield Move(target, shown(condition))
    for target in answers:
        yield Move(target, shown(target))
    if router is not None:
        yield from (Move(target, router.name) for target in router.targets or ())
        if node is None or machine.outgoing(node).declared is None:
            yield Move(None, router.name)


def _value(graph: Graph, edge: Edge, keys: Mapping[str, str], options: VisualizationOptions) -> Line:
    """An edge, which brings a parameter the latest result of another state."""
    is_part = options.show_outputs and not takes_whole(graph.nodes[edge.source], edge.output)
    names = [edge.output] if is_part else []
    names += [edge.input] if options.show_inputs else []
    label = printable(" → ".join(names))
    return Line(source=keys[edge.source], target=keys[edge.target], label=label, dotted=True)
