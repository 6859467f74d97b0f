"""The desk between the core and a runner: what it hands out, and what it does with what comes back."""

import pytest

from fast_dag import DAG, RunStalled
from fast_dag.run.dispatch import Dispatch
from fast_dag.run.requests import Attempt, Outcome, Wait
from tests.run.plans import plan_of, run_of


def desk_of(plan, limit=None, **options):
    """A desk that has taken in the first steps of a run of *plan*."""
    desk = Dispatch(run_of(plan), limit, **options)
    desk.begin(desk.run.ready())
    return desk


def taken(desk):
    """Every request to be had now."""
    requests = []
    while (request := desk.take()) is not None:
        requests.append(request)
    return requests


def names_of(desk, requests):
    """The nodes that *requests* are about."""
    return [desk.run.plan.names[request.step] for request in requests]


def flaky_plan(**settings):
    """A plan of one node with *settings*."""
    dag = DAG("flaky")
    dag.add_node("a", lambda: 1, **settings)
    return dag.plan()


def test_everything_that_is_ready_is_handed_out_oldest_first():
    desk = desk_of(plan_of("a", "b", "c"))
    assert names_of(desk, taken(desk)) == ["a", "b", "c"]


def test_no_more_calls_are_under_way_than_the_limit_says():
    desk = desk_of(plan_of("a", "b", "c"), limit=2)
    first, _second = taken(desk)
    desk.back(first, Outcome(1))
    assert names_of(desk, taken(desk)) == ["c"]


def test_in_order_one_step_is_handed_out_at_a_time_in_the_order_of_the_plan():
    desk = desk_of(plan_of("a -> c", "b -> c", "d"), limit=1, in_order=True)
    seen = []
    while (request := desk.take()) is not None:
        assert desk.take() is None
        seen += names_of(desk, [request])
        desk.back(request, Outcome(1))
    assert seen == list(desk.run.plan.names)


def test_an_outcome_sets_its_successors_free():
    desk = desk_of(plan_of("a -> b"))
    (request,) = taken(desk)
    assert desk.back(request, Outcome(7))
    (follower,) = taken(desk)
    assert follower.args == [7]


def test_an_outcome_that_comes_twice_counts_once():
    desk = desk_of(plan_of("a -> b"))
    (request,) = taken(desk)
    desk.back(request, Outcome(1))
    assert not desk.back(request, Outcome(2))
    assert desk.run.late_results()() == {"a": 1}


def test_the_late_outcome_of_an_attempt_that_expired_never_reaches_the_next_attempt():
    desk = desk_of(flaky_plan(retry=2, timeout=1.0))
    (first,) = taken(desk)
    desk.back(first, Outcome(expired=True))
    (second,) = taken(desk)
    assert not desk.back(first, Outcome("late"))
    desk.back(second, Outcome("in time"))
    assert desk.run.value() == "in time"


def test_a_failed_attempt_is_followed_by_a_wait_and_another_attempt():
    desk = desk_of(flaky_plan(retry=2, retry_delay=0.5))
    (first,) = taken(desk)
    desk.back(first, Outcome(error=ValueError("no")))
    (wait,) = taken(desk)
    assert (type(wait), wait.delay) == (Wait, 0.5)
    desk.back(wait, Outcome())
    (second,) = taken(desk)
    assert isinstance(second, Attempt)


def test_a_wait_takes_up_no_room():
    dag = DAG("room")
    dag.add_node("a", lambda: 1, retry=2, retry_delay=0.5)
    dag.add_node("b", lambda: 1)
    desk = desk_of(dag.plan(), limit=1)
    (first,) = taken(desk)
    desk.back(first, Outcome(error=ValueError("no")))
    assert names_of(desk, taken(desk)) == ["a", "b"]


def test_in_order_a_wait_holds_up_everything_else():
    dag = DAG("room")
    dag.add_node("a", lambda: 1, retry=2, retry_delay=0.5)
    dag.add_node("b", lambda: 1)
    desk = desk_of(dag.plan(), limit=1, in_order=True)
    (first,) = taken(desk)
    desk.back(first, Outcome(error=ValueError("no")))
    assert names_of(desk, taken(desk)) == ["a"]


def test_nothing_is_handed_out_once_the_run_is_over():
    desk = desk_of(plan_of("a", "b"))
    first = desk.take()
    desk.back(first, Outcome(error=ValueError("no")))
    assert desk.run.finished
    assert desk.take() is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), GeneratorExit()])
def test_what_is_no_exception_of_a_node_ends_the_run_as_it_is(error):
    desk = desk_of(plan_of("a"))
    desk.back(desk.take(), Outcome(error=error))
    assert desk.run.error is error


def test_times_add_up_over_attempts():
    desk = desk_of(flaky_plan(retry=2))
    desk.back(desk.take(), Outcome(error=ValueError("no"), duration=1.0))
    desk.back(desk.take(), Outcome(1, duration=2.0))
    assert desk.run.tally.durations == [3.0]
    assert desk.run.tally.attempts == [2]


def test_a_run_that_cannot_go_on_is_ended_as_stalled():
    plan = plan_of("a -> b")
    desk = Dispatch(run_of(plan), None)
    desk.run.ready()
    assert desk.take() is None
    assert isinstance(desk.run.error, RunStalled)
