"""The settings of a convergence checker."""

import math

import pytest

from fast_dag.cycles import ConvergenceCheckerNode
from fast_dag.cycles.checker_settings import SETTINGS, Stability, Threshold, read_settings
from fast_dag.errors import ConvergenceExpressionError, CycleConfigurationError, UnknownOptionError


def test_the_defaults():
    made = read_settings({})
    assert (made.mode, made.metric, made.direction, made.attach) == ("threshold", None, None, True)
    assert made.thresholds == (Threshold(None, None, 0.8, 0),)
    assert (made.stability, made.improvement, made.patience, made.adaptive) == (None, None, None, None)


def test_none_is_as_good_as_nothing():
    assert read_settings(dict.fromkeys(SETTINGS)) == read_settings({})


def test_the_mode_has_two_names():
    assert read_settings({"mode": "combined"}) == read_settings({"convergence_mode": "combined"})


def test_the_mode_may_be_given_by_position():
    assert ConvergenceCheckerNode("check", "improvement").mode == "improvement"


@pytest.mark.parametrize("mode", ["stability", "combined"])
def test_stability_has_defaults(mode):
    assert read_settings({"mode": mode}).stability == Stability(3, 0.01, (), "variance")


def test_stability_may_be_given_flat_or_in_a_table():
    flat = {"mode": "stability", "stability_window": 5, "min_variance": 0.5}
    table = {"mode": "stability", "stability_config": {"window_size": 5, "variance_threshold": 0.5}}
    mixed = {"mode": "stability", "stability_window": 5, "stability_config": {"variance_threshold": 0.5}}
    assert read_settings(flat) == read_settings(table) == read_settings(mixed)


def test_improvement_may_be_given_flat_or_in_a_table():
    flat = {"mode": "improvement", "improvement_window": 5, "min_improvement": 0.5}
    table = {"mode": "improvement", "improvement_config": {"window_size": 5, "min_improvement": 0.5}}
    assert read_settings(flat) == read_settings(table)


def test_improvement_has_defaults():
    made = read_settings({"mode": "improvement"}).improvement
    assert made is not None
    assert (made.least, made.window, made.failures) == (0.01, 3, None)


def test_patience_may_be_given_flat_or_in_a_table():
    flat, table = {"patience": 5}, {"early_stopping": {"patience": 5}}
    mixed = {"patience": 5, "early_stopping": {"min_improvement": 0}}
    assert read_settings(flat) == read_settings(table) == read_settings(mixed)


def test_early_stopping_without_anything_is_refused():
    with pytest.raises(CycleConfigurationError, match="early_stopping needs 'patience'"):
        read_settings({"early_stopping": {}})


def test_an_unknown_keyword_is_named_with_the_nearest_one():
    with pytest.raises(UnknownOptionError, match="no 'treshold'; did you mean 'threshold'"):
        ConvergenceCheckerNode(treshold=1)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"mode": "thresholds"}, "mode must be one of .*did you mean 'threshold'"),
        ({"mode": "custom", "convergence_mode": "custom"}, "convergence_mode and mode are the same setting"),
        ({"metric": ""}, "metric must be a non-empty string"),
        ({"direction": "up"}, "direction must be one of"),
        ({"threshold": True}, "threshold must be a finite number"),
        ({"threshold": math.nan}, "threshold must be a finite number"),
        ({"threshold": "0.8"}, "threshold must be a finite number"),
        ({"threshold_conditions": {}}, "threshold_conditions is empty"),
        ({"threshold_conditions": ["a"]}, "threshold_conditions must be a mapping"),
        ({"threshold_conditions": {"a": 1}}, r"threshold_conditions\['a'\] must be a mapping"),
        ({"threshold_conditions": {"a": {"value": 1}}}, r"\['a'\] needs 'operator'"),
        ({"threshold_conditions": {"a": {"operator": ">"}}}, r"\['a'\] needs 'value'"),
        ({"threshold_conditions": {"a": {"operator": ">", "value": None}}}, "value must be a finite number"),
        ({"threshold_conditions": {"a": {"operator": "=>", "value": 1}}}, "operator must be one of"),
        ({"threshold_conditions": {"a": {"operator": ">", "value": 1, "tol": 1}}}, "has no 'tol'"),
        (
            {"threshold_conditions": {"a": {"operator": ">", "value": 1, "tolerance": -1}}},
            "tolerance must be >= 0",
        ),
        (
            {"threshold_conditions": {"a": {"operator": "==", "value": "b", "tolerance": 1}}},
            "has a tolerance, and compares with a text",
        ),
        ({"mode": "stability", "stability_window": 0}, "stability_window must be an integer >= 1"),
        ({"mode": "stability", "stability_config": {"window": 3}}, "no 'window'; did you mean 'window_size'"),
        ({"mode": "stability", "stability_config": {"metrics": []}}, "metrics is empty"),
        ({"mode": "stability", "stability_config": {"measure": "mean"}}, "measure must be one of"),
        ({"mode": "stability", "min_variance": -1}, "min_variance must be >= 0"),
        (
            {"mode": "stability", "stability_window": 3, "stability_config": {"window_size": 3}},
            "stability_window is given twice",
        ),
        ({"mode": "improvement", "improvement_window": 1}, "improvement_window must be an integer >= 2"),
        ({"mode": "improvement", "improvement_config": {"consecutive_failures": 0}}, "consecutive_failures"),
        ({"improvement_config": {"window_size": 3}}, "does nothing there without 'consecutive_failures'"),
        ({"patience": 0}, "patience must be an integer >= 1"),
        ({"patience": 3, "early_stopping": {"patience": 3}}, "patience is given twice"),
        ({"early_stop_iterations": 0}, "early_stop_iterations must be an integer >= 1"),
        ({"mode": "custom"}, "mode 'custom' needs custom_expression"),
        ({"mode": "multi_criteria", "expression_conditions": []}, "expression_conditions is empty"),
        ({"missing": "skip"}, "missing must be one of"),
        ({"attach": 1}, "attach must be True or False"),
        ({"mode": "stability", "threshold": 1}, "threshold does nothing in mode 'stability'"),
        (
            {"mode": "improvement", "threshold_conditions": {"a": {"operator": ">", "value": 1}}},
            "does nothing",
        ),
        ({"stability_window": 3}, "stability_window does nothing in mode 'threshold'"),
        ({"custom_expression": "a > 1"}, "custom_expression does nothing in mode 'threshold'"),
        (
            {"mode": "custom", "custom_expression": "a", "adaptive_criteria": {}},
            "adaptive_criteria does nothing",
        ),
    ],
)
def test_bad_settings_are_refused(settings, text):
    with pytest.raises(CycleConfigurationError, match=text):
        ConvergenceCheckerNode(**settings)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"iterations": [1, 2]}, "needs one list of targets such as 'quality_thresholds'"),
        ({"iterations": [1], "a_targets": [1], "b_targets": [1]}, "needs one list of targets"),
        ({"quality_thresholds": [1]}, "needs 'iterations'"),
        ({"iterations": [1, 2], "quality_thresholds": [1]}, "2 iterations and 1 quality_thresholds"),
        ({"iterations": [2, 2], "quality_thresholds": [1, 2]}, "strictly increasing"),
        ({"iterations": [0, 2], "quality_thresholds": [1, 2]}, "must be an integer >= 1"),
        ({"iterations": [1.5], "quality_thresholds": [1]}, "must be an integer >= 1"),
        ({"iterations": [], "quality_thresholds": []}, "must be a list of numbers"),
        ({"iterations": [1], "quality_thresholds": ["high"]}, "must be a finite number"),
        ({"iterations": [1], "quality_thresholds": [1], "action": "stop"}, "action must be one of"),
        ({"iterations": [1], "quality_thresholds": [1], "when": 1}, "has no 'when'"),
    ],
)
def test_bad_adaptive_criteria_are_refused(table, text):
    with pytest.raises(CycleConfigurationError, match=text):
        ConvergenceCheckerNode(mode="multi_criteria", adaptive_criteria={"early_stopping": table})


def test_an_expression_that_is_not_allowed_is_refused_at_once():
    with pytest.raises(ConvergenceExpressionError):
        ConvergenceCheckerNode(mode="custom", custom_expression="__import__('os')")
