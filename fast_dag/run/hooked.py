"""The hooks of one execution: asked before, after and whatever happens."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from fast_dag.errors import ExecutionError, MissingOutputError
from fast_dag.run.hooks import Hook
from fast_dag.run.requests import Ask, Failure, Outcome, Quick, Request, Success
from fast_dag.run.visit import Visit
from fast_dag.run.wrapping import text_of
from fast_dag.values import Replace

if TYPE_CHECKING:
    from fast_dag.run.graph_run import GraphRun

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
    while visit.cleanups:
        hook = visit.cleanups.popleft()
        answer = yield _ask(visit, hook)
        note_cleanup(visit, answer)
    visit.run.ledger.open.pop(visit, None)


def wind_up(run: GraphRun) -> Silent:
    """Clean up after the executions that a *run* inside a step left open when it ended."""
    yield from abandon([each for each in run.ledger.open if each.run.is_inside(run)])


def end(run: GraphRun) -> Silent:
    """Clean up after everything the outermost *run* left open when it ended."""
    yield from abandon(list(run.ledger.open))
    for stream in run.flows.unread():
        yield Ask(stream.close, ())


def abandon(visits: Sequence[Visit]) -> Silent:
    """Let go of what executions hold that nobody will go on with.

    What other runs wait for comes first: a hook may use up the time there is.
    """
    for visit in visits:
        if visit.claim is not None:
            yield Quick(visit.claim.let_go, ())
    for visit in visits:
        yield from clean_up(visit)


def note_cleanup(visit: Visit, outcome: Outcome) -> None:
    """A cleanup hook that raises changes no result; the caller is warned."""
    if outcome.error is not None:
        name, kind = visit.run.path_of(visit.step), type(outcome.error).__name__
        text = f"the cleanup hook of {name!r} raised {kind}: {text_of(outcome.error)}"
        visit.run.ledger.warnings.append(text)


def _ask(visit: Visit, hook: Hook, *about: Any) -> Ask:
    """The call of *hook* for the node of *visit*, with as much as it takes."""
    arguments = (visit.node, *about, visit.run.context)
    return Ask(hook.function, arguments[: hook.arity])


def _checked(visit: Visit, inputs: Any) -> dict[str, Any]:
    """What a pre_execute hook answered, if it can be inputs of the node."""
    node = visit.node
    if not isinstance(inputs, dict):
        msg = f"the pre_execute hook of {node.name!r} must return a dict of inputs or None, got {inputs!r}"
        raise ExecutionError(msg, node.name)
    known = visit.named()
    unknown = [name for name in inputs if name not in known and not node.signature.takes_any_name]
    if unknown:
        names = ", ".join(map(repr, unknown))
        takes = ", ".join(node.inputs) or "none"
        msg = f"the pre_execute hook of {node.name!r} gave inputs it does not take: {names}; it takes {takes}"
        raise ExecutionError(msg, node.name)
    return inputs
