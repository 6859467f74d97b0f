"""Trace: everything that happened in one run, to be looked at, kept and compared."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fast_dag.checks import suggestion
from fast_dag.observe.records import Record, records_of
from fast_dag.observe.stretches import events_of
from fast_dag.run.divergence import Divergence
from fast_dag.run.events import Event
from fast_dag.run.traced import Traced

if TYPE_CHECKING:
    from fast_dag.observe.timing import Timing

FORMATS = {".jsonl": "fast_dag.observe.event_lines", ".json": "fast_dag.observe.chrome"}


class Trace:
    """Everything that happened in one run and in those inside it, but no value of a node.

    >>> from fast_dag import DAG
    >>> dag = DAG("one").add_node("one", lambda: 1)
    >>> dag.run(trace=True)
    1
    >>> [event.kind for event in dag.context.trace.events]
    ['run_started', 'node_started', 'node_finished', 'run_finished']

    Parameters:
        traced: what the run has left.
    """

    def __init__(self, traced: Traced) -> None:
        self._traced = traced
        self._known = -1
        self._events: list[Event] = []
        self._timing: Timing | None = None

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._traced.run_id

    @property
    def workflow(self) -> str:
        """The name of its workflow."""
        return self._traced.workflow

    @property
    def events(self) -> list[Event]:
        """All events, in the order in which they happened; made when they are first asked for.

        Old and new values of state are None, as are inputs and results.
        """
        count = len(self._traced.entries)
        if self._known != count:
            self._events, self._known, self._timing = list(events_of(self._traced)), count, None
        return list(self._events)

    def __repr__(self) -> str:
        return f"<Trace of {self.workflow!r}, run {self.run_id}>"

    def records(self, cycle: str | None = None) -> list[Record]:
        """What ran, in the order in which it began: cycles, iterations and nodes.

        Parameters:
            cycle: only this cycle, and what ran in it; None for the whole run.
        """
        return records_of(self.events, self._traced.shapes.all(), cycle)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it into a file: ``.jsonl``, one event a line, or ``.json``, the trace format of Chrome.

        Raises:
            ValueError: another suffix.
            OSError: the file cannot be written.
        """
        text = importlib.import_module(_format_of(path)).text_of(self.events, self._traced.shapes.all())
        Path(path).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The trace that `save` wrote.

        Its errors are `LoadedError`, which has the name of the class and the text.

        Raises:
            ValueError: another suffix, or the file holds no trace.
            OSError: the file cannot be read.
        """
        module = importlib.import_module(_format_of(path))
        data = Path(path).read_bytes()
        reading = importlib.import_module("fast_dag.observe.event_data")
        return cls(reading.traced_from(module.lines_of, data, str(path)))

    def critical_path(self) -> list[str]:
        """The names of the nodes whose durations bound the run, in order; once for each time one ran."""
        return self._times().critical_path()

    def slack(self) -> dict[str, float]:
        """By how many seconds each node could have ended later without the run doing so.

        Of a node that ran several times, the least.
        """
        return self._times().slack()

    def parallelism(self) -> float:
        """How many nodes were at work at once on average: busy seconds by the seconds of the run."""
        return self._times().parallelism()

    def self_times(self) -> dict[str, float]:
        """The seconds each node was at work, all attempts together, without what ran inside it."""
        return self._times().self_times()

    def waiting_times(self) -> dict[str, float]:
        """The seconds between the moments each node could have started and did."""
        return self._times().waiting_times()

    def compare(self, other: Trace) -> Divergence | None:
        """The first difference in what happened, None if there is none; times and modes do not count.

        Nodes, branches, the order of steps that depend on each other, and outcomes do.

        Raises:
            TypeError: *other* is no trace.
        """
        if not isinstance(other, Trace):
            msg = f"a trace is compared with another one, got {type(other).__name__}"
            raise TypeError(msg)
        compared: Any = importlib.import_module("fast_dag.observe.comparing").compared
        found: Divergence | None = compared(
            self.events, other.events, self._traced.shapes.all(), other._traced.shapes.all()
        )
        return found

    def _times(self) -> Timing:
        events = self.events
        if self._timing is None:
            timing: Any = importlib.import_module("fast_dag.observe.timing")
            self._timing = timing.Timing(events, self._traced.shapes.all())
        return self._timing


def _format_of(path: str | os.PathLike[str]) -> str:
    """The module that knows the format of a file."""
    suffix = Path(path).suffix
    if suffix not in FORMATS:
        near = suggestion(suffix, FORMATS)
        msg = f"a trace is saved as {' or '.join(FORMATS)}, got {os.fspath(path)!r}{near}"
        raise ValueError(msg)
    return FORMATS[suffix]
