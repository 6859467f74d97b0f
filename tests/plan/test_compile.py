"""From a checked graph to a flat plan."""

import gc

import pytest

from fast_dag import DAG, CycleError, ValidationError

SIZE = 100_000

# Generous, because the giant is built in the first test that asks for it, and machines may be busy.
pytestmark = pytest.mark.timeout(120)


def give():
    return 1


def take(x, y=0):
    return x + y


@pytest.fixture(scope="module")
def giant():
    """A chain of 100,000 nodes, the first of which feeds every other one as well."""
    gc.disable()  # the collector would walk the giant again and again
    dag = DAG("giant")
    for number in range(SIZE):
        dag.add_node(f"n{number}", lambda depth=0, hub=0: depth + 1)
    for number in range(1, SIZE):
        dag.connect(f"n{number - 1}", f"n{number}", input="depth")
        dag.connect("n0", f"n{number}", input="hub")
    yield dag
    gc.enable()


def test_units_are_numbered_in_execution_order():
    dag = DAG("flow").add_node("c", take).add_node("a", give).add_node("b", give).connect("a", "c")
    assert dag.plan().names == ("a", "c", "b")


def test_of_the_ready_nodes_the_earliest_inserted_comes_first():
    dag = DAG("flow").add_node("b", give).add_node("a", give)
    assert dag.plan().names == ("b", "a")


def test_a_plan_is_kept_until_the_graph_changes():
    dag = DAG("flow").add_node("a", give)
    assert dag.plan() is dag.plan()


@pytest.mark.parametrize(
    "edit",
    [
        lambda dag: dag.add_node("c", give),
        lambda dag: dag.remove_node("b"),
        lambda dag: dag.connect("a", "b", input="y"),
        lambda dag: dag.disconnect("a", "b"),
        lambda dag: dag.replace_node("b", take),
        lambda dag: dag.node(take, name="b", retry=3),
    ],
)
def test_a_plan_is_made_anew_after_an_edit(edit):
    dag = DAG("flow").add_node("a", give).add_node("b", take).connect("a", "b")
    old = dag.plan()
    edit(dag)
    assert dag.plan() is not old


def test_an_earlier_plan_is_left_as_it_is_by_an_edit():
    dag = DAG("flow").add_node("a", give)
    old = dag.plan()
    dag.add_node("b", give)
    assert old.names == ("a",)


def test_there_is_no_plan_of_an_empty_graph():
    with pytest.raises(ValidationError, match="'flow' has no nodes"):
        DAG("flow").plan()


def test_there_is_no_plan_of_a_ring():
    dag = DAG("flow").add_node("a", take).add_node("b", take).connect("a", "b").connect("b", "a")
    with pytest.raises(CycleError, match="a -> b -> a"):
        dag.plan()


def test_a_plan_cannot_be_changed():
    plan = DAG("flow").add_node("a", give).plan()
    with pytest.raises(AttributeError):
        plan.names = ()


def test_a_required_input_that_nothing_feeds_is_needed():
    dag = DAG("flow").add_node("a", give).add_node("b", take).add_node("c", take).connect("a", "b")
    assert [(node, name) for _, node, name in dag.plan().needs] == [("c", "x")]


def test_every_open_input_can_be_given_to_a_run():
    dag = DAG("flow").add_node("a", give).add_node("b", take).connect("a", "b")
    assert list(dag.plan().inputs) == ["y"]


def test_the_exits_are_the_units_that_feed_no_other():
    dag = DAG("flow").add_node("a", give).add_node("b", take).add_node("c", give).connect("a", "b")
    assert [dag.plan().names[unit] for unit in dag.plan().exits] == ["b", "c"]


def test_an_any_node_waits_for_one_edge_and_an_all_node_for_each():
    dag = DAG("flow").add_node("a", give).add_node("b", give)
    for node_type in ("any", "all"):
        dag.add_node(node_type, lambda value: value, node_type=node_type)
        dag.connect("a", node_type).connect("b", node_type)
    assert dict(zip(dag.plan().names, dag.plan().waiting, strict=True)) == {
        "a": 0,
        "b": 0,
        "any": 1,
        "all": 2,
    }


def test_a_hundred_thousand_nodes_deep_and_wide_are_checked_and_planned(giant):
    assert giant.plan().names[-1] == f"n{SIZE - 1}"


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_a_hundred_thousand_nodes_deep_and_wide_run(giant, mode):
    assert giant.run(mode=mode) == SIZE
