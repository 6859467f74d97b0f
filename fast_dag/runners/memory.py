"""The resident memory of this process while something runs."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import psutil

from fast_dag.errors import check_seconds

MIB = 1024 * 1024


class MemorySampler:
    """Looks at the resident memory while its block runs, from a daemon thread of its own.

    What comes and goes between two looks is missed; a call that keeps Python's lock delays them.

    Parameters:
        interval: seconds from one look to the next.

    >>> with MemorySampler() as memory:
    ...     data = bytes(1_000_000)
    >>> memory.usage()["peak_mb"] >= memory.usage()["start_mb"] > 0
    True
    """

    def __init__(self, interval: float = 0.01) -> None:
        check_seconds("interval", interval, positive=True)
        self._interval = interval
        self._process = psutil.Process()
        self._lock = threading.Lock()
        self._start = 0.0
        self._peak = 0.0

    def __enter__(self) -> Self:
        self._start = self._peak = self._resident()
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
        resident = self._resident()
        with self._lock:
            self._peak = max(self._peak, resident)
        return resident

    def usage(self) -> dict[str, float]:
        """What there was when the block began, and the most that has been seen since, in MiB."""
        return {"start_mb": self._start, "peak_mb": self._peak}

    def _watch(self) -> None:
        while not self._ended.wait(self._interval):
            self.sample()

    def _resident(self) -> float:
        return float(self._process.memory_info().rss / MIB)
