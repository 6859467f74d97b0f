"""The ways to run a DAG, and what tests of all of them need."""

import asyncio
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, perf_counter, sleep
from typing import Any

import anyio
import anyio.lowlevel
import trio

MARGIN = 0.35
"""Seconds by which a busy machine may be late, before a test says that something did not end in time."""


@dataclass(frozen=True)
class Mode:
    """A way to run a DAG, called like ``DAG.run``; *is_concurrent* if two nodes may be under way at once."""

    name: str
    run: Callable[..., Any]
    is_concurrent: bool = True

    def __call__(self, dag, *args, **options):
        return self.run(dag, *args, **options)

    def __str__(self):
        return self.name


def run_on_asyncio(dag, *args, **options):
    return asyncio.run(dag.run_async(*args, **options))


def run_on_trio(dag, *args, **options):
    return trio.run(functools.partial(dag.run_async, *args, **options))


def run_on_executor(dag, *args, **options):
    executor = ThreadPoolExecutor(options.get("max_workers", 4))
    try:
        return dag.run(*args, executor=executor, **options)
    finally:
        executor.submit(int)  # refused by a pool that has been shut down
        executor.shutdown(wait=False)


def in_mode(name):
    """The runner of ``DAG.run`` in the mode *name*."""
    return lambda dag, *args, **options: dag.run(*args, mode=name, **options)


SEQUENTIAL = Mode("sequential", in_mode("sequential"), is_concurrent=False)
PARALLEL = Mode("parallel", in_mode("parallel"))
ASYNC_MODE = Mode("async", in_mode("async"))
ON_ASYNCIO = Mode("run_async on asyncio", run_on_asyncio)
ON_TRIO = Mode("run_async on trio", run_on_trio)
ON_EXECUTOR = Mode("executor", run_on_executor)

ALL = [SEQUENTIAL, PARALLEL, ASYNC_MODE, ON_ASYNCIO, ON_TRIO, ON_EXECUTOR]
CONCURRENT = [mode for mode in ALL if mode.is_concurrent]
ASYNC = [ASYNC_MODE, ON_ASYNCIO, ON_TRIO]
LEAVING = [SEQUENTIAL, PARALLEL, ASYNC_MODE, ON_EXECUTOR]


class Meeting:
    """Where async nodes wait until *count* of them are there."""

    def __init__(self, count):
        self.left = count
        self.complete = anyio.Event()

    async def join(self):
        self.left -= 1
        if not self.left:
            self.complete.set()
        with anyio.fail_after(5):
            await self.complete.wait()


def as_async(function):
    """An async function that does the same, after giving others a turn."""

    @functools.wraps(function)
    async def call(*args, **kwargs):
        await anyio.lowlevel.checkpoint()
        return function(*args, **kwargs)

    return call


def raised_by(mode, dag, *args, **options):
    """The exception that a run ends with."""
    try:
        mode(dag, *args, **options)
    except BaseException as error:  # noqa: BLE001 - Ctrl-C and the like are what some tests are about
        return error
    raise AssertionError("the run ended without an error")


def seconds_of(mode, dag, *args, **options):
    """How long a run takes, and what it raises, if it does."""
    started = perf_counter()
    try:
        mode(dag, *args, **options)
    except BaseException as error:  # noqa: BLE001 - as above
        return perf_counter() - started, error
    return perf_counter() - started, None


@contextmanager
def cancelled_after(event, context, reason=None):
    """Cancel *context* from another thread once *event* is set."""

    def cancel():
        event.wait(10)
        context.cancel(reason)

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        yield
    finally:
        event.set()
        thread.join()


def comes_true(condition, within=5.0):
    """Whether *condition* holds before long; for what happens in other threads after a run."""
    end = monotonic() + within
    while not condition() and monotonic() < end:
        sleep(0.002)
    return condition()


def threads_of_the_library():
    return [thread for thread in threading.enumerate() if thread.name.startswith("fast_dag")]
