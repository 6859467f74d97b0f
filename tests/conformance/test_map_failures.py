"""Elements of a map that fail: their attempts, their time, and what becomes of the others."""

import threading
from collections import Counter

import anyio
import pytest

from fast_dag import DAG, ExecutionError, TimeoutError
from tests.conformance.modes import SEQUENTIAL, Meeting, raised_by


class Broken(Exception):
    """Has data of its own."""

    def __init__(self, item):
        super().__init__(f"{item} is broken")
        self.item = item


def breaking(*items, calls=None):
    """A function that fails for *items*."""

    def function(item):
        if calls is not None:
            calls.append(item)
        if item in items:
            raise Broken(item)
        return item * 10

    return function


def map_of(function, **settings):
    dag = DAG("map")
    dag.map(function, name="f", over="item", **settings)
    return dag


def test_the_error_of_an_element_is_raised_with_its_index(any_mode, kind):
    error = raised_by(any_mode, map_of(kind(breaking("b")), retry=2), item=["a", "b", "c"])
    assert isinstance(error, Broken)
    assert isinstance(error, ExecutionError)
    assert (error.index, error.attempts, error.node_name, error.item) == (1, 2, "f", "b")
    assert type(error.original_error) is Broken
    assert not hasattr(error.original_error, "index")


def test_the_index_has_a_number_for_each_level(any_mode, kind):
    error = raised_by(any_mode, map_of(kind(breaking("b")), depth=3), item=[[], [["a"], ["a", "b"]]])
    assert error.index == (1, 1, 1)


def test_an_element_of_a_mapped_workflow_fails_with_the_path_and_the_index(any_mode, kind):
    inner, dag = DAG("inner"), DAG("outer")
    inner.node(kind(breaking("b")), name="f")
    dag.add_dag("sub", inner, map="item")
    error = raised_by(any_mode, dag, item=["a", "b"])
    assert isinstance(error, Broken)
    assert (error.index, error.attempts, error.node_name) == (1, 1, "sub.f")


def test_one_after_the_other_nothing_starts_after_the_first_failure(any_mode, kind):
    for item in (list("abcd"), iter("abcd")):
        calls = []
        dag = map_of(kind(breaking("b", "c", calls=calls)), max_concurrency=1)
        assert raised_by(any_mode, dag, item=item).index == 1
        assert calls == ["a", "b"]
        assert dag.context.metrics["map"] == {"f": {"items": 2, "failed": 1}}


@pytest.mark.parametrize("make", [list, iter], ids=["list", "iterator"])
def test_elements_under_way_finish_and_the_lowest_index_is_raised(concurrent_mode, make):
    barrier, ended = threading.Barrier(3), threading.Semaphore(0)
    calls = []

    def f(item):
        calls.append(item)
        barrier.wait(5)
        if item == 2:
            ended.release()
            raise Broken(item)
        assert ended.acquire(timeout=5)
        ended.release()
        if item == 1:
            raise Broken(item)

    dag = map_of(f)
    error = raised_by(concurrent_mode, dag, item=make(range(9)), max_workers=3)
    assert (error.index, sorted(calls)) == (1, [0, 1, 2])
    assert dag.context.metrics["map"] == {"f": {"items": 3, "failed": 2}}


@pytest.mark.parametrize("make", [list, iter], ids=["list", "iterator"])
def test_async_elements_under_way_finish_and_the_lowest_index_is_raised(concurrent_mode, make):
    ended, meetings = [], []

    async def f(item):
        if not meetings:
            meetings.append((Meeting(3), anyio.Event()))
        meeting, failed = meetings[0]
        await meeting.join()
        if item == 2:
            failed.set()
            raise Broken(item)
        await failed.wait()
        await anyio.sleep(0.01)
        ended.append(item)
        if item == 1:
            raise Broken(item)

    error = raised_by(concurrent_mode, map_of(f), item=make(range(9)), max_workers=3)
    assert (error.index, sorted(ended)) == (1, [0, 1])


def test_further_attempts_of_elements_under_way_are_made(concurrent_mode):
    barrier, calls = threading.Barrier(2), Counter()

    def f(item):
        calls[item] += 1
        if calls[item] == 1:
            barrier.wait(5)
        raise Broken(item)

    error = raised_by(concurrent_mode, map_of(f, retry=3), item=[0, 1, 2, 3], max_workers=2)
    assert (error.index, error.attempts) == (0, 3)
    assert calls == {0: 3, 1: 3}


def test_threads_without_a_limit_start_nothing_after_a_failure(async_mode):
    calls = []

    def f(item):
        calls.append(item)
        raise Broken(item)

    assert raised_by(async_mode, map_of(f), item=range(1000)).index == 0
    assert len(calls) < 100


@pytest.mark.parametrize(
    ("meaning", "expected"), [("skip", [10, 30]), ("none", [10, None, 30]), ("return", [10, Broken, 30])]
)
def test_elements_that_fail_need_not_fail_the_map(any_mode, kind, meaning, expected):
    dag = map_of(kind(breaking(2)), item_errors=meaning, retry=2)
    result = any_mode(dag, item=iter([1, 2, 3]))
    assert [type(each) if isinstance(each, Exception) else each for each in result] == expected
    assert dag.context.metrics["map"] == {"f": {"items": 3, "failed": 1}}
    assert dag.context.metadata["execution_status"] == "completed"


def test_skipping_elements_keeps_the_levels(any_mode):
    dag = map_of(breaking(2, 3), item_errors="skip", depth=2)
    assert any_mode(dag, item=[[1, 2], [3], []]) == [[10], [], []]


def test_runs_inside_that_fail_are_left_out(any_mode, kind):
    inner, dag = DAG("inner"), DAG("outer")
    inner.node(kind(breaking(1, 3)), name="f")
    dag.add_dag("sub", inner, map="item", item_errors="skip")
    assert any_mode(dag, item=range(5)) == [0, 20, 40]


def test_an_unknown_meaning_of_failures_is_refused():
    with pytest.raises(ValueError, match="item_errors must be one of 'fail', 'skip', 'none', 'return'"):
        map_of(breaking(), item_errors="skp")


def test_then_the_handler_of_the_node_is_asked_about_the_whole_map(any_mode, kind):
    dag, asked = map_of(kind(breaking(2))), []

    def handler(node, inputs, error):
        asked.append((node.name, inputs, error.item))
        return "instead"

    dag.set_node_error_handler("f", handler)
    assert (
        any_mode(dag, item=[1, 2, 3], **({} if any_mode is SEQUENTIAL else {"max_workers": 1})) == "instead"
    )
    assert asked == [("f", {"item": [1, 2, 3]}, 2)]


@pytest.mark.parametrize("strategy", ["continue", "continue_none"])
def test_then_the_strategy_of_the_run_decides(any_mode, kind, strategy):
    dag = map_of(kind(breaking(2)))
    dag.node(lambda f: ("after", f), name="g")
    dag.connect("f", "g")
    expected = None if strategy == "continue" else ("after", None)
    assert any_mode(dag, item=[1, 2, 3], error_strategy=strategy) == expected
    assert dag.context.metadata["errors"][0]["node"] == "f"
    assert dag.context.metrics["nodes_failed"] == 1


def test_a_run_handler_may_have_the_whole_map_done_again(any_mode):
    calls = Counter()

    def f(item):
        calls[item] += 1
        if item == 2 and calls[2] < 3:
            raise Broken(item)
        return item

    dag = map_of(f)
    assert any_mode(dag, item=[1, 2], error_handler=lambda *_: "retry") == [1, 2]
    assert calls == {1: 3, 2: 3}
    assert dag.context.metrics["map"] == {"f": {"items": 2, "failed": 0}}


def test_each_element_has_attempts_of_its_own(any_mode, kind):
    calls = Counter()

    def f(item):
        calls[item] += 1
        if calls[item] <= item:
            raise Broken(item)
        return calls[item]

    dag = map_of(kind(f), retry=3)
    assert any_mode(dag, item=[0, 1, 2]) == [1, 2, 3]
    assert dag.context.metrics["attempts"] == {"f": 6}


def test_elements_of_a_stream_are_tried_again(any_mode, kind):
    dag, calls = DAG("again"), Counter()

    @dag.node
    def source():
        yield from "ab"

    @dag.map(retry=2)
    @kind
    def f(source):
        calls[source] += 1
        if calls[source] == 1:
            raise Broken(source)
        return source

    source >> f
    assert any_mode(dag) == ["a", "b"]


def test_an_element_that_has_read_another_stream_is_not_tried_again(any_mode):
    dag, calls = DAG("not again"), []

    @dag.node
    def source():
        yield from "ab"

    @dag.map(over="item", retry=3)
    def f(item, source):
        calls.append(next(source))
        raise Broken(item)

    dag.connect(source, f, input="source")
    error = raised_by(any_mode, dag, item=[1])
    assert (calls, error.attempts) == (["a"], 1)
    assert error.__notes__ == ["not tried again: items of the stream 'source' have been taken"]


def test_a_stream_that_breaks_fails_the_map_in_the_name_of_its_producer(any_mode, kind):
    dag = DAG("breaks")

    @dag.node
    def source():
        yield 1
        raise Broken("source")

    dag.map(kind(lambda source: source), name="f", item_errors="skip")
    dag.connect(source, "f")
    error = raised_by(any_mode, dag)
    assert (type(error.original_error), error.node_name) == (Broken, "source")
    assert error.__notes__ == ["raised while 'f' was reading the stream"]


def test_an_element_that_fails_comes_before_the_end_of_its_stream(any_mode):
    first_failed = threading.Event()

    def numbers():
        yield 1
        first_failed.wait(0 if any_mode is SEQUENTIAL else 0.02)
        raise Broken("stream")

    def f(item):
        raise Broken(item)

    error = raised_by(any_mode, map_of(f), item=numbers())
    assert (error.item, error.index) == (1, 0)


def test_each_element_has_the_time_of_its_own(leaving_mode):
    async def f(item):
        await anyio.sleep(0.01 if item != "slow" else 10)
        return item

    dag = map_of(f, timeout=0.1, item_errors="return")
    result = leaving_mode(dag, item=[*range(12), "slow"])
    assert result[:12] == list(range(12))
    assert isinstance(result[12], TimeoutError)
    assert str(result[12]) == "node 'f' timed out after 0.1 s"


def test_a_sync_element_out_of_time_is_left_and_tried_again(any_mode, gate):
    calls = Counter()

    def f(item):
        calls[item] += 1
        if item == 1 and calls[1] == 1:
            gate.wait(10)
        return item

    dag = map_of(f, timeout=0.1, retry=2)
    assert any_mode(dag, item=[0, 1, 2]) == [0, 1, 2]
    assert calls == {0: 1, 1: 2, 2: 1}
    assert dag.context.metrics["abandoned_threads"] == 1


def test_a_run_inside_that_is_out_of_time_fails_its_element(any_mode, gate):
    inner, dag = DAG("inner"), DAG("outer")
    inner.node(lambda item: gate.wait(10) if item == 1 else item, name="f")
    dag.add_dag("sub", inner, map="item", timeout=0.1)
    error = raised_by(any_mode, dag, item=[0, 1])
    assert isinstance(error, TimeoutError)
    assert (error.index, str(error)) == (1, "node 'sub' timed out after 0.1 s")
