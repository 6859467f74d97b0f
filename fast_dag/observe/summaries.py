"""Results of cycles beside each other: what each came to, and what all of them say."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any, NamedTuple

from fast_dag.observe.analysis import as_number
from fast_dag.observe.awaitable import Settled

if TYPE_CHECKING:
    from fast_dag.run.results import CycleResult


class ResultSummary(NamedTuple):
    """What one cycle came to in one run, without its values."""

    id: str
    cycle: str
    run_id: str
    reason: str
    converged: bool
    verdict: str | None
    iterations: int
    time_seconds: float
    ms_per_iteration: float | None
    objective: str | None
    direction: str
    best_quality: float | None
    best_iteration: int | None
    errors: int
    violations: int


class Difference(NamedTuple):
    """How a result differs from the first one it is compared with."""

    id: str
    iterations: int
    time_seconds: float
    best_quality: float | None
    """None unless both have the same objective."""


@dataclass(frozen=True, slots=True)
class Comparison(Settled):
    """Results beside each other; it may be awaited."""

    results: list[ResultSummary]
    best: str | None
    """The id of that with the best objective; None if they do not have the same one."""
    fastest: str
    fewest_iterations: str
    differences: list[Difference]
    """Of each from the first."""


class CycleStatistics(NamedTuple):
    """All results of one cycle."""

    cycle: str
    results: int
    converged: int
    mean_iterations: float
    mean_time_seconds: float
    best: str | None
    best_quality: float | None


@dataclass(frozen=True, slots=True)
class AnalyzerReport(Settled):
    """All results that an analyzer has; it may be awaited."""

    total: int
    converged: int
    convergence_rate: float | None
    """The part that converged, from 0 to 1; this and the means are None without any results."""
    reasons: dict[str, int]
    """How many ended for each reason, the most frequent first."""
    mean_iterations: float | None
    median_iterations: float | None
    mean_time_seconds: float | None
    cycles: list[CycleStatistics]
    results: list[ResultSummary]


def summary(result: CycleResult, id: str) -> ResultSummary:
    """What *result* came to."""
    count, seconds, best = result.total_iterations, result.execution_time_seconds, result.best_quality
    return ResultSummary(
        id,
        result.cycle_id,
        result.run_id,
        result.reason,
        result.converged,
        result.verdict,
        count,
        seconds,
        1000 * seconds / count if count else None,
        result.objective,
        result.direction,
        as_number(best),
        result.best_iteration,
        len(result.errors),
        len(result.violations),
    )


def compared(found: Sequence[ResultSummary]) -> Comparison:
    """At least one result, beside each other."""
    first = found[0]
    best = best_of(found) if is_same_aim(found) else None
    return Comparison(
        list(found),
        None if best is None else best.id,
        min(found, key=lambda each: each.time_seconds).id,
        min(found, key=lambda each: each.iterations).id,
        [_difference(each, first) for each in found],
    )


def reported(found: Sequence[ResultSummary]) -> AnalyzerReport:
    """What all of them say."""
    counts = [each.iterations for each in found]
    converged = sum(each.converged for each in found)
    return AnalyzerReport(
        len(found),
        converged,
        converged / len(found) if found else None,
        dict(Counter(each.reason for each in found).most_common()),
        fmean(counts) if counts else None,
        median(counts) if counts else None,
        fmean(each.time_seconds for each in found) if found else None,
        [
            _statistics(name, [each for each in found if each.cycle == name])
            for name in dict.fromkeys(each.cycle for each in found)
        ],
        list(found),
    )


def best_of(found: Iterable[ResultSummary]) -> ResultSummary | None:
    """The one with the best objective, the first of several; None if none has one."""
    known = [each for each in found if each.best_quality is not None and not math.isnan(each.best_quality)]
    return max(known, key=_quality, default=None)


def is_same_aim(found: Iterable[ResultSummary]) -> bool:
    """Whether all have the same objective, and the same direction."""
    return len({(each.objective, each.direction) for each in found}) == 1


def _quality(found: ResultSummary) -> Any:
    best: Any = found.best_quality
    return -best if found.direction == "minimize" else best


def _difference(found: ResultSummary, first: ResultSummary) -> Difference:
    gain = None
    if found.best_quality is not None and first.best_quality is not None and is_same_aim((found, first)):
        gain = found.best_quality - first.best_quality
    fewer = found.iterations - first.iterations
    return Difference(found.id, fewer, found.time_seconds - first.time_seconds, gain)


def _statistics(name: str, found: Sequence[ResultSummary]) -> CycleStatistics:
    best = best_of(found) if is_same_aim(found) else None
    return CycleStatistics(
        name,
        len(found),
        sum(each.converged for each in found),
        fmean(each.iterations for each in found),
        fmean(each.time_seconds for each in found),
        None if best is None else best.id,
        None if best is None else best.best_quality,
    )
