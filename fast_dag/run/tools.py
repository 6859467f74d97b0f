"""Tools: observers that begin and end with each run they watch, and may end it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from fast_dag.errors import CycleSafetyError
from fast_dag.run.around import Around
from fast_dag.run.notes import Note
from fast_dag.run.violation import Violation, tell

if TYPE_CHECKING:
    from fast_dag.graph.cycle_config import CycleConfig
    from fast_dag.run.events import Event
    from fast_dag.run.results import CycleResult
    from fast_dag.run.run import Run


class Order:
    """That a cycle is to end with reason violation; without *cycle* the outermost ones under way.

    Parameters:
        violation: why.
        cycle: its name, behind those of the nodes around its workflow.
        patience: seconds that calls of sync functions get to come back before they are left.
    """

    __slots__ = ("cycle", "patience", "violation")

    def __init__(self, violation: Violation, cycle: str | None, patience: float) -> None:
        self.violation, self.cycle, self.patience = violation, cycle, patience


class Control:
    """What a tool may know of the run it watches, and do with it, from any thread.

    What the core asks of a watcher is answered, and ends nothing itself: there `end` must not be called.

    Parameters:
        run: the run.
        mode: the name of its mode.
        workers: how many calls may be under way at once, None for any number.
        timeout: seconds after which it ends, None if it does not.
    """

    def __init__(self, run: Run, mode: str, workers: int | None, timeout: float | None) -> None:
        self._run = run
        self.mode, self.workers, self.timeout = mode, workers, timeout
        self._around = Around(run.plan, run.ledger.plans)

    @property
    def run_id(self) -> str:
        """Its id."""
        return str(self._run.context.metadata["run_id"])

    @property
    def workflow(self) -> str:
        """The name of the workflow."""
        return self._run.plan.name

    @property
    def cycles(self) -> Mapping[str, CycleConfig]:
        """The settings of each cycle of the workflow in this run, by name; none of those inside nodes."""
        return {cycle.name: cycle.config for cycle in self._run.plan.cycles}

    @property
    def aims(self) -> Mapping[str, tuple[str | None, str]]:
        """The objective of each of these cycles, None without one, and its direction."""
        return {cycle.name: cycle.aim for cycle in self._run.plan.cycles}

    @property
    def bodies(self) -> Mapping[str, frozenset[str]]:
        """The nodes in each of these cycles, those of cycles inside included; their names."""
        plan = self._run.plan
        marks = {unit for cycle in plan.cycles for unit in (cycle.enter, cycle.leave)}
        return {
            cycle.name: frozenset(
                plan.names[unit] for unit in range(cycle.enter, cycle.leave) if unit not in marks
            )
            for cycle in plan.cycles
        }

    def trend(self, values: Sequence[float], window: int, direction: str | None) -> Any:
        """How a series of numbers moves, as a `Trend`; None in a run that has nothing to tell it with."""
        trend = self._run.ledger.trend
        return None if trend is None else trend(values, window, 0.01, "range", direction)

    def warn(self, code: str, message: str) -> None:
        """Have observers know of something that harms no result."""
        notes = self._run.ledger.notes
        if notes is not None:
            notes.append(Note("warning", -1, {"code": code, "message": message}))

    @property
    def is_machine(self) -> bool:
        """Whether the workflow is a machine, whose states are visited one after the other."""
        # Looked at so, not by its class: that is only loaded where there are machines.
        return hasattr(self._run.plan, "initial")

    def cycle_of(self, node: str) -> str | None:
        """The innermost cycle around a node, as events name both; None outside of cycles."""
        return self._around(node)

    def is_map(self, node: str) -> bool:
        """Whether a node is called for each element of an input; its path as in events."""
        return self._around.is_map(node)

    @property
    def node_count(self) -> int:
        """How many nodes the workflow has in this run, those inside them not counted."""
        return self._run.plan.node_count

    def tell(self, violation: Violation, cycle: str | None = None) -> None:
        """Have observers and results know of a violation, which changes nothing by itself."""
        tell(self._run.ledger, violation, cycle)

    def end(self, violation: Violation, cycle: str | None = None, *, patience: float = 0.0) -> None:
        """Do what the action of a violation says: terminate, raise, or only tell of it.

        Parameters:
            violation: what was broken.
            cycle: what it is about; None for the outermost cycles under way, where none is for the run,
                which ends with a CycleSafetyError.
            patience: seconds that calls of sync functions get to come back before they are left.
        """
        self.tell(violation, cycle)
        if violation.action == "raise":
            self._run.context.stop(CycleSafetyError(violation.message, violation))
        elif violation.action == "terminate":
            ledger = self._run.ledger
            ledger.orders.append(Order(violation, cycle, patience))
            # The desk looks nowhere else each time: that would cost every run.
            ledger.watches.append((self._run, None))
            ledger.wake()


class Watcher(Protocol):
    """A tool at one run: an observer, which may have any of these attributes besides.

    `wants_values` (bool): events are to carry inputs and results.
    `refresh_every` (seconds) and `refresh()`: called that often while the run goes on, in another thread.
    `may_end` (bool): it may call `Control.end`, so that calls must be made where they can be left.
    `after_iteration(cycle, index, seconds)`: asked by the core when an iteration has come to its end; a
    `Violation` with action terminate or raise, which the core tells of, ends the cycle before another node.
    `admit(cycle, entry)`: asked before a cycle is entered that lies in no other; None admits it, else it
    waits until the given `Landing` has landed and is asked again.  What it raises ends the run.
    `left(entry)`: told when that has ended, or waits no longer; nobody may be called from there who waits.
    `excuses(cycle, error)`: whether an iteration whose node raised *error* counts, and the cycle goes on.
    """

    def __call__(self, event: Event) -> Any:
        """Take an event."""

    def close(self, results: Mapping[str, CycleResult]) -> Any:
        """The run is over; *results* has what each of its cycles came to, to be added to."""


class Tool(Protocol):
    """What can watch runs: a monitor, a debugger, a profiler; stands among the observers of a run."""

    def watching(self, control: Control) -> Watcher:
        """Begin to watch a run, before anything of it has happened; an error keeps the run from beginning."""
