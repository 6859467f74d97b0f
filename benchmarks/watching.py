"""What tools that watch a cycle cost for each node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.case import Case, Sides
from fast_dag import DAG, CycleDebugger, CycleProfiler

TOOLS: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("an observer that does nothing", lambda: lambda _: None),
    ("a debugger", CycleDebugger),
    ("a profiler", CycleProfiler),
)


def cases(size: int = 1000) -> list[Case]:
    """Costs of a node, and the iteration it is alone in."""
    return [
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
    ]


def _watched(size: int, make: Callable[[], Any]) -> Sides:
    dag = DAG("count").add_node("count", lambda n=0: n + 1)
    with dag.cycle("loop", max_iterations=size) as cycle:
        cycle.feedback("count", "count", input="n")
    return Sides(lambda: dag.run(observers=[make()]), dag.run, lambda: dag["count"])
