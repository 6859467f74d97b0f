"""What the conditions of a cycle keep from one iteration to the next, as data that another run can take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fast_dag.cycles.gain import Objective, Patience
from fast_dag.cycles.layout import Series
from fast_dag.cycles.metrics import Metrics

Counts = Sequence[Patience | Objective]


def saved(
    metrics: Metrics, every: Mapping[str, Series] | None, latest: Mapping[str, Any], counts: Counts
) -> dict[str, Any]:
    """The series in use and all others, the last results, and what counts."""
    return {
        "series": {name: list(series.values) for name, series in metrics.series.items()},
        "every": {name: list(series.values) for name, series in (every or {}).items()},
        "latest": dict(latest),
        "counts": [each.saved() for each in counts],
    }


def resume(
    data: Mapping[str, Any],
    metrics: Metrics,
    every: Mapping[str, Series] | None,
    latest: Mapping[str, Any],
    counts: Counts,
) -> None:
    """Take what `saved` gave in an earlier run."""
    # What was followed then may be followed by nobody now.
    for kept, held in ((data["series"], metrics.series), (data["every"], every or {})):
        for name, series in held.items():
            series.values[:] = kept.get(name, ())
    for each, count in zip(counts, data["counts"], strict=True):
        each.resume(count)
    metrics.resume(latest)
