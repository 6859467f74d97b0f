"""A run over states and transitions: one step at a time, and what it gives decides the next one.

It answers the verbs of every run, so hooks, caches, retries and runners are those of a DAG.  As there,
nothing in here waits, reads a clock, or calls a function of the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fast_dag.errors import ExecutionError, MaxIterationsError, MissingInputError, MissingOutputError
from fast_dag.plan.machine import OVER, MachinePlan
from fast_dag.run.fsm_context import FSMContext
from fast_dag.run.moves import Move, StateHook
from fast_dag.run.notes import Note
from fast_dag.run.requests import NOTHING
from fast_dag.run.run import Run
from fast_dag.run.step import fetch
from fast_dag.run.track import Track
from fast_dag.values import NO_DATA


class MachineRun(Run):
    """One execution of a machine.

    Parameters:
        plan, values, context, options: as for `Run`.
        machine: what the state hooks are given as the machine.
        cap: how many states may be executed, None for any number.
        returns_at_cap: whether the last value is the result then; else the run fails.
        history_limit: how many executions the context remembers, None for all.
        state_hooks: asked at each move between two states.
    """

    plan: MachinePlan
    context: FSMContext

    def __init__(
        self,
        plan: MachinePlan,
        values: list[Any],
        context: FSMContext,
        *,
        machine: Any = None,
        cap: int | None = 1000,
        returns_at_cap: bool = False,
        history_limit: int | None = None,
        state_hooks: Sequence[StateHook] = (),
        **options: Any,
    ) -> None:
        super().__init__(plan, values, context, **options)
        self.machine = machine
        self.cap = cap
        self.returns_at_cap = returns_at_cap
        self.state_hooks = tuple(state_hooks)
        self.track = Track(plan.names, history_limit)
        self.track.at = plan.initial
        self.tally.track = self.track
        self.handed: Any = NO_DATA
        """What the state before hands to the one that is due."""
        self._before = 0
        """The attempts of the state that is due, in earlier visits."""
        values.extend([NO_DATA] * len(plan.names))
        context.follow(self.track)

    def ready(self) -> list[int]:
        """The initial state, or where a plain loop has come to."""
        return [] if self.finished else self._enter(self.track.at, self.handed)

    def done(self, step: int, move: Move) -> list[int]:
        """Take the result of a state, and go where it leads."""
        self.keep_value(step, move.value)
        if move.error is not None:
            return self.failed(step, move.error)
        return self.go(move.target, move.handed)

    def keep_value(self, step: int, value: Any) -> None:
        """Note what a state gave."""
        self.track.add(step, None if value is NO_DATA else value)
        if value is not NO_DATA:
            self.values[self.plan.first + step] = value
            self.showing.show(step, value)

    def go(self, target: int, handed: Any) -> list[int]:
        """Leave a state for *target*, which is *handed* something; the step to make, if there is one."""
        if target == OVER:
            self.track.is_terminated = self.finished = True
            return []
        if self.cap is not None and self.track.count >= self.cap:
            self._reach_cap(target)
            return []
        if self.notes is not None:
            names = self.path_of(self.track.at), self.path_of(target)
            self.notes.append(
                Note("transition", -1, dict(zip(("source", "target"), names, strict=True)), self)
            )
        return self._enter(target, handed)

    def failed(
        self,
        step: int,
        error: Exception,
        strategy: str | None = None,
        notes: Sequence[str] = (),
        marks: Mapping[str, Any] = NOTHING,
    ) -> list[int]:
        """Take the failure of a state, which ends the run."""
        tally = self.tally
        tally.failed[step] = tally.failed.get(step, 0) + 1
        tally.errors[step] = error
        raised: Exception
        if strategy == "continue":
            raised = _nothing_to_continue(self.path_of(step))
            raised.__cause__ = error
        else:
            raised = self.blamed(step, error)
            vars(raised).update(marks)
        for note in notes:
            raised.add_note(note)
        self.stop(raised)
        return []

    def attempts_of(self, step: int) -> int:
        """How many attempts this execution of the state has made."""
        return self.tally.attempts[step] - self._before

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be done."""
        return self.finished

    @property
    def count(self) -> int:
        """How many executions have come to their end."""
        return self.track.count

    @property
    def last_step(self) -> int:
        """The state that was the last to end."""
        return self.plan.units[self.track.history[-1]]

    def value(self, name: str | None = None) -> Any:
        """The latest result of state *name*, else of the state that was the last one."""
        if name is None:
            return self.track.series[self.last_step][-1] if self.track.count else None
        series = self.track.series[self.plan.units[name]]
        return series[-1] if series else None

    def share_streams(self, path: str) -> None:
        """Nothing: a state that is handed a stream is its one reader."""

    def late_results(self) -> Callable[[], dict[str, Any]]:
        """What gives the results when somebody looks, without this run."""
        results = dict(self.showing.results or {})
        return lambda: results

    def iteration(self, step: int) -> tuple[int, ...]:
        """How often the state has been executed before."""
        return (self.track.visits(step),)

    def _enter(self, step: int, handed: Any) -> list[int]:
        """Fill the parameters of the state that is due."""
        self.track.at, self.handed = step, handed
        self._before = self.tally.attempts[step]
        try:
            missing = self.fill(step, handed)
        except MissingOutputError as error:
            return self.failed(step, error)
        if missing:
            name = self.path_of(step)
            msg = (
                f"nobody gives {missing!r} to state {name!r}: hand it on from the state before, pass it to "
                "run, connect it, or give it a default"
            )
            return self.failed(step, MissingInputError(msg, name))
        return [step]

    def fill(self, step: int, handed: Any) -> str:
        """Put the arguments of a state where its layout looks for them; the name of one without a value.

        Raises:
            MissingOutputError: an edge asks for a part that the value does not have.
        """
        values, layout = self.values, self.plan.layouts[step]
        for entry in self.plan.entries[step]:
            value = NO_DATA if entry.edge is None else fetch(entry.edge, layout, values)
            if value is NO_DATA:
                value, handed = (values[entry.given], handed) if handed is NO_DATA else (handed, NO_DATA)
            if value is NO_DATA and entry.is_needed:
                return next(each.name for each in layout.arguments if each.slot == entry.slot)
            values[entry.slot] = value
        return ""

    def _reach_cap(self, target: int) -> None:
        """End at the cap, before the state that would be next."""
        self.track.at = self.plan.units[self.track.history[-1]]
        if self.returns_at_cap:
            self.context.metadata["max_cycles_reached"] = True
            self.finished = True
            return
        name, visits = self.plan.names[target], self.track.visited()
        counts = ", ".join(f"{state}={count}" for state, count in visits.items())
        msg = f"Maximum cycles ({self.cap}) exceeded at {name!r} (visits: {counts})"
        error = MaxIterationsError(msg, self.cap or 0, name, visits, self.value())
        error.node_name = self.path_of(target)
        error.context = self.context
        self.stop(error)


def _nothing_to_continue(name: str) -> Exception:
    msg = (
        f"a state machine has nothing to continue with after {name!r} has failed: answer stop, retry or None"
    )
    return ExecutionError(msg, name)
