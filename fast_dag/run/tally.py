"""What a run counts: plain lists that become dicts when somebody looks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from fast_dag.plan.plan import Plan
from fast_dag.run.results import CycleResult
from fast_dag.run.track import Track
from fast_dag.run.wrapping import text_of


class Tally:
    """Times, attempts, order and failures of one run, by unit."""

    __slots__ = (
        "abandoned",
        "attempts",
        "durations",
        "empty",
        "ended",
        "errors",
        "failed",
        "hits",
        "iterations",
        "latest",
        "maps",
        "misses",
        "order",
        "repeated",
        "skipped",
        "stamps",
        "texts",
        "track",
        "wall",
    )

    maps: dict[int, dict[str, int]]
    """For each map node how many elements it was run for, and how many failed."""
    iterations: dict[str, CycleResult]
    """What each bounded iteration has come to, by node."""

    def __init__(self, plan: Plan) -> None:
        self.durations = [0.0] * len(plan.names)
        self.attempts = [0] * len(plan.names)
        self.order: list[int] = []
        """Units in the order in which they ran to their end."""
        self.repeated = 0
        """How many executions of earlier iterations the order leaves out."""
        self.empty: set[int] = set()
        """Those of them that gave no result."""
        self.failed: dict[int, int] = {}
        """How often each failed unit failed for good."""
        self.errors: dict[int, BaseException] = {}
        self.texts: dict[int, str] = {}
        """What the errors said, when they themselves are gone."""
        self.ended: dict[int, float] = {}
        """When the last failed attempt of a unit ended, on the clock of the runner."""
        self.stamps: list[float] = []
        """When a plain loop began, and when it ended each of the first units."""
        self.hits: dict[int, int] = {}
        """How often each cached node was spared its attempts."""
        self.misses: dict[int, int] = {}
        self.maps, self.iterations = {}, {}
        self.track: Track | None = None
        """Of a machine the way it went."""
        self.skipped = 0
        self.latest = -1, -1
        """How many executions had ended when some were left out of the order, and which unit was last."""
        self.abandoned = 0
        self.wall = 0.0

    def forget(self, units: range) -> None:
        """Leave out of the order what *units* did in an iteration that is over."""
        if self.order:
            self.latest = len(self.order) + self.repeated, self.order[-1]
        kept = [unit for unit in self.order if unit not in units]
        self.repeated += len(self.order) - len(kept)
        self.order = kept

    def keep_texts(self) -> None:
        """Let go of the errors: their tracebacks hold what the nodes were called with."""
        self.texts = {unit: text_of(error) for unit, error in self.errors.items()}
        self.errors = {}

    def metrics(self, plan: Plan) -> dict[str, Any]:
        """The metrics of the contract."""
        if self.errors:
            self.keep_texts()
        names = plan.names
        durations = self.durations.copy()
        made = range(len(names)) if self.track is None else self.track.units()
        for unit, (before, after) in zip(made, pairwise(self.stamps), strict=False):
            durations[unit] += after - before
            self.attempts[unit] = self.attempts[unit] or 1
        hits = self.hits
        asked = sorted(hits.keys() | self.misses.keys())
        # A map of nothing makes no attempt, and a hit needs none.
        ran = [unit for unit, count in enumerate(self.attempts) if count or unit in hits or unit in self.maps]
        order = [names[unit] for unit in dict.fromkeys(reversed(self.order))][::-1]
        executed = len(order) - len(self.empty)
        if self.track is not None:
            order, executed = list(self.track.history), len(self.track.visited())
        return {
            "execution_time": self.wall,
            "total_duration": self.wall,
            "node_times": {names[unit]: durations[unit] for unit in ran},
            "attempts": {names[unit]: self.attempts[unit] for unit in ran},
            "execution_order": order,
            "nodes_executed": executed,
            "nodes_failed": len(self.failed),
            "nodes_skipped": self.skipped,
            "abandoned_threads": self.abandoned,
            "cache_hits": {names[unit]: hits.get(unit, 0) for unit in asked},
            "cache_misses": {names[unit]: self.misses.get(unit, 0) for unit in asked},
            "map": {names[unit]: counts for unit, counts in self.maps.items()},
            "errors": {names[unit]: text for unit, text in self.texts.items()},
        }
