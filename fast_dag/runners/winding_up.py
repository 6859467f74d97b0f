"""What is still to be done when a run has ended: cleanup hooks, streams nobody finished, within a moment."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import perf_counter

from fast_dag.run.hooked import Silent, ends
from fast_dag.run.requests import Call, Outcome
from fast_dag.run.run import Run
from fast_dag.runners.calls import GRACE, call
from fast_dag.runners.daemons import Daemons

Perform = Callable[[Call], Outcome]


def has_loose_ends(run: Run) -> bool:
    """Whether anything is left to be done."""
    return bool(run.ledger.open or run.ledger.streams)


def seconds_left(since: float) -> float:
    """How long winding up may take, of a run that ended at *since*."""
    # What has been cancelled had its share of the time; a little is always left to clean up in.
    return max(since + GRACE - perf_counter(), GRACE / 2)


class Patience:
    """That of a thread for another one, which follows a run: when it is at an end, the run is let go."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_over = False

    def end(self) -> None:
        """Have the run not touched any more."""
        with self.lock:
            self.is_over = True


class WindingUp:
    """What a *run* leaves to be done; once it is called off nothing more is begun, and the run not touched.

    `ends` are things to be done, each of them one call after the other.
    """

    def __init__(self, run: Run, patience: Patience | None = None) -> None:
        self._run = run
        self._patience = patience or Patience()
        self._lock = self._patience.lock
        self._is_called_off = False
        self._in_threads: set[Call] = set()
        with self._lock:
            self.ends = [] if self._is_over else ends(run)

    @property
    def _is_over(self) -> bool:
        return self._is_called_off or self._patience.is_over

    def next(self, steps: Silent, outcome: Outcome | None = None) -> Call | None:
        """What is to be called next, None if that was all or the time is up."""
        with self._lock:
            if self._is_over:
                return None
            if outcome is not None and isinstance(outcome.error, KeyboardInterrupt | SystemExit):
                self._run.error = outcome.error
            try:
                return steps.send(outcome)  # type: ignore[arg-type, return-value]
            except StopIteration:
                return None

    def call(self, request: Call, context: contextvars.Context) -> Outcome:
        """Make a call in this thread."""
        self._in_threads.add(request)
        try:
            return call(request, context)
        finally:
            self._in_threads.discard(request)

    def has_begun(self, begin: Callable[[], object]) -> bool:
        """Begin something on a loop, unless the time is up and the loop about to be closed."""
        with self._lock:
            if not self._is_over:
                begin()
            return not self._is_over

    def call_off(self) -> int:
        """Begin nothing more; how many calls are left to their threads."""
        with self._lock:
            self._is_called_off = True
            return len(self._in_threads)


def follow(winding: WindingUp, steps: Silent, perform: Perform) -> None:
    """Do one thing after the other in this thread."""
    outcome: Outcome | None = None
    while (request := winding.next(steps, outcome)) is not None:
        outcome = perform(request)


def follow_in_threads(winding: WindingUp, perform: Perform, seconds: float) -> None:
    """Do all there is at once, on daemon threads, and wait for them no longer than *seconds*."""
    until = perf_counter() + seconds
    daemons = Daemons(len(winding.ends))
    ended: queue.SimpleQueue[None] = queue.SimpleQueue()
    try:
        for steps in winding.ends:
            daemons.submit(partial(_follow_and_tell, winding, steps, perform, ended))
        with suppress(queue.Empty):
            for _ in winding.ends:
                ended.get(timeout=max(until - perf_counter(), 0.0))
    finally:
        daemons.close()


def _follow_and_tell(
    winding: WindingUp, steps: Silent, perform: Perform, ended: queue.SimpleQueue[None]
) -> None:
    follow(winding, steps, perform)
    ended.put(None)
