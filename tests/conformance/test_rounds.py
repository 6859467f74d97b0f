"""Cycles with `until`, `emit` and `on_round`, in every mode."""

import pytest

from fast_dag import (
    DAG,
    NO_DATA,
    ConditionalReturn,
    Converged,
    CycleConfig,
    CycleConfigurationError,
    CycleExecutionError,
    CycleLimitWarning,
    ValidationError,
    any_of,
    fixed_point,
    stable,
)
from fast_dag.cycles import CycleBuilder
from tests.conformance.modes import as_async, raised_by


def halving(kind=lambda function: function, **settings):
    """x // 2 + 1 from 10: 6, 4, 3, 2, 2; with a node behind that gives what it gets."""
    dag = DAG("halving")
    dag.node(kind(lambda x=10: x // 2 + 1), name="halve")
    dag.node(kind(lambda halve: halve), name="behind")
    dag.connect("halve", "behind")
    with dag.cycle("loop", **settings) as c:
        c.feedback("halve", "halve", input="x")
    return dag


def result_of(dag, cycle="loop"):
    return dag.context.metadata["cycles"][cycle]


def ended(dag, cycle="loop"):
    result = result_of(dag, cycle)
    return result.reason, result.reason_detail, result.total_iterations


def test_a_cycle_ends_at_a_fixed_point(any_mode, kind):
    dag = halving(kind, until=fixed_point(), emit="each")
    assert any_mode(dag) == [6, 4, 3, 2, 2]
    assert ended(dag) == ("converged", "fixed_point", 5)
    assert dag["halve"] == 2


def test_the_first_value_is_compared_with_the_seed(any_mode):
    assert any_mode(halving(until="fixed_point"), x=2) == 2
    seen = []
    dag = halving(until=lambda prev, cur: seen.append((prev, cur)) or cur == 3)
    any_mode(dag, x=20)
    assert seen == [(20, 11), (11, 6), (6, 4), (4, 3)]


def test_a_seed_may_come_over_an_edge(any_mode):
    dag = DAG("seeded")
    dag.node(lambda: 2, name="seed")
    dag.node(lambda x=10: x // 2 + 1, name="halve")
    dag.connect("seed", "halve", input="x")
    with dag.cycle("loop", until="fixed_point") as c:
        c.feedback("halve", "halve", input="x")
    assert any_mode(dag) == 2
    assert ended(dag) == ("converged", "fixed_point", 1)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_rule_may_ask_for_the_round(any_mode, is_async):
    def third(prev, cur, round):
        return round == 3

    dag = halving(until=as_async(third) if is_async else third)
    assert any_mode(dag) == 3
    assert ended(dag) == ("converged", "third", 3)


def test_an_async_condition_works_in_every_mode(any_mode):
    async def small(results):
        return results["halve"] < 4

    dag = halving(convergence_conditions=[small])
    assert any_mode(dag) == 3


def test_rounds_are_told_one_after_the_other(any_mode, kind):
    told = []
    dag = halving(
        kind, until=fixed_point(), on_round=kind(lambda number, value: told.append((number, value)))
    )
    any_mode(dag)
    assert told == [(1, 6), (2, 4), (3, 3), (4, 2), (5, 2)]


def test_each_value_may_carry_its_round(any_mode):
    dag = halving(max_iterations=3, emit="tagged")
    assert any_mode(dag) == [(1, 6), (2, 4), (3, 3)]
    assert ended(dag) == ("max_iterations", "max_iterations=3", 3)


def test_a_limit_that_comes_before_the_rule_is_warned_of(any_mode):
    dag = halving(until=fixed_point(), max_iterations=2)
    with pytest.warns(CycleLimitWarning, match="before any of its conditions held"):
        assert any_mode(dag) == 4


def test_a_rule_that_holds_in_the_last_round_counts(any_mode):
    dag = halving(until=fixed_point(), max_iterations=5)
    any_mode(dag)
    assert ended(dag) == ("converged", "fixed_point", 5)


def test_a_condition_comes_before_the_rule_and_the_rule_before_patience(any_mode):
    dag = halving(until=lambda prev, cur: cur == 3, convergence_conditions=["halve == 3"])
    any_mode(dag)
    assert ended(dag) == ("converged", "halve == 3", 3)
    early = {"patience": 1, "metric": "halve"}
    any_mode(dag := halving(until=stable(None, 3, window=2), early_stop=early))
    assert ended(dag) == ("converged", "stable", 2)


def test_the_least_number_of_iterations_holds_for_rules_too(any_mode):
    asked = []
    rule = any_of(stable(None, 9), lambda prev, cur: asked.append(cur))
    dag = halving(until=rule, min_iterations=5)
    any_mode(dag)
    assert ended(dag) == ("converged", "any_of", 7)
    assert asked == [2, 2, 2]
    dag = halving(until=stable(None, 9), min_iterations=4)
    any_mode(dag)
    assert ended(dag) == ("converged", "stable", 4)


def test_several_inputs_come_as_a_dict(any_mode, kind):
    seen = []
    dag = DAG("two")
    dag.node(kind(lambda a=0, b=10: {"a": a + 1, "b": b - 1}), name="meet")
    with dag.cycle("loop", until=lambda prev, cur: seen.append(prev) or cur["a"] >= cur["b"]) as c:
        c.feedback("meet", "meet", output="a", input="a").feedback("meet", "meet", output="b", input="b")
    assert any_mode(dag) == {"a": 5, "b": 5}
    assert seen[:2] == [{"a": 0, "b": 10}, {"a": 1, "b": 9}]


def test_inputs_of_one_name_are_told_apart_by_their_node(any_mode):
    seen = []
    dag = DAG("pair")
    dag.node(lambda x=0: x + 1, name="one")
    dag.node(lambda x=5, one=0: x - 1, name="other")
    dag.connect("one", "other", input="one")
    with dag.cycle("loop", max_iterations=1, on_round=lambda number, value: seen.append(value)) as c:
        c.feedback("other", "one", input="x").feedback("other", "other", input="x")
    any_mode(dag)
    assert seen == [{"one.x": 4, "other.x": 4}]


def test_the_round_that_ends_it_counts_whatever_ends_it(any_mode):
    told = []

    def to_zero(x=3):
        return NO_DATA if x == 0 else x - 1

    dag = DAG("down").add_node("down", to_zero).add_node("behind", lambda down: down)
    dag.connect("down", "behind")
    with dag.cycle("loop", emit="each", until="fixed_point", on_round=lambda *each: told.append(each)) as c:
        c.feedback("down", "down", input="x")
    assert any_mode(dag) == [2, 1, 0]
    assert ended(dag) == ("exit", "no_data", 4)
    assert told == [(1, 2), (2, 1), (3, 0), (4, NO_DATA)]


@pytest.mark.parametrize("settings", [{}, {"emit": "last"}])
def test_nodes_behind_get_the_last_value_there_was(any_mode, settings):
    dag = DAG("down").add_node("down", lambda x=3: NO_DATA if x == 1 else x - 1)
    dag.add_node("behind", lambda down: down).connect("down", "behind")
    with dag.cycle("loop", max_iterations=9, **settings) as c:
        c.feedback("down", "down", input="x")
    assert any_mode(dag) == 1
    assert dag.context.metadata["skipped"] == {}
    assert ended(dag) == ("exit", "no_data", 3)


def test_the_last_value_there_was_is_that_of_the_run(any_mode):
    dag = DAG("down").add_node("down", lambda x=3: NO_DATA if x == 1 else x - 1)
    with dag.cycle("loop", max_iterations=9) as c:
        c.feedback("down", "down", input="x")
    assert any_mode(dag) == 1


def test_where_no_round_gave_anything_nodes_behind_are_skipped(any_mode):
    dag = DAG("nothing").add_node("none", lambda x=3: NO_DATA).add_node("behind", lambda none: none)
    dag.connect("none", "behind")
    with dag.cycle("loop", max_iterations=9) as c:
        c.feedback("none", "none", input="x")
    any_mode(dag)
    assert list(dag.context.metadata["skipped"]) == ["behind"]


def test_a_router_sends_what_it_sends_in_the_last_round(any_mode):
    dag = DAG("routed")
    more = dag.condition(lambda x=0: x < 4, name="more")
    dag.add_node("more_of_it", lambda x: x + 1).add_node("last", lambda more_of_it: more_of_it)
    more.on_true >> dag.nodes["more_of_it"]
    dag.connect("more_of_it", "last")
    dag.add_node("other", lambda x: -x)
    more.on_false >> dag.nodes["other"]
    dag.add_node("early", lambda x: x)
    more.on_true >> dag.nodes["early"]
    with dag.cycle("loop", max_iterations=9) as c:
        c.feedback("more_of_it", "more", input="x")
    any_mode(dag)
    assert ended(dag) == ("exit", "router", 5)
    assert {name: dag.results.get(name) for name in ("last", "other", "early")} == {
        "last": 4,
        "other": -4,
        "early": None,
    }


def test_an_inner_cycle_leaves_the_last_value_of_each_outer_round(any_mode):
    dag = (
        DAG("nested")
        .add_node("first", lambda n=0: n)
        .add_node("inner", lambda n, x=0: NO_DATA if x > n else x + 1)
    )
    dag.connect("first", "inner", input="n")
    dag.add_node("next", lambda inner: inner).connect("inner", "next")
    with dag.cycle("in", max_iterations=9) as c:
        c.feedback("inner", "inner", input="x")
    with dag.cycle("out", max_iterations=3) as c:
        c.feedback("next", "first", input="n")
    assert any_mode(dag) == 3


def test_the_value_of_a_signal_counts(any_mode):
    told = []
    dag = DAG("signal").add_node("down", lambda x=3: x - 1 if x > 1 else Converged("done"))
    dag.add_node("behind", lambda down: down).connect("down", "behind")
    with dag.cycle("loop", emit="each", until="fixed_point", on_round=lambda *each: told.append(each)) as c:
        c.feedback("down", "down", input="x")
    assert any_mode(dag) == [2, 1, "done"]
    assert ended(dag) == ("converged", "signal", 3)
    assert told[-1] == (3, "done")


def test_parts_are_emitted_as_their_edges_take_them(any_mode):
    dag = DAG("parts").add_node("step", lambda x=0: {"x": x + 1, "even": x} if x % 2 else {"x": x + 1})
    dag.add_node("all", lambda xs: xs).add_node("some", lambda evens: evens)
    dag.connect("step", "all", output="x").connect("step", "some", output="even", optional=True)
    with dag.cycle("loop", emit="each", max_iterations=4) as c:
        c.feedback("step", "step", output="x", input="x")
    any_mode(dag)
    assert (dag["all"], dag["some"]) == ([1, 2, 3, 4], [1, 3])


def test_a_branch_emits_what_it_was_given_and_is_dead_if_that_is_nothing(any_mode):
    dag = DAG("branches")
    check = dag.condition(lambda x=0: ConditionalReturn(x < 3, x + 1), name="check")
    sink = dag.node(lambda value: value, name="sink")
    never = dag.node(lambda value: value, name="never")
    check.on_false >> sink
    tested = dag.condition(lambda v: ConditionalReturn(False, v), name="tested")
    check.on_true >> tested
    tested.on_true >> never
    with dag.cycle("loop", emit="tagged", max_iterations=9) as c:
        c.feedback("tested", "check", output="false", input="x")
    any_mode(dag)
    assert dag["sink"] == [(4, 4)]
    assert "never" in dag.context.metadata["skipped"]
    assert ended(dag) == ("exit", "router", 4)


def test_an_inner_cycle_emits_a_list_for_each_outer_round(any_mode):
    dag = DAG("nested")
    dag.node(lambda x=0: x, name="begin")
    dag.node(lambda begin, y=0: y + 1 + 10 * begin, name="step")
    dag.node(lambda step: sum(step), name="end")
    dag.node(lambda lists, sums: (lists, sums), name="behind")
    dag.connect("begin", "step").connect("step", "end")
    dag.connect("step", "behind", input="lists").connect("end", "behind", input="sums")
    with dag.cycle("inner", emit="each", max_iterations=2) as c:
        c.feedback("step", "step", input="y")
    with dag.cycle("outer", emit="each", max_iterations=2) as c:
        c.feedback("end", "begin", input="x")
    assert any_mode(dag) == ([[1, 2], [31, 62]], [3, 93])


def test_an_outer_cycle_may_take_the_last_list(any_mode):
    dag = DAG("nested")
    dag.node(lambda x=0: x, name="begin")
    dag.node(lambda begin, y=0: y + 1 + 10 * begin, name="step")
    dag.node(lambda step: sum(step), name="end")
    dag.node(lambda lists: lists, name="behind")
    dag.connect("begin", "step").connect("step", "end").connect("step", "behind", input="lists")
    with dag.cycle("inner", emit="each", max_iterations=2) as c:
        c.feedback("step", "step", input="y")
    with dag.cycle("outer", max_iterations=2) as c:
        c.feedback("end", "begin", input="x")
    assert any_mode(dag) == [31, 62]


@pytest.mark.parametrize("setting", ["until", "on_round"])
def test_what_a_function_raises_is_an_error_of_the_cycle(any_mode, kind, setting):
    def broken(one, other):
        raise ValueError("no")

    error = raised_by(any_mode, halving(max_iterations=9, **{setting: kind(broken)}))
    assert isinstance(error, CycleExecutionError)
    assert isinstance(error, ValueError)
    assert (error.node_name, error.cycle, error.iteration) == (None, "loop", 0)
    assert (error.result.reason, error.result.total_iterations) == ("error", 1)


def test_a_failed_round_is_neither_told_nor_emitted(any_mode):
    told = []

    def to_one(x=3):
        return 6 // (x - 1)

    dag = DAG("failing").add_node("step", to_one)
    with dag.cycle(
        "loop", max_iterations=9, on_round=lambda number, value: told.append((number, value))
    ) as c:
        c.feedback("step", "step", input="x")
    error = raised_by(any_mode, dag, x=7)
    assert isinstance(error, ZeroDivisionError)
    assert told == [(1, 1)]


def test_every_spelling_of_a_cycle_takes_the_settings(any_mode):
    chained = DAG("chained").add_node("f", lambda x=10: x // 2 + 1).add_node("out", lambda f: f)
    chained.connect("f", "out")
    chained.create_cycle("loop").until(fixed_point()).emit("each").connect("f", "f", {"result": "x"}).build()
    config = CycleConfig(cycle_name="loop", until="fixed_point", emit="each")
    built = DAG("built").add_node("f", lambda x=10: x // 2 + 1).add_node("out", lambda f: f)
    built.connect("f", "out")
    CycleBuilder.from_config(built, config).connect("f", "f", {"result": "x"}).build()
    for dag in (chained, built):
        assert any_mode(dag) == [6, 4, 3, 2, 2]


def test_a_rule_needs_values_that_are_fed_back():
    dag = DAG("signals").add_node("f", lambda: 1)
    with dag.cycle("loop", until="fixed_point", max_iterations=3) as c:
        c.feedback("f", "f", signal=True)
    with pytest.raises(ValidationError, match="until of cycle 'loop' is about what is fed back"):
        dag.run()


def test_something_to_await_from_a_plain_function_is_an_error_or_awaited(any_mode):
    async def later():
        return True

    dag = halving(until=lambda prev, cur: later(), max_iterations=9)
    if any_mode.name == "sequential":
        error = raised_by(any_mode, dag)
        assert isinstance(error, CycleConfigurationError)
        assert "write it with async def" in str(error)
    else:
        assert any_mode(dag) == 6
