"""Conditions from what users write, and back."""

import json

import pytest

from fast_dag.cycles.bounds import MaxIterationsCondition, TimeoutCondition
from fast_dag.cycles.conditions import CallbackCondition, CompoundCondition, ExpressionCondition
from fast_dag.cycles.metric_conditions import (
    ImprovementCondition,
    NoImprovementCondition,
    StabilityCondition,
    ThresholdCondition,
)
from fast_dag.cycles.specs import condition_from_dict, create_convergence_condition
from fast_dag.cycles.staged import AdaptiveCondition
from fast_dag.errors import ConvergenceExpressionError, CycleConfigurationError, NotSerializableError
from fast_dag.graph.cycle_data import register_condition

STRATEGY = {
    "primary_criteria": [
        {"type": "threshold", "metric": "accuracy", "operator": ">", "value": 0.95},
        {"type": "threshold", "metric": "loss", "operator": "<", "value": 0.05},
    ],
    "stability_criteria": [
        {"type": "variance", "metric": "accuracy", "window": 5, "threshold": 0.001},
        {"type": "improvement_rate", "metric": "loss", "window": 3, "threshold": 0.0001},
    ],
    "safety_criteria": [
        {"type": "max_iterations", "value": 100},
        {"type": "timeout", "value": 1800},
        {"type": "no_improvement", "patience": 15},
    ],
    "adaptive_criteria": [{"iterations": [20, 50, 80], "accuracy_targets": [0.8, 0.9, 0.95]}],
}
SPECS = [
    ("x > 1", ExpressionCondition("x > 1")),
    ({"type": "expression", "condition": "x > 1"}, ExpressionCondition("x > 1")),
    ({"type": "expression", "expression": "x > 1"}, ExpressionCondition("x > 1")),
    (50, MaxIterationsCondition(50)),
    ({"type": "max_iterations", "value": 50}, MaxIterationsCondition(50)),
    ({"type": "timeout", "value": 1.5}, TimeoutCondition(1.5)),
    (STRATEGY["primary_criteria"][0], ThresholdCondition("accuracy", ">", 0.95)),
    (
        {"type": "threshold", "metric": "x", "operator": "==", "value": 1, "tolerance": 0.1},
        ThresholdCondition("x", "==", 1, 0.1),
    ),
    ({"type": "stability", "metric": "x", "threshold": 0.1}, StabilityCondition("x", 0.1)),
    (STRATEGY["stability_criteria"][0], StabilityCondition("accuracy", 0.001, 5)),
    (
        {"type": "variance", "metric": "x", "threshold": 1, "measure": "range"},
        StabilityCondition("x", 1, 5, "range"),
    ),
    (STRATEGY["stability_criteria"][1], ImprovementCondition("loss", 0.0001, 3)),
    ({"type": "no_improvement", "patience": 15}, NoImprovementCondition(15)),
    (
        {"type": "no_improvement", "patience": 1, "metric": "x", "min_delta": 2, "direction": "minimize"},
        NoImprovementCondition(1, "x", 2, "minimize"),
    ),
    ({"type": "callback", "callback": len}, CallbackCondition(len)),
    (len, CallbackCondition(len)),
    (
        {"type": "compound", "operator": "OR", "conditions": ["x", {"type": "timeout", "value": 2}]},
        CompoundCondition([ExpressionCondition("x"), TimeoutCondition(2)], "OR"),
    ),
    (
        {"type": "adaptive", "stages": [(3, "x > 1"), [5, len]]},
        AdaptiveCondition([(3, ExpressionCondition("x > 1")), (5, CallbackCondition(len))]),
    ),
    (
        STRATEGY["adaptive_criteria"][0],
        AdaptiveCondition(
            (begin, ThresholdCondition("accuracy", None, target))
            for begin, target in ((20, 0.8), (50, 0.9), (80, 0.95))
        ),
    ),
    (
        {"type": "adaptive", "iterations": [2], "loss_thresholds": [0.5]},
        AdaptiveCondition([(2, ThresholdCondition("loss", None, 0.5))]),
    ),
]
BAD = [
    (True, "max_iterations must be an integer >= 1, got True"),
    (0, "max_iterations must be an integer >= 1"),
    (1.5, "a condition is an expression, a number of iterations, a mapping or a function, got 1.5"),
    (None, "a condition is an expression"),
    ({}, "there is no condition without a type"),
    ({"type": "treshold"}, "did you mean 'threshold'"),
    ({"type": ["threshold"]}, "there is no condition of type"),
    ({"type": "threshold", "metric": "x"}, "a condition of type 'threshold' needs 'value'"),
    ({"type": "threshold", "metrik": "x", "value": 1}, "takes no 'metrik'.*did you mean 'metric'"),
    ({"type": "max_iterations", "value": True}, "max_iterations must be an integer >= 1"),
    ({"type": "timeout", "value": 0}, "timeout must be a number of seconds > 0"),
    ({"type": "timeout", "value": "1"}, "timeout must be a number"),
    ({"type": "callback", "callback": 3}, "a callback has to be callable"),
    ({"type": "compound", "operator": "NOR", "conditions": ["x"]}, "operator must be one of AND, OR, NOT"),
    ({"type": "compound", "conditions": []}, "AND takes conditions, got 0"),
    ({"type": "adaptive", "stages": []}, "have to begin one after the other"),
    ({"type": "adaptive", "stages": [(5, "x"), (5, "y")]}, "have to begin one after the other"),
    ({"type": "adaptive", "stages": [5]}, "are pairs of iterations and condition"),
    ({"type": "adaptive", "stages": [(5, 9)]}, "bounds the cycle and cannot be a stage"),
    ({"iterations": [1, 2], "x_targets": [1]}, "x_targets has 1 entries, iterations 2"),
    ({"iterations": [1]}, "the targets of one metric"),
    ({"iterations": [1], "x_targets": [1], "y_targets": [1]}, "the targets of one metric"),
    ({"iterations": [1], "x_targets": [1], "window": 3}, "the targets of one metric"),
    ({"primary_criteria": ["x"], "secondary_criteria": ["y"]}, "a strategy takes no 'secondary_criteria'"),
    ({"primary_criteria": [5]}, "it belongs into safety_criteria"),
    ({"safety_criteria": ["x > 1"]}, "it belongs into primary_criteria"),
    ({"safety_criteria": []}, "a strategy needs conditions"),
]


@pytest.mark.parametrize(("spec", "condition"), SPECS, ids=range(len(SPECS)))
def test_a_spec_makes_its_condition(spec, condition):
    assert create_convergence_condition(spec) == condition


@pytest.mark.parametrize(("spec", "condition"), SPECS, ids=range(len(SPECS)))
def test_a_condition_tells_the_spec_it_is_made_from(spec, condition):
    assert create_convergence_condition(condition.to_spec()) == condition


@pytest.mark.parametrize(("spec", "problem"), BAD, ids=range(len(BAD)))
def test_what_is_no_condition_is_refused(spec, problem):
    with pytest.raises(CycleConfigurationError, match=problem):
        create_convergence_condition(spec)


def test_a_bad_expression_is_refused_at_once():
    with pytest.raises(ConvergenceExpressionError):
        create_convergence_condition({"type": "compound", "operator": "AND", "conditions": ["x.__class__"]})


def test_a_condition_is_given_back():
    condition = ExpressionCondition("x")
    assert create_convergence_condition(condition) is condition


def test_an_object_that_can_evaluate_is_a_condition():
    class Own:
        name = "own"

        def evaluate(self, results, state):
            return True

    assert create_convergence_condition(Own()).describe() == "own"


def test_groups_of_conditions_describe_themselves():
    strategy = {"primary_criteria": ["x", "y"], "adaptive_criteria": {"iterations": [2], "z_targets": [1]}}
    assert create_convergence_condition(strategy).describe() == (
        "((x) and (y)) or (from 2 iterations on: z reaches 1)"
    )
    bounds = {"safety_criteria": [3, {"type": "timeout", "value": 1.5}]}
    assert create_convergence_condition(bounds).describe() == "3 iterations, 1.5 seconds"


def test_a_strategy_goes_there_and_back():
    condition = create_convergence_condition(STRATEGY)
    assert condition_from_dict(json.loads(json.dumps(condition.to_dict()))) == condition


def test_a_function_is_stored_by_the_name_it_is_registered_under():
    def enough(results):
        return True

    with pytest.raises(NotSerializableError, match="has no name"):
        CallbackCondition(enough).to_dict()
    register_condition("enough for this test", enough)
    stored = (CallbackCondition(enough) & ExpressionCondition("x > 1")).to_dict()
    assert condition_from_dict(json.loads(json.dumps(stored))).conditions[0].function is enough
    with pytest.raises(NotSerializableError, match="no condition 'missing'"):
        condition_from_dict({"type": "callback", "callback": {"$function": "missing"}})


def test_code_never_comes_out_of_a_stored_condition():
    for callback in ("os.system", "lambda r: 1", {"$function": "os.system"}):
        with pytest.raises((CycleConfigurationError, NotSerializableError)):
            condition_from_dict({"type": "callback", "callback": callback})
