"""An event loop on a thread of its own: it begins with its first coroutine and ends with its run."""

import asyncio
import contextvars
import queue
import threading
from time import perf_counter

import pytest

from fast_dag.runners.private_loop import PrivateLoop
from tests.conformance.modes import MARGIN, comes_true, threads_of_the_library


@pytest.fixture
def loop():
    private = PrivateLoop("tested")
    yield private
    private.close()


def start(loop, begin):
    return loop.start(begin, contextvars.copy_context())


def test_no_thread_is_started_before_the_first_coroutine(loop):
    assert threads_of_the_library() == []
    assert loop.close() is True


def test_coroutines_run_on_one_daemon_thread(loop):
    found = queue.SimpleQueue()

    async def where():
        found.put((threading.current_thread(), asyncio.get_running_loop()))

    start(loop, where)
    start(loop, where)
    thread, running = found.get(timeout=5)
    assert found.get(timeout=5) == (thread, running)
    assert thread.daemon
    assert "tested" in thread.name


def test_a_coroutine_has_the_context_it_was_given(loop):
    variable, found = contextvars.ContextVar("variable"), queue.SimpleQueue()
    context = contextvars.copy_context()
    context.run(variable.set, "given")

    async def look():
        found.put(variable.get())

    loop.start(look, context)
    assert found.get(timeout=5) == "given"


def test_a_handle_cancels_its_coroutine_and_no_other(loop):
    ended = queue.SimpleQueue()

    async def wait(name):
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.put(name)
            raise

    first = start(loop, lambda: wait("first"))
    start(loop, lambda: wait("second"))
    assert first.cancel() is True
    assert ended.get(timeout=5) == "first"
    assert ended.empty()


def test_a_coroutine_that_is_cancelled_at_once_has_begun_and_can_tell(loop):
    ended = queue.SimpleQueue()

    async def wait():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.put("cancelled")

    for _ in range(200):
        start(loop, wait).cancel()
        assert ended.get(timeout=5) == "cancelled"


def test_closing_cancels_what_is_left_and_ends_the_thread(loop):
    ended, started = [], threading.Event()

    async def wait():
        started.set()
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(1)

    start(loop, wait)
    assert started.wait(5)
    assert loop.close(5) is True
    assert ended == [1]
    assert comes_true(lambda: not threads_of_the_library())


def test_a_loop_that_does_not_end_is_left_after_the_grace(loop):
    gate, started = threading.Event(), threading.Event()

    async def block():
        started.set()
        gate.wait(5)

    start(loop, block)
    assert started.wait(5)
    before = perf_counter()
    assert loop.close(0.02) is False
    assert perf_counter() - before < 0.02 + MARGIN
    gate.set()
    assert comes_true(lambda: not threads_of_the_library())


def test_what_is_posted_to_a_closed_loop_is_dropped(loop):
    calls = []

    async def nothing():
        pass

    start(loop, nothing)
    assert loop.close(5) is True
    loop.post(calls.append, 1)
    assert calls == []
