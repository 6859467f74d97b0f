"""Time: nothing waits for what it does not need, and nothing is waited for beyond its timeout."""

import asyncio
import builtins
import os
import subprocess
import sys
import threading
from contextlib import suppress
from time import sleep

import anyio
import pytest

from fast_dag import DAG
from fast_dag import TimeoutError as OurTimeoutError
from tests.conformance.modes import MARGIN, comes_true, raised_by, seconds_of

STILL_RUNNING = "still running: stuck"


def uneven_pairs(*, is_async):
    """16 pairs of nodes; each pair takes 80 ms, each node another time: with a barrier all take 155 ms."""
    dag = DAG("pairs")
    for index in range(16):
        first = index * 0.005

        def a(first=first):
            sleep(first)

        def b(a, rest=0.08 - first):
            sleep(rest)

        async def a_async(first=first):
            await anyio.sleep(first)

        async def b_async(a, rest=0.08 - first):
            await anyio.sleep(rest)

        source = dag.node(a_async if is_async else a, name=f"a{index}")
        dag.connect(source, dag.node(b_async if is_async else b, name=f"b{index}"), input="a")
    return dag


def test_there_is_no_barrier_between_levels(concurrent_mode, kind):
    dag = uneven_pairs(is_async=kind(len) is not len)
    assert any(seconds_of(concurrent_mode, dag, max_workers=16)[0] < 0.13 for _ in range(5))


async def sleeping():
    await anyio.sleep(30)


def waiting_for(gate):
    """A sync function that waits for *gate*."""

    def stuck():
        gate.wait(10)
        return "late"

    return stuck


def blocking_the_loop(gate):
    """An async function that does not yield."""

    async def stuck():
        gate.wait(10)

    return stuck


def refusing(gate):
    """An async function that goes on when it is cancelled."""

    async def stuck():
        while not gate.is_set():
            with suppress(asyncio.CancelledError):
                await anyio.sleep(0.01)

    return stuck


# The timeout of a node


def test_an_async_node_out_of_time_is_cancelled(any_mode):
    dag, seen = DAG("timeout"), []

    async def slow():
        try:
            await anyio.sleep(30)
        except BaseException as error:
            seen.append(type(error).__name__)
            raise

    dag.node(slow, timeout=0.05)
    taken, error = seconds_of(any_mode, dag)
    assert str(error) == "node 'slow' timed out after 0.05 s"
    assert seen in (["CancelledError"], ["Cancelled"])
    assert taken < 0.05 + MARGIN
    assert dag.context.metrics["abandoned_threads"] == 0


def test_a_sync_node_out_of_time_is_abandoned_and_the_run_goes_on(any_mode, gate):
    dag, events = DAG("timeout"), []
    stuck = dag.node(waiting_for(gate), timeout=0.05)
    stuck >> dag.node(lambda stuck: stuck, name="after")
    options = {"error_strategy": "continue_none", "observers": [events.append]}
    taken, _ = seconds_of(any_mode, dag, **options)
    assert taken < 0.05 + MARGIN
    assert dag.results == {"stuck": None, "after": None}
    assert dag.context.metrics["abandoned_threads"] == 1
    (abandoned,) = [event for event in events if event.kind == "node_abandoned"]
    assert (abandoned.node, abandoned.attempt, abandoned.timeout) == ("stuck", 1, 0.05)


def test_an_abandoned_attempt_tells_its_number_in_its_iteration(any_mode, gate):
    events, dag = [], DAG("late")
    dag.node(lambda n=0: gate.wait(10) if n == 2 else n + 1, name="count")
    with dag.cycle("loop", max_iterations=9, timeout=0.3, on_limit="return") as cycle:
        cycle.feedback("count", "count", input="n")
    any_mode(dag, observers=[events.append])
    (abandoned,) = [event for event in events if event.kind == "node_abandoned"]
    assert (abandoned.attempt, abandoned.iteration) == (1, (2,))


def test_the_late_result_of_an_abandoned_attempt_is_never_used(any_mode, gate):
    dag, calls, returned = DAG("late"), [], threading.Event()

    def slow():
        calls.append(1)
        if len(calls) > 1:
            gate.set()
            returned.wait(10)
            return "second"
        gate.wait(10)
        returned.set()
        return "first"

    dag.node(slow, timeout=0.1, retry=2)
    assert any_mode(dag) == "second"
    assert dag.results == {"slow": "second"}


@pytest.mark.parametrize("caught", [builtins.TimeoutError, OurTimeoutError])
def test_both_classes_of_timeout_catch_it(any_mode, caught):
    dag = DAG("timeout")
    dag.node(sleeping, timeout=0.01)
    with pytest.raises(caught):
        any_mode(dag)


def test_the_text_tells_which_attempt_it_was(any_mode):
    dag = DAG("timeout")
    dag.node(sleeping, timeout=0.01, retry=3)
    error = raised_by(any_mode, dag)
    assert str(error) == "node 'sleeping' timed out after 0.01 s (attempt 3 of 3)"
    assert (error.node_name, error.attempts) == ("sleeping", 3)
    assert dag.context.metadata["execution_status"] == "failed"


def test_a_timeout_error_of_the_node_itself_is_its_own(any_mode, kind):
    dag = DAG("own")

    def broken():
        raise builtins.TimeoutError("from the socket")

    dag.node(kind(broken), timeout=30)
    error = raised_by(any_mode, dag)
    assert str(error.original_error) == "from the socket"


def test_the_clock_of_a_sync_node_starts_when_a_thread_has_it(any_mode):
    dag = DAG("queue")
    for index in range(4):
        dag.node(lambda: sleep(0.03), name=f"n{index}", timeout=0.1)
    any_mode(dag, max_workers=1)
    assert dag.context.metrics["nodes_executed"] == 4


def test_a_node_that_refuses_to_be_cancelled_is_left_behind_with_its_loop(leaving_mode, gate):
    dag = DAG("refusing")
    dag.node(refusing(gate), timeout=0.05)
    taken, error = seconds_of(leaving_mode, dag)
    assert isinstance(error, OurTimeoutError)
    assert taken < 0.05 + 0.2 + MARGIN
    assert dag.context.metrics["abandoned_threads"] == 1


# The timeout of a run


def test_a_run_out_of_time_ends_with_a_sync_node_stuck(any_mode, gate):
    dag = DAG("late")
    dag.node(waiting_for(gate))
    taken, error = seconds_of(any_mode, dag, timeout=0.15)
    assert str(error) == f"run of 'late' timed out after 0.15 s; {STILL_RUNNING}"
    assert taken < 0.25 + MARGIN
    assert dag.context.metadata["execution_status"] == "timed_out"
    assert dag.context.metrics["abandoned_threads"] == 1
    assert dag.context.cancelled


def test_what_waits_for_a_worker_is_not_named_as_running(concurrent_mode, gate):
    dag, begun = DAG("late"), []

    def stuck(name):
        begun.append(name)
        gate.wait(10)

    for index in range(2 * (os.cpu_count() or 1) + 4):
        dag.node(lambda name=f"n{index}": stuck(name), name=f"n{index}")
    error = raised_by(concurrent_mode, dag, timeout=0.1)
    assert str(error).endswith(f"still running: {', '.join(sorted(begun))}")


def test_a_run_out_of_time_cancels_async_nodes(any_mode):
    dag, seen = DAG("late"), []

    async def stuck():
        try:
            await anyio.sleep(30)
        finally:
            seen.append("ended")

    dag.node(stuck)
    taken, error = seconds_of(any_mode, dag, timeout=0.15)
    assert STILL_RUNNING in str(error)
    assert taken < 0.25 + MARGIN
    assert seen == ["ended"]
    assert dag.context.metadata["execution_status"] == "timed_out"
    assert dag.context.metrics["abandoned_threads"] == 0


@pytest.mark.parametrize("behaviour", [refusing, blocking_the_loop])
def test_a_run_out_of_time_leaves_its_own_loop_behind(leaving_mode, gate, behaviour):
    dag = DAG("late")
    dag.node(behaviour(gate))
    taken, error = seconds_of(leaving_mode, dag, timeout=0.15)
    assert STILL_RUNNING in str(error)
    assert taken < 0.25 + MARGIN
    assert dag.context.metadata["execution_status"] == "timed_out"
    assert dag.context.metrics["abandoned_threads"] == 1


def test_a_run_within_its_time_is_not_disturbed(any_mode, kind):
    dag = DAG("quick")
    dag.node(kind(lambda: 1), name="a") >> dag.node(kind(lambda a: a + 1), name="b")
    assert any_mode(dag, timeout=300) == 2


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "1", True])
def test_a_timeout_must_be_a_positive_number(any_mode, timeout):
    dag = DAG("bad")
    dag.node(lambda: 1, name="a")
    with pytest.raises(ValueError, match="timeout"):
        any_mode(dag, timeout=timeout)


def test_nothing_starts_after_the_deadline(any_mode, gate):
    dag, calls = DAG("late"), []
    stuck = dag.node(waiting_for(gate))
    stuck >> dag.node(calls.append, name="after", inputs=["stuck"])
    raised_by(any_mode, dag, timeout=0.05)
    gate.set()
    assert not comes_true(lambda: calls, within=0.05)
    assert dag.results == {}


PROGRAM = """
import asyncio, time, trio
from fast_dag import DAG, TimeoutError

def sync_node():
    time.sleep(60)

async def blocking_node():
    time.sleep(60)

def run(function, run_it):
    dag = DAG("left behind")
    dag.node(function)
    try:
        run_it(dag)
    except TimeoutError:
        print("timed out")

for function in (sync_node, blocking_node):
    for mode in ("sequential", "parallel", "async"):
        run(function, lambda dag: dag.run(mode=mode, timeout=0.05))
run(sync_node, lambda dag: asyncio.run(dag.run_async(timeout=0.05)))
run(sync_node, lambda dag: trio.run(lambda: dag.run_async(timeout=0.05)))
"""


def test_threads_left_behind_do_not_delay_the_end_of_the_process():
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    ended = subprocess.run(  # noqa: S603 - our own program
        command, capture_output=True, text=True, timeout=15, check=True
    )
    assert (ended.stdout, ended.stderr) == ("timed out\n" * 8, "")
