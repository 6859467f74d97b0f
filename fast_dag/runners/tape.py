"""A clock that keeps what it has told, and what else a plain loop over a cycle leaves for a trace."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from fast_dag.run.machine_run import MachineRun
from fast_dag.run.traced import Rounds, Rows, Sample, States

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun
    from fast_dag.run.following import Ask
    from fast_dag.run.lap import Lap
    from fast_dag.run.requests import Outcome
    from fast_dag.run.run import Run

SCALARS: Final = frozenset({int, float, bool, str, type(None)})
"""Types of values that cannot change."""


class Tape:
    """What one plain loop over the iterations of *lap* tells, which is about to begin one."""

    begun: Final = -1
    """The step whose start has been told, and its end not: nobody is told of any."""

    def __init__(self, run: CyclicRun, lap: Lap) -> None:
        self._run, self._lap, self._first = run, lap, lap.completed
        self._ticks: list[float] = []
        self._size = lap.cycle.leave - lap.cycle.enter - 1
        self._count = 0
        """How many iterations have been kept."""
        self._given: list[Any] = []
        self._samples: dict[int, Sample] = {}
        self._is_asking = False
        add = self._ticks.append

        def clock() -> float:
            now = perf_counter()
            add(now)
            return now

        self.clock = clock
        """Tells the time, and keeps it."""
        self.left = clock
        """The same, when the loop leaves what a node gave to the core."""

    def asking(self, ask: Ask | None) -> Ask:
        """*ask*, after which what is to be told of the iteration is kept."""
        scalars, checked, samples = self._lap.cycle.scalars, self._lap.checked, self._samples
        extend, known, size = self._given.extend, SCALARS, self._size

        def asked(results: Mapping[str, Any], completed: int, elapsed: float, masked: bool) -> Any:  # noqa: FBT001 - as of what it stands for
            if ask is None:
                found = None
            else:
                self._is_asking = True
                found = ask(results, completed, elapsed, masked)
                self._is_asking = False
            self._count += 1
            # Scalars cannot change: they are looked through when somebody reads.
            is_known = known.issuperset(map(type, results.values()))
            extend(results.values() if is_known else [None] * size)
            if is_known and not checked:
                return found
            metrics = None if is_known else NO_METRICS if scalars is None else scalars(results)
            samples[self._count - 1] = Sample(metrics, tuple(checked.items()))
            checked.clear()
            return found

        return asked

    def at_work(self) -> AbstractContextManager[None]:
        """For the time the loop goes round."""
        return nullcontext()

    def keep(self, made: Outcome | None, *, is_stopped: bool) -> None:
        """Give the trace what the loop has left; *made* is what a node gave that the core has to take."""
        run, lap = self._run, self._lap
        names = run.plan.names[lap.cycle.enter + 1 : lap.cycle.leave]
        completed = lap.completed - self._first
        self._sample_last(completed, names)
        begun, ended = -1, len(self._ticks) - 1 - completed * len(names)
        if made is not None or is_stopped or lap.made < len(names):
            begun = max(0, min(lap.made, ended))
            lap.iteration_started = self._ticks[completed * len(names)]
        if made is not None:
            made.duration = made.ended - self._ticks[completed * len(names) + begun]
        elif is_stopped:
            begun += 1
        stretch = Rounds(
            run.path,
            lap.cycle.name,
            run.iteration_of(lap.cycle.enter),
            names,
            self._first,
            self._ticks,
            completed,
            self._given,
            self._samples,
            begun,
            threading.current_thread().name,
            lap.cycle.scalars,
        )
        run.ledger.traced.entries.append(stretch)  # type: ignore[union-attr]

    def _sample_last(self, completed: int, names: Sequence[str]) -> None:
        """The sample of an iteration whose conditions were not asked, or did not answer."""
        lap = self._lap
        if self._count == completed:
            return
        scalars = lap.cycle.scalars
        metrics = NO_METRICS if scalars is None else scalars(dict(zip(names, lap.outputs, strict=False)))
        is_told = lap.fault is None or not (self._is_asking and lap.is_judged_by_user)
        checked = tuple(lap.checked.items()) if is_told else ()
        self._samples[completed - 1] = Sample(metrics, checked, is_told)
        lap.checked.clear()


NO_METRICS: Final[Mapping[str, Any]] = {}


def keep_rows(run: Run, *, is_stopped: bool) -> None:
    """Give the trace what a plain loop over rows or states has left; it may have been stopped in a node."""
    stamps, worker = run.tally.stamps, threading.current_thread().name
    ended = len(stamps) - 1
    stretch: Rows | States
    if isinstance(run, MachineRun):
        due = None if run.finished or not ended else run.plan.names[run.track.at]
        stretch = States(list(run.track.history), stamps, worker, ended + is_stopped, due)
    else:
        stretch = Rows(run.plan.names, stamps, worker, ended + is_stopped)
    run.ledger.traced.entries.append(stretch)  # type: ignore[union-attr]
