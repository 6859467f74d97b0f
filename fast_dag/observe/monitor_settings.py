"""What a monitor is told: limits, what is done about them, and what is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from fast_dag.graph import cycle_fields as check
from fast_dag.observe.checked import Checked
from fast_dag.observe.limits import ACTIONS, ENDING, Limit
from fast_dag.observe.sampling import Instruments

LEAK_WINDOW = 3
"""Iterations in a row that make a leak."""


def at_least_nothing(name: str, value: Any) -> Any:
    """A finite number of at least 0."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not is_number or value < 0:
        msg = f"{name} must be a number >= 0, got {value!r}"
        raise ValueError(msg)
    return value


def readable(name: str, value: Any) -> Any:
    """What samples are read from."""
    if not isinstance(value, Instruments):
        msg = f"{name} must be Instruments, got {value!r}"
        raise ValueError(msg)  # noqa: TRY004 - as of any setting
    return value


@dataclass(eq=False, repr=False)
class MonitorSettings(Checked):
    """The settings of a `CycleMonitor`; see there."""

    cycle_id: str | None = None
    memory_limit_mb: float | None = None
    cpu_time_limit_seconds: float | None = None
    iteration_limit: int | None = None
    timeout_seconds: float | None = None
    track_memory_growth: bool = True
    track_cpu_usage: bool = True
    track_iteration_time: bool = True
    on_memory_violation: str = "terminate"
    on_cpu_violation: str = "terminate"
    on_iteration_violation: str = "terminate"
    on_timeout_violation: str = "terminate"
    enable_health_scoring: bool = True
    health_check_interval: float = 10
    cpu_limit_percent: float | None = None
    memory_growth_threshold: float | None = None
    instruments: Instruments | None = None

    CHECKS: ClassVar[Mapping[str, check.Check]] = {
        "cycle_id": check.optional(check.filled),
        "memory_limit_mb": check.optional(check.amount),
        "cpu_time_limit_seconds": check.optional(check.seconds),
        "iteration_limit": check.optional(check.integer(1)),
        "timeout_seconds": check.optional(check.seconds),
        "track_memory_growth": check.flag,
        "track_cpu_usage": check.flag,
        "track_iteration_time": check.flag,
        "on_memory_violation": check.one_of(*ACTIONS),
        "on_cpu_violation": check.one_of(*ACTIONS),
        "on_iteration_violation": check.one_of(*ACTIONS),
        "on_timeout_violation": check.one_of(*ACTIONS),
        "enable_health_scoring": check.flag,
        "health_check_interval": at_least_nothing,
        "cpu_limit_percent": check.optional(check.amount),
        "memory_growth_threshold": check.optional(check.amount),
        "instruments": check.optional(readable),
    }

    @property
    def needs_memory(self) -> bool:
        """Whether a limit depends on it."""
        return self.memory_limit_mb is not None or self.memory_growth_threshold is not None

    @property
    def tracks_memory(self) -> bool:
        """Whether it is measured."""
        return self.track_memory_growth or self.needs_memory

    @property
    def tracks_cpu(self) -> bool:
        """Whether it is measured."""
        limits = (self.cpu_time_limit_seconds, self.cpu_limit_percent)
        return self.track_cpu_usage or any(limit is not None for limit in limits)

    @property
    def may_end(self) -> bool:
        """Whether it may end a run, or a cycle."""
        return any(limit.action in ENDING for limit in self.limits())

    def limits(self) -> Iterator[Limit]:
        """The limits that were set."""
        rows = (
            (
                *("memory", "memory_limit_mb", self.on_memory_violation),
                "memory has grown by {value:.1f} MiB, more than memory_limit_mb={most:g}",
            ),
            (
                *("cpu", "cpu_time_limit_seconds", self.on_cpu_violation),
                "{value:.2f} s of processor time, more than cpu_time_limit_seconds={most:g}",
            ),
            (
                *("timeout", "timeout_seconds", self.on_timeout_violation),
                "{value:.2f} s have passed, more than timeout_seconds={most:g}",
            ),
            (
                *("iteration", "iteration_limit", self.on_iteration_violation),
                "{value} iterations, and iteration_limit={most}",
            ),
            (
                *("cpu", "cpu_limit_percent", "warn_and_continue"),
                "{value:.0f} % of a processor, more than cpu_limit_percent={most:g}",
            ),
        )
        label = "" if self.cycle_id is None else f" (monitor {self.cycle_id!r})"
        for kind, setting, action, text in rows:
            most = getattr(self, setting)
            if most is not None:
                yield Limit(kind, most, action, text + label, setting, counts=kind == "iteration")
