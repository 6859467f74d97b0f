"""The hooks of one execution: asked before, after and whatever happens."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fast_dag.errors import ExecutionError, MissingOutputError
from fast_dag.run.brief import brief
from fast_dag.run.hooks import Hook
from fast_dag.run.requests import Ask, Failure, Last, Outcome, Quick, Request, Success
from fast_dag.run.streams import closing_text
from fast_dag.run.visit import Visit
from fast_dag.run.wrapping import text_of
from fast_dag.values import Replace

if TYPE_CHECKING:
    from fast_dag.run.run import Run
    from fast_dag.run.streams import Stream

MOST_NAMES: Final = 10
"""Of inputs that nobody takes, in the text of an error."""
Silent = Generator[Request, Outcome, None]


def prepare(visit: Visit) -> Generator[Request, Outcome, Failure | None]:
    """Call the pre_execute hooks, outermost first; each may change inputs for the next."""
    try:
        visit.named()
        for hook in reversed(visit.hooks("pre_execute")):
            answer = yield _ask(visit, hook, dict(visit.named()))
            if answer.error is not None:
                return Failure(answer.error)  # type: ignore[arg-type]
            if answer.value is not None:
                visit.inputs = {**visit.named(), **_checked(visit, answer.value)}
    except ExecutionError as error:
        return Failure(error)
    visit.is_prepared = True
    return None


def conclude(visit: Visit, value: Any) -> Generator[Request, Outcome, Success | Failure]:
    """Call the post_execute hooks, innermost first; each may change the result for the next."""
    for hook in visit.hooks("post_execute"):
        answer = yield _ask(visit, hook, dict(visit.named()), value)
        if answer.error is not None:
            return Failure(answer.error)  # type: ignore[arg-type]
        if isinstance(answer.value, Replace):
            value = answer.value.value
        elif answer.value is not None:
            value = answer.value
    return Success(value)


def tell_of_error(visit: Visit, error: Exception) -> Silent:
    """Call the on_error hooks after a failed attempt."""
    for hook in visit.hooks("on_error"):
        try:
            inputs = dict(visit.named())
        except MissingOutputError:
            inputs = {}
        answer = yield _ask(visit, hook, inputs, error)
        if answer.error is not None:
            kind = type(answer.error).__name__
            visit.notes.append(f"its on_error hook raised {kind}: {text_of(answer.error)}")


def clean_up(visit: Visit) -> Silent:
    """Call the cleanup hooks that have not been called yet."""
    for number, hook in list(visit.cleanups.items()):
        function = _await_cleanup if hook.is_async else _call_cleanup
        arguments = (visit.cleanups, number, _ask(visit, hook).args)
        answer = yield Last(function, arguments, hook.is_async, partial(note_cleanup, visit))
        visit.cleanups.pop(number, None)
        note_cleanup(visit, answer)
    visit.run.ledger.open.pop(visit, None)


def wind_up(run: Run) -> Silent:
    """Clean up after the executions that a *run* inside a step left open when it ended."""
    visits = [each for each in reversed(run.ledger.open) if each.run.is_inside(run)]
    yield from _let_go(visits)
    yield from _clean_up_all(visits)
    for stream in _unread(run):
        yield from _close(stream)
    run.flows.forget()


def ends(run: Run) -> list[Silent]:
    """What is to be done when the outermost *run* has ended; all of these may be done at once.

    What other runs wait for is given up here, not in the time there is for these.  Executions inside
    one step are cleaned up one after the other, and before the one around them.
    """
    visits = list(reversed(run.ledger.open))
    for visit in visits:
        if visit.claim is not None:
            visit.claim.let_go()
    by_step: dict[str, list[Visit]] = {}
    for visit in visits:
        by_step.setdefault(visit.run.path_of(visit.step).partition(".")[0], []).append(visit)
    cleaned = [_clean_up_all(inside) for inside in by_step.values()]
    return [*cleaned, *[_close(stream) for stream in _unread(run)]]


def note_cleanup(visit: Visit, outcome: Outcome) -> None:
    """A cleanup hook that raises changes no result; the caller is warned."""
    if isinstance(outcome.error, Exception):
        name, kind = visit.run.path_of(visit.step), type(outcome.error).__name__
        text = f"the cleanup hook of {name!r} raised {kind}: {text_of(outcome.error)}"
        visit.run.ledger.warnings.append(text)


def _let_go(visits: Iterable[Visit]) -> Silent:
    """Give up what executions were to compute for a cache."""
    for visit in visits:
        if visit.claim is not None:
            yield Quick(visit.claim.let_go, ())


def _clean_up_all(visits: Iterable[Visit]) -> Silent:
    for visit in visits:
        yield from clean_up(visit)


def _unread(run: Run) -> list[Stream]:
    """The streams that nobody will finish now that *run* is over; what it returns may go on to read some."""
    if not run.ledger.streams:
        return []
    is_outermost = run.outer is None
    kept = run.flows.needed_by_results(is_outermost=is_outermost) if run.error is None else ()
    return [stream for stream in run.flows.unread(also_inside=is_outermost) if stream not in kept]


def _close(stream: Stream) -> Silent:
    answer = yield Ask(stream.close, ())
    if isinstance(answer.error, Exception):
        stream.ledger.warnings.append(closing_text(stream.producer, answer.error))


def _call_cleanup(cleanups: dict[int, Hook], number: int, arguments: Sequence[Any]) -> Any:
    """Call a hook, unless somebody has: it is taken out when it really begins, and never twice."""
    hook = cleanups.pop(number, None)
    return None if hook is None else hook.function(*arguments)


async def _await_cleanup(cleanups: dict[int, Hook], number: int, arguments: Sequence[Any]) -> None:
    """The same for a coroutine function: calling it is not yet its beginning."""
    hook = cleanups.pop(number, None)
    if hook is not None:
        await hook.function(*arguments)


def _ask(visit: Visit, hook: Hook, *about: Any) -> Ask:
    """The call of *hook* for the node of *visit*, with as much as it takes."""
    arguments = (visit.node, *about, visit.run.context)
    return Ask(hook.function, arguments[: hook.arity], is_async=hook.is_async)


def _checked(visit: Visit, inputs: Any) -> dict[str, Any]:
    """What a pre_execute hook answered, if it can be inputs of the node."""
    node = visit.node
    if not isinstance(inputs, dict):
        given = brief(inputs)
        msg = f"the pre_execute hook of {node.name!r} must return a dict of inputs or None, got {given}"
        raise ExecutionError(msg, node.name)
    known = visit.named()
    unknown = [name for name in inputs if name not in known and not node.signature.takes_any_name]
    if unknown:
        names = ", ".join(map(brief, unknown[:MOST_NAMES]))
        takes = ", ".join(node.inputs) or "none"
        msg = f"the pre_execute hook of {node.name!r} gave inputs it does not take: {names}; it takes {takes}"
        raise ExecutionError(msg, node.name)
    return inputs
