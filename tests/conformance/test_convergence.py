"""What decides that a cycle has gone round often enough: worked examples and conditions, in every mode."""

import pytest

from fast_dag import DAG, CycleLimitWarning
from fast_dag.cycles import (
    AmbiguousMetricError,
    CallbackCondition,
    CompoundCondition,
    ConvergenceCheckerNode,
    ConvergenceExpressionError,
    CycleExecutionError,
    ExpressionCondition,
    MissingMetricError,
    MultiCriteriaConvergenceNode,
    ThresholdCondition,
)
from fast_dag.run.cycle_context import CycleContext
from tests.conformance.modes import raised_by


def result_of(dag, cycle="loop"):
    return dag.context.metadata["cycles"][cycle]


def ended(dag, cycle="loop"):
    """Why and when a cycle ended."""
    result = result_of(dag, cycle)
    return result.reason, result.reason_detail, result.total_iterations, result.converged


def looped(kind, function, **settings):
    """One node that feeds its own x."""
    dag = DAG("looped")
    dag.node(kind(function), name="node")
    with dag.cycle("loop", **settings) as cycle:
        cycle.feedback("node", "node", input="x")
    return dag


def counting(kind, **settings):
    """A node that adds one to its metric count."""
    dag = DAG("counting")
    dag.node(kind(lambda count=0: {"count": count + 1}), name="counter")
    with dag.cycle("loop", **settings) as cycle:
        cycle.feedback("counter", "counter", output="count", input="count")
    return dag


def following(kind, series, **settings):
    """A node that gives one number of *series* after the other, as its metric m."""

    def give(ctx: CycleContext):
        return {"m": series[ctx.index]}

    dag = DAG("following")
    dag.node(kind(give), name="give")
    with dag.cycle("loop", **{"max_iterations": len(series)} | settings) as cycle:
        cycle.feedback("give", "give", signal=True)
    return dag


# Worked examples


def test_w3_a_counter_ends_at_5(any_mode, kind):
    dag = counting(kind, max_iterations=10, convergence_check="count >= 5")
    assert any_mode(dag) == {"count": 5}
    assert ended(dag) == ("converged", "count >= 5", 5, True)


def test_w5_a_value_approaches_10(any_mode, kind):
    def near(x=0.0):
        x += (10 - x) * 0.2
        return {"x": x, "error": 10 - x}

    dag = DAG("w5")
    dag.node(kind(near), name="near")
    with dag.cycle("loop", max_iterations=50, convergence_check="error < 0.01") as cycle:
        cycle.feedback("near", "near", output="x", input="x")
    assert any_mode(dag)["x"] == 9.990096479685716
    assert ended(dag) == ("converged", "error < 0.01", 31, True)
    assert result_of(dag).best_quality == 10 - 9.990096479685716


def test_w6_a_condition_that_never_holds_is_warned_of_once(any_mode, kind):
    dag = looped(kind, lambda x=0: x + 1, max_iterations=3, convergence_check="node > 100")
    with pytest.warns(CycleLimitWarning) as caught:
        assert any_mode(dag) == 3
    assert len(caught) == 1
    assert ended(dag) == ("max_iterations", "max_iterations=3", 3, False)


def test_w7_a_node_passes_back_and_stops(any_mode, kind):
    dag, seen = DAG("w7"), []

    def b(value, ctx: CycleContext):
        seen.append(value)
        if value >= 10:
            ctx.stop()
        return {"value": value, "inc": 2}

    dag.node(kind(lambda value, inc=0: value + inc), name="a") >> dag.node(kind(b), name="b")
    with dag.cycle("loop", max_iterations=20) as cycle:
        cycle.feedback("b", "a", output="value", input="value")
        cycle.feedback("b", "a", output="inc", input="inc")
    assert any_mode(dag, value=1)["value"] == 11
    assert seen == [1, 3, 5, 7, 9, 11]
    assert ended(dag) == ("exit", "", 6, True)


def test_w8_a_node_keeps_a_total(any_mode, kind):
    dag, seen = DAG("w8"), []

    def add(ctx: CycleContext, value=10):
        total = ctx.state["total"] = ctx.state.get("total", 0) + value
        seen.append(ctx.index)
        return {"value": value + 10, "total": total, "history": ctx.accumulate("history", value)}

    dag.node(kind(add), name="add")
    with dag.cycle("loop", max_iterations=10, convergence_check="total >= 100") as cycle:
        cycle.feedback("add", "add", output="value", input="value")
    last = any_mode(dag)
    assert (last["total"], last["history"]) == (100, [10, 20, 30, 40])
    assert (result_of(dag).total_iterations, seen[-1]) == (4, 3)


def test_w9_settings_from_outside_stay_the_same(any_mode, kind):
    dag = DAG("w9")
    dag.node(kind(lambda: {"multiplier": 2, "threshold": 10}), name="config")

    def scale(multiplier, threshold, value=5):
        value *= multiplier
        return {"value": value, "done": value > threshold}

    dag.node(kind(scale), name="scale")
    for port in ("multiplier", "threshold"):
        dag.connect("config", "scale", output=port, input=port)
    with dag.cycle("loop", max_iterations=10, convergence_check="done") as cycle:
        cycle.feedback("scale", "scale", output="value", input="value")
    assert any_mode(dag) == {"value": 20, "done": True}
    assert ended(dag) == ("converged", "done", 2, True)


def test_w17_a_misspelt_metric_is_an_error_and_no_convergence(any_mode, kind):
    dag = looped(kind, lambda x=0: {"quality": 1.0}, max_iterations=5, convergence_check="qualty > 0.9")
    error = raised_by(any_mode, dag)
    assert isinstance(error, ConvergenceExpressionError)
    assert isinstance(error, CycleExecutionError)
    assert "did you mean 'quality'" in str(error)
    assert (error.result.reason, error.result.converged, error.result.total_iterations) == ("error", False, 1)


def test_w18_the_first_of_several_conditions_ends_it(any_mode, kind):
    dag = counting(kind, max_iterations=10, convergence_conditions=["count >= 3", "count >= 7"])
    any_mode(dag)
    assert ended(dag) == ("converged", "count >= 3", 3, True)


def test_w20_a_node_knows_how_far_its_cycle_is(any_mode, kind):
    seen, dag = [], DAG("w20")

    def look(ctx: CycleContext):
        seen.append((ctx.is_last, ctx.progress))

    dag.node(kind(look), name="look")
    with dag.cycle("loop", max_iterations=4) as cycle:
        cycle.feedback("look", "look", signal=True)
    any_mode(dag)
    assert seen == [(False, 0.25), (False, 0.5), (False, 0.75), (True, 1.0)]


def test_w21_a_cycle_that_is_not_entered_skips_what_is_behind(any_mode, kind):
    dag = looped(kind, lambda x=0: x + 1, when="False")
    dag.node(kind(lambda node: node), name="after")
    dag.connect("node", "after")
    assert any_mode(dag) is None
    assert (result_of(dag).reason, result_of(dag).total_iterations) == ("not_entered", 0)
    assert not result_of(dag).converged
    assert set(result_of(dag).skipped) >= {"after"}
    assert not dag.results


METRICS = {
    "accuracy": {"target": 0.95, "weight": 0.4, "tolerance": 0.001},
    "loss": {"target": 0.05, "weight": 0.3, "direction": "minimize", "tolerance": 0.001},
    "f1": {"target": 0.90, "weight": 0.2, "tolerance": 0.002},
    "time": {"target": 60, "weight": 0.1, "direction": "minimize", "tolerance": 5},
}
MEASURED = {"accuracy": 0.93, "loss": 0.06, "f1": 0.90, "time": 70}


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("weighted_score", ("converged", 1)),
        ("all_criteria", ("max_iterations", 3)),
        ("majority", ("max_iterations", 3)),
    ],
)
def test_w23_metrics_are_weighed_against_their_targets(any_mode, kind, strategy, expected):
    dag = looped(kind, lambda x=0: dict(MEASURED), max_iterations=3, on_limit="return")
    dag.add_node(
        "weighed",
        MultiCriteriaConvergenceNode(convergence_metrics=METRICS, convergence_strategy=strategy),
    )
    dag.connect("node", "weighed", input="metrics")
    any_mode(dag)
    assert (result_of(dag).reason, result_of(dag).total_iterations) == expected
    weighed = dag["weighed"]
    assert weighed["weighted_score"] == pytest.approx(0.9149122807, abs=1e-9)
    expected_scores = {"accuracy": 0.9789474, "loss": 0.8, "f1": 1, "time": 0.8333333}
    assert weighed["scores"] == pytest.approx(expected_scores, abs=1e-7)
    assert weighed["criteria_met"] == {"accuracy": False, "loss": False, "f1": True, "time": False}


def test_w24_patience_ends_a_flat_series_at_its_6th_sample(any_mode, kind):
    dag = following(
        kind,
        [0.5] * 20,
        convergence_check={"type": "threshold", "metric": "m", "operator": ">=", "value": 0.95},
        early_stop={"patience": 5},
    )
    any_mode(dag)
    reason, _, iterations, converged = ended(dag)
    assert (reason, iterations, converged) == ("early_stopped", 6, False)
    assert result_of(dag).best_iteration == 0


# Each kind of condition

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
    assert any_mode(dag) == {"m": iterations}
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
    assert (result.best_iteration, result.best_quality, result.best_metrics) == (8, 1.2, {"m": 1.2})
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
