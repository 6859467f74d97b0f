"""The share of a run that is finished, and who is told of it."""

import math
import threading
import warnings

import pytest

from fast_dag import DAG, ValidationError
from fast_dag.observe.progress import CallbackProgress, Finished, SerialCallback, Standing
from tests.conformance.modes import comes_true
from tests.observe.made import failed, finished, run_finished, run_started, skipped, started

MODES = ["sequential", "parallel", "async"]


def told(total, *events):
    """The calls that *events* lead to."""
    calls = []
    observer = CallbackProgress(lambda *call: calls.append(call), total)
    for event in events:
        observer(event)
    return calls


# A user's callback


def test_without_a_callback_calls_do_nothing():
    assert SerialCallback()("load", "half way", 0.5) is None
    assert SerialCallback(None).callback is None


def test_a_call_reaches_the_callback_by_position_or_by_name():
    calls = []
    callback = SerialCallback(lambda *call: calls.append(call))
    callback("load", "half way", 0.5)
    callback(node_name="load", status="done", progress=1.0)
    assert calls == [("load", "half way", 0.5), ("load", "done", 1.0)]


def test_a_callback_shows_what_it_calls():
    assert repr(SerialCallback(print)) == "<SerialCallback of <built-in function print>>"


def test_what_cannot_be_called_is_no_callback():
    with pytest.raises(ValidationError, match="must be callable, got 5"):
        SerialCallback(5)


def test_calls_from_several_threads_never_overlap():
    calls, inside = [], threading.Lock()

    def callback(*call):
        assert inside.acquire(blocking=False)
        threading.Event().wait(0.0005)
        calls.append(call)
        inside.release()

    serial = SerialCallback(callback)
    threads = [threading.Thread(target=serial, args=("n", "going", 0.5)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 20


def test_a_callback_may_call_itself_again():
    calls = []

    def callback(name, status, progress):
        calls.append(status)
        if status == "outer":
            serial(name, "inner", progress)

    serial = SerialCallback(callback)
    serial("n", "outer", 0.5)
    assert calls == ["outer", "inner"]


def test_what_a_callback_raises_is_a_warning_for_the_node_that_called_it():
    def show(*call):
        raise KeyError("x")

    with pytest.warns(RuntimeWarning, match="progress callback .*show raised KeyError: 'x'") as caught:
        SerialCallback(show)("load", "half way", 0.5)
    assert caught[0].filename == __file__


def test_an_interruption_of_a_callback_passes():
    def interrupt(*call):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SerialCallback(interrupt)("load", "half way", 0.5)


# What the engine tells it


def test_starts_and_ends_are_told_with_the_share_that_is_finished():
    assert told(
        2, run_started(), started("a"), finished("a"), started("b"), finished("b"), run_finished()
    ) == [
        ("a", "started", 0.0),
        ("a", "completed", 0.5),
        ("b", "started", 0.5),
        ("b", "completed", 1.0),
    ]


def test_each_way_to_end_has_its_status_and_counts():
    assert told(3, finished("a", cached=True), failed("b"), skipped("c")) == [
        ("a", "cached", 1 / 3),
        ("b", "failed", 2 / 3),
        ("c", "skipped", 1.0),
    ]


def test_retries_are_not_told():
    calls = told(
        1,
        started("a"),
        failed("a", retry_in=0.5),
        started("a", attempt=2),
        failed("a", attempt=2, retry_in=0.0),
        started("a", attempt=3),
        finished("a", attempt=3),
    )
    assert calls == [("a", "started", 0.0), ("a", "completed", 1.0)]


def test_a_failed_node_that_a_handler_answers_for_counts_once():
    assert told(2, failed("a"), finished("a")) == [("a", "failed", 0.5), ("a", "completed", 0.5)]


def test_a_node_of_a_cycle_counts_once():
    calls = told(2, *[event("a") for event in (started, finished) * 3], finished("b"))
    assert [progress for _, _, progress in calls] == [0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0]


def test_nodes_of_a_nested_workflow_are_told_but_do_not_count():
    calls = told(1, started("sub"), started("sub.a"), finished("sub.a"), failed("sub.b"), finished("sub"))
    assert calls == [
        ("sub", "started", 0.0),
        ("sub.a", "started", 0.0),
        ("sub.a", "completed", 0.0),
        ("sub.b", "failed", 0.0),
        ("sub", "completed", 1.0),
    ]


def test_the_share_is_exactly_one_when_all_are_finished():
    for total in (3, 7, 49, 1001):
        assert told(total, *[finished(f"n{place}") for place in range(total)])[-1][2] == 1.0


def test_without_a_total_the_share_is_not_a_number_until_the_run_has_ended_well():
    shares = [share for _, _, share in told(None, started("a"), finished("a"), started("b"), finished("b"))]
    assert all(map(math.isnan, shares))
    assert told(None, finished("a"), finished("b"), run_finished())[1:] == [("b", "completed", 1.0)]
    *_, (name, status, share) = told(None, finished("a"), failed("b"), run_finished(status="failed"))
    assert (name, status) == ("b", "failed")
    assert math.isnan(share)


def test_a_run_of_no_nodes_is_finished_from_the_start():
    assert Finished(0).share == 1.0


# In real runs


def wide(function=lambda: 1, count=20):
    """A DAG of *count* nodes that feed one."""
    dag = DAG("wide")
    for place in range(count):
        dag.add_node(f"n{place}", function)
    return dag


@pytest.mark.parametrize("mode", MODES)
def test_in_a_run_each_node_starts_and_completes_and_the_share_never_falls(mode):
    calls = []
    observer = CallbackProgress(lambda *call: calls.append(call), 20)
    wide().run(mode=mode, observers=[observer])
    shares = [progress for _, _, progress in calls]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    expected = [(f"n{place}", status) for place in range(20) for status in ("started", "completed")]
    assert sorted(call[:2] for call in calls) == sorted(expected)


@pytest.mark.parametrize("mode", MODES)
def test_in_a_run_with_errors_the_share_reaches_one(mode):
    dag, calls = DAG("broken"), []
    dag.add_node("bad", lambda: 1 / 0)
    dag.add_node("after", lambda bad: bad)
    dag.connect("bad", "after")
    observer = CallbackProgress(lambda *call: calls.append(call), 2)
    dag.run(mode=mode, observers=[observer], error_strategy="continue")
    assert calls == [("bad", "started", 0.0), ("bad", "failed", 0.5), ("after", "skipped", 1.0)]


@pytest.mark.parametrize("mode", MODES)
def test_calls_of_nodes_and_of_the_engine_never_overlap(mode):
    inside, statuses = threading.Lock(), []

    def callback(name, status, progress):
        assert inside.acquire(blocking=False)
        threading.Event().wait(0.0002)
        statuses.append(status)
        inside.release()

    serial = SerialCallback(callback)
    dag = wide(lambda: serial("node", "half way", 0.5))
    dag.run(mode=mode, observers=[CallbackProgress(serial, 20)], strict_observers=True)
    assert comes_true(lambda: len(statuses) == 60)
    assert statuses.count("half way") == 20


@pytest.mark.parametrize("mode", MODES)
def test_a_callback_that_raises_is_warned_of_once_and_the_run_goes_on(mode):
    calls = []

    def show(*call):
        calls.append(call)
        raise KeyError("x")

    dag = DAG("single")
    dag.add_node("a", lambda: 5)
    with pytest.warns(RuntimeWarning, match="progress callback .*show raised KeyError") as caught:
        assert dag.run(mode=mode, observers=[CallbackProgress(SerialCallback(show), 1)]) == 5
    assert (len(caught), len(calls)) == (1, 1)


def test_a_node_whose_own_call_of_the_callback_raises_has_its_result_all_the_same():
    def show(*call):
        raise KeyError("x")

    serial, dag = SerialCallback(show), DAG("single")
    dag.add_node("a", lambda: serial("a", "half way", 0.5) or 5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert dag.run() == 5
    assert len(caught) == 1


# Where a run stands


def standing_after(*events, total=4):
    standing = Standing(total)
    for event in events:
        standing.take(event)
    return standing


def test_a_node_runs_from_its_start_to_its_end():
    assert list(standing_after(started("a"), started("b"), finished("a")).running) == ["b"]


def test_a_node_that_is_tried_again_waits_until_then():
    standing = standing_after(started("a"), failed("a", time=1.0, retry_in=2.0))
    assert (list(standing.running), standing.waiting, standing.retries) == ([], {"a": (2, 3.0)}, 1)
    standing.take(started("a", attempt=2))
    assert (list(standing.running), standing.waiting, standing.retries) == (["a"], {}, 1)


def test_a_nested_workflow_takes_what_it_had_begun_with_it():
    standing = standing_after(
        started("sub"), started("sub.a"), failed("sub.b", retry_in=1.0), started("subway"), failed("sub")
    )
    assert (list(standing.running), standing.waiting) == (["subway"], {})


def test_troubles_are_told_as_far_as_there_are_any():
    assert standing_after(finished("a")).troubles == []
    standing = standing_after(failed("a", retry_in=1.0), failed("a"), skipped("b"), skipped("c"))
    assert standing.troubles == ["1 retry", "1 failed", "2 skipped"]
    standing.take(failed("d", retry_in=1.0))
    assert standing.troubles[0] == "2 retries"


def test_the_last_word_on_a_node_counts():
    assert standing_after(failed("a"), finished("a")).troubles == []
    assert standing_after(skipped("a"), finished("a")).troubles == []


def test_troubles_of_nested_nodes_are_those_of_their_workflow():
    assert standing_after(failed("sub.a"), skipped("sub.b")).troubles == []
