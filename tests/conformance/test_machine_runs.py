"""Machines in every mode: what ends a run, what it leaves behind, and runs beside each other."""

import threading

import pytest

from fast_dag import (
    END,
    FSM,
    Context,
    ExecutionError,
    FSMContext,
    FSMReturn,
    MaxIterationsError,
    MissingInputError,
    RunCancelledError,
    TimeoutError,
    ValidationError,
)
from tests.conformance.modes import ON_ASYNCIO, ON_TRIO, raised_by


@pytest.fixture
def fsm():
    return FSM("machine", max_cycles=20)


def counting(kind, *, until=3, **options):
    """One state that counts, back to itself until it is enough."""
    fsm = FSM("counting", **options)
    fsm.add_state("count", kind(lambda n: n + 1), initial=True)
    fsm.add_conditional_transition("count", lambda n: END if n >= until else "count", targets=["count", END])
    return fsm


# Where a run ends


def test_a_run_ends_exactly_at_the_cap(any_mode, kind):
    fsm = counting(kind, until=5, max_cycles=5)
    assert any_mode(fsm, n=0) == 5
    assert (fsm.cycle_count, fsm.is_terminated) == (5, True)


def test_beyond_the_cap_there_is_an_error_that_tells_where_it_went(any_mode, kind):
    fsm, context = counting(kind, until=99), FSMContext()
    error = raised_by(any_mode, fsm, n=0, max_cycles=4, context=context)
    assert isinstance(error, MaxIterationsError)
    assert str(error) == "Maximum cycles (4) exceeded at 'count' (visits: count=4)"
    assert (error.max_iterations, error.last_node, error.value, error.visits) == (4, "count", 4, {"count": 4})
    assert error.context is context
    assert (context.results, context.is_terminated) == ({"count": 4}, False)
    assert context.metadata["execution_status"] == "failed"


def test_at_the_cap_the_last_value_may_be_the_result(any_mode, kind):
    fsm = counting(kind, until=99, max_cycles=4, on_limit="return")
    assert any_mode(fsm, n=0) == 4
    assert fsm.context.metadata["max_cycles_reached"] is True
    assert fsm.context.metadata["execution_status"] == "completed"
    assert (fsm.is_terminated, fsm.current_state) == (False, "count")


def test_the_first_lap_is_in_the_context_when_the_second_fails(fsm, any_mode, kind):
    def first(n):
        if n:
            raise ValueError("second visit")
        return n + 1

    fsm.add_state("first", kind(first), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda n: n), transitions=["first", END])
    fsm.add_conditional_transition("second", lambda n: "first", targets=["first", END])
    error = raised_by(any_mode, fsm, n=0)
    assert isinstance(error, ValueError)
    assert (error.node_name, error.attempts) == ("first", 1)
    assert fsm.context.cycle_results == {"first": [1], "second": [1]}
    assert (fsm.current_state, fsm.is_terminated) == ("first", False)
    assert fsm.context.metrics["attempts"] == {"first": 2, "second": 1}
    assert fsm.context.metrics["errors"] == {"first": "second visit"}


def test_a_context_is_cancelled_between_two_states(any_mode, kind):
    fsm, context = counting(kind, until=99), FSMContext()
    fsm.set_node_hooks("count", post_execute=lambda node, inputs, result: context.cancel("enough"))
    error = raised_by(any_mode, fsm, n=0, context=context)
    assert isinstance(error, RunCancelledError)
    assert "enough" in str(error)
    assert context.cycle_count <= 1


def test_a_plain_context_cancels_the_run_as_well(any_mode):
    fsm, context = FSM("machine"), Context()
    fsm.add_state("again", lambda: context.cancel(), initial=True)
    fsm.add_conditional_transition("again", lambda result: "again", targets=["again", END])
    assert isinstance(raised_by(any_mode, fsm, context=context), RunCancelledError)
    assert context.metadata["execution_status"] == "cancelled"


def test_a_run_out_of_time_ends_in_the_middle_of_a_state(fsm, any_mode, gate):
    fsm.add_state("first", lambda: 1, initial=True, transitions=["stuck"])
    fsm.add_state("stuck", lambda n: gate.wait(10), terminal=True)
    error = raised_by(any_mode, fsm, timeout=0.2)
    assert isinstance(error, TimeoutError)
    assert fsm.context.results == {"first": 1}
    assert fsm.context.metadata["execution_status"] == "timed_out"


# Runs beside and after each other


def test_a_second_run_starts_clean(any_mode, kind):
    fsm = counting(kind, until=3, max_cycles=3)
    assert any_mode(fsm, n=0) == 3
    assert any_mode(fsm, n=2) == 3
    assert (fsm.state_history, fsm.cycle_results) == (["count"], {"count": [3]})
    assert fsm.context.metrics["attempts"] == {"count": 1}


def test_a_passed_context_is_that_of_the_new_run_alone(any_mode, kind):
    fsm, context = counting(kind), FSMContext(metadata={"mine": 1})
    any_mode(fsm, n=0, context=context)
    any_mode(fsm, n=2, context=context)
    assert fsm.context is context
    assert (context.state_history, context.visits, context.metadata["mine"]) == (["count"], {"count": 1}, 1)


def test_a_plain_context_is_filled_and_is_in_use_meanwhile(any_mode):
    fsm, context = FSM("machine"), Context(metadata={"mine": 1})

    def again():
        with pytest.raises(ExecutionError, match="in use by another run"):
            fsm.run(context=context)
        return 5

    fsm.add_state("only", again, initial=True, terminal=True)
    assert any_mode(fsm, context=context) == 5
    assert (context.results, context.metadata["mine"]) == ({"only": 5}, 1)
    assert context.metrics["execution_order"] == ["only"]
    assert context.metrics is fsm.context.metrics


def test_concurrent_runs_never_mix(any_mode):
    fsm, meeting = FSM("machine"), threading.Barrier(4)

    def count(n):
        if n % 100 < 3:
            meeting.wait(5)
        return n + 1

    fsm.add_state("count", count, initial=True)
    fsm.add_conditional_transition(
        "count", lambda n: END if n % 100 == 9 else "count", targets=["count", END]
    )
    found = {}

    def follow(start):
        context = FSMContext()
        found[start] = any_mode(fsm, n=start, context=context), context.cycle_results["count"]

    threads = [threading.Thread(target=follow, args=[start]) for start in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {start: (start + 9, list(range(start + 1, start + 10))) for start in (0, 100, 200, 300)}


@pytest.mark.parametrize("mode", [ON_ASYNCIO, ON_TRIO], ids=str)
def test_a_sync_state_does_not_block_the_loop(mode, fsm):
    threads = []
    fsm.add_state("first", lambda: threads.append(threading.get_ident()), initial=True, terminal=True)
    mode(fsm)
    assert threads != [threading.get_ident()]


# What is missing or too much


def test_what_the_initial_state_needs_is_asked_for_before_anything_runs(any_mode, fsm):
    fsm.add_state("first", lambda a, b=1: a, initial=True, transitions=["second"])
    fsm.add_state("second", lambda first, more: more, terminal=True)
    with pytest.raises(MissingInputError, match="'a' of 'first', 'more' of 'second'"):
        any_mode(fsm)
    assert any_mode(fsm, a=1, more=2) == 2


def test_a_state_nobody_hands_a_value_to_is_named(any_mode, fsm):
    fsm.add_state("first", lambda: FSMReturn("second"), initial=True)
    fsm.add_state("second", lambda wanted: wanted)
    error = raised_by(any_mode, fsm)
    assert isinstance(error, MissingInputError)
    assert error.node_name == "second"
    assert "nobody gives 'wanted' to state 'second'" in str(error)
    assert fsm.context.results == {"first": None}


def test_an_input_no_state_takes_is_refused(any_mode, kind):
    with pytest.raises(ValidationError, match="takes an input 'm'"):
        any_mode(counting(kind), n=0, m=1)


def test_a_run_input_is_no_result(any_mode, kind):
    fsm = counting(kind)
    any_mode(fsm, n=2)
    assert fsm.context.results == {"count": 3}
    assert dict(fsm.context.inputs) == {"n": 2}
