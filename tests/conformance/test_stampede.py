"""Several runs that want the same cached value at once: one computes, the others wait for it."""

import threading

import anyio
import pytest

from fast_dag import DAG, Context, RunCancelledError, TimeoutError
from tests.conformance.crowd import LONG, Doorman, all_but_one, at_once, first_stuck_for_ever, happened
from tests.conformance.modes import comes_true
from tests.stores.backends import PlainBackend


def test_simultaneous_callers_compute_once(any_mode, kind):
    dag, calls, door = DAG("crowd"), [], Doorman(5)

    def slow(x):
        door.everyone_is_in.wait(LONG)
        calls.append(x)
        return x * 2

    dag.cached_node(kind(slow), backend=door)
    contexts = [Context() for _ in range(5)]
    runs = [lambda context=context: any_mode(dag, x=1, context=context) for context in contexts]
    assert at_once(*runs) == [2] * 5
    assert calls == [1]
    assert sum(context.metrics["cache_hits"]["slow"] for context in contexts) == 4
    assert sum(context.metrics["cache_misses"]["slow"] for context in contexts) == 1


def test_callers_of_other_keys_do_not_wait(any_mode, kind):
    dag, both = DAG("others"), threading.Barrier(2)
    dag.cached_node(kind(lambda x: both.wait(LONG) >= 0), name="meet")
    assert at_once(lambda: any_mode(dag, x=1), lambda: any_mode(dag, x=2)) == [True, True]


def test_when_the_one_that_computes_fails_the_next_one_computes(any_mode, kind):
    dag, calls, door = DAG("failing"), [], Doorman(4)

    def flaky():
        calls.append(1)
        if len(calls) == 1:
            door.everyone_is_in.wait(LONG)
            raise OSError
        return len(calls)

    dag.cached_node(kind(flaky), backend=door)
    answers = at_once(*[lambda: any_mode(dag)] * 4)
    assert all_but_one(answers, OSError) == [2, 2, 2]


def test_when_a_backend_cannot_store_the_next_one_computes(any_mode):
    class Full(PlainBackend):
        def set(self, key, value, ttl=None):
            if value == 1:
                everyone_is_in.wait(LONG)
                raise OSError("full")
            super().set(key, value, ttl)

        def get(self, key, default=None):
            looks.append(1)
            if len(looks) == 3:
                everyone_is_in.set()
            return super().get(key, default)

    dag, calls, looks, everyone_is_in = DAG("full"), [], [], threading.Event()
    dag.cached_node(lambda: calls.append(1) or len(calls), name="count", backend=Full())
    answers = at_once(*[lambda: any_mode(dag)] * 3)
    assert all_but_one(answers, OSError) == [2, 2]


def test_when_the_one_that_computes_is_out_of_time_the_next_one_computes(any_mode):
    dag, door = DAG("slow"), Doorman(3)
    first_stuck_for_ever(dag, timeout=0.1, backend=door)
    answers = at_once(*[lambda: any_mode(dag)] * 3)
    assert all_but_one(answers, TimeoutError) == ["later"] * 2


def test_when_the_run_that_computes_is_out_of_time_the_next_one_computes(any_mode):
    dag = DAG("slow")
    has_begun = first_stuck_for_ever(dag)

    def run_later():
        has_begun.wait(LONG)
        return any_mode(dag)

    answers = at_once(lambda: any_mode(dag, timeout=0.1), run_later)
    assert all_but_one(answers, TimeoutError) == ["later"]


def test_when_the_run_that_computes_is_cancelled_the_next_one_computes(any_mode):
    dag, door, context = DAG("cancelled"), Doorman(2), Context()
    has_begun = first_stuck_for_ever(dag, backend=door)

    def cancel():
        door.everyone_is_in.wait(LONG)
        context.cancel()

    def run_later():
        has_begun.wait(LONG)
        return any_mode(dag)

    first, second, _ = at_once(lambda: any_mode(dag, context=context), run_later, cancel)
    assert isinstance(first, RunCancelledError)
    assert second == "later"


def test_when_the_run_that_computes_fails_elsewhere_the_next_one_computes(concurrent_mode, gate):
    dag, door, calls = DAG("fail fast"), Doorman(2), []

    @dag.cached_node(backend=door)
    def slow():
        calls.append(1)
        if len(calls) == 1:
            gate.wait(LONG)
        return len(calls)

    @dag.node
    def broken(is_broken):
        if is_broken:
            door.everyone_is_in.wait(LONG)
            raise OSError

    slow >> dag.node(lambda slow: slow, name="last")

    def run_later():
        comes_true(lambda: calls)
        return concurrent_mode(dag, is_broken=False)

    answers = at_once(lambda: concurrent_mode(dag, is_broken=True, max_workers=2), run_later)
    assert all_but_one(answers, OSError) == [2]


def test_when_a_nested_run_that_computes_is_given_up_the_next_one_computes(any_mode):
    inner, hasty, patient = DAG("inner"), DAG("hasty"), DAG("patient")
    has_begun = first_stuck_for_ever(inner)
    hasty.add_workflow("sub", inner, timeout=0.1)
    patient.add_workflow("sub", inner)

    def run_later():
        has_begun.wait(LONG)
        return any_mode(patient)

    answers = at_once(lambda: any_mode(hasty), run_later)
    assert all_but_one(answers, TimeoutError) == ["later"]


def test_runs_in_different_modes_share_one_computation(any_mode):
    dag, calls, door = DAG("mixed"), [], Doorman(3)

    @dag.cached_node(backend=door)
    def slow():
        calls.append(1)
        return door.everyone_is_in.wait(LONG)

    runs = [dag.run, lambda: dag.run(mode="parallel"), lambda: any_mode(dag)]
    assert at_once(*runs) == [True] * 3
    assert calls == [1]


def test_two_workflows_of_one_namespace_share_one_computation(any_mode):
    door, calls = Doorman(2), []

    def slow():
        calls.append(1)
        return door.everyone_is_in.wait(LONG)

    dags = [DAG(name, cache_namespace="ours") for name in "ab"]
    for dag in dags:
        dag.cached_node(slow, backend=door, version="1")
    assert at_once(*[lambda dag=dag: any_mode(dag) for dag in dags]) == [True, True]
    assert calls == [1]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_of_one_loop_share_one_computation(backend):
    dag, calls, answers, door = DAG("tasks"), [], [], Doorman(4)

    @dag.cached_node(backend=door)
    async def slow():
        calls.append(1)
        await happened(door.everyone_is_in)
        return "done"

    async def run():
        answers.append(await dag.run_async())

    async def main():
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(run)

    anyio.run(main, backend=backend)
    assert answers == ["done"] * 4
    assert calls == [1]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_when_the_task_that_computes_is_cancelled_the_next_one_computes(backend):
    dag, door, answers = DAG("tasks"), Doorman(2), []
    has_begun = first_stuck_for_ever(dag, backend=door)

    async def run():
        answers.append(await dag.run_async())

    async def main():
        async with anyio.create_task_group() as outer, anyio.create_task_group() as inner:
            inner.start_soon(run)
            await happened(has_begun)
            outer.start_soon(run)
            await happened(door.everyone_is_in)
            inner.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    assert answers == ["later"]
