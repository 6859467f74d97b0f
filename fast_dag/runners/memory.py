"""The resident memory of this process while something runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from fast_dag.checks import check_seconds


class MemorySampler:
    """Looks at the resident memory while its block runs, from a daemon thread of its own.

    What comes and goes between two looks is missed; a call that keeps Python's lock delays them.

    Parameters:
        memory_mb: gives the resident memory, in MiB.
        interval: seconds from one look to the next.

    >>> with MemorySampler(lambda: 120.5) as memory:
    ...     data = bytes(1_000_000)
    >>> memory.usage()
    {'start_mb': 120.5, 'peak_mb': 120.5}
    """

    def __init__(self, memory_mb: Callable[[], float], interval: float = 0.01) -> None:
        check_seconds("interval", interval, positive=True)
        self._interval = interval
        self._memory_mb = memory_mb
        self._lock = threading.Lock()
        self._start = 0.0
        self._peak = 0.0

    def __enter__(self) -> Self:
        self._start = self._peak = self._memory_mb()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="fast_dag memory", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self.sample()

    def sample(self) -> float:
        """Look now, besides the regular times; the resident memory in MiB."""
        resident = self._memory_mb()
        with self._lock:
            self._peak = max(self._peak, resident)
        return resident

    def usage(self) -> dict[str, float]:
        """What there was when the block began, and the most that has been seen since, in MiB."""
        return {"start_mb": self._start, "peak_mb": self._peak}

    def _watch(self) -> None:
        while not self._ended.wait(self._interval):
            self.sample()
