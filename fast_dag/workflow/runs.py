"""Running a workflow in the background, or step by step."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from fast_dag.run.context import Context
from fast_dag.workflow.inputs import merged
from fast_dag.workflow.options import RunOptions, split_keywords
from fast_dag.workflow.runtime import start
from fast_dag.workflow.session import checked_context
from fast_dag.workflow.stepping import Walk, walk_of
from fast_dag.workflow.workflow import Workflow

if TYPE_CHECKING:
    from fast_dag.graph.node import Node
    from fast_dag.run.recording import Recording
    from fast_dag.runners.background import RunHandle
    from fast_dag.workflow.debugging import DebugSession
    from fast_dag.workflow.replaying import ReplayResult


class Runnable(Workflow):
    """A workflow that can be run."""

    options_type: ClassVar[type[RunOptions]] = RunOptions
    """The options of its runs."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._walk: Walk | None = None

    def run(self, inputs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Run to the end, and give the value."""
        raise NotImplementedError

    def start(self, inputs: Mapping[str, Any] | None = None, **options: Any) -> RunHandle:
        """Run in a background thread.

        Parameters:
            inputs, options: as for `run`, a context among them; what is wrong with them is raised here.

        Returns:
            A handle with `done`, `result(timeout=None)`, `cancel(reason=None)` and `context`.
        """
        return start(self, inputs, *split_keywords(options, self.options_type))

    def step(
        self, context: Context | None = None, inputs: Mapping[str, Any] | None = None, **node_inputs: Any
    ) -> tuple[Context, Any]:
        """Run the next node that is due, in the order of a sequential run.

        Parameters:
            context: keeps the position from step to step; without one the workflow keeps it itself, until
                `reset`.
            inputs, node_inputs: the run inputs, with the first step.

        Returns:
            The context and the result of the node; the result is None when nothing is left to run.

        Raises:
            ValidationError, MissingInputError: as `run`, at the first step.
            ExecutionError: the node failed, which ends the run.
        """
        begun = self._walk if context is None else checked_context(context).walk
        walk = walk_of(self, context, inputs, node_inputs, begun)
        walk.context.walk = walk
        if context is None:
            self._walk = walk
        else:
            context.walk = walk
        return walk.context, walk.step()

    def debug(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        breakpoints: Iterable[str | Node[..., Any]] = (),
        context: Context | None = None,
        **node_inputs: Any,
    ) -> DebugSession:
        """Begin a run that waits before each step until it is told to go on.

        Nothing runs until the session, a context manager, is asked.

        Parameters:
            inputs, node_inputs: the run inputs.
            breakpoints: names of nodes at which `resume` stops; ``outer.inner`` for one inside another,
                ``square[3]`` for one element of a map.
            context: used for this run; default a new one.

        Raises:
            ValidationError, MissingInputError: as `run`.
            UnknownNodeError: a breakpoint at no node.
        """
        module = importlib.import_module("fast_dag.workflow.debugging")
        made: DebugSession = module.DebugSession(self, context, merged(inputs, node_inputs), breakpoints)
        return made

    def replay(
        self,
        recording: Recording,
        *,
        live: Iterable[str | Node[..., Any]] = (),
        inputs: Mapping[str, Any] | None = None,
        context: Context | None = None,
        **options: Any,
    ) -> ReplayResult:
        """Run with every node answered from the recording of a run; no function of a node is called.

        Hooks, handlers, routers and conditions are asked as in any run, without waits, in the order in which
        things were recorded.  It is raised what the recorded run has raised.

        Parameters:
            recording: ``context.recording`` of a run with ``record=True``, or `Recording.load`.
            live: names of nodes that are called for real, with all that is inside them.
            inputs: run inputs in place of recorded ones, such as those that were recorded masked.
            context: used for the replay; default a new one.
            options: error_handler, observers, strict_observers and progress as for `run`.

        Returns:
            Value and context, and where the run has parted from the recording, if it did.

        Raises:
            UnknownNodeError: a live node that there is none of.
            UnknownOptionError: another option.
            RecordingError: a recorded value cannot be read, or a live node needs one that was masked.
            ExecutionError: as the recorded run.
        """
        module = importlib.import_module("fast_dag.workflow.replaying")
        made: ReplayResult = module.replay(
            self, recording, live=live, inputs=inputs, context=context, given=options
        )
        return made

    def reset(self) -> Self:
        """Forget the last run, and the position of `step`."""
        if self._walk is not None:
            self._walk.give_up(f"the steps of {self.name!r} were given up")
            self._walk = None
        return super().reset()
