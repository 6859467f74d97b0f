"""From notes to events: stamped, in order, one at a time."""

import threading

import pytest

from fast_dag.run.notes import Note
from fast_dag.runners.delivery import Delivery
from tests.conformance.modes import comes_true
from tests.run.plans import plan_of, run_of


def watched(*observers, strict=False):
    """A run of ``a`` that keeps notes, and the delivery to *observers*."""
    run = run_of(plan_of("a"), watched=True)
    run.context.metadata["run_id"] = "id"
    return run, Delivery(run, observers, strict=strict)


def skipped(reason):
    return Note("node_skipped", 0, {"reason": reason, "attempt": 0})


def test_a_note_becomes_an_event_with_run_workflow_node_and_time():
    seen = []
    run, deliver = watched(seen.append)
    run.notes.append(skipped("why"))
    deliver()
    (event,) = seen
    assert (event.run_id, event.workflow, event.node, event.reason) == ("id", "drawn", "a", "why")
    assert event.worker == threading.current_thread().name
    assert event.time >= 0


def test_an_event_of_the_run_has_no_node():
    seen = []
    run, deliver = watched(seen.append)
    run.notes.append(Note("run_started", -1, {"mode": "sequential", "input_names": ()}))
    deliver()
    assert not hasattr(seen[0], "node")


def test_inputs_reach_only_those_that_want_values():
    plain, curious = [], []

    class Curious:
        wants_values = True

        def __call__(self, event):
            curious.append(event.inputs)

    run, deliver = watched(lambda event: plain.append(event.inputs), Curious())
    run.notes.append(Note("node_started", 0, {"attempt": 1, "inputs": {"x": 1}}))
    deliver()
    assert (plain, curious) == ([None], [{"x": 1}])


def test_observers_that_say_they_are_equal_are_told_apart():
    class Same:
        def __init__(self, wants_values):
            self.wants_values, self.inputs = wants_values, []

        def __call__(self, event):
            self.inputs.append(event.inputs)

        def __eq__(self, other):
            return True

        __hash__ = None

    curious, plain = Same(wants_values=True), Same(wants_values=False)
    run, deliver = watched(curious, plain)
    run.notes.append(Note("node_started", 0, {"attempt": 1, "inputs": {"x": 1}}))
    deliver()
    assert (curious.inputs, plain.inputs) == ([{"x": 1}], [None])


def test_what_is_noted_during_a_delivery_is_delivered_by_whoever_is_at_it():
    seen = []

    def observer(event):
        seen.append(event.reason)
        if event.reason == "first":
            run.notes.append(skipped("second"))
            deliver()

    run, deliver = watched(observer)
    run.notes.append(skipped("first"))
    deliver()
    assert seen == ["first", "second"]


def test_the_last_delivery_waits_for_whoever_is_at_it():
    seen, entered, gate = [], threading.Event(), threading.Event()

    def observer(event):
        entered.set()
        gate.wait(5)
        seen.append(event.reason)

    run, deliver = watched(observer)
    run.notes.append(skipped("first"))
    other = threading.Thread(target=deliver)
    other.start()
    assert entered.wait(5)
    run.notes.append(skipped("last"))
    deliver()
    assert seen == []
    gate.set()
    deliver(last=True)
    other.join()
    assert seen == ["first", "last"]


def test_many_threads_deliver_every_note_once_and_in_order():
    seen, lock = [], threading.Lock()
    run, deliver = watched(lambda event: seen.append(int(event.reason)))
    numbers = iter(range(1000))

    def work():
        while True:
            with lock:
                number = next(numbers, None)
                if number is None:
                    return
                run.notes.append(skipped(str(number)))
            deliver()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert comes_true(lambda: seen == list(range(1000)))


def test_an_observer_that_raises_is_left_out_with_one_warning():
    calls, others = [], []

    def broken(event):
        calls.append(event)
        raise KeyError("x")

    run, deliver = watched(broken, others.append)
    run.notes.extend([skipped("first"), skipped("second")])
    with pytest.warns(RuntimeWarning, match=r"broken raised KeyError.*not called again") as caught:
        deliver()
    assert (len(caught), len(calls), len(others)) == (1, 1, 2)


def test_a_strict_observer_that_raises_is_what_ends_the_run():
    error = KeyError("x")

    def broken(event):
        raise error

    run, deliver = watched(broken, strict=True)
    run.context.on_stop(run.stop)
    run.notes.append(skipped("why"))
    deliver()
    assert run.finished
    assert run.error is error
