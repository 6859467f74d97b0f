"""The state of a cycle, with no engine at all: what an attempt sees, and what of it is kept."""

from collections import deque
from time import perf_counter

import pytest

from fast_dag.errors import CycleStateError
from fast_dag.run.cycle_context import CycleContext
from fast_dag.run.cycle_state import CycleState
from fast_dag.run.cycle_states import CycleStateManager
from fast_dag.run.turn import Place, Turn, outside


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def turn_of(state, node="a", **place):
    return Turn(state, Place("c", path=("c",), **place), node)


def test_what_an_attempt_writes_is_seen_by_itself_at_once_and_by_others_when_it_is_kept():
    state = CycleState()
    first, other = turn_of(state), turn_of(state, "b")
    first.state["x"] = 1
    first.seen.set("common", 2)
    assert first.state["x"] == 1
    assert first.seen.get("common") == 2
    assert other.seen.get("common") is None
    assert state.node_states == {}
    first.keep()
    assert state.node_states == {"a": {"x": 1}}
    assert turn_of(state, "b").seen.get("common") == 2


def test_an_attempt_that_is_not_kept_leaves_nothing():
    state = CycleState()
    turn_of(state).state["x"] = 1
    assert dict(turn_of(state).state) == {}


@pytest.mark.parametrize(
    ("made", "change"),
    [
        ([1], lambda held: held.append(2)),
        ({"a": 1}, lambda held: held.update(b=2)),
        ({1}, lambda held: held.add(2)),
        (deque([1]), lambda held: held.append(2)),
    ],
    ids=["list", "dict", "set", "deque"],
)
def test_a_container_is_changed_in_place_and_the_snapshot_never_changes(made, change):
    state = CycleState()
    first = turn_of(state)
    first.state["held"] = made
    first.keep()
    second = turn_of(state)
    change(second.state["held"])
    assert len(second.state["held"]) == 2
    assert len(second.previous["held"]) == 1
    change(second.previous["held"])
    assert len(second.previous["held"]) == 1
    assert len(turn_of(state).state["held"]) == 1
    second.keep()
    assert len(turn_of(state).previous["held"]) == 2


def test_a_shared_container_that_was_only_looked_at_replaces_nothing():
    state = CycleState()
    state.set("held", [1])
    writer, reader = turn_of(state, "a"), turn_of(state, "b")
    assert reader.shared["held"] == [1]
    writer.shared["held"].append(2)
    writer.keep()
    reader.keep()
    assert state.get("held") == [1, 2]


def test_the_working_copy_is_a_mapping():
    state = CycleState()
    state.set_node_state("a", {"x": 1, "y": [2], "z": 3})
    turn = turn_of(state)
    del turn.state["x"]
    turn.state["w"] = None
    assert dict(turn.state) == {"y": [2], "z": 3, "w": None}
    assert len(turn.state) == 3
    assert "x" not in turn.state
    with pytest.raises(KeyError):
        turn.state["x"]
    with pytest.raises(KeyError):
        del turn.state["x"]
    turn.keep()
    assert state.get_node_state("a") == {"y": [2], "z": 3, "w": None}


def test_a_node_may_write_the_state_of_another_when_it_succeeds():
    state = CycleState()
    turn = turn_of(state)
    turn.seen.set_node_state("b", {"x": 1})
    turn.seen.set_node_state("a", {"y": 2})
    assert turn.seen.get_node_state("a") == {"y": 2}
    assert turn.seen.get_node_state("b") == {}
    turn.keep()
    assert state.node_states == {"a": {"y": 2}, "b": {"x": 1}}


def test_accumulated_values_are_the_last_ones():
    state, seen = CycleState(), []
    for value in range(7):
        turn = turn_of(state)
        seen = turn.state.accumulate("xs", value, max_history=3)
        turn.keep()
    assert seen == [4, 5, 6]
    assert turn_of(state).previous["xs"] == [4, 5, 6]


def test_values_added_by_an_attempt_that_failed_are_gone():
    state = CycleState()
    for value in range(3):
        turn_of(state).state.accumulate("xs", "failed", None)
        turn = turn_of(state)
        turn.state.accumulate("xs", value, None)
        turn.keep()
    assert turn_of(state).state["xs"] == [0, 1, 2]


def test_all_values_are_given_as_a_view_that_stays_as_it_is():
    state = CycleState()
    turn = turn_of(state)
    view = turn.state.accumulate("xs", 1, None)
    turn.keep()
    later = turn_of(state)
    longer = later.state.accumulate("xs", 2, None)
    assert (view, longer) == ([1], [1, 2])
    assert (longer[-1], longer[0:], list(longer), repr(longer)) == (2, [1, 2], [1, 2], "[1, 2]")
    assert longer != [1]
    assert longer != "12"
    with pytest.raises(IndexError):
        longer[2]
    later.keep()
    assert turn_of(state).previous["xs"] == longer


def test_values_are_added_to_a_list_that_was_set_before():
    state = CycleState()
    turn = turn_of(state)
    turn.state["xs"] = [1]
    assert turn.state.accumulate("xs", 2) == [1, 2]
    assert turn.state.accumulate("xs", 3, max_history=2) == [2, 3]
    turn.keep()
    later = turn_of(state)
    assert later.state.accumulate("xs", 4, None) == [2, 3, 4]
    later.state["xs"].__len__()
    del later.state["xs"]
    assert later.state.accumulate("xs", 5) == [5]
    later.keep()
    assert turn_of(state).state["xs"] == [5]


def test_elements_of_a_map_each_add_to_what_the_others_added():
    state = CycleState()
    turns = [turn_of(state) for _ in range(3)]
    for number, turn in enumerate(turns):
        turn.state.accumulate("xs", number)
    for turn in turns:
        turn.keep()
    assert turn_of(state).state["xs"] == [0, 1, 2]


def test_nothing_can_be_added_to_what_is_no_row_of_values():
    turn = turn_of(CycleState())
    turn.state["x"] = 5
    with pytest.raises(CycleStateError, match="'x' holds a int"):
        turn.state.accumulate("x", 1)
    with pytest.raises(ValueError, match="max_history must be an integer >= 1"):
        turn.state.accumulate("y", 1, max_history=0)


@pytest.mark.parametrize("limit", [None, 50])
def test_ten_thousand_additions_take_less_than_fifteen_times_a_thousand(limit):
    def seconds(count):
        state, started = CycleState(), perf_counter()
        for value in range(count):
            turn = turn_of(state)
            turn.state.accumulate("xs", value, limit)
            turn.keep()
        return perf_counter() - started

    shares = (seconds(10_000) / seconds(1000) for _ in range(5))
    assert any(share < 15 for share in shares)


def test_an_update_records_an_iteration_with_its_numbers():
    clock = Clock()
    state = CycleState("fit", max_iterations=9, history_limit=2, clock=clock)
    for loss in (4.0, 2.0, 1.0):
        clock.now += 0.5
        state.update({"fit": {"loss": loss, "note": "x"}, "count": 1})
    assert (state.iteration, state.completed, state.max_iterations) == (2, 3, 9)
    assert (state.elapsed_time, state.iteration_time) == (1.5, 0.5)
    assert [each["fit"]["loss"] for each in state.history] == [2.0, 1.0]
    assert state.metric_history["loss"] == [4.0, 2.0, 1.0]
    trend = state.calculate_trend()
    assert set(trend) == {"loss", "count"}
    assert trend["loss"] == {
        "values": [4.0, 2.0, 1.0],
        "latest": 1.0,
        "previous": 2.0,
        "change": -1.0,
        "change_percent": -50.0,
        "average": 7 / 3,
        "min": 1.0,
        "max": 4.0,
    }
    assert state.get_summary() == {
        "cycle_id": "fit",
        "iterations": 3,
        "elapsed_time": 1.5,
        "average_iteration_time": 0.5,
        "trends": trend,
    }


def test_a_change_from_zero_has_no_percentage():
    state = CycleState()
    state.update({"x": 0})
    assert state.calculate_trend()["x"]["change"] is None
    state.update({"x": 5})
    assert state.calculate_trend()["x"]["change_percent"] is None


@pytest.mark.parametrize(("limit", "kept"), [(0, []), (1, [{"x": 2}]), (None, [{"x": 1}, {"x": 2}])])
def test_the_history_is_as_long_as_its_limit(limit, kept):
    state = CycleState(history_limit=limit)
    state.update({"x": 1})
    state.update({"x": 2})
    assert state.history == kept


@pytest.mark.parametrize(
    "wrong", [{"iteration": -1}, {"max_iterations": 0}, {"history_limit": -1}, {"iteration": True}]
)
def test_a_state_with_impossible_numbers_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be an integer"):
        CycleState(**wrong)


def test_a_state_comes_back_from_its_dict():
    clock = Clock()
    state = CycleState("fit", max_iterations=9, clock=clock)
    turn = turn_of(state)
    turn.state.accumulate("xs", 1, None)
    turn.keep()
    state.set("common", {"a": 1})
    state.metadata["who"] = "me"
    clock.now += 2
    state.update({"loss": 0.5})
    data = state.to_dict()
    assert type(data["node_states"]["a"]["xs"]) is list
    again = CycleState.from_dict(data, clock=clock)
    assert again.to_dict() == data
    clock.now += 1
    assert again.elapsed_time == 3


@pytest.mark.parametrize("broken", [None, {}, {"cycle_id": "x"}, {"nonsense": 1}])
def test_what_is_no_state_is_refused(broken):
    with pytest.raises(CycleStateError):
        CycleState.from_dict(broken)


@pytest.mark.parametrize("field", ["iteration", "node_states", "history", "elapsed_time"])
def test_a_state_with_a_field_of_another_type_is_refused(field):
    with pytest.raises(CycleStateError, match="this is no state of a cycle"):
        CycleState.from_dict({**CycleState().to_dict(), field: "nonsense"})


def test_a_context_outside_of_a_cycle_is_first_and_last():
    context = CycleContext()
    assert (context.index, context.is_first, context.is_last, context.progress) == (0, True, True, 1.0)
    assert (context.path, context.max_iterations) == ((), None)
    context.state["x"] = 1
    context.stop("of no effect")
    assert CycleContext(outside()).state == {}


@pytest.mark.parametrize(
    ("place", "progress"),
    [
        ({}, None),
        ({"iteration": 1, "max_iterations": 4}, 0.5),
        ({"timeout": 8.0}, 0.25),
        ({"iteration": 1, "max_iterations": 4, "timeout": 2.5}, 0.8),
        ({"timeout": 1.0}, 1.0),
    ],
)
def test_progress_is_the_larger_share_of_the_bounds_there_are(place, progress):
    clock = Clock()
    turn = turn_of(CycleState(), started=clock.now - 2, clock=clock, **place)
    assert CycleContext(turn).progress == progress


def test_a_nested_state_is_another_one_in_each_iteration_around_it():
    manager = CycleStateManager()
    outer = manager.push_cycle("outer")
    inner = manager.push_cycle("inner")
    assert manager.get_active_cycle() == "inner"
    assert manager.get_or_create_state("inner") is inner
    inner.set("x", 1)
    assert manager.pop_cycle() == "inner"
    outer.update({})
    outer.update({})
    assert manager.push_cycle("inner").get("x") is None
    assert set(manager.get_all_summaries()) == {"outer", "outer[0].inner", "outer[1].inner"}
    manager.clear("inner")
    assert manager.get_active_cycle() == "outer"
    assert set(manager.get_all_summaries()) == {"outer"}
    manager.clear()
    assert manager.pop_cycle() is None
    assert manager.get_all_summaries() == {}
