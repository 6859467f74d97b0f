"""The running event loop: coroutines as its tasks, sync nodes on daemon threads, the books in the loop."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from time import perf_counter
from types import TracebackType
from typing import Any, Protocol, Self

import anyio
import anyio.from_thread
import anyio.lowlevel

from fast_dag.errors import RunCancelledError
from fast_dag.run.dispatch import Dispatch, Flight
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.invocation import Outcome, Wait
from fast_dag.runners.calls import GRACE, Call, InContext, call, call_async, finish_async, is_awaitable
from fast_dag.runners.daemons import Daemons, OnDaemon
from fast_dag.runners.deadlines import Deadlines, abandon
from fast_dag.runners.limits import Limits, cpu_count

Steps = Coroutine[Any, Any, None]


async def drive(
    run: GraphRun, limits: Limits, report: Callable[[], None], desk: Dispatch | None = None
) -> None:
    """Follow *run* to its end on the running loop, of asyncio or trio."""
    desk = desk or Dispatch(run, limits.max_workers)
    async with _Asyncio() if _is_asyncio() else _Anyio() as backend:
        await _Follower(desk, limits, report, backend).drive()


class _Backend(Protocol):
    """What differs between event loops."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None: ...

    def spawn(self, steps: Steps, context: contextvars.Context) -> Any:
        """Run a coroutine as a task; the handle given back cancels it."""

    async def ended(self, handles: Collection[Any]) -> None:
        """Wait until the tasks of *handles* have ended."""

    def post(self, function: Callable[..., None], *args: Any) -> None:
        """Call *function* in the loop, from any thread; not at all once the loop has ended."""


class _Asyncio:
    """Tasks made directly on asyncio: an order of magnitude cheaper than through a task group."""

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def spawn(self, steps: Steps, context: contextvars.Context) -> asyncio.Task[None]:
        return self._loop.create_task(steps, context=context)

    async def ended(self, handles: Collection[asyncio.Task[None]]) -> None:
        if handles:
            await asyncio.wait(handles)

    def post(self, function: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            if not self._loop.is_closed():
                raise


class _Scope:
    """The cancel scope of a task, as a handle."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.ended = anyio.Event()

    def cancel(self) -> bool:
        self.scope.cancel()
        return True


class _Anyio:
    """Any other loop, through a task group: its tasks cannot be left behind."""

    async def __aenter__(self) -> Self:
        self._token = anyio.lowlevel.current_token()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._group.__aexit__(kind, error, trace)

    def spawn(self, steps: Steps, context: contextvars.Context) -> _Scope:
        handle = _Scope()

        async def task() -> None:
            with handle.scope:
                await InContext(steps, context)
            handle.ended.set()

        self._group.start_soon(task)
        return handle

    async def ended(self, handles: Collection[_Scope]) -> None:
        for handle in handles:
            await handle.ended.wait()

    def post(self, function: Callable[..., None], *args: Any) -> None:
        # A late result, when nobody is there to take it.
        with suppress(anyio.RunFinishedError):
            anyio.from_thread.run_sync(function, *args, token=self._token)


class _Follower:
    """Follows a run on an event loop; everything here happens in the loop's thread."""

    def __init__(self, desk: Dispatch, limits: Limits, report: Callable[[], None], backend: _Backend) -> None:
        self.run = desk.run
        self.report = report
        self.backend = backend
        self.desk = desk
        self.deadlines = Deadlines(self.desk, limits.timeout, perf_counter())
        self.daemons = Daemons(limits.max_workers or cpu_count())
        self.base = contextvars.copy_context()
        self.woken = anyio.Event()
        self.scope = anyio.CancelScope()
        self.has_deadline = limits.timeout is not None

    async def drive(self) -> None:
        self.run.context.on_cancel(lambda error: self.backend.post(self._stop, error))
        self.desk.begin()
        try:
            with self.scope:
                while not self.run.finished:
                    await self._go_on()
        except anyio.get_cancelled_exc_class() as error:
            self.run.stop(error)
            raise
        finally:
            await self._disband()
            self.report()

    async def _go_on(self) -> None:
        """Start what can start, and wait; but a coroutine that is alone runs in place, without a task."""
        flight = self.desk.take() if self.desk.is_alone else None
        if flight is not None:
            request = flight.request
            if not isinstance(request, Wait) and self._fits_in_place(request):
                self.report()
                outcome = await InContext(call_async(request), self.base.copy())
                self.desk.back(flight, outcome)
                self.report()
                return
            self._start(flight)
        self._pump()
        if not self.run.finished and not self.desk.is_alone:
            await self._rest()

    async def _rest(self) -> None:
        due = self.deadlines.next()
        with anyio.move_on_after(None if due is None else max(due - perf_counter(), 0.0)):
            await self.woken.wait()
        self.woken = anyio.Event()
        self.deadlines.fall_due(perf_counter())

    async def _disband(self) -> None:
        """Cancel what is left, and give it a moment to end; abandon what does not."""
        self.daemons.close()
        tasks = []
        for flight in [flight for flight in self.desk.flights if flight.handle is not None]:
            if not flight.handle.cancel():
                abandon(self.desk, flight)
            elif not isinstance(flight.handle, OnDaemon):
                tasks.append(flight.handle)
        if tasks:
            with anyio.CancelScope(shield=True), anyio.move_on_after(GRACE):
                await self.backend.ended(tasks)

    def _fits_in_place(self, request: Call) -> bool:
        return request.is_async and request.timeout is None and not self.has_deadline

    def _pump(self) -> None:
        """Start everything that can start, unless it may run in place: then the main task is woken."""
        while not self.desk.is_alone and (flight := self.desk.take()) is not None:
            self._start(flight)
        self.report()
        if self.run.finished or self.desk.is_alone:
            self.woken.set()

    def _start(self, flight: Flight) -> None:
        request = flight.request
        if isinstance(request, Wait):
            self._watch_over(flight)
        elif request.is_async:
            self._watch_over(flight)
            flight.handle = self.backend.spawn(self._perform(flight, request), self.base.copy())
        else:
            self._submit(flight, request)

    async def _perform(self, flight: Flight, request: Call) -> None:
        self._back(flight, await call_async(request))

    async def _finish(self, flight: Flight, pending: Outcome) -> None:
        self._back(flight, await finish_async(pending))

    def _submit(self, flight: Flight, request: Call) -> None:
        context, post = self.base.copy(), self.backend.post

        def work() -> None:
            if request.timeout is not None:
                # The clock starts when a thread has the call, not while it waits for one.
                post(self._watch_over, flight)
            outcome = call(request, context)
            if outcome.error is None and is_awaitable(outcome.value):
                post(self._await, flight, outcome, context)
            else:
                post(self._back, flight, outcome)

        flight.handle = self.daemons.submit(work)

    def _await(self, flight: Flight, pending: Outcome, context: contextvars.Context) -> None:
        if flight in self.desk.flights and not self.run.finished:
            flight.handle = self.backend.spawn(self._finish(flight, pending), context)
        elif asyncio.iscoroutine(pending.value):
            pending.value.close()

    def _back(self, flight: Flight, outcome: Outcome) -> None:
        try:
            self.desk.back(flight, outcome)
            # Most of the time others are under way and nothing was set free.
            if self.desk.has_more or not self.desk.flights or self.run.finished:
                self._pump()
            self.report()
        except BaseException as error:  # a fault in the books must end the run, not one callback
            self.run.stop(error)
            self.woken.set()

    def _watch_over(self, flight: Flight) -> None:
        if isinstance(flight.request, Wait) or flight.request.timeout is not None:
            self.deadlines.add(flight, perf_counter())
            self.woken.set()

    def _stop(self, error: RunCancelledError) -> None:
        self.run.stop(error)
        self.scope.cancel()
        self.woken.set()


def _is_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
