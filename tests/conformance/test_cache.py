"""Cached nodes: what is a hit, what is a miss, and what happens around both."""

import pytest

from fast_dag import DAG, NO_DATA, CacheError, Context, MemoryCache, Replace, SelectReturn
from tests.conformance.modes import raised_by
from tests.stores.backends import Clock


class Counted(DAG):
    """A workflow that counts the calls of the nodes made with `doubling`."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.calls = []

    def doubling(self, kind=lambda function: function, **settings):
        def double(x):
            self.calls.append(x)
            return x * 2

        return self.cached_node(kind(double), **settings)


def events_of(mode, dag, **inputs):
    """The kinds of the events about nodes, and whether they say that they are from a cache."""
    events = []
    mode(dag, observers=[events.append], **inputs)
    return [(event.kind, getattr(event, "cached", None)) for event in events if event.kind.startswith("node")]


def test_the_second_run_does_not_call(any_mode, kind):
    dag = Counted("twice")
    dag.doubling(kind)
    assert [any_mode(dag, x=4), any_mode(dag, x=4)] == [8, 8]
    assert dag.calls == [4]


def test_values_that_are_equal_but_of_other_types_are_other_calls(any_mode):
    dag = Counted("typed")
    dag.doubling()
    for x in [1, 1.0, True, "1", (1,), [1]] * 2:
        any_mode(dag, x=x)
    assert [repr(x) for x in dag.calls] == ["1", "1.0", "True", "'1'", "(1,)", "[1]"]


def test_none_is_a_hit(any_mode, kind):
    dag, calls = Counted("nothing"), []
    dag.cached_node(kind(lambda: calls.append(1)), name="nothing")
    assert [any_mode(dag), any_mode(dag)] == [None, None]
    assert len(calls) == 1


def test_a_node_without_data_has_none_from_the_cache_either(any_mode):
    dag, calls = Counted("no data"), []
    quiet = dag.cached_node(lambda: calls.append(1) or NO_DATA, name="quiet", copy=True)
    quiet >> dag.node(lambda quiet: quiet, name="after")
    for _ in range(2):
        any_mode(dag)
        assert dag.context.metadata["skipped"] == {"after": "'quiet' gave no data"}
    assert len(calls) == 1


def test_names_in_cache_key_are_all_that_counts(any_mode):
    dag, calls = Counted("chosen"), []

    @dag.cached_node(cache_key=["user"])
    def fetch(user, data):
        calls.append(data)
        return data

    assert [any_mode(dag, user=1, data=d) for d in "ab"] == ["a", "a"]
    assert any_mode(dag, user=2, data="c") == "c"
    assert calls == ["a", "c"]


def test_a_function_as_cache_key_is_given_the_inputs_by_name(any_mode):
    dag = Counted("rounded")
    dag.doubling(cache_key=lambda inputs: round(inputs["x"]))
    assert [any_mode(dag, x=x) for x in (1.1, 0.9, 2.2)] == [2.2, 2.2, 4.4]


def test_a_result_is_good_for_its_time_to_live(any_mode):
    clock = Clock()
    dag = Counted("ageing")
    dag.doubling(backend=MemoryCache(timer=clock), ttl=10)
    for later in (0, 9, 2, 9):
        clock.now += later
        any_mode(dag, x=1)
    assert dag.calls == [1, 1]


def test_another_version_is_a_miss(any_mode):
    dag, version = Counted("versions"), ["1"]
    dag.doubling(version=lambda: version[0])
    for version[0] in "1121":
        any_mode(dag, x=1)
    assert len(dag.calls) == 2


def test_what_the_run_injects_does_not_count(any_mode):
    dag, calls = Counted("injected"), []

    @dag.cached_node
    def first(x, context):
        calls.append(context)
        return x

    any_mode(dag, x=1, context=Context(metadata={"run": 1}))
    any_mode(dag, x=1, context=Context(metadata={"run": 2}))
    assert len(calls) == 1


def test_hits_and_misses_are_counted_for_each_cached_node_and_in_sum(any_mode):
    dag = Counted("counted")
    dag.doubling() >> dag.cached_node(lambda double: -double, name="negative", cache_key=lambda inputs: 0)
    dag.node(lambda x: x, name="plain")
    any_mode(dag, x=1)
    any_mode(dag, x=2)
    metrics = dag.context.metrics
    assert metrics["cache_hits"] == {"double": 0, "negative": 1}
    assert metrics["cache_misses"] == {"double": 1, "negative": 0}
    assert metrics["attempts"] == {"double": 1, "negative": 0, "plain": 1}
    summed = dag.get_metrics()
    assert (summed["cache_hits"], summed["cache_misses"]) == (1, 1)


def test_a_hit_starts_once_and_finishes_from_the_cache(any_mode, kind):
    dag = Counted("told")
    dag.doubling(kind, retry=3)
    assert events_of(any_mode, dag, x=1) == [("node_started", None), ("node_finished", False)]
    assert events_of(any_mode, dag, x=1) == [("node_started", None), ("node_finished", True)]


def test_the_progress_callback_hears_of_a_hit_as_cached(any_mode):
    dag, heard = Counted("heard"), []
    dag.doubling()
    for _ in range(2):
        any_mode(dag, x=1, progress=lambda *told: heard.append(told))
    assert heard[1::2] == [("double", "completed", 1.0), ("double", "cached", 1.0)]


def test_post_hooks_see_every_hit_and_what_they_make_of_it_is_not_stored(any_mode):
    dag, seen = Counted("after"), []
    dag.doubling()

    def add_one(node, inputs, result):
        seen.append(result)
        return Replace(result + 1)

    dag.set_node_hooks("double", post_execute=add_one)
    assert [any_mode(dag, x=1), any_mode(dag, x=1)] == [3, 3]
    assert seen == [2, 2]


def test_pre_hooks_come_before_the_look_up(any_mode):
    dag = Counted("before")
    dag.doubling()
    dag.set_node_hooks("double", pre_execute=lambda node, inputs: {"x": abs(inputs["x"])})
    assert [any_mode(dag, x=1), any_mode(dag, x=-1)] == [2, 2]
    assert dag.calls == [1]


def test_cleanup_hooks_run_on_hits(any_mode):
    dag, cleaned = Counted("cleaned"), []
    dag.doubling()
    dag.set_node_hooks("double", cleanup=lambda node: cleaned.append(node.name))
    any_mode(dag, x=1)
    any_mode(dag, x=1)
    assert cleaned == ["double", "double"]


def test_a_failure_is_not_stored(any_mode, kind):
    dag, calls = Counted("failing"), []

    def flaky():
        calls.append(1)
        if len(calls) == 1:
            raise OSError
        return "fine"

    dag.cached_node(kind(flaky))
    assert isinstance(raised_by(any_mode, dag), OSError)
    assert [any_mode(dag), any_mode(dag)] == ["fine", "fine"]
    assert len(calls) == 2


def test_retries_are_part_of_one_miss(any_mode, kind):
    dag, calls = Counted("retried"), []

    def flaky():
        calls.append(1)
        if len(calls) < 3:
            raise OSError
        return "fine"

    dag.cached_node(kind(flaky), retry=3)
    assert any_mode(dag) == "fine"
    assert dag.context.metrics["cache_misses"] == {"flaky": 1}
    assert dag.context.metrics["attempts"] == {"flaky": 3}


def test_the_answer_of_an_error_handler_is_not_stored(any_mode):
    dag, calls = Counted("handled"), []

    @dag.cached_node
    def broken():
        calls.append(1)
        raise OSError

    dag.set_node_error_handler("broken", lambda node, inputs, error: "instead")
    assert [any_mode(dag), any_mode(dag)] == ["instead", "instead"]
    assert len(calls) == 2


def test_a_stored_value_is_handed_out_as_it_is(any_mode):
    dag = Counted("shared")
    dag.cached_node(list, name="items")
    any_mode(dag).append("changed")
    assert any_mode(dag) == ["changed"]


def test_a_copy_of_a_stored_value_cannot_change_it(any_mode):
    dag = Counted("copied")
    dag.cached_node(list, name="items", copy=True)
    for _ in range(3):
        items = any_mode(dag)
        assert items == []
        items.append("changed")


def test_a_cached_condition_takes_the_same_branch_again(any_mode):
    dag, calls = Counted("routed"), []
    is_even = dag.condition(lambda x: calls.append(x) or x % 2 == 0, name="is_even", cached=True)
    is_even.on_true >> dag.node(lambda is_even: "even", name="even")
    is_even.on_false >> dag.node(lambda is_even: "odd", name="odd")
    for x, taken in [(2, "true"), (3, "false")] * 2:
        any_mode(dag, x=x)
        assert dag.context.branches == {"is_even": taken}
    assert calls == [2, 3]


def test_a_cached_select_passes_its_value_on_again(any_mode):
    dag, calls = Counted("selected"), []
    pick = dag.select(lambda x: calls.append(x) or SelectReturn("a", x + 1), name="pick", cached=True)
    pick.branches["a"] >> dag.node(lambda pick: pick * 10, name="a")
    assert [any_mode(dag, x=1), any_mode(dag, x=1)] == [20, 20]
    assert calls == [1]


def test_a_map_is_cached_element_by_element(any_mode, kind):
    dag, calls = Counted("mapped"), []

    def square(item):
        calls.append(item)
        return item * item

    dag.map(kind(square), cached=True)
    assert any_mode(dag, item=[1, 2, 3]) == [1, 4, 9]
    assert any_mode(dag, item=[4, 3, 2]) == [16, 9, 4]
    assert sorted(calls) == [1, 2, 3, 4]
    assert dag.context.metrics["cache_hits"] == {"square": 2}
    assert dag.context.metrics["cache_misses"] == {"square": 1}


def test_equal_elements_of_a_map_are_computed_once(any_mode, kind):
    dag, calls = Counted("mapped"), []

    def square(item):
        calls.append(item)
        return item * item

    dag.map(kind(square), cached=True)
    assert any_mode(dag, item=[3, 2, 3, 3, 2]) == [9, 4, 9, 9, 4]
    assert sorted(calls) == [2, 3]


def numbers():
    yield from range(3)


async def numbers_async():
    for number in range(3):
        yield number


@pytest.mark.parametrize("function", [numbers, numbers_async])
def test_a_stream_cannot_be_cached(any_mode, function):
    dag = Counted("streamed")
    dag.cached_node(function, name="numbers")
    error = raised_by(any_mode, dag)
    assert isinstance(error, CacheError)
    assert str(error) == "'numbers' gave a stream, which cannot be cached: use stream='list'"
    assert error.node_name == "numbers"


@pytest.mark.parametrize("function", [numbers, numbers_async])
def test_the_list_of_a_stream_can_be_cached(any_mode, function):
    dag = Counted("listed")
    dag.cached_node(function, stream="list")
    assert [any_mode(dag), any_mode(dag)] == [[0, 1, 2], [0, 1, 2]]
    assert dag.get_metrics()["cache_hits"] == 1


def test_a_nested_workflow_is_cached_as_a_whole(any_mode):
    inner, outer = Counted("inner"), Counted("outer")
    inner.add_node("step", lambda x: inner.calls.append(x) or x + 1)
    outer.add_workflow("sub", inner, cached=True)
    assert [any_mode(outer, x=1), any_mode(outer, x=1)] == [2, 2]
    assert inner.calls == [1]


def test_an_edit_of_a_nested_workflow_is_a_miss_at_any_depth(any_mode):
    inner, middle, outer = Counted("inner"), Counted("middle"), Counted("outer")
    inner.add_node("step", lambda x: x + 1)
    middle.add_workflow("inner", inner)
    outer.add_workflow("sub", middle, cached=True)
    assert any_mode(outer, x=1) == 2
    inner.replace_node("step", lambda x: x + 100)
    assert any_mode(outer, x=1) == 101


def test_a_cached_node_of_a_nested_workflow_is_named_by_its_path(any_mode):
    inner, outer = Counted("inner"), Counted("outer")
    inner.doubling()
    outer.add_workflow("sub", inner)
    error = raised_by(any_mode, outer, x=object())
    assert isinstance(error, CacheError)
    assert error.node_name == "sub.double"
    assert any_mode(outer, x=2) == 4
    assert outer.context.nested["sub"].metrics["cache_misses"] == {"double": 1}
