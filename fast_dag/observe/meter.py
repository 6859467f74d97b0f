"""What this process uses: resident memory and processor time."""

from __future__ import annotations

import importlib
import sys
from time import process_time, time
from typing import Any, Protocol

from fast_dag.errors import CycleConfigurationError

MIB = 1024 * 1024


class Meter(Protocol):
    """Reads what the process uses; tests bring one of their own."""

    def memory_mb(self) -> float:
        """The resident memory, in MiB."""

    def cpu_seconds(self) -> float:
        """The processor time used so far by all threads of the process."""

    def now(self) -> float:
        """Seconds since 1970."""


class ProcessMeter:
    """Reads this process: by psutil, else by what the system itself tells.

    Raises:
        CycleConfigurationError: nothing here tells the memory.
    """

    def __init__(self) -> None:
        source = next((each for each in map(_loaded, SOURCES) if each is not None), None)
        if source is None:
            advice = "install psutil, or set neither a memory limit nor track_memory"
            msg = f"the memory of this process cannot be measured here: {advice}"
            raise CycleConfigurationError(msg)
        self._memory = source

    def memory_mb(self) -> float:
        """The resident memory, in MiB."""
        return float(self._memory() / MIB)

    def cpu_seconds(self) -> float:
        """The processor time used so far by all threads of the process."""
        return process_time()

    def now(self) -> float:
        """Seconds since 1970."""
        return time()


def _loaded(make: Any) -> Any:
    """What reads the resident bytes, None if this system has no such thing."""
    try:
        read = make()
        read()
    except (ImportError, OSError, AttributeError, ValueError):
        return None
    return read


def _by_psutil() -> Any:
    process = importlib.import_module("psutil").Process()
    return lambda: process.memory_info().rss


def _by_proc() -> Any:
    page = importlib.import_module("resource").getpagesize()

    def read() -> int:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - a file of the system
            return int(file.read().split()[1]) * int(page)

    return read


def _by_resource() -> Any:
    resource = importlib.import_module("resource")
    # The most there has been, in KiB, on macOS in bytes: growth is seen, what is given back is not.
    unit = 1 if sys.platform == "darwin" else 1024
    return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


SOURCES = (_by_psutil, _by_proc, _by_resource)
