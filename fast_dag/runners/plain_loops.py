"""Which plain loop makes the beginning of a run, or goes round a cycle: bare, on a tape, or telling."""

from __future__ import annotations

import contextvars
import importlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from fast_dag.run.cyclic_run import CyclicRun
from fast_dag.run.lap import Lap
from fast_dag.run.machine_run import MachineRun
from fast_dag.run.requests import Outcome
from fast_dag.run.run import Run
from fast_dag.runners.machine_loop import machine_loop
from fast_dag.runners.row_loop import row_loop

if TYPE_CHECKING:
    from fast_dag.runners.observed_cycle import ObservedCycle
    from fast_dag.runners.tape import Tape


class Beginning(NamedTuple):
    """The plain loop for the beginning of a run, what stops it, and what tells of it, if somebody watches."""

    loop: Callable[[], Outcome | None]
    stop: Callable[[], None]
    observed: Any = None


def is_observed(run: Run) -> bool:
    """Whether somebody wants to be told of each node at once."""
    return run.notes is not None and run.ledger.is_observed


def beginning_of(run: Run, base: contextvars.Context) -> Beginning | None:
    """The plain loop for the beginning of *run*, None if there is none."""
    stamps = run.tally.stamps
    if isinstance(run, MachineRun):
        if is_observed(run):
            states = _loaded("observed_states").ObservedStates(run)
            loop, stop = machine_loop(run, stamps, base, states)
            return Beginning(states.around(loop), stop, states)
        # Without all its times a trace would not know what to tell.
        is_known = run.notes is None or run.track.limit is None
        return Beginning(*machine_loop(run, stamps, base)) if is_known else None
    if not run.plan.rows:
        return None
    store = run.values.append if run.showing.results is None else partial(_store_both, run)
    if is_observed(run):
        rows = _loaded("observed_rows").ObservedRows(run, store, base)
        return Beginning(rows, rows.stop, rows)
    return Beginning(*row_loop(run.plan.rows, run.values, store, stamps, base))


def keep_beginning(run: Run, *, is_stopped: bool) -> None:
    """Give the trace, if there is one, what a plain loop that tells nobody has left."""
    if run.notes is not None and not is_observed(run):
        _loaded("tape").keep_rows(run, is_stopped=is_stopped)


def tape_for(run: CyclicRun, lap: Lap) -> Tape | ObservedCycle | None:
    """What takes or tells what happens while a plain loop goes round, None if nobody watches."""
    if run.notes is None:
        return None
    told: ObservedCycle | Tape
    if is_observed(run):
        told = _loaded("observed_cycle").ObservedCycle(run, lap)
    else:
        told = _loaded("tape").Tape(run, lap)
    return told


def _store_both(run: Run, value: Any) -> None:
    """Append *value*, let nodes that see the context find it there, and free what nobody reads any more."""
    step = len(run.values) - run.plan.first
    run.values.append(value)
    run.showing.show(step, value)
    for slot in run.plan.readers.last.get(step, ()):
        run.showing.clear(slot)


def _loaded(module: str) -> Any:
    """What only runs need that somebody watches."""
    return importlib.import_module(f"fast_dag.runners.{module}")
