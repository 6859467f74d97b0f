"""What is around a map: hooks, events, and the end of the run in the middle of it."""

import threading
from collections import Counter

import anyio
import pytest

from fast_dag import DAG, Context, RunCancelledError, TimeoutError
from tests.conformance.modes import (
    MARGIN,
    SEQUENTIAL,
    cancelled_after,
    comes_true,
    raised_by,
    seconds_of,
    threads_of_the_library,
)


def map_of(function, **settings):
    dag = DAG("map")
    dag.map(function, name="f", over="item", **settings)
    return dag


def failing_once(*items):
    """A function whose first attempt for each of *items* fails."""
    calls = Counter()

    def function(item):
        calls[item] += 1
        if item in items and calls[item] == 1:
            raise ValueError(item)
        return item

    return function


def test_hooks_stand_around_the_node_and_on_error_around_each_failed_attempt(any_mode, kind):
    dag, seen = map_of(kind(failing_once("b")), retry=2), []
    dag.set_node_hooks(
        "f",
        pre_execute=lambda node, inputs: seen.append(("pre", inputs["item"])),
        post_execute=lambda node, inputs, result: seen.append(("post", inputs["item"], result)),
        on_error=lambda node, inputs, error: seen.append(("error", inputs["item"], str(error))),
        cleanup=lambda node: seen.append(("cleanup",)),
    )
    assert any_mode(dag, item=["a", "b"]) == ["a", "b"]
    whole = ["a", "b"]
    assert seen == [("pre", whole), ("error", "b", "b"), ("post", whole, whole), ("cleanup",)]


def test_hooks_change_the_input_before_and_the_list_after(any_mode, kind):
    dag = map_of(kind(lambda item: item * 10))
    dag.set_node_hooks(
        "f",
        pre_execute=lambda node, inputs: {"item": [*inputs["item"], 3]},
        post_execute=lambda node, inputs, result: sum(result),
    )
    assert any_mode(dag, item=[1, 2]) == 60


def test_hooks_stand_around_a_map_of_nothing_too(any_mode):
    dag, seen = map_of(lambda item: item), []
    dag.set_node_hooks(
        "f", pre_execute=lambda node, inputs: seen.append("pre"), cleanup=lambda node: seen.append("cleanup")
    )
    assert any_mode(dag, item=[]) == []
    assert seen == ["pre", "cleanup"]


def told(mode, dag, **options):
    """The events about nodes and elements."""
    seen = []
    seconds_of(mode, dag, observers=[seen.append], **options)
    return [event for event in seen if hasattr(event, "node")]


def kinds_of(events):
    return [(event.kind, getattr(event, "index", None), event.attempt) for event in events]


def one_worker(mode):
    return {} if mode is SEQUENTIAL else {"max_workers": 1}


def test_a_map_is_told_once_and_each_of_its_elements(any_mode, kind):
    events = told(any_mode, map_of(kind(lambda item: item)), item=["a", "b"], **one_worker(any_mode))
    assert [event.node for event in events] == ["f"] * 4
    assert kinds_of(events) == [
        ("node_started", None, 1),
        ("item_finished", 0, 1),
        ("item_finished", 1, 1),
        ("node_finished", None, 1),
    ]
    items = [event.duration for event in events[1:3]]
    assert min(items) > 0
    assert events[3].duration == pytest.approx(sum(items))


def test_failed_attempts_and_elements_are_told(any_mode, kind):
    def f(item):
        raise ValueError(item)

    dag = map_of(kind(f), retry=2, item_errors="skip", depth=2)
    events = told(any_mode, dag, item=[[], ["a"]], **one_worker(any_mode))
    assert kinds_of(events) == [
        ("node_started", None, 1),
        ("node_failed", (1, 0), 1),
        ("item_failed", (1, 0), 2),
        ("node_finished", None, 1),
    ]
    assert (events[1].retry_in, str(events[2].error)) == (0.0, "a")


def test_a_map_that_fails_is_told_as_failed_once(any_mode, kind):
    def f(item):
        raise ValueError(item)

    events = told(any_mode, map_of(kind(f)), item=["a", "b"], **one_worker(any_mode))
    assert kinds_of(events) == [("node_started", None, 1), ("item_failed", 0, 1), ("node_failed", None, 1)]
    assert events[2].retry_in is None


def test_whoever_wants_values_sees_those_of_the_whole_map(any_mode):
    seen = []

    def observer(event):
        seen.append((getattr(event, "inputs", None), getattr(event, "result", None)))

    observer.wants_values = True
    any_mode(map_of(lambda item: -item), item=[1], observers=[observer])
    assert seen == [(None, None), ({"item": [1]}, None), (None, None), (None, [-1]), (None, None)]


def test_progress_counts_nodes_not_elements(any_mode):
    seen = []
    any_mode(map_of(lambda item: item), item=[1, 2], progress=lambda *said: seen.append(said))
    assert [(status, share) for _, status, share in seen] == [("started", 0.0), ("completed", 1.0)]


def endless(form, gate, started):
    """A function that never ends by itself once *started*."""

    def function(item):
        started.set()
        gate.wait(10)

    async def coroutine(item):
        started.set()
        await anyio.sleep_forever()

    return coroutine if form == "async" else function


forms = pytest.mark.parametrize("form", ["sync", "async"])
forms_and_sources = pytest.mark.parametrize(("form", "make"), [("sync", list), ("async", iter)])


@forms_and_sources
def test_the_time_of_the_run_covers_all_elements(any_mode, form, make, gate):
    dag = map_of(endless(form, gate, threading.Event()))
    took, error = seconds_of(any_mode, dag, item=make(range(50)), timeout=0.15)
    assert isinstance(error, TimeoutError)
    assert str(error) == "run of 'map' timed out after 0.15 s; still running: f"
    assert took < 0.25 + MARGIN
    assert dag.context.metrics["map"]["f"]["items"] <= 50
    gate.set()
    assert comes_true(lambda: not threads_of_the_library())


def test_many_short_elements_are_out_of_time_together(any_mode, kind):
    took, error = seconds_of(any_mode, map_of(kind(lambda item: item)), item=iter(int, 1), timeout=0.1)
    assert isinstance(error, TimeoutError)
    assert took < 0.2 + MARGIN


@forms_and_sources
def test_cancelling_ends_a_map_and_starts_nothing_more(any_mode, form, make, gate):
    context, started, calls = Context(), threading.Event(), []
    function = endless(form, gate, started)

    def f(item):
        calls.append(item)
        return function(item)

    dag = map_of(f)
    with cancelled_after(started, context, "enough"):
        if any_mode is SEQUENTIAL and form == "sync":
            threading.Timer(0.05, gate.set).start()
        error = raised_by(any_mode, dag, item=make(range(50)), context=context, **one_worker(any_mode))
    assert isinstance(error, RunCancelledError)
    assert calls == [0]
    gate.set()
    assert comes_true(lambda: not threads_of_the_library())


@forms
def test_an_element_that_cancels_the_run_is_the_last_one(any_mode, form):
    calls = []

    def cancel(context, item):
        calls.append(item)
        context.cancel()

    async def cancel_async(context, item):
        cancel(context, item)

    dag = map_of(cancel_async if form == "async" else cancel)
    assert isinstance(raised_by(any_mode, dag, item=range(9), **one_worker(any_mode)), RunCancelledError)
    assert calls == [0]


@forms
def test_a_sibling_that_fails_ends_a_map(concurrent_mode, form, gate):
    dag, started = map_of(endless(form, gate, threading.Event())), threading.Event()

    @dag.node
    def sibling():
        started.wait(0.05)
        raise KeyError("sibling")

    took, error = seconds_of(concurrent_mode, dag, item=range(50), max_workers=3)
    assert isinstance(error, KeyError)
    assert error.node_name == "sibling"
    assert took < 0.1 + MARGIN
    assert dag.context.metrics["map"]["f"]["items"] <= 3
    gate.set()
    assert comes_true(lambda: not threads_of_the_library())


def test_ctrl_c_in_an_element_ends_the_run_as_it_is(any_mode, kind):
    def f(item):
        raise KeyboardInterrupt

    dag = map_of(kind(f), item_errors="skip", retry=3)
    assert type(raised_by(any_mode, dag, item=[1, 2])) is KeyboardInterrupt


def test_a_stream_is_closed_when_its_map_fails(any_mode, kind):
    dag, closed = DAG("closed"), threading.Event()

    @dag.node
    def source():
        try:
            yield from range(100)
        finally:
            closed.set()

    def f(item):
        raise ValueError

    source >> dag.map(kind(f))
    assert isinstance(raised_by(any_mode, dag), ValueError)
    assert closed.is_set()


def test_a_single_map_node_can_be_run_alone_and_step_by_step():
    dag = map_of(lambda item: item + 1)
    dag.node(lambda f: sum(f), name="g")
    dag.connect("f", "g")
    assert dag.run_node("f", {"item": [1, 2]}) == [2, 3]
    context, first = dag.step(item=[1, 2])
    assert (first, dag.step(context)[1]) == ([2, 3], 5)
