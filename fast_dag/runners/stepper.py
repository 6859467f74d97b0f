"""One step at a time: as the sequential runner goes, but only when it is asked."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any

from fast_dag.run.dispatch import Dispatch
from fast_dag.run.pausing import Pause
from fast_dag.run.requests import Call, Outcome, Request
from fast_dag.run.run import Run
from fast_dag.run.waiting import Pauses
from fast_dag.runners.deadlines import Deadlines, leave
from fast_dag.runners.sequential import InLine


class Stepper:
    """Goes through a run step by step, in the thread of whoever asks.

    Where nobody stands around its steps it takes them in the order of the plan; else all that may begin
    wait to be told, and one after the other is.

    Parameters:
        run: the run, which has not begun.
        report: called when something has happened.
        limit: how many calls may be under way at once, None for any number; here they are made one by one.
        is_timed: whether cycles and workflows inside nodes that are out of time are given up.
    """

    def __init__(
        self, run: Run, report: Callable[[], None], limit: int | None = 1, *, is_timed: bool = True
    ) -> None:
        self._run, self._is_timed = run, is_timed
        self._report = report
        self._line = InLine(run, report)
        in_order = run.ledger.around is None
        self.desk = Dispatch(run, limit, in_order=in_order, leave=partial(leave, run))
        self._clock = run.ledger.clock = StopClock()
        self._deadlines = Deadlines(self.desk, None, self._clock())
        self._pauses = Pauses(self.desk.is_open)
        self._has_begun = False
        run.context.on_stop(self._line.stop)

    def step(self, is_enough: Callable[[], Any] = bool) -> str | None:
        """Go on until one more node has run, or *is_enough*; its name, None if none has run."""
        run, before = self._run, self._run.count
        with self._clock.running():
            self._begin()
            while run.count == before and not is_enough() and (request := self.desk.take()) is not None:
                self._report()
                self._see_to(request)
                self._report()
        return run.plan.names[run.last_step] if run.count > before else None

    def waiting(self) -> Pauses:
        """The steps that wait to be told, when all else is done."""
        with self._clock.running():
            self._begin()
            while (request := self.desk.take()) is not None:
                self._report()
                if isinstance(request, Pause):
                    self._pauses.add(request)
                else:
                    self._see_to(request)
                self._report()
        return self._pauses

    def tell(self, pause: Pause, verdict: Any) -> None:
        """Say what is to become of a step, in the words of who stands around it, and do that."""
        with self._clock.running():
            self.desk.back(pause, Outcome(verdict))
            self._pauses.drop(pause)
            self._report()
        self.waiting()

    def close(self) -> None:
        """Clean up what is left when the run is over, or is to be."""
        self._line.close()

    def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self.desk.begin(self._run.ready())

    def _see_to(self, request: Request) -> None:
        if self._is_timed or isinstance(request, Call):
            self._deadlines.add(request, self._clock())
        if self._deadlines.next() is None:
            self.desk.back(request, self._line.see_to(request))
        elif isinstance(request, Call):
            self._watch(request)
        else:
            outcome = self._line.see_to(request)
            self._deadlines.fall_due(self._clock())
            self.desk.back(request, outcome)

    def _watch(self, request: Call) -> None:
        """Make a call on a thread of its own, which is left when its time is up."""
        answers: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        request.handle = _OnThread()
        thread = threading.Thread(
            target=lambda: answers.put(self._line.see_to(request)), name="fast_dag step", daemon=True
        )
        thread.start()
        while self.desk.is_open(request):
            due = self._deadlines.next()
            try:
                outcome = answers.get(timeout=None if due is None else max(due - self._clock(), 0.0))
            except queue.Empty:
                self._deadlines.fall_due(self._clock())
            else:
                self.desk.back(request, outcome)


class StopClock:
    """Seconds that go on only while something is done: whoever steps through a run may take their time."""

    def __init__(self) -> None:
        self._time = perf_counter()
        self._since: float | None = None

    def __call__(self) -> float:
        """The time now."""
        return self._time if self._since is None else self._time + perf_counter() - self._since

    @contextmanager
    def running(self) -> Iterator[None]:
        """The clock goes on within the block."""
        if self._since is not None:
            yield
            return
        self._since = perf_counter()
        try:
            yield
        finally:
            self._time, self._since = self(), None


class _OnThread:
    """A call on a thread: it cannot be cancelled, only left to itself."""

    def cancel(self) -> bool:
        return False
