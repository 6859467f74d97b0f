"""Plain boxes and lines."""

import dataclasses

import pytest

from fast_dag.draw.picture import Box, Frame, Line, Picture, Shape, State


def test_a_box_is_plain_unless_told_otherwise():
    box = Box(key="n0", lines=("a",))
    assert (box.shape, box.state, box.entry, box.exit) == (Shape.BOX, State.NOT_RUN, False, False)


def test_a_line_is_solid_and_has_no_label_unless_told_otherwise():
    line = Line(source="n0", target="n1")
    assert (line.label, line.dashed, line.dotted) == ("", False, False)


def test_a_picture_may_be_empty():
    assert Picture(title="x") == Picture(title="x", boxes=(), lines=(), frames=())


@pytest.mark.parametrize(
    "part",
    [
        Box(key="n0", lines=("a",)),
        Line(source="n0", target="n1"),
        Frame(key="f0", title="x", boxes=("n0",)),
        Picture(title="x"),
    ],
)
def test_nothing_in_a_picture_can_be_changed(part):
    first = dataclasses.fields(part)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(part, first, "other")
