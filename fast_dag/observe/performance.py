"""What a profiler has measured of a run, and what that says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from fast_dag.observe import analysis
from fast_dag.observe.analysis import Bottleneck, Hotspot
from fast_dag.observe.awaitable import Settled


class IterationProfile(NamedTuple):
    """One iteration of a cycle, or one visit of a state; all of a run without either."""

    iteration: int
    duration_ms: float
    memory_mb: float | None
    """Resident at its end, in MiB."""
    cpu_percent: float | None
    """Processor time of the process over the time it took; above 100 with several threads."""


@dataclass(frozen=True, slots=True)
class ResourceTrends:
    """How iterations change; None where it cannot be told."""

    memory_growth_rate: float | None = None
    """MiB an iteration, by least squares."""
    cpu_trend: str | None = None
    """increasing, stable or decreasing."""
    time_trend: str | None = None
    """increasing, stable or decreasing."""


@dataclass(slots=True, eq=False, kw_only=True)
class PerformanceAnalysis(Settled):
    """What a profiler found out about a run; it may be awaited.  What could not be measured is None."""

    efficiency_score: float | None
    """From 0 to 1: the mean of how early the cycle converged, the share of the time that nodes took, and
    what is left of its timeout."""
    resource_utilization: float | None
    """Processor time used, of what the workers could have used, from 0 to 1."""
    bottlenecks: list[Bottleneck]
    """What holds it up, the worst first."""
    hotspots: list[Hotspot]
    """Where the time of nodes went, the most first."""
    resource_trends: ResourceTrends
    unavailable: list[str]
    """The names of what is None."""
    workflow: str
    run_id: str
    mode: str
    status: str
    cycle: str | None
    """That the iterations are of; None in a run without cycles."""
    reason: str | None
    """Why that ended."""
    iterations: int
    total_time_seconds: float
    node_time_seconds: float
    """Of all nodes together: more than the time of the run where they ran at once."""
    cpu_time_seconds: float | None
    peak_memory_mb: float | None
    read_mb: float | None
    """What the process read meanwhile, in MiB, files and sockets alike."""
    written_mb: float | None
    network_mb: float | None
    """No system tells this of one process."""
    iteration_profiles: list[IterationProfile]
    metrics: dict[str, list[float]]
    """The numbers that the nodes of the cycle gave, iteration by iteration, since it was entered last."""


@dataclass(slots=True, eq=False)
class CycleProfile:
    """What was measured of one cycle; the name None stands for visits or the whole run."""

    name: str | None
    is_outermost: bool = True
    profiles: list[IterationProfile] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    reason: str | None = None
    converged: bool = False
    completed: int = 0
    seconds: float = 0.0
    limit: int | None = None
    """How many iterations it may have."""
    timeout: float | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class ProfileRecord:
    """Everything that was measured in one run; what is asked of it is an analysis."""

    workflow: str
    run_id: str
    mode: str
    known: dict[str, None] = field(default_factory=dict)
    """The names of its cycles."""
    workers: int
    timeout: float | None
    status: str = "running"
    seconds: float = 0.0
    cpu: float | None = None
    peak: float | None = None
    read: float | None = None
    written: float | None = None
    calls: dict[str, list[float]] = field(default_factory=dict)
    """The seconds of each attempt, by node."""
    cycles: dict[str | None, CycleProfile] = field(default_factory=dict)

    def main(self) -> CycleProfile:
        """The outermost cycle with the most iterations, the first of several."""
        outermost = [each for each in self.cycles.values() if each.is_outermost]
        return max(outermost, key=lambda each: len(each.profiles), default=CycleProfile(None))

    def analysis(
        self,
        cycle: str | None = None,
        *,
        has_hotspots: bool,
        has_bottlenecks: bool,
        has_trends: bool,
        asks_network: bool,
    ) -> PerformanceAnalysis:
        """What there is to tell, about one *cycle* if it is named, else about the main one."""
        seen = self.main() if cycle is None else self.cycles.get(cycle, CycleProfile(cycle))
        hotspots = analysis.hotspots(self.calls)
        busy = sum(each.total_ms for each in hotspots) / 1000
        made = PerformanceAnalysis(
            efficiency_score=self._efficiency(seen, busy),
            resource_utilization=None
            if self.cpu is None
            else analysis.part_of(self.cpu, self.seconds * self.workers),
            bottlenecks=self._bottlenecks(seen, hotspots, busy) if has_bottlenecks else [],
            hotspots=hotspots if has_hotspots else [],
            resource_trends=_trends(seen.profiles) if has_trends else ResourceTrends(),
            unavailable=[],
            workflow=self.workflow,
            run_id=self.run_id,
            mode=self.mode,
            status=self.status,
            cycle=seen.name,
            reason=seen.reason,
            iterations=len(seen.profiles),
            total_time_seconds=self.seconds,
            node_time_seconds=busy,
            cpu_time_seconds=self.cpu,
            peak_memory_mb=self.peak,
            read_mb=self.read,
            written_mb=self.written,
            network_mb=None,
            iteration_profiles=list(seen.profiles),
            metrics=seen.metrics,
        )
        made.unavailable = _missing(made, without=() if asks_network else ("network_mb",))
        return made

    def _efficiency(self, seen: CycleProfile, busy: float) -> float | None:
        headway = None
        if seen.limit is not None:
            headway = analysis.headway(max(1, seen.completed), seen.limit, converged=seen.converged)
        seconds, timeout = (seen.seconds, seen.timeout) if seen.timeout else (self.seconds, self.timeout)
        left = None if timeout is None else max(0.0, 1 - seconds / timeout)
        return analysis.efficiency(headway, analysis.part_of(busy, self.seconds), left)

    def _bottlenecks(self, seen: CycleProfile, found: Sequence[Hotspot], busy: float) -> list[Bottleneck]:
        memory = [each.memory_mb for each in seen.profiles if each.memory_mb is not None]
        return analysis.by_impact(
            [
                *analysis.slow_nodes(found),
                *analysis.uneven_nodes(self.calls, found),
                *analysis.leak(memory, seen.name or self.workflow),
                *analysis.overhead(busy, self.seconds),
            ]
        )


def _trends(profiles: Sequence[IterationProfile]) -> ResourceTrends:
    memory = [each.memory_mb for each in profiles if each.memory_mb is not None]
    cpu = [each.cpu_percent for each in profiles if each.cpu_percent is not None]
    return ResourceTrends(
        analysis.slope(memory),
        analysis.tendency(cpu),
        analysis.tendency([each.duration_ms for each in profiles]),
    )


def _missing(found: PerformanceAnalysis, without: Collection[str]) -> list[str]:
    """The names of what is None, *without* some; a cycle and why it ended are nothing to be measured."""
    own = [each.name for each in fields(found) if each.name not in ("cycle", "reason", *without)]
    trends = found.resource_trends
    return [
        *(name for name in own if getattr(found, name) is None),
        *(f"resource_trends.{each.name}" for each in fields(trends) if getattr(trends, each.name) is None),
    ]
