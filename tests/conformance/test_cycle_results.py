"""What the result of a cycle tells, whatever has ended it, in every mode."""

import anyio
import pytest

from fast_dag import DAG, NO_DATA, Converged, CycleLimitWarning
from fast_dag.run.cycle_context import CycleContext
from tests.conformance.converging import counting, ended, looped, result_of
from tests.conformance.modes import raised_by


def stops(count: int, ctx: CycleContext):
    ctx.stop()
    return {"count": count}


def says_so(count: int, _: CycleContext):
    return Converged({"count": count})


def sends_nothing(count: int, _: CycleContext):
    return {"count": count, "back": NO_DATA}


@pytest.mark.parametrize("leave", [stops, says_so, sends_nothing])
def test_the_iteration_that_leaves_a_cycle_is_among_its_samples(any_mode, kind, leave):
    def count(ctx: CycleContext, back: int = 0):
        return leave(3, ctx) if back == 2 else {"count": back + 1, "back": back + 1}

    dag = DAG("leaving")
    dag.node(kind(count), name="counter")
    with dag.cycle("loop", max_iterations=9, objective="count") as cycle:
        cycle.feedback("counter", "counter", output="back", input="back", optional=True)
    any_mode(dag)
    found = result_of(dag)
    assert found.total_iterations == 3
    assert found.metric_history == {"count": [1, 2, 3]}
    assert (found.best_iteration, found.best_quality, found.best_metrics["count"]) == (2, 3, 3)


def test_an_iteration_is_sampled_once_where_a_condition_ends_the_cycle(any_mode, kind):
    dag = counting(kind, max_iterations=9, convergence_check="count >= 3")
    any_mode(dag)
    assert result_of(dag).metric_history == {"count": [1, 2, 3]}


def test_without_conditions_the_best_metrics_are_those_of_the_last_iteration(any_mode, kind):
    dag = counting(kind, max_iterations=3)
    any_mode(dag)
    found = result_of(dag)
    assert (found.best_iteration, found.best_quality, found.best_metrics) == (2, None, {"count": 3})


def test_an_unbounded_history_keeps_every_series_also_without_conditions(any_mode, kind):
    dag = counting(kind, max_iterations=3, history_limit=None)
    any_mode(dag)
    assert result_of(dag).metric_history == {"count": [1, 2, 3]}


@pytest.mark.parametrize(("start", "reason", "iterations"), [(0, "exit", 2), (5, "not_entered", 0)])
def test_a_condition_on_inputs_is_told_when_it_fails(any_mode, kind, start, reason, iterations):
    dag = looped(kind, lambda x: x + 1, when="x < 2")
    any_mode(dag, x=start)
    assert ended(dag)[:3] == (reason, "x < 2", iterations)


def failing(kind):
    def fail(x=0):
        if x == 2:
            raise ValueError("too far")
        return x + 1

    return looped(kind, fail, max_iterations=9)


def test_a_cycle_that_failed_while_the_run_went_on_tells_of_the_error(any_mode, kind):
    dag = failing(kind)
    any_mode(dag, error_strategy="continue")
    assert ended(dag) == ("error", "node 'node' failed with ValueError: too far", 2, False)
    assert [str(error) for error in result_of(dag).errors] == ["too far"]


def test_a_cycle_that_failed_with_its_run_tells_of_the_error(any_mode, kind):
    dag = failing(kind)
    error = raised_by(any_mode, dag)
    assert error.result.errors == result_of(dag).errors == [error.__cause__]


def test_a_cycle_inside_one_that_ends_before_it_is_told_of(any_mode):
    async def slow(x):
        await anyio.sleep(60)
        return x

    dag = DAG("cut short")
    (
        dag.node(lambda y=0: y, name="outer")
        >> dag.node(slow, name="inner")
        >> dag.node(lambda inner: inner, name="end")
    )
    with dag.cycle("inside", max_iterations=3) as cycle:
        cycle.feedback("inner", "inner", input="x")
    with dag.cycle("around", timeout_seconds=0.2) as cycle:
        cycle.feedback("end", "outer", input="y")
    any_mode(dag)
    assert ended(dag, "around")[0] == "timeout"
    assert ended(dag, "inside") == ("cancelled", "cycle 'around' ended", 0, False)


def test_an_error_begins_with_the_cycle_and_the_iteration_it_comes_from(any_mode, kind):
    error = raised_by(any_mode, failing(kind))
    assert str(error) == "cycle 'loop', iteration 2: node 'node' failed with ValueError: too far"


def test_a_run_that_is_out_of_time_tells_of_the_cycle_that_was_under_way(any_mode):
    async def slow(x=0):
        await anyio.sleep(0 if x < 2 else 60)
        return x + 1

    dag = DAG("late")
    dag.node(slow)
    with dag.cycle("loop", max_iterations=9) as cycle:
        cycle.feedback("slow", "slow", input="x")
    error = raised_by(any_mode, dag, timeout=0.3)
    assert (error.result.cycle_id, error.result.total_iterations) == ("loop", 2)
    assert error.result.reason == result_of(dag).reason == "timeout"


def test_a_cycle_inside_another_is_warned_of_once_a_run(any_mode, kind):
    dag = DAG("warned")
    for name in ("outer", "inner", "end"):
        dag.node(kind(lambda x=0: x), name=name)
    dag.connect("outer", "inner").connect("inner", "end")
    with dag.cycle("inside", max_iterations=2, convergence_check="inner > 9") as cycle:
        cycle.feedback("inner", "inner", input="x")
    with dag.cycle("around", max_iterations=3) as cycle:
        cycle.feedback("end", "outer", input="x")
    with pytest.warns(CycleLimitWarning) as caught:
        any_mode(dag)
    assert len(caught) == 1
