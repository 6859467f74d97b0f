"""What this process has read and written."""

from __future__ import annotations

import importlib
from typing import NamedTuple

from fast_dag.observe.meter import MIB


class Traffic(NamedTuple):
    """What a process has read and written since it began, files and sockets alike, in MiB."""

    read_mb: float
    written_mb: float


def traffic() -> Traffic | None:
    """That of this process; None where the system does not tell it."""
    try:
        counted = importlib.import_module("psutil").Process().io_counters()
    except (ImportError, OSError, AttributeError, NotImplementedError):
        return None
    # What was asked for, cached or not, where that is counted; else what went to storage.
    read = getattr(counted, "read_chars", counted.read_bytes)
    written = getattr(counted, "write_chars", counted.write_bytes)
    return Traffic(read / MIB, written / MIB)
