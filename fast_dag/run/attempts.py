"""The attempts of one execution: calls of the node's function, or runs of the workflow inside it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from functools import partial
from typing import Any

from fast_dag.errors import ExecutionError, FastDAGError, MissingOutputError, TimeoutError
from fast_dag.plan.plan import ROUTER
from fast_dag.run.hooked import tell_of_error, wind_up
from fast_dag.run.in_turn import call_in
from fast_dag.run.items import Items
from fast_dag.run.moment import at_its_time
from fast_dag.run.requests import NOTHING, Attempt, Enter, Failure, Outcome, Request, Success, Wait
from fast_dag.run.run import Run
from fast_dag.run.step import arguments, read_route, spread
from fast_dag.run.streams import Reader, is_stream
from fast_dag.run.turn import Turn
from fast_dag.run.visit import Visit
from fast_dag.values import NO_DATA

Answer = Generator[Request, Outcome, Success | Failure]


def attempts(visit: Visit, outcome: Outcome | None = None) -> Answer:
    """Try until there is a result, or the settings of the node give no further attempt.

    *outcome* is that of a first attempt that was made already.
    """
    while True:
        visit.number += 1
        visit.is_hit = False
        answer = yield from _attempt(visit, outcome)
        if isinstance(answer, Success):
            return answer
        yield from tell_of_error(visit, answer.error)
        retry_in = _retry_in(visit, answer.error)
        if retry_in is None:
            return answer
        about = {"index": visit.place} if visit.index else {}
        visit.note("node_failed", error=answer.error, retry_in=retry_in, **about)
        if retry_in:
            yield Wait(retry_in)
        outcome = None


def attempt_at(run: Run, step: int) -> Attempt:
    """The call of the node of *step*, with what lies in its slots.

    Raises:
        MissingOutputError: an edge asks for what the value does not have.
    """
    plan, values = run.plan, run.values
    slots = plan.direct[step]
    args: list[Any]
    kwargs: Mapping[str, Any]
    if slots is None or run.flows.by_slot:
        args, kwargs = arguments(plan.layouts[step], values, run.winners.get(step))
    else:
        args, kwargs = [values[slot] for slot in slots], NOTHING
    function = at_its_time(plan.functions[step], run, step) if plan.sees_context else plan.functions[step]
    return Attempt(function, args, kwargs, plan.is_async[step], plan.timeouts[step])


def routed(visit: Visit, value: Any) -> Any:
    """What the step gives the run: of a router the `Route` that *value* stands for.

    Raises:
        ConditionError, RouterError: it stands for none.
    """
    plan = visit.run.plan
    if plan.kinds[visit.step] != ROUTER:
        return value
    return read_route(plan, visit.step, value, next(iter(visit.named().values()), NO_DATA))


def _attempt(visit: Visit, outcome: Outcome | None) -> Answer:
    """Make one attempt, unless its *outcome* is there already."""
    run, step = visit.run, visit.step
    turn = run.turn(step) if visit.node.uses_cycle else None
    if outcome is None:
        if not visit.index:
            visit.note("node_started", inputs=_shown_inputs(visit))
        outcome = yield from _make(visit, turn)
    visit.outcome = outcome
    run.tally.attempts[step] += 1
    run.tally.durations[step] += outcome.duration
    if outcome.expired:
        outcome.error = _timeout(visit)
    if outcome.error is not None:
        run.tally.ended[step] = outcome.ended
        return Failure(outcome.error)  # type: ignore[arg-type]
    try:
        routed(visit, outcome.value)
    except ExecutionError as error:
        return Failure(error)
    if turn is not None:
        run.keep_turn(step, visit.index, turn)
    # The visit keeps the outcome, and so may the thread that made the call: not the value as well.
    value, outcome.value = outcome.value, None
    return Success(value)


def _make(visit: Visit, turn: Turn | None) -> Generator[Request, Outcome, Outcome]:
    # No frame keeps the request it waits for: that knows the generator, and the two would be a cycle.
    try:
        if visit.node.inside is None:
            return (yield _call(visit, turn))
        return (yield from _follow(visit))
    except FastDAGError as error:
        return Outcome(error=error)


def _follow(visit: Visit) -> Generator[Request, Outcome, Outcome]:
    """Have the workflow inside the node run."""
    inside = visit.node.inside
    begun: list[Enter] = [inside.enter(visit.named(), visit.run, visit.step, visit.index)]
    inner = begun[0].inner
    outcome = yield begun.pop()
    yield from wind_up(inner)
    outcome = inside.leave(inner, outcome)
    if visit.node.settings.stream == "list" and is_stream(outcome.value):
        value = outcome.value
        collected = yield Attempt(_collecting(lambda: value, visit), ())
        collected.duration += outcome.duration
        outcome = collected
    gathering = None if visit.index or outcome.error is not None else visit.run.gathering(visit.step)
    if gathering is not None:
        value = outcome.value
        outcome = yield Attempt(gathering.around(lambda: value, visit), ())
    return outcome


def _call(visit: Visit, turn: Turn | None) -> Attempt:
    plan, step = visit.run.plan, visit.step
    request: Attempt
    if turn is not None:
        request = call_in(turn, visit)
    elif visit.inputs is None:
        request = attempt_at(visit.run, step)
    else:
        args, kwargs = spread(plan.layouts[step], visit.inputs, visit.run.context)
        function = at_its_time(plan.functions[step], visit.run, step)
        request = Attempt(function, args, kwargs, plan.is_async[step], plan.timeouts[step])
    checker = visit.node.checker
    if checker is not None:
        request.function = visit.run.checking(step, checker)
    if visit.node.settings.stream == "list":
        request.function = _collecting(request.function, visit)
    gathering = None if visit.index else visit.run.gathering(step)
    if gathering is not None:
        request.function = gathering.around(request.function, visit)
    return request


def _collecting(function: Callable[..., Any], visit: Visit) -> Callable[..., Any]:
    """*function*, with the items of the stream it returns in a list."""

    def collect(*args: Any, **kwargs: Any) -> Any:
        value = function(*args, **kwargs)
        if isinstance(value, Awaitable | AsyncIterator):
            return _collected(value, visit)
        return list(value) if is_stream(value) else value

    return collect


async def _collected(value: Any, visit: Visit) -> Any:
    if isinstance(value, Awaitable):
        value = await value
    if isinstance(value, AsyncIterator):
        return [item async for item in value]
    # The items of a sync one may take their time: the loop does not make them.
    return await visit.run.ledger.bridge.in_thread(partial(list, value)) if is_stream(value) else value  # type: ignore[union-attr]


def _retry_in(visit: Visit, error: Exception) -> float | None:
    """Seconds until the next attempt, None if there is none."""
    if isinstance(error, MissingOutputError):
        return None  # arguments that are missing stay missing
    wait: float | None = visit.node.settings.wait(visit.number, error, random.random())
    return None if wait is not None and has_read_streams(visit) else wait


def has_read_streams(visit: Visit) -> bool:
    """Whether another attempt would miss what those so far have taken from a stream; a note says so."""
    read = _streams_read(visit)
    note = f"not tried again: items of the stream {read[0]!r} have been taken" if read else ""
    if read and note not in visit.notes:
        visit.notes.append(note)
    return bool(read)


def _streams_read(visit: Visit) -> list[str]:
    """The producers of the streams whose items the attempts so far may have taken."""
    if not visit.index:
        brought = [each for each in visit.named().values() if isinstance(each, Items)]
        return [*visit.run.flows.read_by(visit.step), *(each.name for each in brought if each.has_begun)]
    # An element of a stream has been taken once for all its attempts.
    others = [each for each in visit.named().values() if isinstance(each, Reader)]
    return [each.stream.producer for each in others if each.has_begun]


def _shown_inputs(visit: Visit) -> dict[str, Any] | None:
    if not visit.run.ledger.shows_values:
        return None
    try:
        return dict(visit.named())
    except MissingOutputError:
        return {}


def _timeout(visit: Visit) -> TimeoutError:
    settings, name = visit.node.settings, visit.run.path_of(visit.step)
    tried = f" (attempt {visit.number} of {settings.retry})" if settings.retry > 1 else ""
    msg = f"node {name!r} timed out after {settings.timeout} s{tried}"
    return TimeoutError(msg, name, attempts=visit.number)
