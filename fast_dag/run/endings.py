"""Why a cycle ends: what is looked at after an iteration, in a fixed order, and what is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fast_dag.errors import (
    CycleExecutionError,
    CycleLimitWarning,
    CycleSafetyError,
    ExecutionError,
    MaxIterationsError,
    RunCancelledError,
    TimeoutError,
)
from fast_dag.plan.plan import Feedback
from fast_dag.run.items import as_items
from fast_dag.run.iteration_info import IterationInfo
from fast_dag.run.lap import Ending, Lap, Policy, Sight
from fast_dag.run.lap_notes import name_of
from fast_dag.run.limits import broken, used_up
from fast_dag.run.results import CycleResult
from fast_dag.run.step import fetch
from fast_dag.run.streams import shown
from fast_dag.run.switched import is_switched_off
from fast_dag.run.wrapping import text_of, wrap
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun


class Endings:
    """Decides about the cycles of one run; it changes nothing but what is told."""

    def __init__(self, run: CyclicRun) -> None:
        self._run = run
        self._inner_units = {unit for cycle in run.plan.cycles for unit in (cycle.enter, cycle.leave)}

    def obvious(self, lap: Lap) -> Ending | None:
        """What ends the cycle whatever its conditions say."""
        if not lap.is_excused and self.has_failed(lap):
            return Ending("error", self._failed(lap))
        violated = broken(self._run, lap)
        if violated is not None:
            return violated
        if lap.is_excused:
            if not (lap.is_passed_over and lap.carried):
                lap.carried = [NO_DATA for _ in lap.cycle.feedback]
            return None
        return self._said(lap)

    def _said(self, lap: Lap) -> Ending | None:
        """What ends the cycle because its body says so, or gives nothing to go round with."""
        if lap.deltas is not None:
            # An iteration that ends the cycle counts as well.
            lap.deltas.take()
            lap.deltas.note(self._fired(lap), self._run.ledger.clock() - lap.started)
        if lap.signal is NO_DATA or lap.following is not None:
            lap.carried = self.brought(lap) if lap.deltas is None else lap.deltas.carried(self.brought, lap)
        is_signal = self._has_followed(lap)
        if lap.signal is not NO_DATA or is_signal:
            return Ending("converged", "signal")
        if lap.exit is not None:
            return Ending("exit", lap.exit)
        if all(value is NO_DATA for value in lap.carried):
            return self._empty(lap)
        self._check_ports(lap)
        return None

    def brought(self, lap: Lap) -> list[Any]:
        """What each feedback edge has for the next iteration."""
        return [self._carried(feedback) for feedback in lap.cycle.feedback]

    def _has_followed(self, lap: Lap) -> bool:
        """Have what follows the rounds take this one; whether the body asks to stop."""
        following = lap.following
        if following is None:
            return False
        run = self._run
        following.take(run.values, lap.carried, lap.completed)
        if following.keeps_stats:
            following.note(lap.completed, self._fired(lap), run.ledger.clock() - lap.started)
        if lap.signal is not NO_DATA:
            following.last_signal = True
        return following.signals(run.values)

    def _fired(self, lap: Lap) -> int:
        """How many nodes of the body ran in this iteration."""
        units = range(lap.cycle.enter + 1, lap.cycle.leave)
        ran = sum(self._run.has_run(unit) and unit not in self._inner_units for unit in units)
        # A plain loop keeps no books: there every node runs.
        return ran or len(lap.cycle.rows)

    def _empty(self, lap: Lap) -> Ending | None:
        """The end of a cycle that nothing goes round in, if that ends it."""
        if lap.cycle.bounded is not None and not lap.cycle.bounded.stop_on_empty:
            return None
        return Ending("exit", "router" if is_switched_off(self._run, lap.cycle) else "no_data")

    def last(self, lap: Lap) -> None:
        """Have the metrics take the iteration that has just ended the cycle; its conditions are not asked."""
        if lap.policy is not None:
            elapsed = self._run.ledger.clock() - lap.started
            lap.policy.sample(self.results(lap), lap.completed, elapsed)

    def judge(self, lap: Lap) -> Ending | None:
        """What its conditions and limits say; one that is passed over is not judged."""
        if lap.is_passed_over:
            return self.limit(lap)
        return self.ruled(lap, self.said(lap))

    def ruled(self, lap: Lap, said: Ending | None) -> Ending | None:
        """What follows from what the conditions have *said*."""
        if lap.following is not None:
            said = lap.following.verdict(said, lap.completed, masked=lap.is_masked)
        return self.with_checkers(lap, said) or self.beyond(lap)

    def beyond(self, lap: Lap) -> Ending | None:
        """What ends it where its conditions do not: its template, that it stalls, or a limit."""
        found = None if lap.course is None else lap.course.after(self.results(lap), lap.completed)
        return found or self._stalled(lap) or self.limit(lap)

    def _stalled(self, lap: Lap) -> Ending | None:
        if lap.stalling is None:
            return None
        period = lap.stalling.period(lap.carried, lap.memory.node_states())
        if not period:
            return None
        return Ending("stalled", "nothing changes any more" if period == 1 else f"repeats (period {period})")

    def said(self, lap: Lap) -> Ending | None:
        """What its conditions say, or have said where a checker has asked before."""
        return lap.early.pop() if lap.early else self._asked(lap, lap.completed)

    def _asked(self, lap: Lap, completed: int) -> Ending | None:
        if lap.policy is None:
            return None
        elapsed = self._run.ledger.clock() - lap.started
        masked = completed < lap.cycle.config.min_iterations
        return lap.policy.after(self.results(lap), completed, elapsed, masked)

    def with_checkers(self, lap: Lap, ending: Ending | None) -> Ending | None:
        """*ending*, which the conditions led to, or what the checkers attached to the cycle say."""
        checkers = lap.cycle.checkers
        if not checkers or (ending is not None and ending.reason == "converged"):
            return ending
        if lap.completed < lap.cycle.config.min_iterations:
            return ending
        first = self._run.plan.first
        said = [each for each in (self._run.values[first + unit] for unit in checkers) if each is not NO_DATA]
        for each in said:
            if each["converged"]:
                return Ending("converged", each["reason"] or "")
        stopping = (Ending("early_stopped", each["reason"] or "") for each in said if each["should_stop"])
        return ending or next(stopping, None)

    def sight(self, lap: Lap) -> Sight:
        """What a checker may know of the cycle it decides about."""

        def conditions() -> Ending | None:
            # Asked once an iteration: each time takes a sample.
            if not lap.early:
                lap.early.append(self._asked(lap, lap.completed + 1))
            return lap.early[0]

        config = lap.cycle.config
        aim = (config.objective, config.direction) if lap.policy is None else lap.policy.aim
        elapsed = self._run.ledger.clock() - lap.started
        return Sight(lap.index, elapsed, config.max_iterations, *aim, conditions)

    def asking(self, lap: Lap) -> Any:
        """As its conditions in `judge`; functions of the user's are yielded to be called."""
        elapsed = self._run.ledger.clock() - lap.started
        masked = lap.completed < lap.cycle.config.min_iterations
        policy: Policy = lap.policy  # type: ignore[assignment]
        return policy.asking(self.results(lap), lap.completed, elapsed, masked)

    def limit(self, lap: Lap) -> Ending | None:
        """The limit that has been reached."""
        config = lap.cycle.config
        if config.max_iterations is not None and lap.completed >= config.max_iterations:
            return Ending("max_iterations", f"max_iterations={config.max_iterations}")
        if config.max_iterations is None and lap.completed >= config.safety_cap:
            self._run.stop(self._too_many(lap, config.safety_cap))
            return Ending("error", f"safety_cap={config.safety_cap}")
        timeout = config.timeout_seconds
        if timeout is not None and self._run.ledger.clock() - lap.started >= timeout:
            return Ending("timeout", f"timeout_seconds={timeout:g}")
        return used_up(lap)

    def at_limit(self, lap: Lap, ending: Ending) -> Exception | None:
        """What a limit that was reached ends the run with, None if the run goes on; it may be warned of."""
        config, name = lap.cycle.config, lap.cycle.name
        error = None if lap.course is None else lap.course.exhausted()
        if error is not None and ending.reason == "max_iterations":
            vars(error).update(cycle=name, iteration=lap.index, result=self.result(lap, ending))
            return error
        if config.on_limit == "raise":
            is_count = ending.reason == "max_iterations"
            return self._too_many(lap, config.max_iterations or 0) if is_count else self._too_long(lap)
        deciding = [each for each in (lap.policy, lap.following) if each is not None]
        has_condition = bool(lap.cycle.checkers) or any(each.may_end for each in deciding)
        has_other_exit = has_condition or lap.cycle.has_router_exit
        if config.on_limit == "warn" and (has_other_exit or lap.cycle.bounded is not None):
            what = "cycle" if lap.cycle.bounded is None else "iteration"
            text = f"{what} {name!r} ended by {ending.detail}, before any of its conditions held"
            said = self._run.ledger.warnings
            # A cycle inside another reaches its limit again and again.
            if text not in map(str, said):
                said.append(CycleLimitWarning(text))
        return None

    def _too_many(self, lap: Lap, limit: int) -> MaxIterationsError:
        name = lap.cycle.name
        msg = f"cycle {name!r} exceeded maximum iterations ({limit}): give it a condition, or a higher limit"
        if lap.cycle.bounded is not None:
            msg = f"iteration {name!r} exceeded its maximum rounds ({limit}): give it until=, or more rounds"
        error = MaxIterationsError(msg, limit, name)
        error.node_name = self._own_path(lap)
        result = error.result = self.result(lap, Ending("max_iterations", f"max_iterations={limit}"))
        if isinstance(result, IterationInfo):
            error.value = result.value
            vars(error).update(last_value=result.value, last_change=result.last_change)
        return error

    def _too_long(self, lap: Lap) -> TimeoutError:
        name, seconds = lap.cycle.name, lap.cycle.config.timeout_seconds
        what = "cycle" if lap.cycle.bounded is None else "iteration"
        error = TimeoutError(f"{what} {name!r} timed out after {seconds:g} s")
        error.result = self.result(lap, Ending("timeout", f"timeout_seconds={seconds:g}"))
        vars(error)["cycle"] = name
        error.node_name = self._own_path(lap)
        return error

    def _own_path(self, lap: Lap) -> str | None:
        """The name of the node that a bounded iteration is, behind those around it; None for a cycle."""
        name, path = lap.cycle.name, self._run.path
        return None if lap.cycle.bounded is None else f"{path.removesuffix(f'{name}.')}{name}"

    def failure(self, lap: Lap, error: Exception, node: str | None, attempts: int) -> Exception:
        """*error* as that of a cycle, with what the cycle has come to; of several around it the outermost."""
        bounded, name = lap.cycle.bounded, lap.cycle.name
        where = f"cycle {name!r}, iteration {lap.index}: "
        if bounded is not None:
            where = f"iteration {name!r}, round {lap.index + 1}: "
        made: Any = wrap(error, node or self._own_path(lap), attempts, CycleExecutionError, where)
        result = self.result(lap, Ending("error", text_of(made)))
        vars(made).update(cycle=name, iteration=lap.index, result=result)
        epoch = self._run.ledger.epoch
        vars(made).update(round=lap.index + 1, epoch=epoch, rounds_completed=lap.completed)
        # Not what an iteration inside has said.
        vars(made)["last_value"] = result.value if isinstance(result, IterationInfo) else None
        return made  # type: ignore[no-any-return]

    def result(self, lap: Lap, ending: Ending | None = None) -> CycleResult:
        """What a cycle has come to."""
        run = self._run
        ending = lap.ending or ending or Ending(*_ended_by(run.error))
        units = range(lap.cycle.enter + 1, lap.cycle.leave)
        kind = CycleResult if lap.cycle.bounded is None else IterationInfo
        made = kind(lap.cycle.name, str(run.context.metadata.get("run_id", "")), ending.reason, ending.detail)
        made.total_iterations = lap.completed
        made.execution_time_seconds = run.ledger.clock() - lap.started if lap.is_running else lap.seconds
        # What routers pass on stands behind the results.
        made.outputs = {
            run.plan.names[unit]: shown(value)
            for unit, value in zip(units, lap.outputs, strict=False)
            if value is not NO_DATA and unit not in self._inner_units
        }
        made.best_iteration = lap.completed - 1 if lap.completed else None
        errors = run.tally.errors
        made.errors = [errors[unit] for unit in units if unit in errors]
        if run.ledger.violations:
            named = (None, name_of(run, lap))
            made.violations = [each for cycle, each in run.ledger.violations if cycle in named]
        if lap.cycle.scalars is not None:
            made.best_metrics = lap.cycle.scalars(made.outputs)
        if isinstance(made, IterationInfo) and lap.following is not None:
            lap.following.describe(made)
        if lap.deltas is not None:
            made.history = list(lap.deltas.history)
        made.state, made.shared = lap.memory.node_states(), lap.memory.shared()
        for each in (lap.policy, lap.course):
            if each is not None:
                each.describe(made)
        return made

    def has_failed(self, lap: Lap) -> bool:
        """Whether a node of the body has failed in this iteration."""
        failed = self._run.tally.failed
        return bool(failed) and any(
            self._run.has_failed(unit) for unit in range(lap.cycle.enter + 1, lap.cycle.leave)
        )

    def _failed(self, lap: Lap) -> str:
        """What the nodes of the body said that have failed in this iteration."""
        run = self._run
        units = range(lap.cycle.enter + 1, lap.cycle.leave)
        failed = [unit for unit in units if run.has_failed(unit) and unit in run.tally.errors]
        wrapped = [wrap(run.tally.errors[unit], run.path_of(unit), 1) for unit in failed]  # type: ignore[arg-type]
        return "; ".join(map(text_of, wrapped))

    def _carried(self, feedback: Feedback) -> Any:
        """What a feedback edge brings into the next iteration; `NO_DATA` if that is nothing.

        Raises:
            MissingOutputError: its part of the value is not there.
        """
        run = self._run
        # The layout only says who asks.
        value = fetch(feedback.value, run.plan.layouts[feedback.source], run.values)
        cycle = run.plan.cycles[0]
        if cycle.bounded is not None and cycle.bounded.is_stream and feedback in cycle.feedback:
            return as_items(value, cycle.name, feedback.value.source)
        return value

    def _check_ports(self, lap: Lap) -> None:
        """Raise ExecutionError if two feedback edges bring something to the same input."""
        if all(len(port.fed) < 2 for port in lap.cycle.ports):  # noqa: PLR2004 - two
            return
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

    def results(self, lap: Lap) -> dict[str, Any]:
        """What the nodes of the body have given in this iteration."""
        run, cycle = self._run, lap.cycle
        first, names = run.plan.first, run.plan.names
        units = range(cycle.enter + 1, cycle.leave)
        found = ((unit, run.values[first + unit]) for unit in units if unit not in self._inner_units)
        return {names[unit]: value for unit, value in found if value is not NO_DATA}


def _ended_by(error: BaseException | None) -> tuple[str, str]:
    """Reason and detail of a cycle that was under way when the run ended."""
    if isinstance(error, CycleSafetyError):
        return "violation", text_of(error)
    if error is None or isinstance(error, RunCancelledError) or not isinstance(error, Exception):
        return "cancelled", "" if error is None else text_of(error)
    is_late = isinstance(error, TimeoutError) and error.node_name is None
    return "timeout" if is_late else "error", text_of(error)
