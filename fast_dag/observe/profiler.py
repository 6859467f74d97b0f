"""CycleProfiler: where the time of a run goes, what it uses, and how that changes by the iteration."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from fast_dag.errors import CycleConfigurationError
from fast_dag.graph import cycle_fields as check
from fast_dag.observe.analysis import Hotspot
from fast_dag.observe.awaitable import SettledText
from fast_dag.observe.export import FORMATS, csv_text, exported, json_text
from fast_dag.observe.outputs import folder_at, folder_path, label_of, write
from fast_dag.observe.performance import PerformanceAnalysis, ProfileRecord
from fast_dag.observe.profile_watch import ProfileWatcher
from fast_dag.observe.tool import RecordingTool

if TYPE_CHECKING:
    from fast_dag.observe.meter import Meter
    from fast_dag.run.results import CycleResult
    from fast_dag.run.tools import Control, Watcher


def _formats(name: str, value: Any) -> Any:
    found = tuple(dict.fromkeys(check.texts(name, value)))
    if not found:
        msg = f"{name} is empty: name one of {', '.join(FORMATS)}"
        raise ValueError(msg)
    for each in found:
        check.one_of(*FORMATS)(name, each)
    return found


@dataclass(eq=False, repr=False)
class CycleProfiler(RecordingTool[ProfileRecord]):
    """Measures a run: give it to one as ``profiler=`` or among the ``observers=``.

    Of a workflow with cycles it measures each iteration, of a machine each visit of a state, and of any
    other run the whole.  The same profiler may watch several runs, also at once, and shows the latest that
    has ended.

    >>> from fast_dag import DAG, CycleConfig
    >>> dag = DAG("counting").add_node("count", lambda value=0: value + 1).feedback("count", "count")
    >>> profiler = CycleProfiler()
    >>> result = dag.execute_cycle_sync(CycleConfig(max_iterations=5), profiler=profiler)
    >>> [(each.node, each.calls) for each in profiler.generate_analysis().hotspots]
    [('count', 5)]

    Parameters:
        cycle_id: a label, for the names of files; default the name of the workflow.
        profile_cpu: measure the processor time of the process.
        profile_memory: measure its memory at the end of each iteration; *memory_sampling_enabled*: and
            every *sampling_interval_ms* milliseconds in between.
        profile_io: measure what it reads and writes.
        profile_network: no system tells that of one process, so it is only listed as unavailable.
        generate_hotspots, identify_bottlenecks, track_resource_trends: find these.
        generate_reports: write ``<label>-profile.<format>`` when a run ends, or keep it in `reports`.
        report_formats: json, csv and html, one or several.
        profile_output_path: the folder for that; it is made if there is none.

    Raises:
        CycleConfigurationError: a setting is wrong.
        OSError: when a run begins, and the folder cannot be written.
    """

    cycle_id: str | None = None
    _: KW_ONLY
    profile_cpu: bool = True
    profile_memory: bool = True
    profile_io: bool = True
    profile_network: bool = False
    sampling_interval_ms: float = 100
    memory_sampling_enabled: bool = True
    generate_hotspots: bool = True
    identify_bottlenecks: bool = True
    track_resource_trends: bool = True
    generate_reports: bool = False
    report_formats: Sequence[str] = ("json",)
    profile_output_path: str | os.PathLike[str] | None = None
    reports: dict[str, str] = field(default_factory=dict, init=False)
    """With *generate_reports* and without a folder: of the latest run, by format."""

    CHECKS: ClassVar[Mapping[str, check.Check]] = {
        "cycle_id": check.optional(check.filled),
        **dict.fromkeys(
            (
                *("profile_cpu", "profile_memory", "profile_io", "profile_network"),
                *("memory_sampling_enabled", "generate_hotspots", "identify_bottlenecks"),
                *("track_resource_trends", "generate_reports"),
            ),
            check.flag,
        ),
        "sampling_interval_ms": check.amount,
        "report_formats": _formats,
        "profile_output_path": check.optional(folder_path),
    }

    def watching(self, control: Control) -> Watcher:
        """Begin to measure a run."""
        folder = None
        if self.generate_reports and self.profile_output_path is not None:
            folder = folder_at(self.profile_output_path, "profile_output_path")

        def done(record: ProfileRecord, results: Mapping[str, CycleResult]) -> None:
            self.keep(record)
            for name, result in results.items():
                if result.profile is None and self.only in (None, name):
                    result.profile = self
            if self.generate_reports:
                self._report(self._analysis(record), folder)

        return ProfileWatcher(self, control, self._meter(), done)

    def generate_analysis(self, cycle: str | None = None) -> PerformanceAnalysis:
        """What was found out about the latest run that has ended.

        Parameters:
            cycle: that the figures of iterations are about; default the outermost one with most iterations.

        Raises:
            ExecutionError: no run has ended.
            ValueError: it had no such cycle.
        """
        return self._analysis(self.latest, self.about(cycle, self.latest.known))

    def export(self, format: str, path: str | os.PathLike[str] | None = None) -> SettledText:
        """`generate_analysis` as a text, written to a file if there is a *path*.

        Parameters:
            format: json; csv, with a row for each hotspot; or html, a page of its own.
            path: of the file; its folder is there.

        Raises:
            ValueError: there is no such format.
            ExecutionError: no run has ended.
            OSError: the file cannot be written.
        """
        return exported(_texts(self.generate_analysis()), format, path)

    def _analysis(self, record: ProfileRecord, cycle: str | None = None) -> PerformanceAnalysis:
        return record.analysis(
            self.only if cycle is None else cycle,
            has_hotspots=self.generate_hotspots,
            has_bottlenecks=self.identify_bottlenecks,
            has_trends=self.track_resource_trends,
            asks_network=self.profile_network,
        )

    def _meter(self) -> Meter | None:
        """What measures memory and processor time; None where nothing here tells them."""
        if not (self.profile_cpu or self.profile_memory):
            return None
        try:
            return self.make_meter()
        except CycleConfigurationError:
            return None

    def _report(self, found: PerformanceAnalysis, folder: Path | None) -> None:
        made = {format: _texts(found)[format]() for format in self.report_formats}
        if folder is None:
            self.reports = made
        else:
            label = label_of(self.cycle_id or found.workflow)
            for format, text in made.items():
                write(folder / f"{label}-profile.{format}", text)


def _texts(found: PerformanceAnalysis) -> Mapping[str, Callable[[], str]]:
    """What makes the text of each format."""
    return {
        "json": lambda: json_text(found),
        "csv": lambda: csv_text(Hotspot._fields, found.hotspots),
        "html": lambda: importlib.import_module("fast_dag.observe.profile_page").page(found),
    }
