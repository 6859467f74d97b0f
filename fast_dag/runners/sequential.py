"""One step after the other in the calling thread: a plain loop as far as it goes, then the core."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from time import perf_counter
from typing import Any

from fast_dag.errors import MissingOutputError
from fast_dag.run.dispatch import Dispatch
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.requests import Call, Outcome, Request, Wait
from fast_dag.runners import threads
from fast_dag.runners.calls import Tell, call, call_async, drop, finish_async, is_awaitable
from fast_dag.runners.limits import Limits
from fast_dag.runners.private_loop import Handle, PrivateLoop
from fast_dag.runners.row_loop import Interrupted, row_loop


def drive(run: GraphRun, limits: Limits, report: Callable[[], None]) -> None:
    """Follow *run* to its end in the order of its plan.

    With a timeout the steps are made on a helper thread, which can be abandoned.
    """
    if limits.timeout is not None or run.plan.has_timeouts:
        threads.drive(run, limits, report, in_order=True)
    else:
        _InLine(run, report).drive()


class _InLine:
    """A run in the calling thread."""

    def __init__(self, run: GraphRun, report: Callable[[], None]) -> None:
        self.run = run
        self.report = report
        self.base = contextvars.copy_context()
        self.loop = PrivateLoop(run.plan.name)
        self.stopped = threading.Event()
        self.stop_rows: Callable[[], None] = lambda: None
        self.handle: Handle | None = None

    def drive(self) -> None:
        self.run.context.on_stop(self._stop)
        made = self._run_rows() if self.run.notes is None and self.run.plan.rows else None
        first = self.run.ready()
        if not self.run.finished:
            self._follow(first, made)
        self.report()

    def _follow(self, first: list[int], made: Outcome | None) -> None:
        """Make one step after the other; the very first may be *made* already."""
        desk = Dispatch(self.run, 1, in_order=True)
        desk.begin(first)
        try:
            while (request := desk.take()) is not None:
                self.report()
                desk.back(request, self._settled(request, made) if made else self._see_to(request))
                self.report()
                made = None
        finally:
            self.loop.close()

    def _run_rows(self) -> Outcome | None:
        """Let the plain loop go as far as it can; what the next step gave, if it was called."""
        run = self.run
        stamps = run.tally.stamps
        stamps.append(perf_counter())
        store = run.values.append if run.results is None else partial(_store_both, run)
        loop, self.stop_rows = row_loop(run.plan.rows, run.values, store, stamps, self.base)
        if run.finished:
            return None  # stopped before there was a loop to be stopped
        made = None
        try:
            special = loop()
            if special is not None:
                made = Outcome(special)
        except (Interrupted, MissingOutputError):
            pass  # the run was stopped; or the core finds the missing output again, and asks the handlers
        except BaseException as error:  # the core decides what it means
            made = Outcome(error=error)
        if made is not None and run.finished:
            drop(made.value)
        elif made is not None:
            made.ended = perf_counter()
            made.duration = made.ended - stamps[-1]
        return made

    def _see_to(self, request: Request) -> Outcome:
        if isinstance(request, Wait):
            self.stopped.wait(min(request.delay, threading.TIMEOUT_MAX))
        if not isinstance(request, Call):
            return Outcome()
        if request.is_async:
            return self._await(partial(call_async, request))
        return self._settled(request, call(request, self.base.copy()))

    def _settled(self, request: Request, outcome: Outcome) -> Outcome:
        """Await what a sync function returned, if it must be awaited."""
        if outcome.error is None and is_awaitable(outcome.value):
            if self.run.finished:
                drop(outcome.value)
                return outcome
            return self._await(partial(finish_async, request, outcome))
        return outcome

    def _await(self, work: Callable[[Tell], Coroutine[Any, Any, None]]) -> Outcome:
        """Wait for a coroutine on the private loop."""
        answers: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self.handle = self.loop.start(lambda: work(lambda _, outcome: answers.put(outcome)), self.base.copy())
        if self.run.finished:
            self.handle.cancel()  # stopped before it was there to be cancelled
        return answers.get()

    def _stop(self, error: Exception) -> None:
        self.run.stop(error)
        self.stopped.set()
        self.stop_rows()
        if self.handle is not None:
            self.handle.cancel()


def _store_both(run: GraphRun, value: Any) -> None:
    """Append *value*, and let nodes that see the context find it there."""
    step = len(run.values) - run.plan.first
    run.values.append(value)
    run.results[run.plan.names[step]] = value  # type: ignore[index]
