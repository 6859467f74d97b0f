"""Values as text: bounded whatever they are, and nothing that a user wrote is called for it."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import pathlib
import types
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag import Private
from fast_dag.observe.capture import Captured, capture

JSONABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


class Point(NamedTuple):
    x: int
    y: object


@dataclasses.dataclass
class Login:
    user: str
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass
class Hidden:
    password: str

    def __repr__(self):
        raise AssertionError("nobody may ask")


class Huge:
    def __repr__(self):
        raise AssertionError("100 MB would be made here")


class Shouting(list):
    def __repr__(self):
        raise AssertionError("nobody may ask")

    def __iter__(self):
        raise AssertionError("nobody may ask")


class Tags(list):
    def __iter__(self):
        raise AssertionError("nobody may ask")


class Colour(enum.Enum):
    RED = 1


class Array:
    shape, dtype = (1000, 3), "float64"

    def __repr__(self):
        raise AssertionError("nobody may ask")


class Scalar:
    shape, dtype = (), "float32"

    def __repr__(self):
        raise AssertionError("nobody may ask")

    def item(self):
        return 0.5


@pytest.mark.parametrize("value", [None, True, 0, -(10**30), 0.5])
def test_numbers_bools_and_none_stay_what_they_are(value):
    assert capture(value, 10) is value


@given(JSONABLE, st.integers(16, 200))
def test_a_text_never_has_more_bytes_than_it_may(value, limit):
    found = capture(value, limit)
    assert not isinstance(found, Captured) or len(found.encode()) <= limit


@given(JSONABLE)
def test_what_there_is_room_for_is_the_repr(value):
    found = capture(value, 10**6)
    assert repr(found) == repr(value) or "..." in repr(found)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Point(1, [2]), "Point(x=1, y=[2])"),
        (Login("me", "hunter2"), "Login(user='me')"),
        (Hidden("hunter2"), f"<{__name__}.Hidden object>"),
        (Shouting([1]), f"<{__name__}.Shouting object>"),
        (Tags([1]), "[1]"),
        (Colour.RED, "Colour.RED"),
        (Array(), "<Array (1000, 3) float64>"),
        (Huge, "<class Huge>"),
        ((1,), "(1,)"),
        (set(), "set()"),
        (frozenset([1]), "frozenset({1})"),
        (collections.deque([1, 2]), "deque([1, 2])"),
        (collections.Counter("aa"), "Counter({'a': 2})"),
        (collections.OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (types.MappingProxyType({"a": 1}), "mappingproxy({'a': 1})"),
        (dt.date(2024, 2, 29), "date('2024-02-29')"),
        (decimal.Decimal("1.50"), "Decimal('1.50')"),
        (pathlib.PurePosixPath("/tmp/a"), "PurePosixPath('/tmp/a')"),  # noqa: S108 - only a name
        (ValueError("broken", 2), "ValueError('broken', 2)"),
        (b"ab", "b'ab'"),
        (..., "Ellipsis"),
        (len, "<builtin_function_or_method len>"),
        (types, "<module types>"),
    ],
    ids=range(23),
)
def test_known_types_are_looked_into_and_others_are_named(value, expected):
    assert str(capture(value, 200)) == expected


def test_a_secret_stays_hidden_wherever_it_lies():
    found = capture({"token": [Private("hunter2")]}, 200)
    assert found == "{'token': [Private(***)]}"


def test_a_container_that_holds_itself_comes_to_an_end():
    value = [1]
    value.append(value)
    assert str(capture(value, 200)) == "[1, ...]"


def test_a_deep_container_comes_to_an_end():
    value = []
    for _ in range(100_000):
        value = [value]
    assert "..." in capture(value, 200)


def test_of_a_large_value_only_its_beginning_is_looked_at():
    assert capture("a" * 10**8, 20) == "'aaaaaaaaaaaaaaaa..."
    assert capture(bytearray(10**8), 20).startswith("bytearray(b'")
    assert capture([0] * 10**7, 12) == "[0, 0, 0,..."
    assert capture(1 << 10**7, 40) == "<an int of 10000001 bits>"
    assert capture(range(10**9), 40) == "<builtins.range object>"


def test_a_cut_never_splits_a_character():
    assert capture("é" * 100, 20) == "'" + "é" * 8 + "..."


def test_halves_of_characters_do_no_harm():
    assert capture({"\ud800": "\udfff"}, 100) == "{'\\ud800': '\\udfff'}"


def test_what_cannot_be_looked_at_is_named():
    class Unreadable:
        dtype = "float64"

        @property
        def shape(self):
            raise ZeroDivisionError

        __repr__ = None

    assert capture(Unreadable(), 100) == "<Unreadable that cannot be looked at>"


def test_a_scalar_of_an_array_library_is_a_number():
    assert capture(Scalar(), 100) == 0.5
    assert str(capture([Scalar()], 100)) == "[0.5]"


def test_a_captured_text_shows_itself_without_quotes():
    assert repr({"rows": capture([1, "a"], 100)}) == "{'rows': [1, 'a']}"
