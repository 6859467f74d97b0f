"""The cycles of a run: what one iteration hands to the next, and when it is the last one.

The order in which the ways to end are looked at is fixed: a failure, what the body said, nothing to go
round with, conditions, limits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from fast_dag.errors import (
    CycleExecutionError,
    CycleLimitWarning,
    ExecutionError,
    MaxIterationsError,
    RunCancelledError,
    TimeoutError,
)
from fast_dag.plan.plan import Cycle, Feedback
from fast_dag.run.lap import Ending, Lap, Policy
from fast_dag.run.requests import Ask, Failure, Loop, Outcome, Request, Success
from fast_dag.run.results import CycleResult
from fast_dag.run.step import fetch
from fast_dag.run.streams import shown
from fast_dag.run.wrapping import text_of, wrap
from fast_dag.values import NO_DATA, Converged

if TYPE_CHECKING:
    from fast_dag.run.graph_run import GraphRun

LIMITS: Final = ("max_iterations", "timeout")
WITHOUT_OUTPUTS: Final = ("error", "violation", "not_entered")
"""Reasons after which nothing is handed on."""


class Rounds:
    """The cycles of one run.

    Parameters:
        run: the run.
        policies: for each cycle with conditions what makes them.
    """

    def __init__(self, run: GraphRun, policies: Mapping[str, Callable[[], Policy]]) -> None:
        self._run = run
        self.are_looped = False
        """Whether cycles of plain calls are gone round as plain loops; the runner says so."""
        self._given_up: set[str] = set()
        """Those of them that a loop could not go round any further."""
        self.laps = [Lap(cycle, _slots_of(run, cycle), policies.get(cycle.name)) for cycle in run.plan.cycles]
        self._inner_names = {run.plan.names[unit] for cycle in run.plan.cycles for unit in cycle[1:3]}
        self._by_unit = {unit: lap for lap in self.laps for unit in (lap.cycle.enter, lap.cycle.leave)}

    def through(self, freed: Iterable[int]) -> list[int]:
        """Pass through enter and leave units among the *freed*; the steps set free behind them."""
        steps: list[int] = []
        queue = deque(freed)
        while queue and not self._run.finished:
            unit = queue.popleft()
            lap = self._by_unit.get(unit)
            if lap is None:
                steps.append(unit)
            elif unit == lap.cycle.enter:
                if not lap.is_running:
                    self._begin(lap)
                self._fill_ports(lap)
                if lap.asks_before or self._is_plain(lap):
                    steps.append(unit)
                else:
                    queue.extend(self._enter(lap))
            else:
                self._complete(lap)
                ending = self._settled(lap, self._obvious)
                if ending is None and lap.asks_after:
                    steps.append(unit)
                else:
                    queue.extend(self._go_on(lap, ending or self._settled(lap, self._judge)))
        return steps

    def questions(self, step: int) -> Generator[Request, Outcome, Success | Failure]:
        """What has to be asked at an enter or leave unit."""
        lap = self._by_unit[step]
        if self._is_plain(lap):
            outcome = yield Loop(lap)
        elif step == lap.cycle.enter:
            outcome = yield Ask(lap.policy.admits, (self._inputs(lap),))  # type: ignore[union-attr]
        else:
            outcome = yield Ask(self._judge, (lap,))
        return Success(outcome.value) if outcome.error is None else Failure(outcome.error)  # type: ignore[arg-type]

    def answered(self, step: int, answer: Any) -> list[int]:
        """Take what was answered at an enter or leave unit; the steps set free."""
        lap = self._by_unit[step]
        if self._is_plain(lap):
            return self.through(self._looped(lap))
        if step == lap.cycle.leave:
            return self.through(self._go_on(lap, answer))
        if answer:
            return self.through(self._enter(lap))
        return self.through(self._end(lap, Ending("exit" if lap.completed else "not_entered")))

    def expire(self, lap: Lap) -> list[int]:
        """End a cycle that is out of time; its unfinished iteration is dropped.  The steps set free."""
        seconds = lap.cycle.config.timeout_seconds
        freed = self.through(self._end(lap, Ending("timeout", f"timeout_seconds={seconds:g}")))
        run = self._run
        for unit in range(lap.cycle.enter + 1, lap.cycle.leave):
            if unit not in self._by_unit and not run.finished:
                run.showing.show_again(unit, run.values[run.plan.first + unit])
        return freed

    def lap_of(self, unit: int) -> Lap | None:
        """The innermost cycle whose body holds *unit*, or that has it as enter or leave."""
        found = [lap for lap in self.laps if lap.cycle.enter <= unit <= lap.cycle.leave]
        return max(found, key=lambda lap: lap.cycle.enter, default=None)

    def unwrapped(self, step: int, value: Converged) -> Any:
        """What a node gave that says its cycle has converged."""
        lap = self.lap_of(step)
        if lap is not None:
            lap.signal = value.value
        return value.value

    def iteration(self, step: int) -> tuple[int, ...]:
        """The index of the current iteration of each cycle around *step*."""
        return tuple(lap.index for lap in self.laps if lap.cycle.enter < step < lap.cycle.leave)

    def results(self) -> dict[str, CycleResult]:
        """What each cycle that was reached has come to, by name."""
        return {lap.cycle.name: self.result(lap) for lap in self.laps if lap.ending or lap.is_running}

    def result(self, lap: Lap, ending: Ending | None = None) -> CycleResult:
        """What a cycle has come to."""
        run = self._run
        ending = lap.ending or ending or Ending(*_ended_by(run.error))
        names = [run.plan.names[unit] for unit in range(lap.cycle.enter + 1, lap.cycle.leave)]
        made = CycleResult(
            lap.cycle.name, str(run.context.metadata.get("run_id", "")), ending.reason, ending.detail
        )
        made.total_iterations = lap.completed
        made.execution_time_seconds = lap.seconds
        # What routers pass on stands behind the results.
        made.outputs = {
            name: shown(value)
            for name, value in zip(names, lap.outputs, strict=False)
            if value is not NO_DATA and name not in self._inner_names
        }
        made.best_iteration = lap.completed - 1 if lap.completed else None
        if lap.policy is not None:
            lap.policy.describe(made)
        return made

    def blamed(self, step: int, error: Exception, attempts: int) -> Exception:
        """*error* as that of the cycle around *step*."""
        lap = self.lap_of(step)
        if lap is None:
            return wrap(error, self._run.path_of(step), attempts)
        earlier = lap.attempts[step - lap.cycle.enter]
        return self._of_cycle(lap, error, self._run.path_of(step), attempts - earlier)

    # Entering and leaving

    def _begin(self, lap: Lap) -> None:
        lap.begin(self._run.ledger.clock())
        timeout = lap.cycle.config.timeout_seconds
        if timeout is not None:
            self._run.ledger.watches.append((self._run, lap, timeout))
        for feedback in lap.cycle.feedback:
            if feedback.into >= 0:
                self._run.values[feedback.into] = NO_DATA

    def _enter(self, lap: Lap) -> list[int]:
        return self._pass(lap.cycle.enter)

    def _fill_ports(self, lap: Lap) -> None:
        values = self._run.values
        lap.attempts = self._run.tally.attempts[lap.cycle.enter : lap.cycle.leave]
        for port in lap.cycle.ports:
            fed = next((values[slot] for slot in port.fed if values[slot] is not NO_DATA), NO_DATA)
            # What an edge from outside does not bring is found again, and told, where it is needed.
            values[port.slot] = self._lower(port.lower) if fed is NO_DATA else fed

    def _lower(self, argument: Any) -> Any:
        values = self._run.values
        return (
            fetch(argument, self._run.plan.layouts[0], values) if argument.source else values[argument.slot]
        )

    def _complete(self, lap: Lap) -> None:
        """Note that an iteration has come to its end."""
        values = self._run.values
        if not self._failed_in(lap):
            lap.completed += 1
            lap.outputs = [values[slot] for slot in lap.slots]

    def _failed_in(self, lap: Lap) -> bool:
        failed = self._run.tally.failed
        return bool(failed) and any(
            self._run.has_failed(unit) for unit in range(lap.cycle.enter + 1, lap.cycle.leave)
        )

    def _go_on(self, lap: Lap, ending: Ending | None) -> list[int]:
        """Go round again, or end."""
        if ending is not None:
            return self._end(lap, ending)
        self._run.renew(lap.cycle)
        lap.index += 1
        for feedback, value in zip(lap.cycle.feedback, lap.carried, strict=True):
            if feedback.into >= 0:
                self._run.values[feedback.into] = value
        return [lap.cycle.enter]

    def _end(self, lap: Lap, ending: Ending) -> list[int]:
        """Leave the cycle for good."""
        run, values = self._run, self._run.values
        lap.ending, lap.is_running = ending, False
        lap.seconds = run.ledger.clock() - lap.started
        kept = lap.outputs if lap.completed and ending.reason not in WITHOUT_OUTPUTS else ()
        for slot, value in zip_longest(lap.slots, kept, fillvalue=NO_DATA):
            values[slot] = value  # type: ignore[index]
        if ending.reason in LIMITS and self._tell_of_limit(lap, ending):
            return []
        self._close(lap)
        return self._pass(lap.cycle.leave)

    def _close(self, lap: Lap) -> None:
        """Settle what an iteration that does not come to its end has left open."""
        self._run.close(lap.cycle)
        for inner in self.laps:
            if lap.cycle.enter < inner.cycle.enter < lap.cycle.leave:
                inner.is_running = False

    def _pass(self, unit: int) -> list[int]:
        run = self._run
        run.values[run.plan.first + unit] = True
        run.mark_done(unit)
        freed = run.spread(unit)
        run.settled(unit)
        return freed

    def _is_plain(self, lap: Lap) -> bool:
        """Whether the cycle is gone round as a plain loop."""
        is_known = self.are_looped and lap.cycle.name not in self._given_up
        return is_known and bool(lap.cycle.rows) and not lap.asks_before

    def _looped(self, lap: Lap) -> list[int]:
        """Go on where a plain loop has ended: behind the cycle, or within an iteration."""
        run, first = self._run, self._run.plan.first + lap.cycle.enter + 1
        rows = len(lap.cycle.rows)
        lap.index = lap.completed - (lap.made == rows)
        if lap.made == rows:
            return self._end(lap, lap.found or self._settled(lap, self._limit) or Ending("exit"))
        made = range(lap.cycle.enter + 1, lap.cycle.enter + 1 + lap.made)
        values = run.values[first : first + lap.made]
        # What the iteration before has left there would be taken for results of this one.
        run.values[first : first + rows] = [NO_DATA] * rows
        lap.attempts = run.tally.attempts[lap.cycle.enter : lap.cycle.leave]
        # From here on it goes through the core.
        self._given_up.add(lap.cycle.name)
        freed = self._enter(lap)
        for step, value in zip(made, values, strict=True):
            freed += run.done(step, value)
        return [step for step in freed if step not in made]

    # Deciding

    def _obvious(self, lap: Lap) -> Ending | None:
        """What ends the cycle whatever its conditions say."""
        if self._failed_in(lap):
            return Ending("error")
        if lap.signal is not NO_DATA:
            return Ending("converged", "signal")
        lap.carried = [self._carried(feedback) for feedback in lap.cycle.feedback]
        if all(value is NO_DATA for value in lap.carried):
            return Ending("exit")
        self._check_ports(lap)
        return None

    def _settled(self, lap: Lap, decide: Callable[[Lap], Ending | None]) -> Ending | None:
        """What *decide* says of a cycle; what it raises ends the run."""
        try:
            return decide(lap)
        except Exception as error:  # noqa: BLE001 - a value may raise anything when it is compared
            self._run.stop(self._of_cycle(lap, error, None, 0))
            return Ending("error", text_of(error))

    def _judge(self, lap: Lap) -> Ending | None:
        """What its conditions and limits say."""
        return self._condition(lap) or self._limit(lap)

    def _condition(self, lap: Lap) -> Ending | None:
        if lap.policy is None:
            return None
        elapsed = self._run.ledger.clock() - lap.started
        masked = lap.completed < lap.cycle.config.min_iterations
        answer = lap.policy.after(self._results(lap), lap.completed, elapsed, masked=masked)
        return None if answer is None else Ending(*answer)

    def _limit(self, lap: Lap) -> Ending | None:
        config = lap.cycle.config
        if config.max_iterations is not None and lap.completed >= config.max_iterations:
            return Ending("max_iterations", f"max_iterations={config.max_iterations}")
        if config.max_iterations is None and lap.completed >= config.safety_cap:
            self._run.stop(self._too_many(lap, config.safety_cap))
            return Ending("error", f"safety_cap={config.safety_cap}")
        timeout = config.timeout_seconds
        if timeout is not None and self._run.ledger.clock() - lap.started >= timeout:
            return Ending("timeout", f"timeout_seconds={timeout:g}")
        return None

    def _tell_of_limit(self, lap: Lap, ending: Ending) -> bool:
        """Do about a reached limit what the settings say; whether that ends the run."""
        config, name = lap.cycle.config, lap.cycle.name
        if config.on_limit == "raise":
            is_count = ending.reason == "max_iterations"
            self._run.stop(
                self._too_many(lap, config.max_iterations or 0) if is_count else self._too_long(lap)
            )
            return True
        has_other_exit = lap.policy is not None or lap.cycle.has_router_exit
        if config.on_limit == "warn" and has_other_exit:
            text = f"cycle {name!r} ended by {ending.detail}, before any of its conditions held"
            self._run.ledger.warnings.append(CycleLimitWarning(text))
        return False

    def _too_many(self, lap: Lap, limit: int) -> MaxIterationsError:
        name = lap.cycle.name
        msg = f"cycle {name!r} exceeded maximum iterations ({limit}): give it a condition, or a higher limit"
        error = MaxIterationsError(msg, limit, name)
        error.node_name = None
        error.result = self.result(lap, Ending("max_iterations", f"{limit} iterations"))
        return error

    def _too_long(self, lap: Lap) -> TimeoutError:
        name, seconds = lap.cycle.name, lap.cycle.config.timeout_seconds
        error = TimeoutError(f"cycle {name!r} timed out after {seconds:g} s")
        error.result = self.result(lap, Ending("timeout", f"timeout_seconds={seconds:g}"))
        return error

    def _of_cycle(self, lap: Lap, error: Exception, node: str | None, attempts: int) -> Exception:
        made: Any = wrap(error, node, attempts, CycleExecutionError)
        ending = Ending("error", text_of(error))
        vars(made).update(cycle=lap.cycle.name, iteration=lap.index, result=self.result(lap, ending))
        return made  # type: ignore[no-any-return]

    # Values

    def _carried(self, feedback: Feedback) -> Any:
        """What a feedback edge brings into the next iteration; `NO_DATA` if that is nothing.

        Raises:
            MissingOutputError: its part of the value is not there.
        """
        run = self._run
        # The layout only says who asks.
        return fetch(feedback.value, run.plan.layouts[feedback.source], run.values)

    def _check_ports(self, lap: Lap) -> None:
        """Raise ExecutionError if two feedback edges bring something to the same input."""
        brought: dict[int, str] = {}
        slots = {slot: port.slot for port in lap.cycle.ports for slot in port.fed}
        for feedback, value in zip(lap.cycle.feedback, lap.carried, strict=True):
            port = slots.get(feedback.into)
            if port is None or value is NO_DATA:
                continue
            other = brought.setdefault(port, feedback.value.source)
            if other != feedback.value.source:
                both = f"{other!r} and {feedback.value.source!r}"
                msg = f"{both} both feed back into {feedback.value.name!r}: one of them must send nothing"
                raise ExecutionError(msg)

    def _results(self, lap: Lap) -> dict[str, Any]:
        """What the nodes of the body have given in this iteration."""
        run, cycle = self._run, lap.cycle
        first, names = run.plan.first, run.plan.names
        units = range(cycle.enter + 1, cycle.leave)
        found = ((unit, run.values[first + unit]) for unit in units if unit not in self._by_unit)
        return {names[unit]: value for unit, value in found if value is not NO_DATA}

    def _inputs(self, lap: Lap) -> dict[str, Any]:
        """The values at the entry ports of the body for the iteration that is to begin.

        Each by ``node.parameter``, and by its own name where that is the only one.
        """
        run = self._run
        body = range(run.plan.first + lap.cycle.enter + 1, run.plan.first + lap.cycle.leave)
        found: dict[str, Any] = {}
        owners: dict[str, list[Any]] = {}
        for unit in range(lap.cycle.enter + 1, lap.cycle.leave):
            for argument in run.plan.layouts[unit].arguments:
                value = run.values[argument.slot]
                if not argument.injected and argument.slot not in body and value is not NO_DATA:
                    found[f"{run.plan.names[unit]}.{argument.name}"] = value
                    owners.setdefault(argument.name, []).append(value)
        return {name: values[0] for name, values in owners.items() if len(values) == 1} | found


def _ended_by(error: BaseException | None) -> tuple[str, str]:
    """Reason and detail of a cycle that was under way when the run ended."""
    if error is None or isinstance(error, RunCancelledError) or not isinstance(error, Exception):
        return "cancelled", "" if error is None else text_of(error)
    is_late = isinstance(error, TimeoutError) and error.node_name is None
    return "timeout" if is_late else "error", text_of(error)


def _slots_of(run: GraphRun, cycle: Cycle) -> list[int]:
    plan = run.plan
    units = range(cycle.enter + 1, cycle.leave)
    branches = [slot for unit in units for slot in plan.branches.get(unit, {}).values()]
    return [*(plan.first + unit for unit in units), *branches]
