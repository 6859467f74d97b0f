"""Names in expressions that the cycle itself answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fast_dag.cycles.expression_values import UNDEFINED, Unfit, finite, measured, variance
from fast_dag.cycles.gain import GAIN_WINDOW, VARIANCE_WINDOW, gain, sign_of
from fast_dag.cycles.layout import COMPLETED, ELAPSED, LIMIT, OBJECTIVE, Layout, Values


def reserved(name: str, layout: Layout) -> Callable[[Values], Any]:
    """What *name* gives; an objective has to be known if it is about that.

    Raises:
        Unfit: it is `best` or `improvement_rate`, and there is no objective.
    """
    if name in PLAIN:
        return PLAIN[name]
    if name == "stability_variance":
        return _stability(layout)
    if layout.objective is None:
        msg = f"{name} needs an objective: set objective='...'"
        raise Unfit(msg)
    place = layout.series_at(layout.objective, GAIN_WINDOW)
    if name == "best":
        return lambda values: values[OBJECTIVE].best
    sign = sign_of(layout.direction)
    return lambda values: gain(values[place].last(GAIN_WINDOW), GAIN_WINDOW, sign)


def _stability(layout: Layout) -> Callable[[Values], Any]:
    """The variance of the objective, without one the largest of those that are tested against thresholds."""
    names = layout.watched if layout.objective is None else (layout.objective,)
    if not names:
        msg = "stability_variance needs an objective or a metric with a threshold: set objective='...'"
        raise Unfit(msg)
    places = [layout.series_at(name, VARIANCE_WINDOW) for name in names]

    def largest(values: Values) -> Any:
        found = [values[place].last(VARIANCE_WINDOW) for place in places]
        if any(len(each) < VARIANCE_WINDOW for each in found):
            return UNDEFINED
        made = [measured(variance, each, "stability_variance") for each in found]
        return next((each for each in made if not finite(each)), None) or max(made)

    return largest


def _limit(values: Values) -> Any:
    if values[LIMIT] is None:
        msg = "max_iterations is not set"
        raise Unfit(msg)
    return values[LIMIT]


PLAIN: dict[str, Callable[[Values], Any]] = {
    "iteration": lambda values: values[COMPLETED],
    "iteration_index": lambda values: values[COMPLETED] - 1,
    "elapsed_time": lambda values: values[ELAPSED],
    "max_iterations": _limit,
}
