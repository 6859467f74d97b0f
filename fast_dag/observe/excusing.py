"""A debugger that lets a cycle go on after iterations whose nodes failed, unless that happens too often."""

from __future__ import annotations

from typing import Any

from fast_dag.observe.debug_watch import DebugWatcher
from fast_dag.run.events import CycleStarted


class ExcusingWatcher(DebugWatcher):
    """Records one run, and excuses failures in it."""

    def __init__(self, *about: Any) -> None:
        super().__init__(*about)
        self._failures: dict[str, int] = {}
        """How many iterations of each cycle in a row have failed."""
        self._failing: set[str] = set()
        """Cycles in whose iteration that is under way a node has failed."""

    def excuses(self, cycle: str, error: Exception) -> bool:  # noqa: ARG002 - any failure counts alike
        """Whether a failure only ends the iteration."""
        if cycle not in self._failing:
            self._failing.add(cycle)
            self._failures[cycle] = self._failures.get(cycle, 0) + 1
        return self._failures[cycle] < self._tool.max_consecutive_failures

    def after_iteration(self, cycle: str, index: int, seconds: float) -> None:  # noqa: ARG002 - it only counts
        """An iteration has come to its end."""
        if cycle not in self._failing:
            self._failures.pop(cycle, None)
        self._failing.discard(cycle)

    def _cycle_started(self, event: CycleStarted) -> None:
        super()._cycle_started(event)
        # What an earlier entry has come to does not count.
        self._failures.pop(event.cycle, None)
        self._failing.discard(event.cycle)
