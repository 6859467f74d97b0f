"""Expressions in a convergence checker."""

import math

import pytest

from fast_dag.cycles import ConvergenceCheckerNode
from fast_dag.errors import ConvergenceExpressionError
from tests.cycles.samples_of import converged_at, over

NAN = math.nan


def test_custom_is_an_expression():
    checker = ConvergenceCheckerNode(mode="custom", custom_expression="loss < 0.1 and iteration > 1")
    found = over(checker, [0.05, 0.5, 0.05], "loss")
    assert [each["converged"] for each in found] == [False, False, True]
    assert (found[2]["stop_kind"], found[2]["reason"]) == ("custom", "loss < 0.1 and iteration > 1")
    assert found[2]["criteria"] == {"custom": True}


def test_any_one_of_several_expressions_is_enough():
    checker = ConvergenceCheckerNode(
        mode="multi_criteria", custom_expression="a > 1", expression_conditions=["b > 1"]
    )
    found = [checker.check(a=a, b=b) for a, b in ((0, 0), (2, 0), (0, 2))]
    assert [each["reason"] for each in found] == [None, "a > 1", "b > 1"]
    assert found[1]["stop_kind"] == "expression"


def test_expressions_look_back_on_samples():
    checker = ConvergenceCheckerNode(
        mode="custom", custom_expression="range(n, 2) < 1 and len(history(n)) > 3"
    )
    assert converged_at(checker, [1, 9, 1, 1, 1], "n") == [3, 4]


def test_expressions_look_back_on_a_history():
    checker = ConvergenceCheckerNode(mode="custom", custom_expression="delta(n) == 2")
    assert checker.check(n=3, n_history=[1, 3])["converged"]


@pytest.mark.parametrize(
    ("given", "error"),
    [({"los": 1}, "no metric 'loss'"), ({"loss": NAN}, "NaN"), ({"loss": "low"}, "cannot be compared")],
)
def test_an_expression_without_a_value_is_an_error_and_never_convergence(given, error):
    with pytest.raises(ConvergenceExpressionError, match=error):
        ConvergenceCheckerNode(mode="custom", custom_expression="loss < 2").check(**given)


def test_the_rate_of_improvement_is_that_of_the_primary_metric():
    checker = ConvergenceCheckerNode(mode="custom", metric="n", custom_expression="improvement_rate == 2")
    assert converged_at(checker, [0, 1, 4, 5], "n") == [2, 3]


def test_the_variance_is_that_of_the_last_five_samples():
    checker = ConvergenceCheckerNode(mode="custom", metric="n", custom_expression="stability_variance == 2")
    assert converged_at(checker, [9, 1, 2, 3, 4, 5], "n") == [5]


def test_the_best_is_that_of_the_primary_metric():
    checker = ConvergenceCheckerNode(
        mode="custom", metric="n", direction="minimize", custom_expression="best == 2"
    )
    assert converged_at(checker, [5, 2, 4, 1], "n") == [1, 2]
    assert checker.check(n=4, n_history=[2, 4])["converged"]


@pytest.mark.parametrize("name", ["improvement_rate", "stability_variance"])
def test_what_is_given_takes_the_place_of_what_is_computed(name):
    by_text = ConvergenceCheckerNode(mode="custom", metric="n", custom_expression=f"{name} < 0.5")
    conditions = {name: {"operator": "<", "value": 0.5}}
    by_table = ConvergenceCheckerNode(metric="n", threshold_conditions=conditions)
    for checker in (by_text, by_table):
        assert [checker.check(n=1, **given)["converged"] for given in ({}, {name: 0.1}, {name: 0.9})] == [
            False,
            True,
            False,
        ]
        assert converged_at(checker, [1] * 5, "n")[-1] == 4


def test_thresholds_on_computed_figures_wait_for_samples():
    conditions = {"improvement_rate": {"operator": "<", "value": 0.5}}
    found = ConvergenceCheckerNode(metric="n", threshold_conditions=conditions).check(n=1)
    assert found["continue_reason"] == "improvement_rate has too little data yet for 0.5"


def test_a_path_that_ends_in_such_a_name_is_a_metric():
    checker = ConvergenceCheckerNode(mode="custom", custom_expression="run.best > 3 and abs(run.best) > 3")
    assert checker.check(run={"best": 4})["converged"]
