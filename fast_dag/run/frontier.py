"""Which units may start, given which have finished: counters on arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fast_dag.plan.plan import ANY, Link, Plan

WAITS: Final = 0
STARTS: Final = 1
SKIPPED: Final = 2

GONE: Final = -1
"""The count of a unit that was skipped; counting on from here never reaches 0 again."""


class Frontier:
    """Counts, for each unit, the edges it still waits for and those that are not dead.

    A live edge costs one subtraction.  A dead one is counted apart: into a required input it
    settles its target at once, whatever else the target waits for.
    """

    __slots__ = ("_alive", "_kinds", "_plan", "_waiting")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._kinds = plan.kinds
        self._waiting = list(plan.waiting)
        self._alive: list[int] | None = None

    def entries(self) -> list[int]:
        """The units that wait for nothing."""
        return [unit for unit, count in enumerate(self._waiting) if not count]

    def start(self, unit: int) -> bool:
        """Let *unit* start whatever it waits for; false if it waits for nothing."""
        if self._waiting[unit] <= 0:
            return False
        self._waiting[unit] = GONE
        return True

    def give_up(self, unit: int) -> None:
        """Never let *unit* start."""
        self._waiting[unit] = GONE

    def passed(self, targets: Iterable[int]) -> list[int]:
        """Count one live edge into each of *targets*, none of them an any node; those that may start."""
        waiting = self._waiting
        freed = []
        for target in targets:
            count = waiting[target] = waiting[target] - 1
            if not count:
                freed.append(target)
        return freed

    def arrive(self, link: Link) -> int:
        """Count a live edge: `STARTS` or `WAITS`."""
        self._waiting[link.target] -= 1
        return WAITS if self._waiting[link.target] else STARTS

    def die(self, link: Link) -> int:
        """Count a dead edge: `SKIPPED` if it settles its target, `STARTS` if that goes on without it."""
        target, waiting = link.target, self._waiting
        if waiting[target] <= 0:
            return WAITS
        if self._alive is None:
            self._alive = [len(links) for links in self._plan.arrivals]
        self._alive[target] -= 1
        if link.required or not self._alive[target]:
            waiting[target] = GONE
            return SKIPPED
        if self._kinds[target] == ANY:
            return WAITS
        return self.arrive(link)

    def reset(self, units: range) -> None:
        """Let *units* be gone through again."""
        self._waiting[units.start : units.stop] = self._plan.waiting[units.start : units.stop]
        if self._alive is not None:
            for unit in units:
                self._alive[unit] = len(self._plan.arrivals[unit])
