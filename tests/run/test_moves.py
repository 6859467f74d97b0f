"""What follows a state, read from what it gave."""

from typing import Literal

import pytest

from fast_dag import END, FSM, FSMReturn, RouterError
from fast_dag.plan.machine import OPEN, OVER
from fast_dag.run.moves import Move, read_move, routed_to
from fast_dag.values import NO_DATA


def literal(value=None) -> Literal["b", "__end__"]:
    return "b"


@pytest.fixture
def plan():
    """Unit 0 goes to b, 1 (b) is open, 2 declares two, 3 has a router, 4 is literal, 5 is terminal."""
    fsm = FSM("drawn")
    fsm.add_state("plain", lambda value=None: 1, initial=True, transitions=["b"])
    for name, options in {
        "b": {},
        "several": {"transitions": ["b", END]},
        "routed": {},
        "literal": {"func": literal},
        "terminal": {"terminal": True},
    }.items():
        fsm.add_state(name, options.pop("func", lambda value=None: 1), **options)
    fsm.add_conditional_transition("routed", lambda value: END, targets=["plain", END])
    return fsm.plan()


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        (0, 7, Move(7, 1, 7)),
        (0, None, Move(None, 1, None)),
        (0, FSMReturn(), Move(None, 1, NO_DATA)),
        (0, FSMReturn(value=7), Move(7, 1, 7)),
        (0, FSMReturn(value=None), Move(None, 1, None)),
        (0, FSMReturn("b", 7), Move(7, 1, 7)),
        (0, FSMReturn("nowhere", 7, stop=True), Move(7, OVER, 7)),
        (1, 7, Move(7, OVER, 7)),
        (1, FSMReturn("several"), Move(None, 2, NO_DATA)),
        (1, FSMReturn(END, 7), Move(7, OVER, 7)),
        (2, FSMReturn("b", 7), Move(7, 1, 7)),
        (3, 7, Move(7, OPEN, 7)),
        (3, FSMReturn(value=7), Move(7, OPEN, 7)),
        (3, FSMReturn("plain"), Move(None, 0, NO_DATA)),
        (4, "b", Move("b", 1, NO_DATA)),
        (4, END, Move(END, OVER, NO_DATA)),
        (4, FSMReturn(value="b"), Move("b", 1, NO_DATA)),
        (5, "b", Move("b", OVER, "b")),
        (5, FSMReturn(value=7), Move(7, OVER, 7)),
    ],
)
def test_what_an_answer_means(plan, step, answer, expected):
    assert read_move(plan, step, answer) == expected


@pytest.mark.parametrize(
    ("step", "answer", "returned", "targets"),
    [
        (0, FSMReturn("several"), "several", ("b",)),
        (1, FSMReturn("nowhere"), "nowhere", ("plain", "b", "several", "routed", "literal", "terminal", END)),
        (2, 7, 7, ("b", END)),
        (2, "b", "b", ("b", END)),
        (2, FSMReturn(value="b"), FSMReturn(value="b"), ("b", END)),
        (3, FSMReturn("b"), "b", ("plain", END)),
        (4, None, None, ("b", END)),
        (4, FSMReturn(), None, ("b", END)),
        (5, FSMReturn(END), END, ()),
    ],
)
def test_answers_that_lead_nowhere(plan, step, answer, returned, targets):
    with pytest.raises(RouterError) as caught:
        read_move(plan, step, answer)
    error = caught.value
    assert (error.node_name, error.returned, error.targets) == (plan.names[step], returned, targets)


def test_a_router_answers_one_of_its_targets(plan):
    assert [routed_to(plan, 3, answer) for answer in ("plain", END)] == [0, OVER]
    for answer in ("b", "", None, ["plain"]):
        with pytest.raises(RouterError, match="its declared targets are plain, END"):
            routed_to(plan, 3, answer)
