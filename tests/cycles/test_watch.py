"""The conditions of a cycle over its iterations: which ends it, when, and what is known at the end."""

import math

import pytest

from fast_dag.cycles.compiled import conditions_of
from fast_dag.errors import ConvergenceExpressionError, CycleConfigurationError, MissingMetricError
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.run.results import CycleResult
from tests.cycles.watching import first_ending, watch

NO_GAIN = {"type": "no_improvement", "patience": 5}


def described(watched, reason="max_iterations"):
    result = CycleResult("c", "r", reason)
    watched.describe(result)
    return result


def objective(*conditions, **settings):
    made = conditions_of(CycleConfig(convergence_conditions=list(conditions), **settings))
    return made.objective, made.direction


# Worked examples of the contract


def test_a_self_loop_that_counts_to_five_ends_after_five_iterations():
    assert first_ending(watch("x >= 5"), [*range(1, 11)]) == (5, "converged", "x >= 5")


def test_an_approach_to_ten_ends_after_31_iterations():
    x, samples = 0.0, []
    while len(samples) < 50:
        x += (10 - x) * 0.2
        samples.append(x)
    assert first_ending(watch("10 - x < 0.01"), samples)[0] == 31
    assert samples[30] == pytest.approx(9.990096479685716, abs=1e-15)


def test_of_two_conditions_the_first_that_holds_ends_the_cycle():
    assert first_ending(watch("x >= 3", "x >= 7"), [*range(1, 11)]) == (3, "converged", "x >= 3")
    assert first_ending(watch("x >= 7", "x >= 3"), [*range(1, 11)]) == (3, "converged", "x >= 3")
    assert first_ending(watch("x >= 3", "iteration >= 3"), [*range(1, 11)])[2] == "x >= 3"


def test_a_misspelt_condition_never_converges():
    watched = watch("qualty > 0.9")
    with pytest.raises(ConvergenceExpressionError, match="did you mean 'quality'"):
        watched.after({"step": {"quality": 1.0}}, 1, 0.0)


def test_a_flat_metric_with_patience_five_ends_early_at_its_sixth_sample():
    threshold = {"type": "threshold", "metric": "x", "operator": ">", "value": 0.95}
    for watched in (watch(threshold, NO_GAIN), watch(threshold, early_stop={"patience": 5})):
        assert first_ending(watched, [0.5] * 9)[:2] == (6, "early_stopped")


# Order and settings


def test_what_converges_comes_before_what_ends_early():
    assert first_ending(watch({**NO_GAIN, "metric": "x"}, "iteration >= 6"), [1] * 9)[:2] == (6, "converged")


def test_all_conditions_have_to_hold_where_they_are_combined_so():
    both = watch("x >= 3", "x % 2 == 0", combine="all")
    assert first_ending(both, [*range(1, 9)]) == (4, "converged", "(x >= 3) and (x % 2 == 0)")


def test_a_bound_is_no_condition_among_those_that_all_have_to_hold():
    both = watch("x >= 3", 9, {**NO_GAIN, "metric": "x"}, combine="all")
    assert first_ending(both, [*range(1, 9)]) == (3, "converged", "x >= 3")


def test_bounds_are_told_and_never_end_the_cycle():
    config = CycleConfig(
        convergence_conditions=[9, 7, {"type": "timeout", "value": 2}, "x > 1"], max_iterations=8
    )
    made = conditions_of(config)
    assert (made.max_iterations, made.limit, made.timeout) == (7, 7, 2)
    assert first_ending(made.start(), [0] * 12) is None
    assert conditions_of(CycleConfig(max_iterations=3)).limit == 3


def test_the_bound_that_holds_is_what_expressions_see():
    made = conditions_of(CycleConfig(convergence_conditions=[7, "max_iterations == 5"], max_iterations=8))
    assert first_ending(made.start(max_iterations=5), [0])[:2] == (1, "converged")
    with pytest.raises(ConvergenceExpressionError, match="max_iterations is not set"):
        watch("iteration > max_iterations").after({}, 1, 0.0)


def test_masked_conditions_are_not_evaluated_but_samples_count():
    watched = watch("nothing > 1 or delta(x) == 0", NO_GAIN | {"metric": "x", "patience": 2})
    for count in (1, 2, 3):
        assert watched.after({"step": {"x": 1}}, count, 0.0, masked=True) is None
    ending = watched.after({"step": {"x": 1, "nothing": 2}}, 4, 0.0)
    assert ending == ("converged", "nothing > 1 or delta(x) == 0")
    assert watched.metric_history()["x"] == [1] * 4


def test_runs_share_what_is_compiled_and_nothing_else():
    made = conditions_of(CycleConfig(convergence_conditions="delta(x) > 5"))
    first, second = made.start(), made.start()
    assert first.after({"n": {"x": 0}}, 1, 0.0) is None
    assert second.after({"n": {"x": 50}}, 1, 0.0) is None
    assert first.after({"n": {"x": 9}}, 2, 0.0) is not None


def test_without_settings_there_is_nothing_to_watch():
    assert not conditions_of(CycleConfig(max_iterations=9)).is_needed
    assert not conditions_of(CycleConfig(convergence_conditions=9)).is_needed
    for settings in ({"convergence_conditions": "x"}, {"objective": "x"}, {"when": "x"}):
        assert conditions_of(CycleConfig(**settings)).is_needed


def test_only_functions_of_the_user_are_told_as_such():
    assert watch(lambda _: True).calls_user
    assert watch("x").calls_user is False


# Groups


def test_a_strategy_converges_when_all_primary_and_stability_criteria_hold():
    strategy = {
        "primary_criteria": "x > 0.9",
        "stability_criteria": [{"type": "variance", "metric": "x", "window": 3, "threshold": 0.001}],
        "safety_criteria": [12, {"type": "no_improvement", "patience": 4}],
        "adaptive_criteria": {"iterations": [9], "x_targets": [0.5]},
    }
    assert first_ending(watch(strategy), [0.1, 0.5, 0.91, 0.95, 0.95, 0.95])[:2] == (5, "converged")
    assert first_ending(watch(strategy), [0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8])[:2] == (
        9,
        "converged",
    )
    assert first_ending(watch(strategy), [0.4] * 9)[:2] == (5, "early_stopped")
    assert conditions_of(CycleConfig(convergence_conditions=strategy)).limit == 12


def test_patience_in_a_strategy_is_about_its_first_threshold_in_its_direction():
    strategy = {"primary_criteria": ["x < 0.1", "y > 0.9"], "safety_criteria": NO_GAIN | {"patience": 2}}
    falling = [9, 8, 7, 6, 6, 6]
    assert first_ending(watch(strategy), None, x=falling, y=[0.5] * 6)[:2] == (6, "early_stopped")


def test_a_strategy_of_bounds_alone_never_converges():
    assert first_ending(watch({"safety_criteria": [3]}, "x > 5"), [1] * 5) is None


def test_of_an_adaptive_condition_the_stage_that_is_reached_counts():
    staged = {"type": "adaptive", "stages": [(3, "x > 8"), (5, "x > 4")]}
    assert first_ending(watch(staged), [9, 9, 9])[0] == 3
    assert first_ending(watch(staged), [5] * 9)[0] == 5


def test_adaptive_targets_follow_the_direction_of_the_cycle():
    staged = {"iterations": [2, 4], "x_targets": [1, 3]}
    assert first_ending(watch(staged), [2, 0, 0, 3])[0] == 4
    assert first_ending(watch(staged, direction="minimize"), [2, 2, 2, 3])[0] == 4
    assert first_ending(watch(staged, direction="minimize"), [2, 1, 2, 3])[0] == 2


# The objective


def test_the_objective_is_the_only_metric_that_is_tested():
    assert objective("x > 0.9") == ("x", "maximize")
    assert objective("x < 0.9") == ("x", "minimize")
    assert objective("0.9 > x") == ("x", "minimize")
    assert objective("x < 1 and iteration > 5") == ("x", "minimize")
    assert objective({"type": "threshold", "metric": "x", "operator": "<=", "value": 1}) == ("x", "minimize")
    assert objective({"type": "stability", "metric": "x", "threshold": 1}) == ("x", "maximize")
    assert objective("x > 1", "y > 1") == (None, "maximize")
    assert objective("x == y") == (None, "maximize")
    assert objective("x > 1 and x < 5") == ("x", "maximize")
    assert objective(lambda _: True) == (None, "maximize")


def test_what_is_set_goes_before_what_is_found():
    assert objective("x < 1", objective="y") == ("y", "maximize")
    assert objective("x < 1", direction="maximize") == ("x", "maximize")
    assert objective("x > 1", "y > 1", objective="y", direction="minimize") == ("y", "minimize")


def test_patience_and_verdicts_without_a_metric_are_refused_when_the_cycle_is_built():
    with pytest.raises(CycleConfigurationError, match="no_improvement needs a metric"):
        watch(early_stop={"patience": 3})
    with pytest.raises(CycleConfigurationError, match="stop_on needs an objective"):
        watch(stop_on=("stalled",))


# Verdicts that end a cycle


def test_an_oscillation_ends_the_cycle_with_its_period():
    watched = watch(objective="x", stop_on=("oscillating", "diverging"))
    assert first_ending(watched, [1, 2, 3] * 6) == (10, "early_stopped", "oscillating (period 3)")


def test_a_stall_ends_the_cycle_as_stalled_even_while_masked():
    watched = watch(objective="x", stop_on="stalled", verdict_window=3)
    assert first_ending(watched, [1, 1, 1]) == (3, "stalled", "stalled")
    masked = watch(objective="x", stop_on=("stalled", "plateau"), verdict_window=3)
    assert [masked.after({"n": {"x": 1}}, count, 0.0, masked=True) for count in (1, 2, 3)][
        2
    ].reason == "stalled"


@pytest.mark.parametrize(
    ("verdict", "samples", "count"),
    [
        ("diverging", [2.0**step for step in range(20)], 10),
        ("not_a_number", [1.0, math.nan] * 10, 10),
        ("plateau", [1 / 2**step for step in range(40)], 20),
    ],
)
def test_a_verdict_ends_the_cycle_once_the_window_is_full(verdict, samples, count):
    watched = watch(objective="x", direction="minimize", stop_on=verdict)
    found = first_ending(watched, samples)
    assert found[1:] == ("early_stopped", verdict)
    assert found[0] == count


def test_a_condition_comes_before_a_verdict():
    watched = watch("iteration == 10", objective="x", stop_on="plateau")
    assert first_ending(watched, [1] * 10)[1] == "converged"


def test_a_verdict_on_a_metric_that_nobody_puts_out_is_an_error():
    with pytest.raises(MissingMetricError, match="no metric 'y'"):
        watch(objective="y", stop_on="plateau").after({"n": {"x": 1}}, 1, 0.0)


# What is known at the end


def test_the_best_iteration_is_the_earliest_with_the_best_objective():
    watched = watch(objective="x")
    first_ending(watched, None, x=[1, 5, 3, 5], note=["a", "b", "c", "d"])
    result = described(watched)
    assert (result.best_iteration, result.best_quality) == (1, 5)
    assert result.best_metrics == {"x": 5, "note": "b"}
    assert result.metric_history == {"x": [1, 5, 3, 5]}
    assert result.verdict == "insufficient_data"


def test_the_best_is_the_least_where_that_is_wanted():
    watched = watch(objective="x", direction="minimize")
    first_ending(watched, [math.nan, 3, 1, 1, math.nan, 2])
    assert (described(watched).best_iteration, described(watched).best_quality) == (2, 1)


def test_without_an_objective_the_last_iteration_counts():
    watched = watch("x > 5 or y > 5")
    first_ending(watched, None, x=[1, 2], y=[3, 4])
    result = described(watched)
    assert (result.best_quality, result.verdict, result.best_metrics) == (None, None, {"x": 2, "y": 4})


def test_metrics_of_a_skipped_node_keep_their_values_in_the_best_iteration():
    watched = watch(objective="x")
    rows = [{"a": {"x": 1}, "b": {"y": 2}}, {"a": {"x": 3}}, {"b": {"y": 4}}]
    for count, results in enumerate(rows, start=1):
        watched.after(results, count, 0.0)
    assert described(watched).best_metrics == {"x": 3, "y": 2}


def test_nodes_that_take_turns_are_all_known_at_the_end():
    watched = watch("defined(x) and x > 5 or defined(y) and y > 5")
    for count, results in enumerate([{"a": {"x": 1}}, {"b": {"y": 4}}], start=1):
        watched.after(results, count, 0.0)
    assert described(watched).best_metrics == {"x": 1, "y": 4}


def test_before_the_first_iteration_nothing_is_known():
    result = described(watch(objective="x"), "not_entered")
    assert (result.best_iteration, result.best_metrics, result.metric_history) == (None, {}, {"x": []})


def test_a_cycle_that_converged_has_that_verdict():
    watched = watch("x > 1")
    first_ending(watched, [2])
    assert described(watched, "converged").verdict == "converged"


# Functions of the user, asked by somebody else


def asked(watched, results, answers, count=1):
    """The questions, with the answers given in turn; and the ending."""
    going, questions, answers = watched.asking(results, count, 0.0), [], iter(answers)
    try:
        question, arguments = next(going)
        while True:
            questions.append((question.function, arguments))
            question, arguments = going.send(next(answers))
    except StopIteration as stop:
        return questions, stop.value


def test_functions_are_asked_in_order_and_no_further_than_needed():
    def first(results):
        raise AssertionError

    def second(results, state):
        raise AssertionError

    watched = watch(first, second)
    questions, ending = asked(watched, {"n": 1}, [False, True])
    assert [function for function, _ in questions] == [first, second]
    assert [len(arguments) for _, arguments in questions] == [1, 2]
    assert ending == ("converged", "second")
    assert len(asked(watched, {"n": 1}, [True], 2)[0]) == 1


def test_samples_are_taken_once_however_much_is_asked():
    watched = watch(lambda _: None, lambda _: None, "len(history(x)) > 2")
    for count in (1, 2):
        assert asked(watched, {"n": {"x": count}}, [False, False], count)[1] is None
    assert asked(watched, {"n": {"x": 3}}, [False, False], 3)[1] is not None
    assert watched.metric_history()["x"] == [1, 2, 3]


def test_with_expressions_alone_nothing_is_asked():
    assert asked(watch("x > 1"), {"n": {"x": 2}}, []) == ([], ("converged", "x > 1"))


# Values at the edge


def test_integers_beyond_all_floats_are_taken_as_they_are():
    large = 10**400
    watched = watch("x < 1", early_stop={"patience": 2}, stop_on="diverging", direction="maximize")
    assert first_ending(watched, [1.5, large, large + 1, 2.5, 2.5]) == (
        5,
        "early_stopped",
        "no improvement for 2 iterations",
    )
    assert described(watched).best_quality == large + 1
    rising = watch(objective="x")
    first_ending(rising, [large + step for step in range(12)])
    assert described(rising).verdict == "diverging"


@pytest.mark.parametrize(
    "condition",
    [
        {"type": "threshold", "metric": "x", "operator": "==", "value": 0.5, "tolerance": 0.1},
        {"type": "improvement_rate", "metric": "x", "threshold": 1, "window": 2},
        "mean(x, 2) > 1",
        "variance(x, 2) > 1",
        "x / 2 > 1",
        "x * 1.5 > 1",
        "delta(x) > 1",
    ],
)
def test_what_cannot_be_calculated_with_is_an_error_of_the_condition(condition):
    watched = watch("iteration == 1 and x == 0", condition)
    with pytest.raises(ConvergenceExpressionError):
        first_ending(watched, [0.25, 10**400])


def test_a_variance_beyond_all_floats_is_infinite_and_no_error():
    assert (
        first_ending(watch({"type": "stability", "metric": "x", "threshold": 1}), [1e300, -1e300] * 5) is None
    )


def test_a_function_with_a_default_of_its_own_keeps_it():
    watched = watch(lambda results, least=3: results["n"] >= least)
    assert watched.after({"n": 2}, 1, 0.0) is None
    assert watched.after({"n": 3}, 2, 0.0).reason == "converged"


def test_a_function_whose_second_argument_may_be_left_out_gets_the_state():
    def long_enough(_, state=None):
        return state is not None and state.completed >= 2

    watched = watch(long_enough)
    assert [watched.after({"n": 1}, count, 0.0) is None for count in (1, 2)] == [True, False]
