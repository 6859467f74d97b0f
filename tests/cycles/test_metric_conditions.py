"""Conditions on one metric, with their figures."""

import math

import pytest

from fast_dag.cycles.metric_conditions import (
    ImprovementCondition,
    NoImprovementCondition,
    StabilityCondition,
    ThresholdCondition,
)
from fast_dag.errors import ConvergenceExpressionError, CycleConfigurationError, MissingMetricError
from tests.cycles.watching import first_ending, watch


def met(condition, value, **settings):
    return watch(condition, **settings).after({"n": {"x": value}}, 1, 0.0) is not None


@pytest.mark.parametrize(
    ("operator", "tolerance", "values"),
    [
        (">", 0, [False, False, False, True, True]),
        (">=", 0, [False, False, True, True, True]),
        ("<", 0, [True, True, False, False, False]),
        ("<=", 0, [True, True, True, False, False]),
        ("==", 0, [False, False, True, False, False]),
        ("!=", 0, [True, True, False, True, True]),
        (">", 1, [False, False, True, True, True]),
        (">=", 1, [False, True, True, True, True]),
        ("<", 1, [True, True, True, False, False]),
        ("<=", 1, [True, True, True, True, False]),
        ("==", 1, [False, True, True, True, False]),
        ("!=", 1, [True, False, False, False, True]),
    ],
)
def test_a_threshold_compares_within_its_tolerance(operator, tolerance, values):
    condition = ThresholdCondition("x", operator, 3, tolerance)
    assert [met(condition, value) for value in range(1, 6)] == values


def test_a_threshold_may_be_a_text():
    assert met(ThresholdCondition("x", "==", "done"), "done")
    assert met(ThresholdCondition("x", "!=", "done"), "failed")
    with pytest.raises(ConvergenceExpressionError, match=r"x == .*3 cannot be compared with 'done'"):
        met(ThresholdCondition("x", "==", "done"), 3)


def test_a_text_is_no_distance_away_from_a_number():
    with pytest.raises(ConvergenceExpressionError, match="'done' is no number"):
        met(ThresholdCondition("x", "==", 3, 0.1), "done")


def test_a_target_follows_the_direction_of_the_cycle():
    assert met(ThresholdCondition("x", None, 3), 3)
    assert not met(ThresholdCondition("x", None, 3), 2)
    assert met(ThresholdCondition("x", None, 3), 2, direction="minimize")


@pytest.mark.parametrize("operator", ["<", ">", "==", "!="])
@pytest.mark.parametrize("tolerance", [0, 1])
def test_a_threshold_is_not_met_by_what_is_no_finite_number(operator, tolerance):
    condition = ThresholdCondition("x", operator, 3, tolerance)
    assert not met(condition, math.inf)
    assert not met(condition, math.nan, on_nan="ignore")
    with pytest.raises(ConvergenceExpressionError, match="NaN"):
        met(condition, math.nan)


@pytest.mark.parametrize(
    ("measure", "threshold", "count"),
    [
        ("variance", 0.25, 6),
        ("variance", 0.1875, 7),
        ("variance", 0, 8),
        ("stdev", 0.5, 6),
        ("range", 1, 6),
        ("range", 0.99, 8),
        ("relative", 0.4, 6),
    ],
)
def test_a_metric_is_stable_when_its_last_samples_lie_together(measure, threshold, count):
    condition = StabilityCondition("x", threshold, 4, measure)
    assert first_ending(watch(condition), [0, 9, 2, 2, 3, 3, 3, 3])[0] == count


def test_variance_is_that_of_the_population():
    assert first_ending(watch(StabilityCondition("x", 2 / 3, 3)), [9, 1, 2, 3])[0] == 4
    assert first_ending(watch(StabilityCondition("x", 0.66, 3)), [9, 1, 2, 3]) is None


def test_too_few_samples_are_never_stable():
    assert first_ending(watch(StabilityCondition("x", 5)), [1] * 4) is None
    assert first_ending(watch(StabilityCondition("x", 5)), [1] * 5) == (
        5,
        "converged",
        "variance of x over 5 <= 5",
    )


def test_nan_among_the_samples_is_an_error_or_not_stable():
    with pytest.raises(ConvergenceExpressionError, match="NaN"):
        first_ending(watch(StabilityCondition("x", 5, 2)), [1, math.nan])
    assert first_ending(watch(StabilityCondition("x", 5, 2), on_nan="ignore"), [1, math.nan]) is None
    assert first_ending(watch(StabilityCondition("x", 5, 2)), [1, math.inf]) is None


def test_a_rate_of_improvement_is_that_over_the_window_whichever_way_it_goes():
    condition = ImprovementCondition("x", 0.5)
    assert first_ending(watch(condition), [0, 4, 8, 8, 8.5])[:2] == (5, "converged")
    assert first_ending(watch(condition), [9, 4, 2, 1, 1.5])[:2] == (5, "converged")
    assert first_ending(watch(condition), [1, 1]) is None


def test_patience_counts_samples_that_are_not_better():
    assert first_ending(watch(NoImprovementCondition(2, "x")), [1, 2, 2, 2]) == (
        4,
        "early_stopped",
        "no improvement of x for 2 iterations",
    )
    falling = NoImprovementCondition(2, "x", direction="minimize")
    assert first_ending(watch(falling), [5, 4, 3, 3, 2, 3, 3])[0] == 7
    assert first_ending(watch(NoImprovementCondition(2, "x", min_delta=1)), [1, 1.5, 2, 4])[0] == 3
    assert first_ending(watch(NoImprovementCondition(2, "x")), [math.nan, 1, 2, math.nan, 2])[0] == 5


def test_patience_without_a_metric_is_about_the_objective():
    assert first_ending(watch(NoImprovementCondition(2), objective="x"), [1, 1, 1])[0] == 3
    with pytest.raises(CycleConfigurationError, match="no_improvement needs a metric"):
        watch(NoImprovementCondition(2))


@pytest.mark.parametrize(
    "condition",
    [
        ThresholdCondition("y", ">", 1),
        StabilityCondition("y", 1),
        ImprovementCondition("y", 1),
        NoImprovementCondition(3, "y"),
    ],
)
def test_a_metric_that_nobody_puts_out_is_an_error(condition):
    with pytest.raises(MissingMetricError, match=r"no metric 'y' so far \(there are x\)"):
        met(condition, 1)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: ThresholdCondition("", ">", 1), "metric must be a non-empty string"),
        (lambda: ThresholdCondition("x", "=>", 1), "operator must be one of"),
        (lambda: ThresholdCondition("x", ">", "a"), "value must be a number"),
        (lambda: ThresholdCondition("x", ">", True), "value must be a number"),
        (lambda: ThresholdCondition("x", ">", math.nan), "value must be a number"),
        (lambda: ThresholdCondition("x", ">", 1, -1), "tolerance must be a number >= 0"),
        (lambda: ThresholdCondition("x", "==", "a", 1), "a tolerance of 1 makes no sense"),
        (lambda: StabilityCondition("x", -1), "threshold must be a number >= 0"),
        (lambda: StabilityCondition("x", 1, 0), "window must be an integer >= 1"),
        (lambda: StabilityCondition("x", 1, True), "window must be an integer >= 1"),
        (lambda: StabilityCondition("x", 1, 5, "rang"), "did you mean 'range'"),
        (lambda: ImprovementCondition("x", 1, 1), "window must be an integer >= 2"),
        (lambda: ImprovementCondition("x", 1, 3, "up"), "direction must be one of"),
        (lambda: NoImprovementCondition(0, "x"), "patience must be an integer >= 1"),
        (lambda: NoImprovementCondition(1, "x", -1), "min_delta must be a number >= 0"),
    ],
)
def test_a_bad_argument_is_named(make, problem):
    with pytest.raises(CycleConfigurationError, match=problem):
        make()
