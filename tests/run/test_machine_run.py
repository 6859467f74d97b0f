"""The core of machines, with no runner at all."""

import pytest

from fast_dag import END, NO_DATA, ExecutionError, MaxIterationsError, MissingInputError, MissingOutputError
from tests.run.machines import machine_of, move, run_of


def names(run, steps):
    return [run.plan.names[step] for step in steps]


def rounds(run, count):
    """Go from a to itself *count* times; the steps that are set free at the end."""
    steps = run.ready()
    for number in range(count):
        steps = run.done(steps[0], move(run, number, "a"))
    return steps


@pytest.fixture
def again():
    fsm = machine_of("a")
    fsm.add_conditional_transition("a", lambda value: "a", targets=["a", END])
    return fsm


def test_one_state_is_due_at_a_time():
    run = run_of(machine_of("a -> b", terminal=["b"]))
    (a,) = run.ready()
    assert names(run, [a]) == ["a"]
    (b,) = run.done(a, move(run, 1, "b"))
    assert (names(run, [b]), run.finished) == (["b"], False)
    assert run.done(b, move(run, 2, END)) == []
    assert (run.finished, run.is_complete, run.value(), run.value("a")) == (True, True, 2, 1)
    assert run.context.is_terminated


def test_what_is_handed_on_lies_where_the_next_state_looks_for_it():
    run = run_of(machine_of("a -> b", terminal=["b"], b=lambda first, second=5: None))
    (a,) = run.ready()
    run.done(a, move(run, 1, "b"))
    places = [entry.slot for entry in run.plan.entries[1]]
    assert [run.values[place] for place in places] == [1, 5]


def test_results_and_history_are_there_during_the_run(again):
    run = run_of(again)
    rounds(run, 3)
    assert run.context.results == {"a": 2}
    assert (run.context.state_history, run.count, run.iteration(0)) == (["a"] * 3, 3, (3,))


def test_exactly_as_many_states_as_the_cap_says_are_due(again):
    run = run_of(again, cap=3)
    assert rounds(run, 3) == []
    assert run.finished
    error = run.error
    assert isinstance(error, MaxIterationsError)
    assert (error.max_iterations, error.last_node, error.visits, error.value) == (3, "a", {"a": 3}, 2)
    assert error.context is run.context
    assert not run.context.is_terminated


def test_at_the_cap_the_last_value_may_be_the_result(again):
    run = run_of(again, cap=3, returns_at_cap=True)
    rounds(run, 3)
    assert (run.finished, run.error, run.value()) == (True, None, 2)
    assert run.context.metadata == {"max_cycles_reached": True}
    assert not run.context.is_terminated


def test_an_end_at_the_cap_is_a_regular_one(again):
    run = run_of(again, cap=3)
    (step,) = rounds(run, 2)
    run.done(step, move(run, 9, END))
    assert (run.error, run.value(), run.context.is_terminated) == (None, 9, True)


def test_without_a_cap_there_is_none(again):
    assert rounds(run_of(again, cap=None, history_limit=1), 2000) == [0]


def test_a_failure_ends_the_run():
    run = run_of(machine_of("a -> b", terminal=["b"]))
    (a,) = run.ready()
    run.tally.attempts[a] += 1
    assert run.failed(a, ValueError("broken"), notes=["a note"]) == []
    assert isinstance(run.error, ValueError)
    assert isinstance(run.error, ExecutionError)
    assert (run.error.node_name, run.error.attempts, run.error.__notes__) == ("a", 1, ["a note"])
    assert (run.finished, run.count, run.value()) == (True, 0, None)


def test_there_is_nothing_to_continue_with():
    run = run_of(machine_of("a"))
    (a,) = run.ready()
    cause = ValueError("broken")
    run.failed(a, cause, strategy="continue")
    assert "nothing to continue with" in str(run.error)
    assert run.error.__cause__ is cause


def test_a_move_that_was_refused_fails_after_the_state():
    run = run_of(machine_of("a -> b", terminal=["b"]))
    (a,) = run.ready()
    assert run.done(a, move(run, 1, "b")._replace(error=KeyError("no"))) == []
    assert isinstance(run.error, KeyError)
    assert (run.context.results, run.count) == ({"a": 1}, 1)


def test_a_state_without_its_value_is_not_due():
    run = run_of(machine_of("a -> b", terminal=["b"], b=lambda wanted: wanted))
    (a,) = run.ready()
    assert run.done(a, move(run, NO_DATA, "b")) == []
    assert isinstance(run.error, MissingInputError)
    assert run.error.node_name == "b"


def test_a_part_that_is_not_there_ends_the_run():
    fsm = machine_of("a -> b", terminal=["b"], b=lambda wanted: wanted)
    run = run_of(fsm.connect("a", "b", output="x", input="wanted"))
    (a,) = run.ready()
    run.done(a, move(run, {}, "b"))
    assert isinstance(run.error, MissingOutputError)


def test_no_data_leaves_no_result():
    run = run_of(machine_of("a -> b", terminal=["b"]))
    (a,) = run.ready()
    run.done(a, move(run, NO_DATA, "b"))
    assert (run.context.results, run.context.cycle_results) == ({}, {"a": [None]})
    assert (run.has_result("a"), run.value("b")) == (False, None)


def test_a_run_that_was_stopped_has_nothing_due():
    run = run_of(machine_of("a"))
    run.stop(ExecutionError("enough"))
    assert (run.ready(), run.finished, run.context.cancelled) == ([], True, True)
