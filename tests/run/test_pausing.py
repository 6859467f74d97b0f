"""Steps that wait to be told, with no runner at all: the desk hands out a pause for each."""

import pytest

from fast_dag import DAG, FSM, Context, ValidationError
from fast_dag.plan.compile import compile_plan
from fast_dag.run.dispatch import Dispatch
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.ledger import Ledger
from fast_dag.run.pausing import RUN, SKIP, Pause, Pausing, Verdict, check_skip, raised
from fast_dag.run.requests import Attempt, Outcome


@pytest.fixture
def desk():
    """A desk with a run of a -> b, c that waits to be told."""
    dag = DAG("waits").add_node("a", lambda: 1).add_node("b", lambda a: a).add_node("c", lambda: 3)
    plan = compile_plan(dag.connect("a", "b").wired)
    run = GraphRun(plan, list(plan.base), Context(), ledger=Ledger(around=Pausing()))
    made = Dispatch(run, 1)
    made.begin(run.ready())
    return made


def paths(requests):
    return [request.place.path for request in requests]


def taken(desk):
    """All that the desk hands out now."""
    found = []
    while (request := desk.take()) is not None:
        found.append(request)
    return found


def test_all_steps_that_may_begin_wait_without_taking_room(desk):
    assert paths(taken(desk)) == ["a", "c"]
    assert desk.take() is None
    assert not desk.run.finished


def test_a_step_that_is_told_to_run_makes_its_attempt_and_frees_the_next(desk):
    a, _ = taken(desk)
    desk.back(a, Outcome(RUN))
    (attempt,) = taken(desk)
    assert type(attempt) is Attempt
    desk.back(attempt, Outcome(1))
    assert paths(taken(desk)) == ["b"]
    assert desk.run.ledger.around.latest == 1


def test_a_step_that_fails_waits_again_with_its_failure(desk):
    a, _ = taken(desk)
    desk.back(a, Outcome(RUN))
    (attempt,) = taken(desk)
    desk.back(attempt, Outcome(error=ValueError("no")))
    (again,) = taken(desk)
    assert isinstance(again, Pause)
    assert (again.attempt, str(again.failure.error)) == (2, "no")
    assert str(raised(again.place, again.failure)) == "node 'a' failed with ValueError: no"


def test_a_value_or_a_skip_settles_a_step_without_a_call(desk):
    a, c = taken(desk)
    desk.back(a, Outcome(Verdict("replace", 5)))
    desk.back(c, Outcome(SKIP))
    (b,) = taken(desk)
    assert b.place.inputs() == {"a": 5}
    desk.back(b, Outcome(SKIP))
    assert desk.run.finished
    assert desk.run.skip_reasons() == {"b": "it was skipped by hand", "c": "it was skipped by hand"}


def test_only_runs_that_have_something_else_to_do_leave_a_step_out(desk):
    (a, _) = taken(desk)
    check_skip(a.place)
    fsm = FSM("m").add_state("s", lambda: 1, initial=True, terminal=True)
    with fsm.debug() as session, pytest.raises(ValidationError, match="state 's' cannot be skipped"):
        session.skip()
