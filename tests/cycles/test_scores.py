"""How close metrics are to their targets."""

import math

import pytest

from fast_dag.cycles import MultiCriteriaConvergenceNode


@pytest.mark.parametrize(
    ("target", "value", "met", "score"),
    [
        ({"target": 10}, 10, True, 1),
        ({"target": 10}, 9, False, 0.9),
        ({"target": 10, "tolerance": 1}, 9, True, 1),
        ({"target": 10}, -5, False, 0),
        ({"target": 10}, 99, True, 1),
        ({"target": 10, "direction": "minimize"}, 10, True, 1),
        ({"target": 10, "direction": "minimize"}, 12, False, 0.8),
        ({"target": 10, "direction": "minimize", "tolerance": 2}, 12, True, 1),
        ({"target": 10, "direction": "minimize"}, 30, False, 0),
        ({"target": -10}, -11, False, 0.9),
        ({"target": 0}, -0.25, False, 0.75),
        ({"target": 0, "direction": "minimize"}, 0.25, False, 0.75),
        ({"target": 0, "direction": "minimize", "tolerance": 4}, 5, False, 0),
        ({"target": 0, "direction": "minimize", "tolerance": 0.1}, 0.5, False, 0.5),
        ({"target": 10}, math.nan, False, 0),
        ({"target": 10}, -math.inf, False, 0),
        ({"target": 10}, True, False, 0.1),
    ],
)
def test_the_score_of_one_metric(target, value, met, score):
    found = MultiCriteriaConvergenceNode(convergence_metrics={"a": target}).check(a=value)
    assert found["criteria_met"] == {"a": met}
    assert found["scores"]["a"] == pytest.approx(score)


def test_a_tolerance_larger_than_one_is_the_scale_of_a_target_of_zero():
    target = {"target": 0, "direction": "minimize", "tolerance": 4}
    found = MultiCriteriaConvergenceNode(convergence_metrics={"a": target}).check(a=4.5)
    # The gap counts from the target, so that it is larger than the scale.
    assert found["scores"] == {"a": 0.0}
