"""Machines gone through state by state."""

import pytest

from fast_dag import END, FSM, Context, ExecutionError, FSMContext, MissingInputError, ValidationError


def ring(until=3, **options):
    fsm = FSM("ring", **options)
    fsm.add_state("a", lambda n: n + 1, initial=True, transitions=["b"])
    fsm.add_state("b", lambda n: n * 10)
    fsm.add_conditional_transition("b", lambda n: END if n > until else "a", targets=["a", END])
    return fsm


@pytest.mark.parametrize("context", [Context(), FSMContext()], ids=["plain", "of a machine"])
def test_the_context_keeps_the_position(context):
    fsm = ring(20)
    first, value = fsm.step(context, n=0)
    assert isinstance(first, FSMContext)
    assert (value, first.current_state, first.results) == (1, "b", {"a": 1})
    assert [fsm.step(each)[1] for each in (context, first, context, context)] == [10, 11, 110, None]
    assert first.state_history == ["a", "b", "a", "b"]
    assert (first.visits, first.is_terminated) == ({"a": 2, "b": 2}, True)
    assert context.metadata["execution_status"] == "completed"
    assert context.results == {"a": 11, "b": 110}


def test_without_a_context_the_machine_keeps_it():
    fsm = ring(20)
    assert [fsm.step(n=0)[1], fsm.step()[1], fsm.step()[1]] == [1, 10, 11]
    assert (fsm.state_history, fsm.current_state, fsm["a.0"]) == (["a", "b", "a"], "b", 1)
    assert (fsm.cycle_count, fsm.is_terminated) == (3, False)
    context, value = fsm.step()
    assert (value, fsm.is_terminated, fsm.context is context) == (110, True, True)
    assert fsm.step() == (context, None)


def test_after_reset_the_steps_begin_anew():
    fsm = ring()
    fsm.step(n=0)
    fsm.reset()
    assert fsm.state_history == []
    assert fsm.step(n=5)[1] == 6


def test_a_run_between_two_steps_shows_until_the_next_step():
    fsm = ring()
    fsm.step(n=0)
    assert fsm.run(n=1) == 20
    assert fsm.state_history == ["a", "b"]
    assert fsm.step()[1] == 10
    assert fsm["b"] == 10


def test_steps_on_two_contexts_never_mix():
    fsm, one, other = ring(2000), FSMContext(), FSMContext()
    values = [fsm.step(one, n=0)[1], fsm.step(other, n=100)[1]]
    for _ in range(2):
        values += [fsm.step(one)[1], fsm.step(other)[1]]
    assert values == [1, 101, 10, 1010, 11, 1011]
    assert one.cycle_results == {"a": [1, 11], "b": [10]}
    assert other.cycle_results == {"a": [101, 1011], "b": [1010]}


def test_steps_have_no_cap_and_count_visits():
    fsm, context = FSM("again", max_cycles=2), FSMContext()
    fsm.add_state("count", lambda n: n + 1, initial=True)
    fsm.add_conditional_transition("count", lambda n: "count", targets=["count", END])
    fsm.step(context, n=0)
    for _ in range(9):
        fsm.step(context)
    assert (context.visits, context["count"], context.is_terminated) == ({"count": 10}, 10, False)


def test_a_step_that_fails_ends_the_run():
    fsm, context = ring(), FSMContext()
    fsm.add_state_hook(lambda *move: "nowhere")
    with pytest.raises(ExecutionError):
        fsm.step(context, n=0)
    assert fsm.step(context) == (context, None)
    assert context.is_terminated is False


def test_what_is_wrong_is_told_at_the_first_step():
    with pytest.raises(MissingInputError):
        ring().step()
    with pytest.raises(ValidationError, match="no states"):
        FSM("empty").step()
    fsm, context = ring(), FSMContext()
    fsm.step(context, n=0)
    with pytest.raises(ValidationError, match="inputs belong to the first step"):
        fsm.step(context, n=0)
    with pytest.raises(ValidationError, match="at a step of 'ring'"):
        FSM("other").step(context)


def test_async_states_and_hooks_are_gone_through_as_well():
    moves = []

    async def a(n):
        return n + 1

    fsm = FSM("mixed").add_state("a", a, initial=True, transitions=["b"])
    fsm.add_state("b", lambda n: n * 2, terminal=True)
    fsm.add_state_hook(lambda fsm, *move: moves.append(move))
    context, value = fsm.step(n=1)
    assert (value, moves) == (2, [("a", "b", 2)])
    assert fsm.step(context)[1] == 4
