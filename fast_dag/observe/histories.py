"""The series of all metrics of the cycles of a run, which their results have where a tool watches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fast_dag.run import events
from fast_dag.run.events import Event

if TYPE_CHECKING:
    from fast_dag.graph.cycle_config import CycleConfig
    from fast_dag.run.results import CycleResult


class Histories:
    """Takes every metric of every iteration; of a cycle that is entered again the last entry counts."""

    def __init__(self) -> None:
        self.series: dict[str, dict[str, list[Any]]] = {}
        """By cycle and metric."""

    def take(self, event: Event) -> None:
        """Take what *event* tells of metrics."""
        if isinstance(event, events.CycleStarted):
            self.series[event.cycle] = {}
        elif isinstance(event, events.IterationFinished):
            found = self.series.setdefault(event.cycle, {})
            for name, value in event.metrics.items():
                found.setdefault(name, []).append(value)

    def fill(self, results: Mapping[str, CycleResult], configs: Mapping[str, CycleConfig]) -> None:
        """Have *results* tell the series of metrics that nothing in their cycle uses as well."""
        for name, result in results.items():
            limit = configs[name].metric_history_limit
            kept = self.series.get(name, {}).items()
            every = {metric: values if limit is None else values[-limit:] for metric, values in kept}
            result.metric_history = {**every, **result.metric_history}
