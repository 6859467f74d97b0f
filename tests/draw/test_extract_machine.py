"""A machine as boxes and lines."""

from typing import Literal

import pytest

from fast_dag import DAG, END, FSM, Context, FSMReturn
from fast_dag.draw.extract_machine import machine_picture
from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Shape, State
from tests.draw.hostile import TEXTS


def work(x=0):
    return x + 1


def number(x=0) -> int:
    return x + 1


def choose(x=0) -> Literal["b", "__end__"]:
    return "b" if x else "__end__"


def route(result):
    return "b"


def draw(fsm, context=None, **options):
    return machine_picture(fsm.drawing, fsm.machine, context or Context(), VisualizationOptions(**options))


def ways(fsm):
    """From where to where, under which label, broken or not; those that bring a value left out."""
    picture = draw(fsm)
    names = {box.key: box.lines[0] for box in picture.boxes}
    return [
        (names[line.source], names[line.target], line.label, line.dashed)
        for line in picture.lines
        if not line.dotted
    ]


@pytest.fixture
def fsm():
    """a is the initial state, b the terminal one"""
    fsm = FSM("machine").add_state("a", number, initial=True).add_state("b", number, terminal=True)
    return fsm.add_transition("a", "b")


def test_a_picture_is_that_of_a_machine(fsm):
    picture = draw(fsm)
    assert (picture.title, picture.is_machine, picture.frames) == ("machine", True, ())


def test_every_state_is_a_box_that_shows_its_name_first(fsm):
    assert [(box.key, box.lines[0]) for box in draw(fsm).boxes] == [
        ("n0", "a"),
        ("n1", "b"),
        ("start", "start"),
        ("over", "END"),
    ]


def test_a_run_begins_at_the_initial_state_and_ends_after_a_terminal_one(fsm):
    assert ways(fsm) == [
        ("start", "a", "", False),
        ("a", "b", "", False),
        ("b", "END", "", False),
    ]


def test_initial_and_terminal_states_are_marked(fsm):
    states = draw(fsm).boxes[:2]
    assert [(box.entry, box.exit) for box in states] == [(True, False), (False, True)]


def test_a_transition_to_the_end_is_a_line_to_it(fsm):
    assert ("a", "END", "", False) in ways(FSM("machine").add_state("a", number, transitions=[END]))


def test_transitions_under_a_condition_are_broken_and_name_it(fsm):
    assert ("a", "b", "tired", True) in ways(fsm.add_transition("a", "b", "tired"))
    assert ("a", "b", "", False) in ways(fsm)


def test_several_targets_are_named(fsm):
    fsm.add_state("c", work, transitions=["a", END])
    assert ways(fsm)[3:] == [("c", "a", "a", True), ("c", "END", "END", True)]


def test_the_names_that_an_annotation_lists_are_targets(fsm):
    fsm.add_state("c", choose)
    assert ways(fsm)[3:] == [("c", "b", "b", True), ("c", "END", "END", True)]


def test_a_target_that_annotation_and_transition_declare_is_drawn_once(fsm):
    fsm.add_state("c", choose, transitions=["b", END])
    assert ways(fsm)[3:] == [("c", "b", "b", True), ("c", "END", "END", True)]


def test_a_router_is_a_broken_line_to_each_declared_target(fsm):
    fsm.add_state("c", work).add_conditional_transition("c", route, targets=["b", "c", END])
    assert ways(fsm)[3:] == [
        ("c", "b", "route", True),
        ("c", "c", "route", True),
        ("c", "END", "route", True),
    ]


def test_a_router_that_declares_nothing_leads_to_a_question_mark(fsm):
    fsm.add_state("c", work).add_conditional_transition("c", route)
    assert ways(fsm)[3:] == [("c", "?", "route", True)]


def test_a_plain_transition_beside_a_router_is_only_a_choice(fsm):
    fsm.add_conditional_transition("a", route, targets=["a", END])
    assert ways(fsm)[1:3] == [("a", "b", "default", True), ("a", "a", "route", True)]


def test_a_state_that_may_name_any_other_leads_to_a_question_mark(fsm):
    fsm.add_state("c", work).add_state("d", lambda: FSMReturn(next_state="a"))
    assert ways(fsm)[3:] == [("c", "?", "", True), ("d", "?", "", True)]


def test_a_state_that_cannot_name_another_ends_the_run(fsm):
    assert ways(fsm.add_state("c", number))[3:] == [("c", "END", "", False)]


def test_what_a_terminal_state_declares_is_not_drawn(fsm):
    fsm.add_transition("b", "a").add_conditional_transition("b", route)
    assert [way for way in ways(fsm) if way[0] == "b"] == [("b", "END", "", False)]


def test_marks_that_nothing_leads_to_are_left_out():
    fsm = FSM("machine").add_state("a", number, transitions=["b"]).add_state("b", number, transitions=["a"])
    assert [box.lines[0] for box in draw(fsm).boxes] == ["a", "b"]
    assert draw(FSM("empty")).boxes == ()


def test_names_that_no_state_has_are_drawn_as_such():
    fsm = FSM("machine", initial_state="x").add_state("a", number, transitions=["y"]).add_transition("z", "a")
    fsm.add_conditional_transition("w", route)
    assert [box.lines for box in draw(fsm).boxes if box.shape is Shape.UNKNOWN] == [
        ("x", "no such state"),
        ("y", "no such state"),
        ("z", "no such state"),
        ("w", "no such state"),
        ("?",),
    ]
    assert ("w", "?", "route", True) in ways(fsm)


def test_the_end_is_no_state_to_begin_with():
    fsm = FSM("machine", initial_state=END).add_state("a", number, transitions=[END]).add_transition(END, "a")
    assert ways(fsm) == [
        ("start", END, "", False),
        ("a", "END", "", False),
        (END, "a", "", False),
    ]


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ({}, ["x", "low → x"]),
        ({"show_inputs": False}, ["", "low"]),
        ({"show_outputs": False}, ["x", "x"]),
    ],
)
def test_an_edge_is_a_dotted_line_that_names_what_it_brings(fsm, options, labels):
    fsm.add_state("c", work, transitions=[END], outputs=["low", "high"])
    fsm.connect("a", "b", input="x").connect("c", "a", output="low")
    dotted = [line for line in draw(fsm, **options).lines if line.dotted]
    assert [line.label for line in dotted] == labels
    assert [(line.source, line.target) for line in dotted] == [("n0", "n1"), ("n2", "n0")]


def test_a_nested_workflow_is_one_box_as_in_a_dag(fsm):
    fsm.add_dag("part", DAG("inner").add_node("step", number), transitions=["a"])
    fsm.add_fsm("other", FSM("inner").add_state("step", number, initial=True))
    assert [box.shape for box in draw(fsm).boxes][2:4] == [Shape.SUBROUTINE] * 2
    assert draw(fsm).boxes[2].lines == ("part", "(x)")


def test_states_that_go_round_have_no_frame(fsm):
    fsm.connect("a", "b", input="x").connect("b", "a", input="x")
    assert draw(fsm).frames == ()


def test_a_run_shows_in_the_states_and_how_often_they_were_visited():
    fsm = FSM("machine").add_state("a", number, initial=True, transitions=["b"])
    fsm.add_state("b", lambda x: x / (2 - x)).add_state("c", number)
    fsm.add_conditional_transition("b", lambda result: "a", targets=["a", "c"])
    with pytest.raises(ZeroDivisionError):
        fsm.run(x=0)
    boxes = draw(fsm, fsm.context, show_results=True, show_inputs=False).boxes
    assert [(box.state, box.lines[1:]) for box in boxes[:3]] == [
        (State.SUCCESS, ("= 2.0 (2 times)",)),
        (State.ERROR, ("ZeroDivisionError: float division by zero",)),
        (State.NOT_RUN, ()),
    ]


def test_a_plain_context_can_be_shown_too(fsm):
    boxes = draw(fsm, Context(results={"a": 7}), show_results=True).boxes
    assert [box.state for box in boxes[:2]] == [State.SUCCESS, State.NOT_RUN]


def test_two_drawings_of_one_machine_are_equal(fsm):
    fsm.add_state("c", choose).add_conditional_transition("c", route, targets=[END, "b"])
    assert draw(fsm) == draw(fsm.clone("machine"))


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_breaks_a_line(text):
    fsm = FSM(text).add_state("a", number, transitions=["b"]).add_transition("a", "c" + text, text + "x")
    picture = draw(fsm)
    texts = [picture.title, *(line.label for line in picture.lines)]
    texts += [line for box in picture.boxes for line in box.lines]
    assert all(each.isprintable() or "\u200d" in each for each in texts)


def test_a_large_machine_is_drawn_without_recursion():
    fsm = FSM("ring")
    for place in range(5000):
        fsm.add_state(f"s{place}", number, transitions=[f"s{(place + 1) % 5000}"])
    assert len(draw(fsm).lines) == 5000
