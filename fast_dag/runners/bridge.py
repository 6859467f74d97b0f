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
Answers = queue.SimpleQueue[tuple[Any, BaseException | None]]

ANY_NUMBER = 1 << 30


class Bridge:
    """Answers what a stream asks of the runner.

    Parameters:
        start: begins a coroutine on the loop, from any thread; not at all once the loop is closed.
        post: has the loop call a function soon, from any thread.
        base: the context variables that nodes see.
        is_here: whether the caller is in the thread of the loop.
    """

    def __init__(
        self,
        start: Callable[[Begin, contextvars.Context], object],
        post: Callable[..., object],
        base: contextvars.Context,
        is_here: Callable[[], bool],
    ) -> None:
        self._start, self._post, self._base = start, post, base
        self.is_here = is_here
        # One for each reader that waits: they are no workers of the run.
        self._threads = Daemons(ANY_NUMBER)
        self._waiting: set[Answers] = set()
        self.is_closed = False

    @property
    def is_wanted(self) -> bool:
        """Whether a thread waits for the loop."""
        return bool(self._waiting)

    def wait_for(self, begin: Begin) -> Any:
        """Have the loop run a coroutine, from a thread that waits for what it gives.

        Raises:
            StreamError: the caller is the loop, which would wait for itself; or the run is over.
        """
        if not self.is_closed and self.is_here():
            msg = "an async stream cannot be read with a plain for on the event loop: use async for"
            raise StreamError(msg)
        answers: Answers = queue.SimpleQueue()

        async def work() -> None:
            try:
                answers.put((await begin(), None))
            except BaseException as error:  # it belongs to the thread that waits
                answers.put((None, error))

        self._waiting.add(answers)
        try:
            # In this order: whoever closes the bridge after this look answers all who wait.
            if self.is_closed:
                raise _over()
            self._start(work, self._base.copy())
            value, error = answers.get()
        finally:
            self._waiting.discard(answers)
        if error is not None:
            raise error
        return value

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        """Call *function* in a daemon thread, from a coroutine that waits for what it gives.

        Raises:
            StreamError: the run is over.
        """
        if self.is_closed:
            raise _over()
        done = importlib.import_module("anyio").Event()
        answers: list[tuple[Any, BaseException | None]] = []

        def work() -> None:
            try:
                answers.append((function(), None))
            except BaseException as error:  # it belongs to the coroutine that waits
                answers.append((None, error))
            self._post(done.set)

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
        """Let its threads end, and all who wait go on: the loop will not answer any more."""
        self.is_closed = True
        for answers in list(self._waiting):
            answers.put((None, _over()))
        self._threads.close()


def _over() -> StreamError:
    msg = "the run whose loop makes this stream is over: use stream='list' to keep what it gives"
    return StreamError(msg)
