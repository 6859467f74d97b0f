"""Stamps what happened and hands it to the observers, in order, one call at a time."""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from fast_dag.run.events import EVENTS, Event, NodeEvent, Observer, made
from fast_dag.run.notes import Note
from fast_dag.run.results import CycleResult
from fast_dag.run.run import Run
from fast_dag.run.tools import Watcher
from fast_dag.run.wrapping import text_of

Tell = Callable[[type[Event], dict[str, Any]], None]

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
        self._wanting = {id(each) for each in observers if getattr(each, "wants_values", False)}
        """Those that are given values, told apart by identity."""
        self._strict = strict
        self.shown = [each for each in observers if getattr(each, "refresh_every", None)]
        """Those that want to be refreshed now and then."""
        self._lock = threading.Lock()
        self._leaving = threading.Lock()
        """Held where one of them is left out."""
        self._left: list[Observer] = []
        """Those that were."""
        self._is_over = False
        self._started = perf_counter()
        self._traced = traced = run.ledger.traced
        if traced is not None:
            traced.started = self._started
        self._common = {"run_id": str(run.context.metadata["run_id"]), "workflow": run.plan.name}
        self._threads: dict[int, threading.Thread] = {}
        """The threads that have done something, by number."""
        run.ledger.shows_values, run.ledger.in_rows = bool(self._wanting), self.in_rows

    def __call__(self, *, last: bool = False) -> None:
        """Deliver what has been noted; if somebody is at it already, they deliver it.

        The *last* time wait for them: when the run returns everything has been delivered.
        """
        notes = self._run.notes
        # Looked at again after each release: a note may have come while nobody else could deliver it.
        while notes and self._lock.acquire(blocking=last):
            try:
                self._deliver_all(notes)
            finally:
                self._lock.release()

    def close(self, watchers: Sequence[Watcher], results: Mapping[str, CycleResult]) -> None:
        """Tell tools that the run is over, and what its cycles came to; those too that raised before."""
        for watcher in watchers:
            try:
                watcher.close(results)
            except Exception as error:  # as of an event
                self._report(watcher, error)
        with self._leaving:
            self._is_over = True

    def refuse(self, observer: Observer, error: Exception) -> None:
        """Take the *error* of one that was refreshed, in whatever thread: as of an event.

        What it is told of comes with the end of the run, in the thread that waits for that.
        """
        with self._leaving:
            if not self._is_over and self._leave_out(observer, error):
                self._run.ledger.warnings.append(_text(observer, error))

    @contextmanager
    def in_rows(self) -> Iterator[tuple[Tell, dict[str, Any]]]:
        """For a plain loop in this thread: what hands over an event at once, and fields they all have.

        What has been noted comes before; nobody else delivers meanwhile.
        """
        worker = threading.current_thread().name
        common = {**self._common, "time": 0.0, "attempt": 1, "iteration": (), "worker": worker}
        notes: deque[Note] = self._run.notes  # type: ignore[assignment]
        traced = self._traced
        clock, origin, new, put = perf_counter, self._started, object.__new__, object.__setattr__

        def tell(kind: type[Event], fields: dict[str, Any]) -> None:
            if notes:
                self._deliver_all(notes)
            fields["time"] = clock() - origin
            event = new(kind)
            put(event, "__dict__", fields)
            if traced is not None:
                traced.add(kind, fields)
            for observer in self._observers:
                try:
                    observer(event)
                except Exception as error:  # as below
                    self._report(observer, error)

        with self._lock:
            yield tell, common

    def _deliver_all(self, notes: deque[Note]) -> None:
        while notes:
            self._deliver(notes.popleft())

    def _deliver(self, note: Note) -> None:
        event, fields = EVENTS[note.kind], note.fields
        # Some things are noted later than they happened.
        fields["time"] = fields.get("time", perf_counter()) - self._started
        fields.update(self._common)
        if issubclass(event, NodeEvent):
            self._complete(fields, note)
        if self._traced is not None:
            self._traced.add(event, fields)
        if not self._observers:
            return
        if not issubclass(event, NodeEvent):
            self._hand_over(made(event, fields), self._observers)
            return
        if self._wanting:
            lean = {name: value for name, value in fields.items() if name not in VALUES}
            self._hand_over_both(made(event, fields), made(event, lean))
            return
        for name in VALUES:
            fields.pop(name, None)
        self._hand_over(made(event, fields), self._observers)

    def _complete(self, fields: dict[str, Any], note: Note) -> None:
        """Add what all events about nodes have."""
        run = note.run or self._run
        fields["worker"] = self._thread_name(fields.get("worker", 0))
        fields["node"] = run.path_of(note.step)
        if "iteration" not in fields:
            fields["iteration"] = run.iteration_of(note.step)

    def _hand_over_both(self, event: Event, lean: Event) -> None:
        """Hand over an event with its values to those that want them, to the others without."""
        for observer in self._observers:
            self._hand_over(event if id(observer) in self._wanting else lean, [observer])

    def _hand_over(self, event: Event, observers: Sequence[Observer]) -> None:
        for observer in observers:
            try:
                observer(event)
            except Exception as error:  # whatever an observer raises must not harm the run
                self._report(observer, error)

    def _report(self, observer: Observer, error: Exception) -> None:
        with self._leaving:
            is_told = self._leave_out(observer, error)
        if is_told:
            try:
                warnings.warn(_text(observer, error), RuntimeWarning, stacklevel=2)
            except RuntimeWarning as raised:  # where warnings are errors this one is that of no node
                self._run.ledger.warnings.append(raised)

    def _leave_out(self, observer: Observer, error: Exception) -> bool:
        """Call an observer no more, and end the run if that is wanted; whether to warn of its *error*."""
        if any(each is observer for each in self._left):
            return False
        self._left.append(observer)
        self._observers = [each for each in self._observers if each is not observer]
        self.shown[:] = [each for each in self.shown if each is not observer]
        if self._strict:
            self._run.context.stop(error)
            # Nothing is left to be stopped where the last events are delivered.
            self._run.error = self._run.error or error
        return not self._strict

    def _thread_name(self, ident: int) -> str:
        """The name of a thread, of this one for 0; its number if it has ended unseen."""
        if not ident or ident == threading.get_ident():
            return threading.current_thread().name
        thread = self._threads.get(ident)
        if thread is None or not thread.is_alive():  # another one may have its number
            now = next((each for each in threading.enumerate() if each.ident == ident), thread)
            if now is None:
                return str(ident)
            thread = self._threads[ident] = now
        return thread.name


def _text(observer: Any, error: Exception) -> str:
    """What is said of an observer that raised."""
    name = getattr(observer, "__qualname__", type(observer).__qualname__)
    raised = f"{type(error).__name__}: {text_of(error)}"
    return f"observer {name} raised {raised}; it is not called again in this run"
