"""When a checker gives a cycle up."""

import math

import pytest

from fast_dag.cycles import ConvergenceCheckerNode
from fast_dag.errors import MissingMetricError
from tests.cycles.samples_of import over, stopped_at

NAN = math.nan


def test_a_flat_metric_is_stopped_by_patience_at_the_sixth_sample():
    found = over(ConvergenceCheckerNode(threshold=0.95, patience=5), [0.5] * 6)
    assert [each["should_stop"] for each in found] == [False] * 5 + [True]
    assert (found[5]["converged"], found[5]["stop_kind"], found[5]["iteration"]) == (False, "early_stop", 5)
    assert found[5]["reason"] == "value has not improved for 5 iterations (patience 5)"
    assert found[5]["final_metrics"] == {"value": 0.5}


def test_only_more_than_the_least_improvement_is_one():
    early = {"patience": 2, "min_improvement": 0.5}
    checker = ConvergenceCheckerNode(threshold=9, early_stopping=early)
    assert stopped_at(checker, [1, 1.5, 2, 2.5, 2.5]) == (4, "early_stop")


def test_patience_is_measured_from_the_best_sample():
    assert stopped_at(ConvergenceCheckerNode(threshold=9, patience=3), [5, 1, 2, 3]) == (3, "early_stop")


def test_patience_is_off_by_default():
    assert stopped_at(ConvergenceCheckerNode(threshold=9), [1] * 50) is None


def test_nan_is_no_improvement():
    assert stopped_at(ConvergenceCheckerNode(threshold=9, patience=2), [1, NAN, NAN]) == (2, "early_stop")


def test_patience_needs_the_primary_metric():
    checker = ConvergenceCheckerNode(mode="custom", custom_expression="size > 1", patience=2)
    with pytest.raises(MissingMetricError):
        checker.check(size=1)


def test_a_sample_that_converges_and_exhausts_patience_is_converged():
    checker = ConvergenceCheckerNode(mode="stability", stability_window=3, patience=2)
    assert stopped_at(checker, [1, 1, 1]) == (2, "stability")


def test_a_checker_can_stop_after_so_many_iterations():
    assert stopped_at(ConvergenceCheckerNode(threshold=9, early_stop_iterations=3), [1] * 4) == (
        2,
        "early_stop",
    )
