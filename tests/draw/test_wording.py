"""Values, types and names as short texts."""

import inspect
import typing
from array import array
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag.draw.wording import cut, printable, type_text, value_text
from tests.draw.hostile import TEXTS

Color = Enum("Color", "RED")


class Point(typing.NamedTuple):
    x: int
    y: int


@dataclass
class Order:
    rows: list
    note: str = "x"
    secret: str = field(default="s3cret", repr=False)


@dataclass
class Account:
    password: str

    def __repr__(self):
        return "<an account>"


class Plain:
    pass


class Money:
    def __repr__(self):
        return "Money(3 EUR)"


class Table:
    def __repr__(self):
        return "Table(1,\n      2)"


class Broken:
    def __repr__(self):
        raise RuntimeError("no")


class Sizeless(dict):
    def __len__(self):
        raise RuntimeError("no")


def counting(size):
    """A dict, and how many of its items have been looked at."""
    seen = []

    class Watched(dict):
        def items(self):
            for item in super().items():
                seen.append(item)
                yield item

    return Watched.fromkeys(range(size)), seen


@pytest.mark.parametrize(
    "text", ["", "load", "two words", "naïve", "日本語", "🚀", "👩\u200d🚀", 'a"b\\c<d>']
)
def test_a_printable_text_stays_as_it_is(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("\t\r", "\\t\\r"),
        ("\0", "\\x00"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u2028", "\\u2028"),
        ("\u202eabc", "\\u202eabc"),
        ("\ud800", "\\ud800"),
        ("a\xa0b", "a\\xa0b"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    assert printable(text) == shown


@given(st.text(alphabet=st.characters()))
def test_every_text_becomes_one_line_that_can_be_written_to_a_file(text):
    assert printable(text).encode().decode().splitlines() in ([], [printable(text)])


def test_a_text_that_fits_is_not_cut():
    assert cut("12345", 5) == "12345"


def test_a_longer_text_is_cut_and_marked():
    assert cut("123456", 5) == "1234…"


@given(st.text(alphabet=st.characters()), st.integers(1, 20))
def test_a_cut_text_is_never_longer_than_allowed(text, limit):
    assert len(cut(text, limit)) <= limit


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2.5,
        1j,
        "text",
        "it's",
        b"bytes",
        (),
        (1,),
        [1, [2]],
        {"a": 1},
        set(),
        {1},
        Color.RED,
        int,
        ...,
    ],
)
def test_a_small_value_is_shown_as_python_shows_it(value):
    assert value_text(value, 60) == repr(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Money(), "Money(3 EUR)"),
        (Point(1, 2), "(1, 2)"),
        (frozenset([1]), "{1}"),
        (frozenset(), "frozenset()"),
        (OrderedDict(a=1), "{'a': 1}"),
        (defaultdict(int, a=1), "{'a': 1}"),
        (deque([1]), "deque([1])"),
        (array("i", [1, 2]), "array('i', [1, 2])"),
        (bytearray(b"x"), "bytearray(b'x')"),
        (Plain(), "<Plain>"),
        ([Plain()], "[<Plain>]"),
        (Table(), "Table(1, 2)"),
        (Order([1]), "Order(rows=[1], note='x')"),
        (Account("s3cret"), "<an account>"),
    ],
)
def test_a_value_of_another_kind_is_shown_on_one_line(value, shown):
    assert value_text(value, 60) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (list(range(100)), "[0, 1, 2, 3, 4, 5, 6, 7, …]"),
        (dict.fromkeys(range(100), 0), "{0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0, …}"),
        ([[[[1]]]], "[[[[…]]]]"),
        ([[{1: {2: 3}}]], "[[{1: {…}}]]"),
        ([[[{1}]]], "[[[{…}]]]"),
        ([[[Order([])]]], "[[[Order(…)]]]"),
        (b"x" * 100, "b'" + "x" * 57 + "…"),
        (10**100, "1" + 27 * "0" + "…" + 28 * "0" + "0"),
    ],
)
def test_a_large_or_deep_value_is_shown_in_part(value, shown):
    assert value_text(value, 60) == shown


def test_a_set_with_few_members_is_shown_in_order():
    assert value_text({"c", "a", "b"}, 60) == "{'a', 'b', 'c'}"


def test_no_more_of_a_large_value_is_looked_at_than_is_shown():
    value, seen = counting(1000)
    value_text([value], 60)
    assert len(seen) <= 9


def test_a_dataclass_is_not_asked_for_its_whole_repr():
    looked_at = []

    class Row:
        def __repr__(self):
            looked_at.append(self)
            return "row"

    value_text(Order([Row()] * 1000), 60)
    assert len(looked_at) == 8


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Broken(), "<Broken, whose repr fails>"),
        ([1, Broken()], "[1, <Broken, whose repr fails>]"),
        (Order([Broken()]), "Order(rows=[<Broken, whose repr fails>], note='x')"),
        (Sizeless(a=1), "<Sizeless, whose repr fails>"),
    ],
)
def test_a_value_whose_repr_fails_is_told_so(value, shown):
    assert value_text(value, 60) == shown


def test_a_value_that_holds_itself_is_shown_in_part():
    value = []
    value.append(value)
    assert value_text(value, 60) == "[[[[…]]]]"


@pytest.mark.parametrize("value", [*TEXTS, TEXTS, dict.fromkeys(TEXTS), Order(TEXTS), "x" * 10**6])
@pytest.mark.parametrize("limit", [1, 4, 60])
def test_the_text_of_a_value_is_one_line_and_no_longer_than_allowed(value, limit):
    text = value_text(value, limit)
    assert len(text) <= limit
    assert printable(text) == text


@pytest.mark.parametrize(
    ("annotation", "shown"),
    [
        (inspect.Parameter.empty, ""),
        (int, "int"),
        (None, "None"),
        (Order, "Order"),
        ("pd.DataFrame", "pd.DataFrame"),
        (list[int], "list[int]"),
        (int | None, "int | None"),
        (typing.Any, "Any"),
        (typing.Literal["a\nb"], "Literal['a\\nb']"),
        (Broken(), "<Broken, whose repr fails>"),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_an_annotation_is_shown_as_users_write_it(annotation, shown):
    assert type_text(annotation, 60) == shown
