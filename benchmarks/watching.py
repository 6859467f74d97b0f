"""What tools that watch a cycle cost for each node, and what a sample costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.case import Case, Sides
from fast_dag import DAG, CycleDebugger, CycleMonitor, CycleProfiler, CycleSafetyManager

TOOLS: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("an observer that does nothing", lambda: lambda _: None),
    ("a debugger", CycleDebugger),
    ("a profiler", CycleProfiler),
    ("a monitor", CycleMonitor),
    ("a safety manager", CycleSafetyManager),
)


def cases(size: int = 1000) -> list[Case]:
    """Costs of a node, and the iteration it is alone in; and of a sample."""
    return [
        *(
            Case(
                name=f"cycle, {size:,} iterations of one node, what {name} adds",
                make=lambda make=make: _watched(size, make),  # type: ignore[misc]
                count=size,
                unit="us",
                per=" each",
                beside="none",
                excess=True,
            )
            for name, make in TOOLS
        ),
        Case(
            # There are ten a second, so that 1000 us would be 1 % of the time.
            name="a sample of a monitor, and all that it tells",
            make=_sampling,
            unit="us",
            most_cost=1000.0,
        ),
    ]


def _watched(size: int, make: Callable[[], Any]) -> Sides:
    dag = _counting(size)
    return Sides(lambda: dag.run(observers=[make()]), dag.run, lambda: dag["count"])


def _sampling() -> Sides:
    monitor = CycleMonitor()
    _counting(100).run(observers=[monitor])
    monitor.start()
    return Sides(monitor.get_current_metrics)


def _counting(size: int) -> DAG:
    dag = DAG("count").add_node("count", lambda n=0: n + 1)
    with dag.cycle("loop", max_iterations=size) as cycle:
        cycle.feedback("count", "count", input="n")
    return dag
