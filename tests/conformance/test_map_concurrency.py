"""How many elements of a map are under way at once, and how far a stream is read ahead."""

import os
import threading
from time import sleep

import anyio
import anyio.lowlevel
import pytest

from fast_dag import DAG, RunCancelledError
from tests.conformance.modes import SEQUENTIAL, Meeting, as_async, raised_by

COUNT = 8


class Counter:
    """How many calls are under way, and the most there have been."""

    def __init__(self):
        self.now = self.most = self.calls = 0
        self._lock = threading.Lock()

    def __enter__(self):
        with self._lock:
            self.calls += 1
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self._lock:
            self.now -= 1


def counted(form, counter):
    """A function of one element that takes its time."""

    def function(item):
        with counter:
            sleep(0.001)
        return item

    async def coroutine(item):
        with counter:
            await anyio.sleep(0.001)
        return item

    return coroutine if form == "async" else function


def meeting(form, count):
    """A function that ends when *count* calls of it are under way at once."""
    barrier, meetings = threading.Barrier(count), []

    def function(item):
        barrier.wait(5)
        return item

    async def coroutine(item):
        if not meetings:
            meetings.append(Meeting(count))
        await meetings[0].join()
        return item

    return coroutine if form == "async" else function


def map_of(function, **settings):
    dag = DAG("map")
    dag.map(function, name="f", over="item", **settings)
    return dag


def text_of(item):
    return str(item)


def nested(function, **settings):
    """A workflow inside, mapped, around a map of *function*."""
    dag = DAG("outer")
    dag.add_dag("sub", map_of(function), map="item", **settings)
    return dag


forms = pytest.mark.parametrize("form", ["sync", "async"])


def workers(mode, count):
    """The option of at most *count* workers; the sequential mode has but one."""
    return {} if mode is SEQUENTIAL else {"max_workers": count}


def most_at_once(mode, dag, counter, count, item):
    assert mode(dag, item=item, **workers(mode, count)) == item
    return counter.most


@forms
@pytest.mark.parametrize(("concurrency", "count"), [(None, 2), (2, 3), (3, 2), (1, 3)])
def test_no_more_elements_are_under_way_than_both_limits_say(any_mode, form, concurrency, count):
    counter = Counter()
    dag = map_of(counted(form, counter), max_concurrency=concurrency)
    bound = min(concurrency or count, count if any_mode.is_concurrent else 1)
    assert most_at_once(any_mode, dag, counter, count, list(range(COUNT))) <= bound


@forms
@pytest.mark.parametrize(("concurrency", "count"), [(None, 3), (3, 4), (4, 3)])
def test_as_many_elements_are_under_way_as_both_limits_allow(concurrent_mode, form, concurrency, count):
    dag = map_of(meeting(form, 3), max_concurrency=concurrency)
    assert concurrent_mode(dag, item=range(6), max_workers=count) == [0, 1, 2, 3, 4, 5]


@forms
def test_elements_of_a_stream_are_under_way_together_too(concurrent_mode, form):
    dag = map_of(meeting(form, 3))
    assert concurrent_mode(dag, item=iter(range(6)), max_workers=3) == [0, 1, 2, 3, 4, 5]


def test_async_elements_know_no_limit_but_that_of_the_workers(async_mode):
    assert async_mode(map_of(meeting("async", 50)), item=range(50)) == list(range(50))


def test_runs_inside_know_no_limit_but_that_of_the_workers(async_mode):
    inner, dag = DAG("inner"), DAG("outer")
    inner.node(meeting("async", 50), name="f")
    dag.add_dag("sub", inner, map="item")
    assert async_mode(dag, item=range(50)) == list(range(50))


@forms
def test_a_map_in_a_workflow_begins_together_as_well(concurrent_mode, form):
    dag = DAG("outer")
    dag.add_dag("sub", map_of(meeting(form, 3)))
    assert concurrent_mode(dag, item=range(3), max_workers=3) == [0, 1, 2]


@forms
@pytest.mark.parametrize("count", [1, 2])
def test_maps_inside_maps_use_no_more_workers_than_there_are(any_mode, form, count):
    counter = Counter()
    item = [[1, 2, 3], [], [4, 5], [6]]
    most = most_at_once(any_mode, nested(counted(form, counter)), counter, count, item)
    assert most <= (count if any_mode.is_concurrent else 1)


def test_as_many_runs_inside_have_begun_as_there_are_workers(any_mode):
    inner, dag, counter = DAG("inner"), DAG("outer"), Counter()
    inner.node(lambda item: counter.__enter__(), name="begin")
    inner.node(lambda begin: None, name="between")
    inner.node(lambda between: counter.__exit__(), name="end")
    inner.nodes["begin"] >> inner.nodes["between"] >> inner.nodes["end"]
    dag.add_dag("sub", inner, map="item")
    any_mode(dag, item=range(10), **workers(any_mode, 2))
    assert counter.calls == 10
    assert counter.most <= (2 if any_mode.is_concurrent else 1)


@forms
@pytest.mark.parametrize("make", [list, iter], ids=["list", "iterator"])
def test_more_elements_than_workers_never_wait_for_each_other(any_mode, form, make):
    dag = nested(as_async(text_of) if form == "async" else text_of, depth=2)
    for name, after in (("g", "sub"), ("h", "g")):
        dag.map(lambda part: part, name=name, depth=3, max_concurrency=2)
        dag.connect(after, name)
    item = [make([make(inner) for inner in outer]) for outer in ([[1, 2], []], [["a"]]) for _ in range(3)]
    expected = [outer for outer in ([["1", "2"], []], [["a"]]) for _ in range(3)]
    assert any_mode(dag, item=make(item), **workers(any_mode, 1)) == expected


def test_deep_nesting_needs_no_more_than_one_worker(any_mode):
    dag, value, expected = map_of(lambda item: -item), [1, 2], [-1, -2]
    for level in range(6):
        outer = DAG(f"level {level}")
        outer.add_dag("sub", dag, map="item")
        dag, value, expected = outer, [value, []], [expected, []]
    assert any_mode(dag, item=value, **workers(any_mode, 1)) == expected


def test_two_maps_share_the_workers(any_mode):
    dag, counter = DAG("two"), Counter()
    dag.map(counted("sync", counter), name="f")
    dag.map(counted("async", counter), name="g")
    dag.node(lambda f, g: f + g, name="h")
    [dag.nodes["f"], dag.nodes["g"]] >> dag.nodes["h"]
    assert any_mode(dag, item=[1, 2, 3], **workers(any_mode, 2)) == [1, 2, 3, 1, 2, 3]
    assert counter.most <= 2


def test_a_node_beside_a_map_does_not_wait_for_all_of_its_elements(concurrent_mode):
    dag, said = DAG("beside"), threading.Event()
    dag.map(lambda item: said.wait(5), name="f", max_concurrency=1)
    dag.node(lambda: None, name="before")
    dag.node(lambda before: said.set(), name="after")
    dag.connect("before", "after")
    assert concurrent_mode(dag, {"item": range(20)}, max_workers=2) is None
    assert all(dag["f"])


def test_sequential_elements_follow_each_other_in_order(kind):
    seen, dag = [], DAG("order")

    @dag.node
    def source():
        for number in range(4):
            seen.append(f"made {number}")
            yield number

    @dag.map(max_concurrency=3)
    @kind
    def f(source):
        seen.append(f"used {source}")

    source >> f
    SEQUENTIAL(dag)
    assert seen == [f"{what} {number}" for number in range(4) for what in ("made", "used")]


@pytest.mark.parametrize("origin", ["sync node", "async node", "input"])
@forms
@pytest.mark.parametrize("concurrency", [None, 2, 20])
def test_a_stream_is_read_only_as_elements_can_start(any_mode, form, origin, concurrency):
    dag, ahead, used = DAG("stream"), [], Counter()

    def numbers():
        for number in range(12):
            ahead.append(number + 1 - used.calls + used.now)
            yield number

    async def async_numbers():
        for number in numbers():
            yield number

    dag.map(counted(form, used), name="f", max_concurrency=concurrency)
    given = {"item": numbers()} if origin == "input" else {}
    if not given:
        dag.node(numbers if origin == "sync node" else async_numbers, name="source")
        dag.connect("source", "f")
    assert any_mode(dag, given, **workers(any_mode, 3)) == list(range(12))
    # What has been made and has not ended: with the one that is being made as many as may be under way.
    assert max(ahead) <= (min(concurrency or 3, 3) if any_mode.is_concurrent else 1)


def test_a_stream_is_read_for_as_many_sync_elements_as_there_are_threads(async_mode):
    ahead, used = [], Counter()

    def numbers():
        for number in range(20):
            ahead.append(number + 1 - used.calls + used.now)
            yield number

    async_mode(map_of(counted("sync", used), max_concurrency=100), item=numbers())
    assert max(ahead) <= (os.cpu_count() or 1)


def test_an_endless_stream_can_be_mapped_until_an_element_fails(any_mode, kind):
    dag = DAG("endless")

    @dag.node
    def source():
        number = 0
        while True:
            yield number
            number += 1

    @dag.map
    @kind
    def f(item):
        return 1 / (5 - item)

    source >> f
    assert raised_by(any_mode, dag).index == 5


def test_an_element_that_waits_for_its_next_attempt_keeps_no_worker_from_the_others(concurrent_mode, kind):
    dag, seen = DAG("waits"), []

    @dag.map(over="item", retry=2, retry_delay=60)
    @kind
    def f(context, item):
        seen.append(item)
        if item == 0:
            raise ValueError
        if item == 3:
            context.cancel()

    assert isinstance(raised_by(concurrent_mode, dag, item=range(4), max_workers=1), RunCancelledError)
    assert seen == [0, 1, 2, 3]


def test_an_async_generator_reaches_async_elements_on_one_loop(async_mode):
    dag = DAG("loop")

    @dag.node
    async def source():
        for number in range(5):
            await anyio.lowlevel.checkpoint()
            yield number

    @dag.map
    async def f(item):
        await anyio.lowlevel.checkpoint()
        return item

    source >> f
    assert async_mode(dag) == [0, 1, 2, 3, 4]
