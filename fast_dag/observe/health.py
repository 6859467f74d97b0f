"""How well a run is going, from 0 to 1: the mean of what is known of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from statistics import fmean
from typing import Final

DEGRADED: Final = 0.5
"""A score below it is a bad one."""
RECENT: Final = 5
"""Iterations that are looked at."""
PATIENCE: Final = 10
"""Iterations without a better value after which, at the earliest, nothing is left of progress."""


def score_of(parts: Iterable[float | None]) -> float:
    """The mean of the *parts* that are known, each taken as 0 below 0 and as 1 above 1; 1.0 without any.

    >>> score_of([0.5, None, 1.5, -1.0])
    0.5
    """
    known = [min(1.0, max(0.0, part)) for part in parts if part is not None]
    return fmean(known) if known else 1.0


def soundness(failed: Collection[bool]) -> float | None:
    """The share of iterations that did not fail.

    >>> soundness([False, True, False, False])
    0.75
    """
    return 1 - sum(failed) / len(failed) if failed else None


def room(used: float | None, limit: float | None) -> float | None:
    """What is left of a *limit*; None without one, or where nothing is measured.

    >>> room(30.0, 120.0)
    0.75
    """
    return None if used is None or not limit else 1 - used / limit


def pace(median: float | None, recent: Collection[float]) -> float | None:
    """How fast the *recent* iterations were in relation to the *median* of all.

    >>> pace(1.0, [2.0, 2.0])
    0.5
    """
    if median is None or not recent:
        return None
    mean = fmean(recent)
    return median / mean if mean > 0 else 1.0


def progress(iterations: int | None, patience: int | None) -> float | None:
    """How much of the *patience* (at least 10 iterations) is left after so many without a better value.

    >>> progress(4, None)
    0.6
    """
    return None if iterations is None else 1 - iterations / max(patience or 0, PATIENCE)
