"""The criteria of a convergence checker."""

import math

import pytest

from fast_dag.cycles import ConvergenceCheckerNode
from fast_dag.errors import ConvergenceExpressionError, MissingMetricError
from tests.cycles.samples_of import converged_at, over, stopped_at

NAN, INF = math.nan, math.inf


# Thresholds


def test_the_threshold_is_reached_by_equality():
    assert converged_at(ConvergenceCheckerNode(), [0.79, 0.8, 0.81]) == [1, 2]


def test_a_metric_to_minimize_has_to_be_small():
    assert converged_at(ConvergenceCheckerNode(threshold=0.1, direction="minimize"), [0.2, 0.1, 0.05]) == [
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("operator", "tolerance", "met"),
    [
        (">", 0, [3]),
        (">=", 0, [2, 3]),
        ("<", 0, [0, 1]),
        ("<=", 0, [0, 1, 2]),
        ("==", 0, [2]),
        ("!=", 0, [0, 1, 3]),
        (">", 1, [2, 3]),
        (">=", 1, [1, 2, 3]),
        ("<", 1, [0, 1, 2]),
        ("<=", 1, [0, 1, 2, 3]),
        ("==", 1, [1, 2, 3]),
        ("!=", 1, [0]),
    ],
)
def test_each_operator_and_its_tolerance(operator, tolerance, met):
    conditions = {"n": {"operator": operator, "value": 2, "tolerance": tolerance}}
    assert converged_at(ConvergenceCheckerNode(threshold_conditions=conditions), [0, 1, 2, 3], "n") == met


def test_all_thresholds_have_to_hold():
    conditions = {"a": {"operator": ">", "value": 1}, "b": {"operator": "<", "value": 1}}
    checker = ConvergenceCheckerNode(threshold_conditions=conditions)
    assert [checker.check(a=a, b=b)["converged"] for a, b in ((2, 0), (2, 2), (0, 0))] == [True, False, False]
    assert checker.check(a=0, b=2)["continue_reason"] == "a 0 is not > 1 and b 2 is not < 1"


def test_texts_and_flags_can_be_compared():
    conditions = {"status": {"operator": "==", "value": "done"}, "ok": {"operator": "==", "value": True}}
    checker = ConvergenceCheckerNode(threshold_conditions=conditions)
    assert [checker.check(status=each, ok=True)["converged"] for each in ("done", "busy")] == [True, False]


@pytest.mark.parametrize("operator", [">", ">=", "<", "<=", "==", "!="])
@pytest.mark.parametrize("tolerance", [0, 0.5])
@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_neither_nan_nor_infinity_ever_meets_a_threshold(operator, tolerance, value):
    conditions = {"n": {"operator": operator, "value": 2, "tolerance": tolerance}}
    assert not ConvergenceCheckerNode(threshold_conditions=conditions).check(n=value)["converged"]


def test_a_text_is_not_compared_with_a_number():
    with pytest.raises(ConvergenceExpressionError, match="metric 'value': 'high' cannot be compared"):
        ConvergenceCheckerNode().check(value="high")


def test_numbers_too_large_for_the_tolerance_are_an_error_of_the_metric():
    conditions = {"n": {"operator": "==", "value": 0.5, "tolerance": 0.1}}
    with pytest.raises(ConvergenceExpressionError, match="metric 'n'"):
        ConvergenceCheckerNode(threshold_conditions=conditions).check(n=10**400)


def test_a_metric_that_is_missing_is_an_error_that_names_what_is_there():
    with pytest.raises(MissingMetricError, match=r"'value' so far.*there are valeu"):
        ConvergenceCheckerNode().check(valeu=1)


def test_a_metric_that_was_there_before_is_missing_all_the_same():
    checker = ConvergenceCheckerNode()
    checker.check(value=1)
    with pytest.raises(MissingMetricError):
        checker.check(size=1)


def test_a_metric_that_is_none_is_missing():
    with pytest.raises(MissingMetricError, match="'value' is None"):
        ConvergenceCheckerNode().check(value=None)


@pytest.mark.parametrize("given", [{}, {"value": None}])
def test_what_is_missing_may_count_as_not_met(given):
    found = ConvergenceCheckerNode(missing="ignore", patience=1).check(**given)
    assert (found["converged"], found["continue_reason"]) == (False, "value is missing")


def test_a_threshold_may_be_about_the_iteration():
    conditions = {"iteration": {"operator": ">=", "value": 3}}
    assert converged_at(
        ConvergenceCheckerNode(threshold_conditions=conditions, metric="n"), [1] * 4, "n"
    ) == [2, 3]


# Stability


def test_stability_needs_a_full_window_that_lies_together():
    checker = ConvergenceCheckerNode(mode="stability", stability_window=3, min_variance=0.01)
    assert converged_at(checker, [5, 1, 1, 1, 1]) == [3, 4]


@pytest.mark.parametrize(
    ("measure", "figure"),
    [("variance", 2 / 3), ("stdev", math.sqrt(2 / 3)), ("range", 2.0), ("relative", 1.0)],
)
def test_each_measure_of_the_window(measure, figure):
    for threshold, met in ((figure * 1.0001, True), (figure * 0.9999, False)):
        config = {"window_size": 3, "variance_threshold": threshold, "measure": measure}
        checker = ConvergenceCheckerNode(mode="stability", stability_config=config)
        assert over(checker, [1, 2, 3])[-1]["converged"] is met


def test_every_named_metric_has_to_be_stable():
    config = {"window_size": 2, "metrics": ["a", "b"]}
    checker = ConvergenceCheckerNode(mode="stability", stability_config=config)
    found = [checker.check(a=1, b=b)["converged"] for b in (1, 5, 5)]
    assert found == [False, False, True]


def test_by_default_the_metrics_with_a_threshold_have_to_be():
    conditions = {"a": {"operator": ">", "value": 9}, "b": {"operator": ">", "value": 9}}
    checker = ConvergenceCheckerNode(mode="stability", stability_window=2, threshold_conditions=conditions)
    found = [checker.check(a=1, b=b)["converged"] for b in (1, 5, 5)]
    assert found == [False, False, True]


def test_a_metric_without_samples_is_not_stable_and_no_error():
    checker = ConvergenceCheckerNode(
        mode="stability", stability_config={"window_size": 1, "metrics": ["loss"]}
    )
    assert checker.check(value=1)["criteria"] == {"stability": False}


def test_a_metric_that_no_longer_comes_is_not_stable():
    checker = ConvergenceCheckerNode(
        mode="stability", stability_config={"window_size": 1, "metrics": ["loss"]}
    )
    assert [checker.check(loss=1)["converged"], checker.check(value=1)["converged"]] == [True, False]


def test_samples_with_nan_are_not_stable():
    assert converged_at(ConvergenceCheckerNode(mode="stability", stability_window=2), [1, NAN, 1, 1]) == [3]


def test_texts_have_no_stability():
    with pytest.raises(ConvergenceExpressionError, match="'value': variance takes numbers only"):
        over(ConvergenceCheckerNode(mode="stability", stability_window=2), ["a", "a"])


def test_combined_is_threshold_and_stability():
    checker = ConvergenceCheckerNode(mode="combined", threshold=0.8, stability_window=2, min_variance=0.001)
    found = over(checker, [0.5, 0.5, 0.9, 0.9])
    assert [each["converged"] for each in found] == [False, False, False, True]
    assert found[1]["criteria"] == {"threshold": False, "stability": True}
    assert found[2]["criteria"] == {"threshold": True, "stability": False}


def test_combined_has_defaults_for_both():
    assert converged_at(ConvergenceCheckerNode(mode="combined"), [0.9] * 3) == [2]


# Improvement


def test_improvement_converges_on_a_plateau():
    checker = ConvergenceCheckerNode(mode="improvement", min_improvement=0.1, improvement_window=3)
    # Gains: (1 - 0) / 2, (1.1 - 0.5) / 2, (1.15 - 1) / 2
    assert converged_at(checker, [0, 0.5, 1, 1.1, 1.15]) == [4]


def test_a_regression_is_no_plateau():
    checker = ConvergenceCheckerNode(mode="improvement", min_improvement=0.1, improvement_window=2)
    assert converged_at(checker, [1, 0.75, 0.5, 0.45]) == [3]


def test_a_gain_of_exactly_the_least_is_one():
    for values in ([0, 0.5], [0.5, 0]):
        assert (
            converged_at(
                ConvergenceCheckerNode(mode="improvement", min_improvement=0.5, improvement_window=2), values
            )
            == []
        )


def test_the_gain_of_a_metric_to_minimize_is_its_fall():
    checker = ConvergenceCheckerNode(
        mode="improvement",
        direction="minimize",
        improvement_config={"window_size": 2, "consecutive_failures": 2},
    )
    assert stopped_at(checker, [1, 2, 3]) == (2, "early_stop")
    checker.reset()
    assert stopped_at(checker, [3, 2, 1]) is None


def test_gains_too_small_in_a_row_stop_early():
    config = {"min_improvement": 0.1, "window_size": 2, "consecutive_failures": 2}
    checker = ConvergenceCheckerNode(threshold=9, improvement_config=config)
    assert stopped_at(checker, [0, 0, 1, 1, 2, 2, 2]) == (6, "early_stop")


def test_gains_too_small_are_counted_over_a_history():
    config = {"min_improvement": 0.1, "window_size": 2, "consecutive_failures": 2}
    checker = ConvergenceCheckerNode(threshold=9, improvement_config=config)
    assert not checker.check(value=2, value_history=[0, 0, 1, 1])["should_stop"]
    assert checker.check(value=2, value_history=[0, 1, 1, 1])["stop_kind"] == "early_stop"


def test_in_mode_improvement_a_missing_metric_may_be_ignored():
    checker = ConvergenceCheckerNode(
        mode="improvement", missing="ignore", improvement_config={"consecutive_failures": 1}
    )
    assert checker.check(size=1)["continue_reason"] == "value is missing"
    assert checker.check(value=1)["continue_reason"] == "value has fewer than 3 samples"


# Adaptive criteria


def stages(action=None, **targets):
    """Adaptive criteria after 2 and 4 iterations."""
    table = {"iterations": [2, 4], **(targets or {"quality_thresholds": [0.7, 0.9]})}
    return {"early_stopping": table if action is None else {**table, "action": action}}


def test_the_stage_that_is_reached_last_is_active():
    checker = ConvergenceCheckerNode(mode="multi_criteria", adaptive_criteria=stages())
    found = over(checker, [0.8] * 5)
    assert [each["converged"] for each in found] == [False, True, True, False, False]
    assert (found[1]["stop_kind"], found[1]["reason"]) == ("adaptive", "value 0.8 >= 0.7")
    assert found[0]["continue_reason"] == "no stage is reached yet"


def test_the_targets_of_a_metric_to_minimize_are_upper_bounds():
    criteria = stages(loss_targets=[0.5, 0.1])
    checker = ConvergenceCheckerNode(
        mode="multi_criteria", metric="loss", direction="minimize", adaptive_criteria=criteria
    )
    assert converged_at(checker, [0.3] * 4, "loss") == [1, 2]


def test_targets_may_be_those_of_another_metric():
    conditions = {"score": {"operator": ">", "value": 1}, "loss": {"operator": "<", "value": 0}}
    checker = ConvergenceCheckerNode(
        mode="multi_criteria",
        threshold_conditions=conditions,
        adaptive_criteria=stages(loss_targets=[0.5, 0.1]),
    )
    assert [checker.check(score=0, loss=0.3)["converged"] for _ in range(4)] == [False, True, True, False]


def test_abandon_gives_up_where_a_target_is_missed_at_exactly_its_count():
    checker = ConvergenceCheckerNode(
        mode="multi_criteria",
        threshold_conditions={"value": {"operator": ">", "value": 1}},
        adaptive_criteria=stages("abandon"),
    )
    found = over(checker, [0.1, 0.8, 0.1, 0.8])
    assert [each["should_stop"] for each in found] == [False, False, False, True]
    assert (found[3]["converged"], found[3]["stop_kind"]) == (False, "early_stop")
    assert found[3]["reason"] == "given up after 4 iterations: value 0.8 is not >= 0.9"
    assert "adaptive" not in found[3]["criteria"]
