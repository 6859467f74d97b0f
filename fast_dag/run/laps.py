"""The cycles of a run as a step sees them: which is around it, what it may know of that, and say to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from fast_dag.plan.plan import Cycle
from fast_dag.run.endings import Endings
from fast_dag.run.items import Gathering
from fast_dag.run.lap import Lap
from fast_dag.run.lap_notes import name_of
from fast_dag.run.results import CycleResult
from fast_dag.run.turn import Turn
from fast_dag.run.wrapping import wrap
from fast_dag.values import Converged

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun


class Laps:
    """The cycles of one run."""

    def __init__(self, run: CyclicRun) -> None:
        self._run = run
        self.laps = [
            Lap(cycle, _slots_of(run, cycle), _path_to(cycle, run.plan.cycles)) for cycle in run.plan.cycles
        ]
        self._outermost_first = sorted(self.laps, key=lambda lap: lap.cycle.enter)
        self.endings = Endings(run)
        self._by_unit = {unit: lap for lap in self.laps for unit in (lap.cycle.enter, lap.cycle.leave)}

    def lap_of(self, unit: int) -> Lap | None:
        """The innermost cycle whose body holds *unit*, or that has it as enter or leave."""
        found = [lap for lap in self.laps if lap.cycle.enter <= unit <= lap.cycle.leave]
        return max(found, key=lambda lap: lap.cycle.enter, default=None)

    def outermost_between(self, source: int, target: int) -> Lap | None:
        """The outermost cycle that holds *source* and not *target*."""
        found = (lap.cycle for lap in self._outermost_first if lap.cycle.enter <= source <= lap.cycle.leave)
        around = next((each for each in found if not each.enter <= target <= each.leave), None)
        return None if around is None else self._by_unit[around.enter]

    def is_outermost(self, lap: Lap) -> bool:
        """Whether a cycle lies in no other one, of the runs around this one neither."""
        if len(lap.memory.path) > 1:
            return False
        run: Any = self._run
        while run.outer is not None:
            step, run = run.outer_step, run.outer
            if run.goes_round and run.rounds.lap_of(step) is not None:
                return False
        return True

    def checking(self, step: int, checker: Any) -> Callable[..., Any]:
        """*checker*, which knows about the cycle around *step*, if there is one."""
        lap = self.lap_of(step)
        if lap is None:
            return checker  # type: ignore[no-any-return]
        kept = lap.kept.setdefault(self._run.plan.names[step], {})
        return checker.called_in(self.endings.sight(lap), kept)  # type: ignore[no-any-return]

    def turn(self, step: int) -> Turn | None:
        """What an attempt of *step* sees of the cycle around it, and writes; None outside of cycles."""
        lap, ledger = self.lap_of(step), self._run.ledger
        if lap is None:
            return None
        return lap.memory.turn(self._run.plan.names[step], lap.index, lap.started, ledger)

    def gathering(self, step: int) -> Gathering | None:
        """What makes a list of what a node gives, if that goes round as items."""
        bounded, following = self.laps[0].cycle.bounded, self.laps[0].following
        if bounded is None or following is None or not bounded.is_stream:
            return None
        slot, name = self._run.plan.first + step, self._run.plan.names[step]
        if bounded.output.slot == slot and not bounded.output.output:
            return following.gathering(name, must=True)
        is_signal = bounded.signal is not None and bounded.signal.slot == slot and not bounded.signal.output
        return following.gathering(name, must=False) if is_signal else None

    def unwrapped(self, step: int, value: Converged) -> Any:
        """What a node gave that says its cycle has converged."""
        lap = self.lap_of(step)
        if lap is not None:
            lap.signal = value.value
        return value.value

    def is_closing(self, step: int) -> bool:
        """Whether a cycle around *step* is to end, so that nothing more of it begins."""
        closing = (lap.cycle for lap in self.laps if lap.closing is not None and lap.is_running)
        return any(cycle.enter <= step < cycle.leave for cycle in closing)

    def iteration(self, step: int) -> tuple[int, ...]:
        """The index of the current iteration of each cycle around *step*, the outermost first."""
        return tuple(lap.index for lap in self._outermost_first if lap.cycle.enter < step < lap.cycle.leave)

    def results(self) -> dict[str, CycleResult]:
        """What each cycle that was reached has come to, by name."""
        return {lap.cycle.name: self.endings.result(lap) for lap in self.laps if lap.ending or lap.is_running}

    def excuses(self, step: int, error: Exception) -> bool:
        """Whether the failure of *step* only ends the iteration: its template says so, or one who watches."""
        lap = self.lap_of(step)
        if lap is None or step in (lap.cycle.enter, lap.cycle.leave):
            return False
        if lap.course is not None and lap.course.absorbs(error):
            lap.is_excused = True
        elif any(excuses(name_of(self._run, lap), error) for excuses in self._run.ledger.excuses):
            lap.is_excused = lap.is_passed_over = True
        return lap.is_excused

    def attempts_before(self, step: int) -> int:
        """How many attempts the node of *step* has made in earlier iterations."""
        lap = self.lap_of(step)
        return 0 if lap is None or not lap.attempts else lap.attempts[step - lap.cycle.enter]

    def blamed(self, step: int, error: Exception) -> Exception:
        """*error* as that of the cycle around *step*."""
        lap, path, attempts = self.lap_of(step), self._run.path_of(step), self._run.attempts_of(step)
        if lap is None:
            return wrap(error, path, attempts)
        return self.endings.failure(lap, error, path, attempts)


def _path_to(cycle: Cycle, cycles: Iterable[Cycle]) -> list[str]:
    """The names of the cycles around *cycle*, and its own."""
    around = [each for each in cycles if each.enter <= cycle.enter and cycle.leave <= each.leave]
    return [each.name for each in sorted(around, key=lambda each: each.enter)]


def _slots_of(run: CyclicRun, cycle: Cycle) -> list[int]:
    plan = run.plan
    units = range(cycle.enter + 1, cycle.leave)
    branches = [slot for unit in units for slot in plan.branches.get(unit, {}).values()]
    inside = [each for each in plan.cycles if cycle.enter < each.enter < cycle.leave]
    lists = [each.into for inner in inside for each in inner.emits]
    facts = [port.facts for inner in inside for port in inner.ports if port.facts >= 0]
    return [*(plan.first + unit for unit in units), *branches, *lists, *facts]
