"""What becomes of the others when one node fails."""

import threading

import anyio

from fast_dag import DAG
from tests.conformance.modes import (
    MARGIN,
    SEQUENTIAL,
    comes_true,
    raised_by,
    seconds_of,
)


def failing_beside(slow, started):
    """A DAG in which one node fails once *slow*, which sets *started*, is under way."""
    dag = DAG("fail fast")

    def bad():
        started.wait(10)
        raise ValueError("broken")

    dag.node(slow, name="slow") >> dag.node(lambda slow: slow, name="after_slow")
    dag.node(bad)
    return dag


def test_fail_fast_does_not_wait_for_a_slow_sync_sibling(concurrent_mode, gate):
    started = threading.Event()

    def slow():
        started.set()
        gate.wait(10)

    dag = failing_beside(slow, started)
    taken, error = seconds_of(concurrent_mode, dag, max_workers=2)
    assert isinstance(error, ValueError)
    assert taken < MARGIN
    assert dag.context.metrics["abandoned_threads"] == 1


def test_fail_fast_cancels_async_siblings_and_awaits_them(concurrent_mode):
    started, steps = threading.Event(), []

    async def slow():
        started.set()
        try:
            await anyio.sleep(30)
        finally:
            steps.append("cancelled")
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.01)
            steps.append("ended")

    taken, error = seconds_of(concurrent_mode, failing_beside(slow, started), max_workers=2)
    assert isinstance(error, ValueError)
    assert taken < 0.1 + MARGIN
    assert steps == ["cancelled", "ended"]


def test_after_a_failure_no_new_node_starts(any_mode, kind):
    dag, calls = DAG("fail fast"), []

    def bad():
        raise ValueError("broken")

    dag.node(kind(bad))
    for index in range(20):
        dag.node(lambda index=index: calls.append(index), name=f"n{index}")
    raised_by(any_mode, dag)
    after = len(calls)
    assert not comes_true(lambda: len(calls) > after, within=0.02)
    assert any_mode is not SEQUENTIAL or not calls


def test_a_long_sync_node_sees_that_the_run_has_failed(concurrent_mode):
    started, seen = threading.Event(), threading.Event()

    def slow(context):
        started.set()
        if comes_true(lambda: context.cancelled):
            seen.set()

    raised_by(concurrent_mode, failing_beside(slow, started), max_workers=2)
    assert seen.wait(5)


def test_the_result_of_a_sibling_left_behind_is_dropped(concurrent_mode, gate):
    started, returned = threading.Event(), threading.Event()

    def slow():
        started.set()
        gate.wait(10)
        returned.set()
        return "late"

    dag = failing_beside(slow, started)
    raised_by(concurrent_mode, dag, max_workers=2)
    gate.set()
    returned.wait(10)
    assert dag.results == {}


def test_an_awaitable_from_a_sibling_left_behind_is_not_awaited(concurrent_mode, gate):
    started, returned, awaited = threading.Event(), threading.Event(), threading.Event()

    async def later():
        awaited.set()

    def slow():
        started.set()
        gate.wait(10)
        returned.set()
        return later()

    raised_by(concurrent_mode, failing_beside(slow, started), max_workers=2)
    gate.set()
    returned.wait(10)
    assert not awaited.wait(0.02)
