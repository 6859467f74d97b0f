"""One step at a time: as the sequential runner goes, but only when it is asked."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial
from time import perf_counter

from fast_dag.run.dispatch import Dispatch
from fast_dag.run.requests import Call, Outcome, Request
from fast_dag.run.run import Run
from fast_dag.runners.deadlines import Deadlines, leave
from fast_dag.runners.sequential import InLine


class Stepper:
    """Goes through a run step by step, in the order of its plan, in the thread of whoever asks.

    Parameters:
        run: the run, which has not begun.
        report: called when something has happened.
    """

    def __init__(self, run: Run, report: Callable[[], None]) -> None:
        self._run = run
        self._report = report
        self._line = InLine(run, report)
        self._desk = Dispatch(run, 1, in_order=True, leave=partial(leave, run))
        self._deadlines = Deadlines(self._desk, None, perf_counter())
        run.context.on_stop(self._line.stop)
        self._desk.begin(run.ready())

    def step(self) -> str | None:
        """Go on until one more node has run; its name, None if none was left to run."""
        run, before = self._run, self._run.count
        while run.count == before and (request := self._desk.take()) is not None:
            self._report()
            self._see_to(request)
            self._report()
        return run.plan.names[run.last_step] if run.count > before else None

    def close(self) -> None:
        """Clean up what is left when the run is over, or is to be."""
        self._line.close()

    def _see_to(self, request: Request) -> None:
        now = perf_counter()
        self._deadlines.add(request, now)
        if self._deadlines.next() is None:
            self._desk.back(request, self._line.see_to(request))
        elif isinstance(request, Call):
            self._watch(request)
        else:
            self._line.see_to(request)
            self._deadlines.fall_due(perf_counter())

    def _watch(self, request: Call) -> None:
        """Make a call on a thread of its own, which is left when its time is up."""
        answers: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        request.handle = _OnThread()
        thread = threading.Thread(
            target=lambda: answers.put(self._line.see_to(request)), name="fast_dag step", daemon=True
        )
        thread.start()
        while self._desk.is_open(request):
            due = self._deadlines.next()
            try:
                outcome = answers.get(timeout=None if due is None else max(due - perf_counter(), 0.0))
            except queue.Empty:
                self._deadlines.fall_due(perf_counter())
            else:
                self._desk.back(request, outcome)


class _OnThread:
    """A call on a thread: it cannot be cancelled, only left to itself."""

    def cancel(self) -> bool:
        return False
