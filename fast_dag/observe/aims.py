"""How the objective of a cycle goes while it is under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

REACH: Final = 10
"""Values that are kept."""


class Aim:
    """The objective of one cycle.

    >>> aim = Aim("loss", "minimize")
    >>> for loss in (3.0, 2.0, 2.5, 2.2):
    ...     aim.add({"loss": loss})
    >>> aim.best, aim.stale
    (2.0, 2)

    Parameters:
        name: of the metric, None without an objective.
        direction: what a better value is, maximize or minimize.
        patience: iterations without a better one after which the cycle gives up, None if it does not.
    """

    def __init__(self, name: str | None, direction: str, patience: int | None = None) -> None:
        self.name, self.direction, self.patience = name, direction, patience
        self.best: float | None = None
        self.stale: int | None = None
        """Iterations since the last better value; None before there is one."""
        self.values: deque[float] = deque(maxlen=REACH)
        """The last ones."""

    def begin(self) -> None:
        """The cycle is entered: forget what has been."""
        self.best = self.stale = None
        self.values.clear()

    def add(self, metrics: Mapping[str, Any]) -> None:
        """Take the metrics of an iteration."""
        value = None if self.name is None else metric_of(metrics, self.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        self.values.append(value)
        sign = -1 if self.direction == "minimize" else 1
        if self.best is None or sign * value > sign * self.best:
            self.best, self.stale = value, 0
        else:
            self.stale = (self.stale or 0) + 1


def metric_of(metrics: Mapping[str, Any], name: str) -> Any:
    """The metric *name*, which may be a full path or the end of one; None if there is none.

    >>> metric_of({"loss": 0.5}, "trainer.loss"), metric_of({"a.loss": 0.5, "b.loss": 1}, "b.loss")
    (0.5, 1)
    """
    if name in metrics:
        return metrics[name]
    near = (key for key in metrics if key.endswith(f".{name}") or name.endswith(f".{key}"))
    return next((metrics[key] for key in near), None)
