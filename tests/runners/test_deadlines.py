"""Waits and time-outs, on a clock that the test tells."""

import pytest

from fast_dag import DAG
from fast_dag.run.dispatch import Dispatch
from fast_dag.run.requests import Outcome, Wait
from fast_dag.runners.calls import GRACE
from fast_dag.runners.deadlines import Deadlines
from tests.run.plans import run_of


class Handle:
    """Of a call that can be cancelled, or not; counts how often that was asked."""

    def __init__(self, *, can_cancel):
        self.can_cancel = can_cancel
        self.asked = 0

    def cancel(self):
        self.asked += 1
        return self.can_cancel


def desk_of(*, count=1, **settings):
    """The desk of a run of independent nodes that gives up no value, and their requests."""
    dag = DAG("timed")
    for index in range(count):
        dag.node(lambda: None, name=f"n{index}", **settings)
    plan = dag.plan()
    desk = Dispatch(run_of(plan, strategy="continue", watched=True), None)
    desk.begin(desk.run.ready())
    return desk, [desk.take() for _ in range(count)]


def kinds(run):
    return [note.kind for note in run.notes]


def test_nothing_falls_due_without_timeouts():
    desk, (request,) = desk_of()
    deadlines = Deadlines(desk, None, now=0.0)
    assert not deadlines.add(request, 0.0)
    assert deadlines.next() is None


def test_the_earliest_is_due_next():
    desk, requests = desk_of(count=2, timeout=5)
    deadlines = Deadlines(desk, 4, now=10.0)
    assert deadlines.next() == 14.0
    assert deadlines.add(requests[0], 7.0)
    assert deadlines.next() == 12.0
    assert deadlines.add(requests[1], 11.0)
    assert deadlines.next() == 12.0


def test_a_call_that_cannot_be_cancelled_is_abandoned_at_its_deadline():
    desk, (request,) = desk_of(timeout=5)
    request.handle = Handle(can_cancel=False)
    deadlines = Deadlines(desk, None, now=0.0)
    deadlines.add(request, 0.0)
    deadlines.fall_due(4.9)
    assert request in desk.under_way
    deadlines.fall_due(5.0)
    assert request not in desk.under_way
    assert desk.run.finished
    assert desk.run.tally.abandoned == 1
    assert kinds(desk.run) == ["node_started", "node_abandoned", "node_failed"]


def test_a_call_that_is_being_cancelled_gets_a_moment_to_end():
    desk, (request,) = desk_of(timeout=5)
    request.handle = Handle(can_cancel=True)
    deadlines = Deadlines(desk, None, now=0.0)
    deadlines.add(request, 0.0)
    deadlines.fall_due(5.0)
    assert request in desk.under_way
    assert deadlines.next() == 5.0 + GRACE
    desk.back(request, Outcome("too late"))
    assert str(desk.run.tally.errors[0]) == "node 'n0' timed out after 5 s"


def test_a_call_that_refuses_to_be_cancelled_is_abandoned_after_that():
    desk, (request,) = desk_of(timeout=5)
    request.handle = handle = Handle(can_cancel=True)
    deadlines = Deadlines(desk, None, now=0.0)
    deadlines.add(request, 0.0)
    deadlines.fall_due(5.0)
    deadlines.fall_due(5.0 + GRACE)
    assert handle.asked == 1
    assert desk.run.finished
    assert "node_abandoned" in kinds(desk.run)
    assert not desk.back(request, Outcome("too late"))


def test_a_call_that_came_back_in_time_is_left_alone():
    desk, (request,) = desk_of(timeout=5)
    request.handle = handle = Handle(can_cancel=True)
    deadlines = Deadlines(desk, None, now=0.0)
    deadlines.add(request, 0.0)
    desk.back(request, Outcome("value"))
    deadlines.fall_due(6.0)
    assert handle.asked == 0
    assert desk.run.value() == "value"


def test_a_wait_that_is_over_lets_its_step_go_on():
    desk, (request,) = desk_of(retry=2, retry_delay=3)
    deadlines = Deadlines(desk, None, now=0.0)
    desk.back(request, Outcome(error=OSError()))
    wait = desk.take()
    assert isinstance(wait, Wait)
    assert deadlines.add(wait, 1.0)
    deadlines.fall_due(3.9)
    assert desk.take() is None
    deadlines.fall_due(4.0)
    assert desk.take().step == request.step


def test_the_deadline_of_the_run_ends_it_and_names_what_still_runs():
    desk, _ = desk_of(count=2)
    deadlines = Deadlines(desk, 0.5, now=1.0)
    deadlines.fall_due(1.4)
    assert not desk.run.finished
    deadlines.fall_due(1.5)
    assert str(desk.run.error) == "run of 'timed' timed out after 0.5 s; still running: n0, n1"


def test_after_the_deadline_of_the_run_nothing_else_falls_due():
    desk, (request,) = desk_of(timeout=5)
    request.handle = handle = Handle(can_cancel=False)
    deadlines = Deadlines(desk, 4, now=0.0)
    deadlines.add(request, 0.0)
    deadlines.fall_due(6.0)
    assert handle.asked == 0


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_deadlines_at_the_same_time_are_all_seen_to(order):
    desk, requests = desk_of(count=2, timeout=5)
    deadlines = Deadlines(desk, None, now=0.0)
    for index in order:
        request = requests[index - 1]
        request.handle = Handle(can_cancel=False)
        deadlines.add(request, 0.0)
    deadlines.fall_due(5.0)
    assert desk.run.tally.abandoned == 2
