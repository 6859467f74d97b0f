"""Run inputs: which slots they fill, which names nobody takes, which are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.errors import MissingInputError, UnknownOptionError, ValidationError
from fast_dag.plan.machine import MachinePlan
from fast_dag.plan.plan import Plan
from fast_dag.run.brief import brief
from fast_dag.run.context import Context
from fast_dag.values import NO_DATA
from fast_dag.workflow.machine_options import MACHINE_OPTION_NAMES
from fast_dag.workflow.options import OPTION_NAMES
from fast_dag.workflow.partial import fill_given


def merged(inputs: Mapping[str, Any] | None, node_inputs: Mapping[str, Any]) -> dict[str, Any]:
    """All run inputs; UnknownOptionError for a name given twice."""
    if inputs is not None and not isinstance(inputs, Mapping):
        msg = f"inputs must map names to values, got {brief(inputs)}: pass a dict, or keywords"
        raise ValidationError(msg)
    given = dict(inputs or {})
    strange = [name for name in given if not isinstance(name, str)]
    if strange:
        msg = f"inputs must map names to values, but {brief(strange[0])} is no name: give a string"
        raise ValidationError(msg)
    twice = [name for name in node_inputs if name in given]
    if twice:
        raise UnknownOptionError(
            [f"input {name!r} is given twice, in inputs= and as a keyword" for name in twice]
        )
    return {**given, **node_inputs}


def starting_values(
    plan: Plan, inputs: Mapping[str, Any], earlier: Context | None = None, *, complete: bool = True
) -> list[Any]:
    """The values a run of *plan* begins with, all of those it needs if *complete*.

    What comes from outside the plan is taken from run inputs, else from the results in *earlier*.

    Raises:
        UnknownOptionError: an input that no node takes, or that is given by two of its names.
        MissingInputError: required parameters without a value.
    """
    values = list(plan.base)
    own = {name: argument for name in inputs if (argument := _own_input(plan, name)) is not None}
    shared = {name: value for name, value in inputs.items() if name not in own}
    unknown = [name for name in shared if name not in plan.inputs]
    if unknown and not plan.catch_alls:
        raise UnknownOptionError([_unknown_input(plan, name) for name in unknown], plan.name)
    _fill_shared(values, plan, shared)
    going_round = _going_round(plan) if plan.catch_alls else set()
    for slot, unit in plan.catch_alls:
        taken = {argument.name for argument in plan.layouts[unit].arguments} | going_round
        values[slot] = {name: value for name, value in shared.items() if name not in taken}
    for name, (slot, key) in own.items():
        values[slot] = {**values[slot], key: inputs[name]} if key else inputs[name]
    if plan.given and earlier is not None:
        fill_given(values, plan.given, earlier)
    missing = missing_inputs(plan, values) if complete else []
    if missing:
        listed = ", ".join(f"{name!r} of {node!r}" for node, name in missing)
        msg = f"{plan.name!r} is missing inputs: {listed}; pass them to run, or connect them"
        raise MissingInputError(msg, missing[0][0])
    return values


def missing_inputs(plan: Plan, values: Sequence[Any]) -> list[tuple[str, str]]:
    """Node and name of each required input without a value."""
    return [
        (node, name) for slots, node, name in plan.needs if all(values[slot] is NO_DATA for slot in slots)
    ]


def _own_input(plan: Plan, name: str) -> tuple[int, str] | None:
    """Where the value of ``node.parameter`` lies, and its key there; None if *name* is no such thing."""
    node, dot, parameter = name.rpartition(".")
    if not dot or node not in plan.names or name in plan.inputs:
        return None
    unit = plan.names.index(node)
    layout = plan.layouts[unit]
    ports = {port.slot: port.lower for cycle in plan.cycles for port in cycle.ports}
    for argument in layout.arguments:
        if argument.name == parameter and not argument.injected:
            found = ports.get(argument.slot, argument)
            return None if found.source else (found.slot, "")
    return (layout.extras, parameter) if layout.extras >= 0 else None


def _fill_shared(values: list[Any], plan: Plan, given: Mapping[str, Any]) -> None:
    """Lay each value that is *given* where it is taken; an input of an iteration has two names."""
    names: dict[int, str] = {}
    for name, value in given.items():
        for slot in plan.inputs.get(name, ()):
            if names.setdefault(slot, name) != name:
                raise UnknownOptionError([_twice(plan, slot, names[slot], name)], plan.name)
            values[slot] = value


def _going_round(plan: Plan) -> set[str]:
    """The names of what a bounded iteration goes round with: only who names it gets it."""
    ports = {port.lower.slot for cycle in plan.cycles if cycle.bounded is not None for port in cycle.ports}
    return {name for name, slots in plan.inputs.items() if not ports.isdisjoint(slots)}


def _twice(plan: Plan, slot: int, first: str, second: str) -> str:
    taken = ((each.node, argument) for each in plan.layouts for argument in each.arguments)
    node, own = next((node, argument.name) for node, argument in taken if argument.slot == slot)
    text = f"input {own!r} of {node!r} is given twice, as {first!r} and as {second!r}"
    return f"{text}: give one of them, or '{node}.{own}' for this node alone"


def _unknown_input(plan: Plan, name: str) -> str:
    for layout in plan.layouts:
        for argument in layout.arguments:
            if argument.name == name and argument.source:
                return f"input {name!r} of {layout.node!r} is fed by {argument.source!r}; disconnect it first"
    is_machine = isinstance(plan, MachinePlan)
    options = MACHINE_OPTION_NAMES if is_machine else OPTION_NAMES
    text = f"no {'state' if is_machine else 'node'} of {plan.name!r} takes an input {name!r}"
    if name in options:
        return f"{text}, and this call has no such option"
    return text + suggestion(name, [*plan.inputs, *options])
