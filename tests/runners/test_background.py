"""Runs in the background."""

import contextvars
import threading

import pytest

from fast_dag import DAG, Context, MissingInputError, RunCancelledError, RunHandle

MODES = ["sequential", "parallel", "async"]


class Gate:
    """A node that says when it is reached, and waits until it may go on."""

    def __init__(self):
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, x=1):
        self.reached.set()
        self.opened.wait(10)
        return x + 1


def gated():
    """A DAG whose first node is a gate, and the gate."""
    dag, gate = DAG("gated"), Gate()
    dag.add_node("first", gate)
    dag.add_node("second", lambda first: first * 10)
    dag.connect("first", "second")
    return dag, gate


@pytest.mark.parametrize("mode", MODES)
def test_a_run_in_the_background_gives_its_value_to_whoever_asks(mode):
    dag, gate = gated()
    handle = dag.start(x=4, mode=mode)
    assert isinstance(handle, RunHandle)
    gate.opened.set()
    assert handle.result(timeout=10) == 50
    assert handle.done
    assert handle.context is dag.context


def test_asking_too_early_raises_a_timeout_and_the_run_goes_on():
    dag, gate = gated()
    handle = dag.start()
    with pytest.raises(TimeoutError):
        handle.result(timeout=0.01)
    assert not handle.done
    gate.opened.set()
    assert handle.result(timeout=10) == 20


def test_the_context_can_be_read_while_the_run_goes_on():
    dag, gate = gated()
    handle = dag.start(context=Context(metadata={"user": "ann"}))
    gate.reached.wait(10)
    assert handle.context.metadata["execution_status"] == "running"
    gate.opened.set()
    handle.result(timeout=10)
    assert handle.context.metadata["execution_status"] == "completed"


@pytest.mark.parametrize("mode", MODES)
def test_cancelling_ends_the_run_with_the_reason(mode):
    dag, gate = gated()
    handle = dag.start(mode=mode)
    gate.reached.wait(10)
    handle.cancel("enough")
    gate.opened.set()
    with pytest.raises(RunCancelledError, match="enough"):
        handle.result(timeout=10)
    assert handle.context.metadata["execution_status"] == "cancelled"
    assert "second" not in handle.context.results


@pytest.mark.parametrize("mode", MODES)
def test_a_cancel_right_after_the_start_is_not_lost(mode):
    dag, gate = gated()
    gate.opened.set()
    slow = dag.add_node("third", lambda second: second).connect("second", "third")
    for _ in range(20):
        handle = slow.start(mode=mode)
        handle.cancel()
        try:
            handle.result(timeout=10)
        except RunCancelledError:
            continue
        assert handle.context.metadata["execution_status"] == "completed"


@pytest.mark.parametrize("mode", MODES)
def test_a_failure_is_raised_where_the_result_is_asked_for(mode):
    dag = DAG("failing")
    dag.add_node("divide", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        dag.start(mode=mode).result(timeout=10)


def test_what_is_wrong_with_the_call_is_raised_at_once():
    dag = DAG("needy")
    dag.add_node("a", lambda x: x)
    with pytest.raises(MissingInputError):
        dag.start()
    with pytest.raises(ValueError, match="did you mean 'parallel'"):
        dag.start(x=1, mode="paralel")


def test_nodes_see_the_context_variables_of_the_one_who_started_the_run():
    user = contextvars.ContextVar("user", default="nobody")
    dag = DAG("seen")
    dag.add_node("who", user.get, inputs=[])
    user.set("ann")
    assert dag.start().result(timeout=10) == "ann"


def test_two_runs_of_one_dag_may_be_under_way_at_once():
    dag, gate = gated()
    handles = [dag.start(x=number) for number in range(3)]
    gate.opened.set()
    assert [handle.result(timeout=10) for handle in handles] == [10, 20, 30]


@pytest.mark.parametrize("mode", MODES)
def test_a_run_that_is_cancelled_before_its_first_node_calls_at_most_one(mode):
    dag, called = DAG("eager"), []
    for place in range(200):
        dag.add_node(f"n{place}", lambda x=0, place=place: called.append(place))
        if place:
            dag.connect(f"n{place - 1}", f"n{place}")
    context = Context()
    dag.add_observer(lambda event: context.cancel() if event.kind == "run_started" else None)
    with pytest.raises(RunCancelledError):
        dag.run(mode=mode, context=context)
    assert len(called) <= 1
