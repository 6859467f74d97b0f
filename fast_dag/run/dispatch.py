"""What is under way: requests handed to a runner, until each comes back.

The desk between the core and a runner.  It waits for nothing and calls nobody: `take` gives the next
request, `back` brings its outcome.  One caller at a time; the runner sees to that.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fast_dag.errors import MissingOutputError
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.invocation import attempt_at, invocation
from fast_dag.run.requests import Attempt, Invocation, Outcome, Request, Success


class Dispatch:
    """Hands out the requests of a run.

    Parameters:
        run: the run.
        limit: how many calls may be under way at once, None for any number.
        in_order: one step at a time, in the order of the plan, waits between its attempts included.
    """

    def __init__(self, run: GraphRun, limit: int | None, *, in_order: bool = False) -> None:
        self.run = run
        self.under_way: set[Request] = set()
        self._limit = float("inf") if limit is None else limit
        self._busy = 0
        """Calls under way."""
        self._in_order = in_order
        self._fresh: deque[int] | list[int]
        self._extend: Callable[[list[int]], None]
        self._pop: Callable[[], int]
        if in_order:
            self._fresh = heap = list[int]()
            self._extend, self._pop = partial(_push_all, heap), partial(heapq.heappop, heap)
        else:
            self._fresh = queue = deque[int]()
            self._extend, self._pop = queue.extend, queue.popleft
        self._next: deque[Request] = deque()
        """What steps that have begun want now."""

    def begin(self, first: list[int]) -> None:
        """Take in the *first* steps of the run."""
        self._extend(first)

    @property
    def has_more(self) -> bool:
        """Whether `take` might give something."""
        return bool(self._fresh or self._next) and not self.run.finished

    @property
    def has_news(self) -> bool:
        """Whether there is anything for a runner to do but wait for what is under way."""
        return bool(self._fresh or self._next or not self.under_way or self.run.finished)

    @property
    def is_alone(self) -> bool:
        """Whether there is one step to begin and nothing under way."""
        return not self.under_way and len(self._fresh) == 1 and not self._next

    def take(self) -> Request | None:
        """The next request to see to, None if there is none now."""
        run = self.run
        while not run.finished:
            has_room = self._busy < self._limit
            if self._next and (has_room or not self._next[0].takes_room):
                request: Request | None = self._next.popleft()
            elif self._fresh and has_room and not (self._in_order and (self.under_way or self._next)):
                request = self._start(self._pop())
            else:
                self._check_progress()
                return None
            if request is not None:
                self.under_way.add(request)
                self._busy += request.takes_room
                return request
        return None

    def back(self, request: Request, outcome: Outcome) -> bool:
        """Take the outcome of a request; False if it had been given up."""
        if request not in self.under_way:
            return False
        self.under_way.discard(request)
        self._busy -= request.takes_room
        run = self.run
        if run.finished:
            return True
        if outcome.error is None and request.invocation is None and not request.cancelling:
            # A call without settings that went well, as most do.
            step = request.step
            run.tally.durations[step] += outcome.duration
            run.tally.attempts[step] += 1
            self._extend(run.done(step, outcome.value))
        else:
            self._back_with_care(request, _as_expired(outcome) if request.cancelling else outcome)
        return True

    def _back_with_care(self, request: Request, outcome: Outcome) -> None:
        run, step = self.run, request.step
        if outcome.error is not None and not isinstance(outcome.error, Exception):
            run.stop(outcome.error)
            return
        if isinstance(request, Attempt):
            self._count(step, outcome)
        if request.invocation is None:
            run.tally.attempts[step] += 1
            self._go_on(step, invocation(run, step, outcome), None)
        else:
            self._go_on(step, request.invocation, outcome)

    def _count(self, step: int, outcome: Outcome) -> None:
        tally = self.run.tally
        tally.durations[step] += outcome.duration
        if outcome.error is not None or outcome.expired:
            tally.ended[step] = outcome.ended

    def _start(self, step: int) -> Request | None:
        """The first request of *step*, None if it was over at once."""
        run = self.run
        if run.notes is None and run.plan.plain[step]:
            try:
                request = attempt_at(run, step)
            except MissingOutputError:
                pass  # found again below, where handlers are asked
            else:
                request.step = step
                return request
        return self._advance(step, invocation(run, step), None)

    def _go_on(self, step: int, steps: Invocation, outcome: Outcome | None) -> None:
        request = self._advance(step, steps, outcome)
        if request is not None:
            self._next.append(request)

    def _advance(self, step: int, steps: Invocation, outcome: Outcome | None) -> Request | None:
        """Let an invocation go on; what it wants next, None if the step is over."""
        try:
            request = steps.send(outcome)  # type: ignore[arg-type]
        except StopIteration as end:
            answer = end.value
        else:
            request.step, request.invocation = step, steps
            return request
        if isinstance(answer, Success):
            self._extend(self.run.done(step, answer.value))
        else:
            self._extend(self.run.failed(step, answer.error, answer.strategy))
        return None

    def _check_progress(self) -> None:
        if not (self.under_way or self._next or self._fresh):
            self.run.stop(self.run.stall())


def _push_all(heap: list[int], steps: list[int]) -> None:
    for step in steps:
        heapq.heappush(heap, step)


def _as_expired(outcome: Outcome) -> Outcome:
    """Whatever a call gave that was cancelled because its time was up, it came too late."""
    return replace(outcome, value=None, error=None, expired=True)
