"""A run that waits for what another one computes: it blocks nobody, and nobody is left waiting for it."""

import threading

from fast_dag import DAG, Context, RunCancelledError, TimeoutError
from tests.conformance.crowd import LONG, Doorman, at_once, first_stuck_for_ever
from tests.conformance.modes import comes_true, raised_by
from tests.stores.backends import PlainBackend


def test_a_run_that_ends_while_it_looks_up_keeps_nobody_waiting(any_mode, gate):
    class Slow(PlainBackend):
        def get(self, key, default=None):
            asked.append(key)
            if len(asked) == 1:
                gate.wait(LONG)
            return super().get(key, default)

    dag, asked = DAG("late"), []
    dag.cached_node(lambda: 1, name="one", backend=Slow())
    assert isinstance(raised_by(any_mode, dag, timeout=0.05), TimeoutError)
    gate.set()
    assert comes_true(lambda: dag.explain_cache("one").reason != "another caller is computing it now")
    assert any_mode(dag) == 1


def test_hooks_that_take_their_time_keep_nobody_waiting(any_mode, gate):
    dag, door, context = DAG("hooked"), Doorman(2), Context()

    def clean_up(node, of_run):
        if of_run is context:
            gate.wait(LONG)

    has_begun = first_stuck_for_ever(dag, backend=door)
    dag.set_node_hooks("slow", cleanup=clean_up)

    def run_later():
        has_begun.wait(LONG)
        try:
            return any_mode(dag)
        finally:
            gate.set()

    def cancel():
        door.everyone_is_in.wait(LONG)
        context.cancel()

    _, second, _ = at_once(lambda: any_mode(dag, context=context), run_later, cancel)
    assert second == "later"


def test_runs_on_one_worker_each_do_not_block_one_another(any_mode, kind):
    dag, calls = DAG("narrow"), []

    def count(x):
        calls.append(x)
        return x

    for name in "abc":
        dag.cached_node(kind(count), name=name, cache_key=["x"])
    dag.map(kind(count), over="items", inputs=["items"], name="each", cached=True)
    runs = [lambda: any_mode(dag, x=1, items=[1, 2, 1, 3], max_workers=1)] * 4
    assert at_once(*runs) == [[1, 2, 1, 3]] * 4
    assert sorted(calls) == [1, 1, 1, 1, 2, 3]


def test_a_node_that_waits_for_another_run_keeps_no_worker(concurrent_mode):
    dag, other_has_run = DAG("waiting"), threading.Event()
    began = threading.Event()

    @dag.cached_node
    def slow():
        began.set()
        return other_has_run.wait(LONG)

    @dag.node
    def other():
        if began.is_set():
            other_has_run.set()

    def run_later():
        began.wait(LONG)
        return concurrent_mode(dag, max_workers=1)

    slow >> dag.node(lambda slow: slow, name="last")
    assert at_once(lambda: concurrent_mode(dag, max_workers=1), run_later) == [True, True]


def test_a_run_that_waits_for_another_one_can_be_cancelled(any_mode, gate):
    dag, door, context = DAG("impatient"), Doorman(2), Context()
    has_begun = threading.Event()
    dag.cached_node(lambda: has_begun.set() or gate.wait(LONG), name="slow", backend=door)

    def cancel():
        door.everyone_is_in.wait(LONG)
        context.cancel()

    def wait_for_it():
        has_begun.wait(LONG)
        try:
            return any_mode(dag, context=context)
        finally:
            gate.set()

    first, second, _ = at_once(lambda: any_mode(dag), wait_for_it, cancel)
    assert first is True
    assert isinstance(second, RunCancelledError)


def test_a_run_that_waits_for_another_one_can_be_out_of_time(any_mode, gate):
    dag, has_begun = DAG("impatient"), threading.Event()
    dag.cached_node(lambda: has_begun.set() or gate.wait(LONG), name="slow")

    def wait_for_it():
        has_begun.wait(LONG)
        try:
            return any_mode(dag, timeout=0.05)
        finally:
            gate.set()

    first, second = at_once(lambda: any_mode(dag), wait_for_it)
    assert first is True
    assert isinstance(second, TimeoutError)


def test_an_observer_of_a_run_that_waits_is_not_called_in_threads_of_another_run(gate):
    dag, door, threads = DAG("watched"), Doorman(2), {}
    dag.cached_node(lambda: door.everyone_is_in.wait(LONG), name="slow", backend=door)

    def observer_of(name):
        return lambda event: threads.setdefault(name, set()).add(threading.get_ident())

    def run(name):
        return dag.run(mode="parallel", max_workers=1, observers=[observer_of(name)])

    at_once(lambda: run("a"), lambda: run("b"))
    assert not threads["a"] & threads["b"]
