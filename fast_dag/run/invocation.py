"""Everything around one call, as a generator that yields what it waits for.

It is sent the outcome of each request (never thrown into), so one sync and one async runner can
drive it.  Retries, timeouts and the questions to error handlers live here and nowhere else.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Mapping
from typing import Any

from fast_dag.errors import ExecutionError, MissingOutputError, TimeoutError
from fast_dag.plan.plan import ROUTER
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.notes import Note
from fast_dag.run.requests import (
    NOTHING,
    Ask,
    Attempt,
    Failure,
    Invocation,
    Outcome,
    Request,
    Success,
    Wait,
)
from fast_dag.run.step import arguments, named_inputs, read_route
from fast_dag.values import NO_DATA

MOST_ATTEMPTS = 1000
"""How often a run error handler may ask for one more attempt."""


def invocation(run: GraphRun, step: int, outcome: Outcome | None = None) -> Invocation:
    """Try the node of *step* until it has a result or has failed for good.

    *outcome* is that of a first attempt that was made without this generator.
    """
    number = 0
    while True:
        number += 1
        answer, outcome = yield from _attempt(run, step, number, outcome)
        if isinstance(answer, Success):
            _note(run, step, "node_finished", number, outcome, result=answer.value)
            return answer
        retry_in = _retry_in(run, step, number, answer.error)
        if retry_in is None:
            verdict = yield from _ask_handlers(run, step, number, answer.error)
            if verdict is not None:
                _note(run, step, "node_failed", number, outcome, error=answer.error, retry_in=None)
                if isinstance(verdict, Success):
                    _note(run, step, "node_finished", number, outcome, result=verdict.value)
                return verdict
            retry_in = 0.0
        _note(run, step, "node_failed", number, outcome, error=answer.error, retry_in=retry_in)
        if retry_in:
            yield Wait(retry_in)
        outcome = None


def attempt_at(run: GraphRun, step: int) -> Attempt:
    """The call of the node of *step*.

    Raises:
        MissingOutputError: an edge asks for what the value does not have.
    """
    plan, values = run.plan, run.values
    slots = plan.direct[step]
    args: list[Any]
    kwargs: Mapping[str, Any]
    if slots is None:
        args, kwargs = arguments(plan.layouts[step], values, run.winners.get(step))
    else:
        args, kwargs = [values[slot] for slot in slots], NOTHING
    return Attempt(plan.functions[step], args, kwargs, plan.is_async[step], plan.timeouts[step])


def _attempt(
    run: GraphRun, step: int, number: int, outcome: Outcome | None
) -> Generator[Request, Outcome, tuple[Success | Failure, Outcome]]:
    """Make one attempt, unless its *outcome* is there already."""
    if outcome is None:
        _note(run, step, "node_started", number, inputs=_inputs(run, step) if run.notes is not None else None)
        try:
            request = attempt_at(run, step)
        except MissingOutputError as error:
            run.tally.attempts[step] += 1
            return Failure(error), Outcome(error=error)
        outcome = yield request
        run.tally.attempts[step] += 1
        if outcome.expired:
            outcome.error = _timeout(run, step, number)
    return _read(run, step, outcome), outcome


def _retry_in(run: GraphRun, step: int, number: int, error: Exception) -> float | None:
    """Seconds until the next attempt, None if there is none; arguments that are missing stay missing."""
    if isinstance(error, MissingOutputError):
        return None
    return run.plan.nodes[step].settings.wait(number, error, random.random())


def _read(run: GraphRun, step: int, outcome: Outcome) -> Success | Failure:
    """What an outcome means; a router's answer is read here, so that handlers see its errors."""
    if outcome.error is not None:
        return Failure(outcome.error)  # type: ignore[arg-type]
    return _success(run, step, outcome.value)


def _success(run: GraphRun, step: int, value: Any) -> Success | Failure:
    if run.plan.kinds[step] != ROUTER:
        return Success(value)
    inputs = named_inputs(run.plan.layouts[step], run.values, run.winners.get(step))
    try:
        return Success(read_route(run.plan, step, value, next(iter(inputs.values()), NO_DATA)))
    except ExecutionError as error:
        return Failure(error)


def _ask_handlers(
    run: GraphRun, step: int, number: int, error: Exception
) -> Generator[Request, Outcome, Success | Failure | None]:
    """Ask the handler of the node, then that of the run; None stands for one more attempt."""
    node = run.plan.nodes[step]
    handler = run.handlers.nodes.get(node.name)
    if handler is not None:
        reply = yield Ask(handler, (node, _inputs(run, step), error))
        answer = _read(run, step, reply)
        if isinstance(answer, Success):
            return answer
        error = _chained(answer.error, error)
    if run.handlers.run is None:
        return Failure(error)
    reply = yield Ask(run.handlers.run, (node.name, error, run.context))
    if reply.error is not None:
        return Failure(_chained(reply.error, error))
    if reply.value == "retry":
        return None if number < MOST_ATTEMPTS else Failure(error)
    return _ruled(run, node.name, reply.value, error)


def _inputs(run: GraphRun, step: int) -> dict[str, Any]:
    try:
        return named_inputs(run.plan.layouts[step], run.values, run.winners.get(step))
    except MissingOutputError:
        return {}


def _ruled(run: GraphRun, name: str, answer: Any, error: Exception) -> Failure:
    """What the *answer* of a run error handler means."""
    if answer is None:
        return Failure(error)
    if answer == "stop":
        return Failure(error, "fail_fast")
    if answer == "continue":
        return Failure(error, "continue_none" if run.strategy == "continue_none" else "continue")
    msg = f"error_handler must answer 'stop', 'continue', 'retry' or None, got {answer!r} for {name!r}"
    return Failure(_chained(ExecutionError(msg, name), error), "fail_fast")


def _chained(error: BaseException, original: Exception) -> Exception:
    if error is not original and error.__cause__ is None:
        error.__cause__ = original
    return error  # type: ignore[return-value]


def _timeout(run: GraphRun, step: int, number: int) -> TimeoutError:
    node = run.plan.nodes[step]
    tried = f" (attempt {number} of {node.settings.retry})" if node.settings.retry > 1 else ""
    msg = f"node {node.name!r} timed out after {node.settings.timeout} s{tried}"
    return TimeoutError(msg, node.name, attempts=number)


def _note(
    run: GraphRun,
    step: int,
    kind: str,
    number: int,
    outcome: Outcome | None = None,
    **fields: Any,
) -> None:
    """Note an event about an attempt, with what its *outcome* says of the work, if anybody watches."""
    if run.notes is None:
        return
    if outcome is not None:
        fields["duration"] = outcome.duration
        if outcome.worker:
            fields["worker"] = outcome.worker
    run.notes.append(Note(kind, step, {"attempt": number, **fields}))
