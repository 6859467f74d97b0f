"""The progress of a run on a text stream: a live display on a terminal, else a line for each node."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from time import perf_counter
from typing import Any, Protocol, TextIO

from fast_dag.checks import missing_extra
from fast_dag.graph.keywords import known_keywords
from fast_dag.observe.lines import Lines
from fast_dag.observe.progress import Standing
from fast_dag.run.brief import brief
from fast_dag.run.events import Event, NodeEvent, RunFinished
from fast_dag.run.results import CycleResult
from fast_dag.run.tools import Control


class Display(Protocol):
    """What shows a run; *time* is in seconds since it started."""

    def show(self, event: NodeEvent, standing: Standing) -> None:
        """Note that *event* has led to *standing*."""

    def draw(self, standing: Standing, time: float) -> None:
        """Bring what is seen up to date; called a few times a second at most."""

    def finish(self, event: RunFinished, standing: Standing) -> None:
        """Show how the run ended, and leave the stream as it was found."""

    def close(self) -> None:
        """Leave the stream as it was found; it may be broken."""


class ProgressBar:
    """An observer that shows how far a run is.

    Parameters:
        total: how many nodes are planned, None if nobody can know.
        stream: where to, standard error by default; a terminal is written to in place.
        workflow: the name that is shown.

    Raises:
        MissingExtraError: the package rich is not installed; it is asked for on any stream, so
            that a run does not depend on where it is looked at.
    """

    refresh_every = 0.5
    """Seconds; the time that has passed is to be seen growing while one node takes long."""

    def __init__(self, total: int | None, stream: TextIO | None = None, workflow: str = "workflow") -> None:
        live = _live_module()
        out = sys.stderr if stream is None else stream
        self._standing = Standing(total)
        self._display: Display = (live.LiveDisplay if _is_movable(out) else Lines)(out, workflow)
        self._pace = Pace()
        self._lock = threading.Lock()
        """Over all of it: `refresh` comes from other threads than events do."""
        self._zero: float | None = None
        """When the run started, on this module's clock; None before and after the run."""

    def __call__(self, event: Event) -> None:
        """Show what *event* has changed."""
        with self._lock:
            try:
                self._take(event)
            except Exception:
                self._zero = None
                self._display.close()  # nobody will tell of the end of the run: who raises is left out
                raise

    def refresh(self) -> None:
        """Show the time that has passed, while the run goes on; from any thread."""
        # A stream that broke is told of by the next event.
        with self._lock, suppress(OSError, ValueError):
            if self._zero is not None:
                self._display.draw(self._standing, perf_counter() - self._zero)

    def close(self, results: Mapping[str, CycleResult]) -> None:  # noqa: ARG002 - what any tool is told
        """Leave the stream as it was found, where the end of the run could not be told."""
        with self._lock, suppress(OSError, ValueError):
            if self._zero is not None:
                self._zero = None
                self._display.close()

    def _take(self, event: Event) -> None:
        if isinstance(event, RunFinished):
            self._zero = None
            self._display.finish(event, self._standing)
            return
        if self._zero is None:
            self._zero = perf_counter() - event.time
        if isinstance(event, NodeEvent):
            self._standing.take(event)
            self._display.show(event, self._standing)
        if self._pace.allows(event.time):
            self._display.draw(self._standing, event.time)


class ProgressObserver:
    """Shows on a text stream how far a run is, for each run it watches; what `run(progress=True)` adds.

    Parameters:
        stream: where to, standard error by default; a terminal is written to in place.

    Raises:
        MissingExtraError: the package rich is not installed.
        ValueError: nothing can be written to *stream*.
    """

    @known_keywords
    def __init__(self, stream: TextIO | None = None) -> None:
        _live_module()
        if stream is not None and not callable(getattr(stream, "write", None)):
            msg = f"stream must be a text stream, or None for standard error, got {brief(stream)}"
            raise ValueError(msg)
        self._stream = stream

    def watching(self, control: Control) -> ProgressBar:
        """Begin to show a run; the engine calls it."""
        # How many states are to come nobody can know.
        total = None if control.is_machine else control.node_count
        return ProgressBar(total, self._stream, control.workflow)


class Pace:
    """Allows *burst* times at once, and *rate* times a second in the long run.

    A slow run is shown event by event; without the burst, what follows closely on something
    else would be shown only with the next event, perhaps minutes later.

    >>> pace = Pace(rate=10, burst=2)
    >>> [pace.allows(time) for time in (0.0, 0.01, 0.02, 0.03, 0.13, 0.14)]
    [True, True, False, False, True, False]
    """

    def __init__(self, rate: float = 10.0, burst: float = 10.0) -> None:
        self._rate = rate
        self._burst = burst
        self._saved = burst
        self._time = 0.0

    def allows(self, time: float) -> bool:
        """Whether it may be done at *time*, in seconds; then it counts as done."""
        self._saved = min(self._burst, self._saved + (time - self._time) * self._rate)
        self._time = time
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


def _live_module() -> Any:
    try:
        return importlib.import_module("fast_dag.observe.live")
    except ImportError as error:
        what = "run(progress=True)"
        raise missing_extra(what, "rich", "progress") from error


def _is_movable(stream: TextIO) -> bool:
    """Whether *stream* is a terminal whose cursor can go back; a file-like object need not know."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and os.environ.get("TERM") not in {"dumb", "unknown"}
