"""What the settings of a node mean when it is a workflow: failures, attempts, time, cache, map, hooks."""

import threading
from time import perf_counter

import anyio
import pytest

from fast_dag import DAG, Context, ExecutionError, RunCancelledError, TimeoutError
from tests.conformance.modes import as_async, cancelled_after, comes_true, raised_by, seconds_of


class Odd(Exception):
    def __init__(self, code):
        super().__init__(f"code {code}")
        self.code = code


def holding(node, *, name="step", kind=lambda function: function, **options):
    """An outer DAG with a DAG of that one *node* as its node "sub"."""
    inner, outer = DAG("inner"), DAG("outer")
    inner.node(kind(node), name=name)
    outer.add_dag("sub", inner, **options)
    return outer


def failing(times, kind=lambda function: function):
    """A node that fails so many times, and the list of its calls."""
    calls = []

    def step():
        calls.append(1)
        if len(calls) <= times:
            raise Odd(len(calls))
        return len(calls)

    return kind(step), calls


async def stuck_async():
    await anyio.sleep(30)


def test_an_error_inside_has_the_dotted_name_and_is_not_wrapped_twice(any_mode, kind):
    middle, outer = DAG("middle"), DAG("outer")
    step, _ = failing(9, kind)
    inner = DAG("inner")
    inner.node(step, name="step")
    middle.add_dag("inner", inner)
    outer.add_dag("middle", middle)
    error = raised_by(any_mode, outer)
    assert isinstance(error, Odd)
    assert isinstance(error, ExecutionError)
    assert error.node_name == "middle.inner.step"
    assert type(error.original_error) is Odd
    assert error.__cause__ is error.original_error
    assert (error.code, error.attempts) == (1, 1)
    assert str(error).count("failed with") == 1


def test_every_context_tells_of_a_failure_in_its_own_words(any_mode):
    step, _ = failing(9)
    outer, context = holding(step), Context()
    raised_by(any_mode, outer, context=context)
    inner = context.nested["sub"]
    assert context.metadata["execution_status"] == inner.metadata["execution_status"] == "failed"
    assert [entry["node"] for entry in context.metadata["errors"]] == ["sub"]
    assert [entry["node"] for entry in inner.metadata["errors"]] == ["step"]
    assert inner.metrics["nodes_failed"] == context.metrics["nodes_failed"] == 1


def test_retry_repeats_the_whole_inner_run(any_mode, kind):
    step, calls = failing(2, kind)
    inner, outer, before = DAG("inner"), DAG("outer"), []
    inner.node(kind(lambda: before.append(1)), name="before")
    inner.node(step, name="step")
    outer.add_dag("sub", inner, retry=3)
    assert any_mode(outer, max_workers=1) == 3
    assert len(before) == len(calls) == 3
    assert outer.context.metrics["attempts"] == {"sub": 3}
    assert outer.context.nested["sub"].metrics["attempts"]["step"] == 1


def test_retries_inside_and_outside_multiply(any_mode):
    step, calls = failing(99)
    inner, outer = DAG("inner"), DAG("outer")
    inner.node(step, name="step", retry=2)
    outer.add_dag("sub", inner, retry=3)
    error = raised_by(any_mode, outer)
    assert len(calls) == 6
    assert error.node_name == "sub.step"
    assert error.attempts == 2


def test_an_inner_failure_is_survived_outside(any_mode, kind):
    step, _ = failing(9, kind)
    outer = holding(step)
    outer.get_node("sub") >> outer.node(lambda sub: sub, name="after")
    outer.node(kind(lambda: "fine"), name="other")
    assert any_mode(outer, error_strategy="continue") == "fine"
    assert outer.context.metadata["skipped"] == {"after": "'sub' failed"}
    assert outer.context.metadata["execution_status"] == "completed_with_errors"
    any_mode(outer, error_strategy="continue_none")
    assert outer.results == {"sub": None, "after": None, "other": "fine"}


def test_the_strategy_of_the_inner_run_is_that_of_its_node(any_mode, kind):
    step, _ = failing(9, kind)
    outer = holding(step, error_strategy="continue")
    outer.get_nested_workflows()["sub"].node(kind(lambda: "fine"), name="other")
    assert any_mode(outer) == "fine"
    assert outer.context.metadata["execution_status"] == "completed"
    assert outer.context.nested["sub"].metadata["execution_status"] == "completed_with_errors"


def test_under_continue_none_inside_an_output_is_none(any_mode):
    step, _ = failing(9)
    outer = holding(step, error_strategy="continue_none", outputs=["step"])
    assert any_mode(outer) == {"step": None}


def test_handlers_of_both_workflows_are_asked(any_mode, kind):
    step, _ = failing(9, kind)
    outer = holding(step)
    inner = outer.get_nested_workflows()["sub"]
    outer.set_node_error_handler("sub", lambda node, inputs, error: (node.name, error.node_name))
    assert any_mode(outer) == ("sub", "sub.step")
    inner.set_node_error_handler("step", lambda node, inputs, error: type(error).__name__)
    assert any_mode(outer) == "Odd"


@pytest.mark.parametrize("strategy", ["continue", "continue_none"])
def test_a_node_out_of_time_ends_its_inner_run_while_the_outer_goes_on(any_mode, gate, strategy):
    for stuck in (lambda: gate.wait(10), stuck_async):
        outer, context = holding(stuck, timeout=0.05), Context()
        outer.node(lambda: "fine", name="other")
        started = perf_counter()
        assert any_mode(outer, context=context, error_strategy=strategy) == "fine"
        assert perf_counter() - started < 5
        assert context.metadata["errors"][0]["type"] == "TimeoutError"
        assert "'sub' timed out after 0.05 s" in context.metadata["errors"][0]["error"]
        assert context.nested["sub"].metadata["execution_status"] == "timed_out"
        assert context.nested["sub"].cancelled
        assert not context.cancelled


def test_a_node_out_of_time_is_tried_again(any_mode, gate):
    calls = []

    def step():
        calls.append(1)
        if len(calls) == 1:
            gate.wait(10)
        return len(calls)

    assert any_mode(holding(step, timeout=0.1, retry=2)) == 2


def test_a_run_two_levels_down_ends_with_that_whose_time_is_up(any_mode):
    inner, middle, outer = DAG("inner"), DAG("middle"), DAG("outer")
    inner.node(stuck_async)
    middle.add_dag("inner", inner, timeout=0.06)
    outer.add_dag("middle", middle, timeout=0.02)
    context = Context()
    # Long enough for the time of the inner node to be up as well.
    outer.node(as_async(lambda: None), name="other") >> outer.node(
        lambda context, other: comes_true(lambda: False, within=0.1), name="last"
    )
    assert any_mode(outer, context=context, error_strategy="continue") is False
    middle_run = context.nested["middle"]
    assert middle_run.metadata["execution_status"] == "timed_out"
    assert middle_run.nested["inner"].metadata["execution_status"] == "timed_out"
    assert middle_run.nested["inner"].metrics["execution_time"] < 0.1


def test_a_timeout_of_an_inner_node_is_that_of_the_inner_node(any_mode):
    inner, outer = DAG("inner"), DAG("outer")
    inner.node(stuck_async, name="step", timeout=0.05)
    outer.add_dag("sub", inner)
    error = raised_by(any_mode, outer)
    assert isinstance(error, TimeoutError)
    assert error.node_name == "sub.step"
    assert outer.context.nested["sub"].metadata["execution_status"] == "failed"


def test_the_timeout_of_the_outer_run_ends_the_inner_run(any_mode, gate):
    outer, context = holding(lambda: gate.wait(10)), Context()
    taken, error = seconds_of(any_mode, outer, timeout=0.15, context=context)
    assert taken < 5
    assert str(error) == "run of 'outer' timed out after 0.15 s; still running: sub.step"
    for each in (context, context.nested["sub"]):
        assert each.metadata["execution_status"] == "timed_out"
        assert each.cancelled
        assert each.metrics["execution_time"] > 0


def test_a_cancel_of_the_outer_run_ends_the_inner_run(any_mode):
    context, started = Context(), threading.Event()

    async def step():
        started.set()
        await anyio.sleep(30)

    with cancelled_after(started, context):
        error = raised_by(any_mode, holding(step), context=context)
    assert isinstance(error, RunCancelledError)
    assert context.nested["sub"].metadata["execution_status"] == "cancelled"
    assert context.nested["sub"].metrics["attempts"] == {}


def test_an_inner_node_that_cancels_ends_the_whole_run(any_mode, kind):
    outer, after = holding(lambda context: context.cancel("enough"), kind=kind), []
    outer.get_node("sub") >> outer.node(after.append, name="after", inputs=["sub"])
    error = raised_by(any_mode, outer)
    assert isinstance(error, RunCancelledError)
    assert "enough" in str(error)
    assert after == []
    assert outer.context.cancelled
    assert outer.context.nested["sub"].cancelled


def test_a_long_node_inside_sees_that_the_outer_run_was_cancelled(any_mode):
    context, started, seen = Context(), threading.Event(), []

    def step(context):
        started.set()
        seen.append(comes_true(lambda: context.cancelled))

    with cancelled_after(started, context):
        raised_by(any_mode, holding(step), context=context)
    assert comes_true(lambda: seen == [True])


def test_a_long_node_inside_sees_that_a_node_outside_failed(concurrent_mode):
    started, seen = threading.Event(), []

    def step(context):
        started.set()
        seen.append(comes_true(lambda: context.cancelled))

    outer = holding(step)
    outer.node(lambda: started.wait(10) and 1 / 0, name="fails")
    assert isinstance(raised_by(concurrent_mode, outer, max_workers=2), ZeroDivisionError)
    assert comes_true(lambda: seen == [True])
    assert outer.context.nested["sub"].metadata["execution_status"] == "failed"


def test_nodes_inside_are_cleaned_up_when_their_run_is_given_up(any_mode):
    cleaned = []
    outer = holding(stuck_async, timeout=0.05)
    outer.get_nested_workflows()["sub"].set_node_hooks("step", cleanup=lambda node: cleaned.append("step"))
    outer.set_node_hooks("sub", cleanup=lambda node: cleaned.append("sub"))
    any_mode(outer, error_strategy="continue")
    assert cleaned == ["step", "sub"]


def test_nodes_inside_are_cleaned_up_when_the_outer_run_is_out_of_time(any_mode):
    cleaned = []
    outer = holding(stuck_async)
    outer.get_nested_workflows()["sub"].set_node_hooks("step", cleanup=lambda node: cleaned.append("step"))
    raised_by(any_mode, outer, timeout=0.1)
    assert comes_true(lambda: cleaned == ["step"])


def test_a_cached_nested_node_runs_once_for_equal_inputs(any_mode, kind):
    calls = []
    outer = holding(lambda x, y=2: calls.append((x, y)) or x + y, kind=kind, cached=True)
    assert [any_mode(outer, x=x) for x in (1, 1, 2, 1)] == [3, 3, 4, 3]
    assert calls == [(1, 2), (2, 2)]
    assert dict(outer.context.nested) == {}
    assert outer.context.metrics["cache_hits"] == {"sub": 1}


def test_a_map_over_a_nested_node_runs_it_for_each_element(any_mode, kind):
    inner, outer = DAG("inner"), DAG("outer")
    times = inner.node(kind(lambda item, by=10: item * by), name="times")
    times >> inner.node(kind(lambda times: times + 1), name="more")
    outer.add_dag("many", inner, map="item")
    assert any_mode(outer, item=[1, 2, 3], by=100) == [101, 201, 301]
    nested = outer.context.nested
    assert {f"many[{index}]" for index in range(3)} <= set(nested)
    assert [nested[f"many[{index}]"]["times"] for index in range(3)] == [100, 200, 300]
    assert outer["many[1].more"] == 201


def test_an_element_of_a_map_over_a_nested_node_that_fails_is_told_by_its_index(any_mode):
    inner, outer = DAG("inner"), DAG("outer")
    inner.node(lambda item: 1 / item, name="divide")
    outer.add_dag("many", inner, map="item", retry=2)
    error = raised_by(any_mode, outer, item=[1, 0])
    assert isinstance(error, ZeroDivisionError)
    assert (error.node_name, error.index) == ("many.divide", 1)


def test_hooks_of_a_nested_node_are_around_the_whole_inner_run(any_mode, kind):
    inner, outer, calls = DAG("inner"), DAG("outer"), []
    inner.node(kind(lambda x, y=0: calls.append("step") or x), name="step")
    inner.set_default_hooks(
        pre_execute=lambda node, inputs: calls.append(f"inner pre of {node.name}"),
        cleanup=lambda node: calls.append(f"inner cleanup of {node.name}"),
    )
    outer.add_dag("sub", inner)
    outer.set_node_hooks(
        "sub",
        pre_execute=lambda node, inputs: calls.append(inputs) or {"x": inputs["x"] + 1},
        post_execute=lambda node, inputs, result: result * 10,
        cleanup=lambda node: calls.append("outer cleanup"),
    )
    assert any_mode(outer, x=1) == 20
    assert calls == [{"x": 1}, "inner pre of step", "step", "inner cleanup of step", "outer cleanup"]


def test_the_error_hook_of_a_nested_node_hears_of_every_attempt(any_mode):
    step, _ = failing(2)
    outer, heard = holding(step, retry=3), []
    outer.set_node_hooks("sub", on_error=lambda node, inputs, error: heard.append(error.code))
    any_mode(outer)
    assert heard == [1, 2]


def test_caches_inside_serve_every_run_of_the_workflow(any_mode):
    inner, outer, calls = DAG("inner"), DAG("outer"), []
    inner.cached_node(lambda x: calls.append(x) or x, name="slow")
    outer.add_dag("first", inner)
    outer.add_dag("second", inner)
    any_mode(outer, x=1)
    inner.run(x=1)
    assert calls == [1]
