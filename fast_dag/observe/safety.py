"""CycleSafetyManager: limits of the process, deadlocks, leaks, and how many cycles run at once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from fast_dag.errors import CycleConfigurationError
from fast_dag.observe.admission import Admission
from fast_dag.observe.alarms import Alarm, Alert
from fast_dag.observe.awaitable import DONE, Settled
from fast_dag.observe.guarding import Guarding
from fast_dag.observe.limits import ENDING, Gate
from fast_dag.observe.monitor import CycleMonitor
from fast_dag.observe.safety_settings import SafetySettings
from fast_dag.observe.sampling import CLOSE, Instruments, Sample
from fast_dag.run.tools import Control, Watcher
from fast_dag.run.violation import Violation


@dataclass(frozen=True, kw_only=True)
class SafetyStatus(Settled):
    """What a manager sees at one time."""

    violations: list[Violation]
    """Limits of the process that are broken now, what was broken in runs that are under way, and the
    violations of registered monitors."""
    alerts: list[Alert]
    """Those that came since somebody last asked."""
    should_terminate: bool
    """Whether a violation is to end cycles."""
    active_cycles: int
    """How many are under way; those inside others do not count."""
    deadlocked: list[str]
    """Cycles in which nothing comes to its end any more."""
    memory_mb: float | None
    """Resident memory of the process; None where it cannot be measured."""
    cpu_time_seconds: float | None
    """Processor time of the process since the start; None before it."""


class CycleSafetyManager(SafetySettings):
    """Keeps runs within the limits of the process: give it to them as ``safety_manager=``.

    One manager may serve many runs in many threads.  It acts by itself on those it is given to, and on those
    of registered monitors; others may look at `check_safety`.

    >>> manager = CycleSafetyManager(global_memory_limit_mb=0.5)
    >>> status = manager.start_monitoring() and manager.check_safety()
    >>> [each.kind for each in status.violations], status.should_terminate
    (['global_memory'], True)

    Parameters:
        max_concurrent_cycles: how many cycles of all its runs may be under way at once; those inside others
            do not count.
        global_memory_limit_mb: MiB that the process may have.
        global_cpu_time_limit_seconds: processor seconds that it may use after the start.
        monitoring_interval_seconds: from one look at a run to the next.
        alert_threshold_memory, alert_threshold_cpu: the parts of these limits at which there is an alert;
            once, until it has fallen below 90 % of that.
        auto_terminate_on_violation: whether a violation ends cycles (or a run that has none under way),
            rather than only being told of.
        graceful_shutdown_timeout: seconds that calls of sync functions get to come back then.
        deadlock_detection_enabled, deadlock_timeout_seconds: whether it is a violation that a node of a
            cycle is under way and none came to its end for so long.
        memory_leak_detection: whether it is one that the memory of the process grew by more than the part
            *memory_growth_threshold* in each of *leak_window* iterations in a row.
        on_capacity: what a cycle does that there is no room for: wait, or raise a CycleSafetyError.
        instruments: what samples are read from, by default this process.

    Raises:
        UnknownOptionError: there is no such setting.
        CycleConfigurationError: a setting is wrong; when it is started, memory that cannot be measured.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._lock = threading.RLock()
        """Over what follows; nobody is called while it is held."""
        self.admission = Admission(self.max_concurrent_cycles, waits=self.on_capacity == "wait")
        """Who is let in."""
        self._instruments = self.instruments or Instruments()
        self._first: Sample | None = None
        self._last: Sample | None = None
        self._is_running = self._is_held = False
        self._guarded: dict[Control, Guarding] = {}
        self._monitors: list[CycleMonitor] = []
        self._alarms: Mapping[str, Alarm] = {}
        self._alerts: list[Alert] = []

    def __repr__(self) -> str:
        return f"<CycleSafetyManager of {len(self._guarded)} runs>"

    def start_monitoring(self) -> Settled:
        """Begin to measure; nothing if that was done.

        Raises:
            CycleConfigurationError: something depends on memory, which cannot be measured here.
        """
        with self._lock:
            if not self._is_running:
                self._begin()
            self._is_held = True
        return DONE

    def stop_monitoring(self) -> Settled:
        """End nothing any more, and let processor time be; nothing if that was done."""
        with self._lock:
            self._is_running = self._is_held = False
        return DONE

    def register(self, monitor: CycleMonitor) -> Settled:
        """Act on the runs of *monitor* as well, and look at what it sees.

        Raises:
            CycleConfigurationError: it is no monitor.
        """
        if not isinstance(monitor, CycleMonitor):
            msg = f"register takes a CycleMonitor, got {monitor!r}"
            raise CycleConfigurationError(msg)
        with self._lock:
            if monitor not in self._monitors:
                self._monitors.append(monitor)
        monitor.accompany(self)
        return DONE

    def check_safety(self) -> SafetyStatus:
        """Look at the process and at the runs now; if it was not started, at the memory of the process."""
        values = self.looked() or {"global_memory": self._measuring().sample().memory}
        with self._lock:
            guarded, monitors = list(self._guarded.values()), list(self._monitors)
            alerts, self._alerts = self._alerts, []
        violations = [*self._broken(values)]
        for each in guarded:
            violations += each.standing
        for monitor in monitors:
            violations += monitor.violations
        is_ending = any(each.action in ENDING for each in violations)
        return SafetyStatus(
            violations=violations,
            alerts=alerts,
            should_terminate=self.auto_terminate_on_violation and is_ending,
            active_cycles=self.admission.inside,
            deadlocked=[name for each in guarded for name in each.deadlocked],
            memory_mb=values.get("global_memory"),
            cpu_time_seconds=values.get("global_cpu"),
        )

    def watching(self, control: Control) -> Watcher:
        """Begin to guard a run; once, though a monitor of it may be registered here as well."""
        with self._lock:
            if control in self._guarded:
                return Nothing()
            if not self._is_running:
                self._begin()
            self._guarded[control] = made = Guarding(self, control)
        return made

    # For those who guard a run

    def leave(self, control: Control) -> None:
        """A run is over."""
        with self._lock:
            self._guarded.pop(control, None)
            if not self._guarded and not self._is_held:
                self._is_running = False

    def looked(self, *, is_late_enough: bool = False) -> dict[str, float | None] | None:
        """What the process uses, by the kind of violation that too much of it is; None if it is stopped.

        With *is_late_enough* a sample may be two milliseconds old.
        """
        with self._lock:
            if not self._is_running or self._first is None:
                return None
            last = self._last
            if last is None or not is_late_enough or not 0 <= self.clock() - last.time < CLOSE:
                last = self._last = self._instruments.sample()
            used = None if last.cpu is None or self._first.cpu is None else last.cpu - self._first.cpu
            values = {"global_memory": last.memory, "global_cpu": used}
            now = self.now()
            rung = [alert for kind, alarm in self._alarms.items() if (alert := alarm.rung(values[kind], now))]
            self._alerts += rung
            guarded = list(self._guarded.values())
        for alert in rung:
            for each in guarded:
                each.warn(alert)
        return values

    def clock(self) -> float:
        """Seconds of a clock that never goes back."""
        return self._instruments.clock()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._instruments.now()

    def _measuring(self) -> Instruments:
        """The instruments; a CycleConfigurationError where memory is needed, and nothing tells it."""
        return self.instruments or Instruments.of_process(is_memory_needed=self.needs_memory)

    def _begin(self) -> None:
        self._instruments, self._last = self._measuring(), None
        self._first = self._instruments.sample()
        self._alarms, self._alerts = self.alarms(), []
        self._is_running = True

    def _broken(self, values: Mapping[str, float | None]) -> list[Violation]:
        found = [(limit, values.get(limit.kind)) for limit in self.limits()]
        broken = [Gate(limit).broken(value, None, self.now()) for limit, value in found]
        return [each for each in broken if each is not None]


class Nothing:
    """Stands for a tool at a run that it watches already."""

    def __call__(self, event: object) -> None:
        """Nothing is done."""

    def close(self, results: object) -> None:
        """Nothing is left to be done."""
