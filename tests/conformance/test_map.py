"""One node for each element: what a map takes, what it gives, and in which shape."""

import threading
from array import array
from collections import deque

import anyio
import pytest

from fast_dag import DAG, NO_DATA, ExecutionError
from tests.conformance.modes import raised_by

GIVEN = [3, 1, 2]


class Iterable:
    """Knows its elements by iteration alone."""

    def __iter__(self):
        return iter(GIVEN)


class Sequence:
    """Knows its elements by number alone, as sequences of old do."""

    def __getitem__(self, number):
        return GIVEN[number]


class Array:
    """Like an array of numbers: iterable, of no truth value, equal element by element."""

    def __len__(self):
        return 3

    def __iter__(self):
        return iter(GIVEN)

    def __bool__(self):
        raise ValueError("the truth value of an array is ambiguous")

    def __eq__(self, other):
        raise ValueError("the truth value of an array is ambiguous")

    __hash__ = None


def generated():
    yield from GIVEN


INPUTS = {
    "list": lambda: list(GIVEN),
    "tuple": lambda: tuple(GIVEN),
    "deque": lambda: deque(GIVEN),
    "generator": generated,
    "iterator": lambda: iter(GIVEN),
    "map object": lambda: map(int, "312"),
    "keys": lambda: dict.fromkeys(GIVEN).keys(),
    "values": lambda: dict(enumerate(GIVEN)).values(),
    "iterable": Iterable,
    "sequence": Sequence,
    "array": Array,
    "array of the standard library": lambda: array("i", GIVEN),
    "bytearray": lambda: bytearray(GIVEN),
}


def squares(kind=lambda function: function, **settings):
    """A map node alone."""
    dag = DAG("squares")
    dag.map(kind(lambda item: item * item), name="f", **settings)
    return dag


@pytest.mark.parametrize("form", INPUTS)
def test_the_results_are_a_list_in_the_order_of_the_input(any_mode, kind, form):
    assert any_mode(squares(kind), item=INPUTS[form]()) == [9, 1, 4]


def test_a_range_is_an_input_like_any_other(any_mode):
    assert any_mode(squares(), item=range(4)) == [0, 1, 4, 9]


def test_a_set_gives_one_result_for_each_of_its_elements(any_mode):
    assert sorted(any_mode(squares(), item={1, 2, 3})) == [1, 4, 9]


def test_items_of_a_dict_are_pairs(any_mode):
    dag = DAG("pairs")
    dag.map(lambda pair: pair, name="f")
    assert any_mode(dag, pair={"a": 1}.items()) == [("a", 1)]


@pytest.mark.parametrize("form", ["sync", "async"])
def test_a_stream_of_another_node_is_an_input_like_any_other(any_mode, kind, form):
    dag = squares(kind)
    if form == "sync":
        dag.node(generated, name="source")
    else:

        @dag.node(name="source")
        async def source():
            for number in GIVEN:
                yield number

    dag.connect("source", "f")
    assert any_mode(dag) == [9, 1, 4]


def test_of_nothing_there_is_an_empty_list_without_a_call(any_mode, kind):
    dag, calls = DAG("nothing"), []
    dag.map(kind(calls.append), name="f")
    for nothing in ([], (), set(), range(0), iter(()), {}.keys()):
        assert any_mode(dag, object=nothing) == []
    assert calls == []
    assert dag.context.metrics["map"] == {"f": {"items": 0, "failed": 0}}
    assert (dag.context.metrics["attempts"], dag.context.metrics["node_times"]) == ({"f": 0}, {"f": 0.0})


@pytest.mark.parametrize("value", [5, None, "text", b"bytes", {"a": 1}, object(), int], ids=type)
def test_what_is_no_number_of_elements_is_refused(any_mode, value):
    error = raised_by(any_mode, squares(), item=value)
    assert isinstance(error, ExecutionError)
    assert str(error).startswith(f"'f' maps over 'item', got {type(value).__name__}; ")
    assert error.node_name == "f"


def test_the_order_is_kept_whatever_finishes_first(concurrent_mode):
    dag, last = DAG("backwards"), threading.Event()

    @dag.map
    def f(item):
        if item == "last":
            last.set()
        assert last.wait(5)
        return item

    assert concurrent_mode(dag, item=["first", "last"], max_workers=2) == ["first", "last"]


def test_the_order_of_async_calls_is_kept_whatever_finishes_first(concurrent_mode):
    dag, ended = DAG("backwards"), {}

    @dag.map
    async def f(item):
        if item < 3:
            await ended.setdefault(item + 1, anyio.Event()).wait()
        ended.setdefault(item, anyio.Event()).set()
        return item

    assert concurrent_mode(dag, item=range(4), max_workers=4) == [0, 1, 2, 3]


def test_all_other_inputs_are_the_same_each_time(any_mode, kind):
    dag, seen = DAG("others"), []

    def f(rate, item, /, shift=(), *, flags, **more):
        seen.append((rate, shift, flags, more["extra"]))
        return item

    dag.map(kind(f), over="item")
    given = {"rate": [1], "item": [1, 2, 3], "flags": {"a": 1}, "extra": [2]}
    assert any_mode(dag, given) == [1, 2, 3]
    assert len(seen) == 3
    for rate, shift, flags, extra in seen:
        assert rate is given["rate"]
        assert flags is given["flags"]
        assert extra is given["extra"]
        assert shift == ()


def test_any_input_can_be_the_one_that_is_mapped_over(any_mode, kind):
    def f(first, /, second, *, third, **more):
        return first, second, third, more["fourth"]

    given = {"first": "ab", "second": "ab", "third": "ab", "fourth": "ab"}
    for place, name in enumerate(given):
        dag = DAG("any input")
        dag.node(kind(f), map=name)
        a, b = any_mode(dag, {**given, name: list("xy")})
        assert [a[place], b[place]] == ["x", "y"]
        assert {*a[:place], *a[place + 1 :]} == {"ab"}


def test_a_default_that_nothing_replaces_is_mapped_over(any_mode):
    dag = DAG("default")
    dag.map(lambda item=(1, 2): item + 1, name="f")
    assert any_mode(dag) == [2, 3]


def test_the_context_is_injected_and_never_mapped_over(any_mode, kind):
    dag = DAG("context")
    dag.map(kind(lambda context, item: (context.metadata["user"], item)), name="f")
    dag.node(lambda context: context.metadata.update(user="u"), name="first")
    dag.node(lambda first, items: items, name="items")
    dag.connect("first", "items", input="first")
    dag.connect("items", "f")
    assert any_mode(dag, items=[1, 2]) == [("u", 1), ("u", 2)]


def test_elements_and_results_are_handed_on_as_they_are(any_mode):
    dag, odd = DAG("as they are"), [None, NO_DATA, [], ValueError("no failure"), float("nan")]
    dag.map(lambda item: item, name="f")
    assert all(got is given for got, given in zip(any_mode(dag, item=odd), odd, strict=True))


def test_what_a_node_does_to_the_input_while_it_is_mapped_over_changes_nothing(any_mode):
    for given in ([1, 2, 3], {1, 2, 3}, dict.fromkeys([1, 2, 3]), deque([1, 2, 3])):
        dag = DAG("meanwhile")

        @dag.map(over="item", max_concurrency=1)
        def f(item, given):
            given.clear()
            return item

        elements = given.keys() if isinstance(given, dict) else given
        assert sorted(any_mode(dag, {"item": elements, "given": given})) == [1, 2, 3]


def test_deeper_maps_keep_the_shape(any_mode, kind):
    assert any_mode(squares(kind, depth=2), item=[[1, 2], [], (3,)]) == [[1, 4], [], [9]]
    assert any_mode(squares(kind, depth=3), item=[[[1], []], [], [range(3)]]) == [[[1], []], [], [[0, 1, 4]]]
    assert any_mode(squares(depth=2), item=[]) == []
    assert any_mode(squares(depth=3), item=[[]]) == [[]]


def test_the_levels_of_a_deeper_map_may_be_of_any_kind(any_mode):
    dag = squares(depth=2)

    @dag.node
    def source():
        yield [1, 2]
        yield (number for number in (3,))
        yield Iterable()

    source >> dag.nodes["f"]
    assert any_mode(dag) == [[1, 4], [9], [9, 1, 4]]


def test_elements_as_deep_as_python_cannot_recurse_are_reached(any_mode):
    nested = 2
    for _ in range(2000):
        nested = [nested]
    result = any_mode(squares(depth=2000), item=nested)
    for _ in range(2000):
        (result,) = result
    assert result == 4


@pytest.mark.parametrize("inner", [5, "ab", b"ab", {"a": 1}], ids=repr)
def test_a_level_that_is_no_number_of_elements_is_refused_with_its_place(any_mode, inner):
    calls, dag = [], DAG("levels")
    dag.map(calls.append, name="f", depth=3)
    error = raised_by(any_mode, dag, object=[[[1, 2]], [[], inner]])
    assert isinstance(error, ExecutionError)
    assert error.node_name == "f"
    assert f"goes deeper than what it is given: a {type(inner).__name__} is at [1][1]" in str(error)
    assert calls == [1, 2]


def test_the_list_of_one_map_is_the_input_of_the_next(any_mode, kind):
    dag = squares(kind)
    dag.map(kind(lambda f: -f), name="g")
    dag.node(kind(sum), name="total", inputs=["g"])
    dag.nodes["f"] >> dag.nodes["g"] >> dag.nodes["total"]
    assert any_mode(dag, item=GIVEN) == -14


def test_a_workflow_inside_runs_once_for_each_element(any_mode, kind):
    inner, dag = DAG("inner"), DAG("outer")
    inner.node(kind(lambda x: x + 1), name="a") >> inner.node(kind(lambda a: a * 10), name="b")
    dag.add_dag("sub", inner, map="x")
    assert any_mode(dag, x=[1, 2, 3]) == [20, 30, 40]
    assert dag.context.metrics["map"] == {"sub": {"items": 3, "failed": 0}}


def test_maps_lie_in_workflows_that_are_mapped(any_mode, kind):
    inner, dag = squares(kind), DAG("outer")
    dag.add_dag("sub", inner, map="item")
    assert any_mode(dag, item=[[1, 2], [], [3]]) == [[1, 4], [], [9]]


def test_equal_elements_of_a_cached_map_are_computed_once(any_mode, kind):
    dag, calls = DAG("cached"), []

    @dag.map(cached=True)
    @kind
    def f(item):
        calls.append(item)
        return item * 2

    assert any_mode(dag, item=[1, 2, 1, 1, 2]) == [2, 4, 2, 2, 4]
    assert sorted(calls) == [1, 2]
    metrics = dag.context.metrics
    assert (metrics["cache_hits"], metrics["cache_misses"]) == ({"f": 3}, {"f": 2})


def test_each_stream_that_an_element_gives_is_collected_where_the_node_says_so(any_mode):
    dag = DAG("lists")

    @dag.map(stream="list")
    def f(item):
        yield from range(item)

    assert any_mode(dag, item=[2, 0, 1]) == [[0, 1], [], [0]]


def test_metrics_count_elements_and_their_attempts(any_mode, kind):
    dag = squares(kind)
    any_mode(dag, item=GIVEN)
    metrics = dag.context.metrics
    assert metrics["map"] == {"f": {"items": 3, "failed": 0}}
    assert (metrics["attempts"], metrics["nodes_executed"]) == ({"f": 3}, 1)
    assert metrics["node_times"]["f"] > 0
    assert metrics["execution_order"] == ["f"]


def test_many_elements_are_as_good_as_few(any_mode):
    assert any_mode(squares(), item=range(2000)) == [number * number for number in range(2000)]
