"""From a machine to its plan: what fills the parameters of a state, and what follows it."""

from typing import Literal

from fast_dag import DAG, END, FSM
from fast_dag.plan.machine import OPEN, OVER
from fast_dag.plan.plan import STATE
from fast_dag.values import NO_DATA


def literal() -> Literal["b"]:
    return "b"


def plan_of(**functions):
    """The plan of states that lead to one another in their order, the last one to END."""
    fsm, names = FSM("drawn"), [*functions, END]
    for place, (name, function) in enumerate(functions.items()):
        fsm.add_state(name, function, initial=not place, transitions=[names[place + 1]])
    return fsm.plan()


def test_units_are_numbered_in_the_order_of_declaration():
    fsm = FSM("drawn").add_state("z", lambda: 1).add_state("a", lambda: 1, initial=True)
    plan = fsm.plan()
    assert (plan.names, plan.initial, dict(plan.units)) == (("z", "a"), 1, {"z": 0, "a": 1, END: OVER})
    assert plan.kinds == (STATE, STATE)
    assert plan is fsm.plan()


def test_only_what_nothing_else_fills_is_needed_at_the_start():
    plan = plan_of(a=lambda x, y=2: x, b=lambda value, x, z: z, c=lambda value=1: value)
    assert [(node, name) for _, node, name in plan.needs] == [("a", "x"), ("b", "x"), ("b", "z")]
    assert list(plan.inputs) == ["x", "y", "value", "z"]


def test_an_edge_moves_the_previous_value_to_the_next_parameter():
    fsm = FSM("drawn").add_state("a", lambda: 1, initial=True, transitions=["b"])
    fsm.add_state("b", lambda first, second: 1, terminal=True).connect("a", "b", input="first")
    plan = fsm.plan()
    first, second = plan.entries[1]
    assert (first.edge.slot, second.edge, plan.needs) == (plan.first, None, ())


def test_a_default_lies_where_a_run_input_goes():
    plan = plan_of(a=lambda x=5: x)
    (entry,) = plan.entries[0]
    assert (plan.base[entry.given], entry.is_needed, plan.inputs["x"]) == (5, False, (entry.given,))


def test_states_that_need_the_same_input_share_its_place():
    plan = plan_of(a=lambda x: x, b=lambda value, x: x)
    assert plan.entries[0][0].given == plan.entries[1][1].given
    assert plan.base[plan.entries[0][0].given] is NO_DATA


def test_what_follows_each_state():
    fsm = FSM("drawn").add_state("a", lambda: 1, initial=True, transitions=["b"])
    fsm.add_state("b", lambda: 1, transitions=["a", END]).add_state("c", lambda: 1, terminal=True)
    fsm.add_state("d", lambda: 1).add_state("e", literal).add_state("f", lambda: 1)
    fsm.add_conditional_transition("d", lambda value: END, targets=["a", END])
    choices = dict(zip("abcdef", fsm.plan().choices, strict=True))
    assert [choices[name].always for name in "abcdef"] == [1, OPEN, OVER, OPEN, OPEN, OVER]
    assert [choices[name].declared for name in "abcdef"] == [
        {"b": 1},
        {"a": 0, END: OVER},
        None,
        {"a": 0, END: OVER},
        {"b": 1},
        None,
    ]
    assert (choices["c"].is_terminal, choices["e"].is_literal) == (True, True)
    assert choices["d"].answers == {"a": 0, END: OVER}


def test_plain_calls_are_told_from_those_with_something_around_them():
    async def waits():
        return 1

    fsm = FSM("drawn").add_state("a", lambda: 1, initial=True).add_state("b", lambda: 1, retry=2)
    fsm.add_state("c", waits).add_dag("d", DAG("inner").add_node("n", lambda: 1))
    assert fsm.plan().simple_calls == (True, False, False, False)


def test_a_state_that_takes_any_name_has_a_place_for_each_edge():
    fsm = FSM("drawn").add_state("a", lambda: 1, initial=True, transitions=["b"])
    fsm.add_state("b", lambda value=None, **more: more, terminal=True).connect("a", "b", input="wired")
    plan = fsm.plan()
    assert [argument.name for argument in plan.layouts[1].arguments] == ["value", "wired"]
    assert plan.layouts[1].extras >= 0
