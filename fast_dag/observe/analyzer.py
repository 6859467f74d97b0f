"""CycleAnalyzer: many results of cycles, and the runs that are under way."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fast_dag.checks import suggestion
from fast_dag.errors import ValidationError
from fast_dag.graph.keywords import known_keywords
from fast_dag.observe.analysis import numbers
from fast_dag.observe.awaitable import Settled, SettledText
from fast_dag.observe.export import csv_text, exported, json_text
from fast_dag.observe.summaries import (
    AnalyzerReport,
    Comparison,
    ResultSummary,
    compared,
    reported,
    summary,
)
from fast_dag.run import events
from fast_dag.run.brief import brief
from fast_dag.run.events import Event
from fast_dag.run.results import CycleResult

if TYPE_CHECKING:
    from fast_dag.run.tools import Control, Watcher


@dataclass(slots=True, eq=False)
class LiveCycle:
    """A cycle that is under way."""

    cycle: str
    run_id: str
    workflow: str
    iterations: int = 0
    """Those that are done."""
    elapsed_seconds: float = 0.0
    iterations_per_second: float | None = None
    """None before the first is done."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """Those of the last iteration that is done."""


@dataclass(frozen=True, slots=True)
class LiveMetrics(Settled):
    """How things stand; it may be awaited."""

    active_runs: int
    active_cycles: list[LiveCycle]
    finished_runs: int
    total_iterations: int
    """Of all runs that were or are watched."""
    iterations_per_second: float
    """Of all cycles that are under way together."""
    results: int
    converged: int
    failed: int
    """Results with reason error."""


class CycleAnalyzer:
    """Compares what cycles came to, and tells of those that are under way.

    Results are added by hand (`add`), or by the runs that it is among the ``observers=`` of.  It keeps
    their figures and the series of their objectives, and none of their values.  It may be used from
    several threads.

    >>> from fast_dag import DAG, CycleConfig
    >>> dag = DAG("counting").add_node("count", lambda value=0: value + 1).feedback("count", "count")
    >>> analyzer = CycleAnalyzer()
    >>> for limit in (3, 5):
    ...     _ = analyzer.add(dag.execute_cycle_sync(CycleConfig(max_iterations=limit)), f"limit {limit}")
    >>> analyzer.compare(["limit 3", "limit 5"]).fewest_iterations, analyzer.report().mean_iterations
    ('limit 3', 4.0)
    """

    @known_keywords
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, ResultSummary] = {}
        self._series: dict[str, list[float]] = {}
        """Of the objective, by id."""
        self._watched: list[_Watched] = []
        """Runs that are under way."""
        self._finished = self._iterations = 0

    def __repr__(self) -> str:
        return f"<CycleAnalyzer of {len(self._found)} results>"

    def add(self, result: CycleResult, label: str | None = None) -> SettledText:
        """Take a result; one that is there already is taken anew.

        Parameters:
            result: of a cycle.
            label: the id it gets; default that of its run, and for a further cycle of a run ``run/cycle``.

        Returns:
            The id.

        Raises:
            ValidationError: it is no result of a cycle, or *label* is no text or taken by another result.
        """
        if not isinstance(result, CycleResult):
            msg = f"an analyzer takes a CycleResult, got {brief(result)}"
            raise ValidationError(msg)
        with self._lock:
            known = self._id_of(result)
            if label is not None:
                self._check(label, known)
            elif known is None:
                label = self._new_id(result)
            id = label or known or ""
            if known is not None and known != id:
                del self._found[known], self._series[known]
            self._found[id] = summary(result, id)
            series = result.metric_history.get(result.objective or "", ())
            self._series[id] = numbers(series)
        return SettledText(id)

    def compare(self, ids: Iterable[str | CycleResult] | None = None) -> Comparison:
        """Some results beside each other, the first the one that the others are held against.

        Parameters:
            ids: as `add` gave them, or results that were added; default all, in the order of adding.

        Raises:
            ValueError: there are none, or one was not added.
        """
        with self._lock:
            names = list(self._found) if ids is None else [self._known(each) for each in _several(ids)]
            if not names:
                msg = "there is nothing to compare: add(result) first, and give the ids that it gives"
                raise ValueError(msg)
            return compared([self._found[name] for name in names])

    def report(self) -> AnalyzerReport:
        """What all results say."""
        with self._lock:
            return reported(list(self._found.values()))

    def real_time_metrics(self) -> LiveMetrics:
        """How the runs stand that it watches, and what the results come to by now."""
        with self._lock:
            active = [each for run in self._watched for each in run.cycles()]
            found = list(self._found.values())
            return LiveMetrics(
                len(self._watched),
                active,
                self._finished,
                self._iterations,
                sum(each.iterations_per_second or 0.0 for each in active),
                len(found),
                sum(each.converged for each in found),
                sum(each.reason == "error" for each in found),
            )

    def export(self, format: str, path: str | os.PathLike[str] | None = None) -> SettledText:
        """`report` as a text, written to a file if there is a *path*.

        Parameters:
            format: json; csv, with a row for each result; or html, a page of its own.
            path: of the file; its folder is there.

        Raises:
            ValueError: there is no such format.
            OSError: the file cannot be written.
        """
        with self._lock:
            found, series = reported(list(self._found.values())), dict(self._series)
        texts: Mapping[str, Callable[[], str]] = {
            "json": lambda: json_text(found),
            "csv": lambda: csv_text(ResultSummary._fields, found.results),
            "html": lambda: importlib.import_module("fast_dag.observe.analyzer_page").page(found, series),
        }
        return exported(texts, format, path)

    def watching(self, control: Control) -> Watcher:
        """Begin to watch a run; its results are added when it ends."""
        watched = _Watched(self, control)
        with self._lock:
            self._watched.append(watched)
        return watched

    def counted(self) -> None:
        """An iteration of a run that is watched is done."""
        with self._lock:
            self._iterations += 1

    def ended(self, watched: _Watched, results: Mapping[str, CycleResult]) -> None:
        """A run that is watched is over."""
        with self._lock:
            self._watched.remove(watched)
            self._finished += watched.has_begun
        for result in results.values():
            self.add(result)

    def _id_of(self, result: CycleResult) -> str | None:
        """The id of a result that was added."""
        key = result.run_id, result.cycle_id
        return next((id for id, each in self._found.items() if (each.run_id, each.cycle) == key), None)

    def _new_id(self, result: CycleResult) -> str:
        wanted = result.run_id or result.cycle_id
        if wanted in self._found:
            wanted = f"{wanted}/{result.cycle_id}"
        number, id = 1, wanted
        while id in self._found:
            number += 1
            id = f"{wanted}_{number}"
        return id

    def _check(self, label: Any, known: str | None) -> None:
        if not isinstance(label, str) or not label:
            msg = f"the label of a result must be a non-empty string, got {brief(label)}"
            raise ValidationError(msg)
        if label in self._found and label != known:
            msg = f"another result is called {label!r}: give another label"
            raise ValidationError(msg)

    def _known(self, wanted: str | CycleResult) -> str:
        id = self._id_of(wanted) if isinstance(wanted, CycleResult) else wanted
        if id not in self._found:
            shown = brief(wanted) if id is None else repr(id)
            msg = f"no result {shown} was added{suggestion(id, self._found)}"
            raise ValueError(msg)
        return str(id)


class _Watched:
    """A run that is under way."""

    def __init__(self, analyzer: CycleAnalyzer, control: Control) -> None:
        self._analyzer, self._run_id, self._workflow = analyzer, control.run_id, control.workflow
        self._cycles: dict[str, LiveCycle] = {}
        self._began: dict[str, float] = {}
        self.has_begun = False
        """Whether nothing has kept it from beginning."""

    def __call__(self, event: Event) -> None:
        """Keep where each cycle stands."""
        self.has_begun = True
        if isinstance(event, events.CycleStarted):
            self._began[event.cycle] = perf_counter()
            self._cycles[event.cycle] = LiveCycle(event.cycle, self._run_id, self._workflow)
        elif isinstance(event, events.IterationFinished):
            found = self._cycles[event.cycle]
            found.iterations += 1
            found.metrics = event.metrics
            self._analyzer.counted()
        elif isinstance(event, events.CycleFinished):
            self._cycles.pop(event.cycle, None)

    def cycles(self) -> list[LiveCycle]:
        """Where each cycle stands that is under way."""
        return [self._now(name, each) for name, each in list(self._cycles.items())]

    def close(self, results: Mapping[str, CycleResult]) -> None:
        """The run is over."""
        self._analyzer.ended(self, results)

    def _now(self, name: str, found: LiveCycle) -> LiveCycle:
        seconds = perf_counter() - self._began[name]
        rate = found.iterations / seconds if found.iterations and seconds > 0 else None
        return LiveCycle(
            found.cycle, found.run_id, found.workflow, found.iterations, seconds, rate, found.metrics
        )


def _several(ids: Any) -> list[Any]:
    if isinstance(ids, str | CycleResult) or not isinstance(ids, Iterable):
        msg = f"ids must be a list of ids or results, got {brief(ids)}"
        raise ValueError(msg)  # noqa: TRY004 - as for ids that there are not
    return list(ids)
