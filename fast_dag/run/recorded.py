"""What the iterations of a cycle have given: outputs, series of their numbers, and how long they took."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

SCALARS = (int, float, bool, str, type(None))
DEEPEST = 4
"""Keys that may lead from a result to a scalar."""
MOST_ENTRIES = 256
"""A mapping of more is not searched."""


class Recorded:
    """The iterations of one cycle so far.

    Parameters:
        clock: in seconds; it never goes back.
        limit: how many iterations' outputs are kept, None for all.
        takes_metrics: whether the scalars among the outputs are kept as series.
    """

    def __init__(self, clock: Callable[[], float], limit: int | None, *, takes_metrics: bool) -> None:
        self.clock = clock
        self.takes_metrics = takes_metrics
        self.outputs: deque[dict[str, Any]] = deque(maxlen=limit)
        self.series: dict[str, list[Any]] = {}
        self.started = self.last = clock()
        """When the cycle and its current iteration began."""
        self.count = 0
        self.seconds = 0.0
        """Those of the last iteration."""

    @property
    def elapsed(self) -> float:
        """Seconds since the cycle began."""
        return self.clock() - self.started

    def take(self, results: Mapping[str, Any]) -> None:
        """Note what one more iteration gave."""
        now = self.clock()
        self.seconds, self.last = now - self.last, now
        self.count += 1
        self.outputs.append(dict(results))
        if self.takes_metrics:
            for name, value in scalars(results).items():
                self.series.setdefault(name, []).append(value)

    @property
    def mean_seconds(self) -> float:
        """Those of an iteration on average."""
        return (self.last - self.started) / self.count if self.count else 0.0


def scalars(results: Mapping[str, Any]) -> dict[str, Any]:
    """The scalars in *results* by name: the last key that leads to each, where that is the only one such.

    >>> scalars({"fit": {"loss": 0.5, "rows": 3}, "check": {"rows": 4}, "done": True})
    {'loss': 0.5, 'fit.rows': 3, 'check.rows': 4, 'done': True}
    """
    found = list(_found(results))
    times = Counter(path[-1] for path, _ in found)
    return {path[-1] if times[path[-1]] == 1 else ".".join(path): value for path, value in found}


def _found(results: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    work: list[tuple[tuple[str, ...], Any]] = [((), results)]
    while work:
        path, value = work.pop()
        if isinstance(value, SCALARS):
            yield path, value
        elif isinstance(value, Mapping) and len(path) <= DEEPEST and len(value) <= MOST_ENTRIES:
            inside = [((*path, key), held) for key, held in value.items() if isinstance(key, str)]
            work.extend(reversed(inside))


def trend_figures(values: list[Any]) -> dict[str, Any] | None:
    """The figures of one series; None if not all of it are numbers, or there are none."""
    if not values or not all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    ):
        return None
    latest, previous = values[-1], values[-2] if len(values) > 1 else None
    change = None if previous is None else latest - previous
    return {
        "values": list(values),
        "latest": latest,
        "previous": previous,
        "change": change,
        "change_percent": change / previous * 100 if previous and change is not None else None,
        "average": sum(values) / len(values),
        "min": min(values),
        "max": max(values),
    }
