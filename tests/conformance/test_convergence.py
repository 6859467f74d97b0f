"""Worked examples of cycles and of what ends them, in every mode."""

import pytest

from fast_dag import DAG, CycleLimitWarning
from fast_dag.cycles import (
    ConvergenceExpressionError,
    CycleExecutionError,
    CycleTemplates,
    MultiCriteriaConvergenceNode,
)
from fast_dag.run.cycle_context import CycleContext
from tests.conformance.converging import counting, ended, following, looped, result_of
from tests.conformance.modes import raised_by


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


def test_w13_a_transfer_is_tried_until_it_succeeds(any_mode, kind):
    dag, pauses, answers = DAG("w13"), [], ["failed", "failed", "success"]
    dag.node(kind(lambda: {"status": answers.pop(0), "records": list(range(10))}), name="transfer")
    template = CycleTemplates.retry_cycle(max_retries=4, success="status == 'success'", sleep=pauses.append)
    dag.add_cycle(template, "transfer", name="loop")
    assert len(any_mode(dag)["records"]) == 10
    assert (result_of(dag).total_iterations, result_of(dag).converged) == (3, True)
    assert pauses == [1.0, 2.0]


@pytest.mark.parametrize(
    ("total", "count", "last"), [(45, 5, (40, 45)), (35, 4, (30, 35)), (0, 0, None)], ids=["45", "35", "0"]
)
def test_w14_batches_are_taken_one_after_the_other(any_mode, kind, total, count, last):
    dag, seen = DAG("w14"), []

    def process(start, end, batch_index, processed=0):
        seen.append((start, end))
        assert batch_index == len(seen) - 1
        return {"processed": processed + end - start}

    dag.node(kind(process), name="process")
    template = CycleTemplates.batch_processing_cycle(10, total)
    dag.add_cycle(template, "process", feedback={"processed": "processed"}, name="loop")
    found = any_mode(dag)
    assert result_of(dag).total_iterations == count
    assert result_of(dag).reason == ("converged" if total else "not_entered")
    assert seen == [(start, min(start + 10, total)) for start in range(0, total, 10)]
    assert seen[-1:] == ([last] if last else [])
    assert found == ({"processed": total} if total else None)


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


def test_a_function_decides_before_each_iteration(any_mode, kind):
    seen = []

    def fits(inputs):
        seen.append(inputs["x"])
        return inputs["x"] < 3

    dag = looped(kind, lambda x=0: x + 1, when=kind(fits))
    assert any_mode(dag) == 3
    assert seen == [0, 1, 2, 3]
    assert (result_of(dag).reason, result_of(dag).total_iterations) == ("exit", 3)
    dag = looped(kind, lambda x=3: x + 1, when=kind(fits))
    assert any_mode(dag) is None
    assert (result_of(dag).reason, result_of(dag).total_iterations) == ("not_entered", 0)


def test_a_function_that_decides_and_raises_fails_the_cycle(any_mode, kind):
    def fits(inputs):
        return 1 / (2 - inputs["x"]) > 0

    error = raised_by(any_mode, looped(kind, lambda x=0: x + 1, when=kind(fits)))
    assert isinstance(error, CycleExecutionError)
    assert isinstance(error, ZeroDivisionError)
    assert (error.node_name, error.iteration, error.result.total_iterations) == (None, 2, 2)


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
