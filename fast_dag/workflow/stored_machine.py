"""What a document holds of the states of a machine, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fast_dag.graph.machine import ALWAYS, Machine
from fast_dag.workflow.document import held, mismatch, place_of_errors, table, texts, wrong
from fast_dag.workflow.fsm import FSM

Entry = dict[str, Any]
Function = Callable[..., Any]
NameOf = Callable[[Function, str], str]
"""Gives the name of a function, which is told where the function stands."""
FunctionOf = Callable[[Any, str], Any]
"""Gives the function called so, which is told where the name stands."""

LIMITS = {"max_cycles": int, "on_limit": str, "history_limit": int}
KEYS = frozenset({"initial", "terminal", "transitions", "routers", "state_hooks", *LIMITS})
"""The keys of a workflow's table that a machine has, and a DAG has not."""
TRANSITION, CONDITION = frozenset({"source", "target"}), frozenset({"condition"})
ROUTER, TARGETS = frozenset({"state", "function"}), frozenset({"targets"})


class RouterSketch(NamedTuple):
    """A router, which may not be able to be one."""

    state: str
    function: Any
    targets: list[str] | None


@dataclass(slots=True)
class MachineSketch:
    """The states of one machine, looked at and not made; those that are named may not exist."""

    place: str
    initial: list[str] = field(default_factory=list)
    terminal: list[str] = field(default_factory=list)
    transitions: list[tuple[str, str, str]] = field(default_factory=list)
    routers: list[RouterSketch] = field(default_factory=list)
    hooks: list[Any] = field(default_factory=list)


def machine_entry(fsm: FSM, name_of: NameOf, where: str) -> Entry:
    """What is stored of the states of *fsm*, by the keys of its table; None where there is nothing.

    Raises:
        DocumentError: something else than a text stands for a state or a condition, or it has cycles
            of edges, which mean something in a DAG only.
    """
    if fsm.drawing.cycles or fsm.drawing.cycles.ended:
        raise wrong(
            where, "a state machine has transitions in the place of feedback edges and ended branches"
        )
    machine = fsm.machine
    return {
        "initial": _names(machine.initial, f"the initial state of {where}") or None,
        "terminal": _names(machine.terminal, f"the terminal states of {where}") or None,
        "transitions": _transitions(machine, where) or None,
        "routers": [_router(machine, state, name_of, where) for state in machine.routers] or None,
        "max_cycles": fsm.own_max_cycles,
        "on_limit": None if fsm.on_limit == "raise" else fsm.on_limit,
        "history_limit": fsm.history_limit,
        "state_hooks": [name_of(hook, f"a state hook of {where}") for hook in fsm.state_hooks] or None,
    }


def limits(entry: Entry, place: str) -> Entry:
    """The options of a machine in its table, each of the right type."""
    return {key: held(entry, key, wanted, place) for key, wanted in LIMITS.items() if key in entry}


def machine_sketch(entry: Entry, place: str, function_of: FunctionOf) -> MachineSketch:
    """The states in the table of a machine, every type right and every function looked up."""
    transitions = held(entry, "transitions", list, place, [])
    routers = held(entry, "routers", list, place, [])
    return MachineSketch(
        place,
        _once(texts(entry, "initial", place), f"{place}.initial"),
        _once(texts(entry, "terminal", place), f"{place}.terminal"),
        [_transition(each, f"{place}.transitions[{index}]") for index, each in enumerate(transitions)],
        [
            _router_sketch(each, f"{place}.routers[{index}]", function_of)
            for index, each in enumerate(routers)
        ],
        [
            function_of(name, f"{place}.state_hooks[{index}]")
            for index, name in enumerate(texts(entry, "state_hooks", place))
        ],
    )


def declare_machine(fsm: FSM, sketch: MachineSketch) -> None:
    """Declare in *fsm* what *sketch* says of its states.

    A name that no state has is left to `validate`, as it is when a machine is built by hand.

    Raises:
        DocumentError: a transition stands twice, or a router cannot be one.
    """
    machine = fsm.machine
    machine.initial, machine.terminal = dict.fromkeys(sketch.initial), dict.fromkeys(sketch.terminal)
    for index, (source, target, condition) in enumerate(sketch.transitions):
        place = f"{sketch.place}.transitions[{index}]"
        known = machine.always if condition == ALWAYS else machine.named
        if target in known.get(source, ()):
            raise wrong(place, f"there is a transition {source!r} -> {target!r} already")
        with place_of_errors(place):
            fsm.add_transition(source, target, condition)
    for index, router in enumerate(sketch.routers):
        with place_of_errors(f"{sketch.place}.routers[{index}]"):
            fsm.add_conditional_transition(router.state, router.function, targets=router.targets)
    for hook in sketch.hooks:
        with place_of_errors(f"{sketch.place}.state_hooks"):
            fsm.add_state_hook(hook)


def _transitions(machine: Machine, where: str) -> list[Entry]:
    place = f"a transition in {where}"
    found = [
        {"source": _text(source, place), "target": _text(target, place)}
        for source, targets in machine.always.items()
        for target in targets
    ]
    found += [
        {"source": _text(source, place), "target": _text(target, place), "condition": _text(condition, place)}
        for source, targets in machine.named.items()
        for target, condition in targets.items()
    ]
    return found


def _router(machine: Machine, state: str, name_of: NameOf, where: str) -> Entry:
    router, place = machine.routers[state], f"the router of state {state!r} in {where}"
    entry: Entry = {"state": _text(state, place), "function": name_of(router.function, place)}
    return entry if router.targets is None else entry | {"targets": _names(router.targets, place)}


def _names(names: Any, place: str) -> list[str]:
    return [_text(name, place) for name in names]


def _text(value: Any, place: str) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    raise mismatch(value, str, place)


def _transition(value: Any, place: str) -> tuple[str, str, str]:
    entry = table(value, place, TRANSITION, CONDITION)
    source, target = (held(entry, key, str, place) for key in ("source", "target"))
    return source, target, held(entry, "condition", str, place, ALWAYS)


def _router_sketch(value: Any, place: str, function_of: FunctionOf) -> RouterSketch:
    entry = table(value, place, ROUTER, TARGETS)
    targets = texts(entry, "targets", place) if "targets" in entry else None
    state = held(entry, "state", str, place)
    return RouterSketch(state, function_of(entry["function"], f"{place}.function"), targets)


def _once(names: list[str], place: str) -> list[str]:
    if len(set(names)) < len(names):
        raise wrong(place, "a state stands there twice")
    return names
