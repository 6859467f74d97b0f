"""Bounded iterations in every mode: the worked examples, ports, what ends them, what leaves them."""

import networkx as nx
import numpy as np
import pytest

from fast_dag import (
    DAG,
    NO_DATA,
    ConditionalReturn,
    Converged,
    CycleExecutionError,
    CycleLimitWarning,
    MaxIterationsError,
    TimeoutError,
    fixed_point,
)
from tests.conformance.iterations import ended, info_of, iterated, one
from tests.conformance.modes import raised_by


def halved(x):
    return x // 2 + 1


# Worked examples


def test_1_halving_reaches_two(any_mode, kind):
    dag = iterated(halved, kind=kind, max_rounds=5, emit="each")
    assert any_mode(dag, seed=10) == [6, 4, 3, 2, 2]
    assert ended(dag) == (5, "max_iterations", "max_iterations=5")
    dag = iterated(halved, kind=kind, max_rounds=100, emit="each", until=fixed_point())
    assert any_mode(dag, seed=10) == [6, 4, 3, 2, 2]
    assert ended(dag) == (5, "converged", "fixed_point")


def test_2_a_rule_of_ones_own(any_mode):
    def close(prev, cur):
        return abs(cur - prev) < 1e-9

    dag = iterated(lambda x: x / 2 + 1, max_rounds=1000, until=close)
    assert any_mode(dag, seed=10.0) == 2.0000000009313226
    assert ended(dag) == (33, "converged", "close")


def test_3_a_body_that_passes_on(any_mode):
    assert any_mode(iterated(lambda x: x, max_rounds=1, emit="each"), seed=42) == [42]
    assert any_mode(iterated(lambda x: x, max_rounds=2, emit="each"), seed=7) == [7, 7]


NEWTON = [
    1.5,
    1.4166666666666665,
    1.4142156862745097,
    1.4142135623746899,
    1.414213562373095,
    1.414213562373095,
]


@pytest.mark.parametrize(
    "until", [lambda prev, cur: abs(cur - prev) <= 1e-12 * max(1.0, abs(cur)), fixed_point()]
)
def test_7_newton(any_mode, until):
    dag = iterated(lambda x: 0.5 * (x + 2.0 / x), until=until, emit="each")
    assert any_mode(dag, seed=1.0) == NEWTON
    assert ended(dag)[:2] == (6, "converged")


def test_8_jacobi(any_mode):
    matrix = np.array([[10, -1, 2, 0], [-1, 11, -1, 3], [2, -1, 10, -1], [0, 3, -1, 8]])
    right, diagonal = np.array([6, 25, -11, 15]), np.diag(matrix)
    rest = matrix - np.diag(diagonal)
    dag = iterated(lambda x: (right - rest @ x) / diagonal, until=fixed_point(tol=1e-10), emit="each")
    rounds = any_mode(dag, seed=[0.0] * 4)
    assert rounds[0] == pytest.approx([0.6, 2.2727272727, -1.1, 1.875], abs=1e-10)
    expected = [0.9999999999881448, 2.0000000000197837, -1.0000000000153295, 1.0000000000219558]
    assert rounds[-1] == pytest.approx(expected, abs=1e-13)
    assert ended(dag)[:2] == (29, "converged")
    assert info_of(dag).last_change < 1e-10


def test_9_an_oscillation_has_no_fixed_point(any_mode):
    dag = iterated(lambda x: 1 - x, until=fixed_point(), max_rounds=7, emit="each")
    assert any_mode(dag, seed=0) == [1, 0, 1, 0, 1, 0, 1]
    assert ended(dag)[:2] == (7, "max_iterations")
    assert not info_of(dag).converged
    calls = []
    error = raised_by(any_mode, iterated(lambda x: calls.append(x) or 1 - x, until=fixed_point()), seed=0)
    assert type(error) is MaxIterationsError
    assert (error.max_iterations, error.last_value, error.last_change, len(calls)) == (1000, 0, 1, 1000)


def living(cells):
    """The next generation on the unbounded plane."""
    around = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
    counts = {}
    for x, y in cells:
        for dx, dy in around:
            counts[x + dx, y + dy] = counts.get((x + dx, y + dy), 0) + 1
    return {cell for cell, count in counts.items() if count == 3 or (count == 2 and cell in cells)}


def test_10_a_blinker_comes_back(any_mode):
    blinker = {(0, 0), (1, 0), (2, 0)}
    seen = [blinker]

    def seen_before(prev, cur):
        return cur in seen or seen.append(cur)

    ports = {"seed": "cells", "feedback": "cells"}
    dag = iterated(living, until=seen_before, max_rounds=10, **ports)
    assert any_mode(dag, seed=blinker) == blinker
    assert ended(dag)[:2] == (2, "converged")
    dag = iterated(living, until="fixed_point", max_rounds=10, **ports)
    any_mode(dag, seed=blinker)
    assert ended(dag)[:2] == (10, "max_iterations")
    assert info_of(dag).last_change is None


RANKS = {1e-6: (21, [0.100917916749, 0.097001817590, 0.009564916864])}
RANKS[1e-10] = (48, [0.100919181400, 0.096997286378, 0.009564745564])


@pytest.mark.parametrize("tol", RANKS)
def test_14_pagerank_of_the_karate_club(any_mode, tol):
    club = nx.karate_club_graph()

    def push(x, graph):
        return {v: 0.15 / 34 + 0.85 * sum(x[u] / graph.degree(u) for u in graph.neighbors(v)) for v in graph}

    def close(prev, cur):
        return sum(abs(cur[v] - prev[v]) for v in cur) < 34 * tol

    dag = iterated(push, max_rounds=100, until=close)
    ranks = any_mode(dag, seed=dict.fromkeys(club, 1 / 34), graph=club)
    rounds, shown = RANKS[tol]
    assert ended(dag) == (rounds, "converged", "close")
    assert [ranks[each] for each in (33, 0, 11)] == pytest.approx(shown, abs=2e-12)
    assert sum(ranks.values()) == pytest.approx(1)
    expected = nx.pagerank(club, alpha=0.85, tol=tol, weight=None)
    assert ranks == pytest.approx(expected, abs=1e-12)


# The function form


def test_a_function_goes_round_by_its_first_parameter(any_mode, kind):
    dag = DAG("refining")

    def grow(x, step=1):
        return x + step

    dag.iterate(kind(grow), max_rounds=3, name="grow")
    dag.add_node("start", kind(lambda: 10)).connect("start", "grow")
    assert any_mode(dag) == 13
    assert any_mode(dag, step=5) == 25
    assert info_of(dag, "grow").rounds == 3


@pytest.mark.parametrize("name", ["x", "seed", "grow.x"])
def test_what_goes_round_has_two_names(any_mode, name):
    dag = DAG("growing")
    dag.iterate(lambda x: x + 1, name="grow", max_rounds=2)
    assert any_mode(dag, {name: 1}) == 3


def test_a_function_may_say_that_it_is_done(any_mode, kind):
    dag = DAG("done")
    dag.iterate(kind(lambda x: x - 1 if x > 1 else Converged("done")), name="down", max_rounds=9)
    dag.add_node("signal", lambda s: s).connect("down", "signal", output="converged")
    any_mode(dag, x=3)
    assert (dag["down"], dag["signal"]) == ("done", True)
    assert ended(dag, "down") == (3, "converged", "signal")


def test_a_function_may_ask_for_the_context(any_mode):
    ids = []
    dag = DAG("seeing")
    dag.iterate(lambda x, context: ids.append(context.metadata["run_id"]) or x, name="see", max_rounds=2)
    any_mode(dag, x=1)
    assert ids == [dag.context.metadata["run_id"]] * 2


# Ports and rounds


def merging(**settings):
    """Seed and feedback in ports of their own, a merge behind them, a held input and a log of the calls."""
    calls = []
    body = DAG("body")
    body.add_node("first", lambda seed: calls.append(("first", seed)) or seed)
    body.add_node("again", lambda feedback: calls.append(("again", feedback)) or feedback)
    merge = body.any(lambda a, b: a if a is not None else b, name="merge")
    body.add_node("held", lambda graph: calls.append(("held", graph)) or graph)
    body.add_node("step", lambda merge, held: merge + held)
    body.connect("first", "merge", input="a").connect("again", "merge", input="b")
    body.connect(merge, "step").connect("held", "step")
    dag = DAG("around")
    dag.iterate("it", body, **{"max_rounds": 3, "output": "step", **settings})
    return dag, calls


def test_the_seed_is_there_in_round_one_and_what_was_fed_back_later(any_mode):
    dag, calls = merging(emit="each")
    assert any_mode(dag, seed=1, graph=10) == [11, 21, 31]
    assert sorted(calls) == [
        ("again", 11),
        ("again", 21),
        ("first", 1),
        ("held", 10),
        ("held", 10),
        ("held", 10),
    ]


def test_a_merge_may_have_defaults_for_what_is_absent(any_mode):
    seen = []

    def start(seed=NO_DATA, feedback=NO_DATA):
        seen.append((seed, feedback))
        return seed if feedback is NO_DATA else feedback

    body = DAG("body").add_node("start", start).add_node("output", lambda start: start + 1)
    body.connect("start", "output")
    dag = DAG("around")
    dag.iterate("it", body, max_rounds=3)
    assert any_mode(dag, seed=0) == 3
    assert seen == [(0, NO_DATA), (NO_DATA, 1), (NO_DATA, 2)]


def test_a_node_whose_ports_are_all_absent_does_not_run_whatever_its_defaults(any_mode):
    seen = []
    body = one(lambda x: x + 1).add_node("first", lambda start=5: seen.append(start))
    body.add_node("other", lambda start=7, step=0: seen.append((start, step)))
    body.connect("step", "other", input="step")
    dag = DAG("around")
    dag.iterate("it", body, seed="start", feedback="x", output="step", max_rounds=3)
    assert any_mode(dag, seed=1) is None
    assert sorted(seen, key=str) == [(1, 0), 1]
    assert ended(dag) == (1, "exit", "no_data")


def test_a_default_stands_for_an_absent_port_of_a_node_that_runs(any_mode):
    seen = []
    body = one(lambda x: x + 1).add_node("watch", lambda step, first="none": seen.append((step, first)))
    body.add_node("begin", lambda first: first).connect("step", "watch", input="step")
    body.add_node("merge", lambda begin=None, step=None: 0)
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", max_rounds=2)
    any_mode(dag, seed=1, first=3)
    assert seen == [(2, 3), (3, 3)]


def test_nothing_of_a_round_is_there_in_the_next(any_mode):
    seen = []
    body = DAG("body")
    check = body.condition(lambda x: ConditionalReturn(x % 2 == 0, x), name="check")
    even = body.node(lambda value: ("even", value), name="even")
    body.any(lambda a, b: seen.append((a, b)), name="both")
    check.on_true >> even
    body.connect("even", "both", input="a")
    odd = body.node(lambda value: ("odd", value), name="odd")
    check.on_false >> odd
    body.connect("odd", "both", input="b")
    body.add_node("step", lambda x: x + 1)
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", max_rounds=2)
    any_mode(dag, seed=1)
    assert sorted(seen, key=str) == [(("even", 2), None), (None, ("odd", 1))]


def test_a_node_of_any_name_gets_what_is_held_and_nothing_that_goes_round(any_mode):
    seen = []
    body = DAG("body").add_node("step", lambda x, **others: seen.append(("step", others)) or x + 1)
    body.add_node("look", lambda step, **others: seen.append(("look", others))).connect(
        "step", "look", input="step"
    )
    body.add_node("other", lambda held: held)
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", max_rounds=2)
    any_mode(dag, seed=0, held=7)
    assert seen == [("step", {"held": 7}), ("look", {"held": 7})] * 2


def test_several_nodes_may_have_the_port(any_mode):
    body = DAG("body").add_node("one", lambda x: x + 1).add_node("two", lambda x: x * 2)
    body.add_node("step", lambda one, two: one + two).connect("one", "step").connect("two", "step")
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", max_rounds=2)
    assert any_mode(dag, seed=1) == 13


def test_ports_may_be_outputs_of_nodes(any_mode):
    body = DAG("body")
    body.node(lambda x: {"next": x + 1, "done": x >= 3}, name="step", outputs=["next", "done"])
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step.next", converged="step.done")
    assert any_mode(dag, seed=0) == 4
    assert ended(dag) == (4, "converged", "signal")


# What ends it


def signalling(value, kind=lambda each: each, **settings):
    body = one(kind(lambda x: x + 1)).add_node("converged", kind(lambda step: value(step)))
    body.connect("step", "converged")
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", **settings)
    return dag


@pytest.mark.parametrize(
    ("value", "rounds"),
    [
        (lambda x: x == 3, 3),
        (lambda x: None if x < 4 else "yes", 4),
        (lambda x: np.bool_(x == 2), 2),
        (lambda x: np.array([x == 2]), 2),
        (lambda x: NO_DATA, 5),
        (lambda x: 0, 5),
    ],
)
def test_a_signal_is_anything_true(any_mode, value, rounds, kind):
    dag = signalling(value, kind, max_rounds=5)
    assert any_mode(dag, seed=0) == rounds
    expected = ("converged", "signal") if rounds < 5 else ("max_iterations", "max_iterations=5")
    assert ended(dag) == (rounds, *expected)


def test_an_array_is_no_signal(any_mode):
    error = raised_by(any_mode, signalling(lambda x: np.array([True, False])), seed=0)
    assert isinstance(error, TypeError)
    assert isinstance(error, CycleExecutionError)
    assert "'converged' gave an array of 2 elements" in str(error)


def test_a_signal_comes_before_the_end_by_absence_and_before_the_rule(any_mode):
    body = one(lambda x: NO_DATA).add_node("converged", lambda x: True)
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", until="fixed_point")
    any_mode(dag, seed=0)
    assert ended(dag) == (1, "converged", "signal")
    dag = signalling(lambda x: True, until=lambda prev, cur: True)
    any_mode(dag, seed=0)
    assert ended(dag) == (1, "converged", "signal")


def test_the_last_signal_can_be_read(any_mode):
    dag = signalling(lambda x: x * 10, max_rounds=9)
    for output in ("converged", "rounds", "reason", "output"):
        dag.add_node(output, lambda each: each).connect("it", output, output=output)
    any_mode(dag, seed=0)
    assert (dag["converged"], dag["rounds"], dag["reason"], dag["output"]) == (10, 1, "converged", 1)


def test_without_a_signal_its_output_is_dead(any_mode):
    dag = iterated(halved, max_rounds=2)
    dag.add_node("signal", lambda s: s).connect("it", "signal", output="converged")
    any_mode(dag, seed=1)
    assert "signal" in dag.context.metadata["skipped"]


def test_it_ends_where_nothing_goes_round(any_mode, kind):
    dag = iterated(lambda x: x - 1 if x > 1 else NO_DATA, kind=kind, max_rounds=9, emit="tagged")
    assert any_mode(dag, seed=3) == [(1, 2), (2, 1)]
    assert ended(dag) == (3, "exit", "no_data")
    assert info_of(dag).emitted == [2, 1]


def test_the_value_before_stays_where_the_last_round_gave_none(any_mode):
    dag = iterated(lambda x: x - 1 if x > 1 else NO_DATA, max_rounds=9)
    assert any_mode(dag, seed=3) == 1
    assert (info_of(dag).value, info_of(dag).last_change, info_of(dag).emitted) == (1, 1, None)
    dag = iterated(lambda x: NO_DATA, max_rounds=9)
    assert any_mode(dag, seed=3) is None
    assert dag.context.metadata["skipped"] == {"behind": "'it' gave no data"}
    assert (info_of(dag).value, info_of(dag).rounds) == (None, 1)


def test_a_router_inside_may_end_it(any_mode):
    body = DAG("body")
    check = body.condition(lambda x: ConditionalReturn(x < 3, x), name="check")
    step = body.node(lambda x: x + 1, name="step", inputs=["value"])
    check.on_true >> step
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", max_rounds=9)
    assert any_mode(dag, seed=0) == 3
    assert ended(dag) == (4, "exit", "router")


def test_it_may_go_on_with_nothing(any_mode):
    seen = []
    body = one(lambda x: seen.append(x) or NO_DATA)
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", max_rounds=4, stop_on_empty=False)
    any_mode(dag, seed=1)
    assert seen == [1]
    assert ended(dag) == (4, "max_iterations", "max_iterations=4")


def test_a_rule_is_not_asked_about_a_round_without_data(any_mode):
    asked = []
    values = iter([1, NO_DATA, 2, 2])
    body = DAG("body").add_node("step", lambda graph: next(values)).add_node("taken", lambda x: x)
    dag = DAG("around")
    settings = {"until": lambda prev, cur: asked.append((prev, cur)) or prev == cur, "stop_on_empty": False}
    dag.iterate("it", body, seed="x", feedback="x", output="step", max_rounds=9, **settings)
    any_mode(dag, seed=0, graph=None)
    assert asked == [(0, 1), (1, 2), (2, 2)]
    assert ended(dag)[:2] == (4, "converged")


def test_what_a_limit_does_can_be_chosen(any_mode):
    assert any_mode(iterated(halved, max_rounds=1), seed=10) == 6
    with pytest.warns(CycleLimitWarning, match="iteration 'it' ended by max_iterations=1"):
        any_mode(iterated(halved, max_rounds=1, on_limit="warn"), seed=10)
    error = raised_by(any_mode, iterated(halved, max_rounds=2, on_limit="raise"), seed=10)
    assert isinstance(error, MaxIterationsError)
    assert (error.max_iterations, error.last_value, error.last_change) == (2, 4, 2)
    assert error.result.rounds == 2


def test_it_ends_in_time(any_mode):
    def slow(x, context):
        return x + 1

    dag = iterated(slow, timeout=0.05, max_rounds=10**9)
    assert any_mode(dag, seed=0) > 0
    assert ended(dag)[1:] == ("timeout", "timeout_seconds=0.05")
    error = raised_by(any_mode, iterated(slow, timeout=0.02, on_limit="raise"), seed=0)
    assert type(error) in (TimeoutError, MaxIterationsError)


# Errors


def test_an_error_says_where_it_was(any_mode, kind):
    told = []
    dag = iterated(
        lambda x: 6 // (x - 1), kind=kind, max_rounds=9, on_round=lambda *each: told.append(each), emit="each"
    )
    error = raised_by(any_mode, dag, seed=7)
    assert isinstance(error, CycleExecutionError)
    assert isinstance(error, ZeroDivisionError)
    assert (error.cycle, error.node_name, error.round, error.iteration) == ("it", "it.step", 2, 1)
    assert (error.rounds_completed, error.last_value, error.epoch) == (1, 1, 0)
    assert (error.result.reason, error.result.rounds, error.result.value) == ("error", 1, 1)
    assert type(error.__cause__) is ZeroDivisionError
    assert told == [(1, 1)]
    text = "iteration 'it', round 2: node 'it.step' failed with ZeroDivisionError"
    assert error.result.reason_detail.startswith(text)
    assert (info_of(dag).reason, info_of(dag).reason_detail) == ("error", error.result.reason_detail)


@pytest.mark.parametrize("setting", ["until", "on_round"])
def test_what_decides_or_is_told_fails_as_the_iteration(any_mode, kind, setting):
    original = ValueError("no")

    def fail(*_):
        raise original

    error = raised_by(any_mode, iterated(halved, max_rounds=3, **{setting: kind(fail)}), seed=10)
    assert str(error) == "iteration 'it', round 1: node 'it' failed with ValueError: no"
    assert (error.node_name, error.cycle, error.round, error.__cause__) == ("it", "it", 1, original)


def test_an_error_is_that_of_the_outermost_cycle_around_it(any_mode):
    dag = DAG("around")
    dag.iterate(
        "it", one(lambda x: 1 / (2 - x) and x + 1), seed="x", feedback="x", output="step", max_rounds=2
    )
    with dag.cycle("outer", max_iterations=3) as c:
        c.feedback("it", "it", input="seed")
    error = raised_by(any_mode, dag, seed=0)
    assert (error.cycle, error.round, error.node_name, error.last_value) == ("outer", 2, "it.step", None)


def test_a_retry_inside_absorbs_failures(any_mode):
    failures = iter([True, False, True, False])

    def shaky(x):
        if next(failures):
            raise OSError("again")
        return x + 1

    body = DAG("body")
    body.node(shaky, name="step", retry=2)
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", max_rounds=2)
    assert any_mode(dag, seed=0) == 2


# Around it


def test_rounds_are_told_with_their_values(any_mode, kind):
    told = []
    dag = iterated(halved, max_rounds=3, on_round=kind(lambda number, value: told.append((number, value))))
    any_mode(dag, seed=10)
    assert told == [(1, 6), (2, 4), (3, 3)]


def test_figures_of_rounds_are_kept_on_demand(any_mode, kind):
    dag = iterated(lambda x: x - 1 if x > 1 else NO_DATA, kind=kind, max_rounds=9, history=True)
    any_mode(dag, seed=3)
    history = info_of(dag).history
    assert [(each.round, each.fired, each.items) for each in history] == [(1, 1, 1), (2, 1, 1), (3, 1, 0)]
    assert all(each.seconds >= 0 for each in history)
    assert sum(each.seconds for each in history) <= info_of(dag).execution_time_seconds


def test_an_iteration_in_a_cycle_starts_afresh(any_mode):
    dag = iterated(halved, max_rounds=2)
    with dag.cycle("outer", max_iterations=3) as c:
        c.feedback("behind", "it", input="seed")
    assert any_mode(dag, seed=100) == 3
    assert info_of(dag, "outer").total_iterations == 3
    assert info_of(dag).rounds == 2


def test_an_output_beside_the_value_may_be_fed_back(any_mode):
    dag = signalling(lambda x: x if x < 9 else NO_DATA, max_rounds=1)
    with dag.cycle("outer", max_iterations=20) as c:
        c.feedback("it", "it", output="converged", input="seed")
    any_mode(dag, seed=0)
    result = info_of(dag, "outer")
    assert (result.total_iterations, result.reason, result.reason_detail) == (9, "exit", "no_data")


def test_iterations_may_lie_in_each_other(any_mode):
    inner = one(lambda x: x + 1, name="add")
    middle = DAG("middle")
    middle.iterate("inner", inner, seed="x", feedback="x", output="add", max_rounds=3)
    middle.add_node("double", lambda inner: 2 * inner).connect("inner", "double")
    dag = DAG("around")
    dag.iterate("outer", middle, feedback="seed", output="double", max_rounds=2, emit="each")
    assert any_mode(dag, seed=0) == [6, 18]
    error = raised_by(any_mode, dag, seed="a")
    assert (error.node_name, error.cycle) == ("outer.inner.add", "outer")


def test_a_cycle_may_lie_in_an_iteration(any_mode):
    body = DAG("body").add_node("count", lambda n: n + 1).add_node("double", lambda count: 2 * count)
    body.connect("count", "double")
    with body.cycle("inner", max_iterations=3) as c:
        c.feedback("count", "count", input="n")
    dag = DAG("around")
    dag.iterate("it", body, seed="n", feedback="n", output="double", max_rounds=2, emit="each")
    assert any_mode(dag, seed=0) == [6, 18]


def test_a_workflow_with_an_iteration_may_be_a_node(any_mode):
    dag = DAG("outermost")
    dag.add_dag("inside", iterated(halved, max_rounds=2))
    assert any_mode(dag, seed=10) == 4
    assert dag.context.nested["inside"].metadata["cycles"]["it"].rounds == 2


def test_hooks_and_handlers_inside_work(any_mode):
    seen = []
    body = one(lambda x: 1 // 0)
    body.set_node_hooks("step", pre_execute=lambda node, inputs: seen.append(inputs["x"]))
    body.set_node_error_handler("step", lambda node, inputs, error: inputs["x"] + 1)
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", max_rounds=3)
    assert any_mode(dag, seed=0) == 3
    assert seen == [0, 1, 2]


def test_an_iteration_behind_a_dead_edge_is_skipped(any_mode):
    dag = iterated(halved, max_rounds=2)
    dag.add_node("nothing", lambda: NO_DATA).connect("nothing", "it")
    any_mode(dag)
    assert dag.context.metadata["skipped"].keys() == {"it", "behind"}
    assert "cycles" not in dag.context.metadata


def test_an_output_nobody_reads_holds_nothing_up(any_mode):
    dag = signalling(lambda x: [x] * 1000, max_rounds=1)
    assert any_mode(dag, seed=1) == 2


def test_an_async_body_runs_everywhere(any_mode):
    async def step(x):
        return x + 1

    dag = DAG("around")
    dag.iterate(step, name="grow", max_rounds=4)
    assert any_mode(dag, x=0) == 4
