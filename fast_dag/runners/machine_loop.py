"""A machine as a plain loop, as far as its states are plain calls: the same as through the core."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from itertools import repeat
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from fast_dag.errors import MissingOutputError
from fast_dag.graph.machine import Router
from fast_dag.plan.machine import OPEN, OVER
from fast_dag.run.machine_run import MachineRun
from fast_dag.run.moves import read_move, routed_to
from fast_dag.run.requests import Outcome
from fast_dag.run.step import arguments
from fast_dag.runners.calls import drop, is_awaitable
from fast_dag.runners.row_loop import Interrupted
from fast_dag.values import NO_DATA, FSMReturn

if TYPE_CHECKING:
    from fast_dag.runners.observed_states import ObservedStates

GENERAL: Final = 2
"""Stands for a call whose arguments are gathered by its layout; below that it is their number."""
NEVER: Final = -1
"""Stands for a state that only the core can execute."""


def machine_loop(  # noqa: C901, PLR0915 - as of its loop
    run: MachineRun, stamps: list[float], base: contextvars.Context, watch: ObservedStates | None = None
) -> tuple[Callable[[], Outcome | None], Callable[[], None]]:
    """The loop over the states of *run*, and a function that stops it from any thread.

    The loop appends the time at which each state ended to *stamps*, or keeps only the last one if the
    run has a history limit.  It ends early where only the core can go on, with what the state gave if it
    was called.  Through *watch* those who watch are told of each.
    """
    clock = perf_counter if watch is None else watch.clock

    def loop() -> Outcome | None:  # noqa: C901, PLR0912, PLR0915 - each kind of call and of move, in one frame for speed
        copy, plan, track, values = base.copy, run.plan, run.track, run.values
        note, stamp = track.history.append, _stamping(run, stamps)
        results: Any = run.showing.results
        rows = [_row(run, unit, watch) for unit in range(len(plan.names))]
        usual: type | None = None
        ordinary: set[type] = set()
        unit: Any = plan.initial
        handed: Any = NO_DATA
        try:
            for _ in repeat(None) if run.cap is None else repeat(None, run.cap):
                track.at = unit
                function, kind, given, always, keep, name, choose = rows[unit]
                if kind == 1:
                    if handed is NO_DATA:
                        handed = values[given]
                        if handed is NO_DATA:
                            return None
                    value = copy().run(function, handed)
                elif kind == 0:
                    value = copy().run(function)
                elif kind == GENERAL:
                    if not _is_filled(run, unit, handed):
                        return None
                    args, kwargs = arguments(given, values)
                    value = copy().run(function, *args, **kwargs)
                    del args, kwargs
                else:
                    return None
                target, passed = always, value
                if type(value) is not usual:
                    if isinstance(value, FSMReturn):
                        value, target, passed, _ = read_move(plan, unit, value)
                    elif type(value) in ordinary:
                        usual = type(value)
                    elif value is NO_DATA or is_awaitable(value):
                        return Outcome(value)
                    else:
                        usual = type(value)
                        ordinary.add(usual)
                if target == OPEN:
                    router, answers = choose
                    if router is not None:
                        answer = copy().run(router, value)
                        if type(answer) is not str and is_awaitable(answer):
                            drop(answer)
                            return Outcome(value)  # the core asks again, and awaits
                        target = answers.get(answer) if type(answer) is str else None
                        if target is None:
                            target = routed_to(plan, unit, answer)
                    else:
                        value, target, passed, _ = read_move(plan, unit, value)
                keep(value)
                note(name)
                results[name] = value
                # The clock is also the way to stop the loop: straight code has no other check.
                stamp(clock())
                if target == OVER:
                    break
                unit, handed = target, passed
            run.go(target, passed)
        finally:
            run.handed = handed
            for each, count in enumerate(run.tally.attempts):
                run.tally.attempts[each] = max(count, track.visits(each))
        return None

    def stop() -> None:
        nonlocal clock
        clock = _interrupt

    return loop, stop


def _row(run: MachineRun, unit: int, watch: ObservedStates | None) -> Any:
    """What the loop has to know of a state; of one that only the core can execute, that."""
    plan = run.plan
    choice, layout, direct = plan.choices[unit], plan.layouts[unit], plan.direct[unit]
    router = choice.router
    if not plan.simple_calls[unit] or run.state_hooks or (router is not None and router.is_async):
        return None, NEVER, None, OPEN, None, "", None
    entries = plan.entries[unit]
    is_direct = direct is not None and len(direct) == len(entries) and not any(each.edge for each in entries)
    kind = len(entries) if is_direct and len(entries) <= 1 else GENERAL
    given = entries[0].given if kind == 1 else layout
    asks = None if router is None else _asking(router, run)
    choose = asks, choice.answers or plan.units
    function = plan.functions[unit] if watch is None else watch.telling(unit, plan.functions[unit])
    return (function, kind, given, choice.always, _keeping(run, unit), plan.names[unit], choose)


def _keeping(run: MachineRun, unit: int) -> Callable[[Any], None]:
    """What takes the values of a state; those that edges carry lie in their slots as well."""
    keep, slot, values = run.track.keeper(unit), run.plan.first + unit, run.values
    edges = [entry.edge for entries in run.plan.entries for entry in entries]
    if not any(edge is not None and edge.slot == slot for edge in edges):
        return keep

    def keep_both(value: Any) -> None:
        keep(value)
        values[slot] = value

    return keep_both


def _stamping(run: MachineRun, stamps: list[float]) -> Callable[[float], None]:
    """What takes the time at which a state ended."""
    if run.track.limit is None:
        return stamps.append

    def add(now: float) -> None:
        run.tally.durations[run.track.at] += now - stamps[-1]
        stamps[-1] = now

    return add


def _is_filled(run: MachineRun, unit: int, handed: Any) -> bool:
    """Whether a state has all it is called with; what is missing the core finds again, and says."""
    try:
        return not run.fill(unit, handed)
    except MissingOutputError:
        return False


def _asking(router: Router, run: MachineRun) -> Callable[[Any], Any]:
    """*router* as it is called with a result."""
    function = router.function
    return (lambda value: function(value, run.context)) if router.takes_context else function


def _interrupt() -> float:
    raise Interrupted
