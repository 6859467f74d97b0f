"""What a step's number stands for: its arguments, and how its answer is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fast_dag.errors import ConditionError, MissingOutputError, RouterError
from fast_dag.graph.edge import RESULT_OR_WHOLE, WHOLE
from fast_dag.plan.plan import Argument, Layout, Plan
from fast_dag.run.brief import brief
from fast_dag.run.streams import Stream
from fast_dag.values import NO_DATA, ConditionalReturn, NodeType, SelectReturn

if TYPE_CHECKING:
    from fast_dag.run.cycle_context import CycleContext


MOST_KEYS: Final = 20
"""Of a mapping that lacks one; of more there is the number."""


class Route(NamedTuple):
    """The answer of a router: the branch, what that branch receives, what the router itself shows."""

    branch: str
    value: Any
    shown: Any


def arguments(
    layout: Layout, values: list[Any], winner: int | None = None
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments to call a unit's function with.

    *winner* is the slot that set an any node free; its other sources count as absent.

    Raises:
        MissingOutputError: an edge asks for a part that the value does not have.
    """
    positional: list[Any] = []
    named: dict[str, Any] = dict(values[layout.extras]) if layout.extras >= 0 else {}
    for argument in layout.arguments:
        value = _value(argument, layout, values, winner)
        if not argument.keyword:
            positional.append(value)
        # A function that takes any name can do without this one.
        elif value is not NO_DATA or layout.extras < 0:
            named[argument.keyword] = value
    return positional, named


def named_inputs(layout: Layout, values: list[Any], winner: int | None = None) -> dict[str, Any]:
    """The inputs of a unit by name, without what the run injects."""
    given = dict(values[layout.extras]) if layout.extras >= 0 else {}
    named = given | {
        argument.name: _value(argument, layout, values, winner)
        for argument in layout.arguments
        if not argument.injected
    }
    # Nothing came for an open input of a workflow inside, which has defaults of its own.
    return {name: value for name, value in named.items() if value is not NO_DATA}


def spread(
    layout: Layout, inputs: Mapping[str, Any], context: Any, cycle: CycleContext | None = None
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments to call a unit's function with, from its *inputs* by name."""
    positional: list[Any] = []
    named = dict(inputs)
    for argument in layout.arguments:
        if not argument.injected:
            value = named.pop(argument.name, argument.default)
        elif cycle is None:
            value = context
        else:
            value = {"CycleContext": cycle, "CycleState": cycle.cycle_state}.get(argument.injects, context)
        if not argument.keyword:
            positional.append(value)
        # As above.
        elif value is not NO_DATA or layout.extras < 0:
            named[argument.keyword] = value
    return positional, named


def read_route(plan: Plan, step: int, answer: Any, first_input: Any) -> Route:
    """Which branch the *answer* of a router takes, and what is passed on.

    Raises:
        ConditionError: the answer is of no type that a router may give.
        RouterError: there is no such branch.
    """
    node = plan.nodes[step]
    if node.node_type is NodeType.CONDITIONAL:
        return _read_condition(node.name, answer, first_input)
    if not isinstance(answer, SelectReturn):
        msg = f"select node {node.name!r} must return a SelectReturn, got {brief(answer)}"
        raise ConditionError(msg, node.name)
    wired = plan.branches[step]
    if isinstance(answer.branch, str) and answer.branch in (*wired, *node.declared_outputs):
        return Route(answer.branch, answer.value, answer.value)
    if "default" in wired:
        return Route("default", answer.value, answer.value)
    known = tuple(dict.fromkeys([*node.declared_outputs, *wired]))
    listed = ", ".join(known) or "none"
    msg = f"{node.name!r} chose the unknown branch {brief(answer.branch)}; branches: {listed}"
    raise RouterError(msg, node.name, answer.branch, known)


def part_of(value: Any, argument: Argument) -> Any:
    """The part of *value* an edge asks for, `NO_DATA` if there is none."""
    if argument.output == RESULT_OR_WHOLE:
        return value.get(WHOLE, value) if isinstance(value, Mapping) else value
    if isinstance(value, Mapping):
        return value.get(argument.output, NO_DATA)
    fields = _fields_of(value)
    if fields:
        return getattr(value, argument.output, NO_DATA) if argument.output in fields else NO_DATA
    if isinstance(value, tuple | list) and 0 <= argument.position < len(value):
        return value[argument.position]
    return NO_DATA


def _read_condition(name: str, answer: Any, first_input: Any) -> Route:
    if isinstance(answer, ConditionalReturn):
        holds = _truth(name, answer.condition)
        return Route("true" if holds else "false", answer.value, answer.value)
    holds = _truth(name, answer)
    passed = holds if first_input is NO_DATA else first_input
    return Route("true" if holds else "false", passed, holds)


def _truth(name: str, answer: Any) -> bool:
    # NumPy's bool is known by its name: this library does not import NumPy.
    if isinstance(answer, bool) or (type(answer).__name__ in ("bool_", "bool") and hasattr(answer, "item")):
        return bool(answer)
    msg = f"condition {name!r} must return a bool or a ConditionalReturn, got {brief(answer)}"
    raise ConditionError(msg, name)


def _value(argument: Argument, layout: Layout, values: list[Any], winner: int | None) -> Any:
    if layout.collect and not argument.injected:
        return _collected(layout, values, winner)
    if winner is not None and argument.source and argument.slot != winner:
        return argument.default
    return fetch(argument, layout, values)


def fetch(argument: Argument, layout: Layout, values: list[Any]) -> Any:
    """What lies ready for *argument*, its default if nothing does.

    Raises:
        MissingOutputError: an edge asks for a part that the value does not have.
    """
    value = values[argument.slot]
    if value is NO_DATA:
        return argument.default
    if isinstance(value, Stream):
        return value.reader(layout.node)
    if not argument.output:
        return value
    part = part_of(value, argument)
    if part is NO_DATA:
        if argument.optional:
            return argument.default
        msg = (
            f"{argument.source!r} gave no output {argument.output!r}, which {layout.node!r} needs; "
            f"it gave {_shown_parts(value)}"
        )
        raise MissingOutputError(msg, layout.node)
    return part


def _collected(layout: Layout, values: list[Any], winner: int | None) -> Any:
    live = [
        (source.name, fetch(source, layout, values))
        for source in layout.sources
        if (source.slot == winner if winner is not None else values[source.slot] is not NO_DATA)
    ]
    found = [(name, value) for name, value in live if value is not NO_DATA]
    if winner is not None:
        found = found[:1]
    if layout.collect == "dict":
        return dict(found)
    if layout.collect == "list" or len(found) > 1:
        return [value for _, value in found]
    return found[0][1] if found else None


def _fields_of(value: Any) -> Collection[str]:
    """The fields of a NamedTuple or dataclass; its methods are no outputs."""
    kind: Any = type(value)
    fields: Collection[str] = getattr(kind, "_fields", ()) or getattr(kind, "__dataclass_fields__", ())
    return fields


def _shown_parts(value: Any) -> str:
    if isinstance(value, Mapping):
        shown = [brief(key) for key in islice(value, MOST_KEYS)]
        more = [] if len(value) <= MOST_KEYS else [f"{len(value) - MOST_KEYS} more"]
        return "a mapping with " + (", ".join([*shown, *more]) or "no keys")
    fields = _fields_of(value)
    if fields:
        return f"a {type(value).__name__} with {', '.join(fields)}"
    size = f" of {len(value)}" if isinstance(value, tuple | list) else ""
    return f"a {type(value).__name__}{size}"
