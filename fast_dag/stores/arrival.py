"""Something that others wait for, and are told of once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack


class Arrival:
    """Something that lands, and tells those who wait."""

    __slots__ = ("_callbacks", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], object]] | None = []

    def when_landed(self, callback: Callable[[], object]) -> bool:
        """Call *callback* once, in whichever thread has it land; False if it has landed already.

        No lock is held meanwhile.  In the latter case the callback is not kept.
        """
        with self._lock:
            if self._callbacks is None:
                return False
            self._callbacks.append(callback)
            return True

    def land(self) -> None:
        """Call those who wait, in the order in which they came."""
        with self._lock:
            callbacks, self._callbacks = self._callbacks, None
        # A stack, so that one callback that raises does not keep the others waiting.
        with ExitStack() as stack:
            for callback in reversed(callbacks or ()):
                stack.callback(callback)
