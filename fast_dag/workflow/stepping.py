"""Going through a workflow by hand, node by node, with the position kept between calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from fast_dag.errors import RunCancelledError, ValidationError
from fast_dag.run.context import Context
from fast_dag.runners import registry
from fast_dag.workflow.inputs import merged
from fast_dag.workflow.options import RunOptions
from fast_dag.workflow.session import session

if TYPE_CHECKING:
    from fast_dag.run.ledger import Around
    from fast_dag.workflow.workflow import Workflow


class Guided:
    """A run that goes on only when it is told to.

    Parameters:
        workflow: what runs.
        context: of the run; what it holds is visible to nodes.
        inputs: of the run; they are checked now.
        options: of the run.
        around: what stands around its steps, None for nothing.
    """

    def __init__(
        self,
        workflow: Workflow,
        context: Context | None,
        inputs: Mapping[str, Any],
        options: RunOptions,
        around: Around | None = None,
    ) -> None:
        self.workflow = workflow
        self.is_over = False
        self._stack = ExitStack()
        self.live = self._stack.enter_context(session(workflow, inputs, context, options))
        self.context = self.live.run.context
        self.live.run.ledger.around = around
        self.stepper = registry.stepper(self.live.run, self.live.report)
        self._stack.callback(self.stepper.close)

    @contextmanager
    def going(self) -> Iterator[None]:
        """For the time something of it is done: what is raised there, and the end, close its books."""
        try:
            yield
        except BaseException as error:
            self.is_over = True
            self._stack.__exit__(type(error), error, error.__traceback__)
            raise
        if self.live.run.finished:
            self.is_over = True
            self._stack.close()

    def give_up(self, because: str) -> None:
        """End the run where it is."""
        if not self.is_over:
            self.live.run.stop(RunCancelledError(because))
            with suppress(RunCancelledError), self.going():
                pass


class Walk(Guided):
    """A run whose position `step` keeps.

    Parameters:
        workflow, context, inputs: as for `Guided`.
    """

    def __init__(self, workflow: Workflow, context: Context, inputs: Mapping[str, Any]) -> None:
        super().__init__(workflow, context, inputs, workflow.step_options())

    def step(self) -> Any:
        """Run the node that is due next and give its result; None if there is none."""
        if self.is_over:
            return None
        with self.going():
            name = self.stepper.step()
        return None if name is None else self.context.results.get(name)


def walk_of(
    workflow: Workflow,
    context: Context | None,
    inputs: Mapping[str, Any] | None,
    node_inputs: Mapping[str, Any],
    begun: Walk | None,
) -> Walk:
    """The walk that a call of `step` belongs to: the one that has *begun*, or a new one.

    Raises:
        ValidationError: inputs for a walk that has begun, or a context of another workflow's.
    """
    given = merged(inputs, node_inputs)
    if begun is None:
        return Walk(workflow, workflow.new_context(context), given)
    if begun.workflow is not workflow:
        msg = f"this context is at a step of {begun.workflow.name!r}, not of {workflow.name!r}"
        raise ValidationError(msg, workflow.name)
    if given:
        msg = f"inputs belong to the first step of {workflow.name!r}, which is done: begin anew with reset()"
        raise ValidationError(msg, workflow.name)
    return begun
