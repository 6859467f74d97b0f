"""A profiler at one run: takes its measures at the events."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fast_dag.observe.analysis import numbers
from fast_dag.observe.performance import CycleProfile, IterationProfile, ProfileRecord
from fast_dag.observe.places import Told
from fast_dag.observe.traffic import traffic
from fast_dag.run import events
from fast_dag.run.events import Event

if TYPE_CHECKING:
    from fast_dag.observe.meter import Meter
    from fast_dag.observe.profiler import CycleProfiler
    from fast_dag.run.results import CycleResult
    from fast_dag.run.tools import Control


class ProfileWatcher:
    """Measures one run.

    Parameters:
        tool: the profiler; its settings say what is measured.
        control: the run.
        meter: reads memory and processor time; None where neither can be or is to be measured.
        done: takes the record when the run is over, and what its cycles came to.
    """

    def __init__(
        self,
        tool: CycleProfiler,
        control: Control,
        meter: Meter | None,
        done: Callable[[ProfileRecord, Mapping[str, CycleResult]], object],
    ) -> None:
        self._control, self._done = control, done
        self._cpu = meter.cpu_seconds if meter is not None and tool.profile_cpu else None
        self._memory = meter.memory_mb if meter is not None and tool.profile_memory else None
        self._traffic = traffic() if tool.profile_io else None
        is_sampled = self._memory is not None and tool.memory_sampling_enabled
        self.refresh_every = tool.sampling_interval_ms / 1000 if is_sampled else None
        self._lock = threading.Lock()
        self.record = ProfileRecord(
            workflow=control.workflow,
            run_id=control.run_id,
            mode=control.mode,
            known=dict.fromkeys(control.cycles),
            workers=_workers(control),
            timeout=control.timeout,
        )
        self._told = Told(control)
        self._series: dict[str, dict[str, list[Any]]] = {}
        """That of each metric by cycle, since it was entered last."""
        self._began: dict[str | None, tuple[float, float | None]] = {}
        """When the iteration of each cycle began, and the processor time used until then."""
        self._first: float | None = None
        self._has_begun = False
        self._takes: dict[str, Callable[[Any], None]] = {
            "run_started": self._run_started,
            "run_finished": self._run_finished,
            "cycle_started": self._cycle_started,
            "iteration_started": self._iteration_started,
            "iteration_finished": self._iteration_finished,
            "node_started": self._node_started,
            "node_finished": self._node_ended,
            "node_failed": self._node_ended,
        }

    def __call__(self, event: Event) -> None:
        """Measure what *event* tells."""
        take = self._takes.get(event.kind)
        is_told = not isinstance(event, events.CycleEvent) or self._told.is_told(event.cycle)
        if take is not None and is_told:
            take(event)

    def refresh(self) -> None:
        """Look at the memory; called from another thread."""
        self._resident()

    def close(self, results: Mapping[str, CycleResult]) -> None:
        """The run is over; one that another tool has kept from beginning leaves no record."""
        if not self._has_begun:
            return
        for name, result in results.items():
            seen = self.record.cycles.setdefault(name, CycleProfile(name))
            config = self._control.cycles[name]
            seen.reason, seen.converged = result.reason, result.converged
            seen.completed, seen.seconds = result.total_iterations, result.execution_time_seconds
            seen.limit, seen.timeout = config.max_iterations or config.safety_cap, config.timeout_seconds
        for name, series in self._series.items():
            found = {key: numbers(values) for key, values in series.items()}
            complete = {key: values for key, values in found.items() if len(values) == len(series[key])}
            self.record.cycles[name].metrics = complete
        self._done(self.record, results)

    def _run_started(self, _: events.RunStarted) -> None:
        self._has_begun = True
        self._first = None if self._cpu is None else self._cpu()

    def _run_finished(self, event: events.RunFinished) -> None:
        record = self.record
        record.status, record.seconds = event.status, event.duration
        if self._cpu is not None and self._first is not None:
            record.cpu = self._cpu() - self._first
        now = None if self._traffic is None else traffic()
        if now is not None and self._traffic is not None:
            record.read = now.read_mb - self._traffic.read_mb
            record.written = now.written_mb - self._traffic.written_mb
        if not record.cycles:
            memory, share = self._resident(), self._share(record.cpu, event.duration)
            whole = IterationProfile(0, 1000 * event.duration, memory, share)
            record.cycles[None] = CycleProfile(None, profiles=[whole])
        else:
            self._resident()

    def _cycle_started(self, event: events.CycleStarted) -> None:
        self._series[event.cycle] = {}
        found = self.record.cycles.setdefault(event.cycle, CycleProfile(event.cycle))
        self.record.known[event.cycle] = None
        # One in a workflow inside a node is no outermost one either.
        found.is_outermost = not event.iteration and "." not in event.cycle

    def _iteration_started(self, event: events.IterationStarted) -> None:
        self._begin(event.cycle, event.time)

    def _iteration_finished(self, event: events.IterationFinished) -> None:
        for name, value in event.metrics.items():
            self._series[event.cycle].setdefault(name, []).append(value)
        found = self.record.cycles[event.cycle]
        self._end(found, event.index, event.duration)

    def _node_started(self, event: events.NodeStarted) -> None:
        if self._is_visit(event) and event.attempt == 1:
            self.record.cycles.setdefault(None, CycleProfile(None))
            self._begin(None, event.time)

    def _node_ended(self, event: events.NodeFinished | events.NodeFailed) -> None:
        if getattr(event, "index", None) is not None:
            return  # what elements took is in the time of their map
        self.record.calls.setdefault(event.node, []).append(event.duration)
        is_over = isinstance(event, events.NodeFinished) or event.retry_in is None
        if is_over and self._is_visit(event) and None in self._began:
            found = self.record.cycles[None]
            self._end(found, len(found.profiles), event.time - self._began[None][0])

    def _is_visit(self, event: events.NodeEvent) -> bool:
        return self._control.is_machine and "." not in event.node

    def _begin(self, cycle: str | None, time: float) -> None:
        self._began[cycle] = time, None if self._cpu is None else self._cpu()

    def _end(self, found: CycleProfile, index: int, seconds: float) -> None:
        before = self._began.pop(found.name)[1]
        used = None if self._cpu is None or before is None else self._cpu() - before
        profile = IterationProfile(index, 1000 * seconds, self._resident(), self._share(used, seconds))
        found.profiles.append(profile)

    def _resident(self) -> float | None:
        if self._memory is None:
            return None
        found = self._memory()
        with self._lock:
            self.record.peak = max(self.record.peak or 0.0, found)
        return found

    def _share(self, used: float | None, seconds: float) -> float | None:
        return None if used is None or seconds <= 0 else 100 * used / seconds


def _workers(control: Control) -> int:
    """How many nodes of a run can be at work at once."""
    if control.workers is not None:
        return control.workers
    return 1 if control.mode == "sequential" else os.cpu_count() or 1
