"""Settings that do not fit the node they are of: found before anything runs, with all other problems."""

import functools

import pytest

from fast_dag import DAG, ValidationError
from fast_dag.graph.check import shared_text
from fast_dag.graph.signature import is_generator_function


def load(path, rows=10, context=None):
    return path, rows


def numbers():
    yield 1


async def letters():
    yield "a"


class Numbers:
    def __call__(self):
        yield 1

    def method(self):
        yield 1


def found(dag, kind):
    """The problems of *kind*, as text and nodes."""
    return [(str(problem), problem.nodes) for problem in dag.validate() if problem.kind == kind]


def fan_out(function, *targets, **settings):
    """A node called *source* that feeds each of the *targets*."""
    dag = DAG("fan out")
    source = dag.node(function, name="source", **settings)
    for target in targets:
        source >> dag.node(lambda source: source, name=target)
    return dag


def test_a_cache_key_that_is_no_input_is_a_problem_that_lists_the_inputs():
    dag = DAG("flow").add_node(load, cached=True, cache_key=["path", "row"])
    text = "cache_key of 'load' names 'row', but its inputs are 'path', 'rows'; did you mean 'rows'?"
    assert found(dag, "cache") == [(text, ("load",))]


def test_every_name_of_every_cache_key_is_looked_at():
    dag = DAG("flow").add_node("a", load, cached=True, cache_key=["x", "y"])
    dag.add_node("b", lambda: 1, cached=True, cache_key=["z"])
    with pytest.raises(ValidationError) as caught:
        dag.run(path=1)
    assert len(caught.value.errors) == 3
    assert caught.value.errors[2] == "cache_key of 'b' names 'z', but it has no inputs"


def test_what_the_run_injects_is_no_part_of_a_key():
    dag = DAG("flow").add_node(load, cached=True, cache_key=["context"])
    assert len(found(dag, "cache")) == 1


@pytest.mark.parametrize("key", [None, ["path"], ["path", "rows"], lambda inputs: 1])
def test_a_cache_key_of_inputs_is_no_problem(key):
    assert found(DAG("flow").add_node(load, cached=True, cache_key=key), "cache") == []


def test_a_function_that_takes_any_name_may_have_any_name_in_its_key():
    assert found(DAG("flow").add_node("f", lambda **given: 1, cached=True, cache_key=["x"]), "cache") == []


def test_the_inputs_of_a_nested_workflow_are_looked_at_too():
    dag = DAG("outer")
    dag.add_workflow("sub", DAG("inner").add_node("f", lambda x: x), cached=True, cache_key=["y"])
    assert found(dag, "cache") == [("cache_key of 'sub' names 'y', but its inputs are 'x'", ("sub",))]


def test_a_map_over_what_is_no_input_is_a_problem_that_lists_the_inputs():
    dag = DAG("flow").add_node(load, map="paths")
    text = "'load' maps over 'paths', but its inputs are 'path', 'rows'; did you mean 'path'?"
    assert found(dag, "map") == [(text, ("load",))]


@pytest.mark.parametrize("kind", ["condition", "select", "any", "all"])
def test_a_node_that_chooses_or_joins_cannot_be_a_map(kind):
    dag = DAG("flow")
    getattr(dag, kind)(lambda x: x, name="f", map="x")
    ((text, nodes),) = found(dag, "map")
    assert text.startswith("'f' cannot be a map")
    assert nodes == ("f",)


def test_nothing_runs_where_a_map_is_impossible():
    calls = []
    dag = DAG("flow").add_node("first", lambda: calls.append(1)).add_node("f", load, map="x")
    with pytest.raises(ValidationError, match="maps over 'x'"):
        dag.run(path=1)
    assert calls == []


def test_a_map_over_an_input_is_no_problem():
    assert found(DAG("flow").add_node(load, map="rows"), "map") == []


@pytest.mark.parametrize(
    "function", [numbers, letters, Numbers(), Numbers().method, functools.partial(numbers)]
)
@pytest.mark.parametrize("stream", [None, "once"])
def test_a_generator_function_with_several_consumers_is_a_problem(function, stream):
    text = "'source' is a stream with consumers a, b; use stream='tee' or 'list'"
    assert found(fan_out(function, "a", "b", stream=stream), "stream") == [(text, ("source", "a", "b"))]
    assert shared_text("source", ["a", "b"]) == text


@pytest.mark.parametrize("stream", ["tee", "list", False])
def test_a_stream_that_may_have_several_consumers_is_no_problem(stream):
    assert found(fan_out(numbers, "a", "b", stream=stream), "stream") == []


def test_one_consumer_may_take_a_stream_by_several_edges():
    dag = DAG("flow")
    source = dag.node(numbers)
    both = dag.node(lambda x, y: 1, name="both")
    dag.connect(source, both, input="x").connect(source, both, input="y")
    assert found(dag, "stream") == []


def test_the_list_that_a_map_gives_may_have_several_consumers():
    def repeated(item):
        yield item

    assert found(fan_out(repeated, "a", "b", map="item"), "stream") == []


def test_a_decorator_decides_what_its_function_gives():
    @functools.wraps(numbers)
    def listed():
        return list(numbers())

    assert not is_generator_function(listed)
    dag = fan_out(listed, "a", "b")
    assert found(dag, "stream") == []
    dag.run()
    assert dag["a"] == dag["b"] == [1]
