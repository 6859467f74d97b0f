"""Runtime: runs workflows with the same options, and gives everything a run came to at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from fast_dag.checks import unknown_options
from fast_dag.errors import ExecutionError, ValidationError
from fast_dag.run.brief import brief, fields_in_brief
from fast_dag.run.context import Context
from fast_dag.run.results import CycleResult
from fast_dag.runners.registry import is_loop_running
from fast_dag.values import ExecutionMode
from fast_dag.workflow.builder import WorkflowBuilder
from fast_dag.workflow.options import CONCURRENT, RunOptions
from fast_dag.workflow.runs import Runnable
from fast_dag.workflow.runtime import execute, execute_async


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to."""

    results: Mapping[str, Any]
    """The results of the nodes by name."""
    value: Any
    """What `run` would have returned."""
    run_id: str
    cycles: Mapping[str, CycleResult] = field(default_factory=dict)
    """What each cycle came to, by name."""

    __repr__ = fields_in_brief


class Runtime:
    """Runs workflows with the same options.

    >>> from fast_dag import DAG
    >>> Runtime(mode="parallel", max_workers=2).execute_sync(DAG("one").add_node("one", lambda: 1)).results
    {'one': 1}

    Parameters:
        mode, options: as for `DAG.run`.

    Raises:
        UnknownOptionError: a keyword that is no option.
        ValueError, ValidationError: an option is wrong.
    """

    def __init__(self, mode: str = "sequential", **options: Any) -> None:
        known = [each.name for each in fields(RunOptions)]
        unknown = [name for name in options if name not in known]
        if unknown:
            raise unknown_options(unknown, known, "Runtime")
        self.options = RunOptions(mode=mode, **options)
        self._given = options

    def __repr__(self) -> str:
        return f"<Runtime, mode {str(self.options.mode)!r}>"

    async def execute(
        self, workflow: Runnable | WorkflowBuilder, inputs: Mapping[str, Any] | None = None
    ) -> RunResult:
        """Run *workflow* on the running event loop.

        Parameters:
            workflow: a workflow, or a builder of one.
            inputs: as for `DAG.run`.

        Raises:
            As `DAG.run_async`.
        """
        given = dict(self._given)
        if self.options.mode is ExecutionMode.SEQUENTIAL:
            given["max_workers"] = 1  # which is what one after the other means there
        flow, context = _runnable(workflow), Context()
        value = await execute_async(flow, inputs, {}, context, RunOptions(**{**given, "mode": CONCURRENT}))
        return _result(value, context)

    def execute_sync(
        self, workflow: Runnable | WorkflowBuilder, inputs: Mapping[str, Any] | None = None
    ) -> RunResult:
        """Run *workflow* to its end; parameters as for `execute`.

        Raises:
            ExecutionError: an event loop is running here: await `execute`.  Else as `DAG.run`.
        """
        if is_loop_running():
            msg = "execute_sync would block the running event loop: use await execute(...)"
            raise ExecutionError(msg)
        flow, context = _runnable(workflow), Context()
        return _result(execute(flow, inputs, {}, context, self.options), context)


def _runnable(workflow: Runnable | WorkflowBuilder) -> Runnable:
    built = workflow.build() if isinstance(workflow, WorkflowBuilder) else workflow
    if not isinstance(built, Runnable):
        msg = f"only workflows and their builders can be executed, got {brief(workflow)}"
        raise ValidationError(msg)
    return built


def _result(value: Any, context: Context) -> RunResult:
    cycles = context.metadata.get("cycles", {})
    return RunResult(dict(context.results), value, context.metadata["run_id"], dict(cycles))
