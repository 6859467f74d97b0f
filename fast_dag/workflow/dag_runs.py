"""Running a DAG: whole, or in parts on the values of an earlier run."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fast_dag.graph.check import Problem, problems
from fast_dag.graph.cycle_check import cycle_problems
from fast_dag.graph.graph import Graph
from fast_dag.graph.node import Node
from fast_dag.plan.compile import compile_plan
from fast_dag.plan.plan import Plan
from fast_dag.run.context import Context
from fast_dag.workflow.cycle_conditions import condition_problems, with_conditions
from fast_dag.workflow.cycle_run import CycleRun
from fast_dag.workflow.options import CONCURRENT, ErrorHandler, RunOptions, refuse_mode, split_keywords
from fast_dag.workflow.partial import part_between, part_from, part_of_one, part_until
from fast_dag.workflow.runs import Runnable
from fast_dag.workflow.runtime import execute, execute_async

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from fast_dag.iterate.sessions import Session
    from fast_dag.run.events import Observer

End = str | Node[..., Any]


class DAGRuns(Runnable):
    """A workflow that runs every node, each as soon as its own inputs are there."""

    def compiled(self, part: Collection[str] | None = None) -> Plan:
        """The plan of the definition, which has been checked, or of the nodes in *part*."""
        plan = super().compiled(part)
        return with_conditions(plan) if plan.cycles else plan

    def problems_here(self, **options: bool) -> list[Problem]:
        """The problems of its own graph, those of the conditions of its cycles included."""
        return [*super().problems_here(**options), *condition_problems(self.drawing)]

    def run_with(
        self,
        graph: Graph,
        inputs: Mapping[str, Any] | None,
        run_id: str | None,
        options: Mapping[str, Any],
    ) -> CycleRun:
        """A run that follows *graph*, this workflow's own with other cycles, instead of the drawing.

        Parameters:
            graph: nodes of this workflow, and its edges.
            inputs: as for `run`.
            run_id: its id, None for a new one.
            options: as for `run`.

        Raises:
            ValidationError: the graph or an option is wrong.
        """
        found = [*problems(graph), *cycle_problems(graph), *condition_problems(graph)]
        self.raise_problems(found)
        return CycleRun(self, with_conditions(compile_plan(graph)), inputs, run_id, options)

    def run(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        context: Context | None = None,
        mode: str = "sequential",
        max_workers: int | None = None,
        executor: Executor | None = None,
        timeout: float | None = None,
        error_strategy: str = "fail_fast",
        error_handler: ErrorHandler | None = None,
        progress: Any = None,
        observers: Sequence[Observer] = (),
        strict_observers: bool = False,
        trace: bool = False,
        track_memory: bool = False,
        check_types: bool = False,
        record: bool = False,
        keep_results: str | Collection[str | Node[..., Any]] = "all",
        **node_inputs: Any,
    ) -> Any:
        """Run every node, each as soon as its own inputs are there.

        Parameters:
            inputs: values for open parameters by name; keywords that are no options are inputs too.
            context: used for this run, and readable after a failure; default a new one.
            mode: sequential, parallel (threads) or async.
            max_workers: how many nodes may be at work at once; default the CPU count for threads.
            executor: threads to use instead of our own; implies mode parallel.
            timeout: seconds after which the run ends with a TimeoutError.
            error_strategy: fail_fast, continue (dependants of a failed node are skipped) or
                continue_none (they get None).
            error_handler: ``handler(node_name, error, context)``, answers stop, continue, retry or None.
            progress: ``callback(node_name, status, progress)``, True for a display on standard error, or a
                text stream for one there.
            observers: called with each event of this run.
            strict_observers: an observer that raises ends the run.
            trace: keep every event: ``context.trace``.
            track_memory: sample the memory of the process: ``metrics["memory_usage"]``.
            check_types: compare the annotations along each edge first.
            record: keep a `Recording` in ``context.recording``, for `replay`.
            keep_results: all, exits (only exit nodes') or nodes by name; the results of others are freed
                as soon as the last node that reads them is done.

        Returns:
            The result of the last executed exit node in topological order.

        Raises:
            ValidationError: the definition or an option is wrong; nothing has run.
            MissingInputError: a required parameter has no value; nothing has run.
            ExecutionError: a node failed; also an instance of the class of the node's own exception.
            TimeoutError: the run or a node was out of time.
        """
        options = RunOptions(
            mode=mode,
            max_workers=max_workers,
            executor=executor,
            timeout=timeout,
            error_strategy=error_strategy,
            error_handler=error_handler,
            progress=progress,
            observers=observers,
            strict_observers=strict_observers,
            trace=trace,
            track_memory=track_memory,
            check_types=check_types,
            record=record,
            keep_results=keep_results,
        )
        return execute(self, inputs, node_inputs, context, options)

    async def run_async(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        context: Context | None = None,
        max_workers: int | None = None,
        executor: Executor | None = None,
        timeout: float | None = None,
        error_strategy: str = "fail_fast",
        error_handler: ErrorHandler | None = None,
        progress: Any = None,
        observers: Sequence[Observer] = (),
        strict_observers: bool = False,
        trace: bool = False,
        track_memory: bool = False,
        check_types: bool = False,
        record: bool = False,
        keep_results: str | Collection[str | Node[..., Any]] = "all",
        **node_inputs: Any,
    ) -> Any:
        """Run on the running event loop, of asyncio or trio.

        Parameters as for `run`, without a mode; an *executor* brings the threads for sync nodes.
        """
        refuse_mode(node_inputs)
        options = RunOptions(
            mode=CONCURRENT,
            max_workers=max_workers,
            executor=executor,
            timeout=timeout,
            error_strategy=error_strategy,
            error_handler=error_handler,
            progress=progress,
            observers=observers,
            strict_observers=strict_observers,
            trace=trace,
            track_memory=track_memory,
            check_types=check_types,
            record=record,
            keep_results=keep_results,
        )
        return await execute_async(self, inputs, node_inputs, context, options)

    def session(self, *, on_error: str = "raise", **options: Any) -> Session:
        """Runs on input that comes epoch by epoch, as ``with dag.session() as s``.

        Parameters:
            on_error: raise, or epoch: an epoch that fails is lost alone.
            options: of each run, as for `run`, but for a context: every epoch has its own.

        Raises:
            UnknownOptionError: there is no such option.
            ValidationError: the definition or an option is wrong.
        """
        epochs = importlib.import_module("fast_dag.workflow.epochs").Epochs(self, options)
        made: Session = importlib.import_module("fast_dag.iterate.sessions").Session(epochs, on_error)
        return made

    def run_from(self, name: End, inputs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Run a node and all its descendants.

        What comes from nodes outside is taken from run inputs by parameter name, else from the results
        in the given context, else from the run that finished last, whose other results the new context
        keeps.

        Parameters:
            name: the node.
            inputs, options: as for `run`, a context among them.

        Returns:
            As `run`, among these nodes.

        Raises:
            UnknownNodeError: there is no such node.
            MissingInputError: a value from outside is nowhere to be found; nothing has run.
        """
        return execute(self, inputs, *split_keywords(options), part=part_from(self, name))

    def run_until(self, name: End, inputs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Run a node and all its ancestors; the result of that node.  Parameters as for `run_from`."""
        return execute(self, inputs, *split_keywords(options), part=part_until(self, name))

    def run_between(
        self, start: End, end: End, inputs: Mapping[str, Any] | None = None, **options: Any
    ) -> Any:
        """Run all nodes on a path from *start* to *end*; the result of *end*.  Else as `run_from`.

        Raises:
            ValidationError: there is no such path.
        """
        return execute(self, inputs, *split_keywords(options), part=part_between(self, start, end))

    async def run_from_async(self, name: End, inputs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """`run_from` on the running event loop."""
        return await execute_async(
            self, inputs, *split_keywords(options, on_loop=True), part=part_from(self, name)
        )

    async def run_until_async(
        self, name: End, inputs: Mapping[str, Any] | None = None, **options: Any
    ) -> Any:
        """`run_until` on the running event loop."""
        return await execute_async(
            self, inputs, *split_keywords(options, on_loop=True), part=part_until(self, name)
        )

    async def run_between_async(
        self, start: End, end: End, inputs: Mapping[str, Any] | None = None, **options: Any
    ) -> Any:
        """`run_between` on the running event loop."""
        part = part_between(self, start, end)
        return await execute_async(self, inputs, *split_keywords(options, on_loop=True), part=part)

    def run_node(self, name: End, inputs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Run one node with its settings and handlers, and return its result; else as `run_from`."""
        return execute(self, inputs, *split_keywords(options), part=part_of_one(self, name))
