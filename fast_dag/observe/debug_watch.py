"""A debugger at one run: makes its records of the events."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from fast_dag.observe.analysis import numbers
from fast_dag.observe.capture import capture, cut
from fast_dag.observe.debug_records import (
    ConditionDebug,
    CycleDebug,
    DebugRecord,
    IterationDebug,
    NodeDebug,
)
from fast_dag.observe.failures import text_of_error, traceback_of
from fast_dag.observe.places import Told
from fast_dag.run import events
from fast_dag.run.events import Event

if TYPE_CHECKING:
    from fast_dag.observe.debugger import CycleDebugger
    from fast_dag.observe.meter import Meter
    from fast_dag.run.results import CycleResult
    from fast_dag.run.tools import Control

REFRESHED: Final = 0.05
"""Seconds between looks at the memory while nodes run."""
SHORTEST: Final = 0.001
"""Seconds between looks at it when nodes end."""
TREND_WINDOW: Final = 5
NAME: Final = re.compile(r"[A-Za-z_][\w.]*")


class DebugWatcher:
    """Records one run.

    Parameters:
        tool: the debugger; its settings say what is recorded.
        control: the run.
        meter: reads memory and processor time; None if neither is wanted.
        log: told of every event.
        done: takes the record when the run is over, and what its cycles came to.
    """

    def __init__(
        self,
        tool: CycleDebugger,
        control: Control,
        meter: Meter | None,
        log: Callable[[Event], object],
        done: Callable[[DebugRecord, Mapping[str, CycleResult]], object],
    ) -> None:
        self._tool, self._control, self._log, self._done = tool, control, log, done
        self._meter = meter
        self.record = DebugRecord(
            control.workflow, control.run_id, control.mode, dict.fromkeys(control.cycles)
        )
        self._has_begun = False
        self.wants_values = tool.capture_node_parameters or tool.capture_node_outputs
        self.refresh_every = REFRESHED if meter is not None and tool.track_memory_usage else None
        self._told = Told(control)
        self._looked = -SHORTEST
        self._lock = threading.Lock()
        self._current: dict[str | None, IterationDebug] = {}
        """The iteration that is under way, by cycle; None for the visit of a machine."""
        self._began: dict[str | None, tuple[float, float | None]] = {}
        """When that was, and the processor time used until then."""
        self._early: dict[str, deque[events.ConditionChecked]] = {}
        """Conditions that were asked before the iteration they are about."""
        self._open: dict[str, list[tuple[tuple[str, int], NodeDebug]]] = {}
        """Attempts that are under way, by node, each with its worker and number."""
        self._takes: dict[str, Callable[[Any], None]] = {
            "run_started": self._run_started,
            "run_finished": self._run_finished,
            "cycle_started": self._cycle_started,
            "cycle_finished": self._cycle_finished,
            "iteration_started": self._iteration_started,
            "iteration_finished": self._iteration_finished,
            "node_started": self._node_started,
            "node_finished": self._node_finished,
            "node_failed": self._node_failed,
            "node_skipped": self._node_skipped,
            "condition_checked": self._condition_checked,
            "state_changed": self._state_changed,
            "violation": self._violated,
        }

    def __call__(self, event: Event) -> None:
        """Record *event*."""
        self._log(event)
        take = self._takes.get(event.kind)
        is_told = not isinstance(event, events.CycleEvent) or self._told.is_told(event.cycle)
        if take is not None and is_told:
            take(event)

    def close(self, results: Mapping[str, CycleResult]) -> None:
        """The run is over; one that another tool has kept from beginning leaves no record."""
        record = self.record
        if not self._has_begun:
            return
        if not record.iterations and not self._control.cycles:
            status = "failed" if record.status in ("failed", "timed_out") else record.status
            whole = IterationDebug(0, status="completed" if status.startswith("completed") else status)
            whole.node_executions, record.outside = record.outside, []
            whole.skipped, record.skipped = record.skipped, {}
            whole.duration_ms, whole.errors = record.duration_ms, _errors(whole)
            record.iterations.append(whole)
        for name, result in results.items():
            trend = self._trend(result)
            if trend is not None:
                record.trends[name] = trend
        self._done(record, results)

    # Cycles and iterations

    def _run_started(self, _: events.RunStarted) -> None:
        self._has_begun = True

    def _run_finished(self, event: events.RunFinished) -> None:
        self.record.status = event.status
        self.record.duration_ms = self._ms(event.duration)
        for cycle in list(self._current):
            self._left(cycle, event.time)

    def _cycle_started(self, event: events.CycleStarted) -> None:
        self._current.pop(event.cycle, None)
        self.record.known[event.cycle] = None

    def _cycle_finished(self, event: events.CycleFinished) -> None:
        self._left(event.cycle, event.time)
        told = CycleDebug(
            event.cycle,
            event.iteration,
            event.reason,
            cut(event.detail, self._tool.max_capture_bytes),
            event.verdict,
            event.iterations,
            self._ms(event.duration),
        )
        self.record.cycles.append(told)

    def _iteration_started(self, event: events.IterationStarted) -> None:
        begun = IterationDebug(event.index, event.cycle, event.iteration)
        self._begin(event.cycle, begun, event.time)
        for early in self._early.pop(event.cycle, ()):
            if early.index == event.index:
                begun.convergence.append(ConditionDebug(self._cut(early.condition), None, early.result))

    def _iteration_finished(self, event: events.IterationFinished) -> None:
        found = self._current.get(event.cycle)
        if found is not None:
            limit = self._tool.max_capture_bytes
            found.metrics = {self._cut(name): capture(value, limit) for name, value in event.metrics.items()}
            self._end(event.cycle, found, event.status, event.duration)

    def _begin(self, cycle: str | None, begun: IterationDebug, time: float) -> None:
        """Note that an iteration begins."""
        is_cpu = self._meter is not None and self._tool.track_cpu_usage
        self._began[cycle] = time, self._meter.cpu_seconds() if is_cpu else None  # type: ignore[union-attr]
        with self._lock:
            self._current[cycle] = begun
        self.record.iterations.append(begun)

    def _end(self, cycle: str | None, found: IterationDebug, status: str, seconds: float) -> None:
        """Note that an iteration is over."""
        cpu = self._began[cycle][1]
        if cpu is not None:
            found.cpu_time_ms = 1000 * (self._meter.cpu_seconds() - cpu)  # type: ignore[union-attr]
        if self.refresh_every is not None:
            self.refresh()
        found.status, found.duration_ms, found.errors = status, self._ms(seconds), _errors(found)

    def _left(self, cycle: str | None, time: float) -> None:
        """Forget the iteration of a cycle; one that is not over will not be."""
        with self._lock:
            found = self._current.pop(cycle, None)
        if found is not None and found.status == "running":
            status = "failed" if _errors(found) else "cancelled"
            self._end(cycle, found, status, time - self._began[cycle][0])

    # Nodes

    def _node_started(self, event: events.NodeStarted) -> None:
        tool = self._tool
        if self._control.is_machine and "." not in event.node and event.attempt == 1:
            self._left(None, event.time)
            self._begin(None, IterationDebug(self._visits()), event.time)
        begun = NodeDebug(event.node, event.attempt)
        if tool.capture_node_parameters and event.inputs:
            limit = tool.max_capture_bytes
            begun.inputs = {name: capture(value, limit) for name, value in event.inputs.items()}
        self._executions(event.node).append(begun)
        self._open.setdefault(event.node, []).append(((event.worker, event.attempt), begun))

    def _node_finished(self, event: events.NodeFinished) -> None:
        found = self._attempt(event)
        if found is None:
            return
        if found.status == "failed":
            found.status = "handled"
        else:
            found.status = "cached" if event.cached else "completed"
            found.duration_ms = self._ms(event.duration)
        if self._tool.capture_node_outputs:
            found.outputs = capture(event.result, self._tool.max_capture_bytes)
        self._look(event.time)
        self._end_visit(event, "completed")

    def _node_failed(self, event: events.NodeFailed) -> None:
        found, tool = self._attempt(event) if event.index is None else None, self._tool
        if found is None:
            return
        found.status = "failed" if event.retry_in is None else "retried"
        found.duration_ms = self._ms(event.duration)
        if tool.capture_exceptions:
            found.error = text_of_error(event.error, tool.max_capture_bytes)
            if tool.capture_stack_traces:
                found.traceback = traceback_of(event.error, tool.max_capture_bytes)
        self._look(event.time)
        if event.retry_in is None:
            self._end_visit(event, "failed")

    def _node_skipped(self, event: events.NodeSkipped) -> None:
        into = self._around(event.node) or self.record
        into.skipped[event.node] = self._cut(event.reason)

    def _end_visit(self, event: events.NodeEvent, status: str) -> None:
        found = self._current.get(None)
        if found is not None and "." not in event.node:
            self._end(None, found, status, event.time - self._began[None][0])

    # What belongs to them

    def _condition_checked(self, event: events.ConditionChecked) -> None:
        if not self._tool.capture_convergence_data:
            return
        found = self._current.get(event.cycle)
        if found is None or found.iteration != event.index:
            self._early.setdefault(event.cycle, deque()).append(event)
            return
        value = named_in(event.condition, found.metrics)
        found.convergence.append(ConditionDebug(self._cut(event.condition), value, event.result))

    def _state_changed(self, event: events.StateChanged) -> None:
        found = self._current.get(event.cycle)
        if found is None or not self._tool.capture_state_changes:
            return
        executions = (each for each in reversed(found.node_executions) if each.node_name == event.node)
        into = next(executions, found)
        limit = self._tool.max_capture_bytes
        key = self._cut(event.key) if type(event.key) is str else capture(event.key, limit)
        into.state_changes[key] = capture(event.old, limit), capture(event.new, limit)

    def _violated(self, event: events.Violated) -> None:
        self.record.violations.append(self._cut(event.violation.message or event.violation.kind))

    def _around(self, node: str) -> IterationDebug | None:
        """The iteration or visit that a node runs in."""
        cycle = self._told.cycle_around(node)
        return self._current.get(cycle) or self._current.get(None)

    def _executions(self, node: str) -> list[NodeDebug]:
        found = self._around(node)
        return self.record.outside if found is None else found.node_executions

    def _attempt(self, event: events.NodeEvent) -> NodeDebug | None:
        """The attempt that has just ended."""
        waiting = self._open.get(event.node)
        if not waiting:
            # A handler has answered for it.
            executions = reversed(self._executions(event.node))
            return next((each for each in executions if each.node_name == event.node), None)
        # Several are under way only in a map; then the worker is as much as there is to tell them apart.
        ended = next((each for each in waiting if each[0] == (event.worker, event.attempt)), waiting[0])
        waiting.remove(ended)
        return ended[1]

    def _visits(self) -> int:
        return sum(each.cycle is None for each in self.record.iterations)

    def _trend(self, result: CycleResult) -> str | None:
        series = result.metric_history.get(result.objective or "")
        found = numbers(series or ())
        if not found or len(found) < len(series or ()):
            return None
        trend = self._control.trend(found, TREND_WINDOW, result.direction)
        return None if trend is None else str(trend.direction)

    def _look(self, time: float) -> None:
        """Look at the memory where a node has ended, unless that was done a moment ago."""
        if self.refresh_every is not None and time - self._looked >= SHORTEST:
            self._looked = time
            self.refresh()

    def refresh(self) -> None:
        """Look at the memory; also called from another thread."""
        found = self._meter.memory_mb()  # type: ignore[union-attr]
        with self._lock:
            for each in self._current.values():
                if each.status == "running":
                    each.peak_memory_mb = max(each.peak_memory_mb or 0.0, found)

    def _ms(self, seconds: float) -> float | None:
        return 1000 * seconds if self._tool.track_execution_time else None

    def _cut(self, text: str) -> str:
        return cut(text, self._tool.max_capture_bytes)


def named_in(condition: str, metrics: Mapping[str, Any]) -> Any:
    """The value of the metric that a *condition* names, by name if there are several; None without any.

    >>> named_in("loss < 0.1", {"loss": 0.5, "rate": 1}), named_in("a > b", {"a": 1, "b": 2})
    (0.5, {'a': 1, 'b': 2})
    """
    names = [name for name in dict.fromkeys(NAME.findall(condition)) if name in metrics]
    if len(names) == 1:
        return metrics[names[0]]
    return {name: metrics[name] for name in names} or None


def _errors(found: IterationDebug) -> list[str]:
    return [
        f"{each.node_name}: {each.error or 'failed'}"
        for each in found.node_executions
        if each.status == "failed"
    ]
