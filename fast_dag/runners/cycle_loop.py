"""A cycle of plain calls as a plain loop: the same as through the core, without its books."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fast_dag.errors import MissingOutputError
from fast_dag.plan.plan import GENERAL
from fast_dag.run.cyclic_run import CyclicRun
from fast_dag.run.following import Ask
from fast_dag.run.lap import Lap
from fast_dag.run.moment import ROUNDS, rounds_at
from fast_dag.run.requests import Outcome
from fast_dag.run.step import arguments
from fast_dag.run.streams import LAZY
from fast_dag.runners.calls import is_awaitable
from fast_dag.runners.row_loop import Interrupted
from fast_dag.values import NO_DATA, Converged

if TYPE_CHECKING:
    from fast_dag.runners.observed_cycle import ObservedCycle
    from fast_dag.runners.tape import Tape

SPECIAL = LAZY | {Converged}


def cycle_loop(  # noqa: C901, PLR0915 - as of its loop
    run: CyclicRun,
    lap: Lap,
    base: contextvars.Context,
    tape: Tape | ObservedCycle | None = None,
) -> tuple[Callable[[], Outcome | None], Callable[[], None]]:
    """The loop over the iterations of *lap*, which is about to begin one, and what stops it from any thread.

    When it ends *lap* tells how far it is: `lap.found` is why the cycle ends; or a node has given, or raised,
    what only the core can take, which is what the loop returns, or its arguments are not all there; then
    `lap.made` nodes came before it.
    A *tape* takes what is to be kept for a trace, or tells it.
    """
    clock = perf_counter if tape is None else tape.clock

    def loop() -> Outcome | None:  # noqa: C901, PLR0911, PLR0912, PLR0915 - each row kind, in one frame for speed
        copy, values, cycle = base.copy, run.values, lap.cycle
        first_unit, durations = cycle.enter + 1, run.tally.durations
        rows = [
            (*row, run.plan.first + unit, run.plan.names[unit], unit)
            for unit, row in enumerate(cycle.rows, first_unit)
        ]
        results, attempts = run.showing.results, run.tally.attempts
        ask: Ask | None = None if lap.policy is None else lap.policy.after
        config = cycle.config
        least, most = config.min_iterations, config.max_iterations or config.safety_cap
        rounds: Any = run.rounds
        # Whole values into inputs of their own are just copied.
        is_simple = rounds.copies_whole(cycle)
        carried = [(feedback.value.slot, feedback.into) for feedback in cycle.feedback]
        ports = [(port.slot, port.fed[0]) for port in cycle.ports] if is_simple else []
        is_idle = is_simple and lap.following is not None and lap.following.is_idle
        if is_idle and cycle.bounded is not None:
            ports.insert(0, (cycle.bounded.before, ports[0][0]))
        elif lap.following is not None:
            ask = lap.following.plainly(ask, values, [slot for slot, _ in carried] if is_simple else None)
        if tape is not None:
            ask = tape.asking(ask)
        has_delta = lap.deltas is not None
        ordinary: set[type] = set()
        usual: type | None = None
        completed, before = lap.completed, clock()
        begun = completed
        given: dict[str, Any] = {}
        last: dict[str, Any] = {}
        started = lap.started
        tells_time = run.plan.sees_context
        if tells_time:
            around = rounds_at(run, cycle.enter)
            # Not of a variable of this frame: what a lambda sees is slower for the loop.
            token = base.run(ROUNDS.set, lambda: (*around, lap.completed + 1))
        try:
            while True:
                given = {}
                for function, kind, first, second, slot, name, unit in rows:
                    if kind == 1:
                        value = copy().run(function, values[first])
                    elif kind == 2:  # noqa: PLR2004 - the number of arguments
                        value = copy().run(function, values[first], values[second])
                    elif kind == 0:
                        value = copy().run(function)
                    elif kind == GENERAL:
                        try:
                            args, kwargs = arguments(first, values)
                        except MissingOutputError:
                            return None  # the core finds it again, and asks the handlers
                        value = copy().run(function, *args, **kwargs)
                        del args, kwargs
                    else:
                        value = copy().run(function, *[values[slot] for slot in first])
                    if type(value) is not usual:
                        if type(value) not in ordinary:
                            is_odd = has_delta and hasattr(type(value), "__anext__")
                            if value is NO_DATA or type(value) in SPECIAL or is_odd or is_awaitable(value):
                                left = clock if tape is None else tape.left
                                return Outcome(value, duration=left() - before)
                            ordinary.add(type(value))
                        usual = type(value)
                    values[slot] = given[name] = value
                    # The clock is also the way to stop the loop: straight code has no other check.
                    now = clock()
                    durations[unit] += now - before
                    before = now
                completed += 1
                last = given
                if tells_time:
                    lap.completed = completed
                if results is not None:
                    results.update(given)
                if not is_simple:
                    try:
                        lap.found = rounds.taken(lap, completed)
                    except Exception as error:  # a part that is missing fails the cycle, not a node
                        lap.fault = error
                        return None
                    if lap.found is not None:
                        return None
                if ask is not None:
                    try:
                        found = ask(given, completed, before - started, completed < least)
                    except Exception as error:  # whatever a condition raises fails the cycle, not a node
                        lap.fault = error
                        return None
                    if found is not None:
                        lap.found = found
                        return None
                if completed >= most:
                    return None
                if not is_simple:
                    rounds.hand_on(lap)
                    continue
                for slot, into in carried:
                    values[into] = values[slot]
                for slot, into in ports:
                    values[slot] = values[into]
        finally:
            if tells_time:
                base.run(ROUNDS.reset, token)
            made = lap.made = len(given)
            lap.outputs = list(last.values())
            ran = completed - begun
            if is_idle and lap.following is not None:
                lap.following.catch_up(values, completed, is_whole=made == len(rows))
            lap.completed = completed
            for place in range(len(rows)):
                attempts[first_unit + place] += ran + (place < made < len(rows))

    def stop() -> None:
        nonlocal clock
        clock = _interrupt

    return loop, stop


def _interrupt() -> float:
    raise Interrupted
