"""A picture of a machine as a Mermaid state diagram."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag.draw.mermaid_states import label, render
from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Box, Line, Picture, Shape, State
from fast_dag.draw.wording import printable
from tests.draw.hostile import TEXTS, read_by_mermaid

TEXT = r'[^"\n:\[]*'
STATEMENT = re.compile(
    rf"""
    stateDiagram-v2 | direction\ (TB|BT|LR|RL)
    | state\ "{TEXT}"\ as\ (n\d+|anywhere)
    | (n\d+|\[\*\])\ -->\ (n\d+|\[\*\]|anywhere) (\ :\ {TEXT})?
    | note\ right\ of\ n\d+\ :\ {TEXT}
    | classDef\ [a-z]+\ [a-z0-9#:,\ -]+ | class\ (n\d+|anywhere)(,(n\d+|anywhere))*\ [a-z]+
    """,
    re.VERBOSE,
)
START = Box(key="start", lines=("start",), shape=Shape.START)
OVER = Box(key="over", lines=("END",), shape=Shape.OVER)


def box(*lines, key="n0", shape=Shape.ROUND, **kind):
    return Box(key=key, lines=lines or ("a",), shape=shape, **kind)


def line(source="n0", target="n1", **kind):
    return Line(source=source, target=target, **kind)


def statements(*boxes, lines=(), **options):
    """The statements of the drawing, each of which is well-formed."""
    picture = Picture(title="flow", boxes=boxes, lines=lines, is_machine=True)
    found = [each.strip() for each in render(picture, VisualizationOptions(**options)).splitlines()]
    assert [each for each in found if not STATEMENT.fullmatch(each)] == []
    return found


@pytest.mark.parametrize("direction", ["TB", "BT", "LR", "RL"])
def test_a_drawing_starts_with_its_kind_and_direction(direction):
    assert statements(direction=direction) == ["stateDiagram-v2", f"direction {direction}"]


def test_the_lines_of_a_state_stand_one_below_the_other():
    assert 'state "a<br/>(x, y)" as n0' in statements(box("a", "(x, y)"))


def test_a_run_begins_and_ends_at_marks_of_mermaid_s_own():
    found = statements(box(), START, OVER, lines=[line("start", "n0"), line("n0", "over", label="END")])
    assert found[2:] == ['state "a" as n0', "[*] --> n0", "n0 --> [*] : END"]


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ({}, "n0 --> n1"),
        ({"dashed": True, "label": "route"}, "n0 --> n1 : route"),
        ({"dotted": True, "label": "x"}, "note right of n1 : x from a"),
        ({"dotted": True}, "note right of n1 : from a"),
    ],
)
def test_a_move_is_an_arrow_and_a_value_a_note(kind, statement):
    assert statements(box(), box("b", key="n1"), lines=[line(**kind)])[-1] == statement


def test_nested_workflows_and_unknown_states_have_styles_of_their_own():
    found = statements(box(shape=Shape.SUBROUTINE), box("?", key="anywhere", shape=Shape.UNKNOWN))
    assert found[-4:] == [
        "classDef nested font-style:italic",
        "class n0 nested",
        "classDef unknown stroke-dasharray:2 4",
        "class anywhere unknown",
    ]


def test_initial_and_terminal_states_and_those_of_a_run_are_styled_as_in_a_flowchart():
    found = statements(box(entry=True), box(key="n1", exit=True, state=State.ERROR), OVER)
    assert [each for each in found if each.startswith("class ")] == [
        "class n0 entry",
        "class n1 exit",
        "class n1 error",
    ]


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_can_stand_in_a_state_on_an_arrow_and_in_a_note(text):
    shown = printable(text)
    lines = [line(label=shown, dashed=True), line(label=shown, dotted=True)]
    found = statements(box(shown), box(key="n1"), lines=lines)
    read = [read_by_mermaid(found[place]) for place in (2, 4, 5)]
    assert read == [
        f'state "{shown}" as n0',
        f"n0 --> n1 : {shown}",
        f"note right of n1 : {shown} from {shown}",
    ]


@given(st.text(alphabet=st.characters(), min_size=1))
def test_every_text_is_read_as_it_was_written(text):
    assert read_by_mermaid(label(printable(text))) == printable(text)


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_that_would_end_a_label_is_left(text):
    left = re.sub(r"#\d+;", "x", label(printable(text)))
    assert re.findall(r'[":;\[<#%]|direction\s', left) == []
