"""Machines in every mode: what stands around states, hooks at moves between them, and metrics."""

import math

import pytest

from fast_dag import END, FSM, ExecutionError, FSMContext, FSMReturn, RouterError, TimeoutError
from tests.conformance.modes import as_async, raised_by


@pytest.fixture
def fsm():
    return FSM("machine", max_cycles=20)


def lap(fsm, kind, **settings):
    """From a to b and back until b gives 3."""
    fsm.add_state("a", kind(lambda n: n), initial=True, transitions=["b"])
    fsm.add_state("b", kind(lambda n: n + 1), **settings)
    fsm.add_conditional_transition("b", lambda n: END if n >= 3 else "a", targets=["a", END])
    return fsm


def flaky(failures, value=5):
    """A function that raises so often before it gives *value*, and the list of its calls."""
    calls = []

    def work(n=0):
        calls.append(n)
        if len(calls) <= failures:
            raise OSError("not yet")
        return value

    return work, calls


# Settings of nodes


def test_a_state_is_tried_again(fsm, any_mode, kind):
    work, calls = flaky(2)
    fsm.add_state("only", kind(work), initial=True, terminal=True, retry=3)
    assert any_mode(fsm, n=1) == 5
    assert calls == [1, 1, 1]
    assert fsm.context.metrics["attempts"] == {"only": 3}
    assert fsm.context.visits == {"only": 1}


def test_the_attempts_of_an_error_are_those_of_the_last_execution(fsm, any_mode, kind):
    def work(n):
        if n:
            raise OSError("never again")
        return n + 1

    fsm.add_state("again", kind(work), initial=True, retry=2)
    fsm.add_conditional_transition("again", lambda n: "again", targets=["again", END])
    error = raised_by(any_mode, fsm, n=0)
    assert isinstance(error, OSError)
    assert (error.attempts, fsm.context.metrics["attempts"]) == (2, {"again": 3})


def test_a_router_that_fails_is_no_reason_to_execute_its_state_again(fsm, any_mode):
    work, calls = flaky(0)
    fsm.add_state("only", work, initial=True, retry=3)
    fsm.add_conditional_transition("only", lambda n: "nowhere", targets=["only", END])
    assert isinstance(raised_by(any_mode, fsm), RouterError)
    assert len(calls) == 1


def test_a_state_out_of_time_fails(fsm, any_mode, gate):
    fsm.add_state("first", lambda: 1, initial=True, transitions=["stuck"])
    fsm.add_state("stuck", lambda n: gate.wait(10), terminal=True, timeout=0.2)
    error = raised_by(any_mode, fsm)
    assert isinstance(error, TimeoutError)
    assert "node 'stuck' timed out after 0.2 s" in str(error)
    assert fsm.results == {"first": 1}


def test_hooks_stand_around_each_execution(fsm, any_mode, kind):
    seen = []
    lap(fsm, kind)
    fsm.set_node_hooks(
        "b",
        pre_execute=lambda node, inputs: seen.append(dict(inputs)),
        post_execute=lambda node, inputs, result: FSMReturn(END, "stopped") if result == 2 else None,
        cleanup=lambda node: seen.append("cleaned"),
    )
    fsm.machine.routers.clear()
    fsm.add_conditional_transition("b", lambda n: "a")
    assert any_mode(fsm, n=0) == "stopped"
    assert seen == [{"n": 0}, "cleaned", {"n": 1}, "cleaned"]


def test_a_cached_state_is_executed_once_for_equal_inputs(any_mode, kind):
    fsm, calls = FSM("machine"), []

    def work(n):
        calls.append(n)
        return FSMReturn("back", n + 1)

    fsm.add_state("work", kind(work), initial=True, cached=True)
    fsm.add_state("back", kind(lambda n: 0))
    fsm.add_conditional_transition(
        "back", lambda n, context: "work" if context.cycle_count < 4 else END, targets=["work", END]
    )
    assert any_mode(fsm, n=0) == 0
    assert (calls, fsm.state_history) == ([0], ["work", "back"] * 3)
    assert fsm.context.metrics["cache_hits"] == {"work": 2}


# Failures


def test_the_handler_of_a_state_gives_its_result(fsm, any_mode, kind):
    work, _ = flaky(1)
    fsm.add_state("first", kind(work), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda n: n), transitions=["third", END])
    fsm.add_state("third", kind(lambda n: -n), terminal=True)
    fsm.set_node_error_handler("first", lambda node, inputs, error: 7)
    fsm.set_node_error_handler("second", lambda node, inputs, error: FSMReturn("third", error.returned))
    assert any_mode(fsm) == -7
    assert fsm.state_history == ["first", "second", "third"]


@pytest.mark.parametrize("answer", ["stop", None])
def test_the_handler_of_the_run_may_let_it_fail(fsm, any_mode, kind, answer):
    told = []
    work, _ = flaky(1)
    fsm.add_state("first", kind(work), initial=True, terminal=True)
    error = raised_by(
        any_mode, fsm, error_handler=lambda name, error, context: told.append((name, error)) or answer
    )
    assert isinstance(error, OSError)
    assert [(name, type(each)) for name, each in told] == [("first", OSError)]


def test_the_handler_of_the_run_may_have_it_tried_again(fsm, any_mode, kind):
    work, calls = flaky(2)
    fsm.add_state("first", kind(work), initial=True, terminal=True)
    assert any_mode(fsm, error_handler=lambda name, error, context: "retry") == 5
    assert len(calls) == 3


def test_there_is_nothing_to_continue_with(fsm, any_mode, kind):
    work, _ = flaky(1)
    fsm.add_state("first", kind(work), initial=True, terminal=True)
    error = raised_by(any_mode, fsm, error_handler=lambda name, error, context: "continue")
    assert type(error) is ExecutionError
    assert "a state machine has nothing to continue with" in str(error)
    assert (error.node_name, type(error.__cause__)) == ("first", OSError)


# State hooks


def test_state_hooks_are_told_of_each_move_in_the_order_added(fsm, any_mode, kind):
    moves = []
    lap(fsm, kind)
    fsm.add_state_hook(kind(lambda *move: moves.append(("first", *move))))
    fsm.add_state_hook(lambda *move: moves.append(("second", *move)))
    assert any_mode(fsm, n=1) == 3
    assert moves == [
        (hook, fsm, *move)
        for move in [("a", "b", 1), ("b", "a", 2), ("a", "b", 2)]
        for hook in ("first", "second")
    ]


def test_a_state_hook_may_lead_elsewhere(fsm, any_mode, kind):
    seen = []
    lap(fsm, kind)
    fsm.add_state("c", kind(lambda n: ["c", n]), terminal=True)
    fsm.add_state_hook(kind(lambda fsm, source, target, result: "c" if source == "b" else None))
    fsm.add_state_hook(lambda fsm, source, target, result: seen.append(target))
    assert any_mode(fsm, n=0) == ["c", 1]
    assert (fsm.state_history, seen) == (["a", "b", "c"], ["b", "c"])


def test_a_state_hook_may_end_the_run(fsm, any_mode, kind):
    seen = []
    lap(fsm, kind)
    fsm.add_state_hook(kind(lambda fsm, source, target, result: END if source == "b" else None))
    fsm.add_state_hook(lambda fsm, source, target, result: seen.append(target))
    assert any_mode(fsm, n=0) == 1
    assert (fsm.is_terminated, seen) == (True, ["b"])


@pytest.mark.parametrize(("answer", "kind_of_error"), [("nowhere", RouterError), (5, ExecutionError)])
def test_a_state_hook_must_answer_a_state(fsm, any_mode, kind, answer, kind_of_error):
    lap(fsm, kind)
    fsm.add_state_hook(lambda *move: answer)
    error = raised_by(any_mode, fsm, n=0)
    assert type(error) is kind_of_error
    assert (error.node_name, repr(answer) in str(error)) == ("a", True)


def test_a_state_hook_that_raises_fails_the_run_after_the_state(fsm, any_mode, kind):
    def refuse(*move):
        raise KeyError("not allowed")

    lap(fsm, kind)
    fsm.add_state_hook(kind(refuse))
    error = raised_by(any_mode, fsm, n=0)
    assert isinstance(error, KeyError)
    assert isinstance(error, ExecutionError)
    assert error.node_name == "a"
    assert (fsm.results, fsm.state_history, fsm.is_terminated) == ({"a": 0}, ["a"], False)


def test_a_state_hook_is_called_no_more_when_removed(fsm, any_mode, kind):
    moves = []

    def hook(*move):
        moves.append(move)

    lap(fsm, kind).add_state_hook(hook).remove_state_hook(hook)
    any_mode(fsm, n=0)
    assert moves == []


# What is kept, and counted


def test_with_a_history_limit_the_last_executions_are_kept(any_mode, kind):
    fsm = lap(FSM("machine", history_limit=2), kind)
    assert any_mode(fsm, n=0) == 3
    assert fsm.state_history == ["a", "b"]
    assert fsm.cycle_results == {"a": [1, 2], "b": [2, 3]}
    assert fsm.context.visits == {"a": 3, "b": 3}
    assert fsm.cycle_count == 6
    assert (fsm["b"], fsm["b.1"], fsm["b.2"], fsm.get_result("b.0", None)) == (3, 2, 3, None)
    with pytest.raises(KeyError, match="'b' ran 3 times, and the last 2 are kept"):
        fsm["b.0"]
    assert fsm.context.metrics["execution_order"] == ["a", "b"]


def test_metrics_are_complete_after_a_run(fsm, any_mode, kind):
    context = FSMContext()
    any_mode(lap(fsm, kind), n=1, context=context)
    metrics = context.metrics
    assert metrics["execution_order"] == ["a", "b", "a", "b"]
    assert metrics["attempts"] == {"a": 2, "b": 2}
    assert set(metrics["node_times"]) == {"a", "b"}
    assert all(0 < time < metrics["execution_time"] for time in metrics["node_times"].values())
    assert [metrics[f"nodes_{what}"] for what in ("executed", "failed", "skipped")] == [2, 0, 0]
    assert metrics["errors"] == {}
    assert fsm.get_metrics()["attempts"] == {"a": 2, "b": 2}


def test_values_by_execution(fsm, any_mode, kind):
    any_mode(lap(fsm, kind), n=0)
    assert (fsm["b"], fsm["b.0"], fsm["b.2"], fsm.get_result("b.1")) == (3, 1, 3, 2)
    context = fsm.context
    assert (context.get_latest("b"), context.get_latest("c", "none")) == (3, "none")
    assert [context.get_cycle("b", index, "none") for index in (0, 2, 3, -1)] == [1, 3, "none", "none"]
    assert context.get_cycle("c", 0) is None
    assert ("b.1" in context, "b.3" in context) == (True, False)


def test_progress_is_not_a_number_until_the_end(fsm, any_mode, kind):
    told = []
    any_mode(lap(fsm, kind), n=2, progress=lambda *call: told.append(call))
    assert [call[:2] for call in told] == [
        (name, status) for name in "ab" for status in ("started", "completed")
    ]
    assert [math.isnan(share) for *_, share in told] == [True, True, True, False]
    assert told[-1][2] == 1.0


def test_observers_are_told_of_every_execution(fsm, any_mode, kind):
    events = []
    any_mode(lap(fsm, kind), n=1, observers=[events.append])
    assert [each.node for each in events if each.kind == "node_finished"] == ["a", "b", "a", "b"]
    assert events[-1].kind == "run_finished"


def test_an_async_state_hook_and_router_meet(fsm, any_mode):
    fsm.add_state("first", lambda: 1, initial=True)
    fsm.add_state("second", lambda n: n + 1, terminal=True)
    fsm.add_conditional_transition("first", as_async(lambda n: END if n > 1 else "second"))
    fsm.add_state_hook(as_async(lambda *move: None))
    assert any_mode(fsm) == 2
