"""Stamps what happened and hands it to the observers, in order, one call at a time."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

from fast_dag.run.events import EVENTS, Event, NodeEvent, Observer, made
from fast_dag.run.notes import Note
from fast_dag.run.results import CycleResult
from fast_dag.run.run import Run
from fast_dag.run.tools import Watcher

VALUES = ("inputs", "result")
"""Fields that only observers with `wants_values` are given."""


class Delivery:
    """The way from the notes of a run to its observers.

    Parameters:
        run: the run; it keeps notes.
        observers: called with each event.
        strict: whether an observer that raises ends the run, rather than being left out with a warning.
    """

    def __init__(self, run: Run, observers: Sequence[Observer], *, strict: bool) -> None:
        self._run = run
        self._observers = list(observers)
        self._strict = strict
        self._lock = threading.Lock()
        self._started = perf_counter()
        self._run_id = str(run.context.metadata["run_id"])

    def __call__(self, *, last: bool = False) -> None:
        """Deliver what has been noted; if somebody is at it already, they deliver it.

        The *last* time wait for them: when the run returns everything has been delivered.
        """
        notes = self._run.notes
        # Looked at again after each release: a note may have come while nobody else could deliver it.
        while notes and self._lock.acquire(blocking=last):
            try:
                while notes:
                    self._deliver(notes.popleft())
            finally:
                self._lock.release()

    def close(self, watchers: Sequence[Watcher], results: Mapping[str, CycleResult]) -> None:
        """Tell tools that the run is over, and what its cycles came to; those too that raised before."""
        for watcher in watchers:
            try:
                watcher.close(results)
            except Exception as error:  # as of an event
                self._report(watcher, error)

    def _deliver(self, note: Note) -> None:
        time = perf_counter() - self._started
        for observer in list(self._observers):
            event = self._event(note, time, with_values=bool(getattr(observer, "wants_values", False)))
            try:
                observer(event)
            except Exception as error:  # whatever an observer raises must not harm the run
                self._report(observer, error)

    def _event(self, note: Note, time: float, *, with_values: bool) -> Event:
        run, fields = note.run or self._run, dict(note.fields)
        event = EVENTS[note.kind]
        if issubclass(event, NodeEvent):
            if not with_values:
                for name in VALUES:
                    fields.pop(name, None)
            fields["worker"] = _thread_name(fields.get("worker", 0))
            fields["node"] = run.path_of(note.step)
            fields.setdefault("iteration", run.iteration(note.step))
        fields.update(run_id=self._run_id, time=time, workflow=self._run.plan.name)
        return made(event, fields)

    def _report(self, observer: Observer, error: Exception) -> None:
        self._observers = [each for each in self._observers if each is not observer]
        if self._strict:
            self._run.context.stop(error)
            # Nothing is left to be stopped where the last events are delivered.
            self._run.error = self._run.error or error
            return
        name = _name(observer)
        text = f"observer {name} raised {type(error).__name__}: {error}; it is not called again in this run"
        warnings.warn(text, RuntimeWarning, stacklevel=2)


def _name(observer: Any) -> str:
    return str(getattr(observer, "__qualname__", type(observer).__qualname__))


def _thread_name(ident: int) -> str:
    """The name of a thread, of this one for 0; its number if it has ended since."""
    if not ident:
        return threading.current_thread().name
    return next((thread.name for thread in threading.enumerate() if thread.ident == ident), str(ident))
