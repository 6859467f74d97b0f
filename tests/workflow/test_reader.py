"""From a document to a workflow: nodes, edges, nested workflows, and what does not fit together."""

import time

import pytest

from fast_dag import DAG, NodeType
from fast_dag.errors import DocumentError
from fast_dag.workflow.functions import FunctionRegistry
from fast_dag.workflow.reader import workflow_of
from fast_dag.workflow.workflow import Workflow
from fast_dag.workflow.writer import document_of
from tests.workflow import stored_flows
from tests.workflow.stored_flows import flow, increment, joined, levels, note, registry, total

HERE = stored_flows.__name__


class OwnDAG(DAG):
    """A DAG of the user's own."""


class Machine(Workflow):
    """A workflow that is no DAG."""


@pytest.fixture(scope="module")
def functions():
    return registry()


@pytest.fixture
def document():
    """That of a -> b -> many -> d, by its only output and by the whole value; c is inside d"""
    dag = DAG("outer").add_node("a", increment).add_node("b", increment).connect("a", "b")
    dag.add_node("pick", increment, node_type="select", outputs=["left"])
    dag.add_workflow("d", DAG("inner").add_node("c", increment))
    dag.add_node("many", joined, outputs=["result"]).connect("b", "many")
    return dag.connect("many", "d", output="result").connect("many", "d", input="x").to_dict()


def refusal(document, functions):
    with pytest.raises(DocumentError) as caught:
        DAG.from_dict(document, registry=functions)
    return str(caught.value)


def test_a_loaded_workflow_has_the_class_it_was_loaded_by(functions, document):
    assert type(OwnDAG.from_dict(document, registry=functions)) is OwnDAG
    assert type(workflow_of(DAG, document, functions)) is DAG


def test_a_class_of_another_kind_is_refused(functions, document):
    with pytest.raises(DocumentError, match=r"workflows\.w1: of kind 'dag', load it with DAG, not Machine"):
        workflow_of(Machine, document, functions)


def test_a_nested_workflow_is_of_the_class_of_its_kind(functions, document):
    assert type(OwnDAG.from_dict(document, registry=functions).get_nested_workflows()["d"]) is DAG


def test_a_loaded_node_is_as_it_was(functions):
    dag = DAG.from_dict(flow().to_dict(), registry=functions)
    for name, node in flow().nodes.items():
        made = dag.get_node(name)
        assert (made.func, made.node_type, made.options) == (node.func, node.node_type, node.options)


def test_loaded_edges_are_as_they_were(functions):
    dag = DAG.from_dict(flow().to_dict(), registry=functions)
    assert (dag.connections, dag.drawing.edges) == (flow().connections, flow().drawing.edges)
    assert (dag.drawing.incoming, dag.drawing.outgoing) == (flow().drawing.incoming, flow().drawing.outgoing)


def test_loaded_handlers_and_hooks_are_as_they_were(functions):
    dag = DAG.from_dict(flow().to_dict(), registry=functions)
    assert (dag.node_error_handlers, dag.hooks) == (flow().node_error_handlers, flow().hooks)


def test_a_node_in_the_registry_gives_its_function():
    made = DAG("made")
    node = made.node(increment)
    dag = DAG.from_dict(DAG("flow").add_node("a", increment).to_dict(), registry={f"{HERE}:increment": node})
    assert dag.run(x=2) == 3


def test_every_node_type_comes_back(functions):
    types = [each for each in NodeType if each not in (NodeType.DAG, NodeType.FSM)]
    dag = DAG("flow")
    for each in types:
        dag.add_node(each.value, total, node_type=each)
    made = DAG.from_dict(dag.to_dict(), registry=functions)
    assert [node.node_type for node in made.nodes.values()] == types


# Functions that are no longer what they were


def stored(function, **options):
    """The document of one node, and a way to load it with another function."""
    document = document_of(DAG("flow").add_node("f", function, **options), {"f": function})
    return lambda other: DAG.from_dict(document, registry={"f": other})


def test_parameters_may_have_changed_places():
    load = stored(lambda a, b: (a, b), inputs=["x", "b"])
    dag = load(lambda b, a: (a, b))
    assert (dag.get_node("f").inputs, dag.run(x=1, b=2)) == (("b", "x"), (1, 2))


def test_there_may_be_more_parameters_than_there_were():
    load = stored(lambda a, b: (a, b), inputs=["x", "b"])
    assert load(lambda a, b, c=3: (a, b, c)).run(x=1, b=2) == (1, 2, 3)
    assert load(lambda c=3, a=0, b=0: (a, b, c)).run(x=1, b=2) == (1, 2, 3)


def test_a_parameter_that_is_gone_is_an_error():
    load = stored(lambda a, b: (a, b))
    with pytest.raises(
        DocumentError, match=r"nodes\[0\]: the function takes a, c, not a, b as it did when it"
    ):
        load(lambda a, c: (a, c))
    with pytest.raises(DocumentError, match=r"nodes\[0\]: signature mismatch"):
        load(lambda a: a)


@pytest.mark.parametrize("function", [lambda *parts: parts, max, lambda **named: named])
def test_a_function_that_does_not_say_what_it_takes_comes_back(function):
    dag = DAG("flow").add_node("f", function, inputs=[] if function.__name__ == "<lambda>" else ["x", "y"])
    made = DAG.from_dict(document_of(dag, {"f": function}), registry={"f": function})
    assert made.get_node("f").signature == dag.get_node("f").signature


def test_something_that_is_no_function_any_more_is_an_error():
    load = stored(lambda a: a)
    with pytest.raises(
        DocumentError, match=r"nodes\[0\]: cannot tell which function 'wrapper' wraps|signature"
    ):
        load(type("Odd", (), {"__call__": lambda self: 1})())


# What does not fit together

W1 = ("workflows", "w1")


@pytest.mark.parametrize(
    ("edge", "text"),
    [
        ({"source": "z"}, "no node 'z' in 'outer'"),
        ({"target": "z"}, "no node 'z' in 'outer'"),
        ({"input": "z"}, "'z' of 'b' is no input; inputs: x"),
        ({"source": "pick", "output": "result"}, "'pick' has no branch 'result'"),
        ({"source": "pick", "output": "right"}, "'pick' has no branch 'right'; it has left"),
        ({"source": "many", "output": "other"}, "'many' has no output 'other'; it has result"),
        ({"target": "d", "input": "z"}, "'z' of 'd' is no input"),
    ],
)
def test_an_edge_that_does_not_fit_is_refused(document, functions, edge, text):
    document["workflows"]["w1"]["edges"][0] |= edge
    assert refusal(document, functions).startswith(f"workflows.w1.edges[0]: {text}")


def test_an_edge_that_stands_twice_is_refused(document, functions):
    document["workflows"]["w1"]["edges"].insert(0, document["workflows"]["w1"]["edges"][0])
    assert refusal(document, functions) == "workflows.w1.edges[1]: the edge a.result -> b.x stands twice"


def test_the_other_spelling_of_a_branch_is_read(functions):
    dag = DAG("flow").add_node("a", increment, node_type="conditional").add_node("b", increment)
    document = dag.connect("a", "b", output="true").to_dict()
    document["workflows"]["w1"]["edges"][0]["output"] = "on_true"
    assert DAG.from_dict(document, registry=functions).connections == dag.connections


def test_a_node_that_stands_twice_is_refused(document, functions):
    nodes = document["workflows"]["w1"]["nodes"]
    nodes.append(nodes[0])
    assert refusal(document, functions).startswith(
        "workflows.w1.nodes[5]: node 'a' already exists in 'outer'"
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("node_error_handlers", {"z": f"{HERE}:note"}),
        ("hooks", {"nodes": {"z": {"cleanup": f"{HERE}:note"}}}),
    ],
)
def test_a_handler_of_no_node_is_refused(document, functions, key, value):
    document["workflows"]["w1"][key] = value
    assert refusal(document, functions).startswith("workflows.w1: no node 'z' in 'outer' (nodes: ")


def test_a_hook_that_cannot_be_called_so_is_refused(document, functions):
    document["workflows"]["w1"]["hooks"] = {"default": {"on_error": f"{HERE}:increment"}}
    assert "on_error must take (node, inputs, error[, context])" in refusal(document, functions)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({"inputs": ["z"]}, "'inner' has no open input 'z'"),
        ({"inputs": {"a": "z"}}, "'inner' has no open input 'z'"),
        ({"outputs": ["z"]}, "no node 'z' in 'inner'"),
        ({"error_strategy": "hope"}, "no error strategy 'hope'"),
        ({"name": "a"}, "node 'a' already exists"),
        ({"name": "a.b"}, "'a.b' cannot be a node's name"),
    ],
)
def test_a_nested_workflow_that_does_not_fit_is_refused(document, functions, node, text):
    document["workflows"]["w1"]["nodes"][3] |= node
    assert refusal(document, functions).startswith(f"workflows.w1.nodes[3]: {text}")


def test_a_workflow_that_contains_itself_is_refused(document, functions):
    document["workflows"]["w2"]["nodes"] = [{"name": "d", "workflow": "w1"}]
    text = "workflows.w1: it contains itself: w1 -> w2 -> w1"
    assert refusal(document, functions) == text


def test_a_workflow_that_nothing_refers_to_is_refused(document, functions):
    document["workflows"]["w3"] = document["workflows"]["w2"]
    assert refusal(document, functions) == "workflows.w3: no node refers to it"


# Nested workflows


def test_one_workflow_in_two_places_is_one_again(functions):
    inner, dag = DAG("inner").add_node(increment), DAG("outer")
    for name in "ab":
        dag.add_workflow(name, inner)
    made = DAG.from_dict(dag.to_dict(), registry=functions).get_nested_workflows()
    assert made["a"] is made["b"]


def test_a_nested_workflow_is_held_as_it_was(functions):
    inner, dag = DAG("inner").add_node(total).add_node(increment), DAG("outer")
    how = {"outputs": ["total"], "description": "d", "metadata": {"a": 1}, "error_strategy": "continue"}
    dag.add_workflow("part", inner, inputs={"numbers": "rows"}, **how, retry=2, map="numbers")
    dag.add_workflow("other", DAG("other").add_node(increment), inputs=["x"])
    dag.add_node("end", increment).connect("other", "end")
    made = DAG.from_dict(dag.to_dict(), registry=functions)
    assert made.to_dict() == dag.to_dict()
    assert made.get_node("part").inputs == ("numbers",)
    assert made.run(numbers=[[1, 2]], x=4) == dag.run(numbers=[[1, 2]], x=4)


def test_workflows_may_be_nested_as_deep_as_one_likes(functions):
    started = time.perf_counter()
    document = levels(2000).to_dict()
    made = DAG.from_dict(document, registry=functions)
    assert made.to_dict() == document
    assert time.perf_counter() - started < 10


def test_workflows_that_multiply_are_loaded_once_each(functions):
    dag = DAG("w").add_node(increment)
    for _ in range(60):
        inner, dag = dag, DAG("w")
        dag.add_workflow("a", inner)
        dag.add_workflow("b", inner)
    assert DAG.from_dict(dag.to_dict(), registry=functions).to_dict() == dag.to_dict()


def test_a_registry_of_one_s_own_names_is_used_on_both_sides():
    functions = FunctionRegistry()
    functions.register(lambda x: x + 1, name="plus one")
    dag = DAG("flow").add_node("f", functions["plus one"]).set_default_hooks(cleanup=note)
    functions.register(note, name="note")
    assert DAG.from_dict(dag.to_dict(registry=functions), registry=functions).run(x=1) == 2
