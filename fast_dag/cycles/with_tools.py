"""A cycle that runs under a tool, by default a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fast_dag.cycles.amended import Chosen
from fast_dag.cycles.tools import new_tool
from fast_dag.run.results import CycleResult


class WithTools:
    """What runs cycles; parameters and errors as for `CyclicWorkflowExecutor.execute_cycle`."""

    execute_cycle: Any
    execute_cycle_sync: Any

    async def execute_with_debugging(
        self,
        cycle_config: Chosen = None,
        initial_data: Mapping[str, Any] | None = None,
        workflow: Any = None,
        *,
        debugger: Any = None,
        **options: Any,
    ) -> CycleResult:
        """`execute_cycle` under a debugger, by default a new one, which the result has as ``debug``."""
        debugger = new_tool("debugger") if debugger is None else debugger
        made: CycleResult = await self.execute_cycle(
            cycle_config, initial_data, workflow, debugger=debugger, **options
        )
        return made

    def execute_with_debugging_sync(
        self,
        cycle_config: Chosen = None,
        initial_data: Mapping[str, Any] | None = None,
        workflow: Any = None,
        *,
        debugger: Any = None,
        **options: Any,
    ) -> CycleResult:
        """As `execute_with_debugging`, for callers without an event loop."""
        debugger = new_tool("debugger") if debugger is None else debugger
        made: CycleResult = self.execute_cycle_sync(
            cycle_config, initial_data, workflow, debugger=debugger, **options
        )
        return made

    async def execute_with_profiling(
        self,
        cycle_config: Chosen = None,
        initial_data: Mapping[str, Any] | None = None,
        workflow: Any = None,
        *,
        profiler: Any = None,
        **options: Any,
    ) -> CycleResult:
        """`execute_cycle` under a profiler, by default a new one, which the result has as ``profile``."""
        profiler = new_tool("profiler") if profiler is None else profiler
        made: CycleResult = await self.execute_cycle(
            cycle_config, initial_data, workflow, profiler=profiler, **options
        )
        return made

    def execute_with_profiling_sync(
        self,
        cycle_config: Chosen = None,
        initial_data: Mapping[str, Any] | None = None,
        workflow: Any = None,
        *,
        profiler: Any = None,
        **options: Any,
    ) -> CycleResult:
        """As `execute_with_profiling`, for callers without an event loop."""
        profiler = new_tool("profiler") if profiler is None else profiler
        made: CycleResult = self.execute_cycle_sync(
            cycle_config, initial_data, workflow, profiler=profiler, **options
        )
        return made
