"""Cycles in which nothing comes to its end; events as they come, and the time beside them."""

import pytest

from fast_dag.observe.quiet import Quiet
from fast_dag.run import events

BODIES = {"outer": frozenset("abc"), "inner": frozenset("b"), "other": frozenset("x")}


@pytest.fixture
def quiet():
    return Quiet(BODIES)


def take(quiet, kind, now, **fields):
    about = {"run_id": "r", "time": now, "workflow": "w"}
    if issubclass(kind, events.NodeEvent):
        about |= {"attempt": 1, "worker": "w"}
    if issubclass(kind, events.NodeFinished | events.NodeFailed | events.ItemFinished):
        about["duration"] = 0.0
    if kind is events.CycleFinished:
        about |= {"reason": "exit", "detail": "", "verdict": None, "iterations": 1, "duration": 1.0}
    quiet.take(kind(**about, **fields), now)


def test_a_cycle_is_stuck_when_a_node_is_under_way_and_none_ends(quiet):
    take(quiet, events.CycleStarted, 0.0, cycle="outer")
    take(quiet, events.NodeStarted, 1.0, node="a")
    assert quiet.stuck(5.0, 6.0) == {}
    assert quiet.stuck(5.0, 6.5) == {"outer": 5.5}


def test_a_node_that_ends_is_a_sign_of_life(quiet):
    take(quiet, events.CycleStarted, 0.0, cycle="outer")
    take(quiet, events.NodeStarted, 0.0, node="a")
    take(quiet, events.NodeStarted, 0.0, node="c")
    take(quiet, events.NodeFinished, 4.0, node="c")
    assert quiet.stuck(5.0, 8.0) == {}
    assert quiet.stuck(5.0, 9.5) == {"outer": 5.5}


def test_a_cycle_under_way_for_several_elements_is_watched_until_the_last_of_them_ends(quiet):
    take(quiet, events.CycleStarted, 0.0, cycle="call.loop")
    take(quiet, events.CycleStarted, 0.0, cycle="call.loop")
    take(quiet, events.CycleFinished, 1.0, cycle="call.loop")
    take(quiet, events.NodeStarted, 1.0, node="call.n")
    assert quiet.stuck(5.0, 6.5) == {"call.loop": 5.5}
    take(quiet, events.CycleFinished, 7.0, cycle="call.loop")
    assert quiet.stuck(5.0, 20.0) == {}


def test_an_element_of_a_map_is_a_sign_of_life(quiet):
    take(quiet, events.CycleStarted, 0.0, cycle="outer")
    take(quiet, events.NodeStarted, 0.0, node="a")
    take(quiet, events.ItemFinished, 4.0, node="a", index=0)
    assert quiet.stuck(5.0, 8.0) == {}


def test_a_map_is_under_way_when_an_attempt_for_an_element_has_failed(quiet):
    take(quiet, events.CycleStarted, 0.0, cycle="outer")
    take(quiet, events.NodeStarted, 0.0, node="a")
    take(quiet, events.NodeFailed, 4.0, node="a", index=0, error=ValueError(), retry_in=0.0)
    assert quiet.stuck(5.0, 8.0) == {}
    assert quiet.stuck(5.0, 9.5) == {"outer": 5.5}


def test_nothing_is_stuck_while_nothing_is_under_way(quiet):
    take(quiet, events.CycleStarted, 0.0, cycle="outer")
    take(quiet, events.NodeStarted, 0.0, node="a")
    take(quiet, events.NodeFailed, 1.0, node="a", error=ValueError(), retry_in=100.0)
    assert quiet.stuck(5.0, 60.0) == {}
    take(quiet, events.NodeStarted, 101.0, node="a")
    assert quiet.stuck(5.0, 105.0) == {}


def test_each_cycle_has_its_own_nodes(quiet):
    for cycle in ("outer", "other"):
        take(quiet, events.CycleStarted, 0.0, cycle=cycle)
    take(quiet, events.NodeStarted, 0.0, node="a")
    take(quiet, events.NodeStarted, 9.0, node="x")
    assert list(quiet.stuck(5.0, 10.0)) == ["outer"]


def test_nodes_of_a_workflow_inside_a_node_count_for_the_cycles_around_it(quiet):
    take(quiet, events.CycleStarted, 0.0, cycle="outer")
    take(quiet, events.NodeStarted, 0.0, node="a")
    take(quiet, events.NodeStarted, 0.0, node="a.first")
    take(quiet, events.NodeFinished, 4.0, node="a.first")
    assert quiet.stuck(5.0, 8.0) == {}


def test_a_cycle_inside_a_node_has_the_nodes_that_stand_there(quiet):
    take(quiet, events.CycleStarted, 0.0, cycle="a.loop")
    take(quiet, events.NodeStarted, 0.0, node="x")
    assert quiet.stuck(5.0, 9.0) == {}
    take(quiet, events.NodeStarted, 0.0, node="a.first")
    assert list(quiet.stuck(5.0, 9.0)) == ["a.loop"]


def test_only_the_outermost_of_those_that_are_stuck_are_meant(quiet):
    stuck = dict.fromkeys(["inner", "outer", "other", "a.loop"], 9.0)
    assert quiet.outermost(stuck) == ["outer", "other"]


def test_a_cycle_that_has_ended_is_not_stuck(quiet):
    take(quiet, events.CycleStarted, 0.0, cycle="outer")
    take(quiet, events.NodeStarted, 0.0, node="a")
    take(quiet, events.CycleFinished, 1.0, cycle="outer")
    assert quiet.stuck(5.0, 60.0) == {}
