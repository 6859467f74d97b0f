"""A run in a thread of its own, and the handle by which others wait for it or end it."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from fast_dag.run.context import Context


class RunHandle:
    """A run that was started in the background.

    Its `context` can be read while it runs and afterwards.
    """

    def __init__(self, context: Context, future: Future[Any]) -> None:
        self.context = context
        self._future = future

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.context!r}>"

    @property
    def done(self) -> bool:
        """Whether the run is over."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> Any:
        """What `run` would have returned, or raised.

        Parameters:
            timeout: seconds to wait for it, None for as long as it takes.

        Raises:
            TimeoutError: the run is not over yet; it goes on.
        """
        return self._future.result(timeout)

    def cancel(self, reason: str | None = None) -> None:
        """End the run; `result` raises a RunCancelledError that gives *reason*."""
        self.context.cancel(reason)


def start(follow: Callable[[], Any], context: Context, name: str) -> RunHandle:
    """Call *follow* in a daemon thread that sees the caller's context variables."""
    future: Future[Any] = Future()

    def serve() -> None:
        try:
            value = follow()
        except BaseException as error:  # whoever asks for the result gets it
            future.set_exception(error)
        else:
            future.set_result(value)

    seen = contextvars.copy_context()
    threading.Thread(target=seen.run, args=(serve,), name=f"fast_dag run of {name}", daemon=True).start()
    return RunHandle(context, future)
