"""Machines in every mode: which state comes next."""

from typing import Literal

import pytest

from fast_dag import (
    END,
    FSM,
    Context,
    ExecutionError,
    FSMReturn,
    RouterError,
)
from tests.conformance.modes import as_async, raised_by


@pytest.fixture
def fsm():
    return FSM("machine", max_cycles=20)


# What comes next


def test_an_unconditional_transition_is_taken_whatever_the_result_is(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda: None), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda value: [value]), terminal=True)
    assert any_mode(fsm) == [None]
    assert fsm.state_history == ["first", "second"]


def test_an_unconditional_transition_to_end_ends_the_run(fsm, any_mode, kind):
    fsm.add_state("only", kind(lambda: 7), initial=True, transitions=[END])
    assert any_mode(fsm) == 7
    assert fsm.is_terminated


@pytest.mark.parametrize("way", ["router with targets", "annotated router", "undeclared router"])
def test_a_router_chooses_by_the_result(fsm, any_mode, kind, way):
    def route(result):
        return "big" if result > 10 else END

    def annotated(result) -> Literal["big", "__end__"]:
        return route(result)

    fsm.add_state("first", kind(lambda n: n * 2), initial=True)
    fsm.add_state("big", kind(lambda n: -n), terminal=True)
    router = kind(annotated if way == "annotated router" else route)
    fsm.add_conditional_transition(
        "first", router, targets=["big", END] if way == "router with targets" else None
    )
    assert any_mode(fsm, n=6) == -12
    assert any_mode(fsm, n=1) == 2


def test_a_router_may_take_the_context(fsm, any_mode, kind):
    def route(result, context):
        return context.metadata["next"]

    fsm.add_state("first", kind(lambda: 1), initial=True)
    fsm.add_state("second", kind(lambda n: n + 1), terminal=True)
    fsm.add_conditional_transition("first", kind(route), targets=["second", END])
    assert any_mode(fsm, context=Context(metadata={"next": "second"})) == 2
    assert any_mode(fsm, context=Context(metadata={"next": END})) == 1


def test_a_router_that_gives_something_to_await_is_awaited(fsm, any_mode):
    route = as_async(lambda result: "second")
    fsm.add_state("first", lambda: 1, initial=True)
    fsm.add_state("second", lambda n: n + 1, terminal=True)
    fsm.add_conditional_transition("first", lambda result: route(result), targets=["second", END])
    assert any_mode(fsm) == 2


def test_a_router_is_used_rather_than_a_plain_transition(fsm, any_mode):
    fsm.add_state("first", lambda: 1, initial=True, transitions=["second"])
    fsm.add_state("second", lambda n: n + 1, terminal=True)
    fsm.add_conditional_transition("first", lambda n: END, targets=["second", END])
    assert any_mode(fsm) == 1


def test_a_transition_under_a_name_is_taken_when_the_state_or_its_router_answers_the_target(fsm, any_mode):
    fsm.add_state("first", lambda: FSMReturn("second", 5), initial=True)
    fsm.add_state("second", lambda n: n + 1)
    fsm.add_state("third", lambda n: n * 10, terminal=True)
    fsm.add_transition("first", "second", condition="go on")
    fsm.add_transition("first", END, condition="stop")
    fsm.add_transition("second", "third", condition="skip")
    fsm.add_conditional_transition("second", lambda n: "third", targets=[END])
    assert any_mode(fsm) == 60


def test_a_state_annotated_with_literals_names_the_next_one(fsm, any_mode, kind):
    def first() -> Literal["second", "__end__"]:
        return "second"

    fsm.add_state("first", kind(first), initial=True)
    fsm.add_state("second", kind(lambda value="nothing came": value), terminal=True)
    assert any_mode(fsm) == "nothing came"
    assert fsm["first"] == "second"


def test_a_state_names_the_next_one_with_or_without_a_value(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda: FSMReturn("second", value=4)), initial=True)
    fsm.add_state("second", kind(lambda n: FSMReturn(next_state="third")))
    fsm.add_state("third", kind(lambda n="nothing came": n), terminal=True)
    assert any_mode(fsm) == "nothing came"
    assert fsm.cycle_results == {"first": [4], "second": [None], "third": ["nothing came"]}


def test_end_may_be_named_as_the_next_state(fsm, any_mode):
    fsm.add_state("first", lambda: FSMReturn(END, value=3), initial=True, transitions=["second", END])
    fsm.add_state("second", lambda n: n, terminal=True)
    assert any_mode(fsm) == 3
    assert fsm.is_terminated


def test_stop_ends_the_run_whatever_the_transitions_say(fsm, any_mode, kind):
    fsm.add_state(
        "first", kind(lambda: FSMReturn("second", value=3, stop=True)), initial=True, transitions=["second"]
    )
    fsm.add_state("second", kind(lambda n: n), terminal=True)
    assert any_mode(fsm) == 3
    assert (fsm.current_state, fsm.is_terminated) == ("first", True)


def test_a_value_alone_is_the_plain_result(fsm, any_mode):
    def third(n) -> Literal["fourth", "__end__"]:
        return FSMReturn(value="fourth")

    fsm.add_state("first", lambda: FSMReturn(value=1), initial=True, transitions=["second"])
    fsm.add_state("second", lambda n: FSMReturn(value=n + 1))
    fsm.add_conditional_transition("second", lambda n: "third" if n == 2 else END, targets=["third", END])
    fsm.add_state("third", third)
    fsm.add_state("fourth", lambda: "last")
    assert any_mode(fsm) == "last"


def test_a_subclass_of_fsmreturn_means_the_same(fsm, any_mode):
    class Go(FSMReturn):
        pass

    fsm.add_state("first", lambda: Go("second", 5), initial=True)
    fsm.add_state("second", lambda n: n * 2)
    assert any_mode(fsm) == 10


def test_without_anything_declared_a_plain_result_ends_the_run(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda: "second"), initial=True)
    fsm.add_state("second", kind(lambda: None))
    assert any_mode(fsm) == "second"
    assert fsm.state_history == ["first"]


def test_an_awaitable_result_is_awaited(fsm, any_mode):
    double = as_async(lambda n: n * 2)
    fsm.add_state("first", lambda: 4, initial=True, transitions=["second"])
    fsm.add_state("second", lambda n: double(n), transitions=["third"])
    fsm.add_state("third", lambda n: n + 1, terminal=True)
    assert any_mode(fsm) == 9


# What must not come next


def test_several_targets_and_no_router_leave_it_open(fsm, any_mode):
    fsm.add_state("first", lambda: 1, initial=True, transitions=["second", END])
    fsm.add_state("second", lambda n: n, terminal=True)
    error = raised_by(any_mode, fsm)
    assert isinstance(error, RouterError)
    assert (error.node_name, error.returned, error.targets) == ("first", 1, ("second", END))
    assert "it may go to second, END" in str(error)


@pytest.mark.parametrize("answer", ["", None, "nonexistent", "third", 5])
def test_a_router_must_answer_one_of_its_targets(fsm, any_mode, answer):
    fsm.add_state("first", lambda: 1, initial=True)
    for name in ("second", "third"):
        fsm.add_state(name, lambda n: n, terminal=True)
    fsm.add_conditional_transition("first", lambda result: answer, targets=["second", END])
    error = raised_by(any_mode, fsm)
    assert isinstance(error, RouterError)
    assert (error.node_name, error.returned, error.targets) == ("first", answer, ("second", END))
    assert f"cannot be {answer!r}: its declared targets are second, END" in str(error)


@pytest.mark.parametrize("answer", ["", None, "nonexistent"])
def test_an_undeclared_router_must_answer_a_state(fsm, any_mode, answer):
    fsm.add_state("first", lambda: 1, initial=True)
    fsm.add_conditional_transition("first", lambda result: answer)
    error = raised_by(any_mode, fsm)
    assert isinstance(error, RouterError)
    assert (error.node_name, error.returned) == ("first", answer)
    assert "the states are first, END" in str(error)


@pytest.mark.parametrize("named", ["", "nonexistent", "third"])
def test_a_state_must_name_one_of_its_targets(fsm, any_mode, named):
    fsm.add_state("first", lambda: FSMReturn(named), initial=True, transitions=["second", END])
    for name in ("second", "third"):
        fsm.add_state(name, lambda n=0: n, terminal=True)
    error = raised_by(any_mode, fsm)
    assert isinstance(error, RouterError)
    assert (error.node_name, error.returned, error.targets) == ("first", named, ("second", END))


def test_a_terminal_state_names_no_next_one(fsm, any_mode):
    fsm.add_state("first", lambda: FSMReturn("first"), initial=True, terminal=True)
    error = raised_by(any_mode, fsm)
    assert isinstance(error, RouterError)
    assert "'first' is terminal" in str(error)


def test_a_router_that_raises_fails_its_state(fsm, any_mode, kind):
    def route(result):
        raise KeyError("no way")

    fsm.add_state("first", kind(lambda: 1), initial=True)
    fsm.add_conditional_transition("first", kind(route), targets=["first", END])
    error = raised_by(any_mode, fsm)
    assert isinstance(error, KeyError)
    assert isinstance(error, ExecutionError)
    assert error.node_name == "first"
    assert type(error.__cause__) is KeyError
    assert fsm.context.results == {}
