"""The running event loop: coroutines as its tasks, sync nodes on daemon threads, the books in the loop."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import anyio

from fast_dag.run.dispatch import Dispatch
from fast_dag.run.hooked import Silent
from fast_dag.run.in_context import InContext
from fast_dag.run.requests import Call, Last, Outcome, Request, Until
from fast_dag.run.run import Run
from fast_dag.runners.backends import Backend, backend_here
from fast_dag.runners.bridge import Begin, Bridge
from fast_dag.runners.calls import GRACE, call, call_async, drop, finish_async, is_awaitable
from fast_dag.runners.daemons import Borrowed, Daemons, OnDaemon
from fast_dag.runners.deadlines import Deadlines, abandon, leave
from fast_dag.runners.limits import Limits, cpu_count
from fast_dag.runners.winding_up import Patience, WindingUp, has_loose_ends, seconds_left


async def drive(
    run: Run,
    limits: Limits,
    report: Callable[[], None],
    desk: Dispatch | None = None,
    patience: Patience | None = None,
) -> None:
    """Follow *run* to its end on the running loop, of asyncio or trio.

    *patience* is that of another thread, which waits for this one.
    """
    desk = desk or desk_of(run, limits)
    async with backend_here() as backend:
        await _Follower(desk, limits, report, backend, patience=patience).drive()


def desk_of(run: Run, limits: Limits) -> Dispatch:
    """The desk for following *run* on a loop."""
    return Dispatch(run, limits.max_workers, leave=partial(leave, run))


class Pulled:
    """A run that goes on only while somebody waits for it, and rests where its desk is held.

    Parameters:
        run: the run, which has not begun.
        limits: what it may use.
        report: called when something has happened.
    """

    def __init__(self, run: Run, limits: Limits, report: Callable[[], None]) -> None:
        self.desk = desk_of(run, limits)
        self._limits, self._report = limits, report
        self._deadlines: Deadlines | None = None

    async def go_on(self) -> None:
        """Follow the run on the running loop until it rests, or is over and cleaned up."""
        async with backend_here() as backend:
            follower = _Follower(self.desk, self._limits, self._report, backend, self._deadlines)
            self._deadlines = follower.deadlines
            await follower.drive()


class _Follower:
    """Follows a run on an event loop; everything here happens in the loop's thread."""

    def __init__(
        self,
        desk: Dispatch,
        limits: Limits,
        report: Callable[[], None],
        backend: Backend,
        deadlines: Deadlines | None = None,
        *,
        patience: Patience | None = None,
    ) -> None:
        self.run = desk.run
        self.patience = patience
        self.report = report
        self.backend = backend
        self.desk = desk
        self.is_first = deadlines is None
        self.deadlines = deadlines or Deadlines(self.desk, limits.timeout, perf_counter())
        workers = limits.threads or limits.max_workers or cpu_count()
        self.daemons = Daemons(workers) if limits.executor is None else Borrowed(limits.executor)
        self.base = contextvars.copy_context()
        self.bridge = Bridge(self._begin, backend.post, self.base, self._is_here)
        self.run.ledger.attach(self.bridge, perf_counter, self.base, workers)
        self.woken = anyio.Event()
        self.scope = anyio.CancelScope()
        self.may_be_cut = limits.timeout is not None or limits.may_be_cut
        self.thread = threading.get_ident()
        self.is_over = False
        self.crossing: set[Any] = set()
        """What other threads wait for."""

    async def drive(self) -> None:
        self.run.context.on_stop(self._stop_from_anywhere)
        self.run.ledger.wake = partial(self.backend.post, self._heed)
        if self.is_first:
            self.desk.begin(self.run.ready())
        try:
            with self.scope:
                while not (self.run.finished or self.desk.is_at_rest):
                    await self._go_on()
        except BaseException as error:  # cancellation or Ctrl-C: nothing may start while we disband
            self.run.stop(error)
            raise
        finally:
            await self._disband()
            self.report()

    async def _go_on(self) -> None:
        """Start what can start, and wait; but a coroutine that is alone runs in place, without a task."""
        request = self.desk.take() if self.desk.is_alone else None
        if isinstance(request, Call) and self._fits_in_place(request) and not self.desk.has_more:
            self.report()
            if self.desk.wants(request):
                await InContext(call_async(request, self.desk.back), self.base.copy())
                self.report()
            return
        if request is not None:
            self._start(request)
        del request  # this frame must not hold it while it waits
        self._pump()
        if not (self.run.finished or self.desk.is_alone or self.desk.is_at_rest):
            await self._rest()

    async def _rest(self) -> None:
        due = self.deadlines.next()
        with anyio.move_on_after(None if due is None else max(due - perf_counter(), 0.0)):
            await self.woken.wait()
        self.woken = anyio.Event()
        self.deadlines.fall_due(perf_counter())

    async def _disband(self) -> None:
        """Cancel what is left, and give it a moment to end; abandon what does not."""
        ended = perf_counter()
        self.daemons.close()
        try:
            if self.desk.under_way or (self.run.finished and has_loose_ends(self.run)):
                with anyio.CancelScope(shield=True):
                    await self.backend.undisturbed(self._end(ended))
        finally:
            self.is_over = True
            self.bridge.close()

    async def _end(self, ended: float) -> None:
        await self._leave_calls()
        if has_loose_ends(self.run):
            await self._wind_up(ended)
            for handle in self.crossing:
                handle.cancel()

    async def _leave_calls(self) -> None:
        """Cancel or abandon what is under way; but a cleanup hook that has begun gets a moment to end."""
        tasks, lasting = self._call_off()
        if not tasks and not lasting:
            return
        with anyio.move_on_after(GRACE):
            await self.backend.ended(tasks)
            while not self.desk.under_way.isdisjoint(lasting):
                self.woken = anyio.Event()
                await self.woken.wait()
        for request in self.desk.under_way.intersection(lasting):
            self.run.tally.abandoned += not request.handle.cancel()

    def _call_off(self) -> tuple[list[Any], set[Last]]:
        """Cancel what is under way; the tasks that have yet to end, and the cleanup hooks that go on."""
        tasks, lasting = [], set()
        for request in [each for each in self.desk.under_way if each.handle is not None]:
            if isinstance(request, Last) and getattr(request.handle, "has_begun", True):
                lasting.add(request)
            elif not request.handle.cancel():
                abandon(self.run, request)
            elif not isinstance(request.handle, OnDaemon):
                tasks.append(request.handle)
        for handle in self.crossing:
            handle.cancel()
            tasks.append(handle)
        return tasks, lasting

    async def _wind_up(self, ended: float) -> None:
        """Have everything done that is left when the run has ended."""
        winding = WindingUp(self.run, self.patience)
        try:
            with anyio.move_on_after(seconds_left(ended)):
                async with anyio.create_task_group() as group:
                    for steps in winding.ends:
                        group.start_soon(self._follow, winding, steps)
        finally:
            self.run.tally.abandoned += winding.call_off()

    async def _follow(self, winding: WindingUp, steps: Silent) -> None:
        outcome: Outcome | None = None
        while (request := winding.next(steps, outcome)) is not None:
            outcome = await self._clean_up(winding, request)
            if isinstance(outcome.error, anyio.get_cancelled_exc_class()):
                raise outcome.error

    async def _clean_up(self, winding: WindingUp, request: Call) -> Outcome:
        context = self.base.copy()
        if not request.blocks:
            return call(request, context)  # at once: it must not be what there is no time left for
        answers: list[Outcome] = []

        def tell(_: Request, outcome: Outcome) -> None:
            answers.append(outcome)

        if request.is_async:
            await InContext(call_async(request, tell), context)
            return answers[0]
        outcome: Outcome = await self.bridge.in_thread(partial(winding.call, request, context))
        if outcome.error is not None or not is_awaitable(outcome.value):
            return outcome
        await InContext(finish_async(request, outcome, tell), context)
        return answers[0]

    def _begin(self, begin: Begin, context: contextvars.Context) -> None:
        """Begin a coroutine on the loop, from another thread that waits for it."""
        self.backend.post(self._cross, begin, context)

    def _cross(self, begin: Begin, context: contextvars.Context) -> None:
        if self.bridge.is_closed:
            return

        async def steps() -> None:
            try:
                await begin()
            finally:
                self.crossing.discard(handle)

        handle = self.backend.spawn(steps(), context)
        self.crossing.add(handle)

    def _is_here(self) -> bool:
        return threading.get_ident() == self.thread

    def _fits_in_place(self, request: Call) -> bool:
        return request.is_async and request.timeout is None and not self.may_be_cut

    def _pump(self) -> None:
        """Start everything that can start, unless it may run in place: then the main task is woken."""
        while not self.desk.is_alone and (request := self.desk.take()) is not None:
            self._start(request)
        self.report()
        if self.run.finished or self.desk.is_alone or self.desk.is_at_rest:
            self.woken.set()

    def _start(self, request: Request) -> None:
        if isinstance(request, Until):
            if not request.flight.when_landed(partial(self.backend.post, self._back, request, Outcome())):
                self.desk.back(request, Outcome())
        elif not isinstance(request, Call):
            self._watch_over(request)
        elif not request.blocks:
            self.desk.back(request, call(request, self.base.copy()))
        elif request.is_async:
            self._spawn(request)
        else:
            self._submit(request)

    def _spawn(self, request: Call) -> None:
        if self.run.notes:
            self.report()  # as below
            if not self.desk.wants(request):
                return
        if request.timeout is not None:
            self._watch_over(request)
        request.handle = self.backend.spawn(call_async(request, self._back), self.base.copy())

    def _submit(self, request: Call) -> None:
        context, post = self.base.copy(), self.backend.post
        self.report()  # that it has started is to be told before it says anything itself
        if self.run.notes is not None and not self.desk.wants(request):
            return

        def work() -> None:
            if request.timeout is not None:
                # The clock starts when a thread has the call, not while it waits for one.
                post(self._watch_over, request)
            outcome = call(request, context)
            if outcome.error is not None or not is_awaitable(outcome.value):
                post(self._back, request, outcome)
            elif self.is_over if isinstance(request, Last) else self.run.finished:
                drop(outcome.value)  # the loop may have ended as well
            else:
                post(self._await, request, outcome, context)

        request.handle = self.daemons.submit(work)

    def _await(self, request: Call, pending: Outcome, context: contextvars.Context) -> None:
        if self.desk.wants(request):
            request.handle = self.backend.spawn(finish_async(request, pending, self._back), context)
        else:
            drop(pending.value)

    def _back(self, request: Request, outcome: Outcome) -> None:
        try:
            self.desk.back(request, outcome)
            # Most of the time nothing was set free, and others are under way.
            if self.desk.has_news:
                self._pump()
            self.report()
        except BaseException as error:  # a fault in the books must end the run, not one callback
            self.run.stop(error)
            self.woken.set()

    def _heed(self) -> None:
        """See to what those who watch want ended."""
        self.desk.obey()
        self._pump()
        self.woken.set()

    def _watch_over(self, request: Request) -> None:
        if self.deadlines.add(request, perf_counter()):
            self.woken.set()

    def _stop_from_anywhere(self, error: Exception) -> None:
        # In the loop's own thread at once: the node that says so may be the last one, and return.
        if self._is_here():
            self._stop(error)
        else:
            self.backend.post(self._stop, error)

    def _stop(self, error: Exception) -> None:
        self.run.stop(error)
        self.scope.cancel()
        self.woken.set()
