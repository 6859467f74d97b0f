"""Cycles to look at: edges apart, groups, stages, and the graph as networkx would show it."""

import sys
from types import SimpleNamespace

import pytest

from fast_dag import DAG, CycleConnectionError, CycleError, MissingExtraError, UnknownNodeError
from fast_dag.cycles.inspection import CycleGroup, DagStage


def step(x=0, y=0):
    return x + 1


def drawn(*edges, back=()):
    """A DAG of the nodes in *edges*, each "a>b"; those of *back* feed back, each to its own cycle."""
    dag = DAG("flow")
    for edge in edges:
        for name in edge.split(">"):
            if name not in dag:
                dag.add_node(name, lambda **inputs: len(inputs))
        source, target = edge.split(">")
        dag.connect(source, target, input=source)
    for edge in back:
        source, target = edge.split(">")
        dag.feedback(source, target, input=f"again_{source}")
    return dag


def shown(stages):
    """Stages as lists of names, cycles as tuples of their name and their own stages."""
    return [
        stage.nodes if isinstance(stage, DagStage) else (stage.cycle_id, *shown(stage.stages))
        for stage in stages
    ]


@pytest.fixture
def dag():
    """A source, a body of two and a sink."""
    return drawn("source>processor", "processor>check", "check>sink", back=["check>processor"])


def test_edges_that_feed_back_stand_apart(dag):
    ahead, back = dag.separate_dag_and_cycle_edges()
    assert [edge[:2] for edge in ahead] == [
        ("source", "processor"),
        ("processor", "check"),
        ("check", "sink"),
    ]
    assert not any(data["cycle"] for _, _, data in ahead)
    ((source, target, data),) = back
    assert (source, target, data["cycle"], data["cycle_id"]) == ("check", "processor", True, "processor_loop")
    assert data["mapping"] == {"result": "again_check"}


def test_an_input_that_is_found_is_shown():
    dag = DAG("flow").add_node("a", lambda a: a + 1).feedback("a", "a", cycle="loop")
    assert dag.separate_dag_and_cycle_edges()[1][0][2]["mapping"] == {"result": "a"}


def test_a_signal_maps_nothing_and_parallel_edges_stand_for_themselves():
    dag = DAG("flow").add_node("a", step).add_node("b", step).feedback("b", "a", signal=True)
    dag.connect("a", "b", input="x").connect("a", "b", input="y")
    ahead, back = dag.separate_dag_and_cycle_edges()
    assert [data["mapping"] for _, _, data in [*ahead, *back]] == [{"result": "x"}, {"result": "y"}, {}]
    assert dag.get_cycle_groups() == {"a_loop": [("a", "b"), ("b", "a")]}


def test_a_group_is_the_edges_of_the_body_and_then_those_that_feed_back(dag):
    assert dag.get_cycle_groups() == {"processor_loop": [("processor", "check"), ("check", "processor")]}
    assert drawn("a>b").get_cycle_groups() == {}


def test_stages_are_nodes_a_cycle_and_nodes(dag):
    assert shown(dag.execution_stages()) == [["source"], ("processor_loop", ["processor", "check"]), ["sink"]]
    _, group, _ = dag.execution_stages()
    assert isinstance(group, CycleGroup)
    assert group.nodes == ["processor", "check"]
    assert [edge[:2] for edge in group.feedback_edges] == [("check", "processor")]


def test_nested_and_independent_cycles_are_groups():
    dag = drawn("a>b", "b>c", "c>d", "d>e", "s>z", "p>q", back=["c>b", "d>a", "q>p"])
    assert shown(dag.execution_stages()) == [
        ("a_loop", ["a"], ("b_loop", ["b", "c"]), ["d"]),
        ["e", "s", "z"],
        ("p_loop", ["p", "q"]),
    ]


def test_stages_are_in_the_order_of_a_sequential_run():
    seen = []
    dag = drawn("s>z", "a>b", "b>c", back=["b>a"])
    for name in list(dag.nodes):
        dag.replace_node(name, lambda name_=name, again_b=0, **_: seen.append(name_))
    with dag.cycle("a_loop", max_iterations=1):
        pass
    dag.run()
    assert seen == [name for stage in dag.execution_stages() for name in stage.nodes]


def test_a_node_that_runs_in_each_iteration_belongs_to_the_group():
    dag = drawn("a>b", "a>watch", "b>z", "watch>y", back=["b>a"])
    with dag.cycle("a_loop", max_iterations=2) as c:
        c.attach("watch")
    (group, after) = dag.execution_stages()
    assert (group.nodes, group.attached) == (["a", "b"], ["watch"])
    assert (shown(group.stages), after.nodes) == ([["a", "b", "watch"]], ["z", "y"])
    assert group.get_downstream_nodes(dag) == ["z", "y"]


def test_what_a_cycle_feeds_is_found_directly_or_all_the_way(dag):
    dag.add_node("report", lambda sink: sink).connect("sink", "report").add_node("other", step)
    _, group, _ = dag.execution_stages()
    assert group.get_downstream_nodes(dag) == ["sink", "report"]
    assert group.get_downstream_nodes(dag, direct=True) == ["sink"]


def test_stages_of_what_cannot_be_a_cycle_are_refused():
    with pytest.raises(CycleError, match="a -> b -> a"):
        drawn("a>b", "b>a").execution_stages()
    with pytest.raises(CycleConnectionError, match="closes no loop"):
        drawn("a>b", back=["a>b"]).get_cycle_groups()


def test_whether_there_are_cycles(dag):
    assert (dag.has_cycles(), drawn("a>b", "b>c").has_cycles()) == (True, False)


# The graph as a view.


def test_the_graph_shows_nodes_and_edges(dag):
    graph = dag.graph
    assert graph.nodes() == ["source", "processor", "check", "sink"]
    assert graph.edges() == [
        *dict.fromkeys(edge[:2] for part in dag.separate_dag_and_cycle_edges() for edge in part)
    ]
    name, data = graph.nodes(data=True)[0]
    assert (name, data["node"], data["node_type"]) == ("source", dag.nodes["source"], "standard")
    assert [data["cycle"] for _, _, data in graph.edges(data=True)] == [False, False, False, True]
    assert (len(graph), "check" in graph, "cheque" in graph) == (4, True, False)
    assert repr(graph) == "<GraphView of 'flow', 4 nodes, 4 edges>"


def test_neighbours_are_those_over_edges_that_feed_back_too(dag):
    assert dag.graph.successors("check") == ["sink", "processor"]
    assert dag.graph.predecessors("processor") == ["source", "check"]
    with pytest.raises(UnknownNodeError, match="'cheque'"):
        dag.graph.successors("cheque")


def test_the_graph_follows_the_workflow_and_cannot_change_it(dag):
    graph = dag.graph
    graph.nodes().clear()
    graph.edges(data=True)[0][2].clear()
    dag.add_node("new", step)
    assert graph.nodes()[-1] == "new"
    assert graph.edges(data=True)[0][2]["mapping"]
    with pytest.raises(AttributeError):
        dag.graph = graph


def test_a_graph_without_its_feedback_edges_sorts_topologically(dag):
    ahead, _ = dag.separate_dag_and_cycle_edges()
    before = {name: set() for name, _ in dag.graph.nodes(data=True)}
    for source, target, _ in ahead:
        before[target].add(source)
    order = dag.execution_order
    assert all(
        order.index(source) < order.index(name) for name, sources in before.items() for source in sources
    )


def test_networkx_gets_all_of_it(dag, monkeypatch):
    class MultiDiGraph:
        def __init__(self, name):
            self.name = name

        def add_nodes_from(self, nodes):
            self.nodes = nodes

        def add_edges_from(self, edges):
            self.edges = edges

    monkeypatch.setitem(sys.modules, "networkx", SimpleNamespace(MultiDiGraph=MultiDiGraph))
    made = dag.to_networkx()
    assert (made.name, made.nodes, made.edges) == (
        "flow",
        dag.graph.nodes(data=True),
        dag.graph.edges(data=True),
    )


def test_networkx_is_asked_for_where_it_is_missing(dag, monkeypatch):
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(MissingExtraError, match="networkx"):
        dag.to_networkx()
