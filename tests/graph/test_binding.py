"""Which output an edge takes and which input it feeds, when nobody says."""

import pytest

from fast_dag import DAG, Context, Edge, MissingConnectionError


def source():
    return {"rows": 1, "result": 2}


def edge_between(target, *, source=source, output=None, input=None, **options):
    """The edge that connecting a fresh source to the function *target* draws."""
    dag = DAG("flow")
    dag.add_node("source", source, **options).add_node("target", target)
    dag.connect("source", "target", output=output, input=input)
    return dag.connections[-1]


def test_the_parameter_named_like_the_source_comes_first():
    assert edge_between(lambda first, source, rows: 0, output="rows").input == "source"


def test_the_parameter_named_like_the_given_output_comes_next():
    assert edge_between(lambda first, rows: 0, output="rows").input == "rows"


def test_the_first_free_parameter_comes_last():
    assert edge_between(lambda first, second: 0).input == "first"


def test_a_required_parameter_comes_before_a_defaulted_one():
    def target(*, first=1, second):
        return first, second

    assert edge_between(target).input == "second"


def test_a_defaulted_parameter_is_free_when_no_required_one_is():
    assert edge_between(lambda first=1: 0).input == "first"


def test_a_parameter_called_result_is_no_match_for_an_output_that_was_not_given():
    assert edge_between(lambda first, result: 0).input == "first"


def test_a_parameter_called_result_matches_the_output_of_that_name():
    assert edge_between(lambda first, result: 0, output="result").input == "result"


def test_an_injected_parameter_is_never_free():
    assert edge_between(lambda context, first: 0).input == "first"


def test_a_name_match_that_is_already_fed_is_passed_over():
    dag = DAG("flow")
    dag.add_node("other", lambda: 0)
    dag.add_node("source", source)
    dag.add_node("target", lambda source, first: 0)
    dag.connect("other", "target", input="source").connect("source", "target")
    assert dag.connections[-1] == Edge("source", "result", "target", "first")


def test_a_node_without_inputs_has_no_free_one():
    with pytest.raises(MissingConnectionError, match="'target' has no free input for 'source'"):
        edge_between(lambda: 0)


def test_a_node_whose_inputs_are_all_fed_has_no_free_one():
    dag = DAG("flow")
    dag.add_node("a", lambda: 0)
    dag.add_node("b", lambda: 0)
    dag.add_node("c", lambda x: x)
    dag.connect("a", "c")
    with pytest.raises(MissingConnectionError, match="'c' has no free input"):
        dag.connect("b", "c")


def test_an_input_that_is_given_is_the_one_fed():
    assert edge_between(lambda first, second: 0, input="second").input == "second"


def test_an_unknown_input_is_refused_with_a_suggestion():
    with pytest.raises(
        MissingConnectionError, match="'lenght' of 'target' is no input; did you mean 'length'"
    ):
        edge_between(lambda length: 0, input="lenght")


def test_an_unknown_input_is_refused_with_the_inputs_there_are():
    with pytest.raises(MissingConnectionError, match="inputs: first, second"):
        edge_between(lambda first, second: 0, input="third")


def test_the_context_cannot_be_fed_by_an_edge():
    def target(x, surroundings: Context):
        return x

    with pytest.raises(
        MissingConnectionError, match="'surroundings' of 'target' is filled by the run itself"
    ):
        edge_between(target, input="surroundings")


def test_a_renamed_input_is_known_by_its_new_name():
    dag = DAG("flow")
    dag.add_node("source", source)
    dag.add_node("target", lambda x: x, inputs=["rows"])
    dag.connect("source", "target", output="rows")
    assert dag.connections == [Edge("source", "rows", "target", "rows")]


def test_a_function_of_any_name_can_be_fed_by_any_name():
    assert edge_between(lambda **values: 0, input="anything").input == "anything"


def test_a_function_of_any_name_takes_a_source_under_its_name():
    assert edge_between(lambda **values: 0).input == "source"


def test_without_an_output_the_whole_value_is_taken():
    assert edge_between(lambda x: 0).output == "result"


def test_any_output_may_be_asked_of_a_node_that_declares_none():
    assert edge_between(lambda x: 0, output="rows").output == "rows"


def test_an_undeclared_output_is_refused_at_once_with_a_suggestion():
    with pytest.raises(MissingConnectionError, match=r"'source' has no output 'row'.*did you mean 'rows'"):
        edge_between(lambda x: 0, output="row", outputs=["rows", "errors"])


def test_the_output_result_must_be_declared_by_a_node_that_declares_others():
    with pytest.raises(MissingConnectionError, match="'source' has no output 'result'; it has rows"):
        edge_between(lambda x: 0, output="result", outputs=["rows"])


@pytest.mark.parametrize("node_type", ["conditional", "select"])
def test_a_plain_edge_out_of_a_router_is_refused_with_the_remedy(node_type):
    with pytest.raises(MissingConnectionError, match=r"say on_true, on_false or branches\['x'\]"):
        edge_between(lambda x: 0, node_type=node_type)


@pytest.mark.parametrize(
    ("output", "branch"), [("true", "true"), ("on_true", "true"), ("false", "false"), ("on_false", "false")]
)
def test_a_branch_of_a_condition_may_be_named_as_output(output, branch):
    assert edge_between(lambda x: 0, output=output, node_type="conditional").output == branch


@pytest.mark.parametrize("output", ["maybe", "default", "on_maybe", "result", ""])
def test_an_unknown_branch_of_a_condition_is_refused(output):
    with pytest.raises(MissingConnectionError, match=r"'source' has no branch .* it has true, false"):
        edge_between(lambda x: 0, output=output, node_type="conditional")


def test_any_branch_of_a_select_may_be_named_as_output():
    assert edge_between(lambda x: 0, output="left", node_type="select").output == "left"


def test_an_undeclared_branch_of_a_select_is_refused():
    with pytest.raises(MissingConnectionError, match="'source' has no branch 'up'; it has left, right"):
        edge_between(lambda x: 0, output="up", node_type="select", outputs=["left", "right"])


def test_the_default_branch_of_a_select_need_not_be_declared():
    options = {"node_type": "select", "outputs": ["left", "right"]}
    assert edge_between(lambda x: 0, output="default", **options).output == "default"


@pytest.mark.parametrize("node_type", ["any", "all"])
def test_a_joining_node_with_one_parameter_takes_any_number_of_edges(node_type):
    dag = DAG("flow")
    dag.add_node("join", lambda value: value, node_type=node_type)
    for name in ("a", "b", "c"):
        dag.add_node(name, source).connect(name, "join")
    assert [edge.input for edge in dag.connections] == ["a", "b", "c"]


def test_an_input_given_for_such_a_node_is_an_alias():
    dag = DAG("flow")
    dag.add_node("join", lambda data: data, node_type="all").add_node("a", source)
    dag.connect("a", "join", input="left")
    assert dag.connections == [Edge("a", "result", "join", "left")]


def test_each_source_of_a_joining_node_with_several_parameters_binds_to_its_own():
    dag = DAG("flow")
    dag.add_node("join", lambda b, a: (b, a), node_type="all").add_node("a", source).add_node("b", source)
    dag.connect("a", "join").connect("b", "join")
    assert [edge.input for edge in dag.connections] == ["a", "b"]


def test_a_joining_node_with_several_parameters_has_room_for_as_many_sources():
    dag = DAG("flow")
    dag.add_node("join", lambda x, y: (x, y), node_type="any")
    for name in ("a", "b", "c"):
        dag.add_node(name, source)
    with pytest.raises(MissingConnectionError, match="cannot connect 3 sources to 'join' with 2 free inputs"):
        _ = [dag.nodes[name] for name in "abc"] >> dag.nodes["join"]
