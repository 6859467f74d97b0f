"""The way between the worker threads of a run and its event loop, for streams that cross it."""

from __future__ import annotations

import contextvars
import importlib
import queue
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from fast_dag.errors import StreamError
from fast_dag.runners.daemons import Daemons

Begin = Callable[[], Coroutine[Any, Any, Any]]

ANY_NUMBER = 1 << 30


class Bridge:
    """Answers what a stream asks of the runner.

    Parameters:
        start: begins a coroutine on the loop, from any thread.
        post: has the loop call a function soon, from any thread.
        base: the context variables that nodes see.
        is_on_loop: whether the caller is in the thread of the loop.
    """

    def __init__(
        self,
        start: Callable[[Begin, contextvars.Context], object],
        post: Callable[..., object],
        base: contextvars.Context,
        is_on_loop: Callable[[], bool],
    ) -> None:
        self._start, self._post, self._base, self._is_on_loop = start, post, base, is_on_loop
        self._threads: Daemons | None = None
        """One for each reader that waits: they are no workers of the run."""
        self._is_closed = False

    def wait_for(self, begin: Begin) -> Any:
        """Have the loop run a coroutine, from a thread that waits for what it gives.

        Raises:
            StreamError: the caller is the loop, which would wait for itself; or the run is over.
        """
        if self._is_closed:
            msg = "the run whose loop makes this stream is over: use stream='list' to keep what it gives"
            raise StreamError(msg)
        if self._is_on_loop():
            msg = "an async stream cannot be read with a plain for on the event loop: use async for"
            raise StreamError(msg)
        answers: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

        async def work() -> None:
            try:
                answers.put((await begin(), None))
            except BaseException as error:  # it belongs to the thread that waits
                answers.put((None, error))

        self._start(work, self._base.copy())
        value, error = answers.get()
        if error is not None:
            raise error
        return value

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        """Call *function* in a daemon thread, from a coroutine that waits for what it gives."""
        done = importlib.import_module("anyio").Event()
        answers: list[tuple[Any, BaseException | None]] = []

        def work() -> None:
            try:
                answers.append((function(), None))
            except BaseException as error:  # it belongs to the coroutine that waits
                answers.append((None, error))
            self._post(done.set)

        self._threads = self._threads or Daemons(ANY_NUMBER)
        self._threads.submit(work)
        await done.wait()
        value, error = answers[0]
        if error is not None:
            raise error
        return value

    def condition(self) -> threading.Condition:
        """A new condition variable."""
        return threading.Condition()

    def close(self) -> None:
        """Let its threads end; the loop will not answer any more."""
        self._is_closed = True
        if self._threads is not None:
            self._threads.close()
