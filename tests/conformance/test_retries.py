"""How often a node is tried, and what happens while it waits for the next attempt."""

import threading
from itertools import pairwise
from time import perf_counter

import pytest

from fast_dag import DAG, Context, RunCancelledError
from fast_dag import TimeoutError as NodeTimeoutError
from tests.conformance.modes import MARGIN, SEQUENTIAL, cancelled_after, raised_by, seconds_of


def test_retry_3_makes_exactly_3_calls(any_mode, kind):
    dag, calls = DAG("retry"), []

    def broken():
        calls.append(1)
        raise OSError("still")

    dag.node(kind(broken), retry=3)
    error = raised_by(any_mode, dag)
    assert len(calls) == error.attempts == 3
    assert dag.context.metrics["attempts"] == {"broken": 3}


def test_the_events_agree_with_the_attempts(any_mode, kind):
    dag, events = DAG("retry"), []

    def broken():
        raise OSError("still")

    dag.node(kind(broken), retry=3, retry_delay=0.001, retry_backoff=3)
    raised_by(any_mode, dag, observers=[events.append])
    about_nodes = [event for event in events if event.kind.startswith("node")]
    assert [(event.kind, event.attempt) for event in about_nodes] == [
        (kind_of, attempt) for attempt in (1, 2, 3) for kind_of in ("node_started", "node_failed")
    ]
    assert [event.retry_in for event in about_nodes[1::2]] == [0.001, pytest.approx(0.003), None]


def test_a_node_that_recovers_has_its_result_and_no_failure(any_mode, kind):
    dag, calls = DAG("retry"), []

    def flaky():
        calls.append(1)
        if len(calls) < 3:
            raise OSError
        return "fine"

    dag.node(kind(flaky), retry=5)
    assert any_mode(dag) == "fine"
    assert dag.context.metrics["attempts"] == {"flaky": 3}
    assert dag.context.metrics["nodes_failed"] == 0
    assert dag.context.metadata["execution_status"] == "completed"


def test_only_the_named_classes_are_tried_again(any_mode, kind):
    dag, calls = DAG("retry"), []

    def broken():
        calls.append(1)
        raise OSError if len(calls) < 3 else ValueError("final")

    dag.node(kind(broken), retry=10, retry_on=(OSError,))
    assert raised_by(any_mode, dag).attempts == 3
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("retry_on", "attempts"), [(TimeoutError, 2), (NodeTimeoutError, 2), (ValueError, 1)]
)
def test_a_timeout_is_tried_again_where_its_class_is_listed(any_mode, gate, retry_on, attempts):
    dag = DAG("retry")

    def stuck():
        gate.wait(5)

    dag.node(stuck, retry=2, timeout=0.01, retry_on=(retry_on,))
    assert raised_by(any_mode, dag).attempts == attempts


def test_the_waits_grow_by_the_backoff(any_mode, kind):
    dag, times = DAG("backoff"), []

    def broken():
        times.append(perf_counter())
        raise OSError

    dag.node(kind(broken), retry=4, retry_delay=0.005, retry_backoff=2)
    raised_by(any_mode, dag)
    waits = [after - before for before, after in pairwise(times)]
    assert all(wait >= least for wait, least in zip(waits, [0.0049, 0.0099, 0.0199], strict=True))


def test_no_delay_does_not_wait(any_mode, kind):
    dag = DAG("hurry")

    def broken():
        raise OSError

    dag.node(kind(broken), retry=100)
    assert seconds_of(any_mode, dag)[0] < MARGIN


def test_a_waiting_node_blocks_no_other_node(concurrent_mode, kind):
    dag, done = DAG("waiting"), threading.Event()

    def flaky():
        if not done.is_set():
            raise OSError
        return "fine"

    dag.node(kind(flaky), retry=100, retry_delay=0.01, retry_backoff=1)
    one = dag.node(kind(lambda: 1), name="one")
    one >> dag.node(kind(lambda one: done.set()), name="two")
    concurrent_mode(dag, max_workers=1)
    assert dag["flaky"] == "fine"


def test_sequential_mode_keeps_its_order_and_waits(kind):
    dag, calls = DAG("order"), []

    def flaky():
        calls.append("flaky")
        if len(calls) < 3:
            raise OSError

    dag.node(kind(flaky), retry=3, retry_delay=0.005)
    dag.node(kind(lambda: calls.append("next")), name="next")
    SEQUENTIAL(dag)
    assert calls == ["flaky", "flaky", "flaky", "next"]


def test_a_cancel_ends_a_wait_at_once(any_mode, kind):
    dag, failed, context = DAG("cancelled wait"), threading.Event(), Context()

    def broken():
        failed.set()
        raise OSError

    dag.node(kind(broken), retry=2, retry_delay=30)
    with cancelled_after(failed, context):
        taken, error = seconds_of(any_mode, dag, context=context)
    assert isinstance(error, RunCancelledError)
    assert taken < 5


def test_the_timeout_of_the_run_ends_a_wait(any_mode):
    dag = DAG("late")

    def broken():
        raise OSError

    dag.node(broken, retry=2, retry_delay=30)
    taken, error = seconds_of(any_mode, dag, timeout=0.05)
    assert isinstance(error, NodeTimeoutError)
    assert taken < 0.15 + MARGIN
