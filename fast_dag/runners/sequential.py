"""One step after the other in the calling thread: a plain loop as far as it goes, then the core."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import Any

from fast_dag.run.dispatch import Dispatch
from fast_dag.run.requests import Call, Last, Loop, Outcome, Request, Until, Wait
from fast_dag.run.run import Run
from fast_dag.run.strand import Strand
from fast_dag.runners import threads
from fast_dag.runners.bridge import Bridge
from fast_dag.runners.calls import GRACE, Tell, call, call_async, drop, finish_async, is_awaitable
from fast_dag.runners.cycle_loop import cycle_loop
from fast_dag.runners.limits import Limits
from fast_dag.runners.plain_loops import beginning_of, is_observed, keep_beginning, tape_for
from fast_dag.runners.private_loop import Handle, PrivateLoop
from fast_dag.runners.row_loop import Interrupted
from fast_dag.runners.winding_up import WindingUp, follow, has_loose_ends, seconds_left

Work = Callable[[Tell], Coroutine[Any, Any, None]]


def drive(run: Run, limits: Limits, report: Callable[[], None]) -> None:
    """Follow *run* to its end in the order of its plan.

    With a timeout, or somebody who may end it early, steps are made on a helper thread, which can be left.
    """
    if limits.timeout is not None or limits.has_node_timeouts or limits.may_be_cut:
        threads.drive(run, limits, report, in_order=True)
    else:
        InLine(run, report).drive()


class InLine:
    """A run in the calling thread."""

    def __init__(self, run: Run, report: Callable[[], None]) -> None:
        self.run = run
        self.report = report
        self.base = contextvars.copy_context()
        self.loop = PrivateLoop(run.plan.name)
        self.waking: threading.Event | None = None
        """Set when the run is stopped, or others have done what it waits for."""
        self.stop_loop: Callable[[], None] = lambda: None
        self.handle: Handle | None = None
        self.grace = 0.0
        self.observed: Any = None
        """The plain loop that tells of each node, if somebody watches."""
        self.made: dict[tuple[Strand, int], Outcome] = {}
        """What calls gave that a plain loop has made, by run and step."""
        self.bridge = Bridge(self.loop.start, self.loop.post, self.base, self.loop.is_here)
        run.ledger.attach(self.bridge, perf_counter, self.base, workers=1)

    def drive(self) -> None:
        """Follow the run to its end."""
        self.run.context.on_stop(self.stop)
        ledger = self.run.ledger
        ledger.is_in_order = True
        is_bare = not self.run.hooks and ledger.around is None
        is_asked = ledger.shows_values or ledger.guards or ledger.excuses
        if is_bare and not (is_asked and is_observed(self.run)):
            self.run.loop_plainly()
        made = self._run_plainly() if is_bare and not ledger.shows_values else None
        first = self.run.ready()
        if not self.run.finished:
            self._follow(first, made)
        self.report()

    def _go_round(self, request: Loop) -> Outcome:
        """Let a plain loop go round a cycle; what a node gave that only the core can take is kept for it."""
        run: Any = request.strand.run
        tape = tape_for(run, request.lap)
        loop, self.stop_loop = cycle_loop(run, request.lap, self.base, tape)
        if run.finished or self.run.finished:
            return Outcome()
        if tape is None:
            made, is_stopped = self._made_by(loop)
        else:
            self.observed = tape
            with tape.at_work():
                made, is_stopped = self._made_by(loop)
        if made is not None:
            made.ended = perf_counter()
        if tape is not None:
            tape.keep(made, is_stopped=is_stopped)
        if made is not None:
            self.made[request.strand, request.lap.cycle.enter + 1 + request.lap.made] = made
        return Outcome()

    def _follow(self, first: list[int], made: Outcome | None) -> None:
        """Make one step after the other; the very first may be *made* already."""
        desk = Dispatch(self.run, 1, in_order=True)
        desk.begin(first)
        try:
            while (request := desk.take()) is not None:
                if self.run.notes and (made or self.made):
                    self._amend(request, made)
                self.report()
                desk.back(request, self._settled(request, made) if made else self.see_to(request))
                self.report()
                made = None
        except BaseException as error:  # Ctrl-C while a coroutine is waited for: it has to end first
            self.run.stop(error)
            raise
        finally:
            self.close()

    def _amend(self, request: Request, made: Outcome | None) -> None:
        """Set right what was noted of a step as if it began now: a plain loop has made its call."""
        notes: Any = self.run.notes
        outcome = made or self.made.get((request.strand, request.step))
        if outcome is None or notes[-1].kind != "node_started":
            return
        if self.observed is not None and self.observed.begun == request.step:
            notes.pop()  # it has been told
        else:
            notes[-1].fields["time"] = outcome.ended - outcome.duration

    def close(self) -> None:
        """Do what is left when the run has ended."""
        try:
            if has_loose_ends(self.run):
                self._wind_up()
        finally:
            self.bridge.close()
            self.loop.close()

    def _wind_up(self) -> None:
        ended = perf_counter()
        self.handle = None  # whoever stops the run now does not stop its cleanup hooks
        self.loop.clear(GRACE)
        winding = WindingUp(self.run)
        for steps in winding.ends:
            follow(winding, steps, partial(self._clean_up, ended))

    def _run_plainly(self) -> Outcome | None:
        """Let a plain loop go as far as it can; what the next step gave, if it was called."""
        run, begin = self.run, beginning_of(self.run, self.base)
        if begin is None:
            return None
        loop, self.stop_loop, self.observed = begin
        if run.notes is not None:
            self.report()
        if run.finished:
            return None  # stopped before there was a loop to be stopped
        stamps = run.tally.stamps
        stamps.append(perf_counter())
        made, is_stopped = self._made_by(loop)
        keep_beginning(run, is_stopped=is_stopped)
        if made is not None and run.finished:
            drop(made.value)
        elif made is not None:
            made.ended = perf_counter()
            made.duration = made.ended - (stamps[-1] if self.observed is None else self.observed.began)
        return made

    def _made_by(self, loop: Callable[[], Outcome | None]) -> tuple[Outcome | None, bool]:
        """What a plain loop leaves to the core, and whether it was stopped."""
        try:
            return loop(), False
        except Interrupted:
            return None, True
        except BaseException as error:  # the core decides what it means
            return Outcome(error=error), False

    def see_to(self, request: Request) -> Outcome:
        """Do what a step wants, and wait for it."""
        if isinstance(request, Loop):
            return self._go_round(request)
        if self.made and (request.strand, request.step) in self.made:
            return self._settled(request, self.made.pop((request.strand, request.step)))
        if isinstance(request, Wait):
            self._wait(request.delay)
        elif isinstance(request, Until):
            self._wait_for(request)
        if not isinstance(request, Call) or (self.run.finished and not isinstance(request, Last)):
            return Outcome()
        if request.is_async:
            return self._await(request, partial(call_async, request))
        return self._settled(request, call(request, self.base.copy()))

    def _wait(self, seconds: float) -> None:
        """Wait for so long, unless the run is stopped."""
        stopped = self.waking = threading.Event()
        if not self.run.finished:  # else who stopped it may have seen no event to be set
            stopped.wait(min(seconds, threading.TIMEOUT_MAX))

    def _wait_for(self, request: Until) -> None:
        """Wait until others are done with what this step wants."""
        landed = self.waking = threading.Event()
        if request.flight.when_landed(landed.set) and not self.run.finished:
            landed.wait()

    def _clean_up(self, ended: float, request: Call) -> Outcome:
        """Make a call when the run is over; all coroutines together get a moment."""
        outcome = call(request, self.base.copy())
        if outcome.error is not None or not is_awaitable(outcome.value):
            return outcome
        answers, handle = self._begin(partial(finish_async, request, outcome))
        with suppress(queue.Empty):
            return answers.get(timeout=seconds_left(ended))
        handle.cancel()
        return Outcome()

    def _settled(self, request: Request, outcome: Outcome) -> Outcome:
        """Await what a sync function returned, if it must be awaited."""
        if outcome.error is None and is_awaitable(outcome.value):
            if self.run.finished and not isinstance(request, Last):
                drop(outcome.value)
                return outcome
            return self._await(request, partial(finish_async, request, outcome))
        return outcome

    def _await(self, request: Request, work: Work) -> Outcome:
        """Wait for a coroutine on the private loop; the end of the run cancels it, a cleanup hook later."""
        self.grace = GRACE if isinstance(request, Last) else 0.0
        answers, self.handle = self._begin(work)
        if self.run.finished:
            self.handle.cancel(self.grace)  # stopped before it was there to be cancelled
        return answers.get()

    def _begin(self, work: Work) -> tuple[queue.SimpleQueue[Outcome], Handle]:
        answers: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        handle = self.loop.start(lambda: work(lambda _, outcome: answers.put(outcome)), self.base.copy())
        return answers, handle

    def stop(self, error: Exception) -> None:
        """End the run, from any thread."""
        self.run.stop(error)
        if self.waking is not None:
            self.waking.set()
        self.stop_loop()
        if self.handle is not None:
            self.handle.cancel(self.grace)
