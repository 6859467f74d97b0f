"""Texts and styles in Mermaid."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag.draw.mermaid_text import classes, escaped
from fast_dag.draw.options import VisualizationOptions
from fast_dag.draw.picture import Box
from fast_dag.draw.wording import printable
from tests.draw.hostile import TEXTS, read_by_mermaid


def test_ordinary_names_stay_readable():
    for text in [
        "load_data",
        "(x: int, y: list[int]) → low, high",
        "= {'a': 3.5}",
        "Sort the rows.",
        "日本語 🚀",
    ]:
        assert escaped(text) == text


@given(st.text(alphabet=st.characters(), min_size=1))
def test_every_text_is_read_as_it_was_written(text):
    assert read_by_mermaid(escaped(printable(text))) == printable(text)


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_that_mermaid_takes_for_more_than_text_is_left(text):
    left = re.sub(r"#\d+;", "x", escaped(printable(text)))
    pattern = r'["<>&#;%`$*|\\]|direction\s|:\S|^\s|\s$|\s\s|^\d+\)|ﬂ°|¶ß|:fa-|\b_|_\b|^=+$'
    assert re.findall(pattern, left) == []


def test_a_style_that_is_used_stands_before_the_boxes_that_have_it():
    boxes = [Box(key="n0", lines=("a",), entry=True), Box(key="n1", lines=("b",))]
    own = ("own", "font-style:italic", lambda box: box.key == "n1")
    assert list(classes(boxes, VisualizationOptions(), own)) == [
        "classDef entry stroke-width:3px",
        "class n0 entry",
        "classDef own font-style:italic",
        "class n1 own",
    ]
