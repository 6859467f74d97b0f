"""State machines beside a bare loop over a dict of functions that keeps a history."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from benchmarks.case import Case, Sides
from fast_dag import END, FSM

NAMES = ("first", "second", "third")


def cases(size: int = 10_000) -> list[Case]:
    """Costs of a step from one state to the next, over three states."""
    return [
        _case(f"machine, {size:,} steps over three states", lambda: _routed(size), size, most_ratio=6.0),
        _case(f"machine, {size:,} steps, the last 10 kept", lambda: _routed(size, history_limit=10), size),
        _case(f"machine, {size // 10:,} steps, watched", lambda: _watched(size // 10), size // 10),
    ]


def _case(name: str, make: Any, count: int, most_ratio: float | None = None) -> Case:
    return Case(
        name=name,
        make=make,
        count=count,
        unit="us",
        per=" a step",
        beside="dict dispatch",
        most_ratio=most_ratio,
    )


def _first(n: int) -> int:
    return n + 1


def _second(n: int) -> int:
    return n + 1


def _third(n: int) -> int:
    return n + 1


def _machine(size: int, **options: Any) -> FSM:
    fsm = FSM("machine", max_cycles=size + 3, **options)
    fsm.add_state("first", _first, initial=True, transitions=["second"])
    fsm.add_state("second", _second, transitions=["third"])
    fsm.add_state("third", _third)
    fsm.add_conditional_transition("third", _router(size), targets=["first", END])
    return fsm


def _router(size: int) -> Callable[[int], str]:
    return lambda n: END if n >= size else "first"


def _routed(size: int, **options: Any) -> Sides:
    fsm = _machine(size, **options)
    return Sides(lambda: fsm.run(n=0), lambda: _by_hand(size), lambda: fsm["third"])


def _watched(size: int) -> Sides:
    fsm = _machine(size)
    return Sides(
        lambda: fsm.run(n=0, observers=[lambda _: None]), lambda: _by_hand(size), lambda: fsm["third"]
    )


def _by_hand(size: int) -> int:
    """The same by two dicts: of functions, and of what follows them unless a function says so."""
    functions, after = {"first": _first, "second": _second, "third": _third}, dict(pairwise(NAMES))
    route = _router(size)
    history = []
    name, value = "first", 0
    while name != END:
        value = functions[name](value)
        history.append(name)
        name = after.get(name) or route(value)
    return value
