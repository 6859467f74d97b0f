"""Documents that are looked at before anything is made of them: wrong types, keys and names."""

import copy
import sys

import pytest

from fast_dag import DAG
from fast_dag.errors import DocumentError
from fast_dag.workflow.functions import FunctionRegistry
from fast_dag.workflow.sketch import EXCEPTIONS, sketches_of
from tests.workflow.stored_flows import LoadError, flow, increment, load, registry, total

FUNCTIONS = registry()
NODE = "workflows.w1.nodes[0]"
ABSENT = object()


def outer():
    """The document of a flow inside another."""
    dag = DAG("outer")
    dag.add_workflow(
        "part", DAG("inner").add_node(total).add_node(increment), inputs=["x"], outputs=["total"]
    )
    return dag.to_dict()


DOCUMENTS = {"flow": flow().to_dict(), "outer": outer()}


def changed(document, path, value):
    """A document of `DOCUMENTS` with another *value* at the *path*, or nothing there."""
    made = copy.deepcopy(DOCUMENTS[document])
    if not path:
        return value
    *way, last = path
    at = made
    for key in way:
        at = at[key]
    if value is ABSENT:
        del at[last]
    else:
        at[last] = value
    return made


def refusal(document):
    """What the error for a document says; nothing may have been imported on the way."""
    modules = set(sys.modules)
    with pytest.raises(DocumentError) as caught:
        DAG.from_dict(document, registry=FUNCTIONS)
    assert set(sys.modules) == modules
    return str(caught.value)


ROOT = [
    ((), None, "the document must be a table, got NoneType"),
    ((), [], "the document must be a table, got list"),
    ((), "text", "the document must be a table, got str"),
    ((), {}, "the document: its format is not 'fast-dag'"),
    (("format",), "json", "the document: its format is not 'fast-dag'"),
    (("format",), ["fast-dag"], "the document: its format is not 'fast-dag'"),
    (("version",), 2, "the document: its version is not 1, the only one this fast_dag reads"),
    (("version",), True, "its version is not 1"),
    (("version",), "1", "its version is not 1"),
    (("version",), None, "its version is not 1"),
    (("version",), ABSENT, "the document: 'version' is missing"),
    (("extra",), 1, "the document: unknown key 'extra'"),
    ((3,), 1, "the document: a key must be a text, got int"),
    (("root",), "w9", "root: there is no workflow 'w9'"),
    (("root",), ["w1"], "the document.root must be a text, got list"),
    (("root",), ABSENT, "the document: 'root' is missing"),
    (("workflows",), [], "workflows must be a table, got list"),
    (("workflows",), {}, "root: there is no workflow 'w1'"),
    (("workflows", 1), {}, "workflows: a key must be a text, got int"),
    (("workflows", "w1"), None, "workflows.w1 must be a table, got NoneType"),
]

W1 = ("workflows", "w1")
WORKFLOW = [
    (("kind",), "fms", "workflows.w1: the kind 'fms' is unknown; known are 'dag'"),
    (("kind",), None, "workflows.w1.kind must be a text, got NoneType"),
    (("kind",), ABSENT, "workflows.w1: 'kind' is missing"),
    (("name",), "", "workflows.w1: a workflow needs a name"),
    (("name",), 3, "workflows.w1.name must be a text, got int"),
    (("description",), 3, "workflows.w1.description must be a text, got int"),
    (("metadata",), [], "workflows.w1.metadata must be a table, got list"),
    (("metadata",), {"a": [0, float("nan")]}, "workflows.w1.metadata.a[1]: nan cannot be stored"),
    (("metadata",), {"a": b"x"}, "workflows.w1.metadata.a: a bytes cannot be stored"),
    (("metadata",), {1: 2}, "workflows.w1.metadata: a key must be a text, got int"),
    (("autowire",), 1, "workflows.w1.autowire must be true or false, got int"),
    (("cache_namespace",), 1, "workflows.w1.cache_namespace must be a text, got int"),
    (("nodez",), [], "workflows.w1: unknown key 'nodez'; did you mean 'nodes'?"),
    (("nodes",), {}, "workflows.w1.nodes must be a list, got dict"),
    (("nodes",), ABSENT, "workflows.w1: 'nodes' is missing"),
    (("edges",), None, "workflows.w1.edges must be a list, got NoneType"),
    (("node_error_handlers",), [], "workflows.w1.node_error_handlers must be a table, got list"),
    (("node_error_handlers",), {"load": 3}, "workflows.w1.node_error_handlers.load must be a text, got int"),
    (("node_error_handlers",), {1: "f"}, "workflows.w1.node_error_handlers: a key must be a text, got int"),
    (("hooks",), [], "workflows.w1.hooks must be a table, got list"),
    (("hooks",), {"all": {}}, "workflows.w1.hooks: unknown key 'all'"),
    (("hooks", "default"), {"pre": "f"}, "workflows.w1.hooks.default: unknown key 'pre'"),
    (
        ("hooks", "default"),
        {"cleanup": None},
        "workflows.w1.hooks.default.cleanup must be a text, got NoneType",
    ),
    (("hooks", "nodes"), {"load": "f"}, "workflows.w1.hooks.nodes.load must be a table, got str"),
]

NODES = [
    ((), None, f"{NODE} must be a table, got NoneType"),
    ((), "load", f"{NODE} must be a table, got str"),
    ((), {}, f"{NODE}: 'function', 'inputs', 'name' is missing"),
    ((), {"workflow": "w1"}, f"{NODE}: 'name' is missing"),
    (("workflow",), "w1", f"{NODE}: unknown key 'function'"),
    (("retry",), 3, f"{NODE}: unknown key 'retry'"),
    (("name",), 3, f"{NODE}.name must be a text, got int"),
    (("name",), "a.b", f"{NODE}: 'a.b' cannot be a node's name"),
    (("function",), None, f"{NODE}.function must be a text, got NoneType"),
    (("function",), ["f"], f"{NODE}.function must be a text, got list"),
    (("node_type",), "fork", f"{NODE}: 'fork' is not a valid NodeType"),
    (("node_type",), [], f"{NODE}.node_type must be a text, got list"),
    (("inputs",), "path", f"{NODE}.inputs must be a list, got str"),
    (("inputs",), ["path", 3], f"{NODE}.inputs[1] must be a text, got int"),
    (("parameters",), ["path"], f"{NODE}: 1 parameters, but 2 inputs"),
    (("outputs",), {"rows": 1}, f"{NODE}.outputs must be a list, got dict"),
    (("description",), None, f"{NODE}.description must be a text, got NoneType"),
    (("metadata",), {"a": {"b": {1}}}, f"{NODE}.metadata.a.b: a set cannot be stored"),
    (("settings",), [], f"{NODE}.settings must be a table, got list"),
    (("settings", "retries"), 3, f"{NODE}.settings: unknown key 'retries'; did you mean 'retry'?"),
    (("settings", "retry"), 0, f"{NODE}.settings.retry: retry must be an integer >= 1, got 0"),
    (("settings", "retry"), "3", f"{NODE}.settings.retry: retry must be an integer"),
    (("settings", "retry"), -(10**5000), f"{NODE}.settings.retry: "),
    (("settings", "retry_delay"), 10**400, f"{NODE}.settings.retry_delay: "),
    (("settings", "retry_delay"), float("nan"), f"{NODE}.settings.retry_delay: retry_delay must be a number"),
    (("settings", "timeout"), 1e999, f"{NODE}.settings.timeout: timeout must be a number of seconds > 0"),
    (("settings", "timeout"), {}, f"{NODE}.settings.timeout: "),
    (("settings", "retry_on"), "builtins:OSError", f"{NODE}.settings.retry_on must be a list, got str"),
    (("settings", "retry_on"), [None], f"{NODE}.settings.retry_on[0] must be a text, got NoneType"),
    (("settings", "cached"), "yes", f"{NODE}.settings.cached: cached must be True or False"),
    (("settings", "cache_backend"), {"a": 1}, f"{NODE}.settings.cache_backend must be a text, got dict"),
    (("settings", "cache_key"), [], f"{NODE}.settings.cache_key: cache_key must be a list"),
    (("settings", "cache_key"), [[1]], f"{NODE}.settings.cache_key: cache_key must be a list"),
    (("settings", "cache_key"), {"call": "f"}, f"{NODE}.settings.cache_key: 'function' is missing"),
    (("settings", "cache_version"), 3, f"{NODE}.settings.cache_version: cache_version must be a string"),
    (
        ("settings", "cache_version"),
        {"function": 1},
        f"{NODE}.settings.cache_version.function must be a text",
    ),
    (("settings", "item_errors"), ["fail"], f"{NODE}.settings.item_errors: item_errors must be one of"),
    (("settings", "stream"), 0, f"{NODE}.settings.stream: stream must be one of"),
    (("settings", "stream"), {}, f"{NODE}.settings.stream: stream must be one of"),
    (("settings", "map"), 3, f"{NODE}.settings.map: map must be the name of an input"),
]

EDGE = "workflows.w1.edges[0]"
EDGES = [
    ((), [], f"{EDGE} must be a table, got list"),
    ((), {}, f"{EDGE}: 'input', 'output', 'source', 'target' is missing"),
    (("source",), 3, f"{EDGE}.source must be a text, got int"),
    (("input",), None, f"{EDGE}.input must be a text, got NoneType"),
    (("optional",), "no", f"{EDGE}.optional must be true or false, got str"),
    (("weight",), 1, f"{EDGE}: unknown key 'weight'"),
]

NESTED = [
    (("workflow",), 3, f"{NODE}.workflow must be a text, got int"),
    (("workflow",), "w3", f"{NODE}.workflow: there is no workflow 'w3'"),
    (("function",), "f", f"{NODE}: unknown key 'function'"),
    (("inputs",), "x", f"{NODE}.inputs must be a list, got str"),
    (("inputs",), [3], f"{NODE}.inputs[0] must be a text, got int"),
    (("inputs",), {"a": 3}, f"{NODE}.inputs.a must be a text, got int"),
    (("inputs",), {3: "x"}, f"{NODE}.inputs: a key must be a text, got int"),
    (("outputs",), None, f"{NODE}.outputs must be a list, got NoneType"),
    (("error_strategy",), None, f"{NODE}.error_strategy must be a text, got NoneType"),
    (("settings",), {"retry": None}, f"{NODE}.settings.retry: "),
]

CASES = [
    *[("flow", *case) for case in ROOT],
    *[("flow", (*W1, *path), *rest) for path, *rest in WORKFLOW],
    *[("flow", (*W1, "nodes", 0, *path), *rest) for path, *rest in NODES],
    *[("flow", (*W1, "edges", 0, *path), *rest) for path, *rest in EDGES],
    *[("outer", (*W1, "nodes", 0, *path), *rest) for path, *rest in NESTED],
]


@pytest.mark.parametrize(("document", "path", "value", "text"), CASES, ids=lambda each: "")
def test_a_malformed_document_is_refused_with_its_place(document, path, value, text):
    assert text in refusal(changed(document, path, value))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_the_malformed_documents_are_made_of_is_right(document):
    assert DAG.from_dict(DOCUMENTS[document], registry=FUNCTIONS).to_dict() == DOCUMENTS[document]


def test_all_absent_names_are_told_at_once():
    document = changed("flow", (*W1, "nodes", 1, "function"), "os:system")
    document["workflows"]["w1"]["nodes"][0]["settings"] |= {
        "retry_on": ["builtins:OSError", "builtins:print", "errors:Mine"],
        "cache_key": {"function": "a:key"},
        "cache_version": {"function": "a:version"},
    }
    document["workflows"]["w1"]["hooks"]["nodes"] = {"load": {"cleanup": "a:hook"}}
    document["workflows"]["w1"]["node_error_handlers"] = {"load": "a:handler", "rank": "a:hook"}
    names = "'builtins:print', 'errors:Mine', 'a:key', 'a:version', 'os:system', 'a:hook', 'a:handler'"
    assert refusal(document) == f"not in the registry: {names}; register functions under these names"


def test_the_names_inside_nested_workflows_are_told_too():
    with pytest.raises(DocumentError, match=r"'tests\.workflow\.stored_flows:total'"):
        DAG.from_dict(DOCUMENTS["outer"], registry={})


def test_a_module_that_nobody_has_imported_stays_so():
    refusal(changed("flow", (*W1, "nodes", 0, "function"), "this:s"))
    assert "this" not in sys.modules


@pytest.mark.parametrize(
    "name", ["builtins:OSError", "builtins:KeyboardInterrupt", "fast_dag.errors:TimeoutError"]
)
def test_exceptions_of_python_and_ours_need_no_registry(name):
    document = changed("flow", (*W1, "nodes", 0, "settings", "retry_on"), [name])
    _, sketches = sketches_of(document, FUNCTIONS)
    assert sketches["w1"].nodes[0].options["retry_on"] == (EXCEPTIONS[name],)


def test_nothing_else_of_python_is_there_without_a_registry():
    assert all(issubclass(each, BaseException) for each in EXCEPTIONS.values())


def test_an_exception_of_the_user_s_own_comes_from_the_registry():
    functions = FunctionRegistry()
    for each in (load, LoadError):
        functions.register(each)
    dag = DAG("flow").add_node(load, retry_on=LoadError)
    assert DAG.from_dict(dag.to_dict(), registry=functions).get_node("load").settings.retry_on == (LoadError,)


def test_a_registered_function_is_no_exception():
    document = changed("flow", (*W1, "nodes", 0, "settings", "retry_on"), [f"{load.__module__}:load"])
    assert refusal(document).startswith(f"{NODE}.settings.retry_on: retry_on must name exception classes")
