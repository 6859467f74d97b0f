"""What differs between event loops: asyncio itself, and any other through anyio."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self

import anyio
import anyio.lowlevel

from fast_dag.run.in_context import InContext

Steps = Coroutine[Any, Any, None]


class Backend(Protocol):
    """Tasks, and calls from other threads."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None: ...

    def spawn(self, steps: Steps, context: contextvars.Context) -> Any:
        """Run a coroutine as a task; the handle given back cancels it."""

    async def ended(self, handles: Collection[Any]) -> None:
        """Wait until the tasks of *handles* have ended."""

    async def undisturbed(self, steps: Steps) -> None:
        """Await a coroutine to its end, though the running task be cancelled meanwhile."""

    def post(self, function: Callable[..., None], *args: Any) -> None:
        """Call *function* in the loop, from any thread; not at all once the loop has ended."""


class _Asyncio:
    """Tasks made directly on asyncio: an order of magnitude cheaper than through a task group."""

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._mail: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._is_called = False
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def spawn(self, steps: Steps, context: contextvars.Context) -> asyncio.Task[None]:
        return self._loop.create_task(steps, context=context)

    async def ended(self, handles: Collection[asyncio.Task[None]]) -> None:
        if handles:
            await asyncio.wait(handles)

    async def undisturbed(self, steps: Steps) -> None:
        task = self._loop.create_task(steps)
        cancelled = None
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:  # asyncio's own cancel knows no shield
                cancelled = error
        if cancelled is not None:
            raise cancelled
        task.result()

    def post(self, function: Callable[..., None], *args: Any) -> None:
        self._mail.append((function, args))
        if self._is_called:
            return
        # Waking the loop is the dear part: it is done once for all that comes until it looks.
        self._is_called = True
        try:
            self._loop.call_soon_threadsafe(self._open_mail)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    def _open_mail(self) -> None:
        # First, so that whatever comes from now on wakes the loop again.
        self._is_called = False
        while self._mail:
            function, args = self._mail.popleft()
            function(*args)


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
        if error is None or isinstance(error, anyio.get_cancelled_exc_class()):
            return await self._group.__aexit__(kind, error, trace)
        # Ctrl-C passes by itself: the group would wrap it.
        self._group.cancel_scope.cancel()
        await self._group.__aexit__(None, None, None)
        return None

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

    async def undisturbed(self, steps: Steps) -> None:
        await steps

    def post(self, function: Callable[..., None], *args: Any) -> None:
        # Trio's own call: the one of anyio waits for the answer, which the loop's own thread must not.
        # A late result, when nobody is there to take it, is dropped: trio says so with a RuntimeError.
        with suppress(RuntimeError):
            self._token.native_token.run_sync_soon(function, *args)  # type: ignore[attr-defined]


def backend_here() -> Backend:
    """That of the running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _Anyio()
    return _Asyncio()
