"""From a workflow to its document: what is stored, under which names, and what cannot be."""

import functools
import json

import pytest

from fast_dag import DAG
from fast_dag.errors import DocumentError
from fast_dag.workflow.functions import FunctionRegistry
from fast_dag.workflow.workflow import Workflow
from fast_dag.workflow.writer import document_of
from tests.workflow import stored_flows
from tests.workflow.stored_flows import flow, increment, levels, total

HERE = stored_flows.__name__


def local():
    class LocalError(Exception):
        pass

    def function(x):
        return x

    return function, LocalError


def only(dag, registry=None):
    """The table of the only workflow in a document."""
    (entry,) = document_of(dag, registry)["workflows"].values()
    return entry


def node(dag, name, registry=None):
    (found,) = (each for each in only(dag, registry)["nodes"] if each["name"] == name)
    return found


def test_a_document_is_json():
    made = document_of(flow())
    assert json.loads(json.dumps(made)) == made


def test_a_document_says_what_it_is():
    made = document_of(DAG("empty"))
    assert made == {
        "format": "fast-dag",
        "version": 1,
        "root": "w1",
        "workflows": {"w1": {"kind": "dag", "name": "empty", "nodes": [], "edges": []}},
    }


def test_what_has_its_default_is_left_out():
    assert only(DAG("one").add_node(increment)) == {
        "kind": "dag",
        "name": "one",
        "nodes": [{"name": "increment", "function": f"{HERE}:increment", "inputs": ["x"]}],
        "edges": [],
    }


def test_a_workflow_keeps_what_its_user_says_about_it():
    dag = DAG("flow", description="d", metadata={"a": (1,)}, autowire=True, cache_namespace="shared")
    described = {"description": "d", "metadata": {"a": [1]}, "autowire": True, "cache_namespace": "shared"}
    assert only(dag).items() >= described.items()


def test_nodes_stand_in_the_order_of_insertion():
    assert [each["name"] for each in only(flow())["nodes"]] == list(flow())


def test_a_node_keeps_its_ports_and_description():
    assert node(flow(), "load") == {
        "name": "load",
        "function": f"{HERE}:load",
        "inputs": ["path", "limit"],
        "outputs": ["rows", "path"],
        "description": "Read the rows.",
        "settings": {"retry": 3, "retry_on": ["builtins:OSError", f"{HERE}:LoadError"]},
    }


def test_renamed_inputs_are_stored_with_the_names_of_the_parameters():
    found = node(flow(), "short")
    assert (found["inputs"], found["parameters"]) == (["few"], ["rows"])


def test_settings_name_their_functions():
    assert node(flow(), "long")["settings"] == {
        "timeout": 5,
        "cached": True,
        "cache_ttl": 9.5,
        "cache_key": {"function": f"{HERE}:key_of"},
        "cache_version": {"function": f"{HERE}:version"},
    }
    assert node(flow(), "none")["settings"] == {"cached": True, "cache_key": ["rows"], "cache_version": "1"}


def test_settings_of_map_and_stream_are_stored():
    mapped = {"map": "x", "depth": 2, "max_concurrency": 4, "item_errors": "skip", "stream": "list"}
    for settings in (mapped, {"stream": "tee", "stream_buffer": 9}, {"stream": False}):
        dag = DAG("flow").add_node(increment, **settings)
        assert node(dag, "increment")["settings"] == settings


def test_edges_stand_in_the_order_of_connecting():
    edges = only(flow())["edges"]
    assert edges[0] == {"source": "load", "output": "rows", "target": "has_rows", "input": "rows"}
    assert edges[-1]["optional"]
    assert [tuple(edge.values())[:4] for edge in edges] == [tuple(edge) for edge in flow().connections]


def test_handlers_and_hooks_go_by_name():
    entry = only(flow())
    assert entry["node_error_handlers"] == {"long": f"{HERE}:mend"}
    assert entry["hooks"] == {
        "default": {"pre_execute": f"{HERE}:note"},
        "nodes": {"load": {"on_error": f"{HERE}:note", "cleanup": f"{HERE}:note"}},
    }


def test_the_name_in_the_registry_counts_most():
    registry = FunctionRegistry()
    registry.register(increment, name="plus one")
    assert node(DAG("flow").add_node(increment), "increment", registry)["function"] == "plus one"
    assert node(DAG("flow").add_node(increment), "increment", {"add": increment})["function"] == "add"


@pytest.mark.parametrize(
    "function", [lambda x: x, local()[0], functools.partial(increment, 1), [].append, DAG("d").run]
)
def test_a_registered_function_needs_no_name_of_its_own(function):
    dag = DAG("flow").add_node("f", function)
    assert node(dag, "f", {"mine": function})["function"] == "mine"


def test_all_functions_without_a_name_are_told_at_once():
    function, error = local()
    settings = {"retry_on": error, "cached": True, "cache_version": lambda: "1"}
    dag = flow().add_node("a", lambda x: x).add_node("b", function, **settings)
    dag.set_node_error_handler("a", lambda node, inputs, error: 1)
    dag.set_node_hooks("b", cleanup=lambda node: None).set_default_hooks(post_execute=lambda *arguments: None)
    with pytest.raises(DocumentError) as caught:
        document_of(dag)
    assert str(caught.value) == (
        "'flow' cannot be stored: not registered, and without an importable name: node 'a' in 'flow', "
        "node 'b' in 'flow', LocalError in retry_on of node 'b' in 'flow', "
        "cache_version of node 'b' in 'flow', post_execute of all nodes in 'flow', "
        "cleanup of node 'b' in 'flow', the error handler of node 'a' in 'flow'; "
        "register them, FunctionRegistry().register(function, name='...'), and give registry="
    )


def test_a_backend_without_a_name_is_refused_with_the_node():
    class Backend:
        """As much of a backend as a setting looks at."""

    dag = DAG("flow").add_node(increment, cached=True, cache_backend=Backend())
    with pytest.raises(DocumentError, match="cache_backend of node 'increment' in 'flow' is no name"):
        document_of(dag)


def test_metadata_that_is_not_plain_is_refused_with_its_place():
    dag = DAG("flow", metadata={"a": {"b": [{1}]}}).add_node(increment, metadata={"c": object})
    with pytest.raises(DocumentError) as caught:
        document_of(dag)
    assert str(caught.value) == (
        "'flow' cannot be stored: the metadata of 'flow'.a.b[0]: a set cannot be stored: keep texts, finite "
        "numbers, lists and dicts; the metadata of node 'increment' in 'flow'.c: a type cannot be stored: "
        "keep texts, finite numbers, lists and dicts"
    )


def test_nested_workflows_stand_side_by_side():
    made = document_of(levels(2))
    assert [entry["name"] for entry in made["workflows"].values()] == ["level 2", "level 1", "level 0"]
    assert made["workflows"]["w1"]["nodes"] == [{"name": "inner", "workflow": "w2"}]


def test_a_nested_workflow_keeps_how_it_is_held():
    inner, dag = DAG("inner").add_node(total).add_node(increment), DAG("outer")
    dag.add_workflow(
        "part",
        inner,
        inputs={"numbers": "rows"},
        outputs=["total", "increment"],
        description="A part.",
        metadata={"a": 1},
        error_strategy="continue",
        retry=2,
    )
    dag.add_workflow("other", inner, inputs=["rows"])
    part, other = document_of(dag)["workflows"]["w1"]["nodes"]
    assert part == {
        "name": "part",
        "workflow": "w2",
        "inputs": {"numbers": "rows"},
        "outputs": ["total", "increment"],
        "error_strategy": "continue",
        "description": "A part.",
        "metadata": {"a": 1},
        "settings": {"retry": 2},
    }
    assert other == {"name": "other", "workflow": "w2", "inputs": ["rows"]}


def test_a_workflow_that_stands_in_two_places_is_stored_once():
    inner, dag = DAG("inner").add_node(increment), DAG("outer")
    dag.add_workflow("a", inner)
    dag.add_workflow("b", inner)
    assert len(document_of(dag)["workflows"]) == 2


def test_a_function_without_a_name_inside_is_told_with_its_workflow():
    dag = DAG("outer")
    dag.add_workflow("part", DAG("inner").add_node("f", lambda x: x))
    with pytest.raises(DocumentError, match=r"'outer' cannot be stored: .* node 'f' in 'inner'"):
        document_of(dag)


def test_a_workflow_of_no_kind_is_refused():
    class Machine(Workflow):
        """A workflow that is no DAG."""

    with pytest.raises(DocumentError, match="'m' is of no kind that can be stored"):
        document_of(Machine("m"))
