"""The context of a machine: which way it went, and what each execution gave."""

import pytest

from fast_dag import Context, FSMContext
from fast_dag.run.track import Track


def context_after(*steps, limit=None):
    track = Track(("a", "b"), limit)
    for number, unit in enumerate(steps):
        track.add(unit, number)
        track.at = unit
    return FSMContext().follow(track)


def test_before_a_run_it_is_empty():
    context = FSMContext({"early": 1})
    assert (context.state_history, context.current_state, context.cycle_count) == ([], None, 0)
    assert (context.cycle_results, context.visits, context.is_terminated) == ({}, {}, False)
    assert context["early"] == 1
    assert (context.get_latest("a"), context.get_cycle("a", 0, "none")) == (None, "none")


def test_it_tells_of_the_states_on_the_track():
    context = context_after(0, 1, 0)
    assert (context.state_history, context.current_state, context.cycle_count) == (["a", "b", "a"], "a", 3)
    assert (context.cycle_results, context.visits) == ({"a": [0, 2], "b": [1]}, {"a": 2, "b": 1})


def test_executions_are_numbered_from_zero():
    context = context_after(0, 1, 0)
    assert [context.get_cycle("a", index, "none") for index in (0, 1, 2, -1)] == [0, 2, "none", "none"]
    assert (context["a.1"], context.get("a.2", "none"), "b.0" in context) == (2, "none", True)
    assert (context.get_latest("a"), context.get_latest("c", "none")) == (2, "none")
    with pytest.raises(KeyError):
        context["a.2"]


def test_what_is_no_longer_kept_is_not_there():
    context = context_after(0, 0, 0, limit=2)
    assert [context.get("a." + index, "none") for index in "0123"] == ["none", 1, 2, "none"]


def test_lists_and_dicts_are_copies():
    context = context_after(0)
    context.state_history.append("x")
    context.cycle_results["a"].append("x")
    context.visits["a"] = 9
    assert (context.state_history, context.cycle_results, context.visits) == (["a"], {"a": [0]}, {"a": 1})


def test_a_plain_context_shares_all_it_holds():
    plain = Context({"early": 1}, {"mine": 2})
    context = FSMContext.over(plain)
    assert (context.results is plain.results, context.metadata is plain.metadata) == (True, True)
    context.set_result("late", 3)
    plain.cancel()
    assert (plain["late"], context.cancelled) == (3, True)
    assert FSMContext.over(context) is context


def test_two_machines_on_one_plain_context_go_their_own_ways():
    plain = Context()
    track = Track(("a",))
    one, other = FSMContext.over(plain).follow(track), FSMContext.over(plain)
    track.add(0, 1)
    assert (one.state_history, other.state_history) == (["a"], [])
