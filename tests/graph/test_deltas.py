"""Delta variables as they are declared: what may be one, who may take its facts, and what is wrong."""

import math
import operator

import pytest

from fast_dag import (
    DAG,
    Context,
    CycleConfigurationError,
    Delta,
    MissingConnectionError,
    UnknownNodeError,
    UnknownOptionError,
    ValidationError,
    WorkflowBuilder,
)


def closure(**settings):
    """A closure over edges, of which nobody takes the facts yet."""
    dag = DAG("closure")
    dag.node(lambda: {(0, 1), (1, 2)}, name="edges")
    dag.node(derived, name="derive")
    dag.node(lambda paths: paths, name="report")
    dag.connect("edges", "derive", input="paths")
    with dag.cycle("tc") as c:
        c.feedback("derive", "derive", input="paths").delta("derive", input="paths", **settings)
    return dag


def derived(paths: Delta):
    return {(a, d) for a, b in paths.new for c, d in paths.all if b == c}


def plain(x):
    return x


def test_a_cycle_gives_what_its_delta_variable_has_gathered():
    dag = closure().connect("tc", "report", output="paths")
    assert dag.run() == {(0, 1), (1, 2), (0, 2)}


def test_with_one_variable_the_output_need_not_be_named():
    assert closure().connect("tc", "report").run() == {(0, 1), (1, 2), (0, 2)}


def test_the_input_named_like_the_output_is_fed():
    dag = closure()
    dag.node(lambda other=None, paths=None: paths, name="second")
    dag.connect("tc", "second")
    assert next(edge for edge in dag.drawing.edges if edge.cycle) == ("derive", "tc.paths", "second", "paths")


def test_without_an_input_the_annotated_one_is_meant():
    dag = DAG("one").add_node("derive", derived)
    with dag.cycle("tc") as c:
        c.feedback("derive", "derive").delta("derive")
    assert [port.input for port in dag.drawing.cycles.deltas.values()] == ["paths"]


def test_an_annotation_is_not_needed_where_the_input_is_named():
    dag = DAG("one").add_node("grow", lambda seen: {n + 1 for n in seen.new if n < 3})
    dag.node(lambda seen: seen, name="last")
    with dag.cycle("c") as c:
        c.feedback("grow", "grow").delta("grow", input="seen")
    assert dag.connect("c", "last").run(seen={0}) == {0, 1, 2, 3}


def test_a_delta_variable_is_a_way_out():
    assert not [problem for problem in closure().validate() if problem.severity == "error"]


def test_an_inner_cycle_with_one_counts_as_a_way_out_of_it():
    dag = DAG("nested")
    dag.node(lambda n=0: n + 1, name="count")
    dag.node(lambda seen: {n + 1 for n in seen.new if n < 3}, name="grow")
    dag.node(lambda grow: len(grow), name="size")
    dag.connect("count", "grow", input="seen").connect("grow", "size")
    dag.feedback("grow", "grow", input="seen", cycle="inner")
    with dag.cycle("inner") as c:
        c.delta("grow", input="seen")
    with dag.cycle("outer", max_iterations=2) as c:
        c.feedback("size", "count", input="n")
    assert not [problem for problem in dag.validate() if problem.severity == "error"]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"merge": "mn"},
            "merge of delta variable 'paths' of 'derive' in cycle 'tc' .* got 'mn'; did you mean 'min'",
        ),
        ({"merge": 3}, "got 3"),
        ({"merge": []}, r"got \[\]"),
        ({"merge": lambda value: value}, "must be 'set', min, max or a function of two values"),
        ({"retain": 1}, "retain must be True or False, got 1"),
    ],
)
def test_bad_settings_are_told_at_once(settings, text):
    with pytest.raises(CycleConfigurationError, match=text):
        closure(**settings)


def test_an_async_merge_is_refused():
    async def merge(a, b):
        return min(a, b)

    with pytest.raises(CycleConfigurationError, match="must be a plain function"):
        closure(merge=merge)


def test_an_unknown_setting_is_refused_with_a_suggestion():
    with pytest.raises(UnknownOptionError, match="retain"):
        closure(retained=True)


@pytest.mark.parametrize("merge", [frozenset.union, operator.or_, math.gcd, lambda a, b, c=0: a])
def test_a_merge_is_any_function_that_takes_two_values(merge):
    (port,) = closure(merge=merge).drawing.cycles.deltas.values()
    assert port.merge is merge


@pytest.mark.parametrize("merge", [set, min, max])
def test_builtins_may_stand_for_their_names(merge):
    (port,) = closure(merge=merge).drawing.cycles.deltas.values()
    assert port.merge == merge.__name__


def test_a_variable_is_declared_once():
    with (
        pytest.raises(CycleConfigurationError, match="is declared already"),
        DAG("d").add_node("f", derived).cycle("c") as c,
    ):
        c.feedback("f", "f").delta("f").delta("f")


def test_an_input_that_no_feedback_edge_feeds_is_no_delta_variable():
    dag = DAG("d").add_node("f", lambda x, y: x)
    with (
        pytest.raises(
            CycleConfigurationError,
            match=r"delta variable 'y' of 'f' in cycle 'c' is fed by no feedback edge: draw feedback",
        ),
        dag.cycle("c") as c,
    ):
        c.feedback("f", "f", input="x").delta("f", input="y")
    assert not dag.drawing.cycles


@pytest.mark.parametrize(
    ("node", "entry", "error"), [("f", "z", MissingConnectionError), ("g", "x", UnknownNodeError)]
)
def test_unknown_nodes_and_inputs_are_told(node, entry, error):
    with pytest.raises(error), DAG("d").add_node("f", plain).cycle("c") as c:
        c.feedback("f", "f").delta(node, input=entry)


def test_where_no_input_is_annotated_one_must_be_named():
    c = DAG("d").add_node("f", plain).create_cycle("c").feedback("f", "f")
    with pytest.raises(MissingConnectionError, match="no parameter is annotated as Delta: say input="):
        c.delta("f")


def test_an_annotated_input_needs_a_cycle_that_declares_it():
    dag = DAG("d").add_node("derive", derived)
    with pytest.raises(
        CycleConfigurationError,
        match=r"'paths' of 'derive' is a Delta, but no cycle has .* declare delta\('derive', input='paths'\)",
    ):
        dag.run(paths={1})


def test_an_input_that_is_fed_back_needs_it_too_though_an_edge_brings_the_seed():
    dag = DAG("d").add_node("derive", derived).add_node("edges", lambda: {(0, 1)}).connect("edges", "derive")
    dag.feedback("derive", "derive", input="paths", cycle="tc")
    with pytest.raises(ValidationError, match="'paths' of 'derive' is a Delta, but no cycle has"):
        dag.run()


def test_a_delta_may_be_passed_on_to_other_nodes_of_the_body():
    dag = (
        DAG("d").add_node("facts", lambda paths: paths).add_node("derive", derived).connect("facts", "derive")
    )
    dag.add_node("report", sorted)
    with dag.cycle("tc") as c:
        c.feedback("derive", "facts", input="paths").delta("facts", input="paths")
    assert dag.connect("tc", "report").run(paths={(0, 1), (1, 2)}) == [(0, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize(
    "add",
    [
        lambda dag: dag.condition(lambda seen: True, name="f"),
        lambda dag: dag.any(lambda seen: seen, name="f"),
        lambda dag: dag.cached_node(lambda seen: seen, name="f"),
        lambda dag: dag.map(lambda seen: seen, name="f"),
    ],
    ids=["condition", "any", "cached", "map"],
)
def test_only_plain_nodes_take_deltas(add):
    dag = DAG("d")
    add(dag)
    branch = {"output": "true"} if dag.nodes["f"].is_router else {}
    c = dag.create_cycle("c").feedback("f", "f", input="seen", **branch).delta("f", input="seen")
    with pytest.raises(ValidationError, match="let a plain node take it"):
        c.build()


def test_what_a_cycle_inside_another_gathers_cannot_be_retained():
    dag = DAG("nested")
    dag.node(lambda seed=0: {seed}, name="first")
    dag.node(lambda seen: set(), name="grow")
    dag.node(lambda grow: 1, name="last")
    dag.connect("first", "grow", input="seen").connect("grow", "last")
    with dag.cycle("inner") as c:
        c.feedback("grow", "grow", input="seen").delta("grow", input="seen", retain=True)
    text = "cannot be retained, as its cycle begins anew in 'outer'"
    with pytest.raises(CycleConfigurationError, match=text), dag.cycle("outer", max_iterations=2) as c:
        c.feedback("last", "first", input="seed")


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("path", "'path' of cycle 'tc' is no output; did you mean 'paths'.*its delta variables: paths"),
        ("derive.path", "its delta variables: paths"),
    ],
)
def test_an_unknown_output_of_a_cycle_is_told(output, text):
    with pytest.raises(MissingConnectionError, match=text):
        closure().connect("tc", "report", output=output)


def test_a_cycle_without_delta_variables_is_no_source():
    dag = DAG("d").add_node("f", plain).add_node("last", lambda v: v)
    dag.feedback("f", "f", cycle="c")
    with pytest.raises(UnknownNodeError, match="'c' is a cycle without delta variables"):
        dag.connect("c", "last")


def test_facts_can_be_taken_once_the_cycle_is_built():
    dag = DAG("d").add_node("f", derived).add_node("last", lambda v: v)
    dag.create_cycle("c").feedback("f", "f").delta("f")
    with pytest.raises(UnknownNodeError, match="cycle 'c' is not built yet"):
        dag.connect("c", "last")


def test_two_variables_of_one_name_are_told_apart_by_their_nodes():
    dag = DAG("two")
    dag.node(lambda seen: {n + 1 for n in seen.new if n < 2}, name="up")
    dag.node(lambda seen, up: {n - 1 for n in seen.new if n > -2}, name="down")
    dag.node(lambda v: v, name="last")
    dag.connect("up", "down", input="up")
    with dag.cycle("c") as c:
        c.feedback("down", "up", input="seen").delta("up", input="seen")
        c.feedback("down", "down", input="seen").delta("down", input="seen")
    with pytest.raises(MissingConnectionError, match=r"may mean several; .*: up\.seen, down\.seen"):
        dag.connect("c", "last", output="seen")
    dag.connect("c", "last", output="down.seen")
    assert dag.run({"up.seen": {5}, "down.seen": {0}}) == {0, -1, -2}


def test_a_node_of_the_body_takes_facts_from_its_delta():
    dag = closure()
    dag.node(lambda derive, facts: derive, name="inside")
    dag.connect("derive", "inside", input="derive").connect("tc", "inside", input="facts")
    dag.feedback("inside", "derive", input="paths", cycle="tc")
    with pytest.raises(CycleConfigurationError, match="in the body of which it lies: take it from a delta"):
        dag.run()


def test_facts_can_be_disconnected():
    dag = closure().connect("tc", "report", output="paths")
    dag.disconnect("tc", "report", output="paths")
    assert not dag.drawing.incoming["report"]
    with pytest.raises(
        MissingConnectionError, match="no such edge from 'tc' to 'report'; edges from 'tc': none"
    ):
        dag.disconnect("tc", "report")


def test_whether_facts_can_be_connected_is_told_without_doing_it():
    dag = closure()
    assert dag.can_connect("tc", "report", output="paths") == []
    assert dag.can_connect("tc", "report", output="path") == [
        "'path' of cycle 'tc' is no output; did you mean 'paths'?; its delta variables: paths"
    ]
    assert not dag.drawing.incoming["report"]


def test_a_builder_of_workflows_takes_facts_as_well():
    builder = WorkflowBuilder("built").add_node(derived, "derive").add_node(lambda facts: facts, "report")
    builder.create_cycle("tc").feedback("derive", "derive", input="paths").delta("derive").build()
    builder.add_connection("tc", "report", "paths", "facts")
    assert builder.build().run(paths={(0, 1), (1, 2)}) == {(0, 1), (1, 2), (0, 2)}


def test_disconnecting_the_node_leaves_the_facts():
    dag = closure().connect("tc", "report", output="paths")
    with pytest.raises(MissingConnectionError):
        dag.disconnect("derive", "report")


def test_removing_its_node_forgets_the_variable():
    dag = closure().connect("tc", "report", output="paths")
    dag.remove_node("derive")
    assert not dag.drawing.cycles.deltas
    assert not dag.drawing.incoming["report"]


def test_a_node_in_its_place_must_have_the_input():
    dag = closure().connect("tc", "report", output="paths")
    with pytest.raises(MissingConnectionError):
        dag.add_node("derive", lambda other: other, replace=True)
    dag.add_node("derive", lambda paths: set(), replace=True)
    assert dag.run() == {(0, 1), (1, 2)}


def test_annotations_along_its_edges_are_no_mismatch():
    dag = DAG("typed")

    @dag.node
    def edges() -> set[tuple[int, int]]:
        return {(0, 1)}

    @dag.node
    def derive(paths: Delta) -> set[tuple[int, int]]:
        return set()

    @dag.node
    def report(paths: set[tuple[int, int]]) -> int:
        return len(paths)

    dag.connect("edges", "derive")
    with dag.cycle("tc") as c:
        c.feedback("derive", "derive").delta("derive")
    dag.connect("tc", "report")
    assert dag.run(check_types=True) == 1


def test_the_edge_tells_where_it_comes_from():
    dag = closure().connect("tc", "report", output="paths")
    ((_, _, data),) = [edge for edge in dag.graph.edges(data=True) if edge[1] == "report"]
    assert data == {"cycle": False, "mapping": {"paths": "paths"}, "optional": False, "facts_of": "tc"}
    assert "paths → paths" in dag.to_mermaid()


def test_a_delta_is_an_input_and_a_context_is_not():
    dag = DAG("d")
    node = dag.node(lambda paths, context: paths, name="f")

    def both(paths: Delta, context: Context):
        return paths

    assert node.inputs == ("paths",)
    assert dag.node(both, name="g").inputs == ("paths",)
