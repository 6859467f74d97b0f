"""Event loops: which one nodes are on, and that nothing blocks it, ends it or stays behind."""

import asyncio
import contextvars
import gc
import sys
import threading
import types
import warnings
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from fast_dag import DAG, DAGRunner
from tests.conformance.modes import (
    SEQUENTIAL,
    Meeting,
    as_async,
    comes_true,
    raised_by,
    run_on_asyncio,
    run_on_trio,
    threads_of_the_library,
)

MODES_OF_RUN = ["sequential", "parallel", "async"]


class Gauge:
    """Counts how many calls are under way at once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __enter__(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self.lock:
            self.now -= 1


def wide(gauge, count, kind_of):
    """A DAG of *count* independent nodes; with the kind "both" every second one is async."""
    dag = DAG("wide")

    def sync_node():
        with gauge:
            threading.Event().wait(0.002)

    async def async_node():
        with gauge:
            await anyio.sleep(0.002)

    for index in range(count):
        is_async = kind_of == "async" or (kind_of == "both" and index % 2)
        dag.node(async_node if is_async else sync_node, name=f"n{index}")
    return dag


@pytest.mark.parametrize("kind_of", ["sync", "async", "both"])
@pytest.mark.parametrize("workers", [1, 3])
def test_max_workers_is_never_exceeded(concurrent_mode, kind_of, workers):
    gauge = Gauge()
    dag = wide(gauge, 12, kind_of)
    concurrent_mode(dag, max_workers=workers)
    assert gauge.most <= workers
    assert dag.context.metrics["nodes_executed"] == 12


@pytest.mark.parametrize("kind_of", ["sync", "async", "both"])
def test_a_sequential_run_does_one_thing_at_a_time(kind_of):
    gauge = Gauge()
    SEQUENTIAL(wide(gauge, 6, kind_of))
    assert gauge.most == 1


def test_max_workers_needs_a_concurrent_mode():
    dag = wide(Gauge(), 2, "sync")
    with pytest.raises(ValueError, match="needs a concurrent mode"):
        SEQUENTIAL(dag, max_workers=2)
    SEQUENTIAL(dag, max_workers=1)


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2", True])
@pytest.mark.parametrize("mode", MODES_OF_RUN)
def test_max_workers_must_be_a_positive_integer(mode, workers):
    dag = wide(Gauge(), 1, "sync")
    with pytest.raises(ValueError, match="max_workers"):
        dag.run(mode=mode, max_workers=workers)


def test_two_nodes_that_wait_for_each_other_are_under_way_together(concurrent_mode, kind):
    dag, meeting, barrier = DAG("together"), Meeting(2), threading.Barrier(2)
    meet = meeting.join if kind is as_async else lambda: barrier.wait(5)
    dag.node(meet, name="first")
    dag.node(meet, name="second")
    concurrent_mode(dag, max_workers=2)
    assert set(dag.results) == {"first", "second"}


def test_async_nodes_are_not_limited_by_the_number_of_processors(async_mode):
    dag, meeting = DAG("many"), Meeting(100)
    for index in range(100):
        dag.node(meeting.join, name=f"n{index}")
    async_mode(dag)
    assert len(dag.results) == 100


def test_all_async_nodes_of_a_run_are_on_one_loop(any_mode):
    dag, loops = DAG("one loop"), []

    async def where(value=None):
        await anyio.lowlevel.checkpoint()
        loops.append((threading.get_ident(), anyio.lowlevel.current_token()))

    async def later():
        return await where()

    first = dag.node(where, name="first")
    first >> dag.node(where, name="second")
    first >> dag.node(lambda value: later(), name="returned")
    dag.node(where, name="lone", timeout=30)
    any_mode(dag)
    assert len(loops) == 4
    assert len(set(loops)) == 1


def test_async_nodes_of_run_async_are_on_the_loop_of_the_caller():
    dag = DAG("caller")

    async def where():
        return asyncio.get_running_loop()

    dag.node(where, name="a")
    dag.node(where, name="b") >> dag.node(as_async(lambda b: b), name="c")

    async def main():
        return await dag.run_async(), asyncio.get_running_loop()

    found, loop = asyncio.run(main())
    assert found is dag["a"] is loop


@pytest.mark.parametrize("beat", [asyncio, anyio], ids=["asyncio", "trio"])
def test_sync_nodes_never_block_the_loop(beat):
    dag, beats, enough = DAG("heartbeat"), [], threading.Event()

    def slow(value=None):
        enough.clear()
        assert enough.wait(5)

    dag.node(slow, name="a") >> dag.node(slow, name="b")

    async def heart():
        while True:
            await anyio.sleep(0.001)
            beats.append(1)
            enough.set()

    async def main():
        async with anyio.create_task_group() as group:
            group.start_soon(heart)
            await dag.run_async()
            group.cancel_scope.cancel()

    anyio.run(main, backend="asyncio" if beat is asyncio else "trio")
    assert len(beats) >= 2


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("mode", MODES_OF_RUN)
def test_run_inside_a_running_loop_works_and_says_so(mode, backend):
    dag = DAG("inside")
    dag.node(as_async(lambda: 20), name="a") >> dag.node(lambda a: a + 1, name="b")

    async def main():
        with pytest.warns(RuntimeWarning, match="use await run_async") as caught:
            value = dag.run(mode=mode)
        await anyio.lowlevel.checkpoint()
        return value, caught[0].filename

    assert anyio.run(main, backend=backend) == (21, __file__)


def test_in_the_kernel_of_a_notebook_there_is_no_warning(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    dag = DAG("notebook")
    dag.node(lambda: 1, name="a")

    async def cell():
        return dag.run()

    assert asyncio.run(cell()) == 1  # a warning is an error here


@pytest.mark.parametrize("mode", MODES_OF_RUN)
def test_outside_a_loop_there_is_no_warning_and_no_loop_is_left_as_current(mode):
    dag = DAG("outside")
    dag.node(as_async(lambda: 1), name="a")
    dag.run(mode=mode)
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            loop = asyncio.get_event_loop_policy().get_event_loop()
        except RuntimeError:
            return
    try:
        assert not loop.is_closed()
    finally:
        loop.close()
        asyncio.set_event_loop(None)


@pytest.mark.parametrize("mode", MODES_OF_RUN)
def test_a_loop_the_caller_has_set_stays_the_current_one(mode):
    dag = DAG("set")
    dag.node(as_async(lambda: 1), name="a")
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        dag.run(mode=mode)
        assert asyncio.get_event_loop_policy().get_event_loop() is loop
        assert not loop.is_closed()
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def test_no_coroutine_is_left_unawaited_when_a_run_ends_early(any_mode):
    dag = DAG("unawaited")

    async def slow(value=None):
        await anyio.sleep(30)

    def bad():
        raise ValueError

    for index in range(5):
        dag.node(slow, name=f"n{index}")
    dag.node(bad)
    workers = {"max_workers": 8} if any_mode.is_concurrent else {}
    if any_mode.is_concurrent:
        raised_by(any_mode, dag, **workers)
    raised_by(any_mode, dag, timeout=0.02, error_strategy="continue", **workers)
    gc.collect()  # pytest would make an error of the warning


def test_no_thread_of_the_library_outlives_its_run(any_mode, kind):
    dag = DAG("threads")
    for index in range(4):
        dag.node(kind(lambda: 1), name=f"a{index}", timeout=30) >> dag.node(
            lambda value: value, name=f"b{index}"
        )
    any_mode(dag, max_workers=1)
    assert comes_true(lambda: not threads_of_the_library())


def test_no_task_outlives_its_run():
    dag = DAG("tasks")

    async def slow():
        await asyncio.sleep(30)

    def bad():
        raise ValueError("broken")

    for index in range(5):
        dag.node(slow, name=f"n{index}")
    dag.node(bad)

    async def main():
        with pytest.raises(ValueError, match="broken"):
            await dag.run_async()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(main()) == set()


def test_nodes_see_the_context_variables_of_the_caller(any_mode, kind):
    variable = contextvars.ContextVar("variable", default="default")
    dag = DAG("context variables")

    def look(value=None):
        return variable.get()

    dag.node(kind(look), name="a") >> dag.node(kind(look), name="b")
    variable.set("of the caller")
    any_mode(dag)
    assert dag.results == {"a": "of the caller", "b": "of the caller"}


@pytest.mark.parametrize("timeout", [None, 30])
def test_what_a_node_sets_is_seen_by_no_other_node_nor_the_caller(any_mode, kind, timeout):
    variable = contextvars.ContextVar("variable", default="default")
    dag = DAG("context variables")

    def change(value=None):
        found = variable.get()
        variable.set("changed")
        return found

    last = dag.node(kind(change), name="n0", timeout=timeout)
    for index in range(1, 5):
        last = last >> dag.node(kind(change), name=f"n{index}", timeout=timeout)
    any_mode(dag)
    assert set(dag.results.values()) == {"default"}
    assert variable.get() == "default"


def test_what_a_node_of_run_async_sets_is_not_seen_by_its_caller():
    variable = contextvars.ContextVar("variable", default="default")
    dag = DAG("context variables")
    dag.node(as_async(lambda: variable.set("changed")), name="a")

    async def main():
        await dag.run_async()
        return variable.get()

    assert asyncio.run(main()) == "default"


@pytest.mark.parametrize("run", [run_on_asyncio, run_on_trio])
def test_an_executor_brings_the_threads_for_the_sync_nodes_of_run_async(run):
    dag, where = DAG("borrowed"), threading.current_thread
    dag.node(lambda: where().name, name="plain") >> dag.node(as_async(lambda plain: where()), name="awaited")
    with ThreadPoolExecutor(2, thread_name_prefix="mine") as executor:
        assert run(dag, executor=executor) is where()
        assert dag["plain"].startswith("mine")
        assert executor.submit(int).result() == 0  # it has not been shut down
        runner = DAGRunner(dag, executor=executor)
        assert asyncio.run(runner.run_async()) is where()


def test_max_workers_holds_for_run_async_on_an_executor_too():
    gauge = Gauge()
    dag = wide(gauge, 12, "both")
    with ThreadPoolExecutor(8) as executor:
        run_on_asyncio(dag, executor=executor, max_workers=2)
    assert gauge.most <= 2
    assert dag.context.metrics["nodes_executed"] == 12


def test_a_call_that_still_waits_for_a_thread_of_the_executor_is_never_made(gate):
    dag, called, has_begun = DAG("queue"), [], threading.Event()

    def stuck():
        has_begun.set()
        gate.wait(10)

    async def fail():
        await anyio.to_thread.run_sync(has_begun.wait)
        raise ValueError

    dag.node(stuck)
    dag.node(lambda: called.append(1), name="late")
    dag.node(fail)
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(ValueError, match="fail"):
            asyncio.run(dag.run_async(executor=executor))
        gate.set()
    assert called == []
    assert dag.context.metrics["abandoned_threads"] == 1
