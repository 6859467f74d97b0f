"""What callable conditions see of a cycle, if the engine gives them nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fast_dag.cycles.expression_values import UNDEFINED
from fast_dag.cycles.layout import COMPLETED, ELAPSED, LIMIT, OBJECTIVE, Series, Values


class StateView:
    """How far a cycle is, and its metrics; nothing can be changed through it."""

    __slots__ = ("_series", "_values")

    def __init__(self, values: Values, series: Mapping[str, Series]) -> None:
        self._values = values
        self._series = series

    @property
    def completed(self) -> int:
        """How many iterations are done."""
        return int(self._values[COMPLETED])

    @property
    def iteration(self) -> int:
        """The index of the iteration that was the last."""
        return self.completed - 1

    @property
    def elapsed_time(self) -> float:
        """Seconds since the cycle was entered."""
        return float(self._values[ELAPSED])

    @property
    def max_iterations(self) -> int | None:
        """The bound, None without one."""
        bound: int | None = self._values[LIMIT]
        return bound

    @property
    def metric_history(self) -> dict[str, list[Any]]:
        """The samples of each metric in use."""
        return {name: list(series.kept()) for name, series in self._series.items()}

    @property
    def best(self) -> Any:
        """The best value of the objective, None if there is none."""
        objective = self._values[OBJECTIVE]
        return None if objective is None or objective.best is UNDEFINED else objective.best
