"""A picture as a Mermaid flowchart."""

import re

import pytest

from fast_dag.draw.mermaid import fenced, render
from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Box, Frame, Line, Picture, Shape, State
from fast_dag.draw.wording import printable
from tests.draw.hostile import TEXTS, read_by_mermaid

TEXT = r'"[^"\n]*"'
STATEMENT = re.compile(
    rf"""
    graph\ (TB|BT|LR|RL)
    | n\d+ (\[{TEXT}\] | \({TEXT}\) | \{{{TEXT}\}} | \{{\{{{TEXT}\}}\}} | \(\[{TEXT}\]\)
           | \[/{TEXT}\\\] | \[\[{TEXT}\]\] | \(\({TEXT}\)\) | \(\(\({TEXT}\)\)\))
    | n\d+\ (-->|-\.->) (\|{TEXT}\|)?\ n\d+
    | subgraph\ f\d+\[{TEXT}\] | n\d+ | end
    | classDef\ [a-z]+\ [a-z0-9#:,\ -]+ | class\ n\d+(,n\d+)*\ [a-z]+
    """,
    re.VERBOSE,
)


def statements(*boxes, lines=(), frames=(), **options):
    """The statements of the drawing, each of which is well-formed."""
    picture = Picture(title="flow", boxes=boxes, lines=lines, frames=frames)
    text = render(picture, VisualizationOptions(**options))
    found = [line.strip() for line in text.splitlines()]
    assert [line for line in found if not STATEMENT.fullmatch(line)] == []
    return found


def box(*lines, key="n0", **kind):
    return Box(key=key, lines=lines or ("a",), **kind)


def line(**kind):
    return Line(source="n0", target="n1", **kind)


@pytest.mark.parametrize("direction", ["TB", "BT", "LR", "RL"])
def test_a_drawing_starts_with_its_direction(direction):
    assert statements(direction=direction) == [f"graph {direction}"]


@pytest.mark.parametrize(
    ("shape", "statement"),
    [
        (Shape.BOX, 'n0["a"]'),
        (Shape.ROUND, 'n0("a")'),
        (Shape.DIAMOND, 'n0{"a"}'),
        (Shape.HEXAGON, 'n0{{"a"}}'),
        (Shape.STADIUM, 'n0(["a"])'),
        (Shape.TRAPEZOID, 'n0[/"a"\\]'),
        (Shape.SUBROUTINE, 'n0[["a"]]'),
        (Shape.START, 'n0(("a"))'),
        (Shape.OVER, 'n0((("a")))'),
        (Shape.UNKNOWN, 'n0("a")'),
    ],
)
def test_every_shape_has_its_brackets(shape, statement):
    assert statement in statements(box(shape=shape))


def test_the_lines_of_a_box_stand_one_below_the_other():
    assert 'n0["a<br/>(x, y)"]' in statements(box("a", "(x, y)"))


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ({}, "n0 --> n1"),
        ({"label": "true"}, 'n0 -->|"true"| n1'),
        ({"dashed": True}, "n0 -.-> n1"),
        ({"dashed": True, "label": "rows → x"}, 'n0 -.->|"rows → x"| n1'),
    ],
)
def test_a_line_is_an_arrow(kind, statement):
    assert statement in statements(box(), box(key="n1"), lines=[line(**kind)])


def test_a_frame_stands_around_its_boxes():
    frame = Frame(key="f0", title="cycle", boxes=("n0", "n1"))
    assert statements(box(), box(key="n1"), frames=[frame])[-4:] == [
        'subgraph f0["cycle"]',
        "n0",
        "n1",
        "end",
    ]


@pytest.mark.parametrize("mark", ["entry", "exit"])
def test_entries_and_exits_are_marked(mark):
    assert f"class n0,n1 {mark}" in statements(box(**{mark: True}), box(key="n1", **{mark: True}))


@pytest.mark.parametrize("state", [State.SUCCESS, State.ERROR, State.SKIPPED])
def test_the_boxes_of_a_run_are_coloured_by_what_it_made_of_them(state):
    found = statements(box(state=state), box(key="n1"), **{f"{state}_color": "#123abc"})
    assert found[-2:] == [f"classDef {state} fill:#123abc,color:#000", f"class n0 {state}"]


def test_a_style_that_no_box_has_is_left_out():
    assert statements(box()) == ["graph TB", 'n0["a"]']


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_can_stand_in_a_box_on_a_line_and_on_a_frame(text):
    shown = printable(text)
    frame = Frame(key="f0", title=shown, boxes=("n0",))
    found = statements(box(shown), box(key="n1"), lines=[line(label=shown)], frames=[frame])
    texts = [re.search(TEXT, each)[0][1:-1] for each in found if '"' in each and each != 'n1["a"]']
    assert [read_by_mermaid(each) for each in texts] == [shown] * 3


def test_a_markdown_file_holds_the_drawing_as_a_block():
    text = fenced(Picture(title="flow", boxes=(box("```"),)), VisualizationOptions())
    assert text == '```mermaid\ngraph TB\n    n0["#96;#96;#96;"]\n```\n'


def test_a_machine_is_a_state_diagram():
    picture = Picture(title="flow", boxes=(box(shape=Shape.ROUND),), is_machine=True)
    assert render(picture, VisualizationOptions()).startswith("stateDiagram-v2\n")
    assert fenced(picture, VisualizationOptions()).startswith("```mermaid\nstateDiagram-v2\n")
