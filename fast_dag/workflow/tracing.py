"""The trace of a run: begun with it, and shown by its context and by the results of its cycles."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fast_dag.run.results import CycleResult

if TYPE_CHECKING:
    from fast_dag.run.run import Run


def begin_trace(run: Run, *, is_wanted: bool, is_observed: bool) -> None:
    """Have everything that happens in *run* kept, if that *is_wanted*, and its context show it.

    Parameters:
        run: the run, which has an id.
        is_wanted: whether there is to be a trace.
        is_observed: whether somebody else wants to be told at once.
    """
    context, ledger = run.context, run.ledger
    context.trace = None
    if is_wanted:
        traced = importlib.import_module("fast_dag.run.traced")
        kept = traced.Traced(run.plan.name, str(context.metadata["run_id"]))
        kept.shapes.add("", run.plan)
        ledger.traced, ledger.is_observed = kept, is_observed
        context.trace = importlib.import_module("fast_dag.observe.trace").Trace(kept)


def show_trace(run: Run, cycles: Mapping[str, CycleResult]) -> None:
    """Have the results of the *cycles* of *run* show what the trace says of them, if there is one."""
    if run.ledger.traced is None:
        return
    outermost: Any = run
    while outermost.outer is not None:
        outermost = outermost.outer
    told = getattr(run.error, "result", None)
    results = [*cycles.values(), *([told] if isinstance(told, CycleResult) else [])]
    for result in results:
        result.tracing = partial(outermost.context.trace.records, run.path + result.cycle_id)
