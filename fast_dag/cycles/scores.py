"""How close metrics are to their targets: one score each, and one for all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from fast_dag.cycles.expression_values import NUMBERS, shown
from fast_dag.cycles.gain import sign_of
from fast_dag.cycles.setting_checks import by_metric, checked, least, number, table_of
from fast_dag.errors import ConvergenceExpressionError, CycleConfigurationError
from fast_dag.graph import cycle_fields as check


class Target(NamedTuple):
    """What one metric is to reach.

    >>> accuracy = Target(0.95, weight=0.4, sign=1, tolerance=0.001)
    >>> accuracy.met(0.93), round(accuracy.score(0.93), 7)
    (False, 0.9789474)
    """

    value: float
    weight: float
    sign: int
    """+1 for a metric that is to become large, -1 for one that is to become small."""
    tolerance: float

    def met(self, value: float) -> bool:
        """Whether *value* is at most the tolerance short of the target; NaN never is."""
        if self.sign > 0:
            return value >= self.value - self.tolerance
        return value <= self.value + self.tolerance

    def score(self, value: float) -> float:
        """1 if it is met, else 1 - gap / scale, and at least 0.

        The gap is what is short of the target, the scale the size of the target, or the tolerance and at
        least 1 if the target is 0.
        """
        if self.met(value):
            return 1.0
        gap = self.sign * (self.value - value)
        scale = abs(self.value) or max(self.tolerance, 1.0)
        # NaN is no distance at all.
        return 0.0 if math.isnan(gap) else max(0.0, 1.0 - gap / scale)


class Scored(NamedTuple):
    """What the metrics of one iteration came to."""

    met: dict[str, bool]
    scores: dict[str, float]
    weighted: float
    missing: list[str]


def read_targets(name: str, given: Any) -> dict[str, Target]:
    """The targets in a mapping from metrics to target, weight, direction and tolerance.

    Raises:
        CycleConfigurationError: no metrics, a bad value, or weights that sum to 0.
    """
    found = {
        metric: Target(
            each["target"],
            each.get("weight", 1),
            sign_of(each.get("direction", "maximize")),
            each.get("tolerance", 0),
        )
        for metric, each in checked(name, given, by_metric(table_of(TARGET, "target"))).items()
    }
    if not sum(each.weight for each in found.values()) > 0:
        msg = f"the weights of {name} sum to 0: give one metric a weight"
        raise CycleConfigurationError(msg)
    return found


def scored(targets: Mapping[str, Target], values: Mapping[str, Any]) -> Scored:
    """The scores of *values*, by metric; one without a value is not met, and its weight counts.

    Raises:
        ConvergenceExpressionError: a value that is no number.
    """
    missing = [name for name in targets if values.get(name) is None]
    for name, value in values.items():
        if value is not None and value.__class__ not in NUMBERS:
            msg = f"metric {name!r}: a target is reached by numbers, not by {shown(value)}"
            raise ConvergenceExpressionError(msg)
    present = {name: values[name] for name in targets if name not in missing}
    met = {name: name in present and target.met(present[name]) for name, target in targets.items()}
    scores = {
        name: target.score(present[name]) if name in present else 0.0 for name, target in targets.items()
    }
    return Scored(met, scores, weighted(targets, scores), missing)


def weighted(targets: Mapping[str, Target], scores: Mapping[str, float]) -> float:
    """The weighted mean, sum(weight * score) / sum(weight)."""
    total = math.fsum(target.weight for target in targets.values())
    return math.fsum(target.weight * scores[name] for name, target in targets.items()) / total


def rows_of(table: Any, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """A history as one mapping for each sample; given as such, or as a mapping of lists.

    Raises:
        ValueError: it is neither, or the lists differ in length.
    """
    if isinstance(table, Mapping):
        columns = {name: list(table[name]) for name in metrics if name in table}
        if len({len(column) for column in columns.values()}) > 1:
            sizes = ", ".join(f"{name} {len(column)}" for name, column in columns.items())
            msg = f"the lists of metric_history differ in length: {sizes}"
            raise ValueError(msg)
        samples = zip(*columns.values(), strict=True)
        return [dict(zip(columns, sample, strict=True)) for sample in samples]
    if isinstance(table, list | tuple) and all(isinstance(row, Mapping) for row in table):
        return [dict(row) for row in table]
    msg = f"metric_history must be a mapping of lists or a list of mappings, got {shown(table)}"
    raise ValueError(msg)


TARGET: Final = {
    "target": number,
    "weight": least,
    "direction": check.one_of(*check.DIRECTIONS),
    "tolerance": least,
}
"""What the table of one metric may hold."""
