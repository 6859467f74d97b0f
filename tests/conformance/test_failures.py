"""What a failing node does to a run: errors, strategies, handlers."""

import asyncio

import pytest

from fast_dag import DAG, ExecutionError, MissingOutputError
from tests.conformance.modes import raised_by

STOPPING = [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit]


class OddError(Exception):
    """Its constructor takes something else than it shows."""

    def __init__(self, code, *, detail):
        super().__init__(f"{code}: {detail}")
        self.code = code


def failing(kind, error=None):
    """A DAG of ``good``, ``bad`` and ``after``, which bad feeds; bad raises *error*."""
    dag = DAG("failing")

    def bad():
        raise error or ValueError("broken")

    dag.node(lambda: "good", name="good")
    dag.node(kind(bad)) >> dag.node(lambda bad: ("after", bad), name="after")
    return dag


def test_a_failing_node_ends_the_run_and_keeps_the_cause(any_mode, kind):
    original = OddError(7, detail="odd")
    error = raised_by(any_mode, failing(kind, original))
    assert isinstance(error, ExecutionError)
    assert isinstance(error, OddError)
    assert (error.node_name, error.attempts, error.code) == ("bad", 1, 7)
    assert error.original_error is error.__cause__ is original
    assert original.__cause__ is None
    assert "bad" in str(error)
    assert "7: odd" in str(error)


def test_after_a_failure_the_context_tells_what_happened(any_mode, kind):
    dag = failing(kind)
    raised_by(any_mode, dag)
    context = dag.context
    assert context.metadata["execution_status"] == "failed"
    assert "after" not in context.results
    assert context.metrics["nodes_failed"] == 1
    assert context.metrics["errors"] == {"bad": "broken"}
    assert context.cancelled


@pytest.mark.parametrize("kind_of_error", [StopIteration, StopAsyncIteration])
def test_stop_iteration_of_a_node_is_a_plain_execution_error(any_mode, kind_of_error):
    original = kind_of_error("x")
    error = raised_by(any_mode, failing(lambda function: function, original))
    assert type(error) is ExecutionError
    assert error.original_error is error.__cause__ is original


@pytest.mark.parametrize("kind_of_error", STOPPING)
@pytest.mark.parametrize("timeout", [None, 30])
def test_what_is_no_exception_passes_unwrapped(any_mode, kind, kind_of_error, timeout):
    original = kind_of_error()
    dag = DAG("stopping")

    def stop():
        raise original

    dag.node(kind(stop), timeout=timeout, retry=3) >> dag.node(lambda value: value, name="next")
    error = raised_by(any_mode, dag, error_strategy="continue_none")
    assert type(error) is kind_of_error
    assert dag.results == {}


def test_a_missing_output_is_an_error_that_names_what_is_there(any_mode, kind):
    dag = DAG("outputs")
    source = dag.node(kind(lambda: {"a": 1}), name="source")
    dag.connect(source, dag.node(lambda b: b, name="next"), output="b")
    error = raised_by(any_mode, dag)
    assert isinstance(error, MissingOutputError)
    assert "'a'" in str(error)
    assert error.node_name == "next"


def test_a_node_handler_is_asked_about_an_output_that_is_missing_in_a_later_iteration(any_mode, kind):
    dag = DAG("outputs").add_node("give", kind(lambda n=0: {"n": n + 1} if n == 2 else {"n": n + 1, "x": n}))
    dag.node(kind(lambda x: x), name="read")
    dag.node(kind(lambda n, read: n), name="end")
    dag.connect("give", "read", output="x").connect("give", "end", output="n").connect("read", "end")
    with dag.cycle("loop", max_iterations=4, on_limit="return") as cycle:
        cycle.feedback("end", "give", input="n")
    asked = []
    dag.set_node_error_handler("read", lambda node, inputs, error: asked.append(type(error)))
    assert any_mode(dag) == 4
    assert asked == [MissingOutputError]


@pytest.mark.parametrize("strategy", ["continue", "continue_skip"])
def test_continue_skips_the_dependants_and_runs_the_rest(any_mode, kind, strategy):
    dag = failing(kind)
    assert any_mode(dag, error_strategy=strategy) == "good"
    assert dag.results == {"good": "good"}
    assert dag.context.metadata["skipped"] == {"after": "'bad' failed"}
    assert dag.context.metadata["execution_status"] == "completed_with_errors"
    assert not dag.context.cancelled


def test_continue_none_hands_none_to_the_dependants(any_mode, kind):
    dag = failing(kind)
    assert any_mode(dag, error_strategy="continue_none") == ("after", None)
    assert dag.results == {"good": "good", "bad": None, "after": ("after", None)}
    assert dag.context.metadata["skipped"] == {}


@pytest.mark.parametrize("strategy", ["fail_fast", "stop"])
def test_fail_fast_and_its_alias_raise(any_mode, strategy):
    assert isinstance(
        raised_by(any_mode, failing(lambda function: function), error_strategy=strategy), ValueError
    )


def test_an_unknown_strategy_is_refused_before_anything_runs(any_mode):
    dag, calls = DAG("strategy"), []
    dag.node(lambda: calls.append(1), name="a")
    with pytest.raises(ValueError, match="fail_fast, stop, continue"):
        any_mode(dag, error_strategy="ignore")
    assert calls == []


def test_surviving_failures_are_listed_in_metadata_and_metrics(any_mode, kind):
    dag = failing(kind)
    any_mode(dag, error_strategy="continue")
    (entry,) = dag.context.metadata["errors"]
    timestamp = entry.pop("timestamp")
    assert entry == {"node": "bad", "error": "broken", "type": "ValueError", "attempts": 1}
    assert isinstance(timestamp, float)
    metrics = dag.context.metrics
    assert metrics["errors"] == {"bad": "broken"}
    assert (metrics["nodes_executed"], metrics["nodes_failed"], metrics["nodes_skipped"]) == (1, 1, 1)


def test_a_clean_run_has_no_errors_in_its_metadata(any_mode):
    dag = DAG("clean")
    dag.node(lambda: 1, name="a")
    any_mode(dag)
    assert "errors" not in dag.context.metadata
    assert dag.context.metadata["execution_status"] == "completed"
    assert dag.context.metrics["errors"] == {}


# The error handler of a run


def test_the_run_handler_gets_the_node_the_original_error_and_the_context(any_mode, kind):
    seen, original = [], ValueError("broken")
    dag = failing(kind, original)

    def handle(node, error, context):
        seen.append((node, error, context))

    raised_by(any_mode, dag, error_handler=kind(handle))
    assert seen == [("bad", original, dag.context)]


def test_the_answer_none_leaves_it_to_the_strategy(any_mode, kind):
    assert any_mode(failing(kind), error_handler=lambda *_: None, error_strategy="continue") == "good"


def test_the_answer_stop_ends_the_run_whatever_the_strategy(any_mode, kind):
    error = raised_by(any_mode, failing(kind), error_handler=lambda *_: "stop", error_strategy="continue")
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("strategy", "value"), [("fail_fast", "good"), ("continue", "good"), ("continue_none", ("after", None))]
)
def test_the_answer_continue_means_continue_none_only_under_that_strategy(any_mode, kind, strategy, value):
    handler = kind(lambda *_: "continue")
    assert any_mode(failing(kind), error_handler=handler, error_strategy=strategy) == value


def test_the_answer_retry_gives_one_more_attempt(any_mode, kind):
    dag, calls = DAG("retry"), []

    def flaky():
        calls.append(1)
        if len(calls) < 4:
            raise OSError("not yet")
        return len(calls)

    dag.node(kind(flaky), retry=2)
    assert any_mode(dag, error_handler=kind(lambda *_: "retry")) == 4
    assert dag.context.metrics["attempts"] == {"flaky": 4}


def test_asking_for_retries_without_end_ends(any_mode):
    dag, calls = DAG("retry"), []

    def broken():
        calls.append(1)
        raise OSError

    dag.node(broken)
    assert isinstance(raised_by(any_mode, dag, error_handler=lambda *_: "retry"), OSError)
    assert len(calls) == 1000


def test_another_answer_is_an_execution_error(any_mode, kind):
    error = raised_by(any_mode, failing(kind), error_handler=lambda *_: "perhaps", error_strategy="continue")
    assert isinstance(error, ExecutionError)
    assert "'perhaps'" in str(error)


def test_with_a_run_handler_the_list_of_errors_is_its_own_affair(any_mode, kind):
    dag = failing(kind)

    def handle(node, error, context):
        context.metadata.setdefault("errors", []).append(node)
        return "continue"

    any_mode(dag, error_handler=handle)
    assert dag.context.metadata["errors"] == ["bad"]
    assert dag.context.metrics["errors"] == {"bad": "broken"}
    assert dag.context.metadata["execution_status"] == "completed_with_errors"


# The error handler of a node


@pytest.mark.parametrize("value", ["instead", None])
def test_what_a_node_handler_gives_is_the_result(any_mode, kind, value):
    dag, seen, original = DAG("handled"), [], ValueError("broken")

    def bad(x):
        raise original

    def handle(node, inputs, error):
        seen.append((node.name, inputs, error))
        return value

    dag.node(kind(bad)) >> dag.node(lambda bad: ("after", bad), name="after")
    dag.set_node_error_handler("bad", kind(handle))
    assert any_mode(dag, x=3) == ("after", value)
    assert seen == [("bad", {"x": 3}, original)]
    assert dag.context.metadata["execution_status"] == "completed"
    assert (dag.context.metrics["nodes_executed"], dag.context.metrics["nodes_failed"]) == (2, 0)


def test_a_node_handler_that_raises_declines_with_its_own_error(any_mode, kind):
    dag, original = DAG("declined"), ValueError("broken")

    def bad():
        raise original

    def handle(node, inputs, error):
        raise KeyError("no cure")

    dag.node(kind(bad))
    dag.set_node_error_handler("bad", kind(handle))
    error = raised_by(any_mode, dag)
    assert isinstance(error, KeyError)
    assert error.original_error.__cause__ is original


def test_the_node_handler_is_asked_before_the_run_handler(any_mode, kind):
    dag, seen = failing(kind), []

    def decline(node, inputs, error):
        seen.append("node")
        raise error

    dag.set_node_error_handler("bad", decline)
    any_mode(dag, error_handler=lambda *_: seen.append("run"), error_strategy="continue")
    assert seen == ["node", "run"]


def test_none_removes_a_node_handler(any_mode, kind):
    dag = failing(kind)
    dag.set_node_error_handler("bad", lambda *_: "instead").set_node_error_handler("bad", None)
    assert isinstance(raised_by(any_mode, dag), ValueError)
