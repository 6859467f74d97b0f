"""Recording a run, and replaying it: every node answered from the recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fast_dag.checks import unknown_options
from fast_dag.errors import (
    CycleStateError,
    RecordingError,
    RunCancelledError,
    UnknownNodeError,
    ValidationError,
)
from fast_dag.run.brief import brief, fields_in_brief
from fast_dag.run.context import Context
from fast_dag.run.divergence import Divergence
from fast_dag.run.recorder import Recorder
from fast_dag.run.recording import Recording
from fast_dag.run.replaying import Form, Replayer
from fast_dag.runners import registry
from fast_dag.stores import recorded_values
from fast_dag.workflow.partial import Part
from fast_dag.workflow.paths import steps_named
from fast_dag.workflow.session import checked_context, session

if TYPE_CHECKING:
    from fast_dag.graph.node import Node
    from fast_dag.run.run import Run
    from fast_dag.workflow.options import RunOptions
    from fast_dag.workflow.runs import Runnable

OPTIONS = ("error_handler", "observers", "progress", "strict_observers")
"""Those of a run that a replay may have; the others are those of the recorded run, or of no use."""
RECORDED = ("error_strategy", "max_cycles", "on_limit")
"""Those that decide what happens, and are recorded."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a replay came to."""

    __repr__ = fields_in_brief

    value: Any
    """What the recorded run gave; None if the replay has parted from it."""
    context: Context
    """That of the replay."""
    divergence: Divergence | None
    """The first step without an answer that fits, None if there is none."""


def recorder_of(
    run: Run, inputs: Mapping[str, Any], options: RunOptions, part: Part | None, earlier: Context
) -> Recorder:
    """What records *run*.

    Parameters:
        run: the run, which has not begun.
        inputs, options, part: its own.
        earlier: where the values come from that nodes outside of *part* gave.

    Raises:
        RecordingError: an input cannot be recorded.
    """
    kept = {name: getattr(options, name) for name in RECORDED if getattr(options, name, None) is not None}
    kept["has_error_handler"] = options.error_handler is not None
    keep = options.keep_results
    kept["keep_results"] = keep if isinstance(keep, str) else [getattr(each, "name", each) for each in keep]
    recording = Recording(
        run.plan.name, str(run.context.metadata["run_id"]), str(options.mode), kept, _texts(inputs, "input")
    )
    recording.part = None if part is None else _outside(run, part, earlier)
    return Recorder(run, recording, recorded_values.encoded)


def replay(
    workflow: Runnable,
    recording: Recording,
    *,
    live: Iterable[str | Node[..., Any]],
    inputs: Mapping[str, Any] | None,
    context: Context | None,
    given: Mapping[str, Any],
) -> ReplayResult:
    """Run *workflow* with every node that is not *live* answered from *recording*; see `Runnable.replay`."""
    if not isinstance(recording, Recording):
        msg = f"replay takes a Recording, got {brief(recording)}: context.recording, or Recording.load(path)"
        raise ValidationError(msg, workflow.name)
    names = steps_named(workflow, live, "live")
    options = _options(workflow, recording, given)
    part = (
        None if recording.part is None else Part(frozenset(recording.part["names"]), recording.part["result"])
    )
    known = {**_values(recording.inputs), **(inputs or {})}
    made = workflow.new_context(None if context is None else checked_context(context))
    if recording.part is not None:
        _bring(made, recording.part)
    form = Form(recorded_values.encoded, recorded_values.decoded, recorded_values.needs_mask)
    with suppress(_Parted), session(workflow, known, made, options, part=part) as on_its_way:
        replayer = Replayer(on_its_way.run, recording, form, names)
        registry.replay(on_its_way.run, replayer, on_its_way.report)
        if replayer.divergence is not None:
            on_its_way.run.error = _Parted(str(on_its_way.run.error))
    return ReplayResult(on_its_way.value, made, replayer.divergence)


class _Parted(RunCancelledError):
    """The run has parted from its recording; never leaves this file."""


def _options(workflow: Runnable, recording: Recording, given: Mapping[str, Any]) -> RunOptions:
    """The options of the replay."""
    unknown = [name for name in given if name not in OPTIONS]
    if unknown:
        raise unknown_options(unknown, [*OPTIONS, "live", "inputs", "context"], "replay")
    kept = dict(recording.options)
    if kept.pop("has_error_handler", False) and given.get("error_handler") is None:
        msg = "the recorded run had an error_handler, which says how it goes on: give it to replay as well"
        raise ValidationError(msg, workflow.name)
    kept["keep_results"] = _kept(workflow, kept.get("keep_results", "all"))
    strange = [name for name in kept if name not in (*RECORDED, "keep_results")]
    try:
        workflow.options_type(**{name: kept[name] for name in kept if name not in strange})
    except (TypeError, ValueError, ValidationError) as error:
        msg = (
            f"{workflow.name!r} does not take the options of the recording of {recording.workflow!r}: {error}"
        )
        raise RecordingError(msg) from None
    if strange:
        msg = f"the recording of {recording.workflow!r} has an option {strange[0]!r}, which is never recorded"
        raise RecordingError(msg)
    return workflow.options_type(**{**kept, **given})


def _kept(workflow: Runnable, keep: Any) -> Any:
    """Whose results a replay keeps: nodes that are gone since are told of by the divergence."""
    if not isinstance(keep, list) or not all(isinstance(each, str) for each in keep):
        return keep
    found = []
    for name in keep:
        with suppress(UnknownNodeError):
            workflow.check_path(name)
            found.append(name)
    return found


def _texts(values: Mapping[str, Any], what: str) -> dict[str, str]:
    """*values* as text, by name."""
    found = {}
    for name, value in values.items():
        try:
            found[name] = recorded_values.encoded(value, f"{what} {name!r}")
        except CycleStateError as error:
            msg = f"the run cannot be recorded: {error}"
            raise RecordingError(msg) from None
    return found


def _values(texts: Mapping[str, str]) -> dict[str, Any]:
    """The values that *texts* stand for, by name."""
    found = {}
    for name, text in texts.items():
        try:
            found[name] = recorded_values.decoded(text)
        except CycleStateError as error:
            msg = f"what was recorded of {name!r} cannot be read: {error}"
            raise RecordingError(msg) from error
    return found


def _outside(run: Run, part: Part, earlier: Context) -> dict[str, Any]:
    """What comes into a part that runs by itself."""
    found, branches = {}, {}
    for slot, _, argument, branch in run.plan.given:
        value = earlier.came_from(argument.source, branch)
        del slot
        found[argument.source] = value
        if branch:
            branches[argument.source] = branch
    return {
        "names": sorted(part.names),
        "result": part.result,
        "branches": branches,
        "results": _texts(found, "the result of"),
    }


def _bring(context: Context, part: Mapping[str, Any]) -> None:
    """Have *context* hold what nodes outside a part gave."""
    values = _values(part["results"])
    context.begin({}, part["branches"], {name: values[name] for name in part["branches"]})
    context.results.update({name: value for name, value in values.items() if name not in part["branches"]})
