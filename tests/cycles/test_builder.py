"""Cycles that are put together by a builder: edges in call order, settings by calls, all of it or nothing."""

import itertools

import pytest

from fast_dag import (
    DAG,
    CycleConfig,
    CycleConfigurationError,
    CycleConnectionError,
    CycleError,
    DuplicateCycleError,
    DuplicateNodeError,
    InvalidNodeError,
    MissingConnectionError,
    UnknownNodeError,
    UnknownOptionError,
)
from fast_dag.cycles.builder import CycleBuilder
from fast_dag.workflow.builder import WorkflowBuilder


def step(x=0, y=0):
    return x + 1


def chain(*names, make=DAG):
    """A workflow in which each of *names* feeds the next one's x."""
    dag = DAG("flow")
    for name in names:
        dag.add_node(name, step)
    for source, target in itertools.pairwise(names):
        dag.connect(source, target, input="x")
    return dag


def backs(workflow):
    return [(str(edge), edge.output, edge.input, edge.cycle) for edge in workflow.drawing.cycles.edges]


# Four spellings.


def test_four_spellings_give_equal_graphs():
    one, two, three, four = (chain("a", "b") for _ in range(4))
    one.feedback("b", "a", input="x", cycle="loop")
    with one.cycle("loop", max_iterations=3):
        pass
    with two.cycle("loop", max_iterations=3) as c:
        c.feedback("b", "a", input="x")
    three.create_cycle("loop").connect("b", "a", {"result": "x"}).max_iterations(3).build()
    CycleBuilder(four, "loop").max_iterations(3).feedback("b", "a", input="x").build()
    for dag in (one, two, three, four):
        assert backs(dag) == [("b->a", "result", "x", "loop")]
        assert dag.drawing.cycles.configs == {"loop": CycleConfig(max_iterations=3)}
        assert dag.graph.edges(data=True) == one.graph.edges(data=True)
        assert dag.run() == 6


def test_a_workflow_builder_is_as_good_as_a_dag():
    builder = WorkflowBuilder("flow").add_node(step, "a").add_node(step, "b")
    builder.add_connection("a", "result", "b", "x")
    builder.create_cycle("loop").connect("b", "a", {"result": "x"}).max_iterations(3).build()
    dag = chain("a", "b").feedback("b", "a", input="x", cycle="loop")
    assert (builder.graph.edges(data=True), builder.build().run()) == (dag.graph.edges(data=True), 6)


# Which edge feeds back.


def test_an_edge_that_would_close_a_loop_feeds_back_and_any_other_leads_on():
    dag = DAG("flow")
    cycle = dag.create_cycle("fit")
    for name in "pabc":
        cycle.add_node(name, step)
    cycle.connect("p", "a").connect("a", "b").connect("b", "c").connect("c", "a", {"result": "y"})
    cycle.max_iterations(2)
    assert cycle.build().nodes == ["a", "b", "c"]
    assert dag.get_cycle_groups() == {"fit": [("a", "b"), ("b", "c"), ("c", "a")]}
    assert [edge.source for edge in dag.connections] == ["p", "a", "b"]


def test_the_order_of_the_calls_says_which_edge_feeds_back():
    dag = DAG("flow").add_node("a", step).add_node("b", step)
    built = (
        dag.create_cycle("fit").connect("b", "a").connect("a", "b", {"result": "y"}).max_iterations(2).build()
    )
    assert (built.nodes, [str(edge) for edge in built.feedback_edges]) == (["b", "a"], ["a->b"])


def test_an_edge_of_a_node_to_itself_feeds_back():
    assert [
        str(edge)
        for edge in CycleBuilder(chain("a"), "x").connect("a", "a", {"result": "x"}).build().feedback_edges
    ] == ["a->a"]


def test_whether_an_edge_feeds_back_may_be_said():
    dag = chain("a", "b")
    with pytest.raises(CycleConnectionError, match="feedback edge a->b of cycle 'fit' closes no loop"):
        dag.create_cycle("fit").connect("a", "b", feedback=True).max_iterations(2).build()
    dag = chain("a", "b")
    with pytest.raises(CycleError, match="a -> b -> a"):
        dag.create_cycle("fit").connect("b", "a", feedback=False).feedback("a", "a", input="y").build()
    assert [str(edge) for edge in dag.connections] == ["a.result -> b.x"]


def test_edges_that_follow_from_names_count_as_forward_edges():
    dag = DAG("flow", autowire=True)
    dag.add_node("a", lambda x=0: x).add_node("b", lambda a: a + 1)
    built = dag.create_cycle("fit").connect("b", "a").max_iterations(3).build()
    assert (built.nodes, dag.run()) == (["a", "b"], 3)


# Ports.


def test_a_mapping_is_an_edge_for_each_of_its_entries():
    dag = DAG("flow").add_node("a", lambda p=1, q=2: {"p": p + q, "q": q}, outputs=["p", "q"])
    dag.create_cycle("fit").connect("a", "a", {"p": "p", "q": "q"}).max_iterations(3).build()
    assert dag.run() == {"p": 7, "q": 2}


def test_a_star_connects_ports_of_the_same_name():
    dag = DAG("flow").add_node("a", lambda p=1, q=2: {"p": p + q, "r": q}, outputs=["p", "r"])
    built = dag.create_cycle("fit").connect("a", "a", "*").max_iterations(3).build()
    assert [(edge.output, edge.input) for edge in built.feedback_edges] == [("p", "p")]


@pytest.mark.parametrize("mapping", ["*", "p", ["p"]])
def test_a_star_without_ports_of_the_same_name_is_refused_as_is_any_other_text(mapping):
    with pytest.raises(MissingConnectionError, match=r"no ports of the same name|or '\*', got (\[?)'p'"):
        chain("a").create_cycle("fit").connect("a", "a", mapping)


def test_an_unknown_node_is_told_with_those_there_are():
    with pytest.raises(UnknownNodeError, match=r"no node 'z' .*\(nodes: a, b\)"):
        chain("a", "b").create_cycle("fit").connect("z", "a")


def test_a_port_that_may_be_one_of_several_is_refused():
    with pytest.raises(MissingConnectionError, match="say input="):
        chain("a").create_cycle("fit").connect("a", "a").max_iterations(2).build()


# Nodes.


class Adding:
    """Adds what it was made with."""

    def __init__(self, name, amount):
        self.name, self.amount = name, amount

    def run(self, x):
        return x + self.amount


def test_nodes_are_functions_nodes_classes_objects_and_names():
    dag = DAG("flow")
    cycle = dag.create_cycle("fit").add_node("f", step, {"y": 3}).add_node("c", Adding, {"amount": 2})
    cycle.add_node("o", Adding("other", 3)).add_node("s", "SwitchNode", {"operator": "<", "value": 20})
    cycle.connect("f", "c").connect("c", "o").connect("o", "s").connect("s", "f", {"true_output": "x"})
    built = cycle.build()
    assert (built.nodes, dag.run(), dag["f"], dag.nodes["f"].description) == (
        ["f", "c", "o", "s"],
        24,
        19,
        None,
    )
    assert dag.nodes["c"].description == "Adds what it was made with."


def test_a_node_that_cannot_be_one_is_refused():
    cycle = chain("a").create_cycle("fit")
    with pytest.raises(InvalidNodeError, match="3 is no node"):
        cycle.add_node("n", 3)
    with pytest.raises(InvalidNodeError, match="did you mean 'SwitchNode'"):
        cycle.add_node("n", "SwitchNod")
    with pytest.raises(UnknownOptionError, match="node 'n' takes no 'z'"):
        cycle.add_node("n", step, {"z": 1})
    with pytest.raises(DuplicateNodeError, match="'a' already exists"):
        cycle.add_node("a", step)


# Building.


def test_what_is_built_tells_of_the_cycle():
    dag = chain("p", "a", "b", "z")
    built = dag.create_cycle("fit").connect("b", "a", {"result": "y"}).max_iterations(2).build()
    assert (built.cycle_id, built.name, built.nodes, built.attached) == ("fit", "fit", ["a", "b"], [])
    assert built.config == CycleConfig(max_iterations=2)
    assert built.feedback_edges == dag.feedback_edges


def test_nothing_is_drawn_until_it_is_built():
    dag = chain("a", "b").add_node("c", step)
    cycle = dag.create_cycle("fit").connect("b", "c").connect("c", "a", {"result": "x"}).max_iterations(2)
    assert (len(dag.connections), dag.feedback_edges) == (1, [])
    cycle.build()
    assert (len(dag.connections), len(dag.feedback_edges)) == (2, 1)


def test_a_builder_that_was_never_built_is_an_error_at_run():
    dag = chain("a", "b")
    cycle = dag.create_cycle("x").feedback("b", "a", input="x").max_iterations(2)
    with pytest.raises(CycleConfigurationError, match=r"create_cycle\('x'\) was never built"):
        dag.run()
    cycle.build()
    assert dag.run() == 4


def test_a_cycle_without_a_feedback_edge_is_refused():
    with pytest.raises(CycleConfigurationError, match="cycle 'fit' has no feedback edge"):
        chain("a", "b").create_cycle("fit").connect("a", "b").max_iterations(2).build()


def test_a_failed_build_changes_nothing_and_may_be_tried_again():
    dag = chain("a", "b").add_node("c", step)
    cycle = dag.create_cycle("fit").connect("b", "c").max_iterations(2)
    with pytest.raises(CycleConfigurationError, match="no feedback edge"):
        cycle.build()
    assert len(dag.connections) == 1
    cycle.feedback("c", "a", input="y").build()
    assert len(dag.connections) == 2


def test_an_edge_of_a_node_that_was_removed_since_is_refused():
    dag = chain("a", "b")
    cycle = dag.create_cycle("fit").connect("b", "a", {"result": "x"})
    dag.remove_node("b")
    with pytest.raises(UnknownNodeError, match="no node 'b'"):
        cycle.build()


def test_cycles_that_cross_are_refused():
    dag = chain("a", "b", "c").feedback("b", "a", input="y", cycle="one")
    with pytest.raises(CycleError, match="'two' and 'one' overlap in 'b'"):
        dag.create_cycle("two").feedback("c", "b", input="y").max_iterations(2).build()


def test_a_cycle_may_lie_inside_another_that_is_built_later():
    dag = chain("a", "b", "c")
    inner = dag.create_cycle("inner").connect("b", "b", {"result": "y"}).max_iterations(3).nested_in("outer")
    assert inner.build().nodes == ["b"]
    with pytest.raises(CycleConfigurationError, match="'inner' does not lie inside 'outer'"):
        dag.run()
    dag.create_cycle("outer").connect("c", "a", {"result": "x"}).max_iterations(2).build()
    assert dag.run() == 6


def test_a_second_build_is_an_error():
    cycle = chain("a").create_cycle("fit").connect("a", "a", {"result": "x"}).max_iterations(2)
    assert repr(cycle) == "<CycleBuilder 'fit', 1 feedback edges>"
    cycle.build()
    assert repr(cycle) == "<CycleBuilder 'fit', built>"
    with pytest.raises(DuplicateCycleError, match="built already"):
        cycle.build()


def test_a_cycle_has_one_builder():
    dag = chain("a")
    dag.create_cycle("fit")
    for again in (dag.cycle, dag.create_cycle, lambda name: CycleBuilder(dag, name)):
        with pytest.raises(DuplicateCycleError, match="configured already"):
            again("fit")
    with pytest.raises(DuplicateCycleError, match="name of a node"):
        dag.create_cycle("a")


def test_a_block_may_build_its_cycle_itself():
    dag = chain("a")
    with dag.cycle("fit", max_iterations=2) as c:
        built = c.connect("a", "a", {"result": "x"}).build()
    assert (built.nodes, dag.run()) == (["a"], 2)


def test_a_block_that_ends_badly_leaves_nothing():
    dag = chain("a", "b")
    with pytest.raises(CycleConnectionError), dag.cycle("fit", max_iterations=2) as c:
        c.feedback("a", "b", input="y")
    with pytest.raises(ZeroDivisionError), dag.cycle("fit", max_iterations=2) as c:
        c.feedback("b", "a", input="y").add_node("c", step, {"x": 1 / 0})
    assert (dag.feedback_edges, bool(dag.drawing.cycles), len(dag)) == ([], False, 2)


def test_only_a_workflow_can_have_cycles():
    with pytest.raises(CycleConfigurationError, match="needs a DAG or a WorkflowBuilder"):
        CycleBuilder(object(), "fit")
