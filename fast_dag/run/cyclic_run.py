"""A run over cycles: ranges of its plan are gone through again, as `Rounds` decides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from fast_dag.errors import ExecutionError
from fast_dag.plan.plan import ENTER, Cycle, Plan
from fast_dag.run.context import Context
from fast_dag.run.frontier import Frontier
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.items import Gathering
from fast_dag.run.lap_notes import cycle_finished, left
from fast_dag.run.requests import NOTHING
from fast_dag.run.results import CycleResult
from fast_dag.run.resuming import replayed
from fast_dag.run.rounds import Rounds
from fast_dag.run.told import DEAD, DONE, EMPTY, FAILED, OPEN, skip_reason
from fast_dag.run.turn import Turn
from fast_dag.values import NO_DATA, Converged


class CyclicRun(GraphRun):
    """One execution of a plan with cycles."""

    goes_round = True

    def __init__(self, plan: Plan, values: list[Any], context: Context, **options: Any) -> None:
        super().__init__(plan, values, context, **options)
        self.rounds = Rounds(self)
        self._marks = {unit for cycle in plan.cycles for unit in (cycle.enter, cycle.leave)}
        """The units that are no nodes."""

    def opened(self, steps: list[int]) -> list[int]:
        """What is left of the first *steps*, of a run that goes on where another one was."""
        return replayed(self, steps)

    def through(self, freed: list[int]) -> list[int]:
        """Pass enter and leave units among the *freed*; the steps set free behind them."""
        return self.rounds.through(freed)

    def done(self, step: int, value: Any) -> list[int]:
        """Take the *value* of a step, or what was answered at an enter or leave; the steps set free."""
        if step in self._marks:
            return self.rounds.answered(step, value)
        return super().done(step, self.rounds.unwrapped(step, value) if type(value) is Converged else value)

    def failed(
        self,
        step: int,
        error: Exception,
        strategy: str | None = None,
        notes: Sequence[str] = (),
        marks: Mapping[str, Any] = NOTHING,
    ) -> list[int]:
        """Take the failure of a step; one that a template counts as an attempt only ends the iteration."""
        if strategy is not None or not self.rounds.excuses(step, error):
            return super().failed(step, error, strategy, notes, marks)
        self.state[step] = FAILED
        freed = self.spread(step)
        self.settled(step)
        return self.through(freed)

    def attempts_of(self, step: int) -> int:
        """How many attempts the node of *step* has made in this iteration."""
        return self.tally.attempts[step] - self.rounds.attempts_before(step)

    def blamed(self, step: int, error: Exception) -> Exception:
        """*error* as that of the node of *step*, and of the cycle around it."""
        return self.rounds.blamed(step, error)

    def skip(self, step: int) -> None:
        """Settle a unit that is not to run; with its enter a cycle."""
        self.state[step] = DEAD
        if self.plan.kinds[step] == ENTER:
            self.rounds.bypass(step, skip_reason(self, step))
        super().skip(step)

    def is_node(self, step: int) -> bool:
        """Whether a unit is a node."""
        return step not in self._marks

    def ended_before(self, source: int, target: int) -> str:
        """Why the cycle around *source* handed nothing on to *target* outside of it; empty if it did."""
        lap = self.rounds.outermost_between(source, target)
        if lap is None or lap.ending is None or lap.hands_on:
            return ""
        return f"cycle {lap.cycle.name!r} gave nothing ({lap.ending.reason})"

    def left_out(self, step: int) -> str:
        """Why a node of a cycle did not run, though nothing that it reads was missing."""
        if step in self.absent:
            return self.absent[step]
        lap = self.rounds.lap_of(step)
        if lap is None or lap.ending is None:
            return "its cycle ended before"
        reason = lap.ending.reason
        how = "was not entered" if reason == "not_entered" else f"ended before ({reason})"
        return f"cycle {lap.cycle.name!r} {how}"

    def loop_plainly(self) -> None:
        """Let cycles of plain calls be gone round as plain loops; a runner that can do so says it."""
        super().loop_plainly()
        self.rounds.are_looped = True

    def wants(self, step: int) -> bool:
        """Whether a step that was set free is still to be made: a cycle may have been left since."""
        return self.state[step] == OPEN and not self.rounds.is_closing(step)

    def cycle_results(self) -> dict[str, CycleResult]:
        """What each cycle that was reached has come to, by name."""
        return self.rounds.results() | super().cycle_results()

    def note_cycles(self) -> None:
        """Note the end of cycles that were under way when the run ended."""
        for lap in self.rounds.laps:
            if lap.is_running and self.notes is not None:
                cycle_finished(self, lap)
            elif lap.is_waiting:
                left(self, lap)

    def tell_error(self) -> None:
        """Have the error that ended the run tell of the cycle that was under way, if it tells of none."""
        lap = next((lap for lap in self.rounds.laps if lap.is_running), None)
        error = self.error
        if lap is not None and isinstance(error, ExecutionError) and getattr(error, "result", None) is None:
            vars(error)["result"] = self.rounds.endings.result(lap)

    def iteration(self, step: int) -> tuple[int, ...]:
        """The index of the current iteration of each cycle around *step*."""
        return self.rounds.iteration(step)

    def checking(self, step: int, checker: Any) -> Callable[..., Any]:
        """What is called for a *checker*: it knows about the cycle it decides about."""
        return self.rounds.checking(step, checker)

    def gathering(self, step: int) -> Gathering | None:
        """What makes a list of what a node gives, None if it is taken as it is."""
        return self.rounds.gathering(step)

    def turn(self, step: int) -> Turn:
        """What an attempt of a node that uses the cycle around it sees of that, and writes."""
        return self.rounds.turn(step) or super().turn(step)

    def keep_turn(self, step: int, index: tuple[int, ...], turn: Turn) -> None:
        """An attempt has succeeded, of a map node that for the element at *index*."""
        lap = self.rounds.lap_of(step)
        if turn.place.path and lap is not None:
            lap.memory.take(step, index, turn)

    def drop_turn(self, step: int) -> None:
        """A node has failed after all."""
        lap = self.rounds.lap_of(step)
        if lap is not None:
            lap.memory.drop(step)

    # What `Rounds` asks of the run

    def has_failed(self, unit: int) -> bool:
        """Whether *unit* has failed in this iteration, and nothing stands for its result."""
        return self.state[unit] == FAILED and self.values[self.plan.first + unit] is NO_DATA

    def has_run(self, unit: int) -> bool:
        """Whether *unit* has run to its end."""
        return self.state[unit] in (DONE, EMPTY)

    def mark_done(self, unit: int) -> None:
        """Note that a unit has been passed."""
        self.state[unit] = DONE

    def mark_given(self, unit: int) -> None:
        """Note that a node which gave nothing when it ran last has a result all the same."""
        if self.state[unit] == EMPTY:
            self.state[unit] = DONE
            self.tally.empty.discard(unit)

    def renew(self, cycle: Cycle) -> None:
        """Forget what the units of *cycle* did, nested cycles included."""
        units = range(cycle.enter, cycle.leave + 1)
        self.tally.skipped -= sum(self.state[unit] == DEAD and unit not in self._marks for unit in units)
        self.left += sum(self.state[unit] != OPEN for unit in units)
        self.frontier.reset(units)  # type: ignore[union-attr]
        for unit in units:
            self.state[unit] = OPEN
            self.values[self.plan.first + unit] = NO_DATA
            for slot in self.plan.branches.get(unit, {}).values():
                self.values[slot] = NO_DATA
        # Where nothing is left out the order would grow with every iteration.
        self.tally.forget(units)

    def close(self, cycle: Cycle, ran: Collection[int]) -> None:
        """Settle the units of *cycle* that are still open, all but its leave.

        Those that *ran* in the iteration before are not skipped.
        """
        frontier: Frontier = self.frontier  # type: ignore[assignment]
        for unit in range(cycle.enter, cycle.leave):
            if self.state[unit] == OPEN:
                frontier.start(unit)
                has_run = self.values[self.plan.first + unit] is not NO_DATA or unit in ran
                self.state[unit] = DONE if has_run else DEAD
                is_node = unit not in self._marks
                if has_run and is_node:
                    self.tally.order.append(unit)
                    self.tally.repeated -= 1
                else:
                    self.tally.skipped += is_node
                self.settled(unit)
        frontier.start(cycle.leave)
