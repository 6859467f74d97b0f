"""Which results a run keeps, and who still sees the others."""

import pytest

from fast_dag import DAG, NO_DATA, Context, SelectReturn, UnknownNodeError
from tests.conformance.modes import raised_by


def chain(kind=lambda function: function):
    """first -> middle -> last, and *side* that nothing reads."""
    dag = DAG("chain")
    first = dag.node(kind(lambda: 1), name="first")
    middle = dag.node(kind(lambda first: first + 1), name="middle")
    first >> middle >> dag.node(kind(lambda middle: middle + 1), name="last")
    dag.node(kind(lambda: "side"), name="side")
    return dag


def around(inner, **options):
    """An outer DAG with *inner* as "sub", whose value another node reads."""
    outer = DAG("outer")
    outer.add_dag("sub", inner, **options) >> outer.node(lambda sub: sub, name="after")
    return outer


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ("all", {"first", "middle", "last", "side"}),
        ("exits", {"last", "side"}),
        (["first"], {"first"}),
        ({"first", "last"}, {"first", "last"}),
        ([], set()),
    ],
    ids=["all", "exits", "a name", "two names", "none"],
)
def test_only_the_results_to_be_kept_are_there_after_the_run(any_mode, kind, keep, kept):
    dag = chain(kind)
    assert any_mode(dag, keep_results=keep) == "side"
    assert set(dag.results) == set(dag.context.results) == kept
    assert all(dag[name] == {"first": 1, "middle": 2, "last": 3, "side": "side"}[name] for name in kept)


def test_a_result_that_was_dropped_is_a_key_error_but_not_an_unknown_node(any_mode):
    dag = chain()
    any_mode(dag, keep_results="exits")
    with pytest.raises(KeyError, match="has no result"):
        dag["first"]


@pytest.mark.parametrize("name", ["nothing", "sub.nothing", "nothing.step", "sub.step.more", 7])
def test_a_name_of_no_node_is_refused_before_anything_runs(any_mode, name):
    calls, inner = [], DAG("inner")
    inner.node(lambda: calls.append(1), name="step")
    assert isinstance(raised_by(any_mode, around(inner), keep_results=[name]), UnknownNodeError)
    assert calls == []


def test_another_word_is_refused_with_the_nearest_one(any_mode):
    error = raised_by(any_mode, chain(), keep_results="exit")
    assert type(error) is ValueError
    assert "did you mean 'exits'?" in str(error)


def test_a_result_is_seen_until_its_last_reader_is_done(any_mode, kind):
    dag, seen = DAG("seen"), []

    def look(value, context):
        seen.append(dict(context.results))
        return value

    names = ["one", "two", "three"]
    nodes = [dag.node(kind(lambda: 0), name="zero")]
    for name in names:
        nodes.append(dag.node(kind(look), name=name))
        nodes[-2] >> nodes[-1]
    any_mode(dag, keep_results="exits")
    assert seen == [{"zero": 0}, {"one": 0}, {"two": 0}]
    assert dag.results == {"three": 0}


def test_a_result_of_a_router_is_seen_by_its_branch_and_then_dropped(any_mode, kind):
    dag = DAG("branches")
    choice = dag.select(kind(lambda: SelectReturn("left", "value")), name="choice", outputs=["left", "right"])
    left = dag.node(kind(lambda context, value: (value, context["choice"])), name="left")
    dag.connect(choice, left, output="left", input="value")
    left >> dag.node(kind(lambda context, left: (left, "choice" in context)), name="last")
    assert any_mode(dag, keep_results="exits") == (("value", "value"), False)
    assert dict(dag.context.branches) == {"choice": "left"}


def test_foreign_entries_stay(any_mode, kind):
    dag, context = chain(kind), Context({"given": 1})
    dag.node(kind(lambda context: context.results.update(written=2)), name="writer")
    any_mode(dag, context=context, keep_results="exits")
    assert context.results == {"given": 1, "written": 2, "last": 3, "side": "side", "writer": None}


def test_an_entry_that_a_node_put_in_the_place_of_a_result_stays(any_mode, kind):
    dag = DAG("replaced")
    first = dag.node(kind(lambda: "result"), name="first")

    def replace(context, first):
        context.results["first"] = "mine"
        return first

    first >> dag.node(kind(replace), name="last")
    assert any_mode(dag, keep_results="exits") == "result"
    assert dag.results == {"first": "mine", "last": "result"}


def test_a_consumer_gets_a_result_that_was_deleted_before_it_ran(any_mode, kind):
    dag = DAG("deleted")
    first = dag.node(kind(lambda: "value"), name="first")

    def delete(context, first):
        del context.results["first"]
        return 1

    deleter = dag.node(kind(delete), name="delete")
    last = dag.node(kind(lambda first, delete: first), name="last")
    first >> [deleter, last]
    deleter >> last
    assert any_mode(dag) == "value"
    assert dag.results == {"delete": 1, "last": "value"}


def test_a_run_without_its_results_has_the_same_books(any_mode, kind):
    def books(keep):
        dag = DAG("books")
        fails = dag.node(kind(lambda: 1 / 0), name="fails")
        fails >> dag.node(kind(lambda fails: 1), name="skipped")
        empty = dag.node(kind(lambda: NO_DATA), name="empty")
        full = dag.node(kind(lambda: {"low": 1}), name="full")
        optional = dag.node(kind(lambda part=5: part), name="optional")
        dag.connect(full, optional, output="high", input="part", optional=True)
        dag.connect(full, dag.node(kind(lambda low: low), name="low"), output="low")
        [empty, full] >> dag.any(kind(lambda value: value), name="either")
        any_mode(dag, error_strategy="continue", keep_results=keep)
        metrics = dag.context.metrics
        return (
            dag.context.metadata["skipped"],
            metrics["attempts"],
            metrics["errors"],
            metrics["nodes_executed"],
            {name: dag.get(name) for name in ("low", "optional", "either", "skipped", "fails")},
        )

    assert books("exits") == books("all")


@pytest.mark.parametrize(
    ("keep", "kept", "inside"),
    [
        ("all", {"sub", "after"}, {"first", "middle", "last", "side"}),
        ("exits", {"after"}, set()),
        (["sub.first"], set(), {"first"}),
        (["sub.first", "sub.last"], set(), {"first", "last"}),
        (["sub"], {"sub"}, {"last", "side"}),
        (["sub", "sub.middle"], {"sub"}, {"middle"}),
    ],
    ids=["all", "exits", "a name inside", "two names inside", "the node", "both"],
)
def test_dotted_names_keep_results_of_a_nested_run(any_mode, kind, keep, kept, inside):
    outer = around(chain(kind))
    assert any_mode(outer, keep_results=keep) == "side"
    assert set(outer.results) == kept
    assert set(outer.context.nested["sub"].results) == inside


def test_a_nested_node_that_is_an_exit_keeps_the_results_of_its_exits(any_mode):
    outer = DAG("outer")
    outer.add_dag("sub", chain())
    any_mode(outer, keep_results="exits")
    assert set(outer.context.nested["sub"].results) == {"last", "side"}


def test_a_name_two_levels_down_is_kept(any_mode):
    middle = DAG("middle")
    middle.add_dag("chain", chain())
    outer = around(middle)
    any_mode(outer, keep_results=["sub.chain.middle"])
    assert outer["sub.chain.middle"] == 2
    assert outer.results == {}
    assert outer.context.nested["sub"].nested["chain"].results == {"middle": 2}


def test_the_outputs_of_a_nested_node_are_there_whatever_is_kept_inside(any_mode):
    outer = around(chain(), outputs=["first", "middle", "last"])
    assert any_mode(outer, keep_results="exits") == {"first": 1, "middle": 2, "last": 3}


def test_names_reach_into_each_run_of_a_map(any_mode):
    inner, outer = DAG("inner"), DAG("outer")
    inner.node(lambda item: item, name="one") >> inner.node(lambda one: -one, name="two")
    outer.add_dag("many", inner, map="item")
    assert any_mode(outer, item=[1, 2], keep_results=["many.one"]) == [-1, -2]
    assert [outer.context.nested[f"many[{index}]"].results for index in (0, 1)] == [{"one": 1}, {"one": 2}]


def test_the_value_of_a_retried_node_is_kept_as_any_other(any_mode, kind):
    dag, calls = DAG("retried"), []

    def flaky(first):
        calls.append(first)
        return first if len(calls) == 3 else 1 / 0

    dag.node(kind(lambda: "value"), name="first") >> dag.node(kind(flaky), name="flaky", retry=3)
    assert any_mode(dag, keep_results="exits") == "value"
    assert calls == ["value"] * 3
    assert dag.results == {"flaky": "value"}


def test_a_result_that_an_optional_edge_asked_in_vain_is_dropped(any_mode, kind):
    dag, context = DAG("optional"), Context()
    dag.node(kind(lambda: {"low": 1}), name="source")
    dag.node(kind(lambda high: high), name="target")
    dag.connect("source", "target", output="high", optional=True)
    any_mode(dag, context=context, keep_results="exits")
    assert dict(context.results) == {}
    assert context.metadata["skipped"] == {"target": "'source' gave no 'high'"}


def test_what_a_cycle_went_through_is_dropped_when_the_run_is_over(any_mode, kind):
    dag = DAG("cycle")
    dag.node(kind(lambda: 1), name="start") >> dag.node(kind(lambda start, n=0: start + n), name="count")
    dag.connect("count", dag.node(kind(lambda count: -count), name="after"))
    with dag.cycle("loop", max_iterations=3) as cycle:
        cycle.feedback("count", "count", input="n")
    assert any_mode(dag, keep_results="exits") == -3
    assert dag.results == {"after": -3}
    assert dag.context.metadata["cycles"]["loop"].outputs == {"count": 3}
