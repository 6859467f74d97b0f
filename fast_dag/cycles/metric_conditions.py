"""Conditions on one metric: a threshold, stability, a rate of improvement, patience."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.cycles.asking import Test
from fast_dag.cycles.conditions import BuiltIn, Parts, Tested, check_count
from fast_dag.cycles.expression_values import (
    COMPARISONS,
    NUMBERS,
    SPREADS,
    UNDEFINED,
    Unfit,
    comparing,
    measured,
    shown,
)
from fast_dag.cycles.gain import GAIN_WINDOW, VARIANCE_WINDOW, gain, sign_of
from fast_dag.cycles.layout import Absent, Layout, Values
from fast_dag.errors import ConvergenceExpressionError, CycleConfigurationError

DIRECTIONS = ("maximize", "minimize")
OPERATORS = (">", ">=", "<", "<=", "==", "!=")
MAXIMIZED = (">", ">=")
"""Operators of a metric that is to become large."""
MINIMIZED = ("<", "<=")


class ThresholdCondition(BuiltIn):
    """Holds when *metric* stands in the relation *operator* to *value*.

    Parameters:
        metric: its name.
        operator: one of > >= < <= == !=; None for "at least as good", by the direction of the cycle.
        value: a number, or for == and != also a text, True, False or None.
        tolerance: by how much the metric may miss it; > is then metric > value - tolerance, == is
            abs(metric - value) <= tolerance.

    Raises:
        CycleConfigurationError: a bad argument.
    """

    def __init__(self, metric: str, operator: str | None, value: Any, tolerance: float = 0) -> None:
        self.metric = check_metric(metric)
        self.operator = None if operator is None else check_one("operator", operator, OPERATORS)
        self.value = (
            value if operator in ("==", "!=") and not _is_number(value) else check_number("value", value)
        )
        self.tolerance = check_number("tolerance", tolerance, least=0)
        if self.tolerance and not _is_number(value):
            msg = f"a tolerance of {tolerance} makes no sense with {shown(value)}"
            raise CycleConfigurationError(msg)

    def describe(self) -> str:
        """As an expression; with the tolerance if there is one."""
        within = f" (tolerance {self.tolerance})" if self.tolerance else ""
        return f"{self.metric} {self.operator or 'reaches'} {self.value!r}{within}"

    def to_spec(self) -> Any:
        """A mapping of type threshold."""
        within = {"tolerance": self.tolerance} if self.tolerance else {}
        operator = {} if self.operator is None else {"operator": self.operator}
        return {"type": "threshold", "metric": self.metric, **operator, "value": self.value, **within}

    def tested(self) -> Iterator[Tested]:
        """The metric."""
        yield Tested(self.metric, self.operator)

    def compiled(self, layout: Layout) -> Test:
        """A comparison, or one of the distance."""
        operator = self.operator or (">=" if sign_of(layout.direction) > 0 else "<=")
        read = reading(self.metric, layout)
        if self.tolerance and operator in ("==", "!="):
            compare = comparing("<=" if operator == "==" else ">", nan_raises=layout.nan_raises)
            distance, value = self.tolerance, self.value
            return guarded(lambda values: compare(_apart(read(values), value), distance), self)
        bound = self.value
        if self.tolerance:
            bound += -self.tolerance if operator in MAXIMIZED else self.tolerance
        compare = comparing(operator, nan_raises=layout.nan_raises)
        slow = guarded(lambda values: compare(read(values), bound), self)
        place, holds = layout.value_at(self.metric), COMPARISONS[operator]
        if not _is_number(bound):
            return slow

        def compared(values: Values) -> bool:
            value = values[place]
            # Finite floats only: the difference is 0 for no other value.
            return holds(value, bound) if value.__class__ is float and value - value == 0.0 else slow(values)

        return compared


class StabilityCondition(BuiltIn):
    """Holds when the last *window* samples of *metric* lie together: their *measure* is at most *threshold*.

    Fewer samples never do.

    Parameters:
        metric: its name.
        threshold: in the unit of the measure.
        window: how many samples.
        measure: variance (population, sum((x - mean)^2) / w), stdev, range (greatest less least), or relative
            (range / max(abs(mean), 1e-12)).

    Raises:
        CycleConfigurationError: a bad argument.
    """

    def __init__(
        self, metric: str, threshold: float, window: int = VARIANCE_WINDOW, measure: str = "variance"
    ) -> None:
        self.metric = check_metric(metric)
        self.threshold = check_number("threshold", threshold, least=0)
        self.window = check_count("window", window, 1)
        self.measure = check_one("measure", measure, tuple(SPREADS))

    def describe(self) -> str:
        """As a sentence."""
        return f"{self.measure} of {self.metric} over {self.window} <= {self.threshold!r}"

    def to_spec(self) -> Any:
        """A mapping of type stability."""
        return {"type": "stability", **vars(self)}

    def tested(self) -> Iterator[Tested]:
        """The metric."""
        yield Tested(self.metric, None)

    def compiled(self, layout: Layout) -> Test:
        """The measure of the window."""
        measure, window, threshold = SPREADS[self.measure], self.window, self.threshold
        samples = sampling(self.metric, layout, window)
        compare = comparing("<=", nan_raises=layout.nan_raises)

        def holds(values: Values) -> Any:
            held = samples(values)
            return len(held) == window and compare(measured(measure, held, "stability"), threshold)

        return guarded(holds, self)


class ImprovementCondition(BuiltIn):
    """Holds when *metric* hardly changes any more: abs(x[-1] - x[-w]) / (w - 1) < threshold.

    Parameters:
        metric: its name.
        threshold: change per iteration.
        window: how many samples; fewer never hold.
        direction: kept for the reader; the rule is the same in both.

    Raises:
        CycleConfigurationError: a bad argument.
    """

    def __init__(
        self, metric: str, threshold: float, window: int = GAIN_WINDOW, direction: str | None = None
    ) -> None:
        self.metric = check_metric(metric)
        self.threshold = check_number("threshold", threshold, least=0)
        self.window = check_count("window", window, 2)
        self.direction = None if direction is None else check_one("direction", direction, DIRECTIONS)

    def describe(self) -> str:
        """As a sentence."""
        return f"improvement of {self.metric} over {self.window} < {self.threshold!r}"

    def to_spec(self) -> Any:
        """A mapping of type improvement_rate."""
        return {"type": "improvement_rate", **given(vars(self))}

    def compiled(self, layout: Layout) -> Test:
        """The gain over the window."""
        window, threshold = self.window, self.threshold
        samples = sampling(self.metric, layout, window)
        compare = comparing("<", nan_raises=layout.nan_raises)

        def holds(values: Values) -> Any:
            found = gain(samples(values), window, 1)
            return compare(found if found is UNDEFINED else abs(found), threshold)

        return guarded(holds, self)


class NoImprovementCondition(BuiltIn):
    """Ends a cycle early when its metric has not become better for *patience* samples in a row.

    The best is the first sample; a later one is better if it is so by more than *min_delta*.

    Parameters:
        patience: how many.
        metric: its name; default the objective of the cycle.
        min_delta: what counts as better.
        direction: maximize or minimize; default that of the cycle.

    Raises:
        CycleConfigurationError: a bad argument; when compiled, no metric.
    """

    def __init__(
        self, patience: int, metric: str | None = None, min_delta: float = 0, direction: str | None = None
    ) -> None:
        self.patience = check_count("patience", patience, 1)
        self.metric = None if metric is None else check_metric(metric)
        self.min_delta = check_number("min_delta", min_delta, least=0)
        self.direction = None if direction is None else check_one("direction", direction, DIRECTIONS)
        self._otherwise: Tested | None = None

    def otherwise(self, tested: Tested | None) -> NoImprovementCondition:
        """This condition, on the metric *tested* where it names none and the cycle has no objective."""
        made = NoImprovementCondition(self.patience, self.metric, self.min_delta, self.direction)
        made._otherwise = tested
        return made

    def describe(self) -> str:
        """As a sentence."""
        return f"no improvement{f' of {self.metric}' if self.metric else ''} for {self.patience} iterations"

    def to_spec(self) -> Any:
        """A mapping of type no_improvement."""
        fields = ("patience", "metric", "min_delta", "direction")
        return {"type": "no_improvement", **given({name: getattr(self, name) for name in fields})}

    def parts(self) -> Parts:
        """It stops early."""
        return Parts(stopping=(self,))

    def compiled(self, layout: Layout) -> Test:
        """A look at a count that the run keeps."""
        metric, direction = self._on(layout)
        read = reading(metric, layout)
        place, patience = layout.patience_at(metric, sign_of(direction), self.min_delta), self.patience

        def holds(values: Values) -> bool:
            read(values)  # a metric that nobody puts out is an error
            return bool(values[place].count >= patience)

        return holds

    def _on(self, layout: Layout) -> tuple[str, str]:
        """The metric and its direction."""
        metric = self.metric or layout.objective
        if metric is not None:
            return metric, self.direction or layout.direction
        if self._otherwise is None:
            msg = "no_improvement needs a metric: name it, or set the objective of the cycle"
            raise CycleConfigurationError(msg)
        by_operator = "minimize" if self._otherwise.operator in MINIMIZED else "maximize"
        return self._otherwise.metric, self.direction or by_operator


def reading(metric: str, layout: Layout) -> Callable[[Values], Any]:
    """The current value of *metric*.

    The function raises MissingMetricError or AmbiguousMetricError.
    """
    place = layout.value_at(metric)

    def read(values: Values) -> Any:
        value = values[place]
        if value.__class__ is Absent:
            raise value.error()
        return value

    return read


def sampling(metric: str, layout: Layout, window: int) -> Callable[[Values], list[Any]]:
    """The last *window* samples of *metric*; as `reading` if there are none."""
    place, read = layout.series_at(metric, window), reading(metric, layout)

    def samples(values: Values) -> list[Any]:
        held: list[Any] = values[place].last(window)
        if not held:
            read(values)
        return held

    return samples


def guarded(test: Callable[[Values], Any], condition: BuiltIn) -> Test:
    """*test* as true or false, with the condition named in its errors."""

    def holds(values: Values) -> bool:
        try:
            return test(values) is True
        except (Unfit, ArithmeticError) as error:
            raise ConvergenceExpressionError(str(error), condition.describe()) from None

    return holds


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """*fields* without those that are None."""
    return {name: value for name, value in fields.items() if value is not None}


def check_metric(name: Any) -> str:
    """*name*, which has to be that of a metric."""
    if not isinstance(name, str) or not name.strip():
        msg = f"metric must be a non-empty string, got {name!r}"
        raise CycleConfigurationError(msg)
    return name


def check_number(name: str, value: Any, least: float = -math.inf) -> Any:
    """*value*, which has to be a finite number of at least *least*."""
    if not _is_number(value) or not math.isfinite(value) or value < least:
        bound = "" if least == -math.inf else f" >= {least}"
        msg = f"{name} must be a number{bound}, got {value!r}"
        raise CycleConfigurationError(msg)
    return value


def check_one(name: str, value: Any, known: tuple[str, ...]) -> str:
    """*value*, which has to be one of *known*."""
    if not isinstance(value, str) or value not in known:
        msg = f"{name} must be one of {', '.join(known)}, got {value!r}{suggestion(value, known)}"
        raise CycleConfigurationError(msg)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _apart(value: Any, bound: float) -> Any:
    if type(value) not in NUMBERS:
        msg = f"{shown(value)} is no number"
        raise Unfit(msg)
    distance: float = abs(value - bound)
    return distance
