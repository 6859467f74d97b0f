"""`>>` and `|` for nodes, ports, branches and groups."""

import pytest

from fast_dag import DAG, Edge, InvalidNodeError, MissingConnectionError, Node


@pytest.fixture
def dag():
    """Nodes a, b, c without inputs they need, `take` with two and `join` with three."""
    dag = DAG("flow")
    for name in ("a", "b", "c"):
        dag.add_node(name, lambda value=None: value)
    dag.add_node("take", lambda x, y: (x, y))
    dag.add_node("join", lambda left, right, a: (left, right, a))
    return dag


def drawn(dag):
    """The edges as text."""
    return [str(edge) for edge in dag.connections]


def connect(source, target, sign):
    return source >> target if sign == ">>" else source | target


@pytest.fixture(params=[">>", "|"])
def sign(request):
    return request.param


def test_a_sign_between_two_nodes_connects_them(dag, sign):
    connect(dag.nodes["a"], dag.nodes["b"], sign)
    assert drawn(dag) == ["a.result -> b.value"]


def test_a_sign_between_two_nodes_gives_the_second(dag, sign):
    assert connect(dag.nodes["a"], dag.nodes["b"], sign) is dag.nodes["b"]


def test_signs_in_a_row_make_a_chain(dag):
    a, b, c = (dag.nodes[name] for name in "abc")
    _ = a >> b | c
    assert drawn(dag) == ["a.result -> b.value", "b.result -> c.value"]


@pytest.mark.parametrize("kind", [list, tuple])
def test_one_node_connects_to_each_of_a_group(dag, sign, kind):
    connect(dag.nodes["a"], kind([dag.nodes["b"], dag.nodes["c"]]), sign)
    assert drawn(dag) == ["a.result -> b.value", "a.result -> c.value"]


def test_connecting_to_a_list_gives_a_group_that_is_like_a_list(dag):
    group = dag.nodes["a"] >> [dag.nodes["b"], dag.nodes["c"]]
    assert (len(group), group[1], list(group)) == (2, dag.nodes["c"], [dag.nodes["b"], dag.nodes["c"]])


@pytest.mark.parametrize("kind", [list, tuple])
def test_each_of_a_group_connects_to_one_node(dag, sign, kind):
    connect(kind([dag.nodes["b"], dag.nodes["c"]]), dag.nodes["take"], sign)
    assert drawn(dag) == ["b.result -> take.x", "c.result -> take.y"]


def test_a_fan_out_and_its_fan_in_can_be_written_in_a_row(dag):
    a, b, c, take = (dag.nodes[name] for name in ("a", "b", "c", "take"))
    _ = a >> [b, c] >> take
    assert drawn(dag)[2:] == ["b.result -> take.x", "c.result -> take.y"]


def test_name_matches_of_a_group_are_made_first_and_the_rest_in_order(dag):
    a, b, c, join = (dag.nodes[name] for name in ("a", "b", "c", "join"))
    _ = [b, a, c] >> join
    assert drawn(dag) == ["b.result -> join.left", "a.result -> join.a", "c.result -> join.right"]


def test_too_many_sources_are_refused_with_both_numbers(dag):
    a, b, c, take = (dag.nodes[name] for name in ("a", "b", "c", "take"))
    with pytest.raises(MissingConnectionError, match="cannot connect 3 sources to 'take' with 2 free inputs"):
        _ = [a, b, c] >> take


def test_a_group_that_does_not_fit_leaves_nothing_connected(dag):
    a, b, c, take = (dag.nodes[name] for name in ("a", "b", "c", "take"))
    with pytest.raises(MissingConnectionError):
        _ = [a, b, c] >> take
    assert drawn(dag) == []


def test_a_target_group_of_which_one_does_not_fit_leaves_nothing_connected(dag):
    dag.add_node("source", lambda: 1)
    a, b, source = (dag.nodes[name] for name in ("a", "b", "source"))
    with pytest.raises(MissingConnectionError, match="'source' has no free input"):
        _ = a >> [b, source]
    assert drawn(dag) == []


def test_an_empty_group_connects_nothing(dag):
    a = dag.nodes["a"]
    assert ([] >> a, drawn(dag)) == (a, [])


def test_ports_say_which_output_goes_where(dag):
    a, take = dag.nodes["a"], dag.nodes["take"]
    _ = a.output_ports["result"] >> take.input_ports["y"]
    assert drawn(dag) == ["a.result -> take.y"]


def test_ports_can_be_joined_by_a_bar_too(dag):
    _ = dag.nodes["a"].output_ports["result"] | dag.nodes["take"].input_ports["y"]
    assert drawn(dag) == ["a.result -> take.y"]


def test_a_port_connects_to_a_node(dag):
    _ = dag.nodes["a"].output_ports["result"] >> dag.nodes["b"]
    assert drawn(dag) == ["a.result -> b.value"]


def test_a_node_connects_to_a_port(dag):
    _ = dag.nodes["a"] >> dag.nodes["take"].input_ports["y"]
    assert drawn(dag) == ["a.result -> take.y"]


def test_ports_may_stand_in_a_group(dag):
    a, b, take = (dag.nodes[name] for name in ("a", "b", "take"))
    _ = a >> [take.input_ports["y"], b]
    assert drawn(dag) == ["a.result -> take.y", "a.result -> b.value"]


def test_connect_to_gives_the_target(dag):
    assert dag.nodes["a"].connect_to(dag.nodes["b"]) is dag.nodes["b"]


def test_connect_to_takes_an_output_and_an_input(dag):
    dag.nodes["a"].connect_to(dag.nodes["take"], output="rows", input="y")
    assert dag.connections == [Edge("a", "rows", "take", "y")]


def test_a_port_has_connect_to_as_well(dag):
    dag.nodes["a"].output_ports["result"].connect_to(dag.nodes["take"].input_ports["y"])
    assert drawn(dag) == ["a.result -> take.y"]


def test_a_branch_connects_like_a_port(dag):
    check = dag.condition(lambda: True, name="check")
    _ = check.on_true >> dag.nodes["a"]
    _ = check.branches["false"] >> [dag.nodes["b"], dag.nodes["c"]]
    assert drawn(dag) == ["check.true -> a.value", "check.false -> b.value", "check.false -> c.value"]


def test_branches_may_stand_in_a_group(dag):
    check = dag.condition(lambda: True, name="check")
    _ = [check.on_true, check.on_false] >> dag.nodes["take"]
    assert drawn(dag) == ["check.true -> take.x", "check.false -> take.y"]


@pytest.mark.parametrize("thing", ["b", 5, None, len, ["b"], [None]])
def test_what_is_no_node_cannot_be_a_target(dag, thing):
    with pytest.raises(InvalidNodeError, match="is no node"):
        _ = dag.nodes["a"] >> thing


@pytest.mark.parametrize("thing", ["a", 5, None, len, ["a"], [None]])
def test_what_is_no_node_cannot_be_a_source(dag, thing):
    with pytest.raises(InvalidNodeError, match="is no node"):
        _ = thing >> dag.nodes["b"]


def test_a_node_of_no_workflow_cannot_be_connected(dag):
    with pytest.raises(InvalidNodeError, match="belongs to no workflow"):
        _ = Node(lambda: 1, name="loose") >> dag.nodes["a"]


def test_a_node_of_no_workflow_cannot_be_connected_to(dag):
    with pytest.raises(InvalidNodeError, match="'loose' belongs to no workflow"):
        _ = dag.nodes["a"] >> Node(lambda: 1, name="loose")


def test_a_node_of_another_workflow_cannot_be_connected(dag):
    other = DAG("other").node(lambda value: value, name="far")
    with pytest.raises(InvalidNodeError, match="'far' belongs to another workflow, 'other'"):
        _ = dag.nodes["a"] >> other


def test_a_removed_node_cannot_be_connected(dag):
    a = dag.nodes["a"]
    dag.remove_node("a")
    with pytest.raises(InvalidNodeError, match="'a' belongs to no workflow"):
        _ = a >> dag.nodes["b"]
