"""Each rule fires where it should, and nowhere else."""

import pytest

from fast_dag.observe.findings import CycleFacts, Facts
from fast_dag.observe.recommendations import recommendations

LEVEL = [100.0] * 8


def cycle(**fields):
    return CycleFacts(**{"name": "fit", "reason": "converged", "iterations": 10, **fields})


FIRES = [
    ("R1", "high", Facts(cycles=[cycle(reason="max_iterations")])),
    ("R2", "high", Facts(baseline=100.0, memory=[100.0, 111.0])),
    ("R2", "high", Facts(baseline=100.0, memory=[100.0, 100.3, 100.6, 100.9, 101.2, 101.5])),
    ("R3", "medium", Facts(nodes={"a": 1.0, "b": 0.5, "c": 0.5})),
    ("R4", "medium", Facts(durations=[1.0, 1.0, 1.6, 1.6])),
    ("R5", "low", Facts(nodes={"a": 0.4}, wall=1.0)),
    ("R6", "low", Facts(cycles=[cycle(iterations=9, max_iterations=100)])),
    ("R7", "low", Facts(cpu_percent=19.0, wall=1.0)),
    ("R8", "medium", Facts(cycles=[cycle(is_oscillating=True)])),
    ("R8", "medium", Facts(cycles=[cycle(verdict="oscillating")])),
]
DOES_NOT = [
    # By 11 MiB, but in a thousand short iterations of which two ended with a look.
    Facts(baseline=100.0, memory=[100.0, 111.0], sampled=[1, 1001]),
    Facts(),
    Facts(cycles=[cycle(reason="timeout"), cycle(reason="exit", max_iterations=100)]),
    Facts(baseline=100.0, memory=[*LEVEL[:1], 110.0]),
    Facts(baseline=100.0, memory=[150.0]),
    Facts(baseline=None, memory=[1.0, 5.0]),
    # Rising, but by less than 1 % in all; and in four iterations only.
    Facts(baseline=100.0, memory=[100.0, 100.1, 100.2, 100.3, 100.4, 100.5]),
    Facts(baseline=100.0, memory=[100.0, 101.0, 102.0, 103.0, 104.0]),
    Facts(baseline=100.0, memory=[100.0, 101.0, 102.0, 101.9, 103.0, 104.0, 105.0]),
    Facts(nodes={"a": 5.0}, wall=5.0),
    Facts(nodes={"a": 0.4, "b": 0.4, "c": 0.4}),
    Facts(nodes={"a": 0.0, "b": 0.0}),
    Facts(durations=[1.0, 1.0, 1.5, 1.5]),
    Facts(durations=[1.0, 9.0, 9.0]),
    Facts(nodes={"a": 0.5}, wall=1.0),
    Facts(cycles=[cycle(iterations=10, max_iterations=100)]),
    Facts(cycles=[cycle(reason="early_stopped", iterations=2, max_iterations=100)]),
    Facts(cpu_percent=20.0, wall=1.0),
    Facts(cpu_percent=5.0, wall=0.9),
    Facts(cpu_percent=None, wall=5.0),
    Facts(cycles=[cycle(verdict="improving")]),
]


@pytest.mark.parametrize(("rule", "severity", "facts"), FIRES, ids=lambda each: str(each)[:30])
def test_a_rule_fires(rule, severity, facts):
    (found,) = recommendations(facts)
    assert (found.rule, found.severity) == (rule, severity)
    assert found.description
    assert found.estimated_improvement
    assert found.implementation_steps
    assert found.evidence


@pytest.mark.parametrize("facts", DOES_NOT, ids=lambda each: str(each)[:60])
def test_no_rule_fires_without_reason(facts):
    assert recommendations(facts) == []


@pytest.mark.parametrize(
    ("verdict", "advice"),
    [
        ("improving", "Raise max_iterations."),
        ("plateau", "Loosen the threshold of its condition, or use another method."),
        ("stalled", "Loosen the threshold of its condition, or use another method."),
        (None, "Raise max_iterations, or give it a condition that can hold."),
    ],
)
def test_what_to_do_about_a_bound_depends_on_where_the_objective_was_going(verdict, advice):
    (found,) = recommendations(Facts(cycles=[cycle(reason="max_iterations", verdict=verdict)]))
    assert found.implementation_steps == (advice,)


def test_the_most_severe_comes_first_and_then_the_rule():
    facts = Facts(
        cycles=[cycle(reason="max_iterations", verdict="oscillating")],
        nodes={"a": 0.4, "b": 0.0},
        wall=1.0,
        cpu_percent=1.0,
    )
    assert [each.rule for each in recommendations(facts)] == ["R1", "R3", "R8", "R5", "R7"]
