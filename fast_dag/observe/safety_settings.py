"""What a safety manager is told: limits of the process, and what is looked for in runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fast_dag.graph import cycle_fields as check
from fast_dag.observe.alarms import Alarm
from fast_dag.observe.checked import Checked
from fast_dag.observe.limits import Limit
from fast_dag.observe.monitor_settings import at_least_nothing, readable
from fast_dag.observe.sampling import Instruments


def part(name: str, value: Any) -> Any:
    """A number above 0 and up to 1."""
    check.amount(name, value)
    if value > 1:
        msg = f"{name} must be a part of a limit, at most 1, got {value!r}"
        raise ValueError(msg)
    return value


@dataclass(eq=False, repr=False)
class SafetySettings(Checked):
    """The settings of a `CycleSafetyManager`; see there."""

    max_concurrent_cycles: int | None = None
    global_memory_limit_mb: float | None = None
    global_cpu_time_limit_seconds: float | None = None
    monitoring_interval_seconds: float = 5
    alert_threshold_memory: float = 0.8
    alert_threshold_cpu: float = 0.9
    auto_terminate_on_violation: bool = True
    graceful_shutdown_timeout: float = 30
    deadlock_detection_enabled: bool = True
    deadlock_timeout_seconds: float = 60
    memory_leak_detection: bool = False
    memory_growth_threshold: float = 0.1
    leak_window: int = 3
    on_capacity: str = "wait"
    instruments: Instruments | None = None

    CHECKS: ClassVar[Mapping[str, check.Check]] = {
        "max_concurrent_cycles": check.optional(check.integer(1)),
        "global_memory_limit_mb": check.optional(check.amount),
        "global_cpu_time_limit_seconds": check.optional(check.seconds),
        "monitoring_interval_seconds": check.seconds,
        "alert_threshold_memory": part,
        "alert_threshold_cpu": part,
        "auto_terminate_on_violation": check.flag,
        "graceful_shutdown_timeout": at_least_nothing,
        "deadlock_detection_enabled": check.flag,
        "deadlock_timeout_seconds": check.seconds,
        "memory_leak_detection": check.flag,
        "memory_growth_threshold": check.amount,
        "leak_window": check.integer(1),
        "on_capacity": check.one_of("wait", "raise"),
        "instruments": check.optional(readable),
    }

    @property
    def action(self) -> str:
        """What is done about a violation."""
        return "terminate" if self.auto_terminate_on_violation else "warn_and_continue"

    @property
    def needs_memory(self) -> bool:
        """Whether something depends on it."""
        return self.global_memory_limit_mb is not None or self.memory_leak_detection

    @property
    def may_end(self) -> bool:
        """Whether it may end a run, or a cycle."""
        looks = self.deadlock_detection_enabled or self.memory_leak_detection
        return self.auto_terminate_on_violation and (looks or any(True for _ in self.limits()))

    @property
    def refresh_every(self) -> float:
        """Seconds from one look at a run to the next."""
        if not self.deadlock_detection_enabled:
            return self.monitoring_interval_seconds
        return min(self.monitoring_interval_seconds, self.deadlock_timeout_seconds / 2)

    def limits(self) -> Iterator[Limit]:
        """The limits that were set."""
        if self.global_memory_limit_mb is not None:
            text = "the process has {value:.1f} MiB, more than global_memory_limit_mb={most:g}"
            yield Limit("global_memory", self.global_memory_limit_mb, self.action, text)
        if self.global_cpu_time_limit_seconds is not None:
            text = "{value:.2f} s of processor time, more than global_cpu_time_limit_seconds={most:g}"
            yield Limit("global_cpu", self.global_cpu_time_limit_seconds, self.action, text)

    def alarms(self) -> dict[str, Alarm]:
        """New alarms before these limits, by the kind of violation."""
        made: dict[str, Alarm] = {}
        if self.global_memory_limit_mb is not None:
            text = "the process has {value:.1f} MiB of {limit:g} that are allowed"
            threshold, limit = self.alert_threshold_memory, self.global_memory_limit_mb
            made["global_memory"] = Alarm("memory", threshold, limit, text)
        if self.global_cpu_time_limit_seconds is not None:
            text = "{value:.2f} s of processor time of {limit:g} that are allowed"
            threshold, limit = self.alert_threshold_cpu, self.global_cpu_time_limit_seconds
            made["global_cpu"] = Alarm("cpu", threshold, limit, text)
        return made
