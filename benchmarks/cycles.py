"""Cycles of one node beside a plain `while` loop, and what grows with the number of iterations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.case import Case, Sides
from fast_dag import DAG
from fast_dag.cycles import CycleContext


def cases(size: int = 1000) -> list[Case]:
    """Costs of an iteration."""
    return [
        _case(f"cycle, {size:,} iterations of one node", lambda: _counting(size), size, most_cost=1.0),
        _case(
            f"cycle, {size:,} iterations, a callable condition",
            lambda: _counting(2 * size, _is_enough(size), lambda n: not n < size),
            size,
            most_cost=1.0,
        ),
        Case(
            name=f"cycle, {size:,} iterations, what a string condition adds",
            make=lambda: _compared(size),
            count=size,
            unit="us",
            per=" each",
            beside="a callable",
            excess=True,
            most_cost=1.0,
        ),
        Case(
            name=f"cycle, {10 * size:,} iterations with state that grows",
            make=lambda: Sides(_growing(10 * size).run, _growing(size).run),
            count=10 * size,
            unit="us",
            per=" each",
            beside=f"{size:,}",
            most_ratio=15.0,
        ),
    ]


def _case(name: str, make: Callable[[], Sides], count: int, most_cost: float) -> Case:
    return Case(
        name=name, make=make, count=count, unit="us", per=" each", beside="while loop", most_cost=most_cost
    )


def _one_more(n: int = 0) -> int:
    return n + 1


def _cycle(most: int, *conditions: Any) -> DAG:
    dag = DAG("count").add_node("count", _one_more)
    with dag.cycle("loop", max_iterations=most, convergence_conditions=conditions) as cycle:
        cycle.feedback("count", "count", input="n")
    return dag


def _counting(size: int, condition: Any = None, is_over: Callable[[int], bool] | None = None) -> Sides:
    dag = _cycle(size) if condition is None else _cycle(size, condition)

    def by_hand() -> int:
        n = done = 0
        while done < size:
            n = _one_more(n)
            done += 1
            if is_over is not None and is_over(n):
                break
        return n

    return Sides(dag.run, by_hand, lambda: dag["count"])


def _is_enough(size: int) -> Callable[[Any], bool]:
    return lambda results: results["count"] >= size  # type: ignore[no-any-return]


def _compared(size: int) -> Sides:
    text, function = _cycle(2 * size, f"count >= {size}"), _cycle(2 * size, _is_enough(size))
    return Sides(text.run, function.run, lambda: text["count"])


def _growing(size: int) -> DAG:
    def grow(ctx: CycleContext, n: int = 0) -> int:
        ctx.accumulate("seen", n, max_history=None)
        return n + 1

    dag = DAG("grow").add_node("grow", grow)
    with dag.cycle("loop", max_iterations=size) as cycle:
        cycle.feedback("grow", "grow", input="n")
    return dag
