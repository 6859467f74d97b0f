"""The blocks of the guide on how cycles are implemented, in its order."""

import graphlib
import itertools

import pytest

from fast_dag import DAG, CycleConfigurationError, CycleConnectionError, InvalidNodeError
from fast_dag.cycles import CycleGroup, DagStage, WorkflowBuilder


def improve(data=0.5):
    """Gets a little better each time."""
    return {"quality": data + 0.1}


def judge(data):
    return data["quality"]


def increased(input):
    return {"value": input["value"] + 1}


def finished(input):
    return {"final": input["value"]}


def optimization():
    """A processor and an evaluator behind it, in a builder."""
    workflow = WorkflowBuilder().add_node(improve, "processor").add_node(judge, "evaluator")
    return workflow.add_connection("processor", "evaluator", "result", "data")


def ring_of_three():
    """A, B and C in a cycle, fed by a source and a preprocessor, in front of a postprocessor and a sink."""
    workflow = WorkflowBuilder()
    names = ["source", "preprocessor", "A", "B", "C", "postprocessor", "sink"]
    for name in names:
        workflow.add_node(lambda x=0, last=0: x + last, name)
    for start, end in itertools.pairwise(names):
        workflow.add_connection(start, end, "result", "x")
    cycle = workflow.create_cycle("optimization").connect("C", "A", {"result": "last"})
    cycle.max_iterations(3).build()
    return workflow


def test_block_1_an_edge_that_closes_a_loop_is_marked_with_its_cycle():
    workflow = WorkflowBuilder().add_node(improve, "processor").add_node(judge, "evaluator")
    workflow.add_node(lambda score: score, "back").add_connection("back", "processor", "result", "data")
    workflow.add_connection("evaluator", "back", "result", "score")
    workflow.create_cycle("optimization").connect(
        "processor", "evaluator", mapping={"result": "data"}
    ).build()
    marked = [edge for edge in workflow.graph.edges(data=True) if edge[2]["cycle"]]
    ((source, target, data),) = marked
    assert (source, target, data["cycle_id"]) == ("processor", "evaluator", "optimization")
    assert data["mapping"] == {"result": "data"}


def test_block_1_a_plain_edge_ahead_is_no_cycle_and_cannot_be_made_one():
    with pytest.raises(CycleConfigurationError, match="cycle 'optimization' has no feedback edge"):
        optimization().create_cycle("optimization").connect(
            "processor", "evaluator", {"result": "data"}
        ).build()
    cycle = optimization().create_cycle("optimization")
    with pytest.raises(
        CycleConnectionError, match="processor->evaluator of cycle 'optimization' closes no loop"
    ):
        cycle.connect("processor", "evaluator", {"result": "data"}, feedback=True).build()


def test_block_2_edges_of_cycles_stand_apart():
    dag_edges, cycle_edges = ring_of_three().separate_dag_and_cycle_edges()
    assert [edge[:2] for edge in cycle_edges] == [("C", "A")]
    assert cycle_edges[0][2]["cycle"] is True
    assert (len(dag_edges), any(data.get("cycle") for _, _, data in dag_edges)) == (6, False)


def test_block_3_without_them_the_graph_sorts_topologically():
    workflow = ring_of_three()
    dag_edges, _ = workflow.separate_dag_and_cycle_edges()
    before = {name: set() for name, _ in workflow.graph.nodes(data=True)}
    for source, target, data in dag_edges:
        if not data.get("cycle", False):
            before[target].add(source)
    order = list(graphlib.TopologicalSorter(before).static_order())
    assert order == ["source", "preprocessor", "A", "B", "C", "postprocessor", "sink"]


def test_block_4_cycles_are_groups_of_edges():
    assert ring_of_three().get_cycle_groups() == {"optimization": [("A", "B"), ("B", "C"), ("C", "A")]}


def test_block_5_stages_alternate():
    before, cycle, after = ring_of_three().execution_stages()
    assert (before, after) == (DagStage(["source", "preprocessor"]), DagStage(["postprocessor", "sink"]))
    assert isinstance(cycle, CycleGroup)
    assert (cycle.cycle_id, cycle.nodes) == ("optimization", ["A", "B", "C"])


def test_block_6_what_runs_after_a_cycle_is_known():
    workflow = ring_of_three()
    _, cycle_group, _ = workflow.execution_stages()
    assert cycle_group.get_downstream_nodes(workflow) == ["postprocessor", "sink"]
    assert cycle_group.get_downstream_nodes(workflow.build(), direct=True) == ["postprocessor"]


def test_block_7_counting_to_ten_with_a_switch():
    workflow = WorkflowBuilder()
    with pytest.raises(InvalidNodeError, match="pass a function"):
        workflow.add_node("PythonCodeNode", "source", {"code": "result = {'value': 0}"})
    workflow.add_node(lambda: {"value": 0}, "source")
    workflow.add_node(increased, "processor")
    workflow.add_node("SwitchNode", "check", {"condition_field": "value", "operator": ">=", "value": 10})
    workflow.add_node(finished, "sink")
    workflow.add_connection("source", "result", "processor", "input")
    workflow.add_connection("processor", "result", "check", "input")
    workflow.add_connection("check", "true_output", "sink", "input")
    built = workflow.build()
    cycle = built.create_cycle("increment")
    cycle.connect("check", "processor", {"false_output": "input"})
    cycle.max_iterations(20)
    cycle.build()
    assert [type(stage) for stage in built.execution_stages()] == [DagStage, CycleGroup, DagStage]
    assert built.run() == {"final": 10}
    result = built.context.metadata["cycles"]["increment"]
    assert (result.total_iterations, result.reason, result.converged) == (10, "exit", True)


def test_block_8_a_condition_ends_the_cycle_at_the_first_value_that_is_good_enough():
    workflow = DAG("flow").add_node("evaluator", lambda result=0.5: result).add_node("processor", improve)
    workflow.connect("evaluator", "processor", input="data")
    cycle = workflow.create_cycle("optimization")
    cycle.connect("processor", "evaluator", {"quality": "result"})
    cycle.max_iterations(100)
    cycle.converge_when("quality > 0.95")
    cycle.build()
    assert workflow.run()["quality"] == pytest.approx(1.0)
    result = workflow.context.metadata["cycles"]["optimization"]
    assert (result.total_iterations, result.reason) == (5, "converged")
    assert "quality > 0.95" in result.reason_detail
