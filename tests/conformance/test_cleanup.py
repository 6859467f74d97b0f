"""Cleanup hooks: last, once, whatever happens, and within a moment when the run has ended."""

import asyncio
import threading
from time import sleep

import anyio
import pytest
import trio

from fast_dag import DAG, Context, RunCancelledError, TimeoutError
from tests.conformance.modes import (
    MARGIN,
    as_async,
    cancelled_after,
    comes_true,
    raised_by,
    seconds_of,
    threads_of_the_library,
)


def sleeper(seen, started=None):
    """An async function that sleeps for long and notes its end."""

    async def slow():
        if started is not None:
            started.set()
        try:
            await anyio.sleep(30)
        finally:
            seen.append("ended")

    return slow


def sleeper_hook(seen):
    """A cleanup hook that sleeps for long and notes its beginning and end."""

    async def cleanup(node):
        seen.append("begun")
        await sleeper(seen)()

    return cleanup


def cleaned(seen, kind, *functions):
    """A DAG of *functions*, n0 and so on, whose cleanup hook notes the node."""
    dag = DAG("cleaned")
    for index, function in enumerate(functions):
        dag.node(function, name=f"n{index}")
    return dag.set_default_hooks(cleanup=kind(lambda node: seen.append(node.name)))


# Whatever happens


def test_cleanup_comes_after_a_success(any_mode, kind):
    seen = []
    any_mode(cleaned(seen, kind, kind(lambda: seen.append("call"))))
    assert seen == ["call", "n0"]


def test_cleanup_comes_after_a_failure_and_what_handlers_say(any_mode, kind):
    seen = []
    dag = cleaned(seen, kind, kind(lambda: 1 / 0))
    raised_by(any_mode, dag, error_handler=lambda *_: seen.append("handler"))
    assert seen == ["handler", "n0"]


def test_cleanup_comes_once_after_all_attempts(any_mode, kind):
    seen = []

    def broken():
        seen.append("call")
        raise OSError

    dag = DAG("retried")
    dag.node(kind(broken), name="n", retry=3)
    dag.set_node_hooks("n", cleanup=kind(lambda node: seen.append("cleanup")))
    raised_by(any_mode, dag)
    assert seen == ["call"] * 3 + ["cleanup"]


def test_cleanup_comes_after_the_timeout_of_a_node(any_mode, kind):
    dag, seen = DAG("timeout"), []
    dag.node(sleeper(seen), name="n", timeout=0.02)
    dag.set_node_hooks("n", cleanup=kind(lambda node: seen.append("cleanup")))
    assert isinstance(raised_by(any_mode, dag), TimeoutError)
    assert seen == ["ended", "cleanup"]


def test_cleanup_does_not_wait_for_an_attempt_left_to_its_thread(any_mode, kind, gate):
    dag, seen = DAG("timeout"), []
    dag.node(lambda: gate.wait(10), name="n", timeout=0.02)
    dag.set_node_hooks("n", cleanup=kind(lambda node: seen.append("cleanup")))
    assert isinstance(raised_by(any_mode, dag), TimeoutError)
    assert seen == ["cleanup"]


def test_cleanup_comes_after_the_timeout_of_the_run(any_mode, kind):
    seen, context = [], Context()
    dag = cleaned(seen, kind, sleeper(seen))
    dag.set_node_hooks("n0", cleanup=kind(lambda node, context: seen.append(context.cancelled)))
    assert isinstance(raised_by(any_mode, dag, timeout=0.06, context=context), TimeoutError)
    assert seen == ["ended", True, "n0"]


def test_cleanup_comes_when_a_sibling_fails(concurrent_mode, kind):
    seen, started = [], threading.Event()
    dag = cleaned(seen, kind, sleeper(seen, started), lambda: started.wait(5) / 0)
    assert isinstance(raised_by(concurrent_mode, dag, max_workers=2), ZeroDivisionError)
    assert sorted(seen) == ["ended", "n0", "n1"]
    assert seen.index("ended") < seen.index("n0")


def test_cleanup_comes_after_a_cancel(any_mode, kind):
    seen, started, context = [], threading.Event(), Context()
    dag = cleaned(seen, kind, sleeper(seen, started))
    with cancelled_after(started, context):
        assert isinstance(raised_by(any_mode, dag, context=context), RunCancelledError)
    assert seen == ["ended", "n0"]


def test_cleanup_comes_after_a_cancel_by_the_node_itself(any_mode, kind):
    seen = []
    dag = cleaned(seen, kind, kind(lambda context: context.cancel()))
    assert isinstance(raised_by(any_mode, dag), RunCancelledError)
    assert seen == ["n0"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_cleanup_comes_after_ctrl_c_in_a_node(any_mode, kind, error):
    seen = []

    def interrupted():
        raise error

    assert type(raised_by(any_mode, cleaned(seen, kind, kind(interrupted)))) is error
    assert seen == ["n0"]


def test_cleanup_comes_when_the_awaiting_asyncio_task_is_cancelled(kind):
    seen, started = [], threading.Event()
    dag = cleaned(seen, kind, sleeper(seen, started), sleeper(seen))

    async def main():
        task = asyncio.create_task(dag.run_async())
        await asyncio.to_thread(started.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert sorted(seen) == ["ended", "ended", "n0", "n1"]


def test_cleanup_comes_when_the_awaiting_trio_scope_is_cancelled(kind):
    seen = []
    dag = cleaned(seen, kind, sleeper(seen), sleeper(seen))

    async def main():
        with trio.move_on_after(0.05):
            await dag.run_async()

    trio.run(main)
    assert sorted(seen) == ["ended", "ended", "n0", "n1"]


def test_a_step_that_waits_for_its_next_attempt_is_cleaned_up_after(any_mode, kind):
    dag, seen, context, failed = DAG("waiting"), [], Context(), threading.Event()
    dag.node(kind(lambda: 1 / 0), name="n", retry=2, retry_delay=30)
    on_error, cleanup = kind(lambda *_: failed.set()), kind(lambda node: seen.append("cleanup"))
    dag.set_node_hooks("n", on_error=on_error, cleanup=cleanup)
    with cancelled_after(failed, context):
        taken, error = seconds_of(any_mode, dag, context=context)
    assert isinstance(error, RunCancelledError)
    assert taken < 5
    assert seen == ["cleanup"]


def test_a_nested_run_is_cleaned_up_from_the_inside_out(any_mode, kind):
    inner, dag, seen = DAG("inner"), DAG("outer"), []
    inner.node(sleeper(seen), name="n")
    inner.set_default_hooks(cleanup=kind(lambda node: seen.append("inner")))
    dag.add_dag("sub", inner)
    dag.set_default_hooks(cleanup=kind(lambda node: seen.append("outer")))
    raised_by(any_mode, dag, timeout=0.06)
    assert seen == ["ended", "inner", "outer"]


def test_a_nested_run_out_of_time_is_cleaned_up_before_the_next_attempt(any_mode, kind):
    inner, dag, seen = DAG("inner"), DAG("outer"), []
    inner.node(sleeper(seen), name="n")
    inner.set_node_hooks("n", cleanup=kind(lambda node: seen.append("inner")))
    dag.add_dag("sub", inner, timeout=0.03, retry=2)
    dag.set_default_hooks(
        on_error=kind(lambda *_: seen.append("error")), cleanup=kind(lambda node: seen.append("outer"))
    )
    assert isinstance(raised_by(any_mode, dag), TimeoutError)
    assert [each for each in seen if each != "ended"] == ["inner", "error"] * 2 + ["outer"]


# Cleanup hooks that raise


def test_a_cleanup_that_raises_is_a_warning_and_changes_no_result(any_mode, kind):
    def broken(node):
        raise KeyError("no such file")

    dag, seen = cleaned([], kind, kind(lambda: 1)), []
    dag.set_node_hooks("n0", cleanup=kind(broken))
    dag.set_default_hooks(cleanup=kind(lambda node: seen.append(node.name)))
    with pytest.warns(RuntimeWarning, match="the cleanup hook of 'n0' raised KeyError: 'no such file'"):
        assert any_mode(dag) == 1
    assert seen == ["n0"]
    assert dag.context.metadata["execution_status"] == "completed"


def test_a_cleanup_that_raises_when_the_run_has_ended_is_a_warning_too(any_mode, kind):
    def broken(node):
        raise KeyError

    dag = cleaned([], kind, sleeper([]))
    dag.set_node_hooks("n0", cleanup=kind(broken))
    with pytest.warns(RuntimeWarning, match="the cleanup hook of 'n0' raised KeyError"):
        error = raised_by(any_mode, dag, timeout=0.06)
    assert isinstance(error, TimeoutError)


def test_a_cleanup_that_raises_is_a_warning_for_a_cancelled_task():
    def broken(node):
        raise KeyError

    dag = cleaned([], lambda function: function, sleeper([]))
    dag.set_node_hooks("n0", cleanup=broken)

    async def main():
        async with asyncio.timeout(0.02):
            await dag.run_async()

    with pytest.warns(RuntimeWarning, match="raised KeyError"), pytest.raises(asyncio.TimeoutError):
        asyncio.run(main())


def test_ctrl_c_in_a_cleanup_passes_though_the_run_had_failed(any_mode, kind):
    def interrupted(node):
        raise KeyboardInterrupt

    dag = cleaned([], kind, sleeper([]))
    dag.set_default_hooks(cleanup=kind(interrupted))
    assert type(raised_by(any_mode, dag, timeout=0.06)) is KeyboardInterrupt


# When the run has ended: a moment, all together


@pytest.mark.parametrize("how", ["timeout", "cancel"])
def test_an_async_cleanup_that_hangs_is_abandoned(any_mode, how):
    seen, started, context = [], threading.Event(), Context()
    dag = cleaned([], lambda function: function, sleeper([], started))
    dag.set_node_hooks("n0", cleanup=sleeper_hook(seen))
    if how == "timeout":
        taken, error = seconds_of(any_mode, dag, timeout=0.06)
    else:
        with cancelled_after(started, context):
            taken, error = seconds_of(any_mode, dag, context=context)
    assert isinstance(error, TimeoutError if how == "timeout" else RunCancelledError)
    assert taken < 0.16 + MARGIN
    assert comes_true(lambda: seen == ["begun", "ended"])


def test_a_sync_cleanup_that_hangs_is_abandoned_and_counted(any_mode, gate):
    dag = cleaned([], lambda function: function, sleeper([]))
    dag.set_node_hooks("n0", cleanup=lambda node: gate.wait(10))
    taken, error = seconds_of(any_mode, dag, timeout=0.06)
    assert isinstance(error, TimeoutError)
    assert taken < 0.16 + MARGIN
    assert dag.context.metrics["abandoned_threads"] == 1
    gate.set()
    assert comes_true(lambda: not threads_of_the_library())


def test_one_cleanup_that_hangs_does_not_keep_others_from_theirs(concurrent_mode, gate):
    seen = []
    dag = cleaned(seen, as_async, sleeper([]), sleeper([]), sleeper([]))
    dag.set_node_hooks("n1", cleanup=lambda node: gate.wait(10))
    raised_by(concurrent_mode, dag, timeout=0.06, max_workers=3)
    assert sorted(seen) == ["n0", "n2"]


def test_cleanups_of_many_nodes_share_the_moment(async_mode):
    seen = []

    async def cleanup(node):
        await anyio.sleep(0.03)
        seen.append(node.name)

    dag = cleaned([], lambda function: function, *[sleeper([])] * 20).set_default_hooks(cleanup=cleanup)
    raised_by(async_mode, dag, timeout=0.3)
    assert len(seen) == 20


def test_a_cleanup_under_way_may_end_when_the_run_does(concurrent_mode, kind):
    seen, begun, failed = [], threading.Event(), threading.Event()

    def slow(node):
        begun.set()
        seen.append("begun")
        failed.wait(5)
        sleep(0.01)
        seen.append("ended")

    async def slow_async(node):
        begun.set()
        seen.append("begun")
        await anyio.sleep(0.03)
        seen.append("ended")

    def fail():
        begun.wait(5)
        failed.set()
        raise ValueError

    dag = cleaned([], kind, lambda: 1, fail)
    dag.set_default_hooks(cleanup=lambda node: seen.append(node.name) if node.name == "n0" else None)
    dag.set_node_hooks("n0", cleanup=slow if kind(slow) is slow else slow_async)
    assert isinstance(raised_by(concurrent_mode, dag, max_workers=2), ValueError)
    assert seen == ["begun", "ended", "n0"]


def test_an_awaitable_from_a_plain_function_is_awaited(any_mode):
    seen = []

    async def close():
        await anyio.sleep(0.001)
        seen.append("closed")

    dag = cleaned([], lambda function: function, lambda: 1, sleeper([]))
    dag.set_default_hooks(cleanup=lambda node: close())
    raised_by(any_mode, dag, timeout=0.06)
    assert seen == ["closed", "closed"]


def test_nothing_of_the_library_is_left_running_after_hooks(any_mode, kind):
    seen = []
    dag = cleaned(seen, kind, kind(lambda: 1), sleeper(seen))
    raised_by(any_mode, dag, timeout=0.06)
    assert sorted(seen) == ["ended", "n0", "n1"]
    assert comes_true(lambda: not threads_of_the_library())
