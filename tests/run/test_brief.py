"""A value of the user's in the text of an error."""

import pytest

from fast_dag import DAG, END, FSM, Context, ExecutionError, FSMContext
from fast_dag.run.brief import brief


class Unreadable:
    def __repr__(self):
        raise RuntimeError("no repr")


@pytest.mark.parametrize("value", [None, 1.5, "a name", ["a", 1], {"a": (1, 2)}, END])
def test_a_short_value_is_shown_as_it_is(value):
    assert brief(value) == repr(value)


@pytest.mark.parametrize("value", ["x" * 10_000, ["x"] * 10_000, dict.fromkeys(range(10_000), "x" * 10_000)])
def test_a_long_value_is_cut(value):
    assert len(brief(value)) < 1_000


def test_a_value_without_a_repr_is_its_type():
    assert "Unreadable" in brief(Unreadable())
    assert "Unreadable" in brief([Unreadable()])
    assert brief(10**5000) == "<int without a readable repr>"


def answering(answer):
    flow = DAG("flow")
    flow.condition(lambda: answer, name="it")
    yield flow, Context()
    flow = DAG("flow")
    flow.select(lambda: answer, name="it")
    yield flow, Context()
    flow = DAG("flow").add_node("it", lambda: 1)
    flow.set_node_hooks("it", pre_execute=lambda node, inputs: answer)
    yield flow, Context()
    machine = FSM("flow").add_state("it", lambda: answer, initial=True, transitions=["it", END])
    yield machine, FSMContext()
    machine = FSM("flow").add_state("it", lambda: 1, initial=True)
    machine.add_conditional_transition("it", lambda result: answer, targets=["it", END])
    yield machine, FSMContext()
    machine = FSM("flow").add_state("it", lambda: 1, initial=True, transitions=["next"])
    machine.add_state("next", lambda: 1).add_state_hook(lambda *move: answer)
    yield machine, FSMContext()


@pytest.mark.parametrize("answer", [Unreadable(), ["x" * 10_000] * 1_000], ids=["unreadable", "long"])
def test_what_a_function_should_not_have_answered_is_told_in_any_case(answer):
    for workflow, context in answering(answer):
        with pytest.raises(ExecutionError, match="'it'") as caught:
            workflow.run(context=context)
        assert not isinstance(caught.value, RuntimeError)
        assert len(str(caught.value)) < 1_000
        assert context.metadata["execution_status"] == "failed"


def test_what_a_run_has_come_to_is_shown_in_brief():
    seen = []

    def observe(event):
        seen.append(event)

    observe.wants_values = True
    dag = (
        DAG("long").add_node("give", lambda n=0: ["x" * 10_000] * 10_000).feedback("give", "give", cycle="c")
    )
    with dag.cycle("c", max_iterations=1, on_limit="return"):
        pass
    dag.run(observers=[observe])
    told = [*seen, dag.context.metadata["cycles"]["c"]]
    assert [len(repr(each)) < 20_000 for each in told] == [True] * len(told)
    assert repr(seen[0]).startswith("RunStarted(run_id='")
