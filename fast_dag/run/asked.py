"""What is asked at both ends of an iteration: does one begin, is it the last one, what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from fast_dag.errors import CycleStateError
from fast_dag.run.course import begin, supply
from fast_dag.run.lap import Ending, Lap
from fast_dag.run.lap_notes import checkpoint_saved, name_of
from fast_dag.run.merging import merged
from fast_dag.run.requests import Ask, Outcome, Request, Until
from fast_dag.run.resuming import is_due, saved
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun
    from fast_dag.run.endings import Endings

    Settled = Callable[[Lap, Callable[[Lap], Ending | None]], Ending | None]


def entrance(run: CyclicRun, lap: Lap) -> Generator[Request, Outcome, Outcome]:
    """Wait until all who watch let a cycle be entered."""
    for admit in run.ledger.admit:
        try:
            while (landing := admit(name_of(run, lap), lap)) is not None:
                yield Until(landing)
        except Exception as error:  # noqa: BLE001 - whatever it is, it keeps the cycle from being entered
            return Outcome(error=error)
    return Outcome(value=True)


def admission(run: CyclicRun, lap: Lap) -> Generator[Request, Outcome, Outcome]:
    """Whether an iteration is to begin."""
    outcome = yield from merged(run, lap)
    if outcome.error is not None or lap.ending is not None:
        return outcome
    if lap.course is not None:
        outcome = yield from begin(lap, run.ledger)
        if outcome.error is not None or not outcome.value:
            return outcome
        supply(lap, run.values, run.ledger)
    if lap.policy is None or not lap.policy.is_asked_before:
        return Outcome(value=True)
    return (yield from _answered(lap.policy.admitting(_inputs(run, lap))))


def decision(run: CyclicRun, lap: Lap, settled: Settled) -> Generator[Request, Outcome, Outcome]:
    """Why the cycle ends after an iteration, None if it does not; what is to be kept is written."""
    endings: Endings = run.rounds.endings
    outcome = yield from merged(run, lap)
    if outcome.error is not None:
        return outcome
    ending, lap.found = lap.found, None
    if lap.tells(ending):
        told = yield Ask(lap.following.on_round, (lap.completed, lap.following.told_value))  # type: ignore[union-attr, arg-type]
        if told.error is not None:
            return told
    if ending is None and lap.is_judged_by_user:
        decided = yield from _decided(endings, lap)
        if decided.error is not None:
            return decided
        said = decided.value
        ending = settled(lap, lambda lap: endings.ruled(lap, said))
    elif ending is None:
        ending = settled(lap, endings.judge)
    if run.finished or not is_due(run, lap, ending):
        return Outcome(ending)
    return (yield from _kept(run, lap, ending))


def _kept(run: CyclicRun, lap: Lap, ending: Ending | None) -> Generator[Request, Outcome, Outcome]:
    """*ending*, when what the iteration has come to is written."""
    try:
        record = saved(run, lap, ending)
    except CycleStateError as error:
        return Outcome(error=error)
    outcome = yield Ask(run.ledger.keeper.write, (record,))  # type: ignore[union-attr]
    if outcome.error is None and run.notes is not None:
        checkpoint_saved(run, lap)
    return Outcome(ending, outcome.error)


def _decided(endings: Endings, lap: Lap) -> Generator[Request, Outcome, Outcome]:
    """What the conditions say of an iteration, and the rule where it is a function of the user's."""
    if lap.policy is None or lap.early:
        decided = Outcome(endings.said(lap))
    else:
        decided = yield from _answered(endings.asking(lap))
    following = lap.following
    if decided.error is not None or following is None or not following.asks_rule:
        return decided
    question = following.question(lap.completed, masked=lap.is_masked)
    if question is None or (decided.value is not None and decided.value.reason == "converged"):
        return decided
    answer = yield Ask(*question)
    if answer.error is not None:
        return answer
    try:
        return Outcome(following.answered(answer.value, decided.value))
    except Exception as error:  # noqa: BLE001 - a value may raise anything when its truth is asked for
        return Outcome(error=error)


def _answered(asking: Generator[Any, Any, Any]) -> Generator[Request, Outcome, Outcome]:
    """What *asking* comes to, which yields functions of the user's for the runner to call or await."""
    answer: Any = None
    while True:
        try:
            question, arguments = asking.send(answer)
        except StopIteration as end:
            return Outcome(end.value)
        except Exception as error:  # noqa: BLE001 - a value may raise anything when it is compared
            return Outcome(error=error)
        outcome = yield Ask(question.function, arguments)
        if outcome.error is not None:
            return outcome
        answer = outcome.value


def _inputs(run: CyclicRun, lap: Lap) -> dict[str, Any]:
    """The values at the entry ports of the body for the iteration that is to begin.

    Each by ``node.parameter``, and by its own name where that is the only one.
    """
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
