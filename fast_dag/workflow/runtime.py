"""From a workflow and options to a value: one sync and one async driver."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from fast_dag.run.context import Context
from fast_dag.runners import registry
from fast_dag.workflow.inputs import merged
from fast_dag.workflow.options import RunOptions
from fast_dag.workflow.partial import Part
from fast_dag.workflow.session import session

if TYPE_CHECKING:
    from fast_dag.runners.background import RunHandle
    from fast_dag.workflow.workflow import Workflow


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
        registry.drive(live.run, options.mode, live.limits, live.report)
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
    with session(workflow, merged(inputs, node_inputs), context, options.on_loop(), part=part) as live:
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
            registry.drive(live.run, options.mode, live.limits, live.report)
        return live.value

    return registry.start(follow, live.run.context, workflow.name)
