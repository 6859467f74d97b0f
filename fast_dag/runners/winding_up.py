"""What is still to be done when a run has ended: cleanup hooks, streams nobody finished, within a moment."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from time import perf_counter

from fast_dag.run.graph_run import GraphRun
from fast_dag.run.hooked import Silent, end
from fast_dag.run.requests import Call, Outcome
from fast_dag.runners.calls import GRACE


def has_loose_ends(run: GraphRun) -> bool:
    """Whether anything is left to be done."""
    return bool(run.ledger.open or run.ledger.streams)


def wind_up(run: GraphRun, perform: Callable[[Call], Outcome]) -> None:
    """Have everything that is left done, one thing after the other."""
    steps: Silent = end(run)
    outcome: Outcome | None = None
    while True:
        try:
            request = steps.send(outcome)  # type: ignore[arg-type]
        except StopIteration:
            return
        outcome = perform(request)  # type: ignore[arg-type]


def wind_up_in_thread(run: GraphRun, perform: Callable[[Call], Outcome], since: float) -> bool:
    """The same on a daemon thread, which is abandoned `GRACE` seconds after *since*; false if it was."""
    seen = contextvars.copy_context()
    thread = threading.Thread(
        target=seen.run, args=(wind_up, run, perform), name="fast_dag cleanup", daemon=True
    )
    thread.start()
    # What has been cancelled had its share of the time; a little is always left to clean up in.
    thread.join(max(since + GRACE - perf_counter(), GRACE / 2))
    return not thread.is_alive()
