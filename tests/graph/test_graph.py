"""Nodes and edges by name."""

import pytest

from fast_dag import (
    DAG,
    CycleError,
    DuplicateNodeError,
    Edge,
    InvalidNodeError,
    MissingConnectionError,
    Node,
    UnknownNodeError,
)


def give():
    return 1


def take(x, y=0):
    return x + y


@pytest.fixture
def dag():
    """a -> c.x, b -> c.y"""
    dag = DAG("flow").add_node("a", give).add_node("b", give).add_node("c", take)
    return dag.connect("a", "c").connect("b", "c")


def drawn(dag):
    return [str(edge) for edge in dag.connections]


def test_an_edge_shows_both_its_ports():
    assert str(Edge("a", "rows", "b", "x")) == "a.rows -> b.x"


def test_edges_are_kept_in_the_order_of_connecting(dag):
    assert drawn(dag) == ["a.result -> c.x", "b.result -> c.y"]


def test_the_same_edge_twice_counts_once(dag):
    dag.connect("a", "c", input="x")
    assert drawn(dag) == ["a.result -> c.x", "b.result -> c.y"]


def test_an_edge_drawn_again_may_become_optional():
    dag = DAG("flow").add_node("a", lambda: {"other": 1}).add_node("b", give).add_node("c", take)
    dag.connect("b", "c").connect("a", "c", output="rows")
    dag.connect("a", "c", output="rows", input="y", optional=True)
    assert dag.run() == 1


def test_two_edges_between_two_nodes_count_as_two(dag):
    dag.add_node("d", take).connect("a", "d").connect("a", "d")
    assert drawn(dag)[2:] == ["a.result -> d.x", "a.result -> d.y"]


@pytest.mark.parametrize("place", [0, 1])
def test_an_unknown_node_is_named_with_the_nearest_one(place):
    dag = DAG("flow").add_node("load", give).add_node("save", take)
    names = ["load", "save"]
    names[place] = "lode" if place == 0 else "sav"
    nearest = ("load", "save")[place]
    text = f"^no node .* in 'flow'; did you mean '{nearest}'\\? \\(nodes: load, save\\)$"
    with pytest.raises(UnknownNodeError, match=text):
        dag.connect(*names)


@pytest.mark.parametrize("name", [None, 5, ["a"], ("a",), b"a"])
def test_what_is_no_name_is_an_unknown_node(dag, name):
    with pytest.raises(UnknownNodeError, match="no node"):
        dag.connect(name, "c")


def test_a_failed_connection_changes_nothing(dag):
    before = drawn(dag)
    with pytest.raises(MissingConnectionError):
        dag.connect("a", "b")
    assert drawn(dag) == before


def test_a_node_can_be_given_instead_of_its_name(dag):
    dag.disconnect(dag.nodes["a"], dag.nodes["c"]).connect(dag.nodes["a"], dag.nodes["c"])
    assert drawn(dag) == ["b.result -> c.y", "a.result -> c.x"]


def test_a_node_of_no_workflow_cannot_be_connected(dag):
    with pytest.raises(InvalidNodeError, match="'give' belongs to no workflow, not to 'flow'"):
        dag.connect(Node(give), "c")


def test_a_node_of_another_workflow_of_the_same_name_cannot_be_connected(dag):
    twin = dag.clone("flow")
    message = r"'a' belongs to another workflow, .* add its function, node\.func, with add_node first"
    with pytest.raises(InvalidNodeError, match=message):
        dag.connect(twin.nodes["a"], "c", input="y")


def test_a_node_of_another_workflow_cannot_be_added(dag):
    with pytest.raises(InvalidNodeError, match="'a' already belongs to 'flow'"):
        DAG("other").add_node(dag.nodes["a"])


def test_a_name_that_is_taken_cannot_be_added(dag):
    with pytest.raises(DuplicateNodeError, match="node 'a' already exists"):
        dag.add_node("a", take)


def test_a_refused_duplicate_leaves_the_first_node_in_place(dag):
    with pytest.raises(DuplicateNodeError):
        dag.add_node("a", take)
    assert dag.nodes["a"].func is give


def test_replacing_keeps_the_edges(dag):
    dag.add_node("c", lambda y, x: (x, y), replace=True)
    assert drawn(dag) == ["a.result -> c.x", "b.result -> c.y"]


def test_replacing_keeps_the_place_in_the_order(dag):
    dag.add_node("a", lambda: 2, replace=True)
    assert list(dag.nodes) == ["a", "b", "c"]


def test_a_replacement_without_a_connected_input_is_refused(dag):
    with pytest.raises(MissingConnectionError, match="cannot replace 'c': 'b' feeds 'y', which it lacks"):
        dag.add_node("c", lambda x: x, replace=True)


def test_a_replacement_without_a_connected_output_is_refused():
    dag = DAG("flow").add_node("a", give, outputs=["low", "high"]).add_node("c", take)
    dag.connect("a", "c", output="low")
    with pytest.raises(MissingConnectionError, match="no output 'low'"):
        dag.add_node("a", give, outputs=["high"], replace=True)


def test_a_plain_node_cannot_be_replaced_by_a_router_while_it_is_connected(dag):
    with pytest.raises(MissingConnectionError):
        dag.add_node("a", give, node_type="conditional", replace=True)


def test_a_refused_replacement_leaves_the_old_node_in_place(dag):
    old = dag.nodes["c"]
    with pytest.raises(MissingConnectionError):
        dag.add_node("c", give, replace=True)
    assert (dag.nodes["c"], dag.nodes["c"].func) == (old, take)


def test_removing_a_node_removes_its_edges(dag):
    dag.remove_node("a")
    assert (list(dag.nodes), drawn(dag)) == (["b", "c"], ["b.result -> c.y"])


def test_removing_an_unknown_node_is_an_error(dag):
    with pytest.raises(UnknownNodeError, match="no node 'z'"):
        dag.remove_node("z")


def test_a_removed_node_can_be_added_again(dag):
    node = dag.nodes["a"]
    dag.remove_node(node).add_node(node)
    assert list(dag.nodes) == ["b", "c", "a"]


def test_disconnecting_removes_every_edge_between_two_nodes(dag):
    dag.connect("a", "c", output="rows", input="y").disconnect("a", "c")
    assert drawn(dag) == ["b.result -> c.y"]


def test_disconnecting_an_input_leaves_the_edges_into_others(dag):
    dag.connect("a", "c", input="y").disconnect("a", "c", input="y")
    assert drawn(dag) == ["a.result -> c.x", "b.result -> c.y"]


def test_disconnecting_an_output_leaves_the_edges_from_others(dag):
    dag.connect("a", "c", output="rows", input="y").disconnect("a", "c", output="result")
    assert drawn(dag) == ["b.result -> c.y", "a.rows -> c.y"]


@pytest.mark.parametrize(
    ("source", "target", "ports"),
    [("c", "a", {}), ("a", "b", {}), ("a", "c", {"input": "y"}), ("a", "c", {"output": "rows"})],
)
def test_disconnecting_what_is_not_connected_is_an_error(dag, source, target, ports):
    with pytest.raises(MissingConnectionError, match=f"no such edge from '{source}' to '{target}'"):
        dag.disconnect(source, target, **ports)


def test_an_edge_that_does_not_exist_is_refused_with_those_that_do(dag):
    with pytest.raises(MissingConnectionError, match=r"edges from 'a': a.result -> c.x"):
        dag.disconnect("a", "b")


def test_disconnecting_an_unknown_node_is_an_error(dag):
    with pytest.raises(UnknownNodeError):
        dag.disconnect("z", "c")


def test_a_disconnected_input_is_free_again(dag):
    dag.disconnect("a", "c").add_node("d", give).connect("d", "c")
    assert drawn(dag) == ["b.result -> c.y", "d.result -> c.x"]


def test_a_branch_can_be_disconnected_by_its_label():
    dag = DAG("flow").add_node("check", give, node_type="conditional").add_node("c", take)
    dag.connect("check", "c", output="on_true").connect("check", "c", output="on_false")
    dag.disconnect("check", "c", output="on_true")
    assert drawn(dag) == ["check.false -> c.y"]


def test_autowire_connects_an_open_input_to_the_node_of_its_name():
    dag = DAG("flow", autowire=True).add_node("rows", lambda: 3).add_node("count", lambda rows: rows + 1)
    assert dag.run() == 4


def test_autowire_leaves_explicit_edges_alone():
    dag = DAG("flow", autowire=True).add_node("rows", lambda: 3).add_node("other", lambda: 5)
    dag.add_node("count", lambda rows: rows + 1).connect("other", "count", input="rows")
    dag.run()
    assert dag["count"] == 6


def test_autowire_connects_to_nodes_that_come_later():
    dag = DAG("flow", autowire=True).add_node("count", lambda rows: rows + 1).add_node("rows", lambda: 3)
    assert dag.execution_order == ["rows", "count"]


def test_autowire_does_not_connect_a_node_to_itself():
    dag = DAG("flow", autowire=True).add_node("rows", lambda rows: rows + 1)
    assert dag.run(rows=1) == 2


def test_autowire_feeds_a_defaulted_input_too():
    dag = DAG("flow", autowire=True).add_node("rows", lambda: 3).add_node("count", lambda rows=0: rows + 1)
    assert dag.run() == 4


def test_a_loop_by_autowire_is_a_cycle_error():
    dag = DAG("flow", autowire=True).add_node("a", lambda b: b).add_node("b", lambda a: a)
    with pytest.raises(CycleError, match="a -> b -> a"):
        dag.run()


def test_autowire_leaves_routers_alone():
    dag = DAG("flow", autowire=True).add_node("check", lambda: True, node_type="conditional")
    assert dag.add_node("b", lambda check: check).run(check=5) == 5


def test_without_autowire_equal_names_connect_nothing():
    dag = DAG("flow").add_node("rows", lambda: 3).add_node("count", lambda rows=0: rows + 1)
    dag.run()
    assert dag["count"] == 1
