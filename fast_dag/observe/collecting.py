"""Garbage collection at the ends of iterations."""

from __future__ import annotations

import gc
from collections.abc import Callable

from fast_dag.run.events import Event, IterationFinished
from fast_dag.run.tools import Control


class Collecting:
    """A tool that collects garbage after every so many iterations of a run.

    Parameters:
        every: how many.
        collect: what does it.
    """

    def __init__(self, every: int, collect: Callable[[], object] = gc.collect) -> None:
        self._every, self._collect = every, collect

    def watching(self, control: Control) -> _Collector:  # noqa: ARG002 - it needs nothing of the run
        """Begin with a run."""
        return _Collector(self._every, self._collect)


class _Collector:
    """What it does in one run."""

    def __init__(self, every: int, collect: Callable[[], object]) -> None:
        self._every, self._collect = every, collect
        self._done = 0

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if type(event) is IterationFinished:
            self._done += 1
            if self._done % self._every == 0:
                self._collect()

    def close(self, results: object) -> None:
        """Nothing is left to be done."""
