"""The cycles of a run: what one iteration hands to the next, and when it is the last one.

The order in which the ways to end are looked at is fixed: a failure, what the body said, nothing to go
round with, conditions, limits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fast_dag.plan.plan import Cycle
from fast_dag.run import lap_notes, limits
from fast_dag.run.asked import admission, decision, entrance
from fast_dag.run.following import following
from fast_dag.run.lap import Ending, Lap
from fast_dag.run.laps import Laps
from fast_dag.run.requests import Failure, Loop, Outcome, Request, Success, Watch
from fast_dag.run.resuming import LIMITS, is_kept, resume
from fast_dag.run.step import fetch
from fast_dag.run.told import OPEN
from fast_dag.run.wrapping import text_of
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun
    from fast_dag.run.deltas import Deltas

WITHOUT_OUTPUTS: Final = ("error", "violation", "not_entered")
"""Reasons after which nothing is handed on."""


class _Fault(NamedTuple):
    """What a function that decides about a cycle has raised."""

    error: Any


class Rounds(Laps):
    """The cycles of one run, and the way each of them takes."""

    def __init__(self, run: CyclicRun) -> None:
        super().__init__(run)
        self.are_looped = run.ledger.loops_plainly and run.outer is not None and not run.hooks
        """Whether cycles of plain calls are gone round as plain loops; the runner says so."""
        self._given_up: set[str] = set()
        """Those of them that a loop could not go round any further."""

    def through(self, freed: Iterable[int]) -> list[int]:
        """Pass through enter and leave units among the *freed*; the steps set free behind them."""
        steps: list[int] = []
        queue = deque(freed)
        while queue and not self._run.finished:
            unit = queue.popleft()
            lap = self._by_unit.get(unit)
            if lap is None:
                steps.append(unit)
                continue
            behind = self._arrive(lap) if unit == lap.cycle.enter else self._depart(lap)
            if behind is None:
                steps.append(unit)
            else:
                queue.extend(behind)
        return steps

    def questions(self, step: int) -> Generator[Request, Outcome, Success | Failure]:
        """What has to be asked at an enter or leave unit."""
        lap = self._by_unit[step]
        if lap.is_waiting:
            outcome = yield from entrance(self._run, lap)
        elif self._is_plain(lap):
            outcome = yield Loop(lap)
        elif step == lap.cycle.enter:
            outcome = yield from admission(self._run, lap)
        else:
            outcome = yield from decision(self._run, lap, self._settled)
        return Success(outcome.value if outcome.error is None else _Fault(outcome.error))

    def answered(self, step: int, answer: Any) -> list[int]:
        """Take what was answered at an enter or leave unit; the steps set free."""
        lap = self._by_unit[step]
        if lap.is_waiting:
            return self._let_in(lap, answer)
        if self._is_plain(lap):
            return self.through(self._looped(lap))
        if isinstance(answer, _Fault):
            # Of the cycle, not of a node: no error strategy is about it.
            self._run.stop(self.endings.failure(lap, answer.error, None, 0))
            return []
        if step == lap.cycle.leave:
            return self.through(self._go_on(lap, answer))
        when = _text_of(lap.cycle.config.when)
        if when and lap.ending is None and self._run.notes is not None:
            lap_notes.condition_checked(self._run, lap, when, result=bool(answer))
        if answer and lap.ending is None:
            return self.through(self._enter(lap))
        ending = lap.ending or Ending("exit" if lap.completed else "not_entered", when)
        return self.through(self._end(lap, ending))

    def bypass(self, enter: int, reason: str) -> None:
        """Note that a cycle is not entered, because what it needs from outside is not there."""
        lap = self._by_unit[enter]
        lap.ending, lap.policy, lap.completed, lap.outputs = Ending("not_entered", reason), None, 0, []
        for each in lap.cycle.emits:
            self._run.values[each.into] = NO_DATA

    def cut(self, lap: Lap, ending: Ending) -> list[int]:
        """End a cycle that is under way; its unfinished iteration is dropped.  The steps set free."""
        freed = self.through(self._end(lap, ending))
        run = self._run
        for unit in range(lap.cycle.enter + 1, lap.cycle.leave):
            if unit not in self._by_unit and not run.finished:
                run.showing.show_again(unit, run.values[run.plan.first + unit])
        return freed

    # Entering and leaving

    def _arrive(self, lap: Lap) -> list[int] | None:
        """The units behind the enter of a cycle; None if there is something to do there first."""
        lap.is_waiting = not lap.is_running and self._waits(lap)
        if lap.is_waiting:
            return None
        if not lap.is_running:
            self._begin(lap)
        if lap.ending is not None:
            return self._end(lap, lap.ending)
        self._fill_ports(lap)
        return None if lap.asks_before or self._is_plain(lap) else self._enter(lap)

    def _depart(self, lap: Lap) -> list[int] | None:
        """The units behind the leave of a cycle, or its enter; None if there is something to ask first."""
        self._complete(lap)
        ending = None if self._gathers(lap) else self.obvious(lap)
        if lap.asks_after(ending) or is_kept(self._run, lap):
            lap.found = ending
            return None
        return self._go_on(lap, ending or self._settled(lap, self.endings.judge))

    def _waits(self, lap: Lap) -> bool:
        """Whether the cycle is not entered at once.

        Somebody has to let it in (one inside another is let in with that), or steps before it are open where
        one is made after the other: their time is not that of the cycle.
        """
        run, before = self._run, lap.cycle.enter - 1
        is_asked = bool(run.ledger.admit) and self.is_outermost(lap)
        is_early = run.ledger.is_in_order and before >= 0 and run.state[before] == OPEN
        return (is_asked or is_early) and not lap.is_admitted

    def _let_in(self, lap: Lap, answer: Any) -> list[int]:
        if isinstance(answer, _Fault):
            self._run.stop(answer.error)
            return []
        lap.is_admitted = True
        return self.through([lap.cycle.enter])

    def _begin(self, lap: Lap) -> None:
        lap.begin(self._run.ledger.clock())
        lap.following = following(lap.cycle)
        lap.memory.metrics = None if lap.policy is None else lap.policy.metric_history
        for feedback in lap.cycle.feedback:
            if feedback.into >= 0:
                self._run.values[feedback.into] = NO_DATA
        if lap.deltas is not None:
            lap.deltas.begin(self._run.ledger.retained)
        resume(self._run, lap)
        if self._run.notes is not None:
            lap_notes.cycle_started(self._run, lap)
        if lap.deltas is not None and not lap.completed:
            lap.ending = self._settled(lap, self._seeded)
        if lap.completed and lap.ending is None:
            lap.ending = self.endings.limit(lap)
        timeout = lap.cycle.config.timeout_seconds
        if timeout is not None and lap.ending is None:
            left = timeout - (self._run.ledger.clock() - lap.started)
            ending = Ending("timeout", f"timeout_seconds={timeout:g}")
            self._run.ledger.watches.append((self._run, Watch(lap, left, lambda: ending)))
        limits.begin(self._run, lap)

    def _seeded(self, lap: Lap) -> Ending | None:
        """Give the delta variables of a cycle their seeds; why it ends at once, None if it does not."""
        deltas: Deltas = lap.deltas  # type: ignore[assignment]
        deltas.seed(self._lower)
        if deltas.is_waiting:
            return None
        deltas.take()
        return Ending("exit", "no_data") if deltas.is_exhausted else None

    def _gathers(self, lap: Lap) -> bool:
        """Bring what an iteration gave to its delta variables; whether a call must work out what is new."""
        deltas = lap.deltas
        if deltas is None or lap.is_excused or self.endings.has_failed(lap):
            return False
        self._settled(lap, lambda lap: deltas.bring(self.endings.brought(lap), lap.completed))
        return deltas.is_waiting and not self._run.finished

    def _enter(self, lap: Lap) -> list[int]:
        if self._run.notes is not None:
            lap_notes.iteration_started(self._run, lap)
        return self._pass(lap.cycle.enter)

    def _fill_ports(self, lap: Lap) -> None:
        values = self._run.values
        lap.attempts = self._run.tally.attempts[lap.cycle.enter : lap.cycle.leave]
        items = lap.following if lap.cycle.bounded is not None and lap.cycle.bounded.is_stream else None
        if items is not None:
            items.brought.clear()
        for port in lap.cycle.ports:
            if port.delta is not None:
                continue
            fed = next((values[slot] for slot in port.fed if values[slot] is not NO_DATA), NO_DATA)
            # What an edge from outside does not bring is found again, and told, where it is needed.
            is_gone = port.once and lap.completed
            value = self._lower(port.lower) if fed is NO_DATA and not is_gone else fed
            values[port.slot] = value if items is None else items.bring(value, is_fed=fed is not NO_DATA)
        if lap.deltas is not None:
            lap.deltas.fill(values)
        if lap.following is not None and lap.following.is_new and not lap.asks_deltas:
            lap.following.begin(values)

    def _lower(self, argument: Any) -> Any:
        values = self._run.values
        return (
            fetch(argument, self._run.plan.layouts[0], values) if argument.source else values[argument.slot]
        )

    def _complete(self, lap: Lap) -> None:
        """Note that an iteration has come to its end."""
        values = self._run.values
        if lap.is_excused or not self.endings.has_failed(lap):
            lap.completed += 1
            if not lap.is_passed_over:
                lap.outputs = [values[slot] for slot in lap.slots]
            if self._run.notes is not None:
                lap_notes.state_changed(self._run, lap)
            lap.exit = lap.memory.complete(lambda: self.endings.results(lap), lap.index)

    def _go_on(self, lap: Lap, ending: Ending | None) -> list[int]:
        """Go round again, or end."""
        if self._run.ledger.around is not None:
            ending = self._run.ledger.around.measured(self._run, lap, ending)
        if self._run.notes is not None:
            lap_notes.iteration_finished(self._run, lap)
        tell = self._run.ledger.tell_lap
        if tell is not None and not self._run.finished:
            tell(self._run, lap, ending)
        if ending is not None:
            return self._end(lap, ending)
        self._run.renew(lap.cycle)
        lap.is_excused = lap.is_passed_over = False
        lap.index += 1
        self._hand_back(lap)
        return [lap.cycle.enter]

    def hand_on(self, lap: Lap) -> None:
        """Lay what is fed back ready for the next iteration of a plain loop."""
        self._hand_back(lap)
        self._fill_ports(lap)

    def copies_whole(self, cycle: Cycle) -> bool:
        """Whether each feedback edge brings a whole value to an input that no other one feeds."""
        values = all(each.into >= 0 and not each.value.output for each in cycle.feedback)
        if cycle.has_delta:
            return False
        return values and all(len(port.fed) == 1 for port in cycle.ports)

    def _hand_back(self, lap: Lap) -> None:
        for feedback, value in zip(lap.cycle.feedback, lap.carried, strict=True):
            if feedback.into >= 0:
                self._run.values[feedback.into] = value

    def _end(self, lap: Lap, ending: Ending) -> list[int]:
        """Leave the cycle for good."""
        run, values = self._run, self._run.values
        lap.ending, lap.is_running = ending, False
        lap.memory.end()
        lap.seconds = run.ledger.clock() - lap.started
        if run.notes is not None:
            lap_notes.cycle_finished(run, lap)
        kept = lap.outputs if lap.completed and ending.reason not in WITHOUT_OUTPUTS else ()
        for slot, value in zip_longest(lap.slots, kept, fillvalue=NO_DATA):
            values[slot] = value  # type: ignore[index]
        if lap.following is not None:
            lap.following.deliver(values, is_dead=not kept)
        if lap.deltas is not None:
            lap.deltas.leave(values, is_kept=ending.reason not in WITHOUT_OUTPUTS)
        error = self.endings.at_limit(lap, ending) if ending.reason in LIMITS else None
        if error is not None:
            run.stop(error)
            return []
        self._close(lap)
        return self._pass(lap.cycle.leave)

    def _close(self, lap: Lap) -> None:
        """Settle what an iteration that does not come to its end has left open."""
        body = range(lap.cycle.enter + 1, lap.cycle.leave)
        ran = {unit for unit, value in zip(body, lap.outputs, strict=False) if value is not NO_DATA}
        self._run.close(lap.cycle, ran)
        for inner in self.laps:
            if inner.is_running and lap.cycle.enter < inner.cycle.enter < lap.cycle.leave:
                inner.is_running = False
                inner.seconds = self._run.ledger.clock() - inner.started
                inner.ending = Ending("cancelled", f"cycle {lap.cycle.name!r} ended")
                if self._run.notes is not None:
                    lap_notes.cycle_finished(self._run, inner)

    def _pass(self, unit: int) -> list[int]:
        run = self._run
        run.values[run.plan.first + unit] = True
        run.mark_done(unit)
        freed = run.spread(unit)
        run.settled(unit)
        return freed

    def _is_plain(self, lap: Lap) -> bool:
        """Whether the cycle is gone round as a plain loop."""
        is_known = self.are_looped and lap.cycle.name not in self._given_up
        is_told = self._run.ledger.tell_lap is not None
        is_called = lap.deltas is not None and lap.deltas.is_called
        is_open = not (lap.asks_before or is_told or is_called) and self._run.ledger.keeper is None
        return is_known and bool(lap.cycle.rows) and is_open and not self._run.flows.by_slot

    def _looped(self, lap: Lap) -> list[int]:
        """Go on where a plain loop has ended: behind the cycle, or within an iteration."""
        run, first = self._run, self._run.plan.first + lap.cycle.enter + 1
        rows = len(lap.cycle.rows)
        lap.index = lap.completed - (lap.made == rows)
        if lap.fault is not None:
            run.stop(self.endings.failure(lap, lap.fault, None, 0))
            return [] if lap.is_judged_by_user else self._end(lap, Ending("error", text_of(lap.fault)))
        if lap.made == rows:
            self._settled(lap, self.endings.last)
            return self._end(lap, lap.found or self._settled(lap, self.endings.limit) or Ending("exit"))
        made = range(lap.cycle.enter + 1, lap.cycle.enter + 1 + lap.made)
        values = run.values[first : first + lap.made]
        # What the iteration before has left there would be taken for results of this one.
        run.values[first : first + rows] = [NO_DATA] * rows
        lap.attempts = run.tally.attempts[lap.cycle.enter : lap.cycle.leave]
        # From here on it goes through the core.
        self._given_up.add(lap.cycle.name)
        freed = self._pass(lap.cycle.enter)  # that the iteration begins the loop has told
        for step, value in zip(made, values, strict=True):
            freed += run.done(step, value)
        return [step for step in freed if step not in made]

    def obvious(self, lap: Lap) -> Ending | None:
        """What ends the cycle whatever its conditions say; its metrics count all the same."""
        ending = self._settled(lap, self.endings.obvious)
        if ending is None or ending.reason == "error":
            return ending
        return self._settled(lap, self.endings.last) or ending

    def _settled(self, lap: Lap, decide: Callable[[Lap], Ending | None]) -> Ending | None:
        """What *decide* says of a cycle; what it raises ends the run."""
        try:
            return decide(lap)
        except Exception as error:  # noqa: BLE001 - a value may raise anything when it is compared
            self._run.stop(self.endings.failure(lap, error, None, 0))
            return Ending("error", text_of(error))


def _text_of(when: Any) -> str:
    """The text of a condition on inputs, or the name of its function."""
    if when is None or isinstance(when, str):
        return when or ""
    return str(getattr(when, "__name__", type(when).__name__))
