"""What is under way: requests handed to a runner, until each comes back.

The desk between the core and a runner.  It waits for nothing and calls nobody: `take` gives the next
request, `back` brings its outcome.  One caller at a time; the runner sees to that.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import replace
from typing import Any

from fast_dag.errors import MissingOutputError
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.invocation import (
    Attempt,
    Failure,
    Invocation,
    Outcome,
    Request,
    Success,
    Wait,
    attempt_at,
    invocation,
)


class Flight:
    """One request of a step on its way; the next one of that step is another flight.

    `handle` is where the runner can cancel it: `handle.cancel()` is true if that may take effect, false
    if the call can only be abandoned.  `cancelling` tells that it was out of time and is being cancelled.
    """

    __slots__ = ("cancelling", "handle", "invocation", "request", "step")

    def __init__(self, step: int, request: Request, steps: Invocation | None = None) -> None:
        self.step = step
        self.request = request
        self.invocation = steps
        self.handle: Any = None
        self.cancelling = False


class Dispatch:
    """Hands out the requests of a run.

    Parameters:
        run: the run.
        limit: how many calls may be under way at once, None for any number.
        in_order: one step at a time, in the order of the plan, waits between its attempts included.
    """

    def __init__(self, run: GraphRun, limit: int | None, *, in_order: bool = False) -> None:
        self.run = run
        self.flights: set[Flight] = set()
        self.busy = 0
        """Calls under way."""
        self._limit = limit
        self._in_order = in_order
        self._fresh: deque[int] | list[int] = [] if in_order else deque()
        self._next: deque[Flight] = deque()
        """Steps under way that want something else now."""

    def begin(self) -> None:
        """Take in the first steps of the run."""
        self._extend(self.run.ready())

    @property
    def has_more(self) -> bool:
        """Whether `take` might give something."""
        return bool(self._next or self._fresh) and not self.run.finished

    @property
    def is_alone(self) -> bool:
        """Whether there is one thing to do and nothing under way."""
        return not self.flights and len(self._fresh) == 1 and not self._next

    def take(self) -> Flight | None:
        """The next request to see to, None if there is none now."""
        run = self.run
        while not run.finished:
            has_room = self._limit is None or self.busy < self._limit
            if self._next and (has_room or isinstance(self._next[0].request, Wait)):
                flight: Flight | None = self._next.popleft()
            elif has_room and self._fresh and not (self._in_order and (self.flights or self._next)):
                flight = self._start(self._pop())
            else:
                self._check_progress()
                return None
            if flight is not None:
                self.flights.add(flight)
                if not isinstance(flight.request, Wait):
                    self.busy += 1
                return flight
        return None

    def back(self, flight: Flight, outcome: Outcome) -> bool:
        """Take the outcome of a request; False if it had been given up."""
        if flight not in self.flights:
            return False
        self.flights.discard(flight)
        if not isinstance(flight.request, Wait):
            self.busy -= 1
        if self.run.finished:
            return True
        outcome = _as_expired(outcome) if flight.cancelling else outcome
        if outcome.error is not None and not isinstance(outcome.error, Exception):
            self.run.stop(outcome.error)
            return True
        if isinstance(flight.request, Attempt):
            self._count(flight.step, outcome)
        if flight.invocation is None:
            self._back_from_plain_call(flight.step, outcome)
        else:
            self._go_on(flight.step, flight.invocation, outcome)
        return True

    def _count(self, step: int, outcome: Outcome) -> None:
        tally = self.run.tally
        tally.durations[step] += outcome.duration
        if outcome.error is not None or outcome.expired:
            tally.ended[step] = outcome.ended

    def _back_from_plain_call(self, step: int, outcome: Outcome) -> None:
        run = self.run
        run.tally.attempts[step] += 1
        if outcome.error is None:
            self._extend(run.done(step, outcome.value))
            return
        self._go_on(step, invocation(run, step, outcome), None)

    def _pop(self) -> int:
        return heapq.heappop(self._fresh) if isinstance(self._fresh, list) else self._fresh.popleft()

    def _start(self, step: int) -> Flight | None:
        run = self.run
        if run.notes is None and run.plan.plain[step]:
            try:
                return Flight(step, attempt_at(run, step))
            except MissingOutputError:
                pass  # found again below, where handlers are asked
        return self._advance(step, invocation(run, step), None)

    def _go_on(self, step: int, steps: Invocation, outcome: Outcome | None) -> None:
        flight = self._advance(step, steps, outcome)
        if flight is not None:
            self._next.append(flight)

    def _advance(self, step: int, steps: Invocation, outcome: Outcome | None) -> Flight | None:
        """Let an invocation go on; what it wants next, None if the step is over."""
        try:
            request = steps.send(outcome)  # type: ignore[arg-type]
        except StopIteration as end:
            self._close(step, end.value)
            return None
        return Flight(step, request, steps)

    def _close(self, step: int, answer: Success | Failure) -> None:
        if isinstance(answer, Success):
            self._extend(self.run.done(step, answer.value))
        else:
            self._extend(self.run.failed(step, answer.error, answer.strategy))

    def _extend(self, steps: list[int]) -> None:
        if isinstance(self._fresh, list):
            for step in steps:
                heapq.heappush(self._fresh, step)
        else:
            self._fresh.extend(steps)

    def _check_progress(self) -> None:
        if not (self.flights or self._next or self._fresh):
            self.run.stop(self.run.stall())


def _as_expired(outcome: Outcome) -> Outcome:
    """Whatever a call gave that was cancelled because its time was up, it came too late."""
    return replace(outcome, value=None, error=None, expired=True)
