"""What a debugger has seen of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fast_dag.observe.awaitable import Settled


class ConditionDebug(NamedTuple):
    """What ends a cycle, and was asked."""

    condition: str
    value: Any
    """That of the metric it names, by name where it names several; None if it names none."""
    result: bool


@dataclass(slots=True, eq=False)
class NodeDebug:
    """One attempt of a node.  Values are captured: numbers as they are, all else as text."""

    node_name: str
    attempt: int = 1
    status: str = "running"
    """running, completed, cached, retried (it failed, and another attempt followed), failed, or handled
    (it failed, and a handler gave its result)."""
    duration_ms: float | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: Any = None
    state_changes: dict[Any, tuple[Any, Any]] = field(default_factory=dict)
    """What it changed of its state in a cycle: the values before and after, by key."""
    error: str | None = None
    traceback: str | None = None


@dataclass(slots=True, eq=False)
class IterationDebug:
    """One iteration of a cycle; also one visit of a state of a machine, or all of a run without either."""

    iteration: int
    """Its index, from 0."""
    cycle: str | None = None
    """Its cycle; None for a visit or a run."""
    path: tuple[int, ...] = ()
    """The index of each cycle around that one."""
    status: str = "running"
    """completed, failed, or cancelled: it did not come to its end."""
    duration_ms: float | None = None
    peak_memory_mb: float | None = None
    """The most that the process had resident, in MiB, as far as that was seen."""
    cpu_time_ms: float | None = None
    """Processor time of the process meanwhile."""
    errors: list[str] = field(default_factory=list)
    """Of its nodes that failed for good."""
    metrics: dict[str, Any] = field(default_factory=dict)
    """The scalars that its nodes gave."""
    convergence: list[ConditionDebug] = field(default_factory=list)
    state_changes: dict[Any, tuple[Any, Any]] = field(default_factory=dict)
    """Of what its nodes share."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Why nodes were skipped."""
    node_executions: list[NodeDebug] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class CycleDebug:
    """One entry into a cycle, and how it ended."""

    cycle: str
    path: tuple[int, ...]
    reason: str
    detail: str
    verdict: str | None
    iterations: int
    duration_ms: float | None


@dataclass(slots=True, eq=False, kw_only=True)
class DebugAnalysis(Settled):
    """What a debugger has seen of a run, or of one cycle in it; it may be awaited."""

    workflow: str
    run_id: str
    mode: str
    status: str
    """completed, failed, cancelled and so on, as of a context."""
    duration_ms: float | None
    total_iterations: int
    """Those that came to their end, failed ones included."""
    failed_iterations: int
    avg_iteration_time_ms: float | None
    """Failed ones included; None without any, or if no time was taken."""
    convergence_trend: str | None
    """Where the last five values of the objective went, as of a `Trend`; None without an objective."""
    cycles: list[CycleDebug]
    violations: list[str]
    iteration_details: list[IterationDebug]
    outside: list[NodeDebug]
    """Attempts of nodes outside of all cycles, in a run that has cycles."""
    skipped: dict[str, str]
    """Why nodes outside of all cycles were skipped."""

    def executions(self) -> Iterator[tuple[IterationDebug | None, NodeDebug]]:
        """Every attempt with its iteration, those outside of cycles (None) first."""
        yield from ((None, node) for node in self.outside)
        for each in self.iteration_details:
            yield from ((each, node) for node in each.node_executions)


@dataclass(slots=True, eq=False)
class DebugRecord:
    """Everything about one run; what is asked of it is an analysis."""

    workflow: str
    run_id: str
    mode: str
    known: dict[str, None]
    """The names of its cycles."""
    status: str = "running"
    duration_ms: float | None = None
    cycles: list[CycleDebug] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    iterations: list[IterationDebug] = field(default_factory=list)
    outside: list[NodeDebug] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    trends: dict[str, str] = field(default_factory=dict)
    """Where the objective of each cycle was going that has one."""

    def analysis(self, cycle: str | None = None) -> DebugAnalysis:
        """What there is to tell, of one *cycle* if it is named."""
        found = [each for each in self.iterations if cycle is None or each.cycle == cycle]
        ended = [each for each in found if each.status in ("completed", "failed")]
        return DebugAnalysis(
            workflow=self.workflow,
            run_id=self.run_id,
            mode=self.mode,
            status=self.status,
            duration_ms=self.duration_ms,
            total_iterations=len(ended),
            failed_iterations=sum(each.status == "failed" for each in ended),
            avg_iteration_time_ms=_mean([each.duration_ms for each in ended]),
            convergence_trend=self.trends.get(cycle or main_cycle(self.iterations) or ""),
            cycles=[each for each in self.cycles if cycle is None or each.cycle == cycle],
            violations=list(self.violations),
            iteration_details=found,
            outside=list(self.outside) if cycle is None else [],
            skipped=dict(self.skipped) if cycle is None else {},
        )


def main_cycle(iterations: Sequence[IterationDebug]) -> str | None:
    """The outermost cycle with the most iterations, the first of several; None if there is no cycle."""
    counts: dict[str, int] = {}
    for each in iterations:
        if each.cycle is not None and not each.path:
            counts[each.cycle] = counts.get(each.cycle, 0) + 1
    return max(counts, key=counts.__getitem__, default=None)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return sum(known) / len(known) if known else None
