"""Cycles in every mode: the worked examples, how each cycle may end, and what goes into and out of it."""

import threading

import anyio
import pytest

from fast_dag import (
    DAG,
    NO_DATA,
    CycleExecutionError,
    CycleLimitWarning,
    MaxIterationsError,
    MissingInputError,
    TimeoutError,
)
from fast_dag.cycles import SwitchNode
from fast_dag.values import Converged
from tests.conformance.modes import raised_by


def looped(dag, *edges, cycle="loop", **settings):
    """*dag* with a cycle of feedback edges ``(source, target, options)``."""
    with dag.cycle(cycle, **settings) as c:
        for source, target, *options in edges:
            c.feedback(source, target, **(options[0] if options else {}))
    return dag


def result_of(dag, cycle="loop"):
    return dag.context.metadata["cycles"][cycle]


def counter(kind, step=1, **settings):
    dag = DAG("counter")
    dag.node(kind(lambda count=0: count + step), name="counter")
    if not settings:
        return dag.feedback("counter", "counter", input="count", cycle="loop")
    return looped(dag, ("counter", "counter", {"input": "count"}), **settings)


def incremented(kind):
    """A source, a processor that adds one, a check for ten, a sink."""
    dag = DAG("increment")
    source = dag.node(kind(lambda: {"value": 0}), name="source")
    processor = dag.node(kind(lambda data: {"value": data["value"] + 1}), name="processor")
    check = dag.condition(kind(lambda data: data["value"] >= 10), name="check")
    sink = dag.node(kind(lambda data: {"final": data["value"]}), name="sink")
    source >> processor >> check
    check.on_true >> sink
    return dag.feedback("check", "processor", output="false", cycle="loop")


# Worked examples


def test_a_cycle_ends_where_its_router_leaves_it(any_mode, kind):
    dag = incremented(kind)
    assert any_mode(dag) == {"final": 10}
    result = result_of(dag)
    assert (result.total_iterations, result.reason, result.converged) == (10, "exit", True)
    assert dag.context.branches == {"check": "true"}


def test_what_lies_behind_a_branch_that_was_never_taken_is_skipped_at_the_limit(any_mode, kind):
    dag = looped(incremented(kind), max_iterations=5)
    with pytest.warns(CycleLimitWarning, match="cycle 'loop' ended by max_iterations=5"):
        assert any_mode(dag) is None
    result = result_of(dag)
    assert (result.total_iterations, result.reason, result.converged) == (5, "max_iterations", False)
    assert dag["processor"] == {"value": 5}
    assert result.skipped == {"sink": "branch 'true' of 'check' was not taken"}


def test_three_values_go_round_by_themselves(any_mode, kind):
    dag = DAG("three")
    dag.node(kind(lambda a: a + 1), name="A")
    dag.node(kind(lambda b: b * 2), name="B")
    dag.node(kind(lambda c: c - 1), name="C")
    for name in "ABC":
        looped(dag, (name, name), cycle=f"loop_{name}", max_iterations=3)
    any_mode(dag, a=1, b=2, c=3)
    assert (dag["A"], dag["B"], dag["C"]) == (4, 16, 0)


def test_a_signal_sends_the_cycle_round_without_a_value(any_mode, kind):
    seen, dag = [], DAG("signal")
    dag.node(kind(lambda x: seen.append(x)), name="note")
    looped(dag, ("note", "note", {"signal": True}), max_iterations=3)
    any_mode(dag, x=7)
    assert seen == [7, 7, 7]


def test_nodes_behind_a_cycle_run_once_with_its_last_outputs(any_mode, kind):
    dag = counter(kind, max_iterations=3)
    dag.node(kind(lambda counter: counter * 10), name="ten") >> dag.node(kind(lambda ten: ten), name="end")
    dag.connect("counter", "ten")
    assert any_mode(dag) == 30
    assert dag.context.metrics["attempts"] == {"counter": 3, "ten": 1, "end": 1}
    assert dag.context.metrics["execution_order"] == ["counter", "ten", "end"]


def test_cycles_that_know_nothing_of_each_other(any_mode, kind):
    dag = DAG("apart")
    dag.node(kind(lambda one=0: one + 1), name="one")
    dag.node(kind(lambda five=0: five + 5), name="five")
    looped(dag, ("one", "one"), cycle="first", max_iterations=3)
    looped(dag, ("five", "five"), cycle="second", max_iterations=2)
    dag.node(kind(lambda one, five: (one, five)), name="both")
    dag.connect("one", "both").connect("five", "both")
    assert any_mode(dag) == (3, 10)


def test_a_cycle_inside_another_starts_afresh_each_time(any_mode, kind):
    dag, seen = DAG("nested"), []
    first = dag.node(kind(lambda outer=0: outer), name="first")
    inner = dag.node(kind(lambda first, mine=None: seen.append((first, mine)) or len(seen)), name="inner")
    last = dag.node(kind(lambda inner: inner), name="last")
    first >> inner >> last
    looped(dag, ("inner", "inner", {"input": "mine"}), cycle="inside", max_iterations=3)
    looped(dag, ("last", "first", {"input": "outer"}), cycle="around", max_iterations=2)
    assert any_mode(dag) == 6
    assert seen == [(0, None), (0, 1), (0, 2), (3, None), (3, 4), (3, 5)]
    assert result_of(dag, "around").total_iterations == 2


# What comes in


def test_an_edge_from_outside_brings_the_same_value_every_time(any_mode, kind):
    dag = DAG("outside")
    dag.node(kind(lambda: {"by": 2}), name="config")
    dag.node(kind(lambda value, config: value * config["by"]), name="scaled")
    dag.connect("config", "scaled")
    looped(dag, ("scaled", "scaled", {"input": "value"}), max_iterations=2)
    assert any_mode(dag, value=5) == 20


def test_a_fed_back_value_comes_before_the_one_that_an_edge_from_outside_brought(any_mode, kind):
    dag, seen = DAG("seed"), []
    dag.node(kind(lambda: 1), name="seed")
    dag.node(kind(lambda seed: seen.append(seed) or seed + 1), name="grown")
    dag.connect("seed", "grown")
    looped(dag, ("grown", "grown", {"input": "seed"}), max_iterations=3)
    assert any_mode(dag) == 4
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("add", ["node", "any"])
def test_an_edge_from_outside_is_enough_where_those_from_inside_bring_nothing(any_mode, kind, add):
    dag = DAG("enough")
    dag.node(kind(lambda: 5), name="outside")
    dag.node(kind(lambda n=0: NO_DATA), name="nothing")
    dag.node(kind(lambda nothing: 1), name="between")
    if add == "any":
        dag.any(kind(lambda each: each), name="last")
        dag.connect("outside", "last").connect("between", "last")
    else:
        dag.node(kind(lambda outside, between=0: outside + between), name="last")
        dag.connect("outside", "last", input="outside").connect("between", "last", input="between")
    dag.connect("nothing", "between")
    looped(dag, ("last", "nothing", {"input": "n"}), max_iterations=3)
    assert any_mode(dag) == 5
    assert dag.context.metrics["attempts"] == {"outside": 1, "nothing": 3, "last": 3}


def test_a_cycle_whose_input_is_missing_is_not_entered_and_says_why(any_mode, kind):
    dag = DAG("missing")
    dag.node(kind(lambda: NO_DATA), name="source")
    dag.node(kind(lambda: 1), name="other")
    dag.node(kind(lambda source, n=0: n), name="first")
    dag.node(kind(lambda other, first=0: first), name="last")
    dag.node(kind(lambda last: last), name="after")
    for source, target in (("source", "first"), ("first", "last"), ("other", "last"), ("last", "after")):
        dag.connect(source, target, input=source)
    looped(dag, ("last", "first", {"input": "n"}), max_iterations=3)
    assert any_mode(dag) is None
    result = result_of(dag)
    assert (result.reason, result.reason_detail, result.total_iterations) == (
        "not_entered",
        "'source' gave no data",
        0,
    )
    assert dag.context.metrics["attempts"] == {"source": 1, "other": 1}
    assert result.skipped["first"] == result.skipped["last"] == "cycle 'loop' was not entered"


def test_none_is_fed_back_like_any_value(any_mode, kind):
    dag, seen = DAG("none"), []
    dag.node(kind(lambda x=1: seen.append(x)), name="gone")
    looped(dag, ("gone", "gone", {"input": "x"}), max_iterations=3)
    any_mode(dag)
    assert seen == [1, None, None]


def test_the_first_iteration_needs_a_value(any_mode, kind):
    dag = DAG("first")
    dag.node(kind(lambda x: x), name="a")
    looped(dag, ("a", "a", {"input": "x"}), max_iterations=2)
    error = raised_by(any_mode, dag)
    assert isinstance(error, MissingInputError)
    assert "'x' of 'a'" in str(error)


def test_initial_parameters_stand_in_for_the_first_iteration(any_mode, kind):
    dag = DAG("initial")
    dag.node(kind(lambda x, y: x + y), name="a")
    looped(dag, ("a", "a", {"input": "x"}), max_iterations=2, initial_parameters={"x": 1, "a.y": 10})
    assert any_mode(dag) == 21
    assert any_mode(dag, x=2, y=20) == 42


# How it ends


def test_a_cycle_ends_when_nothing_is_fed_back(any_mode, kind):
    dag = DAG("spent")
    dag.node(kind(lambda n=3: n - 1 if n else NO_DATA), name="down")
    looped(dag, ("down", "down", {"input": "n"}), max_iterations=100)
    any_mode(dag)
    assert (result_of(dag).reason, result_of(dag).total_iterations) == ("exit", 4)


def test_a_node_may_say_that_it_has_converged(any_mode, kind):
    dag = DAG("said")
    dag.node(kind(lambda n=0: Converged("done") if n == 4 else n + 1), name="up")
    dag.node(kind(lambda up: up), name="after")
    dag.connect("up", "after")
    looped(dag, ("up", "up", {"input": "n"}), max_iterations=100)
    assert any_mode(dag) == "done"
    result = result_of(dag)
    assert (result.reason, result.reason_detail, result.total_iterations) == ("converged", "signal", 5)


def test_a_limit_may_fail_the_run(any_mode, kind):
    error = raised_by(any_mode, counter(kind, max_iterations=4, on_limit="raise"))
    assert isinstance(error, MaxIterationsError)
    assert (error.max_iterations, error.result.total_iterations) == (4, 4)


def test_a_limit_that_is_the_only_way_out_is_not_warned_of(any_mode, kind):
    assert any_mode(counter(kind, max_iterations=4)) == 4


def test_a_cycle_without_an_end_in_sight_is_stopped_at_its_cap(any_mode, kind):
    dag = DAG("endless")
    check = dag.condition(kind(lambda n=0: False), name="check")
    node = dag.node(kind(lambda n: n), name="node")
    check.on_false >> node
    dag.feedback("node", "check", cycle="loop")
    with dag.cycle("loop", safety_cap=20):
        pass
    error = raised_by(any_mode, dag)
    assert isinstance(error, MaxIterationsError)
    assert "cycle 'loop' exceeded maximum iterations (20)" in str(error)


def test_a_failure_names_the_cycle_the_iteration_and_the_node(any_mode, kind):
    dag, original = DAG("fails"), ValueError("third")

    def pass_on(n=0):
        if n == 2:
            raise original
        return n + 1

    dag.node(kind(pass_on), name="bad")
    looped(dag, ("bad", "bad", {"input": "n"}), max_iterations=30)
    error = raised_by(any_mode, dag)
    assert isinstance(error, CycleExecutionError)
    assert isinstance(error, ValueError)
    assert error.__cause__ is original
    assert (error.cycle, error.iteration, error.node_name, error.attempts) == ("loop", 2, "bad", 1)
    assert (error.result.reason, error.result.total_iterations, error.result.outputs) == (
        "error",
        2,
        {"bad": 2},
    )


@pytest.mark.parametrize(
    ("strategy", "reason", "iterations"), [("continue", "error", 2), ("continue_none", "max_iterations", 4)]
)
def test_what_a_failure_means_under_other_strategies(any_mode, kind, strategy, reason, iterations):
    dag = DAG("goes on")
    dag.node(kind(lambda n=0: 1 // (2 - n) * 0 + n + 1 if n is not None else None), name="node")
    dag.node(kind(lambda node: node), name="after")
    dag.connect("node", "after")
    looped(dag, ("node", "node", {"input": "n"}), max_iterations=4)
    any_mode(dag, error_strategy=strategy)
    result = result_of(dag)
    assert (result.reason, result.total_iterations) == (reason, iterations)
    assert ("after" in result.skipped) is (strategy == "continue")


def test_a_timeout_drops_the_iteration_that_is_under_way(any_mode):
    dag = DAG("slow")

    async def slow(n=0):
        await anyio.sleep(0 if n < 2 else 60)
        return n + 1

    dag.node(slow) >> dag.node(lambda slow: slow, name="after")
    looped(dag, ("slow", "slow", {"input": "n"}), timeout_seconds=0.2)
    assert any_mode(dag) == 2
    assert (result_of(dag).reason, result_of(dag).total_iterations) == ("timeout", 2)


def test_a_timeout_leaves_a_sync_node_behind(any_mode):
    dag, gate = DAG("stuck"), threading.Event()
    dag.node(lambda n=0: gate.wait(30), name="stuck")
    dag.node(lambda: "apart", name="apart")
    looped(dag, ("stuck", "stuck", {"input": "n"}), timeout_seconds=0.1)
    any_mode(dag, max_workers=None)
    gate.set()
    assert (result_of(dag).reason, result_of(dag).total_iterations) == ("timeout", 0)
    assert dag["apart"] == "apart"
    assert "stuck" not in dag.results


def test_a_timeout_may_fail_the_run(any_mode):
    dag = DAG("late")

    async def slow(n=0):
        await anyio.sleep(60)

    dag.node(slow)
    looped(dag, ("slow", "slow", {"input": "n"}), timeout_seconds=0.05, on_limit="raise")
    error = raised_by(any_mode, dag)
    assert isinstance(error, TimeoutError)
    assert "cycle 'loop' timed out after 0.05 s" in str(error)
    assert error.result.reason == "timeout"


# Around it


def test_retries_inside_a_cycle_are_counted_for_each_iteration(any_mode, kind):
    calls, dag = [], DAG("retried")

    def flaky(n=0):
        calls.append(n)
        if len(calls) % 2:
            raise OSError("now and then")
        return n + 1

    dag.node(kind(flaky), name="flaky", retry=2)
    looped(dag, ("flaky", "flaky", {"input": "n"}), max_iterations=3)
    assert any_mode(dag) == 3
    assert calls == [0, 0, 1, 1, 2, 2]
    assert dag.context.metrics["attempts"] == {"flaky": 6}


def test_hooks_and_caches_work_inside_a_cycle(any_mode, kind):
    seen, dag = [], DAG("around")
    dag.node(kind(lambda n=0: (n + 1) % 3), name="mod", cached=True)
    dag.set_node_hooks("mod", post_execute=lambda node, inputs, result: seen.append(result))
    looped(dag, ("mod", "mod", {"input": "n"}), max_iterations=6)
    assert any_mode(dag) == 0
    assert seen == [1, 2, 0, 1, 2, 0]
    assert dag.context.metrics["cache_hits"] == {"mod": 3}


def test_two_nodes_of_a_body_overlap(concurrent_mode):
    meet = threading.Barrier(2, timeout=10)
    dag = DAG("overlap")
    start = dag.node(lambda n=0: n, name="start")
    left = dag.node(lambda start: meet.wait() and start, name="left")
    right = dag.node(lambda start: meet.wait() and start, name="right")
    end = dag.node(lambda left, right: 1, name="end")
    start >> [left, right] >> end
    looped(dag, ("end", "start", {"input": "n"}), max_iterations=3)
    assert concurrent_mode(dag, max_workers=2) == 1


def test_a_workflow_inside_may_go_round_itself(any_mode, kind):
    outer = DAG("outer")
    outer.add_dag("sub", counter(kind, max_iterations=4))
    outer.node(kind(lambda sub: sub + 1), name="after")
    outer.connect("sub", "after")
    assert any_mode(outer) == 5


def test_a_cycle_goes_round_a_workflow_inside(any_mode, kind):
    inner, outer = DAG("inner"), DAG("outer")
    inner.node(kind(lambda x: x + 1), name="add") >> inner.node(kind(lambda add: add * 2), name="double")
    outer.add_dag("sub", inner)
    looped(outer, ("sub", "sub", {"input": "x"}), max_iterations=3)
    assert any_mode(outer, x=0) == 14


def test_a_second_run_gives_the_same(any_mode, kind):
    dag = counter(kind, max_iterations=5)
    assert [any_mode(dag) for _ in range(3)] == [5, 5, 5]
    assert result_of(dag).total_iterations == 5


def test_runs_of_one_definition_at_once_never_mix(any_mode, kind):
    dag, found = counter(kind, max_iterations=50), []
    threads = [threading.Thread(target=lambda: found.append(any_mode(dag))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [50, 50, 50]


@pytest.mark.parametrize(
    ("function", "detail", "iterations"),
    [
        (lambda n=5: max(n - 1, 2), "nothing changes any more", 5),
        (lambda n=0: (n + 1) % 3, "repeats (period 3)", 6),
    ],
    ids=["still", "periodic"],
)
def test_a_cycle_that_only_repeats_itself_is_stalled(any_mode, kind, function, detail, iterations):
    dag = DAG("stalls")
    dag.node(kind(function), name="node")
    looped(dag, ("node", "node", {"input": "n"}), stall_window=3)
    any_mode(dag)
    result = result_of(dag)
    assert (result.reason, result.reason_detail, result.converged) == ("stalled", detail, False)
    assert result.total_iterations == iterations


def test_an_attached_node_runs_with_every_iteration(any_mode, kind):
    dag, seen = counter(kind), []
    dag.node(kind(lambda counter: seen.append(counter)), name="watch")
    dag.connect("counter", "watch")
    with dag.cycle("loop", max_iterations=3, attached=["watch"]):
        pass
    any_mode(dag)
    assert seen == [1, 2, 3]


def test_a_switch_leads_round_or_out(any_mode, kind):
    dag = DAG("increment")
    dag.node(kind(lambda: {"value": 0}), name="source")
    dag.node(kind(lambda data: {"value": data["value"] + 1}), name="processor")
    dag.add_node("check", SwitchNode(condition_field="value", operator=">=", value=10))
    dag.node(kind(lambda data: {"final": data["value"]}), name="sink")
    dag.connect("source", "processor").connect("processor", "check", input="input_data")
    dag.connect("check", "sink", output="true_output")
    looped(dag, ("check", "processor", {"output": "false_output"}), max_iterations=20)
    assert any_mode(dag) == {"final": 10}
    assert (result_of(dag).reason, result_of(dag).total_iterations) == ("exit", 10)
