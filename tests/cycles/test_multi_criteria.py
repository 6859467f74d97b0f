"""A node that weighs several metrics against their targets."""

import asyncio
import math
import pickle

import pytest

from fast_dag import DAG
from fast_dag.cycles import MultiCriteriaConvergenceNode
from fast_dag.cycles.samples import Samples, sampled
from fast_dag.errors import (
    AmbiguousMetricError,
    ConvergenceExpressionError,
    CycleConfigurationError,
    MissingMetricError,
    UnknownOptionError,
)

WORKED = {
    "accuracy": {"target": 0.95, "weight": 0.4, "direction": "maximize", "tolerance": 0.001},
    "loss": {"target": 0.05, "weight": 0.3, "direction": "minimize", "tolerance": 0.001},
    "f1_score": {"target": 0.9, "weight": 0.2, "direction": "maximize", "tolerance": 0.002},
    "training_time": {"target": 60.0, "weight": 0.1, "direction": "minimize", "tolerance": 5.0},
}
MEASURED = {"accuracy": 0.93, "loss": 0.06, "f1_score": 0.9, "training_time": 70}
ABC = {"a": {"target": 1}, "b": {"target": 1}, "c": {"target": 1}, "d": {"target": 1}}
KEYS = {
    "converged",
    "should_stop",
    "stop_kind",
    "reason",
    "continue_reason",
    "weighted_score",
    "criteria_met",
    "met_count",
    "scores",
    "stable",
    "best_score",
    "iterations_without_improvement",
    "missing",
    "iteration",
}


def worked(**settings) -> MultiCriteriaConvergenceNode:
    return MultiCriteriaConvergenceNode(convergence_metrics=WORKED, **settings)


def single(**settings) -> MultiCriteriaConvergenceNode:
    """A node with one metric, whose score is its value."""
    return MultiCriteriaConvergenceNode(convergence_metrics={"a": {"target": 1}}, **settings)


def over(node, values):
    """The results of one call for each value of the metric a."""
    return [node.check(a=value) for value in values]


# The worked example


@pytest.mark.parametrize("strategy", ["all_criteria", "majority", "weighted_score"])
def test_the_worked_example_has_its_figures_under_every_strategy(strategy):
    found = worked(convergence_strategy=strategy).check(metrics=MEASURED)
    assert set(found) == KEYS
    assert found["weighted_score"] == pytest.approx(0.9149122807, abs=1e-9)
    assert found["scores"] == pytest.approx(
        {"accuracy": 0.9789474, "loss": 0.8, "f1_score": 1, "training_time": 0.8333333}, abs=1e-7
    )
    met = {"accuracy": False, "loss": False, "f1_score": True, "training_time": False}
    assert (found["criteria_met"], found["met_count"], found["missing"]) == (met, 1, [])
    assert (found["best_score"], found["iterations_without_improvement"]) == (found["weighted_score"], 0)
    assert found["converged"] is (strategy == "weighted_score")


def test_what_converges_is_named_by_its_strategy():
    found = worked(convergence_strategy="weighted_score").check(metrics=MEASURED)
    assert (found["should_stop"], found["stop_kind"], found["continue_reason"]) == (
        True,
        "weighted_score",
        None,
    )
    assert found["reason"] == "weighted score 0.914912 >= 0.85"


def test_what_goes_on_says_why():
    found = worked().check(metrics=MEASURED)
    assert (found["should_stop"], found["stop_kind"], found["reason"]) == (False, None, None)
    assert found["continue_reason"] == "1 of 4 criteria are met, not accuracy, loss, training_time"


# Strategies


def test_without_weights_all_count_the_same():
    node = MultiCriteriaConvergenceNode(convergence_metrics=ABC)
    assert node.check(a=1, b=0.5, c=0, d=0)["weighted_score"] == 0.375


@pytest.mark.parametrize(
    ("strategy", "needed"), [("all_criteria", 4), ("majority", 3)], ids=["all", "more than half"]
)
def test_how_many_criteria_have_to_be_met(strategy, needed):
    node = MultiCriteriaConvergenceNode(convergence_metrics=ABC, convergence_strategy=strategy)
    found = [node.check(a=1, b=n > 1, c=n > 2, d=n > 3) for n in (1, 2, 3, 4)]
    assert [each["met_count"] for each in found] == [1, 2, 3, 4]
    assert [each["converged"] for each in found] == [n >= needed for n in (1, 2, 3, 4)]


def test_a_score_of_exactly_the_bound_is_enough():
    node = single(convergence_strategy="weighted_score", min_weighted_score=0.5)
    assert [each["converged"] for each in over(node, [0.49, 0.5])] == [False, True]


# The gate


def test_with_a_window_the_scores_have_to_lie_together_too():
    node = single(convergence_strategy="weighted_score", stability_window=3, stability_threshold=0.05)
    found = over(node, [0.9, 0.95, 0.9, 0.9, 0.5])
    assert [each["stable"] for each in found] == [False, False, True, True, False]
    assert [each["converged"] for each in found] == [False, False, True, True, False]
    assert found[1]["continue_reason"] == "the last 3 scores do not lie within 0.05"


def test_a_stable_score_alone_is_not_enough():
    found = over(single(convergence_strategy="weighted_score", stability_window=2), [0.5, 0.5])
    assert (found[1]["stable"], found[1]["converged"]) == (True, False)


def test_without_a_window_nothing_speaks_against():
    assert single().check(a=0)["stable"] is True


# Early stops


def test_an_absolute_target_beaten_converges_past_everything_else():
    node = worked(
        stability_window=5,
        early_stopping={"min_iterations": 10, "absolute_targets": {"accuracy": 0.99, "loss": 0.01}},
    )
    assert node.check(metrics=MEASURED | {"accuracy": 0.99, "loss": 0.01})["converged"] is False
    found = node.check(metrics=MEASURED | {"loss": 0.009})
    assert (found["converged"], found["stop_kind"]) == (True, "absolute_target:loss")
    assert found["reason"] == "loss 0.009 is better than 0.01"
    assert node.check(metrics=MEASURED | {"accuracy": 0.991})["stop_kind"] == "absolute_target:accuracy"
    assert node.check(metrics=MEASURED | {"accuracy": math.nan})["stop_kind"] is None


def test_the_least_iterations_mask_strategy_and_patience():
    early = {"min_iterations": 3, "max_iterations_without_improvement": 1}
    found = over(single(early_stopping=early), [1, 1, 1])
    assert [each["converged"] for each in found] == [False, False, True]
    assert found[0]["continue_reason"] == "1 of at least 3 iterations are done"
    found = over(single(early_stopping=early), [0.5, 0.5, 0.5])
    assert [each["should_stop"] for each in found] == [False, False, True]


def test_patience_is_counted_on_the_weighted_score():
    found = over(single(early_stopping={"max_iterations_without_improvement": 2}), [0.5, 0.6, 0.6, 0.5])
    assert [each["iterations_without_improvement"] for each in found] == [0, 0, 1, 2]
    assert [each["best_score"] for each in found] == [0.5, 0.6, 0.6, 0.6]
    last = found[-1]
    assert (last["should_stop"], last["converged"], last["stop_kind"]) == (True, False, "early_stop")
    assert last["reason"] == "the score has not improved for 2 iterations (patience 2)"


# Missing metrics


@pytest.mark.parametrize("given", [{"a": 1}, {"a": 1, "b": None}])
def test_a_missing_metric_is_an_error(given):
    targets = {"a": {"target": 1}, "b": {"target": 1}}
    with pytest.raises(MissingMetricError, match="'b'"):
        MultiCriteriaConvergenceNode(convergence_metrics=targets).check(**given)


@pytest.mark.parametrize("given", [{"a": 1}, {"a": 1, "b": None}])
def test_a_missing_metric_may_be_ignored_and_its_weight_counts(given):
    targets = {"a": {"target": 1, "weight": 1}, "b": {"target": 1, "weight": 3}}
    node = MultiCriteriaConvergenceNode(
        convergence_metrics=targets, missing="ignore", early_stopping={"absolute_targets": {"b": 0}}
    )
    found = node.check(**given)
    assert (found["weighted_score"], found["missing"]) == (0.25, ["b"])
    assert (found["criteria_met"]["b"], found["scores"]["b"], found["converged"]) == (False, 0, False)


def test_what_several_metrics_answer_to_is_ambiguous():
    with pytest.raises(AmbiguousMetricError, match=r"x\.a, y\.a"):
        single(missing="ignore").check(x={"a": 1}, y={"a": 2})


def test_a_text_reaches_no_target():
    with pytest.raises(ConvergenceExpressionError, match="metric 'a': a target is reached by numbers"):
        single().check(a="high")


# What is put in


def test_metrics_may_come_by_name_or_in_what_nodes_put_out():
    assert single().check(a=1)["converged"]
    assert single().check(evaluate={"a": 1})["converged"]
    assert asyncio.run(single().run(current_metrics={"a": 1}))["converged"]


def test_the_iteration_is_given_or_counted():
    node = single()
    assert [node.check(a=1)["iteration"], node.check(a=1, iteration=8)["iteration"]] == [0, 8]


def test_data_passes_through():
    assert single().check(a=1, data=[1])["data"] == [1]


@pytest.mark.parametrize(
    "history", [{"a": [0.5, 0.9, 0.9]}, [{"a": 0.5}, {"a": 0.9}, {"a": 0.9}]], ids=["lists", "rows"]
)
def test_a_history_takes_the_place_of_what_was_recorded(history):
    node = single(convergence_strategy="weighted_score", stability_window=2)
    found = node.check(metrics={"a": 0.9}, metric_history=history)
    assert (found["stable"], found["converged"], found["iterations_without_improvement"]) == (True, True, 1)
    assert node.check(a=0.9)["iterations_without_improvement"] == 1


def test_a_history_alone_gives_the_current_sample():
    assert single().check(metric_history={"a": [0.5, 1]})["converged"]


def test_histories_may_come_by_metric():
    assert single(stability_window=2).check(a=1, a_history=[1, 1])["converged"]


@pytest.mark.parametrize(
    ("history", "text"),
    [
        ({"a": [1, 2], "b": [1]}, "differ in length: a 2, b 1"),
        ([1, 2], "a mapping of lists or a list of mappings"),
        (3, "a mapping of lists or a list of mappings"),
    ],
)
def test_a_history_that_is_none_is_refused(history, text):
    node = MultiCriteriaConvergenceNode(convergence_metrics={"a": {"target": 1}, "b": {"target": 1}})
    with pytest.raises(ValueError, match=text):
        node.check(a=1, b=1, metric_history=history)


def test_a_history_that_lacks_a_metric_is_an_error():
    node = MultiCriteriaConvergenceNode(convergence_metrics={"a": {"target": 1}, "b": {"target": 1}})
    with pytest.raises(MissingMetricError, match="'b' has no value"):
        node.check(a=1, b=1, metric_history=[{"a": 1}, {"a": 1, "b": 1}])


def test_two_runs_keep_their_samples_apart():
    node, runs, found = single(stability_window=2), [Samples(), Samples()], []
    for samples in (runs[0], runs[1], runs[0]):
        with sampled(samples):
            found.append(node.check(a=1)["stable"])
    assert found == [False, False, True]


# Criteria that are checkers


def test_criteria_may_be_settings_of_checkers():
    criteria = {"a": {"threshold": 0.9}, "b": {"mode": "stability", "stability_window": 2}}
    node = MultiCriteriaConvergenceNode(criteria=criteria)
    found = [node.check(a=a, b=1) for a in (0.95, 0.5, 0.95)]
    assert [each["converged"] for each in found] == [False, False, True]
    assert (found[0]["criteria_met"], found[0]["weighted_score"]) == ({"a": True, "b": False}, 0.5)


@pytest.mark.parametrize(("require_all", "converged"), [(True, False), (False, True)])
def test_all_of_them_are_needed_or_any(require_all, converged):
    criteria = {"a": {"threshold": 0.9}, "b": {"threshold": 0.9}}
    node = MultiCriteriaConvergenceNode(criteria=criteria, require_all=require_all)
    assert node.check(a=1, b=0)["converged"] is converged


def test_any_target_may_be_enough():
    node = MultiCriteriaConvergenceNode(convergence_metrics=ABC, require_all=False)
    assert node.check(a=1, b=0, c=0, d=0)["stop_kind"] == "any_criterion"


def test_a_checker_that_stops_early_stops_all():
    node = MultiCriteriaConvergenceNode(
        criteria={"a": {"threshold": 0.9, "patience": 1}, "b": {"threshold": 9}}
    )
    node.check(a=0.5, b=1)
    found = node.check(a=0.5, b=1)
    assert (found["stop_kind"], found["converged"]) == ("early_stop", False)
    assert found["reason"] == "a has not improved for 1 iterations (patience 1)"


def test_checkers_read_the_history_of_their_metric():
    node = MultiCriteriaConvergenceNode(criteria={"b": {"mode": "stability", "stability_window": 2}})
    assert node.check(metrics={"b": 1}, metric_history={"b": [1, 1]})["converged"]


def test_checkers_take_over_what_a_missing_metric_does():
    criteria = {"a": {"threshold": 0.9}}
    found = MultiCriteriaConvergenceNode(criteria=criteria, missing="ignore").check(b=1)
    assert (found["missing"], found["criteria_met"]) == (["a"], {"a": False})
    with pytest.raises(MissingMetricError):
        MultiCriteriaConvergenceNode(criteria=criteria).check(b=1)


def test_absolute_targets_know_the_direction_of_a_checker():
    node = MultiCriteriaConvergenceNode(
        criteria={"a": {"threshold": 0.1, "direction": "minimize"}},
        early_stopping={"absolute_targets": {"a": 0.05}},
    )
    assert [node.check(a=a)["stop_kind"] for a in (0.01, 0.07)] == ["absolute_target:a", "all_criteria"]


def test_a_text_beats_no_absolute_target():
    criteria = {"a": {"threshold_conditions": {"b": {"operator": ">", "value": 1}}}}
    node = MultiCriteriaConvergenceNode(criteria=criteria, early_stopping={"absolute_targets": {"a": 0}})
    assert node.check(a="high", b=2)["stop_kind"] == "all_criteria"


# Settings


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "give either convergence_metrics"),
        ({"convergence_metrics": ABC, "criteria": {"a": {}}}, "give either convergence_metrics"),
        ({"convergence_metrics": {}}, "convergence_metrics is empty"),
        ({"criteria": {}}, "criteria is empty"),
        ({"convergence_metrics": {"a": {}}}, r"convergence_metrics\['a'\] needs 'target'"),
        ({"convergence_metrics": {"a": {"target": math.nan}}}, "target must be a finite number"),
        ({"convergence_metrics": {"a": {"target": 1, "weight": -1}}}, "weight must be >= 0"),
        ({"convergence_metrics": {"a": {"target": 1, "tolerance": -1}}}, "tolerance must be >= 0"),
        (
            {"convergence_metrics": {"a": {"target": 1, "weight": 0}}},
            "weights of convergence_metrics sum to 0",
        ),
        ({"convergence_metrics": {"a": {"target": 1, "direction": "up"}}}, "direction must be one of"),
        ({"convergence_metrics": {"a": {"target": 1, "goal": 2}}}, "has no 'goal'"),
        ({"convergence_metrics": ABC, "convergence_strategy": "all"}, "convergence_strategy must be one of"),
        (
            {"convergence_metrics": ABC, "min_weighted_score": 1.5},
            "min_weighted_score must be a number from 0 to 1",
        ),
        ({"convergence_metrics": ABC, "stability_window": 0}, "stability_window must be an integer >= 1"),
        ({"convergence_metrics": ABC, "stability_threshold": 1}, "does nothing without stability_window"),
        ({"convergence_metrics": ABC, "early_stopping": {"patience": 1}}, "has no 'patience'"),
        ({"convergence_metrics": ABC, "early_stopping": {"absolute_targets": {"e": 1}}}, "names 'e'"),
        ({"convergence_metrics": ABC, "missing": "skip"}, "missing must be one of"),
        (
            {"convergence_metrics": ABC, "require_all": True, "convergence_strategy": "majority"},
            "require_all=True means all_criteria",
        ),
        ({"criteria": {"a": {"metric": "b"}}}, r"criteria\['a'\] is about 'a'"),
        ({"criteria": {"a": {"mode": "custom"}}}, "needs custom_expression"),
    ],
)
def test_bad_settings_are_refused(settings, text):
    with pytest.raises(CycleConfigurationError, match=text):
        MultiCriteriaConvergenceNode(**settings)


def test_an_unknown_keyword_is_named_with_the_nearest_one():
    with pytest.raises(UnknownOptionError, match="did you mean 'min_weighted_score'"):
        MultiCriteriaConvergenceNode(convergence_metrics=ABC, min_weighted_scores=1)


def test_the_node_of_the_guide_waits_for_samples_and_iterations():
    node = worked(
        name="multi_criteria_convergence",
        convergence_strategy="weighted_score",
        min_weighted_score=0.85,
        stability_window=5,
        stability_threshold=0.002,
        early_stopping={
            "min_iterations": 10,
            "max_iterations_without_improvement": 15,
            "absolute_targets": {"accuracy": 0.99, "loss": 0.01},
        },
    )
    found = [asyncio.run(node.run(metrics=MEASURED, iteration=index))["converged"] for index in range(11)]
    assert found == [False] * 9 + [True, True]
    history = {name: [value] * 4 for name, value in MEASURED.items()}
    late = asyncio.run(node.run(metrics=MEASURED, iteration=20, metric_history=history))
    assert (late["converged"], late["stable"]) == (False, False)


def test_in_a_dag_it_is_a_node_like_any_other():
    dag = DAG("weighed")
    dag.add_node("evaluate", lambda: {"a": 1})
    dag.add_node("check", single(attach=False))
    dag.connect("evaluate", "check", input="metrics")
    assert dag.run()["converged"] is True


def test_it_pickles():
    node = pickle.loads(pickle.dumps(single(name="check")))  # noqa: S301 - our own
    assert (node.name, node.check(a=1)["converged"]) == ("check", True)
