"""CycleMonitor: what runs use, how well they go, and the limits they are held to."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Protocol

from fast_dag.observe import health
from fast_dag.observe.awaitable import DONE, Settled, SettledList
from fast_dag.observe.monitor_settings import MonitorSettings
from fast_dag.observe.monitoring import Monitoring
from fast_dag.observe.recommendations import Recommendation, recommendations
from fast_dag.observe.record import Record
from fast_dag.observe.sampling import CLOSE, Instruments
from fast_dag.observe.together import Together
from fast_dag.observe.usage import Usage
from fast_dag.run.tools import Control, Tool, Watcher
from fast_dag.run.violation import Violation


@dataclass(frozen=True, kw_only=True)
class CurrentMetrics(Settled):
    """What a monitor sees now; None for what is not tracked, or not known yet."""

    iteration: int | None
    """Index of the iteration that is or was last under way."""
    memory_usage_mb: float | None
    memory_growth_mb: float | None
    """Since the monitor was started."""
    cpu_usage_percent: float | None
    """Share of one processor since the sample before."""
    cpu_time_seconds: float | None
    """Since the monitor was started."""
    elapsed_seconds: float | None
    iteration_time_ms: float | None
    """Of the last iteration that came to its end."""
    health_score: float | None
    status: str | None
    """starting, healthy or degraded."""
    violations: list[Violation]


@dataclass(frozen=True, kw_only=True)
class ResourceAnalysis(Settled):
    """What was used while a monitor watched; None for what is not tracked or cannot be measured."""

    peak_memory_mb: float | None
    avg_memory_mb: float | None
    avg_cpu_percent: float | None
    total_time_seconds: float | None
    total_cpu_seconds: float | None
    memory_efficiency: float | None
    """Mean growth in relation to the largest, 1.0 if nothing grew."""
    iterations: int
    avg_iteration_ms: float | None


class Registrar(Tool, Protocol):
    """What watches the runs of a monitor as well."""


class CycleMonitor(MonitorSettings):
    """Watches runs: give it to any of them as ``monitor=`` or among the ``observers=``.

    A run starts it if nobody has, and stops it then.  Once started it may serve several runs.

    >>> from fast_dag import DAG, CycleConfig
    >>> dag = DAG("counting").add_node("count", lambda value=0: value + 1).feedback("count", "count")
    >>> monitor = CycleMonitor(iteration_limit=3)
    >>> result = dag.execute_cycle_sync(CycleConfig(max_iterations=9), monitor=monitor)
    >>> result.reason, result.total_iterations, [each.kind for each in result.violations]
    ('violation', 3, ['iteration'])

    Parameters:
        cycle_id: a label.
        memory_limit_mb: MiB by which the process may grow after the start.
        cpu_time_limit_seconds: processor seconds that it may use after the start.
        iteration_limit: so many iterations of a cycle run.
        timeout_seconds: seconds after the start.
        track_memory_growth, track_cpu_usage, track_iteration_time: whether these are measured where no
            limit needs them.
        on_memory_violation, on_cpu_violation, on_iteration_violation, on_timeout_violation: what is done:
            terminate ends the cycles under way with reason violation, and a run without any with a
            CycleSafetyError; raise ends the run with one; warn_and_continue only tells of it, and again
            at 110 % of the last value; ignore does nothing.
        enable_health_scoring: whether there is a health score.
        health_check_interval: seconds between looks at it, 0 for one after each iteration.
        cpu_limit_percent: share of one processor; more of it is told of, and nothing else.
        memory_growth_threshold: growth of the memory from one iteration to the next, as a fraction; more of
            it three times in a row is told of as a leak, and nothing else.
        instruments: what samples are read from, by default this process.

    Raises:
        UnknownOptionError: there is no such setting.
        CycleConfigurationError: a setting is wrong; when it is started, memory that cannot be measured.
    """

    only: str | None = None
    """The cycle it was made for; None if somebody gave it to a run."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.lock = threading.RLock()
        """Over all that follows; whoever watches a run takes it."""
        self.is_running = False
        """Whether it was started, and not stopped since."""
        self._is_held = False
        """Whether whoever started it will stop it."""
        self._runs = 0
        self._managers: list[Registrar] = []
        self._instruments = self.instruments or Instruments()
        self.record = Record(Usage(self._instruments.sample()))
        self._has_begun = False
        self._is_low = False
        self._looked = 0.0

    def __repr__(self) -> str:
        return f"<CycleMonitor{'' if self.cycle_id is None else f' {self.cycle_id!r}'}>"

    def start(self) -> Settled:
        """Begin to measure, and forget what was before.

        Raises:
            CycleConfigurationError: there is a limit on memory, which cannot be measured here.
        """
        with self.lock:
            self._begin()
            self._is_held = True
        return DONE

    def stop(self) -> Settled:
        """Measure and limit no more; what was seen can still be looked at."""
        with self.lock:
            self._is_held = False
            self._end()
        return DONE

    def watching(self, control: Control) -> Watcher:
        """Begin to watch a run."""
        with self.lock:
            if not self.is_running:
                self._begin()
            self._runs += 1
        watchers: list[Watcher] = [Monitoring(self, control)]
        try:
            for manager in self._managers:
                watchers.append(manager.watching(control))  # noqa: PERF401 - those begun before an error count
        except BaseException:
            for each in watchers:
                each.close({})
            raise
        return watchers[0] if len(watchers) == 1 else Together(watchers)

    def leave(self) -> None:
        """A run is over."""
        with self.lock:
            self._runs -= 1
            if not self._runs and not self._is_held:
                self._end()

    def accompany(self, manager: Registrar) -> None:
        """Have *manager* watch the runs that are given this monitor."""
        if manager not in self._managers:
            self._managers.append(manager)

    @property
    def violations(self) -> list[Violation]:
        """Limits that were broken since it was started."""
        return list(self.record.violations)

    def get_current_metrics(self) -> CurrentMetrics:
        """What it sees now."""
        with self.lock:
            self.sample()
            record, usage = self.record, self.record.usage
            seconds = record.durations[-1] if record.durations and self.track_iteration_time else None
            score = self._score()
            return CurrentMetrics(
                iteration=record.index,
                memory_usage_mb=usage.last.memory if self._has_begun else None,
                memory_growth_mb=usage.growth if self._has_begun else None,
                cpu_usage_percent=usage.cpu_percent,
                cpu_time_seconds=usage.cpu_seconds if self._has_begun else None,
                elapsed_seconds=usage.seconds if self._has_begun else None,
                iteration_time_ms=None if seconds is None else seconds * 1000,
                health_score=score,
                status=self._status(score),
                violations=list(record.violations),
            )

    def analyze_resource_usage(self) -> ResourceAnalysis:
        """What was used since it was started, until it was stopped."""
        with self.lock:
            self.sample()
            record, usage = self.record, self.record.usage
            mean = record.mean_seconds if self.track_iteration_time else None
            return ResourceAnalysis(
                peak_memory_mb=usage.peak,
                avg_memory_mb=usage.mean_memory,
                avg_cpu_percent=usage.mean_cpu_percent,
                total_time_seconds=usage.seconds if self._has_begun else None,
                total_cpu_seconds=usage.cpu_seconds,
                memory_efficiency=usage.efficiency,
                iterations=len(record.durations),
                avg_iteration_ms=None if mean is None else mean * 1000,
            )

    def get_optimization_recommendations(self) -> SettledList[Recommendation]:
        """What would make the cycles better, the most severe first; empty if nothing would."""
        with self.lock:
            self.sample()
            return SettledList(recommendations(self.record.facts()))

    # For those who watch a run, with the lock held

    def sample(self, *, is_late_enough: bool = False) -> bool:
        """Take a sample while it is running; whether that was done.

        With *is_late_enough* only if the last one was long enough ago.
        """
        usage = self.record.usage
        if not self.is_running:
            return False
        if is_late_enough and 0 <= self._instruments.clock() - usage.last.time < CLOSE:
            return False
        usage.add(self._instruments.sample())
        return True

    def count_anew(self) -> None:
        """Count what is used from here on: the cycle that it is about begins."""
        self.record.usage = Usage(self._instruments.sample())

    @property
    def elapsed(self) -> float:
        """Seconds that are counted."""
        return self._instruments.clock() - self.record.usage.first.time

    def now(self) -> float:
        """Seconds since 1970."""
        return self._instruments.now()

    def look_at_health(self, *, is_due: bool = False) -> str | None:
        """Look at the score if it is time for that; what to say if it has fallen below the mark."""
        with self.lock:
            now = self._instruments.clock()
            if not self.enable_health_scoring or not self.is_running:
                return None
            if not is_due and (not self.health_check_interval or now < self._looked):
                return None
            self._looked = now + self.health_check_interval
            score = self._score()
            was_low, self._is_low = self._is_low, score is not None and score < health.DEGRADED
            if was_low or not self._is_low:
                return None
            return f"health is {score:.2f}, below {health.DEGRADED:g}{self._label()}"

    def _label(self) -> str:
        return "" if self.cycle_id is None else f" ({self.cycle_id})"

    def _begin(self) -> None:
        found = self.instruments or Instruments.of_process(is_memory_needed=self.needs_memory)
        self._instruments = replace(
            found,
            memory=found.memory if self.tracks_memory else None,
            cpu=found.cpu if self.tracks_cpu else None,
        )
        self.record = Record(Usage(self._instruments.sample()))
        self.is_running = self._has_begun = True
        self._is_low = False
        self._looked = self._instruments.clock() + self.health_check_interval

    def _end(self) -> None:
        self.sample()
        self.is_running = False

    def _score(self) -> float | None:
        if not self.enable_health_scoring:
            return None
        limits = self.memory_limit_mb, self.cpu_time_limit_seconds
        return self.record.score(*limits, times=self.track_iteration_time)

    def _status(self, score: float | None) -> str | None:
        if score is None:
            return None
        if not self.record.durations:
            return "starting"
        return "degraded" if score < health.DEGRADED else "healthy"
