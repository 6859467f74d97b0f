"""What a cycle came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fast_dag.run.brief import fields_in_brief


@dataclass(frozen=True, slots=True)
class IterationResult:
    """What one iteration of a cycle came to."""

    iteration: int
    """Its index, from 0."""
    outputs: Mapping[str, Any]
    """The results of its nodes."""
    metrics: Mapping[str, Any]
    """The scalars among them, by bare name where that is unique."""
    converged: bool
    """Whether the cycle has converged with it."""
    reason: str | None
    """Why the cycle ends with it, None if it goes on."""
    duration_ms: float
    memory_mb: float | None = None
    """By how many MiB the process has grown since its monitor was started; None without a monitor."""

    __repr__ = fields_in_brief


@dataclass(slots=True)
class CycleResult:
    """What one cycle came to in one run; filled when the cycle ends, and completed when the run does."""

    cycle_id: str
    """Name of the cycle."""
    run_id: str
    reason: str
    """Why it ended: converged, exit, early_stopped, stalled, max_iterations, timeout, cpu_limit, cancelled,
    violation, not_entered or error."""
    reason_detail: str = ""
    """The condition that held, or the limit that was reached, in words."""
    total_iterations: int = 0
    """Iterations that came to their end."""
    execution_time_seconds: float = 0.0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """The results of its nodes in the last completed iteration."""
    node_outputs: Mapping[str, Any] = field(default_factory=dict)
    """The results of all nodes of the workflow."""
    value: Any = None
    """What the run gave."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Why nodes of the workflow were skipped."""
    verdict: str | None = None
    """How the objective went; None without one."""
    objective: str | None = None
    """The metric that it was to make better, as set or as its conditions tell; None without one."""
    direction: str = "maximize"
    """What a better value of that is."""
    best_iteration: int | None = None
    """The index of the iteration with the best objective; without objective the last one."""
    best_quality: Any = None
    """The objective there, None without one."""
    best_metrics: Mapping[str, Any] = field(default_factory=dict)
    """All metrics there."""
    metric_history: Mapping[str, list[Any]] = field(default_factory=dict)
    history: list[Any] = field(default_factory=list)
    """Of a cycle with delta variables a `RoundStats` for each round, whose items are the facts it found."""
    state: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The state of each node that has one."""
    shared: Mapping[str, Any] = field(default_factory=dict)
    """The state that the nodes share."""
    errors: list[BaseException] = field(default_factory=list)
    violations: list[Any] = field(default_factory=list)
    debug: Any = None
    """The debugger that watched it, itself; None if none did."""
    profile: Any = None
    """The profiler that watched it, itself; None if none did."""
    tracing: Callable[[], list[Any]] | None = field(default=None, repr=False, compare=False)
    """Gives the records of its trace, None if there is none."""

    @property
    def trace(self) -> list[Any] | None:
        """What happened in it, as records; None if the run was not asked for a trace."""
        return None if self.tracing is None else self.tracing()

    __repr__ = fields_in_brief

    def complete(self, value: Any, *, node_outputs: Mapping[str, Any], skipped: Mapping[str, str]) -> None:
        """Take what is known when the run is over: its value, and what became of its nodes."""
        self.value, self.node_outputs, self.skipped = value, node_outputs, skipped

    @property
    def converged(self) -> bool:
        """Whether it ended because it had converged, or because nothing was left to go round with."""
        return self.reason in ("converged", "exit")
