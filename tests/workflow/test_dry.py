"""Questions about a DAG that run nothing and change nothing."""

import pytest

from fast_dag import DAG, CycleError, Node, UnknownOptionError


def give():
    pytest.fail("a node was called")


def take(x, y=0):
    pytest.fail("a node was called")


@pytest.fixture
def dag():
    """a -> c, with b beside them"""
    return DAG("flow").add_node("c", take).add_node("a", give).add_node("b", take).connect("a", "c")


def test_a_dry_run_tells_the_order(dag):
    assert dag.dry_run(x=1)["execution_order"] == ["a", "c", "b"]


def test_a_dry_run_tells_where_a_run_enters_and_exits(dag):
    told = dag.dry_run(x=1)
    assert (told["entry_points"], told["exit_points"]) == (["a", "b"], ["c", "b"])


def test_a_dry_run_tells_the_inputs_it_was_given(dag):
    assert dag.dry_run({"x": 1}, y=2)["inputs"] == {"x": 1, "y": 2}


def test_a_dry_run_tells_every_missing_input(dag):
    assert dag.disconnect("a", "c").dry_run()["missing_inputs"] == ["c.x", "b.x"]


def test_a_dry_run_misses_nothing_that_it_was_given(dag):
    assert dag.dry_run(x=1)["missing_inputs"] == []


def test_a_dry_run_tells_the_ports_of_every_node(dag):
    assert dag.dry_run()["nodes"]["c"] == {"inputs": ("x", "y"), "outputs": ("result",)}


def test_a_dry_run_leaves_no_results(dag):
    dag.dry_run(x=1)
    assert dag.results == {}


def test_a_dry_run_of_a_broken_definition_is_an_error(dag):
    with pytest.raises(CycleError):
        dag.connect("c", "c", input="y").dry_run()


def test_a_dry_run_refuses_an_unknown_input(dag):
    with pytest.raises(UnknownOptionError, match="takes an input 'z'"):
        dag.dry_run(z=1)


def test_two_nodes_that_can_be_connected_give_no_reasons(dag):
    assert dag.can_connect("a", "b") == []


def test_nodes_can_be_given_instead_of_names(dag):
    assert dag.can_connect(dag.nodes["a"], dag.nodes["b"], output="rows", input="y") == []


def test_asking_changes_nothing(dag):
    before = dag.connections
    dag.can_connect("a", "b")
    assert dag.connections == before


def test_asking_twice_gives_the_same_answer(dag):
    assert dag.can_connect("a", "b", input="x") == dag.can_connect("a", "b", input="x")


@pytest.mark.parametrize(
    ("source", "target", "ports", "reason"),
    [
        ("z", "c", {}, "no node 'z'"),
        ("a", "z", {}, "no node 'z'"),
        (Node(give, name="far"), "c", {}, "belongs to no workflow"),
        ("b", "a", {}, "'a' has no free input"),
        ("b", "c", {"input": "z"}, "'z' of 'c' is no input"),
        ("b", "c", {"input": "x"}, "input 'x' of 'c' is fed already"),
        ("c", "c", {}, "would close a ring"),
    ],
)
def test_what_speaks_against_an_edge_is_told(dag, source, target, ports, reason):
    (told,) = dag.can_connect(source, target, **ports)
    assert reason in told


def test_an_edge_that_would_close_a_ring_is_told_so(dag):
    dag.connect("c", "b")
    dag.replace_node("a", lambda z: z)
    assert dag.can_connect("b", "a") == ["the edge would close a ring: 'a' leads to 'b'"]


def test_several_reasons_are_told_at_once(dag):
    dag.connect("c", "b").connect("b", "c", input="y")
    assert len(dag.can_connect("b", "c", input="x")) == 2


def test_an_edge_that_is_there_already_may_be_drawn_again(dag):
    assert dag.can_connect("a", "c", input="x") == []


def test_a_plain_edge_out_of_a_router_is_told_with_the_remedy(dag):
    dag.add_node("check", give, node_type="conditional")
    (told,) = dag.can_connect("check", "b")
    assert "say on_true, on_false" in told


def test_a_joining_node_can_always_take_one_more(dag):
    dag.add_node("join", lambda data: data, node_type="all").connect("a", "join")
    assert dag.can_connect("b", "join") == []


def test_only_nodes_are_told_of_where_there_is_a_cycle():
    dag = DAG("round").add_node("a", give)
    dag.feedback("a", "a", signal=True, cycle="again")
    with dag.cycle("again", max_iterations=2):
        pass
    told = dag.dry_run()
    assert told["execution_order"] == list(told["nodes"]) == ["a"]
