"""Many runs of one DAG at once, and what a run leaves behind: nothing."""

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
import trio

from fast_dag import DAG, Context, ExecutionError
from tests.conformance.modes import (
    ASYNC_MODE,
    ON_EXECUTOR,
    PARALLEL,
    SEQUENTIAL,
    as_async,
    comes_true,
    raised_by,
)


def arithmetic(kind):
    """A DAG whose value and results tell which *x* it was given."""
    dag = DAG("arithmetic")
    a = dag.node(kind(lambda x: x), name="a")
    b = dag.node(kind(lambda a: a * 2), name="b")
    c = dag.node(kind(lambda a: a + 1), name="c")
    d = dag.node(kind(lambda b, c: (b, c)), name="d")
    a >> [b, c] >> d
    return dag


def results_for(x):
    return {"a": x, "b": x * 2, "c": x + 1, "d": (x * 2, x + 1)}


@pytest.mark.parametrize(
    ("mode", "count"),
    [(SEQUENTIAL, 1000), (PARALLEL, 40), (ASYNC_MODE, 20), (ON_EXECUTOR, 20)],
    ids=["sequential", "parallel", "async", "executor"],
)
def test_8_threads_that_run_one_dag_never_see_each_others_values(mode, count):
    dag = arithmetic(lambda function: function)

    def runs(first):
        for x in range(first, first + count):
            context = Context()
            assert mode(dag, x=x, context=context) == (x * 2, x + 1)
            assert context.results == results_for(x)

    with ThreadPoolExecutor(8) as executor:
        for future in [executor.submit(runs, index * count) for index in range(8)]:
            future.result()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_many_tasks_that_run_one_dag_never_see_each_others_values(backend, kind):
    dag = arithmetic(kind)
    found = {}

    async def one(x):
        context = Context()
        await dag.run_async(x=x, context=context)
        found[x] = context.results

    async def main():
        async with anyio.create_task_group() as group:
            for x in range(50):
                group.start_soon(one, x)

    anyio.run(main, backend=backend)
    assert found == {x: results_for(x) for x in range(50)}


def test_a_context_in_use_by_another_run_is_refused(any_mode):
    dag, context = DAG("busy"), Context()
    errors = []

    def again():
        errors.append(raised_by(any_mode, other, context=context))

    other = DAG("other")
    other.node(lambda: 1, name="a")
    dag.node(again)
    any_mode(dag, context=context)
    assert isinstance(errors[0], ExecutionError)
    assert "in use" in str(errors[0])
    assert context.metadata["execution_status"] == "completed"


def test_a_context_is_free_again_after_its_run_whatever_came_of_it(any_mode):
    dag, context = DAG("free"), Context()

    def node(fails):
        if fails:
            raise ValueError
        return "fine"

    dag.node(node)
    raised_by(any_mode, dag, fails=True, context=context)
    assert any_mode(dag, fails=False, context=context) == "fine"
    assert context.metadata["execution_status"] == "completed"
    assert context.metrics["errors"] == {}


def test_results_that_are_there_already_are_visible_but_replace_no_execution(any_mode, kind):
    dag, context = arithmetic(kind), Context({"a": "old", "foreign": "kept"})
    seen = []
    dag.node(lambda context: seen.append(context["foreign"]), name="reader")
    any_mode(dag, x=5, context=context)
    assert context.results == {**results_for(5), "foreign": "kept", "reader": None}
    assert seen == ["kept"]


def test_editing_the_graph_during_a_run_does_not_change_that_run(any_mode):
    dag = DAG("edited")

    def edit():
        dag.add_node("late", lambda: "late")
        dag.replace_node("last", lambda value: "replaced")
        return 1

    dag.node(edit) >> dag.node(lambda value: value + 1, name="last")
    assert any_mode(dag) == 2
    assert any_mode(dag.remove_node("edit"), value=0) == "late"
    assert dag["last"] == "replaced"


def test_two_runs_leave_no_state_to_each_other(any_mode, kind):
    dag = DAG("twice")
    check = dag.condition(kind(lambda x: x > 0), name="check")
    check.on_true >> dag.node(kind(lambda value: value), name="high")
    check.on_false >> dag.node(kind(lambda value: value), name="low")
    any_mode(dag, x=1)
    first = dag.context
    any_mode(dag, x=-1)
    assert first.results == {"check": True, "high": 1}
    assert dag.results == {"check": False, "low": -1}
    assert dag.context.metadata["skipped"] != first.metadata["skipped"]
    assert dag.context.metadata["run_id"] != first.metadata["run_id"]


def test_the_dag_shows_the_run_that_finished_last(any_mode, gate):
    dag, started = DAG("last"), threading.Event()

    def wait(name):
        if name == "slow":
            started.set()
            gate.wait(10)
        return name

    dag.node(wait)
    slow = threading.Thread(target=any_mode, args=(dag, {"name": "slow"}))
    slow.start()
    started.wait(10)
    any_mode(dag, {"name": "quick"})
    assert dag["wait"] == "quick"
    gate.set()
    slow.join()
    assert dag["wait"] == "slow"


def test_a_result_deleted_from_the_context_after_the_run_is_freed(any_mode):
    class Value:
        pass

    dag, context, refs = DAG("freed"), Context(), []

    def make():
        value = Value()
        refs.append(weakref.ref(value))
        return value

    dag.node(make) >> dag.node(lambda make: None, name="reader")
    any_mode(dag, context=context)
    del context.results["make"]
    assert comes_true(lambda: gc.collect() >= 0 and refs[0]() is None)


def test_a_run_inside_a_node_is_a_run_of_its_own(any_mode):
    inner = arithmetic(lambda function: function)
    outer = DAG("outer")
    outer.node(lambda x: inner.run(x=x), name="nested", inputs=["x"])
    assert any_mode(outer, x=4) == (8, 5)
    assert outer.results == {"nested": (8, 5)}


@pytest.mark.parametrize("runner", [asyncio.run, trio.run], ids=["asyncio", "trio"])
def test_run_async_may_be_awaited_inside_an_async_node(runner):
    inner = arithmetic(as_async)
    outer = DAG("outer")

    async def nested(x):
        return await inner.run_async(x=x)

    outer.node(nested)
    outer.node(nested, name="another")

    async def main():
        await outer.run_async(x=4)

    runner(main() if runner is asyncio.run else main)
    assert outer.results == {"nested": (8, 5), "another": (8, 5)}
