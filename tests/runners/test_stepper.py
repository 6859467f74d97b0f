"""Step by step: a node with a time-out is left when its time is up, as in a run."""

import threading

import anyio
import pytest

from fast_dag import DAG, Context, TimeoutError
from tests.conformance.modes import comes_true


@pytest.fixture
def gate():
    """What sync nodes are stuck at, until the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def test_a_node_with_a_timeout_has_a_thread_and_those_after_it_that_of_the_caller():
    dag = DAG("steps")
    dag.node(lambda: threading.current_thread().name, name="a", timeout=60)
    dag.node(lambda a: (a, threading.current_thread().name), name="b")
    dag.connect("a", "b", input="a")
    context, first = dag.step()
    context, (given, here) = dag.step(context)
    assert given == first != here == threading.current_thread().name
    assert comes_true(lambda: first not in [thread.name for thread in threading.enumerate()])


def test_an_async_node_within_its_time_gives_its_result():
    async def a():
        await anyio.sleep(0.001)
        return 1

    dag = DAG("steps")
    dag.node(a, timeout=60)
    assert dag.step()[1] == 1


def test_a_sync_node_out_of_time_is_left_to_its_thread(gate):
    dag, context = DAG("steps"), Context()
    dag.node(lambda: gate.wait(10), name="stuck", timeout=0.02)
    with pytest.raises(TimeoutError, match=r"node 'stuck' timed out after 0\.02 s"):
        dag.step(context)
    assert context.metrics["abandoned_threads"] == 1


def test_an_async_node_out_of_time_is_cancelled():
    dag, ended = DAG("steps"), threading.Event()

    async def slow():
        try:
            await anyio.sleep(30)
        finally:
            ended.set()

    dag.node(slow, timeout=0.02)
    with pytest.raises(TimeoutError, match="'slow' timed out"):
        dag.step()
    assert ended.wait(5)


def test_a_node_out_of_time_is_tried_again(gate):
    dag, calls = DAG("steps"), []

    @dag.node(timeout=0.1, retry=2)
    def slow():
        calls.append(1)
        if len(calls) == 1:
            gate.wait(10)
        return len(calls)

    assert dag.step()[1] == 2
