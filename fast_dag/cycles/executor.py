"""CyclicWorkflowExecutor: runs a workflow for the sake of one of its cycles, whose result it gives."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.cycles.amended import Chosen, amended
from fast_dag.cycles.builder import Buildable
from fast_dag.cycles.execution import Execution
from fast_dag.cycles.iterations import CycleIterations
from fast_dag.cycles.persistence import Checkpoints, Head, Keeping, codec_of, mark_of
from fast_dag.cycles.resources import Resources
from fast_dag.cycles.setting_checks import checked
from fast_dag.cycles.tools import check_tool, watched_by, with_enabled, with_tools
from fast_dag.cycles.with_tools import WithTools
from fast_dag.errors import CycleConfigurationError, CycleStateError, ExecutionError
from fast_dag.graph import cycle_fields as check
from fast_dag.graph.keywords import known_keywords
from fast_dag.run.results import CycleResult
from fast_dag.runners.registry import is_loop_running


class CyclicWorkflowExecutor(WithTools):
    """Runs workflows for the sake of one of their cycles; one may serve many runs at once.

    >>> from fast_dag import DAG
    >>> dag = DAG("counting").add_node("count", lambda value=0: value + 1).feedback("count", "count")
    >>> executor = CyclicWorkflowExecutor(dag, max_iterations=3)
    >>> result = executor.execute_cycle_sync("count_loop")
    >>> result.outputs, result.reason
    ({'count': 3}, 'max_iterations')

    Parameters:
        workflow: what runs where a call brings no workflow of its own.
        name: that of a registered workflow to run otherwise.
        max_iterations, timeout_seconds, memory_limit_mb: limits besides those of the cycles; the smaller one
            counts.
        enable_monitoring, enable_profiling, enable_debugging: have a new `CycleMonitor`, `CycleProfiler` or
            `CycleDebugger` watch each run that brings none of its own: ``result.profile``, ``result.debug``.
        state_persistence: keep a checkpoint of each run, so that another can go on from there.
        state_compression: compress them.
        state_store: where they are kept: a store, the path of a folder, by default the executor's memory.
        checkpoint_every: after how many iterations there is one.
        serializer, allow_pickle: as for `StateCodec`.
        safety_manager: a `CycleSafetyManager` that guards each run.
        resources: what is done about memory, processor and input and output; see `Resources`.

    Raises:
        UnknownOptionError: there is no such setting.
        CycleConfigurationError: a setting is wrong.
    """

    @known_keywords
    def __init__(
        self,
        workflow: Any = None,
        name: str | None = None,
        *,
        max_iterations: int | None = None,
        timeout_seconds: float | None = None,
        memory_limit_mb: float | None = None,
        enable_monitoring: bool = False,
        enable_profiling: bool = False,
        enable_debugging: bool = False,
        state_persistence: bool = False,
        state_compression: bool = False,
        state_store: Any = None,
        checkpoint_every: int = 1,
        serializer: str = "json",
        allow_pickle: bool = False,
        safety_manager: Any = None,
        resources: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self._workflow = workflow
        self._registered: dict[str, Any] = {}
        self._caps = {
            "max_iterations": checked("max_iterations", max_iterations, check.optional(check.integer(1))),
            "timeout_seconds": checked("timeout_seconds", timeout_seconds, check.optional(check.seconds)),
            "memory_limit_mb": checked("memory_limit_mb", memory_limit_mb, check.optional(check.amount)),
        }
        kinds = {
            "monitor": ("enable_monitoring", enable_monitoring),
            "profiler": ("enable_profiling", enable_profiling),
            "debugger": ("enable_debugging", enable_debugging),
        }
        self._enabled = [kind for kind, (name, is_on) in kinds.items() if checked(name, is_on, check.flag)]
        self._guards = [] if safety_manager is None else [check_tool("safety_manager", safety_manager)]
        self._resources = Resources({} if resources is None else resources)
        self._caps["memory_limit_mb"] = self._resources.least_memory(self._caps["memory_limit_mb"])
        self._under_way: dict[str, Execution] = {}
        self._checkpoints: Checkpoints | None = None
        every = checked("checkpoint_every", checkpoint_every, check.integer(1))
        codec = codec_of(serializer, allow_pickle=allow_pickle, compress=state_compression)
        if checked("state_persistence", state_persistence, check.flag):
            self._checkpoints = Checkpoints(state_store, every, codec)
        elif state_store is not None or state_compression:
            name = "state_compression" if state_store is None else "state_store"
            msg = f"{name} means nothing without state_persistence=True"
            raise CycleConfigurationError(msg)

    def __repr__(self) -> str:
        return f"<CyclicWorkflowExecutor, {len(self._under_way)} runs under way>"

    def register_workflow(self, workflow: Any, name: str | None = None) -> None:
        """Have *name*, by default the workflow's own, stand for *workflow*."""
        self._registered[workflow.name if name is None else name] = workflow

    def unregister_workflow(self, name: str) -> None:
        """Have *name* stand for nothing; an ExecutionError if it does already."""
        if name not in self._registered:
            msg = f"no workflow is registered as {name!r}{suggestion(name, self._registered)}"
            raise ExecutionError(msg)
        del self._registered[name]

    async def execute_cycle(
        self,
        cycle_config: Chosen = None,
        initial_data: Mapping[str, Any] | None = None,
        workflow: Any = None,
        *,
        run_id: str | None = None,
        on_error: str = "raise",
        **options: Any,
    ) -> CycleResult:
        """Run a workflow on the running event loop, and give the result of one of its cycles.

        Parameters:
            cycle_config: the cycle by its name, or as it was built; or settings, which win over those of the
                cycle they name (or the only one) in this run.  Their ``parameter_mapping`` adds feedback
                edges; in a workflow without cycles it makes one.
            initial_data: run inputs, by ``node.parameter`` or parameter.
            workflow: what runs; default that of the executor, then the one registered under its name.
            run_id: the id of this run, default a new one.
            on_error: raise, or return a result with reason ``error``.
            options: as for `DAG.run`, mode and observers among them; *monitor*, *debugger*, *profiler* and
                *safety_manager*, which are observers too; and *resume*, the id of a run whose cycle is to be
                gone on with, True for the latest.

        Returns:
            What the cycle came to; that of a cycle that `cancel` ended has the reason ``cancelled``.

        Raises:
            CycleConfigurationError: there is no such cycle.
            ValidationError: something else is wrong with the definition or the options.
            ExecutionError: a node failed; ``.result`` tells what the cycle came to.
        """
        execution = self._execution(
            cycle_config, initial_data, workflow, run_id=run_id, on_error=on_error, options=options
        )
        with execution.failing():
            await execution.run.run_async()
        return execution.result()

    def execute_cycle_sync(
        self,
        cycle_config: Chosen = None,
        initial_data: Mapping[str, Any] | None = None,
        workflow: Any = None,
        *,
        run_id: str | None = None,
        on_error: str = "raise",
        **options: Any,
    ) -> CycleResult:
        """As `execute_cycle`, for callers without an event loop.

        Raises:
            ExecutionError: an event loop is running here: await `execute_cycle`.  Else as there.
        """
        if is_loop_running():
            msg = "execute_cycle_sync would block the running event loop: use await execute_cycle(...)"
            raise ExecutionError(msg)
        execution = self._execution(
            cycle_config, initial_data, workflow, run_id=run_id, on_error=on_error, options=options
        )
        with execution.failing():
            execution.run.run()
        return execution.result()

    def execute_with_monitoring(
        self,
        cycle_config: Chosen = None,
        initial_data: Mapping[str, Any] | None = None,
        workflow: Any = None,
        *,
        run_id: str | None = None,
        on_error: str = "raise",
        **options: Any,
    ) -> CycleIterations:
        """Run a cycle iteration by iteration, each when it is asked for; parameters as for `execute_cycle`.

        Returns:
            For ``async for`` and ``async with``; has `result` and `aclose`.
        """
        return CycleIterations(
            self._execution(
                cycle_config, initial_data, workflow, run_id=run_id, on_error=on_error, options=options
            )
        )

    async def resume_cycle(
        self,
        run_id: str | bool = True,  # noqa: FBT001, FBT002 - True stands for the latest
        cycle_config: Chosen = None,
        initial_data: Mapping[str, Any] | None = None,
        workflow: Any = None,
        **options: Any,
    ) -> CycleResult:
        """Go on with a run behind its last checkpoint, on the running event loop.

        What has been used of limits counts, and nodes before the cycle are not run again.

        Parameters:
            run_id: of the run, True for the one that was written last.
            cycle_config, initial_data, workflow, options: as for `execute_cycle`; cycle and run inputs are
                those of that run unless they are given.  Limits may be others.

        Returns:
            What the whole cycle came to, as if it had never been interrupted.

        Raises:
            CycleStateError: nothing is kept of that run, or the cycle has other settings now.
        """
        return await self.execute_cycle(cycle_config, initial_data, workflow, resume=run_id, **options)

    def resume_cycle_sync(
        self,
        run_id: str | bool = True,  # noqa: FBT001, FBT002 - as above
        cycle_config: Chosen = None,
        initial_data: Mapping[str, Any] | None = None,
        workflow: Any = None,
        **options: Any,
    ) -> CycleResult:
        """As `resume_cycle`, for callers without an event loop."""
        return self.execute_cycle_sync(cycle_config, initial_data, workflow, resume=run_id, **options)

    def cancel(self, run_id: str | None = None) -> CycleResult | None:
        """End a run that is under way, or all of them, from any thread; nothing behind the cycle runs.

        Parameters:
            run_id: which; None for all.

        Returns:
            What the cycle came to, of several the one begun last; None if none is under way.  It may also be
            awaited.

        Raises:
            ExecutionError: no such run is under way.
        """
        if run_id is not None and run_id not in self._under_way:
            msg = f"no run {run_id!r} is under way here{suggestion(run_id, self._under_way)}"
            raise ExecutionError(msg)
        found = list(self._under_way.values()) if run_id is None else [self._under_way[run_id]]
        results = [each.cancel() for each in found]
        return results[-1] if results else None

    def _execution(
        self,
        chosen: Chosen,
        initial_data: Mapping[str, Any] | None,
        workflow: Any,
        *,
        run_id: str | None,
        on_error: str,
        options: dict[str, Any],
    ) -> Execution:
        checked("on_error", on_error, check.one_of("raise", "return"))
        given = watched_by(with_tools(with_enabled(options, self._enabled)), self._guards)
        threads, given = self._resources.threads(given), self._resources.options(given)
        built = self._chosen(workflow)
        found = self._resumed(given.pop("resume", None))
        if found is not None:
            chosen = found["cycle"] if chosen is None else chosen
            initial_data, run_id = {**found["inputs"], **(initial_data or {})}, run_id or found["run_id"]
        graph, name = amended(built.wired, chosen, self._caps)
        self._resources.supply(graph)
        run_id = run_id or f"{random.getrandbits(128):032x}"
        run = built.run_with(graph, initial_data, run_id, given)
        run.threads, run.cache_of = threads, self._resources.cache_of(built.cache_of)
        if self._checkpoints is not None:
            head = Head(name, run_id, mark_of(graph, name))
            run.keeper = Keeping(self._checkpoints, head, initial_data or {}, found)
        return Execution(name, run, returns=on_error == "return", under_way=self._under_way)

    def _resumed(self, resume: object) -> dict[str, Any] | None:
        """The checkpoint to go on from, None to begin anew."""
        if resume is None or resume is False:
            return None
        if self._checkpoints is None:
            msg = "nothing is kept here to go on from: CyclicWorkflowExecutor(state_persistence=True)"
            raise CycleStateError(msg)
        return self._checkpoints.found(resume)

    def _chosen(self, workflow: Any) -> Any:
        """The workflow to run: of the call, of the executor, or the one registered under its name."""
        found = next((each for each in (workflow, self._workflow) if each is not None), None)
        if found is None:
            found = self._registered.get(self.name or "")
        if found is None and self.name is None and len(self._registered) == 1:
            (found,) = self._registered.values()
        if found is None:
            remedies = "workflow= of the call or of the executor, or register_workflow(workflow, name)"
            known = ", ".join(map(repr, self._registered)) or "none"
            msg = f"there is no workflow to run: give {remedies}; name is {self.name!r}, registered: {known}"
            raise CycleConfigurationError(msg)
        if not isinstance(found, Buildable):
            msg = f"a workflow with cycles is a DAG or a WorkflowBuilder, got {type(found).__name__}"
            raise CycleConfigurationError(msg)
        return found.build() if hasattr(found, "build") else found
