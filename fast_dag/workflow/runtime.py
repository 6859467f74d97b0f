"""From a workflow and options to a run and its value: one sync and one async driver."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fast_dag.errors import ExecutionError, RunCancelledError, TimeoutError, ValidationError
from fast_dag.run.context import Context
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.notes import Note
from fast_dag.run.policy import Handlers, strategy_named
from fast_dag.run.wrapping import text_of
from fast_dag.runners import registry
from fast_dag.runners.limits import Limits
from fast_dag.values import ExecutionMode
from fast_dag.workflow.inputs import merged, starting_values
from fast_dag.workflow.options import RunOptions
from fast_dag.workflow.partial import Part, outside, remember_routes

if TYPE_CHECKING:
    from fast_dag.runners.background import RunHandle
    from fast_dag.workflow.workflow import Workflow


@dataclass(slots=True)
class Session:
    """One run on its way: what a runner needs, and afterwards its value."""

    run: GraphRun
    options: RunOptions
    report: Callable[..., None]
    started: float
    """When, by the clock of durations; *epoch* is that clock's zero in seconds since 1970."""
    epoch: float
    value: Any = None

    @property
    def limits(self) -> Limits:
        """What the run may use."""
        return Limits(self.options.max_workers, self.options.timeout, self.options.executor)


def execute(
    workflow: Workflow,
    inputs: Mapping[str, Any] | None,
    node_inputs: Mapping[str, Any],
    context: Context | None,
    options: RunOptions,
    *,
    part: Part | None = None,
) -> Any:
    """Run *workflow*, or a *part* of it, to its end and return its value."""
    with session(workflow, merged(inputs, node_inputs), context, options, part=part) as live:
        registry.drive(live.run, ExecutionMode(options.mode), live.limits, live.report)
    return live.value


async def execute_async(
    workflow: Workflow,
    inputs: Mapping[str, Any] | None,
    node_inputs: Mapping[str, Any],
    context: Context | None,
    options: RunOptions,
    *,
    part: Part | None = None,
) -> Any:
    """Run *workflow*, or a *part* of it, on the running event loop and return its value."""
    options = replace(options, mode=ExecutionMode.ASYNC)
    with session(workflow, merged(inputs, node_inputs), context, options, part=part) as live:
        await registry.drive_async(live.run, live.limits, live.report)
    return live.value


def start(
    workflow: Workflow,
    inputs: Mapping[str, Any] | None,
    node_inputs: Mapping[str, Any],
    context: Context | None,
    options: RunOptions,
) -> RunHandle:
    """Check everything, then run *workflow* in the background."""
    stack = ExitStack()
    live = stack.enter_context(session(workflow, merged(inputs, node_inputs), context, options))

    def follow() -> Any:
        with stack:
            registry.drive(live.run, ExecutionMode(options.mode), live.limits, live.report)
        return live.value

    return registry.start(follow, live.run.context, workflow.name)


@contextmanager
def session(
    workflow: Workflow,
    inputs: Mapping[str, Any],
    context: Context | None,
    options: RunOptions,
    *,
    part: Part | None = None,
) -> Iterator[Session]:
    """Check everything, give the run to be driven, then keep its books and raise what ended it."""
    live = _begin(workflow, inputs, context, options, part)
    run = live.run
    try:
        yield live
    except BaseException as error:
        run.stop(error)
        raise
    finally:
        _finish(live)
        workflow.last_context = run.context
        if run.error is None:
            live.value = run.value(part.result if part else None)
        run.let_go()
    if run.error is not None:
        raise run.error


def _begin(
    workflow: Workflow,
    inputs: Mapping[str, Any],
    context: Context | None,
    options: RunOptions,
    part: Part | None,
) -> Session:
    plan = workflow.plan(check_types=options.check_types, part=part.names if part else None)
    earlier = _checked(workflow.last_context if context is None else context)
    values = starting_values(plan, inputs, earlier)
    handlers = Handlers(workflow.node_error_handlers, options.error_handler)
    observers = [*workflow.observers, *options.observers]
    is_live = context is not None or plan.sees_context or bool(handlers)
    if context is None:
        context = outside(earlier, part) if part else Context()
    values[0] = _claimed(context)
    run = GraphRun(
        plan,
        values,
        context,
        strategy=strategy_named(options.error_strategy),
        handlers=handlers,
        watched=bool(observers),
        live=is_live,
    )
    if part is not None:
        remember_routes(run, earlier, part)
    context.begin(inputs, run.routes(), run.passed_on)
    _begin_metadata(context)
    report = _nobody_watches
    if observers:
        report = registry.delivery(run, observers, strict=options.strict_observers)
    started = perf_counter()
    _note(run, "run_started", {"mode": str(options.mode), "input_names": tuple(inputs)})
    return Session(run, options, report, started, time.time() - started)


def _checked(context: Any) -> Context:
    if not isinstance(context, Context):
        msg = f"context must be a Context, got {context!r}"
        raise ValidationError(msg)
    return context


def _claimed(context: Context) -> Context:
    if not context.claim():
        msg = "this context is in use by another run: give each run one of its own"
        raise ExecutionError(msg)
    return context


def _begin_metadata(context: Context) -> None:
    metadata = context.metadata
    if "run_id" not in metadata:
        metadata["run_id"] = f"{random.getrandbits(128):032x}"
    metadata["execution_status"] = "running"
    metadata.pop("errors", None)


def _finish(live: Session) -> None:
    run, metadata = live.run, live.run.context.metadata
    run.tally.wall = perf_counter() - live.started
    metadata["execution_status"] = status = _status(run)
    metadata["skipped"] = run.skip_reasons()
    if run.tally.errors and live.options.error_handler is None:
        metadata["errors"] = _errors(run, live.epoch)
    _note(run, "run_finished", {"status": status, "duration": run.tally.wall, "error": run.error})
    live.report(last=True)
    late_results = run.named_results if run.results is None else None
    # The context keeps what it needs of the run, not the run: that holds every value.
    run.context.release(late_results, partial(run.tally.metrics, run.plan))


def _errors(run: GraphRun, epoch: float) -> list[dict[str, Any]]:
    """What went wrong, for the metadata; *epoch* turns the runner's clock into seconds since 1970."""
    return [
        {
            "node": run.plan.names[step],
            "error": text_of(error),
            "type": type(error).__name__,
            "attempts": run.tally.attempts[step],
            "timestamp": epoch + run.tally.ended.get(step, 0.0),
        }
        for step, error in run.tally.errors.items()
    ]


def _status(run: GraphRun) -> str:
    error = run.error
    if error is None:
        return "completed_with_errors" if run.tally.failed else "completed"
    if isinstance(error, TimeoutError) and error.node_name is None:
        return "timed_out"
    if isinstance(error, RunCancelledError):
        return "cancelled"
    # KeyboardInterrupt and the cancellation of each event loop; the other two are a node's own decision.
    is_cancellation = not isinstance(error, Exception | SystemExit | GeneratorExit)
    return "cancelled" if is_cancellation else "failed"


def _note(run: GraphRun, kind: str, about: dict[str, Any]) -> None:
    if run.notes is not None:
        run.notes.append(Note(kind, -1, about))


def _nobody_watches(*, last: bool = False) -> None:
    """Stands for the delivery of events when there are no observers."""
