"""What a caller allows a run to use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from concurrent.futures import Executor


class Limits(NamedTuple):
    """Workers and time of one run; *executor* brings the threads instead of our own."""

    max_workers: int | None = None
    timeout: float | None = None
    executor: Executor | None = None
    has_node_timeouts: bool = False
    """Whether some node, in a nested workflow too, has a timeout of its own."""
    may_be_cut: bool = False
    """Whether somebody who watches may end it, or a cycle of it, while calls are under way."""
    threads: int | None = None
    """How many threads sync nodes have on an event loop, None for as many as there may be workers."""


def cpu_count() -> int:
    """How many workers a concurrent mode has when nobody says."""
    return os.cpu_count() or 1
