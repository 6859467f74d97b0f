"""The cycles of a run: which way each takes behind an iteration, round again or out.

The order in which the ways to end are looked at is fixed: a failure, what the body said, nothing to go
round with, conditions, limits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from fast_dag.run import lap_notes
from fast_dag.run.asked import admission, decision, entrance
from fast_dag.run.lap import Ending, Lap
from fast_dag.run.passing import Passing
from fast_dag.run.requests import Failure, Loop, Outcome, Request, Success
from fast_dag.run.resuming import is_kept
from fast_dag.run.told import OPEN
from fast_dag.run.wrapping import text_of
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun


class _Fault(NamedTuple):
    """What a function that decides about a cycle has raised."""

    error: Any


class Rounds(Passing):
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
        lap.ending, lap.policy, lap.completed = Ending("not_entered", reason), None, 0
        lap.outputs, lap.latest = [], []
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
            self._run.stop_all(answer.error)
            return []
        lap.is_admitted = True
        return self.through([lap.cycle.enter])

    def _gathers(self, lap: Lap) -> bool:
        """Bring what an iteration gave to its delta variables; whether a call must work out what is new."""
        deltas = lap.deltas
        if deltas is None or lap.is_excused or self.endings.has_failed(lap):
            return False
        self._settled(lap, lambda lap: deltas.bring(self.endings.brought(lap), lap.completed))
        return deltas.is_waiting and not self._run.finished

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

    def _is_plain(self, lap: Lap) -> bool:
        """Whether the cycle is gone round as a plain loop."""
        is_known = self.are_looped and lap.cycle.name not in self._given_up
        is_told = self._run.ledger.tell_lap is not None
        is_called = lap.deltas is not None and lap.deltas.is_called
        is_open = not (lap.asks_before or is_told or is_called) and self._run.ledger.keeper is None
        return is_known and self._has_rows(lap) and is_open and not self._run.flows.by_slot

    def _has_rows(self, lap: Lap) -> bool:
        """Whether a plain loop can make its calls; observed ones may lack no argument."""
        run, cycle = self._run, lap.cycle
        if run.notes is None or not run.ledger.is_observed:
            return bool(cycle.rows)
        layouts = run.plan.layouts[cycle.enter + 1 : cycle.leave]
        # Only after its node has been told to start would it be found that a part is missing.
        has_parts = any(argument.output for layout in layouts for argument in layout.arguments)
        return bool(cycle.rows) and not has_parts

    def _looped(self, lap: Lap) -> list[int]:
        """Go on where a plain loop has ended: behind the cycle, or within an iteration."""
        run, first = self._run, self._run.plan.first + lap.cycle.enter + 1
        rows = len(lap.cycle.rows)
        lap.index = lap.completed - (lap.made == rows)
        if lap.fault is not None:
            run.stop(self.endings.failure(lap, lap.fault, None, 0))
            if lap.is_judged_by_user:
                run.close(lap.cycle, ())
                return []
            return self._end(lap, Ending("error", text_of(lap.fault)))
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


def _text_of(when: Any) -> str:
    """The text of a condition on inputs, or the name of its function."""
    if when is None or isinstance(when, str):
        return when or ""
    return str(getattr(when, "__name__", type(when).__name__))
