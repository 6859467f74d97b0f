"""What is measured, and what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

UNITS = {"us": 1e6, "ms": 1e3, "s": 1.0}


class Sides(NamedTuple):
    """Two ways of doing the same; *results* gives what ours has made, and must equal what *hand* returns."""

    ours: Callable[[], object]
    hand: Callable[[], object] | None = None
    results: Callable[[], object] | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of the table.

    Parameters:
        name: what is done.
        make: builds both sides; not part of the time.
        count: how many nodes (or runs) the time is divided by.
        unit: us, ms or s.
        per: what the cost is for, as ' a node'.
        beside: what the hand-written side is.
        excess: whether the cost is what ours takes beyond the other.
        most_ratio, most_cost: the targets of the project, where it has one.
    """

    name: str
    make: Callable[[], Sides]
    count: int = 1
    unit: str = "ms"
    per: str = ""
    beside: str = ""
    excess: bool = False
    most_ratio: float | None = None
    most_cost: float | None = None


@dataclass(frozen=True)
class Row:
    """What was found for a case: medians over *rounds* pairs, taken in turn."""

    name: str
    cost: float
    unit: str
    ratio: float | None
    beside: str
    target: str
    is_met: bool | None
    rounds: int

    @classmethod
    def of(cls, case: Case, seconds: float, ratio: float | None, rounds: int) -> Row:
        """The row of *case*, which took *seconds* and *ratio* times the hand-written side."""
        cost = seconds / case.count * UNITS[case.unit]
        target, is_met = _verdict(case, cost, ratio)
        return cls(case.name, cost, case.unit + case.per, ratio, case.beside, target, is_met, rounds)

    def to_dict(self) -> dict[str, Any]:
        """The row for JSON."""
        return dict(vars(self))


def _verdict(case: Case, cost: float, ratio: float | None) -> tuple[str, bool | None]:
    if case.most_ratio is not None and ratio is not None:
        return f"<= {case.most_ratio:g} x", ratio <= case.most_ratio
    if case.most_cost is not None:
        return f"<= {case.most_cost:g} {case.unit}", cost <= case.most_cost
    return "", None
