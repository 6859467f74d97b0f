"""Waits and time-outs of what is under way, earliest first; whoever waits asks what is due."""

from __future__ import annotations

import heapq
import itertools

from fast_dag.errors import TimeoutError
from fast_dag.run.dispatch import Dispatch
from fast_dag.run.notes import Note
from fast_dag.run.requests import Call, Enter, Outcome, Request, Wait, Watch
from fast_dag.run.run import Run
from fast_dag.runners.calls import GRACE


class Deadlines:
    """The deadlines of one run.

    Parameters:
        desk: the desk that hands out its requests.
        timeout: seconds from *now* after which the whole run ends.
        now: the time, on the clock that `fall_due` is told.
    """

    def __init__(self, desk: Dispatch, timeout: float | None, now: float) -> None:
        self._desk = desk
        self._timeout = timeout
        self._end = None if timeout is None else now + timeout
        self._heap: list[tuple[float, int, Request]] = []
        self._count = itertools.count()

    def add(self, request: Request, now: float) -> bool:
        """Watch *request* if it is a wait or has a timeout; whether it is watched."""
        seconds = request.delay if isinstance(request, Wait) else request.timeout
        if seconds is None:
            return False
        heapq.heappush(self._heap, (now + seconds, next(self._count), request))
        return True

    def next(self) -> float | None:
        """When something falls due next; what has ended in time does not any more."""
        while self._heap and not self._desk.is_open(self._heap[0][2]):
            heapq.heappop(self._heap)
        times = [time for time in (self._end, self._heap[0][0] if self._heap else None) if time is not None]
        return min(times, default=None)

    def fall_due(self, now: float) -> None:
        """See to everything that is due, and to what those who watch want ended."""
        self._desk.obey()
        # Whoever else would take them may be making the very calls that are watched.
        while self._desk.run.ledger.watches:
            watch = self._desk.watch()
            if watch is not None:
                self.add(watch, now)
        if self._end is not None and now >= self._end:
            self._desk.run.stop(run_timeout(self._desk, self._timeout))
        while self._heap and self._heap[0][0] <= now and not self._desk.run.finished:
            request = heapq.heappop(self._heap)[2]
            if self._desk.is_open(request):
                self._time_is_up(request, now)

    def _time_is_up(self, request: Request, now: float) -> None:
        if isinstance(request, Wait):
            self._desk.back(request, Outcome())
        elif isinstance(request, Enter):
            self._desk.expire(request, now)
        elif isinstance(request, Watch):
            if self._desk.look(request):
                self.add(request, now)
        elif not request.cancelling and request.handle.cancel():
            request.cancelling = True
            heapq.heappush(self._heap, (now + GRACE, next(self._count), request))
        else:
            abandon(self._desk.run, request)
            self._desk.back(request, Outcome(expired=True, duration=request.timeout or 0.0, ended=now))


def run_timeout(desk: Dispatch, timeout: float | None) -> TimeoutError:
    """The error of a run that is out of time."""
    # What only waits for a thread does not run.
    begun = [each for each in desk.under_way if getattr(each.handle, "has_begun", True)]
    names = sorted({each.strand.run.path_of(each.step) for each in begun})
    running = f"; still running: {', '.join(names)}" if names else ""
    return TimeoutError(f"run of {desk.run.plan.name!r} timed out after {timeout} s{running}")


def leave(run: Run, request: Request) -> None:
    """Cancel a call of *run* that nobody wants any more; abandon one that cannot be cancelled."""
    if request.handle is not None and not request.handle.cancel():
        abandon(run, request)


def abandon(run: Run, request: Request) -> None:
    """Note that the call of *request* goes on unheard; *run* is the outermost."""
    # What was asked to end is a coroutine: it is counted with the thread of its loop, if that is left.
    run.tally.abandoned += not request.cancelling
    if run.notes is not None and isinstance(request, Call):
        inner, step = request.strand.run.noted(request.step)
        about = {"attempt": inner.attempts_of(step) + 1, "timeout": request.timeout}
        run.notes.append(Note("node_abandoned", step, about, inner))
