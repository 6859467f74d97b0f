"""Taking the samples of one node with one metric, which is what most cycles have: no loops, one frame.

Anything but the expected is left to the general way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fast_dag.cycles.layout import Values

Collector = Callable[[Mapping[str, Any]], None]


class Target(NamedTuple):
    """Where a sample goes."""

    values: Values
    place: int
    take: Callable[[Any], None]
    """Adds it to its series."""
    tell: Callable[[Any], None] | None
    """Who else is told."""


def number_collector(node: str, target: Target, otherwise: Collector) -> Collector:
    """For a node that gives a number."""
    values, place, take, tell = target

    def collect(results: Mapping[str, Any]) -> None:
        if len(results) == 1 and node in results:
            value = results[node]
            if value.__class__ is float or value.__class__ is int:
                values[place] = value
                take(value)
                if tell is not None:
                    tell(value)
                return
        otherwise(results)

    return collect


def entry_collector(
    node: str, keys: tuple[Any, ...], key: str, target: Target, otherwise: Collector
) -> Collector:
    """For a node that gives a dict of *keys*, one of which, *key*, holds a number."""
    values, place, take, tell = target

    def collect(results: Mapping[str, Any]) -> None:
        if len(results) == 1 and node in results:
            result = results[node]
            if result.__class__ is dict and tuple(result) == keys:
                value = result[key]
                if value.__class__ is float or value.__class__ is int:
                    values[place] = value
                    take(value)
                    if tell is not None:
                        tell(value)
                    return
        otherwise(results)

    return collect
