"""Waits and time-outs of what is under way, earliest first; whoever waits asks what is due."""

from __future__ import annotations

import heapq
import itertools

from fast_dag.errors import TimeoutError
from fast_dag.run.dispatch import Dispatch, Flight
from fast_dag.run.events import NodeAbandoned, Note
from fast_dag.run.invocation import Outcome, Wait
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
        self._heap: list[tuple[float, int, Flight]] = []
        self._count = itertools.count()

    def add(self, flight: Flight, now: float) -> None:
        """Watch *flight* if it is a wait or has a timeout."""
        request = flight.request
        seconds = request.delay if isinstance(request, Wait) else request.timeout
        if seconds is not None:
            heapq.heappush(self._heap, (now + seconds, next(self._count), flight))

    def next(self) -> float | None:
        """When something falls due next."""
        times = [time for time in (self._end, self._heap[0][0] if self._heap else None) if time is not None]
        return min(times, default=None)

    def fall_due(self, now: float) -> None:
        """See to everything that is due."""
        if self._end is not None and now >= self._end:
            self._desk.run.stop(run_timeout(self._desk, self._timeout))
        while self._heap and self._heap[0][0] <= now and not self._desk.run.finished:
            flight = heapq.heappop(self._heap)[2]
            if flight in self._desk.flights:
                self._end_flight(flight, now)

    def _end_flight(self, flight: Flight, now: float) -> None:
        if isinstance(flight.request, Wait):
            self._desk.back(flight, Outcome())
        elif not flight.cancelling and flight.handle.cancel():
            flight.cancelling = True
            heapq.heappush(self._heap, (now + GRACE, next(self._count), flight))
        else:
            abandon(self._desk, flight)
            timeout = flight.request.timeout
            self._desk.back(flight, Outcome(expired=True, duration=timeout or 0.0, ended=now))


def run_timeout(desk: Dispatch, timeout: float | None) -> TimeoutError:
    """The error of a run that is out of time."""
    names = sorted({desk.run.plan.names[flight.step] for flight in desk.flights})
    running = f"; still running: {', '.join(names)}" if names else ""
    return TimeoutError(f"run of {desk.run.plan.name!r} timed out after {timeout} s{running}")


def abandon(desk: Dispatch, flight: Flight) -> None:
    """Note that the call of *flight* goes on unheard."""
    run = desk.run
    run.tally.abandoned += 1
    if run.notes is not None and not isinstance(flight.request, Wait):
        timeout = flight.request.timeout
        attempt = run.tally.attempts[flight.step] + 1
        run.notes.append(Note(NodeAbandoned, flight.step, {"attempt": attempt, "timeout": timeout}))
