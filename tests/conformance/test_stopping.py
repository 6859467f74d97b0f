"""Runs that end early: after the first failure, by a cancel, with the task they run in."""

import asyncio
import signal
import threading

import anyio
import pytest
import trio

from fast_dag import DAG, Context, RunCancelledError
from tests.conformance.modes import (
    MARGIN,
    SEQUENTIAL,
    cancelled_after,
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


# Cancel through the context


def test_a_cancel_from_another_thread_ends_an_async_node_at_once(any_mode):
    dag, context, started, seen = DAG("cancelled"), Context(), threading.Event(), []

    async def slow():
        started.set()
        try:
            await anyio.sleep(30)
        except BaseException as error:
            seen.append(type(error).__name__)
            raise

    dag.node(slow) >> dag.node(lambda slow: seen.append("after"), name="after")
    with cancelled_after(started, context, "enough"):
        error = raised_by(any_mode, dag, context=context)
    assert isinstance(error, RunCancelledError)
    assert "enough" in str(error)
    assert seen in (["CancelledError"], ["Cancelled"])
    assert context.metadata["execution_status"] == "cancelled"


def test_a_cancel_from_another_thread_does_not_wait_for_a_sync_node(concurrent_mode, gate):
    dag, context, started = DAG("cancelled"), Context(), threading.Event()

    def slow():
        started.set()
        gate.wait(10)

    dag.node(slow)
    with cancelled_after(started, context):
        taken, error = seconds_of(concurrent_mode, dag, context=context)
    assert isinstance(error, RunCancelledError)
    assert taken < 5
    assert context.metrics["abandoned_threads"] == 1


def test_a_cancel_takes_effect_when_the_sync_node_of_a_sequential_run_returns():
    dag, context, started, calls = DAG("cancelled"), Context(), threading.Event(), []

    def slow(context):
        started.set()
        return comes_true(lambda: context.cancelled)

    dag.node(slow) >> dag.node(lambda slow: calls.append(slow), name="after")
    with cancelled_after(started, context):
        error = raised_by(SEQUENTIAL, dag, context=context)
    assert isinstance(error, RunCancelledError)
    assert calls == []


def test_a_node_may_cancel_its_own_run(any_mode, kind):
    dag, calls = DAG("cancelled"), []

    def stop(context):
        context.cancel("seen enough")
        return 1

    dag.node(kind(stop)) >> dag.node(lambda stop: calls.append(stop), name="after")
    error = raised_by(any_mode, dag)
    assert isinstance(error, RunCancelledError)
    assert "seen enough" in str(error)
    assert calls == []


def test_a_cancel_before_the_first_node_is_not_lost(any_mode, kind):
    dag, calls = DAG("cancelled"), []

    class CancelledWhenRunning(dict):
        def __setitem__(self, key, value):
            super().__setitem__(key, value)
            if value == "running":
                context.cancel()

    context = Context(metadata=CancelledWhenRunning())
    dag.node(kind(lambda: calls.append(1)), name="a")
    assert isinstance(raised_by(any_mode, dag, context=context), RunCancelledError)
    assert calls == []


def test_a_context_can_be_used_again_after_a_cancel(any_mode, kind):
    dag, context = DAG("cancelled"), Context()

    def stop(context, really):
        if really:
            context.cancel()
        return "done"

    dag.node(kind(stop))
    raised_by(any_mode, dag, really=True, context=context)
    assert context.cancelled
    assert any_mode(dag, really=False, context=context) == "done"
    assert not context.cancelled


def test_a_cancel_after_the_run_changes_nothing(any_mode):
    dag, context = DAG("over"), Context()
    dag.node(lambda: 1, name="a")
    any_mode(dag, context=context)
    context.cancel()
    assert context.results == {"a": 1}
    assert context.metadata["execution_status"] == "completed"


# Ctrl-C


def interrupt():
    """What Ctrl-C does."""
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def test_ctrl_c_ends_a_run_with_an_async_node_under_way(any_mode):
    dag, seen = DAG("interrupted"), []

    async def slow():
        try:
            interrupt()
            await anyio.sleep(30)
        finally:
            seen.append("ended")

    dag.node(slow)
    assert type(raised_by(any_mode, dag)) is KeyboardInterrupt
    assert comes_true(lambda: seen == ["ended"])
    assert dag.context.metadata["execution_status"] == "cancelled"


def test_ctrl_c_does_not_wait_for_a_sync_node(concurrent_mode, gate):
    dag = DAG("interrupted")

    def slow():
        interrupt()
        gate.wait(10)

    dag.node(slow)
    taken, error = seconds_of(concurrent_mode, dag)
    assert type(error) is KeyboardInterrupt
    assert taken < 5


# The task that a run is awaited in


def two_async_nodes(started, seen):
    """Nodes under way together; each sets its event and notes how it ends."""
    dag = DAG("task")

    def waiting(event, name):
        async def node():
            event.set()
            try:
                await anyio.sleep(30)
            except BaseException as error:
                seen.append(type(error).__name__)
                raise

        dag.node(node, name=name)

    for name, event in started.items():
        waiting(event, name)
    return dag


@pytest.mark.parametrize("count", [1, 2])
def test_cancelling_the_asyncio_task_cancels_the_nodes(count):
    seen = []

    async def main():
        started = {f"n{index}": anyio.Event() for index in range(count)}
        dag = two_async_nodes(started, seen)
        task = asyncio.create_task(dag.run_async())
        for event in started.values():
            await event.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert dag.context.metadata["execution_status"] == "cancelled"

    asyncio.run(main())
    assert seen == ["CancelledError"] * count


@pytest.mark.parametrize("count", [1, 2])
def test_cancelling_the_trio_scope_cancels_the_nodes(count):
    seen = []

    async def main():
        started = {f"n{index}": anyio.Event() for index in range(count)}
        dag = two_async_nodes(started, seen)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(dag.run_async)
            for event in started.values():
                await event.wait()
            nursery.cancel_scope.cancel()
        assert dag.context.metadata["execution_status"] == "cancelled"

    trio.run(main)
    assert seen == ["Cancelled"] * count


def test_cancelling_the_asyncio_task_does_not_wait_for_a_sync_node(gate):
    dag, started = DAG("task"), threading.Event()

    def slow():
        started.set()
        gate.wait(10)

    dag.node(slow)

    async def main():
        task = asyncio.create_task(dag.run_async())
        while not started.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(main(), 5))
    assert dag.context.metrics["abandoned_threads"] == 1


def test_a_cancel_through_the_context_leaves_the_task_itself_alone():
    dag = DAG("context")

    async def stop(context):
        context.cancel()
        await asyncio.sleep(30)

    dag.node(stop)

    async def main():
        with pytest.raises(RunCancelledError):
            await dag.run_async()
        await asyncio.sleep(0.001)
        return asyncio.current_task().cancelling()

    assert asyncio.run(main()) == 0


def test_a_timeout_around_run_async_is_the_callers_own():
    dag = DAG("around")

    async def slow():
        await asyncio.sleep(30)

    dag.node(slow)

    async def main():
        async with asyncio.timeout(0.02):
            await dag.run_async()

    with pytest.raises(TimeoutError):
        asyncio.run(main())
