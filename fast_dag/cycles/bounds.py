"""Conditions that bound a cycle: never a reason of their own, the engine keeps to the least of them."""

from __future__ import annotations

import math
from typing import Any

from fast_dag.cycles.asking import Test
from fast_dag.cycles.conditions import BuiltIn, Parts, check_count
from fast_dag.cycles.layout import COMPLETED, ELAPSED, Layout
from fast_dag.cycles.metric_conditions import check_number
from fast_dag.errors import CycleConfigurationError


class MaxIterationsCondition(BuiltIn):
    """At most *count* iterations; joined by AND with another condition, at least so many.

    Raises:
        CycleConfigurationError: it is no integer above 0; True and False are none.
    """

    def __init__(self, count: int) -> None:
        self.count = check_count("max_iterations", count, 1)

    def describe(self) -> str:
        """The bound."""
        return f"{self.count} iterations"

    def to_spec(self) -> Any:
        """A mapping of type max_iterations."""
        return {"type": "max_iterations", "value": self.count}

    def parts(self) -> Parts:
        """It is a bound."""
        return Parts(max_iterations=self.count)

    def compiled(self, layout: Layout) -> Test:  # noqa: ARG002 - of every condition
        """Whether so many are done."""
        count = self.count
        return lambda values: values[COMPLETED] >= count


class TimeoutCondition(BuiltIn):
    """At most *seconds*; joined by AND with another condition, at least so many.

    Raises:
        CycleConfigurationError: it is no number above 0.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = check_number("timeout", seconds)
        if seconds <= 0 or math.isinf(seconds):
            msg = f"timeout must be a number of seconds > 0, got {seconds!r}"
            raise CycleConfigurationError(msg)

    def describe(self) -> str:
        """The bound."""
        return f"{self.seconds!r} seconds"

    def to_spec(self) -> Any:
        """A mapping of type timeout."""
        return {"type": "timeout", "value": self.seconds}

    def parts(self) -> Parts:
        """It is a bound."""
        return Parts(timeout=self.seconds)

    def compiled(self, layout: Layout) -> Test:  # noqa: ARG002 - of every condition
        """Whether so much time has passed."""
        seconds = self.seconds
        return lambda values: values[ELAPSED] >= seconds
