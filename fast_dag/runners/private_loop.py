"""An event loop on a daemon thread of its own, for the coroutines of one run."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from fast_dag.runners.calls import GRACE

Begin = Callable[[], Coroutine[Any, Any, None]]


class Handle:
    """A coroutine on a private loop, as seen from other threads."""

    def __init__(self, loop: PrivateLoop) -> None:
        self._loop = loop
        self.task: asyncio.Task[None] | None = None

    def cancel(self, after: float = 0.0) -> bool:
        """Ask the coroutine to end, if it has not done so *after* some seconds; it may take its time."""
        self._loop.post(self._cancel, after)
        return True

    def _cancel(self, after: float) -> None:
        if self.task is not None:
            # Behind its first step: a task that is cancelled before cannot tell how it ended.
            self.task.get_loop().call_later(after, self.task.cancel)


class PrivateLoop:
    """Started by the first coroutine; closing it cancels those that are left."""

    def __init__(self, name: str) -> None:
        self._name = f"fast_dag loop of {name}"
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop
        self._closing: asyncio.Event
        self._main: asyncio.Task[None] | None
        self._lock = threading.Lock()
        """Over whether there is a loop: several threads may ask for the first coroutine."""
        self._is_closed = False

    def start(self, begin: Begin, context: contextvars.Context) -> Handle:
        """Run a coroutine in *context*; not at all if the loop is closed."""
        handle = Handle(self)
        with self._lock:
            if self._is_closed:
                return handle
            if self._thread is None:
                self._open()
        self.post(self._begin, handle, begin, context)
        return handle

    def post(self, function: Callable[..., None], *args: Any) -> None:
        """Call *function* in the thread of the loop, soon; not at all if the loop is closed."""
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    def is_here(self) -> bool:
        """Whether the caller is in the thread of the loop."""
        return threading.current_thread() is self._thread

    def clear(self, grace: float) -> None:
        """Cancel what runs on the loop, and wait up to *grace* seconds for it to end; the loop goes on."""
        if self._thread is None:
            return
        cleared = threading.Event()

        async def clear() -> None:
            left = asyncio.all_tasks() - {self._main, asyncio.current_task()}
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left)
            cleared.set()

        self.start(clear, contextvars.copy_context())
        cleared.wait(grace)

    def close(self, grace: float = GRACE) -> bool:
        """Cancel what is left and end the loop; false if it did not end within *grace* and was abandoned."""
        with self._lock:
            self._is_closed = True
        if self._thread is None:
            return True
        self.post(self._closing.set)
        if threading.current_thread() is not self._thread:
            self._thread.join(grace)
        return not self._thread.is_alive()

    def _open(self) -> None:
        ready = threading.Event()

        async def serve() -> None:
            self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
            self._main = asyncio.current_task()
            ready.set()
            await self._closing.wait()

        # On closing, asyncio.run cancels every task that is left and waits for it.
        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), name=self._name, daemon=True)
        self._thread.start()
        ready.wait()

    def _begin(self, handle: Handle, begin: Begin, context: contextvars.Context) -> None:
        _forget_library(context)
        handle.task = self._loop.create_task(begin(), context=context)


def _forget_library(context: contextvars.Context) -> None:
    """Drop from *context* which event loop library the caller is on: here it is asyncio."""
    sniffio: Any = sys.modules.get("sniffio")
    if sniffio is not None:
        context.run(sniffio.current_async_library_cvar.set, None)
