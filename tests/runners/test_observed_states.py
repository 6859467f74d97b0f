"""The plain loop over a machine with observers: the events, the results and the metrics of the core."""

import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag import END, FSM, FSMContext, FSMReturn
from tests.properties import test_random_machines as machines
from tests.runners.test_observed_cycle import told
from tests.runners.test_row_loop import Curious, property_test


@property_test
@given(machines.machines(), st.integers(0, 9))
def test_random_machines_tell_what_the_core_tells(states, value):
    ours = told(machines.build(states, Counter()), {"value": value})
    assert ours == told(machines.build(states, Counter()), {"value": value}, Curious())


def counting(step=lambda n: n - 1, **settings):
    fsm = FSM("counting", **settings)
    fsm.add_state("down", step, initial=True, transitions=["check"])
    fsm.add_state("check", lambda n: n)
    fsm.add_conditional_transition("check", lambda n: "down" if n else END, targets=["down", END])
    return fsm


def fails_at_one(n):
    if n == 1:
        raise ValueError("one")
    return n - 1


@pytest.mark.parametrize("limit", [None, 2])
@pytest.mark.parametrize(
    "step",
    [lambda n: n - 1, fails_at_one, lambda n: FSMReturn("check", n - 1)],
    ids=["counts", "fails", "says"],
)
def test_each_way_to_go_on_tells_what_the_core_tells(step, limit):
    ours = told(counting(step, history_limit=limit), {"n": 3})
    assert ours == told(counting(step, history_limit=limit), {"n": 3}, Curious())


def test_a_cap_tells_what_the_core_tells():
    def capped():
        fsm = FSM("capped", max_cycles=3, on_limit="return")
        fsm.add_state("again", lambda n: n + 1, initial=True, transitions=["again"])
        return fsm

    assert told(capped(), {"n": 0}) == told(capped(), {"n": 0}, Curious())


def test_a_state_that_only_the_core_can_make_is_told_once():
    def mixed():
        fsm = FSM("mixed")
        fsm.add_state("plain", lambda n: n + 1, initial=True, transitions=["careful"])
        fsm.add_state("careful", lambda n: n + 1, retry=2, transitions=["last"])
        fsm.add_state("last", lambda n: n, terminal=True)
        return fsm

    ours = told(mixed(), {"n": 0})
    assert ours == told(mixed(), {"n": 0}, Curious())
    assert [event["kind"] for event in ours[1]].count("transition") == 2


@pytest.mark.parametrize("kind", ["node_started", "node_finished", "transition"])
def test_an_observer_that_cancels_is_told_of_nothing_more(kind):
    seen, called, context = [], [], FSMContext()

    def cancel(event):
        seen.append(event.kind)
        if event.kind == kind:
            context.cancel("seen")

    fsm = counting(lambda n: called.append(n) or n - 1)
    with pytest.raises(Exception, match="seen"):
        fsm.run(n=2, context=context, observers=[cancel])
    order = ["run_started", "node_started", "node_finished", "transition"]
    assert seen == [*order[: order.index(kind) + 1], "run_finished"]
    assert called == ([] if kind == "node_started" else [2])


def test_durations_are_those_of_the_states_and_not_of_observers():
    seen = []

    def slow(event):
        threading.Event().wait(0.01)
        seen.append(event)

    fsm = counting()
    fsm.run(n=2, observers=[slow])
    assert all(event.duration < 0.005 for event in seen if event.kind == "node_finished")
    assert all(seconds < 0.01 for seconds in fsm.context.metrics["node_times"].values())
