"""What is under way: requests handed to a runner, until each comes back.

The desk between the core and a runner.  It waits for nothing and calls nobody: `take` gives the next
request, `back` brings its outcome.  One caller at a time; the runner sees to that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from fast_dag.errors import MissingOutputError
from fast_dag.run.attempts import attempt_at
from fast_dag.run.invocation import invocation
from fast_dag.run.lap import Ending, Lap
from fast_dag.run.orders import Orders
from fast_dag.run.plainly import tell_finished, tell_started
from fast_dag.run.queues import ByArrival, InOrder, Queue
from fast_dag.run.requests import Enter, Failure, Invocation, Last, LeftOut, Outcome, Request, Success, Watch
from fast_dag.run.run import Run
from fast_dag.run.strand import Strand, outermost

LONG: Final = 0.5
"""Seconds after which a call that has room, and has not begun, is not waited for any more."""


class Dispatch:
    """Hands out the requests of a run, and of the runs inside its steps.

    Parameters:
        run: the outermost run.
        limit: how many calls may be under way at once, None for any number.
        in_order: one step at a time, in the order of the plan, waits between its attempts included.
        leave: called with a call that is under way and that nobody wants any more.
    """

    def __init__(
        self,
        run: Run,
        limit: int | None,
        *,
        in_order: bool = False,
        leave: Callable[[Request], None] = lambda _: None,
    ) -> None:
        self.run = run
        self.under_way: set[Request] = set()
        self.timed: set[Enter | Watch] = set()
        """Runs inside steps, and cycles, that have a timeout."""
        self.held = False
        """Whether nothing new is handed out for now."""
        self._leave = leave
        self.root = outermost(run)
        """The outermost run."""
        self._orders: Orders | None = None
        self._limit = float("inf") if limit is None else limit
        self._busy = 0
        """Calls under way."""
        self._in_order = in_order
        self._fresh: Queue = InOrder() if in_order else ByArrival()
        self._next: deque[Request] = deque()
        """What steps that have begun want now."""
        self._inside: list[Strand] = []
        """Runs inside steps that are not over."""
        run.ledger.limit, run.ledger.is_in_order = limit, in_order
        run.ledger.is_stuck = self._is_stuck

    def begin(self, first: list[int]) -> None:
        """Take in the *first* steps of the run."""
        self._fresh.add(self.root, first)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is under way, nor handed out for now."""
        return self.held and not self.under_way

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
        return not self.under_way and len(self._fresh) == 1 and not self._next and not self.timed

    def is_open(self, request: Request) -> bool:
        """Whether *request* has been handed out, and is still wanted."""
        if isinstance(request, Watch):
            return request.is_open and not request.strand.run.finished
        return request in self.under_way or request in self.timed

    def wants(self, request: Request) -> bool:
        """Whether anybody waits for the outcome of a call."""
        return request in self.under_way and (not self.run.finished or isinstance(request, Last))

    def take(self) -> Request | None:
        """The next request to see to, None if there is none now."""
        while not (self.run.finished or self.held):
            if self.run.ledger.watches:
                if (watch := self.watch()) is not None:
                    return watch
                continue
            has_room = self._busy < self._limit
            if self._next and (has_room or not self._next[0].takes_room):
                request: Request | None = self._next.popleft()
            elif self._fresh and has_room and not (self._in_order and (self.under_way or self._next)):
                request = self._start(*self._fresh.pop())
            elif not self._is_helped():
                return None
            else:
                continue
            if request is not None:
                return self._handed_out(request)
        return None

    def _handed_out(self, request: Request) -> Request:
        if type(request) is Enter:
            self.timed.add(request)
        else:
            self.under_way.add(request)
            self._busy += request.takes_room
        return request

    def back(self, request: Request, outcome: Outcome) -> bool:
        """Take the outcome of a request; False if it had been given up."""
        if request not in self.under_way:
            return False
        self.under_way.discard(request)
        self._busy -= request.takes_room
        if self.run.finished:
            if isinstance(request, Last):
                request.heed(outcome)
            return True
        if outcome.error is None and request.invocation is None and not request.cancelling:
            # A call without settings that went well, as most do.
            strand, step = request.strand, request.step
            run = strand.run
            run.tally.durations[step] += outcome.duration
            run.tally.attempts[step] += 1
            if run.notes is not None:
                tell_finished(run, step, outcome)
            # The thread that made the call may hold the outcome for a while: not the value as well.
            value, outcome.value = outcome.value, None
            freed = run.done(step, value)
            if not run.finished:
                self._fresh.add(strand, freed)
            elif strand.enter is not None:
                self._leave_run(self._set_free(strand, freed))
        else:
            self._back_with_care(request, _as_expired(outcome) if request.cancelling else outcome)
        return True

    def obey(self) -> None:
        """See to what those who watch want ended."""
        if self.run.ledger.orders:
            self._orders = self._orders or Orders(self)
            self._orders.follow()

    def hold_back(self) -> None:
        """Begin nothing more."""
        self._limit = 0

    @property
    def strands(self) -> list[Strand]:
        """The outermost run, and those inside steps that are not over."""
        return [self.root, *self._inside]

    def look(self, watch: Watch) -> bool:
        """End a cycle if it is time for that; whether it is to be looked at again."""
        ending = watch.check()
        if isinstance(ending, Ending) and watch.is_open:
            self.timed.discard(watch)
            self.cut(watch.strand, watch.lap, ending)
        return not ending and self.is_open(watch)

    def expire(self, enter: Enter, now: float) -> None:
        """Give up a run inside a step because its time is up."""
        strand = next(each for each in self._inside if each.enter is enter)
        self._drop(strand)
        outcome = Outcome(expired=True, duration=enter.timeout or 0.0, ended=now)
        self._go_on(enter.strand, enter.step, enter.invocation, outcome)  # type: ignore[arg-type]

    def watch(self) -> Watch | None:
        """The request to watch over a cycle that has begun; None if it is orders that have come."""
        run, request = self.run.ledger.watches.popleft()
        if request is None:
            self.obey()
            return None
        request.strand = next((each for each in self._inside if each.run is run), self.root)
        self.timed = {each for each in self.timed if not isinstance(each, Watch) or each.is_open}
        self.timed.add(request)
        return request

    def cut(self, strand: Strand, lap: Lap, ending: Ending) -> None:
        """Leave what is under way in a cycle that has to end, and go on behind it."""
        cycle, around = lap.cycle, self.run.ledger.around
        if around is not None:
            around.cut(strand, lap, ending)

        def is_left(each: Request) -> bool:
            return each.strand is strand and cycle.enter <= each.step <= cycle.leave

        for inner in [each for each in self._inside if each.enter is not None and is_left(each.enter)]:
            self._drop(inner)
        self._next = deque(each for each in self._next if not is_left(each))
        self.leave([each for each in self.under_way if is_left(each)])
        self._leave_run(self._set_free(strand, strand.run.rounds.cut(lap, ending)))

    def leave(self, calls: list[Request]) -> None:
        """Leave calls that are under way: nobody wants them any more."""
        for request in calls:
            self.under_way.discard(request)
            self._busy -= request.takes_room
            self._leave(request)

    def _back_with_care(self, request: Request, outcome: Outcome) -> None:
        strand, step = request.strand, request.step
        if outcome.error is not None and not isinstance(outcome.error, Exception):
            self.run.stop(outcome.error)
        elif isinstance(request, Last) and strand.run.finished:
            request.heed(outcome)
        elif request.invocation is None:
            self._go_on(strand, step, invocation(strand.run, step, outcome), None)
        else:
            self._go_on(strand, step, request.invocation, outcome)

    def _start(self, strand: Strand, step: int) -> Request | None:
        """The first request of *step*, None if there is none to be handed out."""
        run = strand.run
        if run.finished or not run.wants(step):
            return None  # given up since it was set free
        if strand.plain and strand.plain[step]:
            try:
                request = attempt_at(run, step)
            except MissingOutputError:
                pass  # found again below, where handlers are asked
            else:
                request.strand, request.step = strand, step
                if run.notes is not None:
                    tell_started(run, step)
                return request
        around = self.run.ledger.around
        steps = strand.invoke(step) if around is None else around.begin(strand, step)
        self._go_on(strand, step, steps, None)
        return None

    def _go_on(self, strand: Strand, step: int, steps: Invocation, outcome: Outcome | None) -> None:
        """Let an invocation go on."""
        self._leave_run(self._advance(strand, step, steps, outcome))

    def _leave_run(self, over: Strand | None) -> None:
        """Let the step go on that a run lies in which is *over*, and so on outwards."""
        # Where all runs were ended at once, no step gets another attempt.
        while over is not None and not self.run.finished:
            enter: Enter = over.enter  # type: ignore[assignment]
            self._inside.remove(over)
            self.timed.discard(enter)
            over = self._advance(enter.strand, enter.step, enter.invocation, over.outcome)  # type: ignore[arg-type]

    def _advance(
        self, strand: Strand, step: int, steps: Invocation, outcome: Outcome | None
    ) -> Strand | None:
        """Send an outcome to an invocation; what lies inside a step and is over because of that."""
        try:
            request = steps.send(outcome)  # type: ignore[arg-type]
        except StopIteration as end:
            return self._settle(strand, step, end.value)
        request.strand, request.step, request.invocation = strand, step, steps
        return self._hand_on(request)

    def _settle(self, strand: Strand, step: int, answer: Success | Failure | LeftOut) -> Strand | None:
        """Tell the run what became of *step*; the strand if it is over and lies inside another."""
        run = strand.run
        if isinstance(answer, Success):
            freed = run.done(step, answer.value)
        elif isinstance(answer, LeftOut):
            freed = run.pass_over(step)
        else:
            freed = run.failed(step, answer.error, answer.strategy, answer.notes, answer.marks)
        return self._set_free(strand, freed)

    def _set_free(self, strand: Strand, steps: list[int]) -> Strand | None:
        if not strand.run.finished:
            self._fresh.add(strand, steps)
        elif strand.enter is not None:
            if strand.run.error is not None:
                self._drop_calls(strand)
            return strand
        return None

    def _hand_on(self, request: Request) -> Strand | None:
        """Queue a request for the runner; a run inside a step is begun, and given back if it is over."""
        if not isinstance(request, Enter):
            self._next.append(request)
            return None
        strand = Strand(request.inner, request.invoke, request)
        self._inside.append(strand)
        first = request.inner.ready()
        if request.timeout is not None and not request.inner.finished:
            self._next.append(request)
        return self._set_free(strand, first)

    def _drop(self, strand: Strand) -> None:
        """Give up a run inside a step, and whatever is under way in it."""
        strand.run.finished = True
        self._drop_calls(strand)
        self._inside.remove(strand)

    def _drop_calls(self, strand: Strand) -> None:
        behind = self._inside.index(strand) + 1  # what lies inside began later
        kept: list[Strand] = []
        dropped = [strand]
        for each in self._inside[behind:]:
            (dropped if each.run.is_inside(strand.run) else kept).append(each)
        self._inside[behind:] = kept
        for each in dropped:
            each.run.finished = True
            each.run.end_early()
            self.timed.discard(each.enter)
        self._next = deque(each for each in self._next if not each.strand.run.finished)
        left = [each for each in self.under_way if each.strand.run.finished and not isinstance(each, Last)]
        self.leave(left)

    def _is_helped(self) -> bool:
        """Whether ending what waits for nothing any more lets the run go on; stop it if it cannot."""
        if self.under_way or self._next or self._fresh:
            return False
        if self._orders is not None and self._orders.end_idle():
            return True
        self.run.stop(self.run.stall())
        return False

    def _is_stuck(self, blocked: int, waited: float) -> bool:
        """Whether all calls that have begun are *blocked*, and nothing else can begin."""
        begun = sum(getattr(request.handle, "has_begun", True) for request in list(self.under_way))
        # An executor may have fewer threads than there is room for: it is given a moment.
        can_start = self.has_more and self._busy < self._limit and waited < LONG
        return blocked >= begun and not can_start


def _as_expired(outcome: Outcome) -> Outcome:
    """Whatever a call gave that was cancelled because its time was up, it came too late."""
    return replace(outcome, value=None, error=None, expired=True)
