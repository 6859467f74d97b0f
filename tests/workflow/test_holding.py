"""Workflows as nodes of others: adding them, finding them, and what is wrong inside them."""

import pytest

from fast_dag import (
    DAG,
    CycleError,
    DuplicateNodeError,
    InvalidNodeError,
    MissingConnectionError,
    NodeType,
    UnknownNodeError,
    UnknownOptionError,
    ValidationError,
)


def sums(name="sums"):
    """A workflow with the open inputs x and y, and a default for z."""
    dag = DAG(name, description="adds")
    dag.node(lambda x, y: x + y, name="add")
    dag.node(lambda add, z=1: add * z, name="scale")
    return dag.connect("add", "scale")


def holding(**options):
    """A workflow whose node ``sub`` is another."""
    dag = DAG("outer")
    dag.add_dag("sub", sums(), **options)
    return dag


def ringed(name):
    """A workflow that nobody can run."""
    dag = DAG(name)
    dag.node(lambda q: q, name="p") >> dag.node(lambda p: p, name="q") >> dag.get_node("p")
    return dag


def texts(dag, **options):
    return [str(problem) for problem in dag.validate(**options)]


# The node


def test_the_node_is_told_by_its_type_and_described_like_its_workflow():
    node = holding().get_node("sub")
    assert (node.node_type, node.description, node.outputs) == (NodeType.DAG, "adds", ("result",))


@pytest.mark.parametrize(
    ("inputs", "ports"),
    [(None, ("x", "y", "z")), (["y", "x"], ("y", "x")), ({"left": "x", "right": "y"}, ("left", "right"))],
)
def test_open_inputs_are_ports_as_far_as_they_are_named(inputs, ports):
    assert holding(inputs=inputs).get_node("sub").inputs == ports


@pytest.mark.parametrize("inputs", [["add"], ["x", "w"], {"left": "w"}])
def test_a_port_that_is_no_open_input_is_refused_with_those_there_are(inputs):
    with pytest.raises(MissingConnectionError, match=r"'sums' has no open input '(add|w)'; it has x, y, z"):
        holding(inputs=inputs)


def test_an_output_of_no_node_is_refused():
    with pytest.raises(UnknownNodeError, match="no node 'skale' in 'sums'; did you mean 'scale'"):
        holding(outputs=["skale"])


@pytest.mark.parametrize("option", ["inputs", "outputs"])
def test_a_text_is_no_list_of_names(option):
    with pytest.raises(
        ValueError, match=rf"{option} of 'sub' must be a list of names, got 'x': write {option}=\['x'\]"
    ):
        holding(**{option: "x"})


@pytest.mark.parametrize(("option", "name"), [("inputs", "x"), ("outputs", "add")])
def test_a_name_is_given_once(option, name):
    with pytest.raises(ValueError, match=f"{option}=.* of 'sub' has a name twice"):
        holding(**{option: [name, name]})


@pytest.mark.parametrize("add", [DAG.add_dag, DAG.add_workflow])
@pytest.mark.parametrize("other", [3, None, sums, "sums"])
def test_what_is_no_workflow_is_refused(add, other):
    dag = DAG("outer")
    with pytest.raises(InvalidNodeError):
        add(dag, "sub", other)
    assert len(dag) == 0


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"error_strategy": "carry_on"}, ValueError),
        ({"retry": 0}, ValueError),
        ({"retri": 2}, UnknownOptionError),
        ({"cache_ttl": 5}, ValueError),
    ],
)
def test_a_bad_option_is_refused_and_nothing_added(options, error):
    dag = DAG("outer")
    with pytest.raises(error):
        dag.add_dag("sub", sums(), **options)
    assert len(dag) == 0


def test_a_taken_name_is_refused():
    dag = holding()
    with pytest.raises(DuplicateNodeError, match="'sub' already exists"):
        dag.add_dag("sub", sums())


def test_calling_the_node_runs_its_workflow_by_itself():
    node = holding().get_node("sub")
    assert (node(1, 2), node(x=1, y=2, z=4)) == (3, 12)


def test_too_many_arguments_are_a_type_error_that_lists_the_inputs():
    with pytest.raises(TypeError, match="'sub' takes 3 inputs, got 4: x, y, z"):
        holding().get_node("sub")(1, 2, 3, 4)


# Finding them


def test_workflows_inside_are_found_by_node_by_path_and_by_depth():
    inner, middle, outer = sums("inner"), DAG("middle"), DAG("outer")
    middle.add_dag("m", inner)
    outer.add_dag("o", middle)
    outer.add_dag("again", inner)
    outer.node(lambda: 1, name="plain")
    assert outer.get_nested_workflows() == {"o": middle, "again": inner}
    assert outer.flatten_nested_workflows() == {"o": middle, "o.m": inner, "again": inner}
    assert [dag.get_nested_depth() for dag in (outer, middle, inner)] == [2, 1, 0]


def test_without_workflows_inside_nothing_is_found():
    assert (sums().get_nested_workflows(), sums().flatten_nested_workflows()) == ({}, {})


def test_a_workflow_that_contains_itself_is_a_problem_and_has_no_depth():
    one, other = DAG("one"), DAG("other")
    one.add_dag("o", other)
    other.add_dag("i", one)
    assert "'one' contains itself: one -> other -> one" in texts(one)
    for ask in (one.get_nested_depth, one.flatten_nested_workflows, one.validate_or_raise):
        with pytest.raises(ValidationError, match="contains itself"):
            ask()


# What is wrong inside


def test_problems_inside_are_listed_with_the_path_of_their_workflow():
    outer, middle = DAG("outer"), DAG("middle")
    middle.add_dag("deep", ringed("inner"))
    outer.add_dag("mid", middle)
    (problem,) = outer.validate()
    assert problem.startswith("in 'mid.deep': nodes form a cycle that nobody declared: p -> q -> p")
    assert (problem.kind, problem.severity) == ("cycle", "error")
    assert set(problem.nodes) == {"mid.deep.p", "mid.deep.q"}
    assert not outer.is_valid


def test_a_workflow_in_two_places_has_its_problems_told_once():
    outer, inner = DAG("outer"), ringed("inner")
    outer.add_dag("a", inner)
    outer.add_dag("b", inner)
    assert [text.partition(":")[0] for text in texts(outer) if "form a cycle" in text] == ["in 'a'"]


def test_problems_outside_and_inside_are_raised_together():
    outer, inner = ringed("outer"), DAG("inner")
    inner.cached_node(lambda x: x, name="load", cache_key=["y"])
    outer.add_dag("sub", inner)
    with pytest.raises(ValidationError) as caught:
        outer.run(x=1)
    assert not isinstance(caught.value, CycleError)
    assert len(caught.value.errors) == 2
    assert "in 'sub': cache_key of 'load' names 'y'" in caught.value.errors[1]


def test_the_options_of_validate_are_about_what_is_inside_too():
    outer, inner = DAG("outer"), DAG("inner")
    for name in "ab":
        inner.node(lambda: 1, name=name)
    outer.add_dag("sub", inner)
    (first, _) = outer.validate(allow_disconnected=False)
    assert (str(first), first.severity) == ("in 'sub': node 'a' is not connected to any other", "error")
    assert [problem.severity for problem in outer.validate()] == ["warning", "warning"]


def test_an_empty_workflow_inside_is_a_problem():
    outer = DAG("outer")
    outer.add_dag("sub", DAG("inner"))
    assert texts(outer) == ["in 'sub': 'inner' has no nodes"]


def test_a_port_that_is_closed_later_is_a_problem():
    outer, inner = DAG("outer"), sums()
    outer.node(lambda: 1, name="one") >> outer.add_dag("sub", inner, inputs=["x", "y"], outputs=["scale"])
    inner.node(lambda: 2, name="two") >> inner.get_node("add").input_ports["x"]
    inner.remove_node("scale")
    assert [text for text in texts(outer) if "any more" in text] == [
        "input 'x' of 'sub' is not open in 'sums' any more",
        "output 'scale' of 'sub' is no node of 'sums' any more",
        "'x' of 'sub' is no open input of 'sums' any more: disconnect 'one'",
    ]


@pytest.mark.parametrize("name", ["results", "ports", "node_type", "func"])
def test_an_option_that_there_is_not_is_told_even_if_the_engine_uses_its_name(name):
    inner = DAG("inner").add_node("one", lambda: 1)
    for add in (DAG("outer").add_dag, DAG("outer").add_workflow):
        with pytest.raises(UnknownOptionError, match=f"node 'inside' takes no '{name}'"):
            add("inside", inner, **{name: ["one"]})


def test_a_mistyped_option_is_told_with_the_one_that_may_be_meant():
    with pytest.raises(UnknownOptionError, match="did you mean 'error_strategy'"):
        DAG("outer").add_dag("inside", DAG("inner"), error_stratgy="continue")
