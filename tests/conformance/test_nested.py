"""A workflow as a node of another: ports, values, contexts, books."""

import pytest

from fast_dag import DAG, Context, MissingInputError, MissingOutputError, UnknownNodeError
from tests.conformance.modes import raised_by


def arithmetic(kind=lambda function: function):
    """Adds, then doubles: inputs *x* and, with a default, *y*."""
    dag = DAG("arithmetic")
    add = dag.node(kind(lambda x, y=1: x + y), name="add")
    add >> dag.node(kind(lambda add: add * 2), name="double")
    return dag


def around(inner, **options):
    """An outer DAG with *inner* as its node "sub"."""
    outer = DAG("outer")
    outer.add_dag("sub", inner, **options)
    return outer


def test_every_open_input_is_a_port(any_mode, kind):
    outer = around(arithmetic(kind))
    assert any_mode(outer, x=3) == 8
    assert any_mode(outer, x=3, y=5) == 16


def test_a_port_is_fed_by_an_edge(any_mode, kind):
    outer = DAG("outer")
    source = outer.node(kind(lambda: 4), name="source")
    after = outer.node(kind(lambda sub: sub + 100), name="after")
    source >> outer.add_dag("sub", arithmetic(kind)) >> after
    assert any_mode(outer) == 110
    assert outer.results == {"source": 4, "sub": 10, "after": 110}


def test_an_edge_goes_to_the_port_it_names(any_mode):
    outer = around(arithmetic())
    outer.node(lambda: 9, name="source")
    outer.connect("source", "sub", input="y")
    assert any_mode(outer, x=1) == 20


def test_a_port_may_have_another_name_than_inside(any_mode, kind):
    outer = around(arithmetic(kind), inputs={"base": "x"})
    assert any_mode(outer, base=3) == 8


def test_one_port_feeds_every_node_inside_that_takes_it(any_mode):
    inner = DAG("inner")
    inner.node(lambda x: [x], name="a") >> inner.node(lambda a, x: [*a, x, x], name="b")
    assert any_mode(around(inner), x=1) == [1, 1, 1]


def test_an_input_is_required_if_one_node_inside_needs_it(any_mode):
    inner = DAG("inner")
    inner.node(lambda x=5: x, name="a")
    inner.node(lambda x: x, name="b")
    assert isinstance(raised_by(any_mode, around(inner)), MissingInputError)


def test_an_input_that_is_not_given_takes_the_default_of_each_node_inside(any_mode):
    inner = DAG("inner")
    inner.node(lambda x=5: x, name="a") >> inner.node(lambda a, x=7: (a, x), name="b")
    assert any_mode(around(inner)) == (5, 7)
    assert any_mode(around(inner), x=1) == (1, 1)


def test_a_dead_edge_into_an_optional_port_leaves_the_default(any_mode):
    outer = around(arithmetic())
    check = outer.condition(lambda: False, name="check")
    outer.connect(check, "sub", output="true", input="y")
    outer.node(lambda: 1, name="source")
    outer.connect("source", "sub", input="x")
    assert any_mode(outer) == 4


def test_a_dead_edge_into_a_required_port_skips_the_whole_inner_run(any_mode):
    outer = around(arithmetic())
    check = outer.condition(lambda: False, name="check")
    check.on_true >> outer.get_node("sub")
    any_mode(outer)
    assert set(outer.context.metadata["skipped"]) == {"sub"}
    assert dict(outer.context.nested) == {}


def test_a_function_inside_that_takes_any_name_gets_what_nobody_else_takes(any_mode):
    inner, outer = DAG("inner"), DAG("outer")
    inner.node(lambda x, **others: (x, others), name="a")
    source = outer.node(lambda: 2, name="source")
    outer.connect(source, outer.add_dag("sub", inner), input="extra")
    assert any_mode(outer, x=1) == (1, {"extra": 2})


def test_outputs_are_a_mapping_of_which_each_can_be_taken(any_mode, kind):
    outer = around(arithmetic(kind), outputs=["add", "double"])
    after = outer.node(kind(lambda low, high: (low, high)), name="after")
    outer.connect("sub", after, output="add", input="low").connect(
        "sub", after, output="double", input="high"
    )
    assert any_mode(outer, x=1) == (2, 4)
    assert outer["sub"] == {"add": 2, "double": 4}


def test_an_output_whose_node_others_inside_have_read_is_there_all_the_same(any_mode):
    inner = DAG("inner")
    first = inner.node(lambda context: "first", name="first")  # sees the context: results are freed
    first >> inner.node(lambda first: first + "!", name="last")
    assert any_mode(around(inner, outputs=["first", "last"])) == {"first": "first", "last": "first!"}


def test_a_skipped_node_inside_is_missing_among_the_outputs(any_mode):
    inner = DAG("inner")
    check = inner.condition(lambda: True, name="check")
    check.on_true >> inner.node(lambda value: 1, name="yes")
    check.on_false >> inner.node(lambda value: 2, name="no")
    outer = around(inner, outputs=["yes", "no"])
    assert any_mode(outer) == {"yes": 1}
    outer.node(lambda no: no, name="after")
    outer.connect("sub", "after", output="no")
    assert isinstance(raised_by(any_mode, outer), MissingOutputError)
    outer.disconnect("sub", "after").connect("sub", "after", output="no", optional=True)
    any_mode(outer)
    assert set(outer.context.metadata["skipped"]) == {"after"}


def test_equal_names_inside_and_outside_never_meet(any_mode, kind):
    inner, outer = DAG("inner"), DAG("outer")
    inner.node(kind(lambda x: x * 10), name="same") >> inner.node(kind(lambda same: same + 1), name="sub")
    outer.node(kind(lambda: 1), name="same") >> outer.add_dag("sub", inner, inputs={"same": "x"})
    context = Context()
    assert any_mode(outer, context=context) == 11
    assert context.results == {"same": 1, "sub": 11}
    assert context.nested["sub"].results == {"same": 10, "sub": 11}


def test_results_inside_are_found_by_dotted_names(any_mode):
    middle = DAG("middle")
    middle.add_dag("arithmetic", arithmetic())
    outer = around(middle)
    any_mode(outer, x=1)
    assert outer["sub.arithmetic.add"] == outer.get_result("sub.arithmetic.add") == 2
    assert outer.context.get_result("sub.arithmetic.add") == outer.context["sub.arithmetic.double"] - 2 == 2
    assert "sub.arithmetic.add" in outer.context
    assert outer.get("sub.arithmetic.nothing", "default") == "default"


def test_a_dotted_name_of_no_node_is_an_error(any_mode):
    outer = around(arithmetic())
    any_mode(outer, x=1)
    for name in ("sub.nothing", "nothing.add", "sub.add.more"):
        with pytest.raises(UnknownNodeError, match="no node"):
            outer[name]
        with pytest.raises(KeyError):
            outer.context[name]


def test_a_dotted_name_of_a_node_without_a_result_is_a_key_error(any_mode):
    inner = DAG("inner")
    inner.condition(lambda: False, name="check").on_true >> inner.node(lambda value: 1, name="never")
    outer = around(inner)
    any_mode(outer)
    with pytest.raises(KeyError, match="has no result"):
        outer["sub.never"]
    assert "sub.never" not in outer.context


def test_a_node_finds_the_results_of_a_nested_run_before_it(any_mode):
    outer = around(arithmetic())
    outer.get_node("sub") >> outer.node(lambda context, sub: context["sub.add"], name="after")
    assert any_mode(outer, x=1) == 2


def test_the_inner_run_has_a_shallow_copy_of_the_metadata(any_mode, kind):
    inner, shared = DAG("inner"), []

    def note(context):
        context.metadata["shared"].append("inside")
        context.metadata["own"] = "inside"
        return context.metadata["run_id"]

    inner.node(kind(note), name="note")
    outer, context = around(inner), Context(metadata={"shared": shared, "own": "outside"})
    run_id = any_mode(outer, context=context)
    assert shared == ["inside"]
    assert context.metadata["own"] == "outside"
    assert context.nested["sub"].metadata["own"] == "inside"
    assert run_id == context.metadata["run_id"]


def test_a_node_inside_is_given_the_context_of_the_inner_run(any_mode, kind):
    inner, seen = DAG("inner"), []
    inner.node(kind(lambda context, x: seen.append((context, dict(context.inputs)))), name="a")
    outer = around(inner)
    any_mode(outer, x=1)
    assert seen == [(outer.context.nested["sub"], {"x": 1})]


def test_the_inner_run_has_metrics_and_a_status_of_its_own(any_mode, kind):
    outer = around(arithmetic(kind))
    outer.node(kind(lambda: 1), name="other")
    any_mode(outer, x=1)
    inner, metrics = outer.context.nested["sub"], outer.context.metrics
    assert inner.metadata["execution_status"] == "completed"
    assert inner.metrics["execution_order"] == ["add", "double"]
    assert inner.metrics["attempts"] == {"add": 1, "double": 1}
    assert metrics["nodes_executed"] == 2
    assert metrics["attempts"] == {"sub": 1, "other": 1}
    assert metrics["node_times"]["sub"] >= inner.metrics["node_times"]["add"] > 0
    assert metrics["execution_time"] >= inner.metrics["execution_time"]


def test_the_inner_workflow_keeps_the_last_run_of_its_own(any_mode):
    inner = arithmetic()
    inner.run(x=10)
    before = inner.context
    any_mode(around(inner), x=1)
    assert inner.context is before
    assert inner["add"] == 11


def test_one_workflow_may_be_several_nodes(any_mode, kind):
    inner, outer = arithmetic(kind), DAG("outer")
    first = outer.add_dag("first", inner)
    outer.connect(first, outer.add_dag("second", inner, inputs={"start": "x"}), input="start")
    assert any_mode(outer, x=1, y=3) == 18
    assert (outer["first.add"], outer["second.add"]) == (4, 9)


@pytest.mark.parametrize("join", ["any", "all"])
def test_a_nested_node_may_stand_before_a_join(any_mode, join):
    outer = around(arithmetic())
    other = outer.condition(lambda: False, name="other")
    last = getattr(outer, join)(lambda sub=None, other=None: (sub, other), name="last")
    outer.connect("sub", last, input="sub").connect(other, last, output="true", input="other")
    assert any_mode(outer, x=1) == ((4, None) if join == "any" else None)


def test_branches_joins_and_nested_nodes_inside_a_nested_node(any_mode, kind):
    inner = DAG("inner")
    check = inner.condition(kind(lambda x: x > 0), name="check")
    high = inner.add_dag("high", arithmetic(kind))
    low = inner.node(kind(lambda value: -value), name="low")
    inner.connect(check, high, output="true", input="x").connect(check, low, output="false")
    [high, low] >> inner.any(kind(lambda value: value), name="either")
    outer = around(inner, inputs=["x"])
    assert (any_mode(outer, x=1), any_mode(outer, x=-5)) == (4, 5)
    assert dict(outer.context.nested["sub"].branches) == {"check": "false"}


def test_a_stream_goes_into_a_nested_node_and_another_comes_out(any_mode):
    inner, outer, made = DAG("inner"), DAG("outer"), []

    def numbers():
        for number in range(3):
            made.append(number)
            yield number

    def doubled(items):
        for item in items:
            assert made[-1] == item
            yield item * 2

    inner.node(doubled)
    outer.node(numbers) >> outer.add_dag("sub", inner) >> outer.node(lambda sub: list(sub), name="last")
    assert any_mode(outer) == [0, 2, 4]
