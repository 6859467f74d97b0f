"""What the cycles of a run that is over came to: for its context, and for the error that ended it."""

from __future__ import annotations

from collections.abc import Mapping

from fast_dag.run.results import CycleResult
from fast_dag.run.run import Run
from fast_dag.workflow.tracing import show_trace


def completed_cycles(run: Run) -> dict[str, CycleResult]:
    """The result of each cycle that was reached, by name, which the metadata of *run* tell as well."""
    cycles, metadata = run.cycle_results(), run.context.metadata
    if not cycles:
        return cycles
    run.tell_error()
    metadata["cycles"] = cycles
    results, told = list(cycles.values()), _told(run.error)
    if told is not None and not told.node_outputs:  # one of a run inside a node has those of its own run
        results.append(told)
    value = run.value() if run.error is None else None
    for result in results:
        result.complete(value, node_outputs=run.late_results()(), skipped=metadata["skipped"])
    show_trace(run, cycles)
    return cycles


def show_tools(error: BaseException | None, cycles: Mapping[str, CycleResult]) -> None:
    """Have the result that *error* tells show the tools that watched: they were not done with it."""
    told = _told(error)
    found = None if told is None else cycles.get(told.cycle_id)
    if told is not None and found is not None:
        told.debug, told.profile = told.debug or found.debug, told.profile or found.profile


def _told(error: BaseException | None) -> CycleResult | None:
    """What *error* tells of the cycle it came from."""
    told = getattr(error, "result", None)
    return told if isinstance(told, CycleResult) else None
