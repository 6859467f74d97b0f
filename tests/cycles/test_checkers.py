"""A node that looks at metrics and says whether a cycle has converged, or is to be given up."""

import asyncio
import copy
import inspect
import pickle
from dataclasses import dataclass

import pytest

from fast_dag import DAG, Node
from fast_dag.cycles import ConvergenceCheckerNode
from fast_dag.errors import AmbiguousMetricError, ConvergenceExpressionError
from tests.cycles.samples_of import converged_at, over, stopped_at

KEYS = {
    "converged",
    "should_stop",
    "reason",
    "continue_reason",
    "stop_kind",
    "final_metrics",
    "criteria",
    "metrics",
    "iteration",
}


def pickled(checker):
    """The checker as another process would have it."""
    return pickle.loads(pickle.dumps(checker))  # noqa: S301 - our own


# What is put in and what comes out


def test_a_result_that_goes_on_says_why():
    found = ConvergenceCheckerNode(threshold=0.9).check(value=0.5)
    assert set(found) == KEYS
    assert found["continue_reason"] == "value 0.5 is not >= 0.9"
    assert (found["reason"], found["stop_kind"], found["final_metrics"]) == (None, None, {})
    assert (found["criteria"], found["metrics"]) == ({"threshold": False}, {"value": 0.5})


def test_a_result_that_stops_says_why():
    found = ConvergenceCheckerNode(threshold=0.9).check(value=0.95, size=3)
    assert (found["converged"], found["should_stop"], found["stop_kind"]) == (True, True, "threshold")
    assert (found["reason"], found["continue_reason"]) == ("value 0.95 >= 0.9", None)
    assert found["final_metrics"] == {"value": 0.95, "size": 3}


def test_run_is_a_coroutine_function_and_says_what_check_says():
    one, other = ConvergenceCheckerNode(), ConvergenceCheckerNode()
    assert inspect.iscoroutinefunction(one.run)
    assert asyncio.run(one.run(value=0.9)) == other.check(value=0.9) == ConvergenceCheckerNode()(value=0.9)


@pytest.mark.parametrize("name", ["metrics", "current_metrics"])
def test_metrics_may_come_in_a_mapping(name):
    assert ConvergenceCheckerNode().check(**{name: {"value": 0.9}})["converged"]


def test_metrics_are_found_in_what_nodes_put_out():
    checker = ConvergenceCheckerNode(metric="accuracy", threshold=0.9)
    found = checker.check(evaluate={"accuracy": 0.95, "loss": 0.1})
    assert (found["converged"], found["metrics"]) == (True, {"accuracy": 0.95, "loss": 0.1})


def test_a_name_that_several_metrics_answer_to_is_ambiguous_each_time():
    checker = ConvergenceCheckerNode(metric="loss", missing="ignore")
    for _ in range(2):
        with pytest.raises(AmbiguousMetricError, match=r"train\.loss, test\.loss"):
            checker.check(train={"loss": 1}, test={"loss": 2})


def test_a_path_is_never_ambiguous():
    checker = ConvergenceCheckerNode(metric="test.loss", threshold=1.5)
    assert checker.check(train={"loss": 1}, test={"loss": 2})["converged"]


def test_the_iteration_is_the_index_that_is_given():
    assert ConvergenceCheckerNode().check(value=1, iteration=7)["iteration"] == 7


def test_without_an_index_the_calls_are_counted():
    assert [found["iteration"] for found in over(ConvergenceCheckerNode(), [1, 1, 1])] == [0, 1, 2]


def test_after_a_reset_they_are_counted_anew():
    checker = ConvergenceCheckerNode(patience=1)
    over(checker, [0.1, 0.1])
    checker.reset()
    assert checker.check(value=0.1)["iteration"] == 0
    assert checker.check(value=0.2)["should_stop"] is False


def test_data_passes_through_and_holds_no_metrics():
    payload = {"value": 1}
    found = ConvergenceCheckerNode(missing="ignore").check(data=payload)
    assert found["data"] is payload
    assert found["metrics"] == {}
    assert "data" in ConvergenceCheckerNode(missing="ignore").check(data=None)


def test_a_history_takes_the_place_of_the_recorded_samples_in_that_call():
    checker = ConvergenceCheckerNode(mode="stability", stability_window=3, min_variance=0.01)
    assert checker.check(value=0.5, value_history=[0.5, 0.5, 0.5])["converged"]
    assert not checker.check(value=0.5)["converged"]
    assert checker.check(value=0.5)["converged"]


def test_a_history_alone_gives_the_current_value():
    assert ConvergenceCheckerNode(threshold=0.8).check(value_history=[0.1, 0.9])["converged"]


def test_patience_counts_over_a_history():
    checker = ConvergenceCheckerNode(threshold=2, patience=2)
    assert checker.check(value=1, value_history=[1, 1, 1])["stop_kind"] == "early_stop"
    assert checker.check(value=1)["should_stop"] is False


def test_a_history_of_another_metric_changes_nothing():
    assert not ConvergenceCheckerNode(threshold=2, patience=1).check(value=1, loss_history=[1, 1])[
        "should_stop"
    ]


def test_a_history_with_something_else_than_scalars_is_refused():
    with pytest.raises(ConvergenceExpressionError, match="'value': a list is neither"):
        ConvergenceCheckerNode().check(value=1, value_history=[[1], 2])


def test_numbers_of_other_types_count_as_numbers():
    class Half(float):
        pass

    checker = ConvergenceCheckerNode(mode="stability", stability_window=2)
    assert checker.check(value=Half(0.5), value_history=[Half(0.5), Half(0.5)])["converged"]


# The primary metric


def test_the_primary_metric_is_the_one_named():
    conditions = {"loss": {"operator": "<", "value": 1}}
    checker = ConvergenceCheckerNode(metric="score", threshold_conditions=conditions, threshold=0.8)
    assert checker.check(score=0.9, loss=0.5)["converged"]
    assert not checker.check(score=0.7, loss=0.5)["converged"]


def test_else_it_is_the_first_with_a_threshold_and_its_operator_shows_the_direction():
    conditions = {"loss": {"operator": "<", "value": 0.1}, "size": {"operator": ">", "value": 0}}
    checker = ConvergenceCheckerNode(threshold_conditions=conditions, patience=2)
    found = [checker.check(loss=loss, size=1) for loss in (0.5, 0.4, 0.3, 0.2)]
    assert [each["should_stop"] for each in found] == [False] * 4


def test_quality_is_the_primary_metric_where_there_is_no_quality():
    checker = ConvergenceCheckerNode(metric="score", mode="stability", stability_window=2)
    assert checker.check(score=1, quality_history=[1, 1])["converged"]


def test_quality_is_itself_where_it_is_a_metric():
    stages = {"early_stopping": {"iterations": [1], "quality_thresholds": [0.7]}}
    checker = ConvergenceCheckerNode(mode="multi_criteria", metric="score", adaptive_criteria=stages)
    assert checker.check(score=0.9)["reason"] == "score 0.9 >= 0.7"
    assert not checker.check(score=0.9, quality=0.1)["converged"]


# Several criteria


def test_multi_criteria_needs_thresholds_and_stability_together():
    conditions = {"value": {"operator": ">", "value": 0.8}}
    checker = ConvergenceCheckerNode(
        mode="multi_criteria", threshold_conditions=conditions, stability_window=2
    )
    found = over(checker, [0.9, 0.9])
    assert [each["converged"] for each in found] == [False, True]
    assert found[1]["reason"] == "value 0.9 > 0.8 and variance of value 0 <= 0.01"
    assert found[1]["stop_kind"] == "threshold"


def test_multi_criteria_may_be_about_stability_alone():
    checker = ConvergenceCheckerNode(mode="multi_criteria", stability_window=2)
    assert over(checker, [0.1, 0.1])[1]["stop_kind"] == "stability"


def test_multi_criteria_with_a_plain_threshold():
    assert converged_at(ConvergenceCheckerNode(mode="multi_criteria", threshold=0.5), [0.4, 0.6]) == [1]


def test_in_multi_criteria_an_expression_is_enough():
    conditions = {"value": {"operator": ">", "value": 5}}
    checker = ConvergenceCheckerNode(
        mode="multi_criteria", threshold_conditions=conditions, expression_conditions=["value > 1"]
    )
    found = checker.check(value=2)
    assert (found["stop_kind"], found["criteria"]) == ("expression", {"threshold": False, "expression": True})


def test_in_multi_criteria_a_plateau_only_stops_early():
    config = {"window_size": 2, "consecutive_failures": 1}
    checker = ConvergenceCheckerNode(mode="multi_criteria", threshold=5, improvement_config=config)
    assert stopped_at(checker, [1, 1]) == (1, "early_stop")


GUIDE = {
    "name": "convergence_checker",
    "convergence_mode": "multi_criteria",
    "threshold_conditions": {
        "quality_score": {"operator": ">", "value": 0.95},
        "improvement_rate": {"operator": "<", "value": 0.001},
        "stability_variance": {"operator": "<", "value": 0.0001},
    },
    "stability_config": {
        "window_size": 5,
        "variance_threshold": 0.001,
        "metrics": ["quality_score", "loss_value"],
    },
    "improvement_config": {"min_improvement": 0.001, "window_size": 3, "consecutive_failures": 5},
    "expression_conditions": [
        "quality_score > 0.9 and iteration > 10",
        "improvement_rate < 0.001 and stability_variance < 0.0001",
        "iteration > 30 and quality_score > 0.85",
    ],
    "adaptive_criteria": {
        "early_stopping": {"iterations": [10, 25, 40], "quality_thresholds": [0.7, 0.85, 0.95]}
    },
}


@pytest.mark.parametrize(
    ("quality", "index", "kind"),
    [(0.5, 3, None), (0.8, 12, "adaptive"), (0.92, 10, "expression"), (0.6, 12, None)],
)
def test_the_checker_of_the_guide(quality, index, kind):
    found = asyncio.run(
        ConvergenceCheckerNode(**GUIDE).run(
            quality_score=quality,
            iteration=index,
            quality_history=[0.1, 0.3, quality],
            improvement_rate=0.1,
            stability_variance=0.01,
        )
    )
    assert (found["stop_kind"], found["converged"]) == (kind, kind is not None)
    assert found["criteria"]["stability"] is False
    assert found["metrics"] == {"quality_score": quality, "improvement_rate": 0.1, "stability_variance": 0.01}


# As a node


def test_as_a_node_it_takes_inputs_of_any_name():
    node = Node(ConvergenceCheckerNode("check"))
    assert (node.name, node.inputs, node.signature.takes_any_name, node.is_async) == (
        "check",
        (),
        True,
        False,
    )


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_in_a_dag_it_finds_the_metrics_of_its_source(mode):
    @dataclass
    class Scores:
        accuracy: float
        size: int

    dag = DAG("checked")
    dag.add_node("evaluate", lambda: Scores(0.95, 3))
    dag.add_node("check", ConvergenceCheckerNode(metric="accuracy", threshold=0.9))
    dag.connect("evaluate", "check")
    assert dag.run(mode=mode)["final_metrics"] == {"accuracy": 0.95, "size": 3}


def test_its_name_is_a_default_and_may_be_changed():
    checker = ConvergenceCheckerNode()
    assert checker.name == "ConvergenceCheckerNode"
    checker.name = "other"
    assert Node(checker).name == "other"


def test_it_says_whether_it_attaches_itself():
    assert [ConvergenceCheckerNode().attach, ConvergenceCheckerNode(attach=False).attach] == [True, False]


@pytest.mark.parametrize("again", [copy.deepcopy, pickled], ids=["copy", "pickle"])
def test_it_can_be_made_again_without_its_samples(again):
    checker = ConvergenceCheckerNode(
        "check", mode="custom", custom_expression="loss < 1", patience=3, metric="loss"
    )
    checker.check(loss=2)
    made = again(checker)
    assert (repr(made), made.check(loss=0)["iteration"]) == (repr(checker), 0)
