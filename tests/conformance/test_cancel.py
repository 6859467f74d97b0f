"""Cancelling: through the context, by Ctrl-C, with the task that a run is awaited in."""

import asyncio
import signal
import threading
from time import perf_counter, sleep

import anyio
import pytest
import trio

from fast_dag import DAG, Context, RunCancelledError
from tests.conformance.modes import (
    SEQUENTIAL,
    cancelled_after,
    comes_true,
    raised_by,
    seconds_of,
    threads_of_the_library,
)


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

    dag.node(slow) >> dag.node(calls.append, name="after", inputs=["slow"])
    with cancelled_after(started, context):
        error = raised_by(SEQUENTIAL, dag, context=context)
    assert isinstance(error, RunCancelledError)
    assert calls == []


def test_a_node_may_cancel_its_own_run(any_mode, kind):
    dag, calls = DAG("cancelled"), []

    def stop(context):
        context.cancel("seen enough")
        return 1

    dag.node(kind(stop)) >> dag.node(calls.append, name="after", inputs=["stop"])
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


@pytest.fixture
def ctrl_c():
    """Ctrl-C reaches this process; what a shell starts in the background is made to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt():
    """What Ctrl-C does, once the main thread has had time to wait: CPython can lose one just before that."""
    sleep(0.02)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@pytest.mark.usefixtures("ctrl_c")
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


@pytest.mark.usefixtures("ctrl_c")
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
        await asyncio.to_thread(started.wait, 5)
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


# How long it takes, and what is left


class Sleepers:
    """An async function that sleeps for long, and what tells when *count* calls of it do."""

    def __init__(self, count):
        self.left, self.asleep = count, asyncio.Event()

    async def sleep(self):
        self.left -= 1
        if not self.left:
            self.asleep.set()
        await asyncio.sleep(30)


def cancel_task(task, context):
    task.cancel()


def cancel_context(task, context):
    context.cancel()


async def latencies(cancel, *, hooked):
    """How long each of 100 runs, all under way at once, takes to end after its cancel."""
    sleepers, cleaned, seconds = Sleepers(100), [], []
    dag = DAG("cancelled").add_node(sleepers.sleep)
    if hooked:
        dag.set_default_hooks(pre_execute=lambda *_: None, cleanup=cleaned.append)
    contexts = [Context() for _ in range(100)]
    tasks = [asyncio.create_task(dag.run_async(context=context)) for context in contexts]
    await asyncio.wait_for(sleepers.asleep.wait(), 10)
    for task, context in zip(tasks, contexts, strict=True):
        started = perf_counter()
        cancel(task, context)
        await asyncio.wait([task])
        seconds.append(perf_counter() - started)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {asyncio.CancelledError, RunCancelledError}
    assert {context.metadata["execution_status"] for context in contexts} == {"cancelled"}
    assert len(cleaned) == 100 * hooked
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert [thread for thread in threading.enumerate() if not thread.daemon] == [threading.main_thread()]
    return seconds


@pytest.mark.parametrize("hooked", [False, True])
@pytest.mark.parametrize("cancel", [cancel_task, cancel_context])
def test_99_of_100_cancels_take_effect_within_50_ms(cancel, hooked):
    # A busy machine may spoil a round, not every one.
    rounds = (sorted(asyncio.run(latencies(cancel, hooked=hooked))) for _ in range(3))
    assert any(seconds[98] < 0.05 for seconds in rounds)


@pytest.mark.parametrize("hooked", [False, True])
def test_nothing_of_the_library_is_left_running_after_a_cancel(any_mode, kind, hooked):
    dag, context, started, seen = DAG("cancelled"), Context(), threading.Event(), []

    async def slow(first):
        started.set()
        await anyio.sleep(30)

    dag.node(kind(lambda: 1), name="first") >> dag.node(slow)
    if hooked:
        dag.set_default_hooks(pre_execute=kind(lambda *_: None), cleanup=kind(seen.append))
    before = {thread for thread in threading.enumerate() if not thread.daemon}
    with cancelled_after(started, context):
        error = raised_by(any_mode, dag, context=context)
    assert isinstance(error, RunCancelledError)
    assert comes_true(lambda: not threads_of_the_library())
    left = {thread for thread in threading.enumerate() if not thread.daemon} - before
    assert comes_true(lambda: not any(thread.is_alive() for thread in left))
    assert [node.name for node in seen] == ["first", "slow"] * hooked


def test_no_task_is_left_on_the_loop_after_a_cancel_through_the_context(kind):
    dag, context, seen = DAG("cancelled"), Context(), []
    dag.set_default_hooks(cleanup=kind(seen.append))

    async def main():
        sleepers = Sleepers(5)
        for index in range(5):
            dag.add_node(f"n{index}", sleepers.sleep)
        task = asyncio.create_task(dag.run_async(context=context))
        await sleepers.asleep.wait()
        context.cancel()
        await asyncio.wait([task])
        return task.exception(), asyncio.all_tasks() - {asyncio.current_task()}

    error, left = asyncio.run(main())
    assert isinstance(error, RunCancelledError)
    assert (len(seen), left) == (5, set())
