"""Each kind of condition ends a cycle in every mode, or says why it cannot be answered."""

import pytest

from fast_dag import DAG
from fast_dag.cycles import (
    AmbiguousMetricError,
    CallbackCondition,
    CompoundCondition,
    ConvergenceCheckerNode,
    ConvergenceExpressionError,
    CycleExecutionError,
    ExpressionCondition,
    MissingMetricError,
    ThresholdCondition,
)
from tests.conformance.converging import ended, following, looped, result_of
from tests.conformance.modes import raised_by

RISING = [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("check", "iterations", "detail"),
    [
        ("m >= 3", 3, "m >= 3"),
        ("give.m + 1 > 4 and iteration > 2", 4, "give.m + 1 > 4 and iteration > 2"),
        ("delta(m) == 1 and max(m, 0) == 4", 4, "delta(m) == 1 and max(m, 0) == 4"),
        ("mean(m, 3) >= 4", 5, "mean(m, 3) >= 4"),
        (ThresholdCondition("m", ">", 4), 5, "m > 4"),
        ({"type": "threshold", "metric": "m", "operator": "==", "value": 3.5, "tolerance": 0.5}, 3, None),
        ({"type": "compound", "operator": "AND", "conditions": ["m > 1", "m % 2 == 1"]}, 3, None),
        ({"type": "compound", "operator": "NOT", "conditions": ["m < 5"]}, 5, None),
        (ExpressionCondition("m > 4") | ExpressionCondition("m == 2"), 2, None),
        (ExpressionCondition("m > 4") & ~ExpressionCondition("m == 5"), 6, None),
        (CompoundCondition(["m > 2", "m > 4"], "OR"), 3, None),
        ({"type": "adaptive", "stages": [(2, "m > 5"), (4, "m > 3")]}, 4, None),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else type(value).__name__,
)
def test_a_condition_ends_a_cycle(any_mode, kind, check, iterations, detail):
    dag = following(kind, RISING, convergence_check=check)
    assert any_mode(dag)["m"] == iterations
    reason, found, count, converged = ended(dag)
    assert (reason, count, converged) == ("converged", iterations, True)
    assert found == detail or (detail is None and found)


@pytest.mark.parametrize(
    "make",
    [
        lambda test: test,
        lambda test: CallbackCondition(test, name="enough"),
        lambda test: {"type": "callback", "callback": test},
        lambda test: CallbackCondition(test) & ExpressionCondition("m > 0"),
        lambda test: ExpressionCondition("m > 0") & CallbackCondition(test),
        lambda test: {"type": "compound", "operator": "OR", "conditions": ["m > 100", test]},
    ],
    ids=["bare", "named", "mapping", "and first", "and last", "or"],
)
@pytest.mark.parametrize("both", [False, True])
def test_a_function_is_asked_once_after_each_iteration(any_mode, kind, make, both):
    seen = []

    def enough(results, state):
        seen.append((results["give"]["m"], state.iteration))
        return results["give"]["m"] >= 3

    def enough_by_results(results):
        seen.append((results["give"]["m"], len(seen) + 1))
        return results["give"]["m"] >= 3

    dag = following(kind, RISING, convergence_check=make(enough if both else enough_by_results))
    any_mode(dag)
    assert (result_of(dag).reason, result_of(dag).total_iterations) == ("converged", 3)
    assert [value for value, _ in seen] == [1, 2, 3]
    assert seen[0][1] < seen[1][1] < seen[2][1]


def test_all_conditions_may_be_asked_for(any_mode, kind):
    dag = following(kind, RISING, convergence_conditions=["m > 1", "m % 2 == 1"], combine="all")
    any_mode(dag)
    assert result_of(dag).total_iterations == 3


def test_a_cycle_may_be_too_young_to_end(any_mode, kind):
    dag = following(kind, RISING, convergence_check="m >= 2", min_iterations=4)
    any_mode(dag)
    assert ended(dag) == ("converged", "m >= 2", 4, True)


def test_a_condition_that_holds_in_the_last_iteration_comes_before_the_limit(any_mode, kind):
    dag = following(kind, RISING, convergence_check="m >= 6")
    any_mode(dag)
    assert ended(dag) == ("converged", "m >= 6", 6, True)


def test_numbers_among_the_conditions_are_budgets(any_mode, kind):
    dag = following(kind, RISING, convergence_conditions=[4, "m >= 6"], on_limit="return")
    any_mode(dag)
    assert ended(dag)[::2] == ("max_iterations", 4)


def test_a_time_among_the_conditions_is_a_budget_too(any_mode, kind):
    budget = {"type": "timeout", "value": 0.05}
    dag = looped(kind, lambda x=0: x + 1, convergence_check=budget, max_iterations=10**9, on_limit="return")
    assert any_mode(dag) == result_of(dag).total_iterations > 0
    assert ended(dag)[:2] == ("timeout", "timeout_seconds=0.05")


def test_a_cycle_ends_before_the_iteration_that_its_precondition_refuses(any_mode, kind):
    dag = looped(kind, lambda x=1: 2 * x, when="x < 100")
    assert any_mode(dag) == 128
    assert ended(dag)[::2] == ("exit", 7)
    dag = looped(kind, lambda x=1: 2 * x, when=lambda inputs: inputs["node.x"] == inputs["x"] < 100)
    assert any_mode(dag) == 128
    assert ended(dag)[::2] == ("exit", 7)


# Stopping for want of progress

FLATTENING = [8.0, 4.0, 2.0, 1.5, 1.6, 1.55, 1.51, 1.7, 1.2]


@pytest.mark.parametrize(
    ("early", "iterations"),
    [
        ({"patience": 3, "metric": "m", "direction": "minimize"}, 7),
        ({"patience": 2, "metric": "m", "direction": "minimize", "min_delta": 1.0}, 5),
        ({"patience": 2, "metric": "m", "direction": "maximize"}, 3),
    ],
)
def test_patience_ends_a_cycle_early(any_mode, kind, early, iterations):
    dag = following(kind, FLATTENING, early_stop=early)
    any_mode(dag)
    assert (result_of(dag).reason, result_of(dag).total_iterations) == ("early_stopped", iterations)
    assert not result_of(dag).converged


@pytest.mark.parametrize(
    ("series", "stop", "expected"),
    [
        ([1.0, 2.0] * 6, "oscillating", ("early_stopped", 5)),
        ([2.0**n for n in range(12)], "diverging", ("early_stopped", 5)),
        ([3.0] * 12, "stalled", ("stalled", 5)),
        ([10 - 0.0001 * n for n in range(12)], "plateau", ("early_stopped", 5)),
        ([1.0, float("nan")] * 6, "not_a_number", ("early_stopped", 6)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_verdict_ends_a_cycle(any_mode, kind, series, stop, expected):
    dag = following(
        kind,
        series,
        objective="m",
        direction="minimize",
        verdict_window=5,
        stop_on=(stop,),
        on_limit="return",
    )
    any_mode(dag)
    result = result_of(dag)
    assert (result.reason, result.total_iterations) == expected
    assert result.verdict == stop
    assert result.reason_detail.startswith(stop)


def test_what_the_objective_was_at_its_best_is_kept(any_mode, kind):
    dag = following(kind, FLATTENING, objective="m", direction="minimize", verdict_window=4)
    any_mode(dag)
    result = result_of(dag)
    assert (result.best_iteration, result.best_quality, result.best_metrics) == (
        8,
        1.2,
        {"m": 1.2, "place": 8},
    )
    assert result.metric_history == {"m": FLATTENING}
    assert result.verdict == "improving"


# Checkers behind the body


def test_a_checker_behind_the_body_decides(any_mode, kind):
    dag = following(kind, RISING, max_iterations=9, on_limit="return")
    checker = ConvergenceCheckerNode(threshold_conditions={"m": {"operator": ">=", "value": 4}})
    dag.add_node("check", checker)
    dag.node(kind(lambda check: check["reason"]), name="why")
    dag.connect("give", "check", output="m", input="m")
    dag.connect("check", "why")
    why = any_mode(dag)
    assert ended(dag) == ("converged", why, 4, True)
    assert dag.context.metrics["attempts"] == {"give": 4, "check": 4, "why": 1}


def test_a_checker_may_give_up(any_mode, kind):
    dag = following(kind, FLATTENING, on_limit="return")
    checker = ConvergenceCheckerNode(metric="m", direction="minimize", threshold=0.1, patience=3)
    dag.add_node("check", checker)
    dag.connect("give", "check", output="m", input="m")
    any_mode(dag)
    assert ended(dag)[::2] == ("early_stopped", 7)


def test_a_checker_that_is_not_attached_runs_once(any_mode, kind):
    dag = following(kind, RISING)
    dag.add_node("check", ConvergenceCheckerNode(metric="m", threshold=2, attach=False))
    dag.connect("give", "check", output="m", input="m")
    assert any_mode(dag)["converged"]
    assert ended(dag)[::2] == ("max_iterations", 6)
    assert dag.context.metrics["attempts"]["check"] == 1


# Conditions that cannot be answered


def named_twice(kind):
    dag = DAG("twice")
    dag.node(kind(lambda b=0: {"m": 1}), name="a") >> dag.node(kind(lambda a: {"m": 2}), name="b")
    with dag.cycle("loop", max_iterations=4, convergence_check="m > 1") as cycle:
        cycle.feedback("b", "a", input="b")
    return dag


def test_a_metric_of_two_nodes_has_to_be_named_in_full(any_mode, kind):
    error = raised_by(any_mode, named_twice(kind))
    assert isinstance(error, AmbiguousMetricError)
    assert "a.m" in str(error)
    assert "b.m" in str(error)


def test_a_threshold_without_its_metric_is_an_error(any_mode, kind):
    error = raised_by(any_mode, following(kind, RISING, convergence_check=ThresholdCondition("n", ">", 1)))
    assert isinstance(error, MissingMetricError)
    assert error.result.reason == "error"


@pytest.mark.parametrize(
    ("check", "cause"),
    [("m / 0 > 1", ConvergenceExpressionError), (lambda results: results["m"] > 1, KeyError)],
    ids=["expression", "function"],
)
def test_a_condition_that_raises_fails_the_run_and_names_the_cycle(any_mode, kind, check, cause):
    error = raised_by(any_mode, following(kind, RISING, convergence_check=check))
    assert isinstance(error, cause)
    assert isinstance(error, CycleExecutionError)
    assert (error.cycle, error.iteration, error.node_name) == ("loop", 0, None)
    assert not error.result.converged


@pytest.mark.parametrize(("on_nan", "reason"), [("raise", None), ("ignore", "max_iterations")])
def test_not_a_number_never_converges(any_mode, kind, on_nan, reason):
    dag = following(
        kind,
        [float("nan")] * 3,
        convergence_check="m < 1",
        on_nan=on_nan,
        on_limit="return",
        direction="minimize",
    )
    if reason is None:
        assert isinstance(raised_by(any_mode, dag), ConvergenceExpressionError)
    else:
        any_mode(dag)
        assert result_of(dag).reason == reason
    assert not result_of(dag).converged


@pytest.mark.parametrize(
    "settings",
    [{"convergence_check": lambda results: 1 / 0}, {"when": lambda inputs: 1 / 0}],
    ids=["after", "before"],
)
def test_no_error_strategy_is_about_a_function_that_decides(any_mode, settings):
    dag = looped(lambda function: function, lambda x=0: x + 1, max_iterations=3, **settings)
    error = raised_by(any_mode, dag, error_strategy="continue_none")
    assert isinstance(error, ZeroDivisionError)
    assert (error.cycle, error.node_name, error.result.reason) == ("loop", None, "error")


def test_a_checker_that_repeats_the_conditions_asks_them_once_an_iteration(any_mode, kind):
    asked, dag = [], DAG("repeats")
    dag.node(kind(lambda n=0: n + 1), name="counter")
    dag.add_node("check", ConvergenceCheckerNode(mode="multi_criteria"))
    dag.connect("counter", "check", input="count")
    dag.node(kind(lambda check: check["converged"]), name="told")
    dag.connect("check", "told")
    condition = lambda results: asked.append(results["counter"]) or results["counter"] >= 3  # noqa: E731
    with dag.cycle("loop", convergence_conditions=[condition]) as cycle:
        cycle.feedback("counter", "counter", input="n")
    assert any_mode(dag) is True
    assert asked == [1, 2, 3]


def test_what_a_checker_repeats_is_no_second_owner_of_a_metric(any_mode, kind):
    dag = DAG("echo")
    dag.node(kind(lambda q=0: {"quality": q + 1}), name="improve", outputs=["quality"])
    dag.add_node("check", ConvergenceCheckerNode(metric="quality", threshold=3))
    dag.connect("improve", "check", output="quality", input="quality")
    with dag.cycle("loop", objective="quality") as cycle:
        cycle.feedback("improve", "improve", output="quality", input="q")
    any_mode(dag)
    result = dag.context.metadata["cycles"]["loop"]
    assert (result.reason, result.total_iterations, result.best_quality) == ("converged", 3, 3)
