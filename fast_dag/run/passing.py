"""How a run passes the two ends of a cycle: what is laid ready there, taken up, and handed on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from fast_dag.plan.plan import ANY, TASK, Argument, Cycle
from fast_dag.run import lap_notes, limits
from fast_dag.run.following import following
from fast_dag.run.lap import WITHOUT_OUTPUTS, Ending, Lap
from fast_dag.run.laps import Laps
from fast_dag.run.requests import Watch
from fast_dag.run.resuming import LIMITS, resume
from fast_dag.run.step import fetch
from fast_dag.run.streams import Stream
from fast_dag.run.wrapping import text_of
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.run.deltas import Deltas


class Passing(Laps):
    """The cycles of one run, and what lies at both ends of each."""

    def _begin(self, lap: Lap) -> None:
        lap.begin(self._run.ledger.clock(), is_watched=self._run.ledger.is_watched)
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
        deltas.seed(partial(self._lower, lap.cycle))
        if deltas.is_waiting:
            return None
        deltas.take()
        return Ending("exit", "no_data") if deltas.is_exhausted else None

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
            value = self._lower(lap.cycle, port.lower) if fed is NO_DATA and not is_gone else fed
            values[port.slot] = value if items is None else items.bring(value, is_fed=fed is not NO_DATA)
        if lap.deltas is not None:
            lap.deltas.fill(values)
        if lap.following is not None and lap.following.is_new and not lap.asks_deltas:
            lap.following.begin(values)

    def _lower(self, cycle: Cycle, argument: Argument) -> Any:
        """What comes from outside for a port of *cycle*."""
        values = self._run.values
        is_sent = argument.source or isinstance(values[argument.slot], Stream)
        return (
            fetch(argument, self._run.plan.layouts[cycle.enter], values) if is_sent else values[argument.slot]
        )

    def _complete(self, lap: Lap) -> None:
        """Note that an iteration has come to its end."""
        values = self._run.values
        if lap.is_excused or not self.endings.has_failed(lap):
            lap.completed += 1
            if not lap.is_passed_over:
                lap.take([values[slot] for slot in lap.slots])
            if self._run.notes is not None:
                lap_notes.state_changed(self._run, lap)
            lap.exit = lap.memory.complete(lambda: self.endings.results(lap), lap.index)

    def taken(self, lap: Lap, completed: int) -> Ending | None:
        """Take what an iteration of a plain loop has fed back; why the cycle ends in any case."""
        lap.completed = completed
        if lap.deltas is not None:
            lap.deltas.bring(self.endings.brought(lap), completed)
        found = self.endings.obvious(lap)
        if found is not None and lap.following is not None:
            lap.following.tell(completed)
        return found

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
        kept = self._leaving(lap) if lap.hands_on else ()
        for slot, value in zip_longest(lap.slots, kept, fillvalue=NO_DATA):
            values[slot] = value  # type: ignore[index]
        if lap.following is not None:
            lap.following.leaving.deliver(values, is_dead=not kept)
        if lap.deltas is not None:
            lap.deltas.leave(values, is_kept=ending.reason not in WITHOUT_OUTPUTS)
        error = self.endings.at_limit(lap, ending) if ending.reason in LIMITS else None
        if error is not None:
            run.stop(error)
            return []
        self._close(lap)
        return self._pass(lap.cycle.leave)

    def _leaving(self, lap: Lap) -> list[Any]:
        """What stands in the slots when the cycle is over.

        Of a node that leads out of it, or whose value is the run's, the last value there was; of all others
        what the last iteration gave.
        """
        if not lap.latest:
            return lap.outputs
        run, first = self._run, lap.cycle.enter + 1
        outputs = list(lap.outputs)
        wanted = {link.slot for link in run.plan.links[lap.cycle.leave]}
        last = zip(range(first, lap.cycle.leave), lap.latest, strict=False)
        for place, (unit, value) in enumerate(last):
            is_wanted = lap.slots[place] in wanted or (unit in run.plan.exits and run.has_run(unit))
            is_missing = outputs[place] is NO_DATA and value is not NO_DATA
            if is_missing and is_wanted and run.plan.kinds[unit] in (TASK, ANY):
                outputs[place] = value
                run.mark_given(unit)
        return outputs

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
