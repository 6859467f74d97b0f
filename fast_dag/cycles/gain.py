"""How a metric improves: its gain, its best value, and how long it has not become better."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fast_dag.cycles.expression_values import NUMBERS, UNDEFINED, measured
from fast_dag.cycles.layout import COMPLETED, RESULTS, Values

GAIN_WINDOW = 3
"""Samples that `improvement_rate` looks at."""
VARIANCE_WINDOW = 5
"""Samples that `stability_variance` looks at."""


def sign_of(direction: str) -> int:
    """+1 to maximize, -1 to minimize."""
    return -1 if direction == "minimize" else 1


def gain(values: Sequence[Any], window: int, sign: int) -> Any:
    """The mean improvement per step over the last *window* values, sign * (x[-1] - x[-w]) / (w - 1).

    Returns:
        `UNDEFINED` with fewer values.
    """
    if len(values) < window:
        return UNDEFINED
    rate = measured(lambda ends: ends[1] - ends[0], (values[-window], values[-1]), "an improvement")
    return sign * rate / (window - 1)


class Patience:
    """Counts the samples in a row that were not better than the best by more than *least*.

    The first sample is the best so far.  A NaN is never better, and anything is better than a NaN.
    """

    __slots__ = ("best", "count", "least", "sign")

    def __init__(self, sign: int, least: float) -> None:
        self.sign, self.least = sign, least
        self.clear()

    def clear(self) -> None:
        """Forget what has been."""
        self.best: Any = None
        self.count = 0

    def saved(self) -> list[Any]:
        """The best value and the count."""
        return [self.best, self.count]

    def resume(self, data: list[Any]) -> None:
        """Take what `saved` gave in an earlier run."""
        self.best, self.count = data

    def add(self, value: Any) -> None:
        """Take one more sample; what is no number is none."""
        if value.__class__ not in NUMBERS:
            return
        if self.best is None or self.best != self.best:
            self.best = value
        elif self._is_better(value):
            self.best = value
            self.count = 0
        else:
            self.count += 1

    def _is_better(self, value: Any) -> bool:
        try:
            return bool(self.sign * (value - self.best) > self.least)
        except OverflowError:
            # An int beyond all floats; what was to be gained is nothing next to it.
            return bool(value > self.best if self.sign > 0 else value < self.best)


class Objective:
    """Where the objective was best; of equal values the earliest counts.

    Parameters:
        name: of the metric.
        sign: as of `sign_of`.
        values: where the run says how many iterations are done, and their results.
    """

    __slots__ = ("_better", "_value", "_values", "index", "name", "results", "sign")

    def __init__(self, name: str, sign: int, values: Values) -> None:
        self.name, self.sign, self._values = name, sign, values
        self._better: Callable[[Any, Any], bool] = operator.gt if sign > 0 else operator.lt
        self._value: Any = math.nan
        self.index: int | None = None
        """Index of the iteration with the best value."""
        self.results: Mapping[str, Any] = {}
        """The results of that iteration, by node."""

    @property
    def best(self) -> Any:
        """The best value, `UNDEFINED` before there is one."""
        return UNDEFINED if self.index is None else self._value

    def saved(self) -> list[Any]:
        """The best value, its iteration, and the results there."""
        return [self._value, self.index, dict(self.results)]

    def resume(self, data: list[Any]) -> None:
        """Take what `saved` gave in an earlier run."""
        self._value, self.index, self.results = data

    def add(self, value: Any) -> None:
        """Take the sample of this iteration; what is no number is none."""
        best = self._value
        # Anything is better than a NaN, which is also what it begins with.
        if value.__class__ in NUMBERS and (self._better(value, best) or best != best):  # noqa: PLR0124
            if self.index is not None and value != value:  # noqa: PLR0124
                return
            values = self._values
            self._value, self.index, self.results = value, values[COMPLETED] - 1, values[RESULTS]
