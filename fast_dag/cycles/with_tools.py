"""A cycle that runs under a tool, by default a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fast_dag.cycles.tools import new_tool
from fast_dag.run.results import CycleResult


class WithTools:
    """What runs cycles; parameters and errors as for `CyclicWorkflowExecutor.execute_cycle`."""

    async def execute_cycle(self, *args: Any, **options: Any) -> CycleResult:
        """Run a cycle on the running event loop."""
        raise NotImplementedError

    def execute_cycle_sync(self, *args: Any, **options: Any) -> CycleResult:
        """As `execute_cycle`, for callers without an event loop."""
        raise NotImplementedError

    async def execute_with_debugging(self, *args: Any, **options: Any) -> CycleResult:
        """`execute_cycle` under a *debugger*, by default a new one, which the result has as ``debug``."""
        return await self.execute_cycle(*args, **_under("debugger", options))

    def execute_with_debugging_sync(self, *args: Any, **options: Any) -> CycleResult:
        """As `execute_with_debugging`, for callers without an event loop."""
        return self.execute_cycle_sync(*args, **_under("debugger", options))

    async def execute_with_profiling(self, *args: Any, **options: Any) -> CycleResult:
        """`execute_cycle` under a *profiler*, by default a new one, which the result has as ``profile``."""
        return await self.execute_cycle(*args, **_under("profiler", options))

    def execute_with_profiling_sync(self, *args: Any, **options: Any) -> CycleResult:
        """As `execute_with_profiling`, for callers without an event loop."""
        return self.execute_cycle_sync(*args, **_under("profiler", options))


def _under(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """*options* with a tool of that *kind*, a new one if they bring none."""
    tool = options.get(kind)
    return {**options, kind: new_tool(kind) if tool is None else tool}
