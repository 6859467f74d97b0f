"""What a run made of each node."""

import contextlib

import pytest

from fast_dag import DAG, NO_DATA, Context, ExecutionError
from fast_dag.draw.outcome import NOT_RUN, Outcomes
from fast_dag.draw.picture import State


def outcome(context, name="a", limit=60):
    return Outcomes(context, limit).of(name)


def run_of(function, **options):
    """The context of a run of two nodes, a -> b."""
    dag = DAG("flow").add_node("a", function).add_node("b", lambda x: x).connect("a", "b")
    context = Context()
    with contextlib.suppress(ExecutionError):
        dag.run(context=context, **options)
    return context


def fail():
    raise ValueError("bad rows")


def test_a_node_with_a_result_was_a_success_and_shows_it():
    assert outcome(run_of(lambda: [1, 2])) == (State.SUCCESS, "= [1, 2]")


def test_a_result_of_none_is_a_result():
    assert outcome(run_of(lambda: None)) == (State.SUCCESS, "= None")


def test_a_node_that_gave_no_data_has_run_all_the_same():
    assert outcome(run_of(lambda: NO_DATA)) == (State.SUCCESS, "= NO_DATA")


def test_a_failed_node_shows_its_error():
    assert outcome(run_of(fail)) == (State.ERROR, "ValueError: bad rows")


def test_a_failed_node_that_was_given_a_result_shows_its_error():
    assert outcome(run_of(fail, error_strategy="continue_none")) == (State.ERROR, "ValueError: bad rows")


def test_an_error_without_a_text_shows_its_class():
    def fail():
        raise KeyError

    assert outcome(run_of(fail)) == (State.ERROR, "KeyError")


def test_an_error_that_only_the_metrics_tell_shows_its_text():
    assert outcome(Context(metrics={"errors": {"a": "bad rows"}})) == (State.ERROR, "bad rows")


def test_a_skipped_node_shows_the_reason():
    state, reason = outcome(run_of(fail, error_strategy="continue"), "b")
    assert state is State.SKIPPED
    assert "failed" in reason


def test_a_node_that_was_skipped_this_time_does_not_show_an_older_result():
    context = Context(results={"a": 1}, metadata={"skipped": {"a": "because"}})
    assert outcome(context) == (State.SKIPPED, "because")


def test_a_node_the_run_never_came_to_was_not_run():
    assert outcome(run_of(fail), "b") == NOT_RUN


def test_in_a_new_context_nothing_was_run():
    assert outcome(Context()) == NOT_RUN


@pytest.mark.parametrize(
    "context",
    [
        Context(results={"a": "x" * 100}),
        Context(metrics={"errors": {"a": "x" * 100}}),
        Context(metadata={"errors": [{"node": "a", "type": "x" * 100, "error": "y"}]}),
        Context(metadata={"skipped": {"a": "x" * 100}}),
    ],
)
def test_no_text_is_longer_than_allowed(context):
    assert len(outcome(context, limit=20)[1]) <= len("= ") + 20


@pytest.mark.parametrize("found", [None, 1, "a", ["a"], [["a"]], [{}], {"b": None}])
def test_what_the_engine_did_not_put_there_is_passed_over(found):
    about = {"errors": found, "skipped": found}
    assert outcome(Context(metadata=about, metrics={"errors": found, "execution_order": 5})) == NOT_RUN
