"""A runner object: a workflow with run options to keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Self

from fast_dag.checks import unknown_options
from fast_dag.errors import ValidationError
from fast_dag.run.brief import brief
from fast_dag.run.context import Context
from fast_dag.workflow.definition import Definition
from fast_dag.workflow.options import RunOptions
from fast_dag.workflow.runtime import execute, execute_async

if TYPE_CHECKING:
    from fast_dag.workflow.workflow import Workflow

NAMES = tuple(field.name for field in fields(RunOptions))


class DAGRunner:
    """Runs one workflow again and again with the same options; may serve many threads at once.

    Parameters:
        workflow: what to run.
        mode: sequential, parallel or async.
        options: run options, as for `DAG.run`; each is an attribute too.

    Raises:
        UnknownOptionError, ValueError: an option that is not known or bad.
        ValidationError: something that is no workflow, or options that contradict each other.
    """

    __slots__ = ("_options", "workflow")  # so that setting an option other than by configure is an error

    def __init__(self, workflow: Workflow, mode: str = "sequential", **options: Any) -> None:
        if not isinstance(workflow, Definition):
            msg = f"a runner needs a workflow, got {brief(workflow)}"
            raise ValidationError(msg)
        self.workflow = workflow
        self._options = _checked(RunOptions(), {"mode": mode, **options})

    def __getattr__(self, name: str) -> Any:
        if name in NAMES:
            return getattr(self._options, name)
        msg = f"{type(self).__name__!r} object has no attribute {name!r}"
        raise AttributeError(msg)

    def configure(self, **options: Any) -> Self:
        """Change options for later runs."""
        self._options = _checked(self._options, options)
        return self

    def run(
        self, inputs: Mapping[str, Any] | None = None, *, context: Context | None = None, **node_inputs: Any
    ) -> Any:
        """Run the workflow with the kept options."""
        return execute(self.workflow, inputs, node_inputs, context, self._options)

    async def run_async(
        self, inputs: Mapping[str, Any] | None = None, *, context: Context | None = None, **node_inputs: Any
    ) -> Any:
        """Run the workflow on the running event loop with the kept options, whatever the mode."""
        return await execute_async(self.workflow, inputs, node_inputs, context, self._options)

    def get_metrics(self) -> dict[str, Any]:
        """A copy of the metrics of the run that finished last on the workflow."""
        return self.workflow.get_metrics()


def _checked(options: RunOptions, changes: Mapping[str, Any]) -> RunOptions:
    unknown = [name for name in changes if name not in NAMES]
    if unknown:
        raise unknown_options(unknown, NAMES, "DAGRunner")
    return replace(options, **changes)
