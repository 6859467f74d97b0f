"""Everything around one call, driven by hand."""

import pytest

from fast_dag import DAG, ConditionError, ExecutionError, TimeoutError
from fast_dag.run.invocation import invocation
from fast_dag.run.policy import Handlers
from fast_dag.run.requests import Ask, Attempt, Failure, Outcome, Success, Wait
from fast_dag.run.step import Route
from tests.run.plans import run_of

NO = ValueError("no")


def run_with(kind="node", handlers=None, watched=False, strategy="fail_fast", **settings):
    """A run of one node called *a* with *settings*, which has begun."""
    dag = DAG("one")
    getattr(dag, kind)(lambda x=5: x, name="a", **settings)
    run = run_of(dag.plan(), handlers=handlers, watched=watched, strategy=strategy)
    run.ready()
    return run


def played(run, *outcomes):
    """What an invocation asks for when it is sent *outcomes*, and what it comes to."""
    steps = invocation(run, 0)
    asked = [next(steps)]
    for outcome in outcomes:
        try:
            asked.append(steps.send(outcome))
        except StopIteration as end:
            return asked, end.value
    return asked, None


def kinds_of(run):
    """The kinds of the events noted so far."""
    return [note.kind for note in run.notes]


def test_an_attempt_carries_the_arguments_and_the_timeout():
    asked, answer = played(run_with(timeout=2.0), Outcome(1))
    (attempt,) = asked
    assert (attempt.args, attempt.timeout, attempt.is_async) == ([5], 2.0, False)
    assert answer == Success(1)


def test_retry_is_the_number_of_attempts_in_total():
    asked, answer = played(run_with(retry=3), *[Outcome(error=NO)] * 3)
    assert [type(request) for request in asked] == [Attempt] * 3
    assert answer == Failure(NO)


def test_the_wait_before_an_attempt_doubles():
    failed, waited = Outcome(error=NO), Outcome()
    asked, _ = played(run_with(retry=3, retry_delay=0.5), failed, waited, failed, waited, failed)
    assert [request.delay for request in asked if isinstance(request, Wait)] == [0.5, 1.0]


def test_an_error_that_is_not_listed_is_not_tried_again():
    asked, answer = played(run_with(retry=3, retry_on=(KeyError,)), Outcome(error=NO))
    assert len(asked) == 1
    assert answer == Failure(NO)


def test_an_expired_attempt_is_a_timeout_that_names_node_seconds_and_attempt():
    _, answer = played(run_with(retry=2, timeout=0.1), Outcome(expired=True), Outcome(expired=True))
    assert isinstance(answer.error, TimeoutError)
    assert str(answer.error) == "node 'a' timed out after 0.1 s (attempt 2 of 2)"


def test_a_first_attempt_that_was_made_elsewhere_is_counted():
    steps = invocation(run_with(retry=2), 0, Outcome(error=NO))
    assert isinstance(next(steps), Attempt)
    with pytest.raises(StopIteration) as end:
        steps.send(Outcome(error=NO))
    assert end.value.value == Failure(NO)


def test_the_handler_of_the_node_is_asked_after_the_last_attempt_and_its_value_is_the_result():
    handlers = Handlers({"a": lambda node, inputs, error: None})
    asked, answer = played(run_with(handlers=handlers, retry=2), *[Outcome(error=NO)] * 2, Outcome("instead"))
    assert [type(request) for request in asked] == [Attempt, Attempt, Ask]
    node, inputs, error = asked[-1].args
    assert (node.name, inputs, error) == ("a", {"x": 5}, NO)
    assert answer == Success("instead")


def test_a_handler_of_a_node_that_raises_declines_with_its_own_error():
    declined = KeyError("declined")
    handlers = Handlers({"a": lambda node, inputs, error: None})
    _, answer = played(run_with(handlers=handlers), Outcome(error=NO), Outcome(error=declined))
    assert answer == Failure(declined)
    assert declined.__cause__ is NO


@pytest.mark.parametrize(
    ("reply", "strategy"), [("stop", "fail_fast"), ("continue", "continue"), (None, None)]
)
def test_the_handler_of_the_run_rules_over_one_failure(reply, strategy):
    handlers = Handlers(run=lambda name, error, context: reply)
    asked, answer = played(run_with(handlers=handlers), Outcome(error=NO), Outcome(reply))
    assert asked[-1].args[:2] == ("a", NO)
    assert answer == Failure(NO, strategy)


def test_continue_means_continue_none_where_that_is_the_strategy_of_the_run():
    run = run_with(handlers=Handlers(run=lambda *_: None), strategy="continue_none")
    _, answer = played(run, Outcome(error=NO), Outcome("continue"))
    assert answer.strategy == "continue_none"


def test_retry_from_the_handler_of_the_run_is_one_more_attempt():
    run = run_with(handlers=Handlers(run=lambda *_: None))
    asked, answer = played(run, Outcome(error=NO), Outcome("retry"), Outcome(1))
    assert [type(request) for request in asked] == [Attempt, Ask, Attempt]
    assert answer == Success(1)


def test_a_handler_cannot_ask_for_attempts_for_ever():
    more_than_enough = [Outcome(error=NO), Outcome("retry")] * 2000
    asked, answer = played(run_with(handlers=Handlers(run=lambda *_: None)), *more_than_enough)
    assert sum(isinstance(request, Attempt) for request in asked) == 1000
    assert answer == Failure(NO)


def test_an_answer_no_handler_may_give_is_an_error_of_its_own():
    run = run_with(handlers=Handlers(run=lambda *_: None))
    _, answer = played(run, Outcome(error=NO), Outcome("ignore"))
    assert isinstance(answer.error, ExecutionError)
    assert "'ignore'" in str(answer.error)
    assert answer.error.__cause__ is NO


def test_the_answer_of_a_router_is_read_here():
    _, answer = played(run_with("condition"), Outcome(value=True))
    assert answer == Success(Route("true", 5, shown=True))


def test_an_answer_that_is_no_route_is_a_failed_attempt():
    asked, answer = played(run_with("condition", retry=2), Outcome("maybe"), Outcome("maybe"))
    assert len(asked) == 2
    assert isinstance(answer.error, ConditionError)


def test_the_events_of_a_node_agree_with_its_attempts():
    run = run_with(retry=2, watched=True)
    played(run, Outcome(error=NO), Outcome(1))
    assert kinds_of(run) == ["node_started", "node_failed", "node_started", "node_finished"]
    assert [note.fields["attempt"] for note in run.notes] == [1, 1, 2, 2]
    assert run.notes[1].fields["retry_in"] == 0.0


def test_the_last_failure_says_that_no_attempt_follows():
    run = run_with(watched=True)
    played(run, Outcome(error=NO))
    assert run.notes[-1].fields["retry_in"] is None


def test_the_value_of_a_handler_finishes_a_node_that_has_failed():
    run = run_with(handlers=Handlers({"a": lambda *_: None}), watched=True)
    played(run, Outcome(error=NO), Outcome("instead"))
    assert kinds_of(run) == ["node_started", "node_failed", "node_finished"]
