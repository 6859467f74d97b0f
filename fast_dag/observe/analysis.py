"""What the figures of a run say: shares, trends, and where its time goes.  Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from statistics import fmean, median
from typing import Any, Final, NamedTuple

BOTTLENECK_SHARE: Final = 0.3
"""The part of the time of all nodes from which on one of them is a bottleneck."""
UNEVEN: Final = 3.0
"""How many medians the slowest calls may take before a node counts as uneven."""
LEAKING: Final = 0.01
"""The part of the memory by which it may grow in an iteration."""
OVERHEAD: Final = 0.5
"""The part of the time that may pass outside of nodes."""
CHANGED: Final = 0.1
"""The part by which the later half of a series may differ from the first and still be stable."""
FEWEST: Final = 3
"""Calls of a node that can be uneven at all."""


class Bottleneck(NamedTuple):
    """Something that holds a run up."""

    location: str
    """A node, a cycle, or the engine."""
    type: str
    """time, variance, memory or overhead."""
    impact_score: float
    """From 0 to 1."""
    optimization_suggestion: str


class Hotspot(NamedTuple):
    """A node and the time it took."""

    node: str
    total_ms: float
    share: float
    """Of the time of all nodes, from 0 to 1."""
    calls: int


def as_number(value: Any) -> float | None:
    """*value* if it is an int or a float, of whatever kind, else None; a bool is none.

    >>> as_number(2), as_number(True), as_number("2")
    (2, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if isinstance(value, float) else int(value)


def numbers(values: Iterable[Any]) -> list[float]:
    """The numbers among the values."""
    return [each for each in map(as_number, values) if each is not None]


def slope(values: Sequence[float]) -> float | None:
    """The least-squares slope per step; None with fewer than two values.

    >>> slope([1.0, 2.0, 3.0]), slope([5.0])
    (1.0, None)
    """
    count = len(values)
    if count < 2:  # noqa: PLR2004 - no line goes through one point
        return None
    centre, middle = (count - 1) / 2, fmean(values)
    above = sum((place - centre) * (each - middle) for place, each in enumerate(values))
    return above / sum((place - centre) ** 2 for place in range(count))


def tendency(values: Sequence[float]) -> str | None:
    """Whether a series goes up: increasing, decreasing or stable; None with fewer than two values.

    The means of its halves are compared, without the value in the middle; up to a tenth is stable.

    >>> tendency([1, 1, 2, 2]), tendency([1, 9, 1.05]), tendency([4])
    ('increasing', 'stable', None)
    """
    half = len(values) // 2
    if not half:
        return None
    first, later = fmean(values[:half]), fmean(values[-half:])
    if abs(later - first) <= CHANGED * abs(first):
        return "stable"
    return "increasing" if later > first else "decreasing"


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least *part* of the values do not exceed.

    >>> percentile([4, 1, 3, 2], 0.5), percentile([4, 1, 3, 2], 0.95)
    (2, 4)
    """
    return sorted(values)[max(0, ceil(part * len(values)) - 1)]


def shares(seconds: Mapping[str, float]) -> dict[str, float]:
    """The part that each has of all; 0 where there is nothing to be divided.

    >>> shares({"a": 3.0, "b": 1.0})
    {'a': 0.75, 'b': 0.25}
    """
    total = sum(seconds.values())
    return {name: each / total if total else 0.0 for name, each in seconds.items()}


def leaves(names: Iterable[str]) -> list[str]:
    """The nodes among dotted *names* that hold no other: their times are not those of others as well.

    >>> leaves(["load", "inner", "inner.a"])
    ['load', 'inner.a']
    """
    known = dict.fromkeys(names)
    holders = {name[:place] for name in known for place, each in enumerate(name) if each == "."}
    return [name for name in known if name not in holders]


def hotspots(calls: Mapping[str, Sequence[float]]) -> list[Hotspot]:
    """The nodes by the time they took, the longest first; *calls* has the seconds of each call.

    >>> hotspots({"a": [0.001], "b": [0.002, 0.001]})[0]
    Hotspot(node='b', total_ms=3.0, share=0.75, calls=2)
    """
    seconds = {name: sum(calls[name]) for name in leaves(calls)}
    parts = shares(seconds)
    found = [Hotspot(name, 1000 * seconds[name], parts[name], len(calls[name])) for name in seconds]
    return sorted(found, key=lambda each: (-each.total_ms, each.node))


def efficiency(*parts: float | None) -> float | None:
    """The mean of those *parts* that there are; None without any.

    >>> efficiency(0.5, None, 1.0)
    0.75
    """
    known = [each for each in parts if each is not None]
    return fmean(known) if known else None


def headway(iterations: int, limit: int, *, converged: bool) -> float:
    """How early a cycle has converged: 1 at once, towards 0 at its *limit* of iterations, 0 if it has not.

    >>> headway(1, 50, converged=True), headway(26, 50, converged=True), headway(9, 50, converged=False)
    (1.0, 0.5, 0.0)
    """
    return max(0.0, 1 - (iterations - 1) / limit) if converged else 0.0


def part_of(seconds: float, whole: float) -> float:
    """The part that *seconds* are of the *whole*, at most 1; 0 if that is nothing.

    >>> part_of(1.0, 4.0), part_of(8.0, 4.0), part_of(1.0, 0.0)
    (0.25, 1.0, 0.0)
    """
    return min(1.0, seconds / whole) if whole > 0 else 0.0


def slow_nodes(found: Sequence[Hotspot]) -> list[Bottleneck]:
    """Nodes that take a good part of the time; of one node alone that says nothing."""
    if len(found) < 2:  # noqa: PLR2004 - as above
        return []
    return [
        Bottleneck(
            each.node,
            "time",
            each.share,
            f"{each.share:.0%} of the time of all nodes: make it faster, cache it, or call it less often",
        )
        for each in found
        if each.share >= BOTTLENECK_SHARE
    ]


def uneven_nodes(calls: Mapping[str, Sequence[float]], found: Sequence[Hotspot]) -> list[Bottleneck]:
    """Nodes with calls that take far longer than most; their impact is the time beyond the median."""
    made = []
    for node, _, share, count in found:
        high, middle = percentile(calls[node], 0.95), median(calls[node])
        if count >= FEWEST and middle > 0 and high / middle > UNEVEN:
            times = f"{high / middle:.1f} times as long as usual"
            text = f"one call in twenty takes {times}, or longer: see what these differ in"
            made.append(Bottleneck(node, "variance", share * (1 - middle / high), text))
    return made


def leak(memory: Sequence[float], where: str) -> list[Bottleneck]:
    """That the memory grows with every iteration, in relation to where it began."""
    rise = slope(memory)
    if rise is None or memory[0] <= 0 or rise / memory[0] <= LEAKING:
        return []
    text = f"the memory grows by {rise:.3g} MiB an iteration: bound what is kept from one to the next"
    return [Bottleneck(where, "memory", part_of(rise * (len(memory) - 1), memory[-1]), text)]


def overhead(busy: float, wall: float) -> list[Bottleneck]:
    """That most of the time passes outside of nodes; seconds."""
    share = 1 - part_of(busy, wall)
    if share <= OVERHEAD or wall <= 0:
        return []
    text = f"{share:.0%} of the time passes between nodes: give each more to do, or join small ones"
    return [Bottleneck("engine", "overhead", share, text)]


def by_impact(found: Iterable[Bottleneck]) -> list[Bottleneck]:
    """The bottlenecks, the worst first."""
    return sorted(found, key=lambda each: (-each.impact_score, each.type, each.location))
