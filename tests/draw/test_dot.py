"""A picture in the DOT language."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag.draw.dot import escaped, render
from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Box, Frame, Line, Picture, Shape, State
from fast_dag.draw.wording import printable
from tests.draw.hostile import TEXTS

QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
BARE = re.compile(
    r"""
    digraph\ _\ \{ | \} | rankdir=(TB|BT|LR|RL);
    | node\ \[shape=box,\ style=filled,\ fillcolor=white\];
    | n\d+\ \[ label=_ (,\ (shape=\w+|style=dashed|penwidth=2|peripheries=2|fillcolor=_))* \];
    | n\d+\ ->\ n\d+ (\ \[ (label=_)? (,\ )? (style=(dashed|dotted))? \])? ;
    | subgraph\ cluster_f\d+\ \{\ label=_;(\ n\d+;)+\ \}
    """,
    re.VERBOSE,
)


def statements(*boxes, title="flow", lines=(), frames=(), **options):
    """The statements of the drawing, each of which is well-formed."""
    picture = Picture(title=title, boxes=boxes, lines=lines, frames=frames)
    text = render(picture, VisualizationOptions(**options))
    found = [line.strip() for line in text.splitlines()]
    assert [line for line in found if not BARE.fullmatch(QUOTED.sub("_", line))] == []
    return found


def box(*lines, key="n0", **kind):
    return Box(key=key, lines=lines or ("a",), **kind)


def line(**kind):
    return Line(source="n0", target="n1", **kind)


def read(text):
    """What Graphviz reads between double quotes."""
    return html.unescape(re.sub(r"\\(.)", r"\1", text))


def test_a_drawing_is_a_digraph_with_the_name_of_the_workflow():
    assert statements()[0] == 'digraph "flow" {'


@pytest.mark.parametrize("direction", ["TB", "BT", "LR", "RL"])
def test_a_drawing_has_its_direction(direction):
    assert f"rankdir={direction};" in statements(direction=direction)


def test_a_plain_box_is_its_text():
    assert 'n0 [label="a"];' in statements(box())


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        (Shape.ROUND, "oval"),
        (Shape.DIAMOND, "diamond"),
        (Shape.HEXAGON, "hexagon"),
        (Shape.STADIUM, "ellipse"),
        (Shape.TRAPEZOID, "trapezium"),
        (Shape.SUBROUTINE, "box3d"),
        (Shape.START, "point"),
        (Shape.OVER, "doublecircle"),
        (Shape.UNKNOWN, "oval, style=dashed"),
    ],
)
def test_every_shape_has_its_name(shape, name):
    assert f'n0 [label="a", shape={name}];' in statements(box(shape=shape))


def test_the_lines_of_a_box_stand_one_below_the_other():
    assert 'n0 [label="a\\n(x, y)"];' in statements(box("a", "(x, y)"))


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ({}, "n0 -> n1;"),
        ({"label": "true"}, 'n0 -> n1 [label="true"];'),
        ({"dashed": True}, "n0 -> n1 [style=dashed];"),
        ({"dotted": True}, "n0 -> n1 [style=dotted];"),
        ({"dashed": True, "label": "rows → x"}, 'n0 -> n1 [label="rows → x", style=dashed];'),
    ],
)
def test_a_line_is_an_arrow(kind, statement):
    assert statement in statements(box(), box(key="n1"), lines=[line(**kind)])


def test_a_frame_stands_around_its_boxes():
    frame = Frame(key="f0", title="cycle", boxes=("n0", "n1"))
    found = statements(box(), box(key="n1"), frames=[frame])
    assert 'subgraph cluster_f0 { label="cycle"; n0; n1; }' in found


@pytest.mark.parametrize(("mark", "attribute"), [("entry", "penwidth=2"), ("exit", "peripheries=2")])
def test_entries_and_exits_are_marked(mark, attribute):
    assert f'n0 [label="a", {attribute}];' in statements(box(**{mark: True}))


@pytest.mark.parametrize("state", [State.SUCCESS, State.ERROR, State.SKIPPED])
@pytest.mark.parametrize(
    ("color", "written"), [("#123abc", "#123abc"), ("#abc", "#aabbcc"), ("red", "red"), ("tan", "tan")]
)
def test_the_boxes_of_a_run_are_coloured_by_what_it_made_of_them(state, color, written):
    found = statements(box(state=state), **{f"{state}_color": color})
    assert f'n0 [label="a", fillcolor="{written}"];' in found


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_can_stand_wherever_there_is_text(text):
    shown = printable(text)
    frame = Frame(key="f0", title=shown, boxes=("n0",))
    found = statements(box(shown), title=shown, lines=[line(label=shown)], frames=[frame])
    assert [read(each) for each in QUOTED.findall("\n".join(found))] == [shown] * 4


@given(st.text(alphabet=st.characters()))
def test_every_text_is_read_as_it_was_written(text):
    (found,) = QUOTED.findall(f'"{escaped(printable(text))}"')
    assert read(found) == printable(text)
