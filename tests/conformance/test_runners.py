"""What a run gives: values, branches, skipped nodes."""

from itertools import pairwise
from typing import Any

import pytest

from fast_dag import (
    DAG,
    NO_DATA,
    ConditionalReturn,
    ConditionError,
    Context,
    MissingInputError,
    RouterError,
    SelectReturn,
    UnknownOptionError,
    ValidationError,
)
from tests.conformance.modes import SEQUENTIAL, raised_by


def test_the_value_is_that_of_the_last_exit_in_topological_order(any_mode, kind):
    dag = DAG("exits")
    first = dag.node(kind(lambda: "first"), name="first")
    dag.node(kind(lambda first: first + "!"), name="last")
    dag.node(kind(lambda: "lone"), name="lone")
    dag.connect(first, "last")
    assert dag.execution_order == ["first", "last", "lone"]
    assert any_mode(dag) == "lone"


def test_a_chain_of_sync_and_async_nodes_hands_values_on(any_mode):
    dag = DAG("chain")

    @dag.node
    def start(x: int) -> int:
        return x + 1

    @dag.node
    async def double(value: int) -> int:
        return value * 2

    @dag.node
    def text(value: int) -> str:
        return f"value {value}"

    start >> double >> text
    assert any_mode(dag, x=4) == "value 10"
    assert dag.results == {"start": 5, "double": 10, "text": "value 10"}


def test_a_diamond_waits_for_both_sides(any_mode, kind):
    dag = DAG("diamond")
    top = dag.node(kind(lambda: 1), name="top")
    left = dag.node(kind(lambda top: top + 1), name="left")
    right = dag.node(kind(lambda top: top + 2), name="right")
    bottom = dag.node(kind(lambda left, right: (left, right)), name="bottom")
    top >> [left, right] >> bottom
    assert any_mode(dag) == (2, 3)


@pytest.mark.parametrize("value", [None, 0, False, []])
def test_a_falsy_value_is_a_result_and_is_handed_on(any_mode, kind, value):
    dag = DAG("falsy")
    source = dag.node(kind(lambda: value), name="source")
    source >> dag.node(kind(lambda source: [source]), name="boxed")
    assert any_mode(dag) == [value]
    assert dag.results["source"] is value


def test_none_is_a_legitimate_value_of_the_run(any_mode):
    dag = DAG("none")
    dag.node(lambda: 5, name="early")
    dag.node(lambda: None, name="late")
    assert any_mode(dag) is None
    assert dag.results == {"early": 5, "late": None}


def test_an_awaitable_that_a_sync_function_returns_is_awaited(any_mode):
    dag = DAG("awaitable")

    async def later(value):
        return value

    dag.node(lambda: later(7), name="source") >> dag.node(lambda source: source + 1, name="next")
    assert any_mode(dag) == 8


def test_a_run_input_fills_every_open_parameter_of_its_name(any_mode, kind):
    dag = DAG("inputs")
    dag.node(kind(lambda x: x), name="a")
    dag.node(kind(lambda x, y=10: x + y), name="b")
    any_mode(dag, {"x": 1}, y=2)
    assert dag.results == {"a": 1, "b": 3}


def test_missing_inputs_are_all_named_and_nothing_runs(any_mode):
    dag, calls = DAG("missing"), []
    dag.node(calls.append, name="a", inputs=["x"])
    dag.node(calls.append, name="b", inputs=["y"])
    with pytest.raises(MissingInputError, match=r"'x' of 'a', 'y' of 'b'"):
        any_mode(dag)
    assert calls == []


def test_an_unknown_keyword_is_refused(any_mode):
    dag = DAG("options")
    dag.node(lambda x: x, name="a")
    with pytest.raises(UnknownOptionError, match="did you mean"):
        any_mode(dag, x=1, max_worker=2)


def test_a_ring_is_refused_before_anything_runs(any_mode):
    dag, calls = DAG("ring"), []
    a = dag.node(calls.append, name="a", inputs=["b"])
    b = dag.node(calls.append, name="b", inputs=["a"])
    a >> b >> a
    with pytest.raises(ValidationError):
        any_mode(dag)
    assert calls == []


@pytest.mark.parametrize("taken", [True, False])
def test_a_condition_runs_one_branch_with_the_value_it_was_given(any_mode, kind, taken):
    dag = DAG("condition")
    check = dag.condition(kind(lambda x: x == 5), name="check")
    check.on_true >> dag.node(kind(lambda value: ("yes", value)), name="yes")
    check.on_false >> dag.node(kind(lambda value: ("no", value)), name="no")
    x = 5 if taken else 6
    ran, left = ("yes", "no") if taken else ("no", "yes")
    assert any_mode(dag, x=x) == (ran, x)
    assert dag.results == {"check": taken, ran: (ran, x)}
    assert dag.context.branches == {"check": str(taken).lower()}
    assert list(dag.context.metadata["skipped"]) == [left]


def test_a_conditional_return_hands_on_its_own_value(any_mode, kind):
    dag = DAG("conditional")
    check = dag.condition(kind(lambda: ConditionalReturn(condition=True, value=0)), name="check")
    check.on_true >> dag.node(kind(lambda value: [value]), name="yes")
    assert any_mode(dag) == [0]
    assert dag.results["check"] == 0


def test_a_condition_that_gives_no_bool_fails(any_mode):
    dag = DAG("wrong")
    dag.condition(lambda: "true", name="check")
    assert isinstance(raised_by(any_mode, dag), ConditionError)


def test_select_runs_the_chosen_branch_only(any_mode, kind):
    dag = DAG("select")
    choose = dag.select(kind(lambda key: SelectReturn(key, key * 2)), name="choose")
    for name in ("a", "b", "c"):
        choose.branches[name] >> dag.node(kind(lambda value: value), name=f"branch_{name}")
    assert any_mode(dag, key="b") == "bb"
    assert dag.results == {"choose": "bb", "branch_b": "bb"}
    assert set(dag.context.metadata["skipped"]) == {"branch_a", "branch_c"}


def test_an_unknown_branch_takes_the_default(any_mode):
    dag = DAG("default")
    choose = dag.select(lambda: SelectReturn("other", 1), name="choose")
    choose.branches["default"] >> dag.node(lambda value: value + 1, name="next")
    assert any_mode(dag) == 2
    assert dag.context.branches["choose"] == "default"


def test_an_unknown_branch_without_default_is_a_router_error_with_the_branches(any_mode):
    dag = DAG("unknown")
    choose = dag.select(lambda: SelectReturn("other"), name="choose")
    choose.branches["known"] >> dag.node(lambda value: value, name="next")
    error = raised_by(any_mode, dag)
    assert isinstance(error, RouterError)
    assert (error.node_name, error.targets) == ("choose", ("known",))


def test_no_data_means_no_result_and_dead_edges(any_mode, kind):
    dag = DAG("no data")
    source = dag.node(kind(lambda: NO_DATA), name="source")
    source >> dag.node(kind(lambda source: source), name="next") >> dag.node(lambda value: value, name="end")
    assert any_mode(dag) is None
    assert dag.results == {}
    assert dag.context.metadata["skipped"] == {"next": "'source' gave no data", "end": "'next' was skipped"}
    assert dag.context.metrics["nodes_executed"] == 0


def test_a_defaulted_parameter_behind_a_dead_edge_takes_its_default(any_mode, kind):
    dag = DAG("default")
    dead = dag.node(kind(lambda: NO_DATA), name="dead")
    live = dag.node(kind(lambda: 1), name="live")
    total = dag.node(kind(lambda live, dead=10: live + dead), name="total")
    [dead, live] >> total
    assert any_mode(dag) == 11


def test_a_node_whose_edges_are_all_dead_is_skipped_whatever_its_defaults(any_mode):
    dag = DAG("all dead")
    dead = dag.node(lambda: NO_DATA, name="dead")
    dead >> dag.node(lambda dead=10: dead, name="next")
    assert any_mode(dag) is None
    assert list(dag.context.metadata["skipped"]) == ["next"]


def test_an_optional_edge_without_its_output_is_dead(any_mode, kind):
    dag = DAG("optional")
    source = dag.node(kind(lambda: {"a": 1}), name="source")
    total = dag.node(kind(lambda a, b=20: a + b), name="total")
    dag.connect(source, total, output="a", input="a")
    dag.connect(source, total, output="b", input="b", optional=True)
    assert any_mode(dag) == 21


def test_any_takes_the_branch_that_ran(any_mode, kind):
    dag = DAG("any")
    check = dag.condition(kind(lambda x: x > 0), name="check")
    high = dag.node(kind(lambda value: "high"), name="high")
    low = dag.node(kind(lambda value: "low"), name="low")
    check.on_true >> high
    check.on_false >> low
    merge = dag.any(kind(lambda high, low: (high, low)), name="merge")
    [high, low] >> merge
    assert any_mode(dag, x=1) == ("high", None)
    assert any_mode(dag, x=-1) == (None, "low")


def test_any_is_skipped_only_if_all_sources_are_dead(any_mode):
    dag = DAG("any")
    nothing = [dag.node(lambda: NO_DATA, name=name) for name in ("a", "b")]
    nothing >> dag.any(lambda value: value, name="merge")
    assert any_mode(dag) is None
    assert list(dag.context.metadata["skipped"]) == ["merge"]


def test_all_waits_for_every_source_and_keeps_the_order_of_connecting(any_mode, kind):
    dag = DAG("all")
    sources = [dag.node(kind(lambda value=value: value), name=f"s{value}") for value in range(5)]

    def gather(items: list) -> list:
        return items

    sources[::-1] >> dag.all(kind(gather))
    assert any_mode(dag) == [4, 3, 2, 1, 0]


def test_all_collects_a_dict_by_alias_or_source(any_mode):
    dag = DAG("all")
    a = dag.node(lambda: 1, name="a")
    b = dag.node(lambda: 2, name="b")
    gather = dag.all(lambda data: data, name="gather")
    dag.connect(a, gather).connect(b, gather, input="second")
    assert any_mode(dag) == {"a": 1, "second": 2}


def test_all_is_skipped_if_one_source_is_dead(any_mode):
    dag = DAG("all")
    sources = [dag.node(lambda: NO_DATA, name="dead"), dag.node(lambda: 1, name="live")]
    sources >> dag.all(lambda data: data, name="gather")
    any_mode(dag)
    assert dag.results == {"live": 1}


def test_a_node_may_read_and_change_the_context(any_mode, kind):
    dag = DAG("context")

    def first(context: Context) -> int:
        context.metadata["trail"] = ["first"]
        context.results["foreign"] = "kept"
        return 1

    def second(first: int, context: Context) -> Any:
        return context["first"], context.metadata["trail"], context.inputs["x"]

    dag.node(lambda x: x, name="taker")
    dag.node(kind(first)) >> dag.node(kind(second))
    assert any_mode(dag, x=3) == (1, ["first"], 3)
    assert dag.results["foreign"] == "kept"


def test_an_entry_under_the_own_name_gives_way_to_the_return_value(any_mode, kind):
    dag = DAG("own")

    def own(context: Context) -> int:
        context.results["own"] = "by hand"
        return 1

    dag.node(kind(own))
    any_mode(dag)
    assert dag.results == {"own": 1}


def test_a_long_chain_needs_no_recursion(any_mode):
    dag = DAG("chain")
    nodes = [dag.node(lambda value=0: value + 1, name=f"n{i}") for i in range(3000)]
    for source, target in pairwise(nodes):
        source >> target
    assert any_mode(dag) == 3000


def test_sequential_mode_follows_the_execution_order():
    dag, calls = DAG("order"), []
    names = [f"n{i}" for i in range(6)]
    for name in names:
        dag.node(lambda name=name: calls.append(name), name=name)
    dag.connect("n5", "n0", input="name")
    SEQUENTIAL(dag)
    assert calls[:-1] == dag.execution_order[:-1] == ["n1", "n2", "n3", "n4", "n5"]


def test_an_unknown_mode_lists_the_known_ones():
    dag = DAG("modes")
    dag.node(lambda: 1, name="a")
    with pytest.raises(ValueError, match=r"sequential, parallel, async.*did you mean 'parallel'"):
        dag.run(mode="paralel")
