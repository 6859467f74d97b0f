"""Conditions as objects: how they combine, describe themselves, and are evaluated one by one."""

from types import SimpleNamespace

import pytest

from fast_dag.cycles.bounds import MaxIterationsCondition, TimeoutCondition
from fast_dag.cycles.conditions import (
    CallbackCondition,
    CompoundCondition,
    ConvergenceCondition,
    ExpressionCondition,
    Parts,
)
from fast_dag.cycles.metric_conditions import (
    ImprovementCondition,
    NoImprovementCondition,
    StabilityCondition,
    ThresholdCondition,
)
from fast_dag.errors import CycleConfigurationError, NotSerializableError
from tests.cycles.watching import first_ending, watch

X = ExpressionCondition("x > 1")
Y = ExpressionCondition("y > 1")


class Third(ConvergenceCondition):
    """The third iteration."""

    def evaluate(self, results, cycle_state):
        return cycle_state.completed == 3

    def describe(self):
        return "the third"


def test_conditions_combine_with_and_or_and_not():
    results = {"n": {"x": 2, "y": 0}}
    assert not (X & Y).evaluate(results, None)
    assert (X | Y).evaluate(results, None)
    assert (~Y).evaluate(results, None)
    assert (X & ~Y).evaluate(results, None)
    assert ("x > 1" & ~Y).evaluate(results, None)
    assert ((lambda found: found["n"]["y"]) | X).evaluate(results, None)


def test_a_combination_describes_itself():
    assert (X & Y).describe() == "(x > 1) and (y > 1)"
    assert (X & Y & "z").describe() == "(x > 1) and (y > 1) and (z)"
    assert ((X | Y) & ~X).describe() == "((x > 1) or (y > 1)) and (not (x > 1))"
    assert repr(~X) == "CompoundCondition('not (x > 1)')"


def test_a_combination_asks_from_left_to_right_and_no_further_than_needed():
    asked = []

    def asking(name, answer):
        return lambda _: asked.append(name) or answer

    CompoundCondition([asking("a", False), asking("b", True)], "AND").evaluate({}, None)
    CompoundCondition([asking("c", True), asking("d", True)], "or").evaluate({}, None)
    assert asked == ["a", "c"]


@pytest.mark.parametrize(
    ("conditions", "operator", "problem"),
    [
        ([X], "XOR", "operator must be one of AND, OR, NOT, got 'XOR'"),
        ([], "AND", "AND takes conditions, got 0"),
        ([X, Y], "NOT", "NOT takes one condition, got 2"),
        ([MaxIterationsCondition(3)], "NOT", "cannot be negated"),
        ([3], "AND", "3 is no condition: make one with create_convergence_condition"),
    ],
)
def test_a_combination_that_makes_no_sense_is_refused(conditions, operator, problem):
    with pytest.raises(CycleConfigurationError, match=problem):
        CompoundCondition(conditions, operator)


def test_budgets_and_early_stops_joined_by_or_stay_what_they_are():
    stop = NoImprovementCondition(5, "x")
    parts = (
        X | MaxIterationsCondition(9) | stop | Y | TimeoutCondition(2.5) | MaxIterationsCondition(7)
    ).parts()
    assert parts == Parts(X | Y, (stop,), 7, 2.5)


def test_a_budget_joined_by_and_is_a_test():
    assert (X & MaxIterationsCondition(3)).parts().converging is not None
    assert first_ending(watch(X & MaxIterationsCondition(3)), [5] * 5)[:2] == (3, "converged")
    assert first_ending(watch(X & TimeoutCondition(0.35)), [5] * 5)[:2] == (4, "converged")


def test_budgets_joined_by_and_are_the_larger_budget():
    both = MaxIterationsCondition(3) & MaxIterationsCondition(5) & TimeoutCondition(2)
    assert both.parts() == Parts(None, (), 5, 2)


def test_an_early_stop_joined_by_and_with_a_budget_is_an_early_stop():
    both = NoImprovementCondition(1, "x") & MaxIterationsCondition(4)
    assert first_ending(watch(both), [1] * 5)[:2] == (4, "early_stopped")


def test_a_condition_of_your_own_is_asked_with_results_and_state():
    assert first_ending(watch(Third()), [0] * 5) == (3, "converged", "the third")
    assert first_ending(watch(Third() & X), [2] * 5)[:2] == (3, "converged")
    with pytest.raises(NotSerializableError):
        Third().to_dict()


def test_a_callback_gets_results_that_it_cannot_change_and_the_state_if_it_takes_one():
    seen = []

    def both(results, state):
        seen.append(
            (dict(results), state.completed, state.iteration, state.max_iterations, state.elapsed_time)
        )
        results["n"] = 1

    with pytest.raises(TypeError, match="does not support item assignment"):
        watch(both, max_iterations=7).after({"n": 2}, 3, 0.5)
    assert seen == [({"n": 2}, 3, 2, 7, 0.5)]
    assert watch(lambda results: results["n"] == 2).after({"n": 2}, 1, 0.0) == ("converged", "<lambda>")
    assert watch(lambda *given: len(given) == 2).after({"n": 2}, 1, 0.0) is not None
    assert watch(CallbackCondition(lambda _: 1, "mine")).after({"n": 2}, 1, 0.0) == ("converged", "mine")
    assert watch(lambda results: []).after({"n": 2}, 1, 0.0) is None


def test_the_state_of_a_callback_has_the_history_and_the_best_value():
    seen = []
    watched = watch(lambda _, state: seen.append((state.metric_history, state.best)), objective="x")
    watched.after({"n": {"x": 3}}, 1, 0.0)
    watched.after({"n": {"x": 2}}, 2, 0.0)
    assert seen == [({"x": [3]}, 3), ({"x": [3, 2]}, 3)]


def test_what_a_callback_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        watch(lambda _: 1 / 0).after({}, 1, 0.0)


def test_an_async_callback_is_refused_where_nobody_awaits_it():
    async def later(results):
        return True

    with pytest.raises(CycleConfigurationError, match="condition 'later' is async"):
        watch(later).after({}, 1, 0.0)


def test_a_builtin_condition_evaluated_alone_looks_at_the_history_of_the_state():
    state = SimpleNamespace(metric_history={"x": [1, 2, 2, 2, 2, 2]}, completed=6)
    results = {"n": {"x": 2}}
    assert StabilityCondition("x", 0).evaluate(results, state)
    assert not StabilityCondition("x", 0).evaluate(results, None)
    assert ImprovementCondition("x", 0.1).evaluate(results, state)
    assert NoImprovementCondition(4, "x").evaluate(results, state)
    assert not NoImprovementCondition(5, "x").evaluate(results, state)
    assert ExpressionCondition("iteration == 6 and delta(x) == 0").evaluate(results, state)
    assert MaxIterationsCondition(6).evaluate(results, state)
    with_objective = SimpleNamespace(metric_history={"x": [3, 2]}, objective="x", completed=2)
    assert ExpressionCondition("best == 3").evaluate(results, with_objective)


def test_conditions_are_equal_if_they_say_the_same():
    assert ExpressionCondition("x > 1") == X
    assert X != Y
    assert ThresholdCondition("x", ">", 1) == ThresholdCondition("x", ">", 1)
    assert ThresholdCondition("x", ">", 1) != ThresholdCondition("x", ">=", 1)
    assert len({X, ExpressionCondition("x > 1"), Y}) == 2
