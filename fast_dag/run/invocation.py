"""Everything around one execution of a node, as a generator that yields what it waits for.

It is sent the outcome of each request (never thrown into), so one sync and one async runner can
drive it.  Hooks, cache, attempts and the questions to error handlers are generators inside this one.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from fast_dag.errors import ExecutionError, MissingOutputError
from fast_dag.plan.plan import ENTER, LEAVE, STATE
from fast_dag.run.attempts import attempts, has_read_streams, routed
from fast_dag.run.brief import brief
from fast_dag.run.cached import cached
from fast_dag.run.hooked import clean_up, conclude, prepare
from fast_dag.run.mapped import mapped
from fast_dag.run.moves import Move, announced, moved
from fast_dag.run.requests import Ask, Failure, Invocation, Outcome, Request, Success
from fast_dag.run.run import Run
from fast_dag.run.visit import Visit

MOST_ATTEMPTS = 1000
"""How often a run error handler may ask for one more attempt."""

Answer = Generator[Request, Outcome, Success | Failure]


def invocation(run: Run, step: int, outcome: Outcome | None = None) -> Invocation:
    """Execute the node of *step* until it has a result or has failed for good.

    *outcome* is that of a first attempt that was made without this generator.
    """
    if run.plan.kinds[step] in (ENTER, LEAVE):
        return (yield from run.rounds.questions(step))  # type: ignore[attr-defined, no-any-return]
    visit = Visit(run, step)
    if run.hooks.are_around(visit.node.name):
        visit.cleanups.update(enumerate(visit.hooks("cleanup")))
        run.ledger.open[visit] = None
        answer = yield from _settle(visit, outcome)
        yield from clean_up(visit)
        return answer
    return (yield from _settle(visit, outcome))


def given(run: Run, step: int, value: Any) -> Answer:
    """Take *value* for the result of *step*, whose node is not called for it: nor are its hooks."""
    visit = Visit(run, step)
    if not run.attempts_of(step):
        visit.note("node_started")
    answer = yield from _placed(visit, value)
    if isinstance(answer, Success):
        visit.note("node_finished", result=_shown(answer.value), cached=False)
        return (yield from _left(visit, answer))
    return answer


def _settle(visit: Visit, outcome: Outcome | None) -> Answer:
    """Execute until there is a result, or a failure that nobody takes back."""
    while True:
        answer = yield from _execute(visit, outcome)
        if isinstance(answer, Success):
            visit.note("node_finished", result=_shown(answer.value), cached=visit.is_hit)
            return (yield from _left(visit, answer))
        verdict = yield from _ask_handlers(visit, answer)
        if verdict is not None:
            visit.note("node_failed", error=answer.error, retry_in=None)
            if isinstance(verdict, Success):
                visit.note("node_finished", result=_shown(verdict.value))
                return (yield from _left(visit, verdict))
            return verdict
        visit.note("node_failed", error=answer.error, retry_in=0.0)
        outcome = None


def _execute(visit: Visit, outcome: Outcome | None) -> Answer:
    """What comes before, the attempts or what stands for them, what comes after."""
    has_hooks = visit.run.hooks.are_around(visit.node.name)
    if has_hooks and not visit.is_prepared:
        failure = yield from prepare(visit)
        if failure is not None:
            return failure
    answer = yield from _body(visit, outcome)
    if has_hooks and isinstance(answer, Success):
        answer = yield from conclude(visit, answer.value)
    if isinstance(answer, Success):
        return (yield from _placed(visit, answer.value))
    if visit.node.uses_cycle:
        visit.run.drop_turn(visit.step)
    return answer


def _body(visit: Visit, outcome: Outcome | None) -> Answer:
    settings = visit.node.settings
    try:
        if settings.map is not None:
            return (yield from mapped(visit))
        if settings.cached and visit.is_cached:
            return (yield from cached(visit))
    except MissingOutputError as error:
        return Failure(error)
    return (yield from attempts(visit, outcome))


def _placed(visit: Visit, value: Any) -> Answer:
    """What *value* stands for: the `Route` of a router, the `Move` of a state."""
    if visit.run.plan.kinds[visit.step] == STATE:
        return (yield from moved(visit, value))
    try:
        return Success(routed(visit, value))
    except ExecutionError as error:
        return Failure(error)


def _left(visit: Visit, answer: Success) -> Answer:
    """Tell those who watch it that a state is left."""
    if isinstance(answer.value, Move):
        return (yield from announced(visit.run, visit.step, answer.value))  # type: ignore[arg-type]
    return answer


def _shown(value: Any) -> Any:
    return value.value if isinstance(value, Move) else value


def _ask_handlers(visit: Visit, failure: Failure) -> Generator[Request, Outcome, Success | Failure | None]:
    """Ask the handler of the node, then that of the run; None stands for one more attempt."""
    run, node, error = visit.run, visit.node, failure.error
    handler = run.handlers.nodes.get(node.name)
    if handler is not None:
        reply = yield Ask(handler, (node, _inputs(visit), error))
        if reply.error is None:
            answer = yield from _placed(visit, reply.value)
            if isinstance(answer, Success):
                return answer
            reply.error = answer.error
        error = _chained(reply.error, error)
    if run.handlers.run is None:
        return _with(visit, failure, error)
    reply = yield Ask(run.handlers.run, (node.name, error, run.context))
    if reply.error is not None:
        return _with(visit, failure, _chained(reply.error, error))
    if reply.value == "retry":
        may_retry = visit.number < MOST_ATTEMPTS and not has_read_streams(visit)
        return None if may_retry else _with(visit, failure, error)
    return _ruled(visit, failure, reply.value, error)


def _inputs(visit: Visit) -> dict[str, Any]:
    try:
        return dict(visit.named())
    except MissingOutputError:
        return {}


def _with(visit: Visit, failure: Failure, error: Exception, strategy: str | None = None) -> Failure:
    """*failure* as it leaves the step."""
    return Failure(error, strategy, (*failure.notes, *visit.notes), failure.marks)


def _ruled(visit: Visit, failure: Failure, answer: Any, error: Exception) -> Failure:
    """What the *answer* of a run error handler means."""
    if answer is None:
        return _with(visit, failure, error)
    if answer == "stop":
        return _with(visit, failure, error, "fail_fast")
    if answer == "continue":
        strategy = "continue_none" if visit.run.strategy == "continue_none" else "continue"
        return _with(visit, failure, error, strategy)
    name = visit.node.name
    msg = f"error_handler must answer 'stop', 'continue', 'retry' or None, got {brief(answer)} for {name!r}"
    return _with(visit, failure, _chained(ExecutionError(msg, name), error), "fail_fast")


def _chained(error: BaseException, original: Exception) -> Exception:
    if error is not original and error.__cause__ is None:
        error.__cause__ = original
    return error  # type: ignore[return-value]
