"""What watching a run costs: an event, a trace, a tool for each node of a cycle, a sample."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from benchmarks.case import Case, Sides
from benchmarks.shapes import chain
from fast_dag import DAG, CycleDebugger, CycleMonitor, CycleProfiler, CycleSafetyManager

TOOLS: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("an observer that does nothing", lambda: lambda _: None),
    ("a debugger", CycleDebugger),
    ("a profiler", CycleProfiler),
    ("a monitor", CycleMonitor),
    ("a safety manager", CycleSafetyManager),
)


def cases(size: int = 1000) -> list[Case]:
    """Costs of an event, of a node, of the iteration it is alone in, and of a sample."""
    return [
        Case(
            name=f"chain of {size:,}, what a counting observer adds",
            make=lambda: _counted(chain(size).dag, x=0),
            count=2 * size + 2,
            unit="us",
            per=" an event",
            beside="unwatched",
            excess=True,
            most_cost=1.0,
        ),
        Case(
            name=f"cycle, {size:,} iterations, what a counting observer adds",
            make=lambda: _counted(_counting(size)),
            count=4 * size + 4,
            unit="us",
            per=" an event",
            beside="unwatched",
            excess=True,
            most_cost=1.0,
        ),
        Case(
            name=f"chain of {size:,} with general arguments, traced",
            make=lambda: _traced(_general(size)),
            count=size,
            unit="us",
            per=" a node",
            beside="untraced",
            most_ratio=2.0,
        ),
        Case(
            name=f"cycle, {size:,} iterations of one node, traced",
            make=lambda: _traced(_counting(size)),
            count=size,
            unit="us",
            per=" each",
            beside="untraced",
            most_cost=3.0,
        ),
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


def _counted(dag: DAG, **inputs: Any) -> Sides:
    seen = [0]

    def count(_: object) -> None:
        seen[0] += 1

    return Sides(lambda: dag.run(inputs, observers=[count]), lambda: dag.run(inputs))


def _traced(dag: DAG) -> Sides:
    return Sides(lambda: dag.run(trace=True), dag.run)


def _general(size: int) -> DAG:
    """A chain whose arguments are gathered by name."""
    dag = DAG("general")

    def increment(*, x: Any = 0) -> Any:
        return x + 1

    nodes = [dag.node(increment, name=f"n{number}") for number in range(size)]
    for source, target in pairwise(nodes):
        source >> target
    return dag


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
