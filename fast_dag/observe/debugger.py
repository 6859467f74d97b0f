"""CycleDebugger: what every node of a run was given, gave and changed, iteration by iteration."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from fast_dag.graph import cycle_fields as check
from fast_dag.observe.awaitable import SettledText
from fast_dag.observe.debug_records import DebugAnalysis, DebugRecord, IterationDebug, NodeDebug
from fast_dag.observe.debug_watch import DebugWatcher
from fast_dag.observe.excusing import ExcusingWatcher
from fast_dag.observe.export import csv_text, exported, json_text
from fast_dag.observe.log import LoggingObserver
from fast_dag.observe.outputs import folder_at, folder_path, label_of, write
from fast_dag.observe.tool import RecordingTool

if TYPE_CHECKING:
    from fast_dag.run.results import CycleResult
    from fast_dag.run.tools import Control, Watcher

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
COLUMNS: Final = (
    *("cycle", "path", "iteration", "node_name", "attempt", "status", "duration_ms"),
    *("inputs", "outputs", "state_changes", "error"),
)
LEAST: Final = 16
"""Bytes that a capture may have at least."""


@dataclass(eq=False, repr=False)
class CycleDebugger(RecordingTool[DebugRecord]):
    """Records what happens in a run: give it to one as ``debugger=`` or among the ``observers=``.

    In a workflow with cycles it records their iterations; of a machine each visit of a state is one, and
    of any other run the whole of it.  Numbers, bools and None are kept as they are, of everything else a
    text of bounded size: no repr that the user wrote is called, and a `Private` stays hidden.
    The same debugger may watch several runs, also at once, and shows the latest that has ended.

    >>> from fast_dag import DAG, CycleConfig
    >>> dag = DAG("counting").add_node("count", lambda value=0: value + 1).feedback("count", "count")
    >>> debugger = CycleDebugger()
    >>> result = dag.execute_cycle_sync(CycleConfig(max_iterations=2), debugger=debugger)
    >>> [each.node_executions[0].inputs for each in debugger.analyze_execution().iteration_details]
    [{'value': 0}, {'value': 1}]

    Parameters:
        cycle_id: a label, for the names of files; default the name of the workflow.
        capture_node_parameters, capture_node_outputs: keep what nodes were given, and what they gave.
        capture_state_changes: keep what nodes changed of the state of a cycle.
        capture_convergence_data: keep what the conditions of cycles said.
        track_execution_time: keep durations.
        track_memory_usage: keep the most memory that the process had in each iteration.
        track_cpu_usage: keep the processor time that it took.
        capture_exceptions: keep what errors said; *capture_stack_traces*: and where they were raised.
        continue_on_errors: have an iteration whose node failed count, and the cycle go on with the outputs
            of the last good one.
        max_consecutive_failures: so many of those in a row end it as an error.
        debug_log_level: what is logged to ``fast_dag.debugger``: only what has this level or a higher one.
        save_debug_data: write ``<label>-debug.json`` when a run ends, or keep it as `data`.
        debug_output_path: the folder for that; it is made if there is none.
        max_capture_bytes: of the text of one value, or of one error.

    Raises:
        CycleConfigurationError: a setting is wrong.
        OSError: when a run begins, and the folder cannot be written.
    """

    cycle_id: str | None = None
    _: KW_ONLY
    capture_node_parameters: bool = True
    capture_node_outputs: bool = True
    capture_state_changes: bool = True
    capture_convergence_data: bool = True
    track_execution_time: bool = True
    track_memory_usage: bool = False
    track_cpu_usage: bool = False
    capture_exceptions: bool = True
    capture_stack_traces: bool = True
    continue_on_errors: bool = False
    max_consecutive_failures: int = 3
    debug_log_level: str = "INFO"
    save_debug_data: bool = False
    debug_output_path: str | os.PathLike[str] | None = None
    max_capture_bytes: int = 10_000

    CHECKS: ClassVar[Mapping[str, check.Check]] = {
        "cycle_id": check.optional(check.filled),
        **dict.fromkeys(
            (
                *("capture_node_parameters", "capture_node_outputs", "capture_state_changes"),
                *("capture_convergence_data", "track_execution_time", "track_memory_usage"),
                *("track_cpu_usage", "capture_exceptions", "capture_stack_traces"),
                *("continue_on_errors", "save_debug_data"),
            ),
            check.flag,
        ),
        "max_consecutive_failures": check.integer(1),
        "debug_log_level": check.one_of(*LEVELS),
        "debug_output_path": check.optional(folder_path),
        "max_capture_bytes": check.integer(LEAST),
    }

    data: str | None = field(default=None, init=False)
    """With *save_debug_data* and without a folder, what would have been written of the latest run."""

    def watching(self, control: Control) -> Watcher:
        """Begin to record a run."""
        folder = None
        if self.save_debug_data and self.debug_output_path is not None:
            folder = folder_at(self.debug_output_path, "debug_output_path")
        meter = self.make_meter() if self.track_memory_usage or self.track_cpu_usage else None

        def done(record: DebugRecord, results: Mapping[str, CycleResult]) -> None:
            self.keep(record)
            for name, result in results.items():
                if result.debug is None and self.only in (None, name):
                    result.debug = self
            if self.save_debug_data:
                self._save(record, folder)

        kind = ExcusingWatcher if self.continue_on_errors else DebugWatcher
        return kind(self, control, meter, _log(self.debug_log_level), done)

    def analyze_execution(self, cycle: str | None = None) -> DebugAnalysis:
        """What was seen of the latest run that has ended, of one *cycle* if it is named.

        Raises:
            ExecutionError: no run has ended.
            ValueError: it had no such cycle.
        """
        return self.latest.analysis(self.about(cycle, self.latest.known))

    def export(self, format: str, path: str | os.PathLike[str] | None = None) -> SettledText:
        """`analyze_execution` as a text, written to a file if there is a *path*.

        Parameters:
            format: json; csv, with a row for each attempt of a node; or html, a page of its own.
            path: of the file; its folder is there.

        Raises:
            ValueError: there is no such format.
            ExecutionError: no run has ended.
            OSError: the file cannot be written.
        """
        return exported(_texts(self.analyze_execution()), format, path)

    def _save(self, record: DebugRecord, folder: Path | None) -> None:
        text = json_text(record.analysis(self.only))
        if folder is None:
            self.data = text
        else:
            write(folder / f"{label_of(self.cycle_id or record.workflow)}-debug.json", text)


def _texts(found: DebugAnalysis) -> Mapping[str, Callable[[], str]]:
    """What makes the text of each format."""
    return {
        "json": lambda: json_text(found),
        "csv": lambda: csv_text(COLUMNS, (_row(*each) for each in found.executions())),
        "html": lambda: importlib.import_module("fast_dag.observe.debug_page").page(found),
    }


def _row(iteration: IterationDebug | None, node: NodeDebug) -> list[Any]:
    """A row of the table."""
    about = [iteration.cycle, iteration.path, iteration.iteration] if iteration else [None, None, None]
    return [*about, *(getattr(node, name) for name in COLUMNS[3:])]


class _Threshold:
    """A logger that takes nothing below a level; what it takes is up to the logger it stands for."""

    def __init__(self, logger: logging.Logger, level: int) -> None:
        self._logger, self._level = logger, level
        self.log = logger.log

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - as that of a logger
        """Whether something of a level is written."""
        return level >= self._level and self._logger.isEnabledFor(level)


def _log(level: str) -> LoggingObserver:
    logger = logging.getLogger("fast_dag.debugger")
    if not logger.handlers:
        # Where nobody has set up logging, nothing is to appear on standard error.
        logger.addHandler(logging.NullHandler())
    least = logging.getLevelNamesMapping()[level]
    return LoggingObserver(_Threshold(logger, least))  # type: ignore[arg-type]
