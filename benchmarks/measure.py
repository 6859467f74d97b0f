"""Both sides of a case timed in turn, so that the noise of the machine falls on both."""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter

from benchmarks.case import Case, Row, Sides

LEAST = 0.005
"""Seconds that one measurement should take; shorter work is repeated."""
MOST_ROUNDS = 31


def measure(case: Case, budget: float) -> Row:
    """Check that both sides agree, then time pairs of them for about *budget* seconds, at least one."""
    sides = case.make()
    first = _seconds(sides.ours, 1)
    _check(case.name, sides)
    if sides.hand is None and first > budget:
        return Row.of(case, first, None, 1)
    often, often_by_hand = _repeats(sides.ours), _repeats(sides.hand)
    pairs: list[tuple[float, float]] = []
    end = perf_counter() + budget
    while not pairs or (len(pairs) < MOST_ROUNDS and perf_counter() < end):
        by_hand = _seconds(sides.hand, often_by_hand) if sides.hand else 0.0
        pairs.append((_seconds(sides.ours, often), by_hand))
    ratio = median(ours / hand for ours, hand in pairs) if sides.hand else None
    cost = median(ours - hand if case.excess else ours for ours, hand in pairs)
    return Row.of(case, cost, ratio, len(pairs))


def _check(name: str, sides: Sides) -> None:
    if sides.hand is not None and sides.results is not None:
        assert sides.results() == sides.hand(), f"{name}: not what the hand-written code gives"


def _repeats(work: Callable[[], object] | None) -> int:
    return 1 if work is None else max(1, round(LEAST / _lap(work, 1)))


def _seconds(work: Callable[[], object], repeats: int) -> float:
    gc.collect()
    return _lap(work, repeats)


def _lap(work: Callable[[], object], repeats: int) -> float:
    started = perf_counter()
    for _ in range(repeats):
        work()
    return (perf_counter() - started) / repeats
