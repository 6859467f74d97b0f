"""Saving and loading as the user calls it: formats, files, and that what comes back is the same."""

import contextlib
import copy
import functools
import operator
import subprocess
import sys
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fast_dag import DAG, Context, FastDAGError, UnknownOptionError
from fast_dag.errors import DocumentError
from fast_dag.workflow.functions import FunctionRegistry
from tests.properties.strategies import build, graphs
from tests.workflow.stored_flows import chain, flow, increment, registry

FORMATS = ("json", "yaml", "msgpack")
FUNCTIONS = registry()
DOCUMENT = flow().to_dict()
TEXT = flow().to_json()
NASTY = (
    None,
    True,
    0,
    -1,
    10**30,
    1e308,
    float("nan"),
    "",
    "load",
    "x" * 50,
    [],
    [[]],
    {},
    {"a": 1},
    {1: 2},
    b"x",
)


def places(value, path=()):
    """The way to everything in a document."""
    yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, key))


def part_of(document):
    """What stands in a document at a place."""
    return lambda place: functools.reduce(operator.getitem, place, document)


PLACES = [path for path in places(DOCUMENT) if path]


def loads_or_is_refused(load, content):
    """Nothing but these two may happen, and nothing may be imported."""
    modules = set(sys.modules)
    with contextlib.suppress(DocumentError):
        assert isinstance(load(content, registry=FUNCTIONS), DAG)
    assert set(sys.modules) == modules


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_written_is_read(format):
    content = getattr(flow(), f"to_{format}")()
    assert getattr(DAG, f"from_{format}")(content, registry=FUNCTIONS).to_dict() == DOCUMENT


@pytest.mark.parametrize("name", ["flow.json", "flow.yaml", "flow.yml", "flow.msgpack"])
def test_what_was_saved_is_loaded(tmp_path, name):
    flow().save(tmp_path / name)
    made = DAG.load(str(tmp_path / name), registry=FUNCTIONS)
    assert made.to_dict() == DOCUMENT
    assert [made.run(path="abc", limit=limit) for limit in (0, 2, 4)] == [
        flow().run(path="abc", limit=limit) for limit in (0, 2, 4)
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_a_writer_with_a_path_gives_the_data_too(tmp_path, format):
    content = getattr(flow(), f"to_{format}")(tmp_path / "flow")
    written = (tmp_path / "flow").read_bytes()
    assert written == (content if isinstance(content, bytes) else content.encode())
    assert DAG.load(tmp_path / "flow", format=format, registry=FUNCTIONS).to_dict() == DOCUMENT


def test_a_given_format_counts_more_than_the_suffix(tmp_path):
    flow().save(tmp_path / "flow.json", "yaml")
    assert (tmp_path / "flow.json").read_text().startswith("format: fast-dag\nversion: 1\n")


def test_all_writers_use_the_names_of_a_registry(tmp_path):
    functions = FunctionRegistry()
    functions.register(lambda x: x + 1, name="plus")
    dag = DAG("flow").add_node("f", functions["plus"])
    dag.save(tmp_path / "a.json", registry=functions)
    texts = [
        dag.to_json(registry=functions),
        dag.to_yaml(registry=functions),
        (tmp_path / "a.json").read_text(),
    ]
    assert all("plus" in text for text in texts)
    assert b"plus" in dag.to_msgpack(registry=functions)
    assert DAG.load(tmp_path / "a.json", registry={"plus": increment}).run(x=1) == 2


@pytest.mark.parametrize("call", [lambda path: flow().save(path), lambda path: DAG.load(path, registry={})])
def test_an_unknown_suffix_is_refused(tmp_path, call):
    with pytest.raises(ValueError, match="cannot tell the format of"):
        call(tmp_path / "flow.txt")


def test_a_file_that_is_absent_is_told_as_that(tmp_path):
    with pytest.raises(FileNotFoundError):
        DAG.load(tmp_path / "flow.json", registry={})


def test_a_workflow_that_cannot_be_stored_touches_no_file(tmp_path):
    (tmp_path / "flow.json").write_text("old")
    with pytest.raises(DocumentError):
        DAG("flow").add_node("f", lambda x: x).save(tmp_path / "flow.json")
    assert (tmp_path / "flow.json").read_text() == "old"


@pytest.mark.parametrize("call", ["to_dict", "to_json", "save", "from_dict", "load"])
def test_an_unknown_keyword_is_refused(call):
    with pytest.raises(UnknownOptionError, match="did you mean 'registry'"):
        getattr(flow(), call)(registri={})


def test_results_and_observers_are_not_stored():
    dag = flow().add_observer(print)
    dag.remove_observer(print)
    dag.run(path="abc")
    assert dag.to_dict() == DOCUMENT


def test_loading_calls_nothing():
    def forbidden(*arguments, **named):
        raise AssertionError

    functions = dict.fromkeys(FUNCTIONS.list_functions(), lambda *arguments: forbidden())
    with pytest.raises(FastDAGError):  # what they take is not what was stored
        DAG.from_dict(DOCUMENT, registry=functions)


def test_nothing_of_this_is_loaded_before_it_is_used():
    program = (
        "import sys\n"
        "from fast_dag import DAG\n"
        "DAG('flow').add_node('f', lambda: 1).run()\n"
        "names = ['yaml', 'msgspec', *[f'fast_dag.workflow.{name}' for name in\n"
        "         ('writer', 'reader', 'sketch', 'document', 'formats', 'json_text')]]\n"
        "print([name for name in names if name in sys.modules])\n"
        "DAG('flow').to_dict()\n"
        "print([name for name in ('yaml', 'msgspec') if name in sys.modules])\n"
    )
    command = [sys.executable, "-c", program]
    made = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert made.stdout.split() == ["[]", "[]"]


def test_functions_of_the_main_module_may_be_stored():
    program = (
        "from fast_dag import DAG\n"
        "def one():\n"
        "    return 1\n"
        "dag = DAG('flow').add_node(one)\n"
        "print(DAG.from_json(dag.to_json(), registry={'__main__:one': one}).run())\n"
    )
    command = [sys.executable, "-c", program]
    made = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert made.stdout == "1\n"


def test_autowire_comes_back():
    dag = DAG("flow", autowire=True).add_node("x", increment, inputs=["start"]).add_node(increment)
    made = DAG.from_dict(dag.to_dict(), registry=FUNCTIONS)
    assert (made.autowire, made.run(start=1), made.to_dict()) == (True, 3, dag.to_dict())


def test_a_long_chain_is_stored_and_loaded_in_linear_time():
    def seconds(size):
        started = time.process_time()
        assert len(DAG.from_json(chain(size).to_json(), registry=FUNCTIONS)) == size
        return time.process_time() - started

    seconds(100)
    # What is quadratic takes a hundred times as long.
    assert seconds(5_000) < 30 * seconds(500)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_a_random_graph_comes_back_equal_and_runs_the_same(graph):
    calls = Counter()
    dag = build(graph, calls)
    functions = FunctionRegistry()
    for name, node in dag.nodes.items():
        functions.register(node.func, name=name)
    text = dag.to_json(registry=functions)
    made = DAG.from_json(text, registry=functions)
    assert (made.to_json(registry=functions), made.connections) == (text, dag.connections)
    outcomes = []
    for each in (dag, made):
        calls.clear()
        context = Context()
        value = each.run(graph.inputs, context=context, error_strategy="continue")
        outcomes.append((value, context.results, context.metadata["skipped"]))
    assert outcomes[0] == outcomes[1]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(TEXT)))
def test_a_text_that_breaks_off_is_refused(end):
    loads_or_is_refused(DAG.from_json, TEXT[:end])
    loads_or_is_refused(DAG.from_yaml, TEXT[:end])


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_a_text_with_other_bytes_in_it_loads_or_is_refused(chance, times):
    data = bytearray(TEXT.encode())
    for _ in range(times):
        data[chance.randrange(len(data))] = chance.randrange(256)
    loads_or_is_refused(DAG.from_json, bytes(data))


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5), st.sampled_from(["yaml", "msgpack"]))
def test_the_other_formats_load_or_are_refused_too(chance, times, format):
    content = getattr(flow(), f"to_{format}")()
    data = bytearray(content if isinstance(content, bytes) else content.encode())
    for _ in range(times):
        data[chance.randrange(len(data))] = chance.randrange(256)
    loads_or_is_refused(getattr(DAG, f"from_{format}"), bytes(data))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(NASTY) | st.sampled_from(PLACES).map(part_of(DOCUMENT)))
def test_a_document_with_another_value_in_it_loads_or_is_refused(place, value):
    document = copy.deepcopy(DOCUMENT)
    part_of(document)(place[:-1])[place[-1]] = value
    loads_or_is_refused(DAG.from_dict, document)
