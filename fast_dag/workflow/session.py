"""One run on its way: everything checked and begun, then its books kept and its context given back."""

from __future__ import annotations

import importlib
import random
import time
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fast_dag.errors import ExecutionError, RecordingError, RunCancelledError, TimeoutError, ValidationError
from fast_dag.plan.plan import Plan
from fast_dag.run.brief import brief
from fast_dag.run.context import Context
from fast_dag.run.ledger import Ledger
from fast_dag.run.notes import Note
from fast_dag.run.policy import Handlers, strategy_named
from fast_dag.run.run import Run
from fast_dag.run.tally import Tally
from fast_dag.run.tools import Watcher
from fast_dag.run.wrapping import text_of
from fast_dag.runners import registry
from fast_dag.runners.limits import Limits
from fast_dag.workflow.inputs import starting_values
from fast_dag.workflow.options import RunOptions
from fast_dag.workflow.outcomes import completed_cycles, show_tools
from fast_dag.workflow.partial import Part, outside, remember_routes
from fast_dag.workflow.tracing import begin_trace
from fast_dag.workflow.watched import watched

if TYPE_CHECKING:
    from fast_dag.run.recorder import Recorder
    from fast_dag.workflow.definition import AnyNode
    from fast_dag.workflow.epoch import Epoch
    from fast_dag.workflow.workflow import Workflow


@dataclass(slots=True, eq=False)
class Session:
    """One run on its way: what a runner needs, and afterwards its value."""

    run: Run
    workflow: Workflow
    options: RunOptions
    report: Callable[..., None]
    started: float
    """When, by the clock of durations."""
    watchers: Sequence[Watcher] = ()
    """Tools that watch it."""
    close: Callable[..., None] | None = None
    """Ends them."""
    recorder: Recorder | None = None
    """Writes down what happens, if that is wanted."""
    value: Any = None
    memory: Any = None
    """What samples the memory, if that is wanted."""

    @property
    def limits(self) -> Limits:
        """What the run may use."""
        options = self.options
        return Limits(
            options.max_workers,
            options.timeout,
            options.executor,
            has_node_timeouts=self.run.plan.has_timeouts
            or any(plan.has_timeouts for plan in self.run.ledger.plans.values()),
            may_be_cut=any(getattr(each, "may_end", False) for each in self.watchers),
        )


@contextmanager
def session(
    workflow: Workflow,
    inputs: Mapping[str, Any],
    context: Context | None,
    options: RunOptions,
    *,
    part: Part | None = None,
    plan: Plan | None = None,
    epoch: Epoch | None = None,
) -> Iterator[Session]:
    """Check everything, give the run to be driven, then keep its books and raise what ended it.

    Of an *epoch* inputs may be missing: what needs them is skipped.
    """
    live = _begin(workflow, inputs, context, options, part=part, plan=plan, epoch=epoch)
    run = live.run
    try:
        with ExitStack() as stack:
            if options.track_memory:
                live.memory = stack.enter_context(registry.memory_sampler(_gauge().memory_mb))
            yield live
    except BaseException as error:
        run.stop(error)
        raise
    finally:
        finish(live)
        workflow.last_context = run.context
        if run.error is None:
            live.value = run.value(part.result if part else None)
        run.let_go()
        for warning in run.ledger.warnings:
            # One that is a warning already has a class of its own.
            warnings.warn(warning, RuntimeWarning, stacklevel=5)
    if run.error is not None:
        raise run.error


def finish(live: Session) -> None:
    """Keep the books of a run that is over, and give its context back."""
    run, metadata = live.run, live.run.context.metadata
    run.tally.wall = perf_counter() - live.started
    for close in list(run.ledger.inside.values()) if run.outer is None else ():
        close(run)
    metadata["execution_status"] = status = status_of(run)
    metadata["skipped"] = run.skip_reasons()
    cycles = completed_cycles(run)
    if run.tally.errors and live.options.error_handler is None:
        metadata["errors"] = _errors(run, live.started)
    run.flows.charge(run.tally)
    run.note_cycles()
    if live.recorder is not None:
        live.recorder.end(status, run.error)
    if run.outer is None:
        _note(run, "run_finished", {"status": status, "duration": run.tally.wall, "error": run.error})
    live.report(last=True)
    if live.close is not None:
        live.close(live.watchers, cycles)
        show_tools(run.error, cycles)
    run.tally.keep_texts()
    run.showing.end()
    late_results = run.late_results() if run.showing.results is None else None
    # The context keeps what it needs of the run, not the run: that holds every value.
    usage = live.memory.usage() if live.memory is not None else None
    run.context.release(late_results, partial(_metrics, run.tally, run.plan, usage))


def new_run(
    workflow: Workflow,
    plan: Plan,
    values: list[Any],
    context: Context,
    options: RunOptions,
    *,
    ledger: Ledger,
    live: bool,
    outer: Run | None = None,
    path: str = "",
) -> Run:
    """The run of a *plan* with everything that *workflow* brings along."""
    return workflow.kind_of_run(options, plan)(
        plan,
        values,
        context,
        strategy=strategy_named(options.error_strategy),
        handlers=Handlers(workflow.node_error_handlers, options.error_handler),
        hooks=workflow.hooks.copy() if workflow.hooks else None,
        cache_of=workflow.cache_of,
        keep=_kept(plan, options.keep_results),
        live=live or bool(workflow.hooks) or options.keep_results != "all",
        ledger=ledger,
        outer=outer,
        path=path,
    )


def _begin(
    workflow: Workflow,
    inputs: Mapping[str, Any],
    context: Context | None,
    options: RunOptions,
    *,
    part: Part | None,
    plan: Plan | None,
    epoch: Epoch | None,
) -> Session:
    if plan is None and epoch is None and workflow.drawing.holders:
        workflow.check_inputs(inputs, part.names if part else None)
    plan = plan or workflow.plan_for(options, part.names if part else None)
    options.check_kept(workflow)
    earlier = checked_context(workflow.last_context if context is None else context)
    values, plans = starting_values(plan, inputs, earlier, complete=epoch is None), workflow.plans()
    observers = _observers(workflow, [plan, *plans.values()], options)
    is_live = (
        context is not None
        or plan.sees_context
        or bool(workflow.node_error_handlers)
        or options.error_handler is not None
    )
    if context is None and part is not None:
        context = outside(earlier, part)
    context = workflow.new_context(context)
    values[0] = claimed(context)
    is_told = bool(observers) or options.trace
    ledger = Ledger(deque() if is_told else None, plans=plans, trend=_trend, gauge=_gauge)
    plan = plan if epoch is None else epoch.planned(plan, values)
    run = new_run(workflow, plan, values, context, options, ledger=ledger, live=is_live)
    if epoch is not None:
        epoch.begin(run)
    if part is not None:
        remember_routes(run, earlier, part)
    begin_context(run, inputs)
    live = Session(run, workflow, options, nobody_watches, perf_counter())
    if options.record:
        live.recorder = _recorder(run, inputs, options, part, earlier)
    begin_trace(run, is_wanted=options.trace, is_observed=bool(observers))
    if is_told:
        live.watchers, observers = watched(run, observers, options)
        live.report, live.close = registry.delivery(run, observers, strict=options.strict_observers)
    live.started = perf_counter()
    _note(run, "run_started", {"mode": str(options.mode), "input_names": tuple(inputs)})
    return live


def _recorder(
    run: Run, inputs: Mapping[str, Any], options: RunOptions, part: Part | None, earlier: Context
) -> Recorder:
    """What records *run*, from its first step on."""
    module = importlib.import_module("fast_dag.workflow.replaying")
    try:
        recorder: Recorder = module.recorder_of(run, inputs, options, part, earlier)
    except RecordingError:
        # Nothing has run: whoever tries again may use the same context.
        run.context.release(None, dict)
        raise
    run.context.recording, run.ledger.around = recorder.recording, recorder
    return recorder


def begin_context(run: Run, inputs: Mapping[str, Any]) -> None:
    """Show in the context that the run has begun, and with what."""
    run.context.begin(inputs, run.taken, run.passed_on)
    if run.ledger.traced is not None:
        run.ledger.traced.shapes.add(run.path, run.plan)
    metadata = run.context.metadata
    if "run_id" not in metadata:
        metadata["run_id"] = f"{random.getrandbits(128):032x}"
    metadata["execution_status"] = "running"
    run.context.recording = None
    metadata.pop("errors", None)


def claimed(context: Context) -> Context:
    """*context*, taken for a run.

    Raises:
        ExecutionError: another run has it.
    """
    if not context.claim():
        msg = "this context is in use by another run: give each run one of its own"
        raise ExecutionError(msg)
    return context


def status_of(run: Run) -> str:
    """How a run ended, as its metadata tell it."""
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


def nobody_watches(*, last: bool = False) -> None:
    """Stands for the delivery of events when there are no observers."""


def _trend(*args: Any) -> Any:
    """How a series moves; loaded when somebody asks."""
    return importlib.import_module("fast_dag.cycles.trend").trend(*args)


def _gauge() -> Any:
    """What reads what the process uses; loaded where that is limited or asked for."""
    return importlib.import_module("fast_dag.observe.meter").ProcessMeter()


def _kept(plan: Plan, keep: str | Collection[str | AnyNode]) -> frozenset[str] | None:
    """The names of the results to keep, None for all."""
    if keep == "all":
        return None
    if keep == "exits":
        return frozenset(plan.names[unit] for unit in plan.exits)
    return frozenset(name if isinstance(name, str) else name.name for name in keep)


def _observers(workflow: Workflow, plans: Sequence[Plan], options: RunOptions) -> list[Any]:
    """Who watches a run of the first of the *plans*, with the others inside its nodes."""
    plan, *inner = plans
    observers = [*workflow.observers, *options.observers]
    if any(cycle.config.tools for each in plans for cycle in each.cycles):
        observers += importlib.import_module("fast_dag.cycles.tools").tools_of(plan, inner)
    progress = workflow.progress_observer(options.progress, plan.node_count)
    return observers if progress is None else [*observers, progress]


def checked_context(context: Any) -> Context:
    """*context*; ValidationError if it is none."""
    if not isinstance(context, Context):
        msg = f"context must be a Context, got {brief(context)}"
        raise ValidationError(msg)
    return context


def _metrics(tally: Tally, plan: Plan, usage: dict[str, float] | None) -> dict[str, Any]:
    metrics = tally.metrics(plan)
    return metrics if usage is None else {**metrics, "memory_usage": usage}


def _errors(run: Run, started: float) -> list[dict[str, Any]]:
    """What went wrong, for the metadata."""
    # Turns the runner's clock into seconds since 1970.
    epoch = time.time() - perf_counter()
    return [
        {
            "node": run.plan.names[step],
            "error": text_of(error),
            "type": type(error).__name__,
            "attempts": run.tally.attempts[step],
            "timestamp": epoch + run.tally.ended.get(step, started),
        }
        for step, error in run.tally.errors.items()
    ]


def _note(run: Run, kind: str, about: dict[str, Any]) -> None:
    if run.notes is not None:
        run.notes.append(Note(kind, -1, about))
