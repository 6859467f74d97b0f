"""Worker threads: the one that finishes a step keeps the books and takes the next."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable
from functools import partial
from time import perf_counter, sleep

from fast_dag.errors import RunCancelledError
from fast_dag.run.dispatch import Dispatch
from fast_dag.run.requests import Call, Last, Outcome, Request, Until
from fast_dag.run.run import Run
from fast_dag.runners.bridge import Bridge
from fast_dag.runners.calls import GRACE, call, call_async, drop, finish_async, is_awaitable
from fast_dag.runners.deadlines import Deadlines, abandon, leave
from fast_dag.runners.limits import Limits, cpu_count
from fast_dag.runners.private_loop import PrivateLoop
from fast_dag.runners.winding_up import WindingUp, follow_in_threads, has_loose_ends, seconds_left


def drive(run: Run, limits: Limits, report: Callable[[], None], *, in_order: bool = False) -> None:
    """Follow *run* to its end on threads; with *in_order* on one helper thread, a step at a time."""
    _Crew(run, limits, report, in_order=in_order).drive()


class _OnThread:
    """A call on a worker thread: it cannot be cancelled, only left to itself."""

    def __init__(self, crew: _Crew) -> None:
        self._crew = crew

    def cancel(self) -> bool:
        self._crew.workers -= 1
        return False


class _Crew:
    """The threads of one run.

    All books are kept under `lock`; `changed` wakes the caller, `work` the idle.
    """

    def __init__(self, run: Run, limits: Limits, report: Callable[[], None], *, in_order: bool) -> None:
        self.run = run
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.work = threading.Condition(self.lock)
        self.workers = 0
        self.idle = 0
        self.most = 1 if in_order else limits.max_workers or cpu_count()
        self.desk = Dispatch(run, self.most, in_order=in_order, leave=partial(leave, run))
        self.deadlines = Deadlines(self.desk, limits.timeout, perf_counter())
        self.executor = limits.executor
        self.loop = PrivateLoop(run.plan.name)
        self.base = contextvars.copy_context()
        self.report = report
        self.on_thread = _OnThread(self)
        self.crash: BaseException | None = None
        self.bridge = Bridge(self.loop.start, self.loop.post, self.base, self.loop.is_here)
        run.ledger.attach(self.bridge, perf_counter, self.base, self.most)

    def drive(self) -> None:
        self.run.context.on_stop(self._stop)
        self.run.ledger.wake = self._wake
        try:
            with self.lock:
                self.desk.begin(self.run.ready())
                self._staff()
                self._watch()
        finally:
            self._disband()
        if self.crash is not None:
            raise self.crash

    def _watch(self) -> None:
        """Wait in the caller's thread until the run is over; see to what falls due meanwhile."""
        while not self.run.finished:
            due = self.deadlines.next()
            self.changed.wait(
                None if due is None else min(max(due - perf_counter(), 0.0), threading.TIMEOUT_MAX)
            )
            self.deadlines.fall_due(perf_counter())
            if self.run.notes:
                self._tell()
            self._staff()

    def _disband(self) -> None:
        ended = perf_counter()
        try:
            with self.lock:
                if not self.run.finished:
                    self.run.stop(RunCancelledError(f"run of {self.run.plan.name!r} was interrupted"))
                self.work.notify_all()
                self._leave_calls(ended + GRACE)
            if has_loose_ends(self.run):
                self._wind_up(ended)
        finally:
            self.bridge.close()
            if not self.loop.close():
                self.run.tally.abandoned += 1
            self.report()
            del self.on_thread  # it holds the crew, which holds the run

    def _leave_calls(self, until: float) -> None:
        """Abandon or cancel what is under way; but a cleanup hook that has begun gets a moment to end."""
        lasting = [each for each in self.desk.under_way if isinstance(each, Last)]
        for request in self.desk.under_way.difference(lasting):
            if isinstance(request.handle, _OnThread):
                abandon(self.run, request)
            elif lasting and request.handle is not None:
                request.handle.cancel()
        while not self.desk.under_way.isdisjoint(lasting) and (left := until - perf_counter()) > 0:
            self.changed.wait(left)
        late = self.desk.under_way.intersection(lasting)
        self.run.tally.abandoned += sum(isinstance(each.handle, _OnThread) for each in late)

    def _wind_up(self, ended: float) -> None:
        self.loop.clear(max(ended + GRACE - perf_counter(), 0.0))
        winding = WindingUp(self.run)
        try:
            follow_in_threads(winding, partial(self._clean_up, winding), seconds_left(ended))
        finally:
            self.run.tally.abandoned += winding.call_off()

    def _clean_up(self, winding: WindingUp, request: Call) -> Outcome:
        """Make a call when the run is over, and await what it returns."""
        context = self.base.copy()
        outcome = winding.call(request, context)
        if outcome.error is not None or not is_awaitable(outcome.value):
            return outcome
        answers: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        begin = partial(finish_async, request, outcome, lambda _, awaited: answers.put(awaited))
        if winding.has_begun(partial(self.loop.start, begin, context)):
            return answers.get()
        drop(outcome.value)
        return outcome

    def _stop(self, error: Exception) -> None:
        with self.lock:
            self.run.stop(error)
            self.changed.notify()

    def _wake(self) -> None:
        """Have the caller's thread see to what those who watch want."""
        with self.lock:
            self.changed.notify()

    def _staff(self) -> None:
        """See that somebody takes what is ready: an idle worker, or a new one."""
        if not self.desk.has_more:
            return
        if self.idle:
            self.work.notify()
        elif self.workers < self.most:
            self.workers += 1
            if self.executor is not None:
                self.executor.submit(self._serve)
            else:
                threading.Thread(target=self._serve, name=f"fast_dag-{self.workers}", daemon=True).start()

    def _serve(self) -> None:
        try:
            self._work()
        except BaseException as error:  # a fault in the books must reach the caller, not a thread's end
            with self.lock:
                self.crash = error
                self.run.stop(error)
                self.changed.notify()

    def _work(self) -> None:
        with self.lock:
            request = self._take()
        while request is not None:
            self.report()
            context = self.base.copy()
            is_wanted = self.run.notes is None or self.desk.wants(request)
            outcome = call(request, context) if is_wanted else Outcome()
            # Never waiting in line: a lock handed to a thread that must still wait for the interpreter
            # would stop the one that runs, and they would change places at every step.
            while not self.lock.acquire(blocking=False):
                sleep(0)
            try:
                if outcome.error is None and is_awaitable(outcome.value) and self._takes(request, outcome):
                    request.handle = self.loop.start(
                        partial(finish_async, request, outcome, self._back), context
                    )
                elif not self.desk.back(request, outcome):
                    return  # given up meanwhile: another worker has taken this one's place
                del request, outcome, context  # this frame must not hold them while it waits
                request = self._take()
            finally:
                self.lock.release()
        self.report()

    def _take(self) -> Call | None:
        """The next call for this worker, None if it may go home."""
        while True:
            request = self._next()
            if request is None:
                if self._may_leave():
                    return None
                self._rest()
            elif isinstance(request, Call) and not request.is_async:
                request.handle = self.on_thread
                if request.timeout is not None:
                    self._watch_over(request)
                self._staff()
                return request
            else:
                self._see_to(request)

    def _may_leave(self) -> bool:
        if self.run.finished:
            self.changed.notify()
        if self.run.finished or self.executor is not None:
            self.workers -= 1
            return True
        return False

    def _see_to(self, request: Request) -> None:
        """Begin what keeps no worker: a coroutine, or a wait."""
        if isinstance(request, Until):
            if not request.flight.when_landed(partial(self._landed, request)):
                self.desk.back(request, Outcome())
            return
        if isinstance(request, Call) and self.run.notes:
            self._tell()  # that it has started is to be told before it says anything itself
            if not self.desk.wants(request):
                return
        self._watch_over(request)
        if isinstance(request, Call):
            request.handle = self.loop.start(partial(call_async, request, self._back), self.base.copy())

    def _next(self) -> Request | None:
        """What is to be done next; if it is nothing, what has happened is told before the worker rests."""
        request = self.desk.take()
        if request is None and self.run.notes and not self.run.finished:
            self._tell()
            request = self.desk.take()  # some may have come meanwhile
        return request

    def _tell(self) -> None:
        self.lock.release()
        try:
            self.report()
        finally:
            self.lock.acquire()

    def _takes(self, request: Request, pending: Outcome) -> bool:
        """Whether anybody still waits for what a sync function returned, which is to be awaited."""
        if self.desk.wants(request):
            return True
        drop(pending.value)
        return False

    def _rest(self) -> None:
        self.idle += 1
        self.work.wait()
        self.idle -= 1

    def _watch_over(self, request: Request) -> None:
        if self.deadlines.add(request, perf_counter()):
            self.changed.notify()

    def _back(self, request: Request, outcome: Outcome) -> None:
        """Take the outcome of a coroutine, in the thread of the loop."""
        self._landed(request, outcome)
        self.report()

    def _landed(self, request: Request, outcome: Outcome | None = None) -> None:
        """Let go on what has waited for others, in a thread of theirs: it calls no observers of ours."""
        with self.lock:
            self.desk.back(request, outcome or Outcome())
            self._staff()
            self.changed.notify()
