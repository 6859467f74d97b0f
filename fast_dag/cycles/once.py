"""One condition evaluated once, outside a run: with given results, and a state that has the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from fast_dag.cycles.expression_values import Unfit
from fast_dag.cycles.gain import Objective, Patience, sign_of
from fast_dag.cycles.layout import COMPLETED, ELAPSED, LIMIT, OBJECTIVE, RESULTS, STATE, Layout, Values
from fast_dag.cycles.metrics import Metrics
from fast_dag.errors import ConvergenceExpressionError


class Compilable(Protocol):
    """What can be compiled to a test."""

    def compiled(self, layout: Layout) -> Callable[[Values], bool]:
        """The test."""
        ...


def evaluated(condition: Compilable, results: Mapping[str, Any], state: Any) -> bool:
    """Whether *condition* holds for *results*.

    Parameters:
        condition: one of the library's own.
        results: by node; they are the last sample of each metric that *state* has no series of.
        state: None, or what has `completed`, `elapsed_time`, `max_iterations`, `metric_history`, `objective`
            and `direction`; what it lacks counts as not there.
    """
    objective = getattr(state, "objective", None)
    layout = Layout(objective, getattr(state, "direction", "maximize"))
    test = condition.compiled(layout)
    values = fresh(layout, getattr(state, "max_iterations", None))
    values[RESULTS], values[STATE] = results, state
    values[COMPLETED] = getattr(state, "completed", 1)
    values[ELAPSED] = getattr(state, "elapsed_time", 0.0)
    metrics = Metrics(layout, values)
    metrics.collect(results)
    history: Mapping[str, Any] = getattr(state, "metric_history", None) or {}
    for name, series in metrics.series.items():
        if history.get(name):
            series.values[:] = history[name]
    for place, name, sign, least in layout.patience:
        values[place] = Patience(sign, least)
        for value in metrics.series[name].values:
            values[place].add(value)
    _follow_objective(layout, values, metrics)
    try:
        return test(values)
    except Unfit as error:
        raise ConvergenceExpressionError(str(error)) from None


def fresh(layout: Layout, limit: int | None) -> Values:
    """An empty list of values."""
    values: Values = [None] * layout.size
    values[LIMIT] = limit
    values[COMPLETED], values[ELAPSED] = 0, 0.0
    return values


def _follow_objective(layout: Layout, values: Values, metrics: Metrics) -> None:
    if layout.objective is None or layout.objective not in metrics.series:
        return
    series = metrics.series[layout.objective]
    objective = values[OBJECTIVE] = Objective(layout.objective, sign_of(layout.direction), values)
    for value in series.values:
        objective.add(value)
