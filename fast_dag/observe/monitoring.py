"""A monitor at one run: takes its events, samples, and holds it to the limits.

The lock is the monitor's, and nobody is called while it is held who might wait for the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fast_dag.observe.aims import Aim
from fast_dag.observe.findings import CycleFacts
from fast_dag.observe.leaks import Leak
from fast_dag.observe.limits import ENDING, Gate
from fast_dag.observe.monitor_settings import LEAK_WINDOW
from fast_dag.run import events
from fast_dag.run.tools import Control

if TYPE_CHECKING:
    from fast_dag.observe.monitor import CycleMonitor
    from fast_dag.run.results import CycleResult
    from fast_dag.run.violation import Violation

INTERVAL: Final = 0.1
"""Seconds from one sample to the next while a run goes on."""
SHORTEST: Final = 0.01
WINDOW: Final = 5
"""Values of an objective that are looked at for ups and downs."""


class Monitoring:
    """What a monitor does in one run.

    Parameters:
        monitor: it has been started.
        control: of the run.
    """

    def __init__(self, monitor: CycleMonitor, control: Control) -> None:
        self._monitor, self._control = monitor, control
        self._gates = {limit.setting: Gate(limit) for limit in monitor.limits()}
        self._leaks: dict[str, Leak] = {}
        self._aims: dict[str, Aim] = {}
        self._bodies = control.bodies
        self.may_end = monitor.may_end
        timeout = monitor.timeout_seconds
        self.refresh_every = INTERVAL if timeout is None else max(SHORTEST, min(INTERVAL, timeout / 10))
        self._is_over = self._is_inside = False
        """Whether the run is over, and whether a cycle is under way."""

    @property
    def memory_growth(self) -> float | None:
        """MiB by which the process had grown when that was last measured."""
        return self._monitor.record.usage.growth

    def __call__(self, event: events.Event) -> None:
        """Take an event."""
        take = TAKES.get(type(event))
        if take is not None and self._is_about(event):
            with self._monitor.lock:
                take(self, event)
            if type(event) is events.IterationFinished:
                self._check_health(is_due=self._monitor.health_check_interval == 0)

    def refresh(self) -> None:
        """Sample, and act on what is beyond a limit; in a thread of its own."""
        monitor = self._monitor
        with monitor.lock:
            if self._is_over or not monitor.is_running:
                return
            monitor.sample()
            if monitor.only is not None and not self._is_inside:
                return
            found = self._broken(monitor.record.index)
        for violation in found:
            self._control.end(violation, monitor.only)
        self._check_health()

    def after_iteration(self, cycle: str, index: int, seconds: float) -> Violation | None:  # noqa: ARG002 - as asked
        """Why *cycle* ends after its iteration *index*, None if it may go on."""
        monitor = self._monitor
        if monitor.only not in (None, cycle):
            return None
        with monitor.lock:
            if not monitor.is_running:
                return None
            is_sampled = monitor.sample(is_late_enough=True)
            monitor.record.end_iteration(monitor.record.usage.last.memory if is_sampled else None)
            self._rearm()
            found = [*self._leaked(cycle, index), *self._broken(index, iterations=index + 1)]
        for violation in found:
            if violation.action not in ENDING:
                self._control.tell(violation, cycle)
        return next((each for each in found if each.action in ENDING), None)

    def close(self, results: Mapping[str, CycleResult]) -> None:  # noqa: ARG002 - they know of violations
        """The run is over."""
        with self._monitor.lock:
            self._is_over = True
        self._monitor.leave()

    # Limits

    def _broken(self, index: int | None, iterations: int | None = None) -> list[Violation]:
        monitor = self._monitor
        usage = monitor.record.usage
        values = {
            "memory_limit_mb": usage.growth,
            "cpu_time_limit_seconds": usage.cpu_seconds,
            "timeout_seconds": monitor.elapsed,
            "iteration_limit": iterations,
            "cpu_limit_percent": usage.cpu_percent,
        }
        now = monitor.now()
        gates = self._gates.items()
        broken = [found for name, gate in gates if (found := gate.broken(values[name], index, now))]
        monitor.record.violations += broken
        return broken

    def _leaked(self, cycle: str, index: int) -> list[Violation]:
        monitor = self._monitor
        threshold = monitor.memory_growth_threshold
        if threshold is None:
            return []
        if index == 0 or cycle not in self._leaks:
            self._leaks[cycle] = Leak(threshold, LEAK_WINDOW)
        memory, now = monitor.record.usage.last.memory, monitor.now()
        violation = self._leaks[cycle].violation(memory, cycle, index, now)
        if violation is None:
            return []
        monitor.record.violations.append(violation)
        return [violation]

    def _rearm(self) -> None:
        """Another cycle may be held to a limit that has ended one."""
        for gate in self._gates.values():
            gate.rearm()

    def _check_health(self, *, is_due: bool = False) -> None:
        text = self._monitor.look_at_health(is_due=is_due)
        if text is not None:
            self._control.warn("health_degraded", text)

    # Events

    def _is_about(self, event: events.Event) -> bool:
        only = self._monitor.only
        if only is None:
            return True
        if isinstance(event, events.CycleEvent):
            return event.cycle == only
        if isinstance(event, events.NodeEvent):
            return event.node.partition(".")[0] in self._bodies.get(only, ())
        return False

    def _begin_cycle(self, event: Any) -> None:
        self._rearm()
        self._is_inside = True
        record, control, name = self._monitor.record, self._control, event.cycle
        if name not in self._aims:
            if self._monitor.only is not None:
                self._monitor.count_anew()
            config = control.cycles.get(name)
            rule = None if config is None else config.early_stop
            patience = None if rule is None else rule["patience"]
            self._aims[name] = Aim(*control.aims.get(name, (None, "maximize")), patience)
        record.aim = self._aims[name]
        record.aim.begin()

    def _begin_iteration(self, event: Any) -> None:
        self._monitor.record.index = event.index

    def _end_iteration(self, event: Any) -> None:
        record = self._monitor.record
        record.add_iteration(event.duration, is_failed=event.status == "failed")
        aim = self._aims.get(event.cycle)
        if aim is not None:
            record.aim = aim
            aim.add(event.metrics)

    def _end_cycle(self, event: Any) -> None:
        self._is_inside = False
        name, record = event.cycle, self._monitor.record
        config, aim = self._control.cycles.get(name), self._aims.get(name)
        trend = None if aim is None else self._control.trend(tuple(aim.values), WINDOW, aim.direction)
        facts = CycleFacts(
            name=name,
            reason=event.reason,
            iterations=event.iterations,
            verdict=event.verdict,
            max_iterations=None if config is None else config.max_iterations,
            is_oscillating=trend is not None and trend.direction == "oscillating",
        )
        record.cycles.append(facts)
        if self._monitor.only is not None:
            record.wall += event.duration

    def _end_node(self, event: Any) -> None:
        # What a run inside a node takes, and an element of a map, is part of what the node takes.
        if "." not in event.node and getattr(event, "index", None) is None:
            self._monitor.record.add_node(event.node, event.duration)

    def _end_run(self, event: Any) -> None:
        self._monitor.record.wall += event.duration


TAKES: Final[Mapping[type[events.Event], Any]] = {
    events.CycleStarted: Monitoring._begin_cycle,  # noqa: SLF001 - its own table
    events.IterationStarted: Monitoring._begin_iteration,  # noqa: SLF001 - as above
    events.IterationFinished: Monitoring._end_iteration,  # noqa: SLF001 - as above
    events.CycleFinished: Monitoring._end_cycle,  # noqa: SLF001 - as above
    events.NodeFinished: Monitoring._end_node,  # noqa: SLF001 - as above
    events.NodeFailed: Monitoring._end_node,  # noqa: SLF001 - as above
    events.RunFinished: Monitoring._end_run,  # noqa: SLF001 - as above
}
"""What is done with which events."""
