"""What observers are told: which events, in which order, with what in them."""

import dataclasses
import sys
import threading
import warnings
from itertools import pairwise

import pytest

from fast_dag import DAG, END, FSM, Context, RunCancelledError, events
from fast_dag.run.events import made as event_made
from tests.conformance.modes import ON_EXECUTOR, PARALLEL, SEQUENTIAL, comes_true, raised_by, seconds_of

MODE_NAMES = {"run_async on asyncio": "async", "run_async on trio": "async", "executor": "parallel"}
CLASSES = [getattr(events, name) for name in events.__all__ if name != "Observer"]


def chain(kind):
    """``first`` takes x and feeds ``second``."""
    dag = DAG("chain")
    dag.node(kind(lambda x: x + 1), name="first") >> dag.node(kind(lambda first: first * 2), name="second")
    return dag


def failing(kind):
    dag = DAG("failing")

    def bad():
        raise ValueError("broken")

    dag.node(kind(bad)) >> dag.node(lambda bad: bad, name="after")
    return dag


def observed(mode, dag, *args, **options):
    """The events of a run, whatever comes of it."""
    seen = []
    seconds_of(mode, dag, *args, observers=[seen.append], **options)
    return seen


def test_a_run_is_told_from_its_start_to_its_end_in_order(any_mode, kind):
    seen = observed(any_mode, chain(kind), x=1)
    assert [(event.kind, getattr(event, "node", None)) for event in seen] == [
        ("run_started", None),
        ("node_started", "first"),
        ("node_finished", "first"),
        ("node_started", "second"),
        ("node_finished", "second"),
        ("run_finished", None),
    ]


def test_a_node_is_told_to_have_started_before_it_runs(any_mode, kind):
    seen = []
    dag = DAG("look")
    dag.node(kind(lambda: list(seen)), name="look")
    assert any_mode(dag, observers=[lambda event: seen.append(event.kind)]) == ["run_started", "node_started"]


def test_the_events_of_one_execution_of_a_state_tell_the_same_iteration(any_mode, kind):
    fsm = FSM("countdown")
    fsm.add_state("down", kind(lambda x: x - 1), initial=True, transitions=["check"])
    fsm.add_state("check", kind(lambda x: x // abs(x) * x), retry=2)
    fsm.add_conditional_transition("check", lambda x: "down", targets=["down", END])
    seen = [event for event in observed(any_mode, fsm, x=2) if isinstance(event, events.NodeEvent)]
    assert [(event.kind, event.node, *event.iteration) for event in seen] == [
        ("node_started", "down", 0),
        ("node_finished", "down", 0),
        ("node_started", "check", 0),
        ("node_finished", "check", 0),
        ("node_started", "down", 1),
        ("node_finished", "down", 1),
        *[("node_started", "check", 1), ("node_failed", "check", 1)] * 2,
    ]


def test_the_first_event_tells_the_mode_and_the_inputs(any_mode):
    first = observed(any_mode, chain(lambda function: function), x=1)[0]
    assert (first.mode, first.input_names) == (MODE_NAMES.get(any_mode.name, any_mode.name), ("x",))


def test_the_last_event_tells_how_the_run_ended(any_mode, kind):
    last = observed(any_mode, chain(kind), x=1)[-1]
    assert (last.status, last.error) == ("completed", None)
    assert last.duration > 0


def test_the_last_event_has_the_error_that_is_raised(any_mode, kind):
    seen = []
    error = raised_by(any_mode, failing(kind), observers=[seen.append])
    assert seen[-1].status == "failed"
    assert seen[-1].error is error


def test_a_failed_node_is_told_with_its_original_error(any_mode, kind):
    seen = observed(any_mode, failing(kind))
    assert [event.kind for event in seen] == ["run_started", "node_started", "node_failed", "run_finished"]
    failed = seen[2]
    assert type(failed.error) is ValueError
    assert (failed.node, failed.attempt, failed.retry_in) == ("bad", 1, None)
    assert failed.duration >= 0


def test_a_skipped_node_is_told_with_its_reason(any_mode, kind):
    seen = observed(any_mode, failing(kind), error_strategy="continue")
    skipped = [event for event in seen if event.kind == "node_skipped"]
    assert [(event.node, event.reason) for event in skipped] == [("after", "'bad' failed")]
    assert seen[-1].status == "completed_with_errors"


def test_the_value_of_a_node_error_handler_finishes_the_node(any_mode, kind):
    dag = failing(kind).set_node_error_handler("bad", lambda *_: 5)
    seen = [event for event in observed(any_mode, dag) if getattr(event, "node", "") == "bad"]
    assert [event.kind for event in seen] == ["node_started", "node_failed", "node_finished"]


def test_every_event_names_its_run_and_workflow(any_mode, kind):
    context = Context(metadata={"run_id": "mine"})
    seen = observed(any_mode, chain(kind), x=1, context=context)
    assert {(event.run_id, event.workflow) for event in seen} == {("mine", "chain")}


def test_node_events_name_attempt_iteration_and_worker(any_mode, kind):
    seen = [event for event in observed(any_mode, chain(kind), x=1) if isinstance(event, events.NodeEvent)]
    assert all((event.attempt, event.iteration) == (1, ()) for event in seen)
    assert all(isinstance(event.worker, str) and event.worker for event in seen)
    assert all(event.cached is False for event in seen if event.kind == "node_finished")


def test_times_never_go_back(any_mode, kind):
    dag = DAG("wide")
    for index in range(30):
        dag.node(kind(lambda: 1), name=f"a{index}") >> dag.node(kind(lambda value: value), name=f"b{index}")
    times = [event.time for event in observed(any_mode, dag)]
    assert times[0] >= 0
    assert all(before <= after for before, after in pairwise(times))


def test_events_are_frozen(any_mode):
    for event in observed(any_mode, failing(lambda function: function), error_strategy="continue"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            event.time = 0


def test_calls_of_observers_never_overlap(any_mode, kind):
    dag, lock, overlaps = DAG("wide"), threading.Lock(), []
    for index in range(10):
        dag.node(kind(lambda: 1), name=f"n{index}")

    def observer(event):
        if not lock.acquire(blocking=False):
            overlaps.append(event)
            return
        threading.Event().wait(0.0005)
        lock.release()

    any_mode(dag, observers=[observer, observer])
    assert overlaps == []


def test_what_happened_to_a_source_is_told_before_its_target_starts(any_mode, kind):
    dag = DAG("wide")
    for index in range(30):
        dag.node(kind(lambda: 1), name=f"a{index}") >> dag.node(kind(lambda value: value), name=f"b{index}")
    told = [(event.kind, event.node) for event in observed(any_mode, dag)[1:-1]]
    assert len(told) == 120
    for index in range(30):
        assert told.index(("node_finished", f"a{index}")) < told.index(("node_started", f"b{index}"))


def test_everything_has_been_told_when_the_run_returns(any_mode, kind):
    dag, seen = DAG("slow observer"), []
    for index in range(3):
        dag.node(kind(lambda: 1), name=f"n{index}")

    def observer(event):
        threading.Event().wait(0.004)
        seen.append(event.kind)

    any_mode(dag, observers=[observer])
    assert seen[-1] == "run_finished"


def test_values_are_told_only_to_observers_that_want_them(any_mode, kind):
    plain, curious = [], []

    class Curious:
        wants_values = True

        def __call__(self, event):
            curious.append(event)

    any_mode(chain(kind), x=1, observers=[plain.append, Curious()])
    assert [(event.inputs, None) for event in plain if event.kind == "node_started"] == [(None, None)] * 2
    assert [event.result for event in plain if event.kind == "node_finished"] == [None, None]
    assert [event.inputs for event in curious if event.kind == "node_started"] == [{"x": 1}, {"first": 2}]
    assert [event.result for event in curious if event.kind == "node_finished"] == [2, 4]


def test_an_observer_that_raises_is_reported_once_and_left_out(any_mode, kind):
    calls, others = [], []

    def broken_observer(event):
        calls.append(event)
        raise KeyError("observer")

    with pytest.warns(RuntimeWarning, match="broken_observer raised KeyError") as caught:
        assert any_mode(chain(kind), x=1, observers=[broken_observer, others.append]) == 4
    assert len(caught) == 1
    assert len(calls) == 1
    assert len(others) == 6


def test_where_warnings_are_errors_the_report_is_raised_when_the_run_is_over(any_mode, kind):
    def observer(event):
        raise LookupError("mine")

    dag = chain(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        error = raised_by(any_mode, dag, x=1, observers=[observer])
    assert type(error) is RuntimeWarning
    assert dag.context.metadata["execution_status"] == "completed"


def test_an_observer_left_out_is_called_again_in_the_next_run(any_mode):
    dag, calls = chain(lambda function: function), []

    def broken(event):
        calls.append(event)
        raise KeyError

    dag.add_observer(broken)
    for _ in range(2):
        with pytest.warns(RuntimeWarning, match="broken"):
            any_mode(dag, x=1)
    assert len(calls) == 2


@pytest.mark.parametrize("at", [0, 1, 4, 5])
def test_with_strict_observers_the_error_of_any_event_ends_the_run(any_mode, kind, at):
    seen, original = [], KeyError("observer")

    def broken(event):
        seen.append(event)
        if len(seen) == at + 1:
            raise original

    assert raised_by(any_mode, chain(kind), x=1, observers=[broken], strict_observers=True) is original


@pytest.mark.parametrize("settings", [{}, {"retry": 2}], ids=["plain", "retry"])
@pytest.mark.parametrize("at", ["run_started", "node_started"])
@pytest.mark.parametrize("way", ["raises", "cancels"])
def test_a_node_whose_start_ends_the_run_is_not_called(any_mode, kind, settings, at, way):
    context, calls = Context(), []

    def observer(event):
        if event.kind == at and way == "cancels":
            context.cancel()
        elif event.kind == at:
            raise LookupError("not now")

    dag = DAG("vetoed")
    dag.node(kind(lambda: calls.append(1)), name="first", **settings)
    error = raised_by(any_mode, dag, context=context, observers=[observer], strict_observers=True)
    assert isinstance(error, LookupError if way == "raises" else RunCancelledError)
    assert calls == []


def test_a_strict_observer_ends_the_run_while_others_are_under_way(concurrent_mode, kind, gate):
    dag = DAG("strict")
    dag.node(lambda: gate.wait(10), name="slow")
    dag.node(kind(lambda: 1), name="quick")

    def broken(event):
        if event.kind == "node_finished":
            raise KeyError("observer")

    options = {"observers": [broken], "strict_observers": True, "max_workers": 2}
    taken, error = seconds_of(concurrent_mode, dag, **options)
    assert isinstance(error, KeyError)
    assert taken < 5


def test_observers_of_the_dag_and_of_the_run_are_all_told(any_mode):
    dag, seen, more = chain(lambda function: function), [], []
    dag.add_observer(seen.append)
    any_mode(dag, x=1, observers=[more.append])
    assert len(seen) == len(more) == 6


def test_a_removed_observer_is_told_no_more(any_mode):
    dag, seen = chain(lambda function: function), []
    observer = seen.append
    dag.add_observer(observer)
    dag.remove_observer(observer)
    any_mode(dag, x=1)
    assert seen == []


def test_an_observer_may_cancel_the_run(any_mode, kind):
    context = Context()

    def cancel(event):
        if event.kind == "node_finished":
            context.cancel("seen")

    error = raised_by(any_mode, chain(kind), x=1, context=context, observers=[cancel])
    assert "seen" in str(error)
    assert context.results == {"first": 2}


@pytest.mark.parametrize("told", ["finished", "retried", "timed out"])
def test_what_has_happened_is_told_while_others_are_under_way(concurrent_mode, gate, told):
    dag, heard = DAG("live"), threading.Event()

    def quick():
        if told == "retried":
            raise ValueError
        if told == "timed out":
            gate.wait(10)

    def observer(event):
        if event.kind in ("node_finished", "node_failed") and event.node == "quick":
            heard.set()

    dag.node(lambda: heard.wait(8), name="slow")
    dag.node(quick, timeout=0.02, retry=2, retry_delay=30, retry_on=(ValueError,))
    options = {"observers": [observer], "error_strategy": "continue", "max_workers": 2}
    seconds_of(concurrent_mode, dag, timeout=0.2, **options)
    assert dag.results["slow"] is True


@pytest.mark.parametrize("mode", [SEQUENTIAL, PARALLEL, ON_EXECUTOR], ids=str)
def test_the_worker_that_finished_a_sync_node_is_its_thread(mode):
    dag, threads = DAG("workers"), {}

    def note(name):
        threads[name] = threading.current_thread().name

    for index in range(10):
        dag.node(lambda name=f"n{index}": note(name), name=f"n{index}")
    seen = observed(mode, dag)
    assert {event.node: event.worker for event in seen if event.kind == "node_finished"} == threads


def test_without_observers_no_event_is_built(any_mode, kind):
    made = []
    constructors = {event_made.__code__, *(each.__init__.__code__ for each in CLASSES)}

    def profile(frame, event, argument):
        if event == "call" and frame.f_code in constructors:
            made.append(frame.f_code)

    def run(**options):
        made.clear()
        threading.setprofile(profile)
        sys.setprofile(profile)
        try:
            any_mode(failing(kind), error_strategy="continue", **options)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
        return len(made)

    assert run() == 0
    assert run(observers=[lambda event: None]) > 0
    assert comes_true(lambda: sys.getprofile() is None)
