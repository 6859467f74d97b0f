"""What follows a state: read from its result, asked of its router, changed by those who watch the moves."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fast_dag.errors import ExecutionError, RouterError
from fast_dag.graph.machine import listed
from fast_dag.plan.machine import OPEN, OVER, MachinePlan
from fast_dag.run.brief import brief
from fast_dag.run.requests import Ask, Failure, Outcome, Request, Success
from fast_dag.values import NO_DATA, FSMReturn

if TYPE_CHECKING:
    from fast_dag.run.machine_run import MachineRun
    from fast_dag.run.visit import Visit

Answer = Generator[Request, Outcome, Success | Failure]
StateHook = Callable[[Any, str, str, Any], Any]


class Move(NamedTuple):
    """The result of a state, the unit that follows (`OVER` for none), and what that is handed."""

    value: Any
    target: int
    handed: Any
    error: Exception | None = None
    """What those who watch the moves raised: the state has ended, but the run fails."""


def moved(visit: Visit, answer: Any) -> Answer:
    """Settle what follows the state of *visit*, which has given *answer*."""
    plan, step = visit.run.plan, visit.step
    try:
        move = read_move(plan, step, answer)  # type: ignore[arg-type]
        if move.target != OPEN:
            return Success(move)
        router = plan.choices[step].router  # type: ignore[attr-defined]
        given = (move.value, visit.run.context) if router.takes_context else (move.value,)
        outcome = yield Ask(router.function, given, is_async=router.is_async)
        if outcome.error is not None:
            return Failure(outcome.error)  # type: ignore[arg-type]
        return Success(move._replace(target=routed_to(plan, step, outcome.value)))  # type: ignore[arg-type]
    except RouterError as error:
        return Failure(error)


def announced(run: MachineRun, step: int, move: Move) -> Generator[Request, Outcome, Success]:
    """Tell the state hooks of a move; each may lead it elsewhere, or to the end."""
    plan = run.plan
    for hook in run.state_hooks:
        if move.target == OVER:
            break
        names = plan.names[step], plan.names[move.target]
        outcome = yield Ask(hook, (run.machine, *names, move.value))
        if outcome.error is not None:
            return Success(move._replace(error=outcome.error))  # type: ignore[arg-type]
        if outcome.value is not None:
            try:
                move = move._replace(target=_redirected(plan, step, outcome.value))
            except ExecutionError as error:
                return Success(move._replace(error=error))
    return Success(move)


def read_move(plan: MachinePlan, step: int, answer: Any) -> Move:
    """What the *answer* of a state says about the next one; `OPEN` as target if its router is to be asked.

    Raises:
        RouterError: it names a state that may not follow, or leaves open which of several does.
    """
    choice = plan.choices[step]
    value = handed = answer
    if isinstance(answer, FSMReturn):
        value, handed = answer.value, answer.value if answer.hands_on else NO_DATA
        if answer.stop:
            return Move(value, OVER, handed)
        if answer.next_state is not None:
            return Move(value, _named(plan, step, answer.next_state, choice.declared), handed)
    if choice.always != OPEN:
        return Move(value, choice.always, handed)
    if choice.router is not None:
        return Move(value, OPEN, handed)
    if choice.is_literal:
        return Move(value, _named(plan, step, value, choice.declared), NO_DATA)
    name, targets = plan.names[step], tuple(choice.declared or ())
    msg = (
        f"state {name!r} returned {brief(answer)}, which leaves open what follows: it may go to "
        f"{listed(targets)}; return FSMReturn(next_state=...), or give it a router"
    )
    raise RouterError(msg, name, answer, targets)


def routed_to(plan: MachinePlan, step: int, answer: Any) -> int:
    """The unit that the router of *step* leads to by its *answer*.

    Raises:
        RouterError: there is no such state, or it is not among the declared targets.
    """
    return _named(plan, step, answer, plan.choices[step].answers)


def _named(plan: MachinePlan, step: int, answer: Any, declared: Mapping[str, int] | None) -> int:
    name = plan.names[step]
    if plan.choices[step].is_terminal:
        msg = f"state {name!r} is terminal, but it names {brief(answer)} as the next state"
        raise RouterError(msg, name, answer, ())
    units = plan.units if declared is None else declared
    if isinstance(answer, str) and answer in units:
        return units[answer]
    known = tuple(units)
    among = "its declared targets are" if declared is not None else "the states are"
    msg = f"what follows {name!r} cannot be {brief(answer)}: {among} {listed(known)}"
    raise RouterError(msg, name, answer, known)


def _redirected(plan: MachinePlan, step: int, answer: Any) -> int:
    """Where the *answer* of a state hook leads."""
    name = plan.names[step]
    if not isinstance(answer, str):
        msg = f"a state hook must return None, the name of a state or END, got {brief(answer)} after {name!r}"
        raise ExecutionError(msg, name)
    if answer not in plan.units:
        known = tuple(plan.units)
        to = brief(answer)
        msg = f"a state hook leads from {name!r} to {to}, which is no state: there are {listed(known)}"
        raise RouterError(msg, name, answer, known)
    return plan.units[answer]
