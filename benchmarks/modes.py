"""What a node costs in each mode, beside a loop that stores each result in a dict."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.case import Case, Sides
from benchmarks.shapes import Shape, chain, fan_out, layered

MOST = {"chain of 1,000, sequential": 4.0}
"""The targets of the project: times the plain loop."""

MODES: dict[str, dict[str, Any]] = {
    "sequential": {"mode": "sequential"},
    "parallel, 2 workers": {"mode": "parallel", "max_workers": 2},
    "async": {"mode": "async"},
}


def cases(size: int = 1000, layers: int = 20) -> list[Case]:
    """Every shape in every mode, and what it adds to look at all results."""
    shapes = [
        (f"chain of {size:,}", partial(chain, size)),
        (f"fan-out of {size:,}", partial(fan_out, size)),
        (f"layers {layers} x {size // layers}", partial(layered, layers, size // layers)),
    ]
    found = [
        _case(f"{shape}, {mode}", make, size, options)
        for mode, options in MODES.items()
        for shape, make in shapes
    ]
    read = _case(f"chain of {size:,}, sequential, results read", shapes[0][1], size, {}, read=True)
    return [*found[:3], read, *found[3:]]


def _case(
    name: str, make: Callable[[], Shape], size: int, options: dict[str, Any], *, read: bool = False
) -> Case:
    def sides() -> Sides:
        shape = make()

        def ours() -> object:
            shape.dag.run(x=0, **options)
            return shape.dag.context.results if read else None

        return Sides(ours, shape.by_hand, lambda: shape.dag.results)

    return Case(
        name=name,
        make=sides,
        count=size,
        unit="us",
        per=" a node",
        beside="a plain loop",
        most_ratio=MOST.get(name),
    )
