"""A cycle as a plain loop while somebody watches: a clock that, asked the time, tells what has happened."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from fast_dag.run.events import (
    ConditionChecked,
    IterationFinished,
    IterationStarted,
    NodeFinished,
    NodeStarted,
)
from fast_dag.run.lap_notes import name_of
from fast_dag.runners.row_loop import Interrupted
from fast_dag.runners.tape import SCALARS

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun
    from fast_dag.run.following import Ask
    from fast_dag.run.lap import Lap
    from fast_dag.run.requests import Outcome
    from fast_dag.runners.delivery import Tell

NOBODY: Final = -1


class ObservedCycle:
    """What tells of the iterations of *lap*, which is about to begin one; the events are those of the core.

    The plain loop asks the time when it begins and after each node, and what ends the cycle after each
    iteration: that is when something has happened that is to be told.
    """

    def __init__(self, run: CyclicRun, lap: Lap) -> None:
        self._run, self._lap = run, lap
        self._units = range(lap.cycle.enter + 1, lap.cycle.leave)
        self._paths = [run.path_of(unit) for unit in self._units]
        self._around = run.iteration_of(lap.cycle.enter)
        self._first, self._last = self._units[0], len(self._units) - 1
        self._durations = run.tally.durations
        self._index = lap.completed
        self._place = NOBODY
        """Of the node under way, counted from the first one of the body."""
        self._began = 0.0
        self._is_asking = self._is_told = False
        self._are_metrics = False
        """Whether results that are scalars are the metrics."""
        self._most = lap.cycle.config.max_iterations or lap.cycle.config.safety_cap

    @property
    def begun(self) -> int:
        """The step whose start has been told, and its end not."""
        return NOBODY if self._place == NOBODY else self._units[self._place]

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """For the time the loop goes round: nobody else tells of anything."""
        in_rows: Any = self._run.ledger.in_rows
        with in_rows() as (tell, common):
            self._tell: Tell = tell
            self._node = common
            kept = {name: common[name] for name in ("run_id", "workflow", "time")}
            self._cycle = {**kept, "cycle": name_of(self._run, self._lap), "iteration": self._around}
            yield

    def clock(self) -> float:
        """The time, after what has happened was told."""
        now, place = perf_counter(), self._place
        if place == NOBODY:
            self._begin_iteration()
            return self._began
        self._place = NOBODY
        fields = self._node.copy()
        fields["node"], fields["duration"], fields["cached"] = self._paths[place], now - self._began, False
        self._tell(NodeFinished, fields)
        self._heed()
        if place < self._last:
            self._begin_node(place + 1)
        # What others do with the news is no time of the node.
        self._durations[self._first + place] -= (later := perf_counter()) - now
        self._began = later
        return later

    def left(self) -> float:
        """The time, when the loop leaves what a node gave to the core, which tells of it."""
        self._heed()
        return perf_counter()

    def asking(self, ask: Ask | None) -> Ask:
        """*ask*, after which the end of the iteration is told, and the beginning of the next."""

        def asked(results: Mapping[str, Any], completed: int, elapsed: float, masked: bool) -> Any:  # noqa: FBT001 - as of what it stands for
            before, found = self._began, None
            if ask is not None:
                self._is_asking = True
                found = ask(results, completed, elapsed, masked)
                self._is_asking = False
            self._end_iteration(results)
            if found is None and completed < self._most:
                self._index = completed
                self._begin_iteration()
                # Nor is what lies between two iterations that of the first one in the next.
                self._durations[self._first] -= self._began - before
            return found

        return asked

    def keep(self, made: Outcome | None, *, is_stopped: bool) -> None:
        """Tell what the loop has left; *made* is what a node gave that the core has to take."""
        lap = self._lap
        if made is not None:
            made.duration = made.ended - self._began
        elif not (is_stopped or self._is_told or self._is_unanswered):
            # Its conditions were not asked, or did not answer.
            with self.at_work():
                self._end_iteration(dict(zip(self._names(), lap.outputs, strict=False)))

    @property
    def _is_unanswered(self) -> bool:
        """Whether a function of the user's has raised where it was to say whether the cycle ends."""
        return self._is_asking and self._lap.is_judged_by_user

    def _names(self) -> list[str]:
        return [self._run.plan.names[unit] for unit in self._units]

    def _begin_iteration(self) -> None:
        self._is_told = False
        self._lap.iteration_started = perf_counter()
        self._node["iteration"] = (*self._around, self._index)
        fields = self._cycle.copy()
        fields["index"] = self._index
        self._tell(IterationStarted, fields)
        self._heed()
        self._begin_node(0)
        self._began = perf_counter()

    def _begin_node(self, place: int) -> None:
        fields = self._node.copy()
        fields["node"] = self._paths[place]
        self._tell(NodeStarted, fields)
        self._heed()
        self._place = place

    def _end_iteration(self, results: Mapping[str, Any]) -> None:
        lap, fields = self._lap, self._cycle.copy()
        self._is_told = True
        fields["index"], fields["status"] = self._index, "completed"
        fields["duration"], fields["metrics"] = perf_counter() - lap.iteration_started, self._metrics(results)
        self._tell(IterationFinished, fields)
        if lap.checked:
            for condition, result in lap.checked.items():
                said = {"index": self._index, "condition": condition, "result": result}
                self._tell(ConditionChecked, {**self._cycle, **said})
            lap.checked.clear()
        self._heed()

    def _metrics(self, results: Mapping[str, Any]) -> Mapping[str, Any]:
        """The scalars among *results*; where these are scalars themselves they are not searched each time."""
        if self._lap.cycle.scalars is None:
            return {}
        are_scalars = SCALARS.issuperset(map(type, results.values()))
        if self._are_metrics and are_scalars:
            return dict(results)
        found: Mapping[str, Any] = self._lap.cycle.scalars(results)
        self._are_metrics = are_scalars and found == results
        return found

    def _heed(self) -> None:
        """Stop if who was told has ended the run."""
        if self._run.finished:
            raise Interrupted
