"""A DAG put together from names, types and connections in any order."""

import pytest

from fast_dag import (
    DAG,
    DuplicateNodeError,
    InvalidNodeError,
    MissingConnectionError,
    Node,
    UnknownNodeError,
    UnknownOptionError,
)
from fast_dag.cycles import CycleAwareNode
from fast_dag.cycles.node_types import NodeTypes
from fast_dag.workflow.builder import WorkflowBuilder


def source():
    return {"value": 0}


def processor(input):
    """One more."""
    return {"value": input["value"] + 1}


def sink(input):
    return {"final": input["value"]}


def scaled(x, factor=2, *, offset=0):
    return x * factor + offset


def counting():
    """Source, processor, a switch at 10 and a sink, without their cycle."""
    builder = WorkflowBuilder("counting").add_node(source).add_node(processor).add_node(sink)
    builder.add_node("SwitchNode", "check", {"condition_field": "value", "operator": ">=", "value": 10})
    builder.add_connection("source", "result", "processor", "input")
    builder.add_connection("processor", "result", "check", "input")
    return builder.add_connection("check", "true_output", "sink", "input")


# Nodes.


class Adding(CycleAwareNode):
    """Adds."""

    def run(self, x, amount=0):
        return x + amount


class Plain:
    def __init__(self, name, amount):
        self.name, self.amount = name, amount

    def run(self, x):
        return x + self.amount


def test_a_function_goes_by_its_own_name_or_another():
    builder = WorkflowBuilder().add_node(source).add_node(source, "other")
    assert (list(builder.build()), builder.build().name) == (["source", "other"], "workflow")


def test_the_config_of_a_function_is_the_defaults_of_its_parameters():
    dag = WorkflowBuilder().add_node(scaled, "s", {"factor": 3, "offset": 1}).build()
    assert (dag.run(x=2), dag.run(x=2, factor=5)) == (7, 11)
    assert [each.name for each in dag.nodes["s"].signature.inputs] == ["x", "factor", "offset"]


def test_a_key_of_the_config_that_is_no_parameter_is_refused():
    with pytest.raises(UnknownOptionError, match="node 's' takes no 'factr'; did you mean 'factor'"):
        WorkflowBuilder().add_node(scaled, "s", {"factr": 3})


def test_a_function_that_takes_any_name_takes_any_config():
    dag = WorkflowBuilder().add_node(lambda **inputs: inputs, "n", {"a": 1}).build()
    assert dag.run(b=2) == {"a": 1, "b": 2}


@pytest.mark.parametrize("cls", [Adding, Plain])
def test_a_class_is_made_with_name_and_config(cls):
    dag = WorkflowBuilder().add_node(cls, "n", {"amount": 3}).build()
    assert dag.run(x=1) == 4


def test_an_object_goes_by_its_own_name():
    dag = WorkflowBuilder().add_node(Plain("mine", 3)).add_node(Adding(name="yours", amount=2)).build()
    assert list(dag) == ["mine", "yours"]
    assert dag.run(x=1) == 3


def test_a_node_is_taken_as_it_is_or_made_again():
    node = Node(scaled, retry=2)
    dag = WorkflowBuilder().add_node(node).add_node(node, "again", {"factor": 4}).build()
    assert dag.nodes["scaled"] is node
    assert (dag.nodes["again"].settings.retry, dag.run(x=1)) == (2, 4)


def test_a_node_of_another_workflow_lends_its_function():
    other = DAG("other").add_node(scaled)
    dag = WorkflowBuilder().add_node(other.nodes["scaled"]).build()
    assert dag.nodes["scaled"] is not other.nodes["scaled"]
    assert dag.run(x=1) == 2


def test_settings_of_a_node_may_be_given():
    assert WorkflowBuilder().add_node(source, retry=3).build().nodes["source"].settings.retry == 3


def test_types_are_registered_by_name():
    builder = WorkflowBuilder(registry={"Scale": scaled}).register_node("Add", Adding)
    dag = builder.add_node("Scale", "s", {"factor": 5}).add_node("Add").build()
    assert (list(dag), dag.run(x=1, amount=2)) == (["s", "Add"], 3)
    shared = NodeTypes({"Scale": scaled})
    assert WorkflowBuilder(registry=shared).add_node("Scale").node_types is shared


def test_the_types_of_the_library_are_registered():
    types = WorkflowBuilder().node_types
    assert set(types) == {"ConvergenceCheckerNode", "MultiCriteriaConvergenceNode", "SwitchNode"}
    assert [types[name].__name__ for name in types] == list(types)
    assert (len(types), repr(types)) == (3, f"<NodeTypes {', '.join(types)}>")


def test_an_unknown_type_is_told_with_the_near_ones():
    with pytest.raises(InvalidNodeError, match="'SwitchNod'; did you mean 'SwitchNode'"):
        WorkflowBuilder().add_node("SwitchNod", "s")


@pytest.mark.parametrize(
    ("node", "config"),
    [
        ("PythonCodeNode", {"code": "result = {'value': 0}"}),
        ("Scale", {"code": "result = 1"}),
        ("result = 1", None),
    ],
)
def test_code_as_a_text_is_refused_whatever_the_type(node, config):
    with pytest.raises(InvalidNodeError, match="pass a function"):
        WorkflowBuilder(registry={"Scale": scaled}).add_node(node, "n", config)


@pytest.mark.parametrize("node", [3, None, object()])
def test_what_no_node_can_be_made_of_is_refused(node):
    with pytest.raises(InvalidNodeError, match="is no node"):
        WorkflowBuilder().add_node(node, "n")
    with pytest.raises(InvalidNodeError, match="is no node"):
        WorkflowBuilder().register_node("n", node)
    with pytest.raises(InvalidNodeError, match="must be a mapping"):
        WorkflowBuilder().add_node(source, "n", [1])
    with pytest.raises(InvalidNodeError, match="a registry must map names"):
        WorkflowBuilder(registry=[source])


def test_a_name_is_that_of_one_node():
    with pytest.raises(DuplicateNodeError, match="'source' already exists"):
        WorkflowBuilder().add_node(source).add_node(processor, "source")


# Connections.


@pytest.mark.parametrize(
    ("names", "keywords"),
    [
        (("source", "processor", "result", "input"), {}),
        (("source", "result", "processor", "input"), {}),
        (("source", "processor"), {}),
        (("source", "processor", "value"), {}),
        (("source", "value", "processor"), {}),
        (("source", "processor"), {"output": "result", "input": "input"}),
        ((), {"source": "source", "target": "processor", "output": "result", "input": "input"}),
        ((), {"source": "source", "target": "processor"}),
    ],
)
def test_a_connection_may_be_written_in_many_ways(names, keywords):
    builder = WorkflowBuilder().add_connection(*names, **keywords).add_node(source).add_node(processor)
    (edge,) = builder.build().graph.edges(data=True)
    output = "value" if "value" in names else "result"
    assert edge == ("source", "processor", {"cycle": False, "mapping": {output: "input"}, "optional": False})


def test_a_name_that_is_an_output_and_a_node_is_told_by_keywords():
    builder = WorkflowBuilder().add_node(source).add_node(source, "value").add_node(processor)
    builder.add_connection(source="source", output="value", target="processor", input="input")
    assert builder.build().connections == [("source", "value", "processor", "input")]
    builder.add_connection("source", "value", "processor", "input")
    with pytest.raises(MissingConnectionError, match="are both nodes: say source="):
        builder.build()


def test_an_unknown_source_is_looked_at_first():
    builder = WorkflowBuilder().add_node(processor).add_connection("source", "result", "target", "input")
    with pytest.raises(UnknownNodeError, match=r"unknown node 'source' .*\(nodes: processor\)"):
        builder.build()


def test_no_known_target_is_an_error_that_lists_the_nodes():
    builder = WorkflowBuilder().add_node(source).add_connection("source", "result", "target", "input")
    with pytest.raises(UnknownNodeError, match=r"are no nodes: say source=.*\(nodes: source\)"):
        builder.build()
    builder = WorkflowBuilder().add_node(source).add_connection("source", "sink")
    with pytest.raises(UnknownNodeError, match="unknown node 'sink'"):
        builder.build()


@pytest.mark.parametrize(
    ("names", "keywords"),
    [
        ((), {}),
        (("a",), {}),
        (("a", "b", "c", "d", "e"), {}),
        (("a", "b"), {"target": "c"}),
        ((), {"source": "a"}),
        (("a", "b", "c", "d"), {"output": "x"}),
    ],
)
def test_names_that_are_no_connection_are_refused_at_once(names, keywords):
    with pytest.raises(MissingConnectionError, match="add_connection"):
        WorkflowBuilder().add_connection(*names, **keywords)


def test_a_wrong_port_is_told_when_the_workflow_is_built_and_may_be_added_then():
    builder = WorkflowBuilder().add_node(source).add_node(processor)
    builder.add_connection("source", "result", "processor", "inputt")
    for _ in range(2):
        with pytest.raises(MissingConnectionError, match="did you mean 'input'"):
            builder.build()


def test_an_input_may_be_given_by_its_other_name():
    builder = WorkflowBuilder().add_node(source).add_node("SwitchNode", "check", {"condition_field": "value"})
    builder.add_connection("source", "result", "check", "input_data")
    assert builder.graph.edges(data=True)[0][2]["mapping"] == {"result": "input"}


@pytest.mark.parametrize(
    ("value", "arrives"),
    [({"result": 1, "more": 2}, 1), ({"more": 2}, {"more": 2}), ((1, 2), (1, 2)), (5, 5)],
)
@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_the_output_result_is_the_key_of_that_name_or_everything(value, arrives, mode):
    builder = WorkflowBuilder().add_node(lambda: value, "a").add_node(lambda x: x, "b")
    dag = builder.add_connection("a", "result", "b", "x").build()
    assert dag.run(mode=mode) == arrives
    assert builder.graph.edges(data=True)[0][2]["mapping"] == {"result": "x"}


def test_the_output_result_of_a_node_that_declares_it_is_that_output():
    builder = (
        WorkflowBuilder().add_node(lambda: (1, 2), "a", outputs=["more", "result"]).add_node(lambda x: x, "b")
    )
    assert builder.add_connection("a", "result", "b", "x").build().run() == 2


def test_the_output_result_goes_to_the_input_of_that_name():
    builder = WorkflowBuilder().add_node(source).add_node(lambda q=0, result=0: (q, result), "b")
    assert builder.add_connection("source", "b", "result").build().run() == (0, {"value": 0})


def test_in_a_cycle_the_output_result_is_the_same():
    builder = (
        WorkflowBuilder().add_node(lambda x=0: {"result": x + 1}, "a").add_node(lambda x: {"result": x}, "b")
    )
    cycle = (
        builder.create_cycle("count").connect("a", "b", {"result": "x"}).connect("b", "a", {"result": "x"})
    )
    cycle.max_iterations(3).build()
    assert builder.build().run() == {"result": 3}


# Cycles.


def test_ten_iterations_until_the_switch_lets_go():
    dag = counting().build()
    dag.create_cycle("increment").connect("check", "processor", {"false_output": "input"}).max_iterations(
        20
    ).build()
    assert (dag.run(), dag["sink"]) == ({"final": 10}, {"final": 10})
    result = dag.context.metadata["cycles"]["increment"]
    assert (result.total_iterations, result.reason, result.converged) == (10, "exit", True)


def test_a_limit_skips_what_is_behind_the_switch():
    dag = counting().build()
    cycle = dag.create_cycle("increment").connect("check", "processor", {"false_output": "input"})
    cycle.max_iterations(5).on_limit("return").build()
    dag.run()
    result = dag.context.metadata["cycles"]["increment"]
    assert (result.total_iterations, result.reason, result.converged) == (5, "max_iterations", False)
    assert (dag["processor"], result.outputs["processor"]) == ({"value": 5}, {"value": 5})
    assert result.skipped == {"sink": "branch 'true_output' of 'check' was not taken"}


def test_a_connection_may_feed_back_in_a_cycle():
    builder = counting().add_connection("check", "false_output", "processor", "input", cycle="increment")
    builder.create_cycle("increment").max_iterations(20).build()
    assert builder.build().run() == {"final": 10}


def test_a_cycle_is_built_from_what_was_asked_for_before():
    builder = WorkflowBuilder().add_node(processor).add_connection("source", "result", "target", "input")
    with pytest.raises(UnknownNodeError, match="unknown node 'source'"):
        builder.create_cycle("x").max_iterations(2).build()


def test_the_builder_shows_what_it_has_drawn():
    builder = counting().add_connection("check", "false_output", "processor", "input", cycle="increment")
    assert builder.has_cycles()
    assert builder.graph.edges(data=True) == builder.build().graph.edges(data=True)
    assert builder.get_cycle_groups() == builder.build().get_cycle_groups()
    assert len(builder.execution_stages()) == 3
    assert repr(builder) == "<WorkflowBuilder 'counting', 4 nodes>"


def test_building_may_be_repeated():
    builder = counting()
    dag = builder.build()
    assert builder.build() is dag
    assert len(dag.connections) == 3
    builder.add_node(scaled, "s", {"x": 1}).build()
    assert "s" in dag
