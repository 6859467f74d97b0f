"""How far two values are apart, and whether they are equal."""

import math
from collections import namedtuple
from fractions import Fraction

import numpy as np
import pytest

from fast_dag.run.change import change, difference, equal

NAN = math.nan


@pytest.mark.parametrize(
    "value",
    [1, 1.5, "text", None, (), [1, [2, 3]], {"a": [1.0]}, {1, 2}, frozenset(), np.arange(3), [np.arange(3)]],
    ids=repr,
)
def test_a_value_equals_itself(value):
    assert equal(value, value)


@pytest.mark.parametrize(
    "value",
    [
        NAN,
        [1, NAN],
        {"a": NAN},
        ({"a": [NAN]},),
        {NAN},
        np.array([1, NAN]),
        [np.array([NAN])],
        np.float64(NAN),
    ],
    ids=repr,
)
def test_nan_equals_nothing_wherever_it_stands(value):
    assert not equal(value, value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        ([1, 2], [1, 3]),
        ([1], [1, 2]),
        ([1], (1,)),
        ({"a": 1}, {"b": 1}),
        ({"a": np.arange(3), "b": 1}, {"a": np.arange(3), "c": 1}),
        ({1}, {2}),
        (np.arange(3), np.arange(4)),
        (np.arange(3), np.array([0, 1, 3])),
        (np.zeros(3), 0.0),
        ([0.0], np.zeros(3)),
        (None, 0),
    ],
    ids=repr,
)
def test_values_that_differ_are_not_equal(one, other):
    assert not equal(one, other)
    assert not equal(other, one)


def test_numbers_of_different_types_may_be_equal():
    assert equal(1, 1.0)
    assert equal([0.0, 1.0], np.array([0.0, 1.0]))
    assert equal(np.array([0, 1]), [0, 1])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 3, 2),
        (3, 1, 2),
        (1 + 1j, 1, 1.0),
        (Fraction(1, 2), 1, 0.5),
        ([1, 2, 3], [1, 2.5, 3], 0.5),
        ((1, [2]), (1, [5]), 3),
        ({"a": 1, "b": 2}, {"b": 0, "a": 1}, 2),
        ([], [], 0),
        (np.array([1.0, 2.0]), np.array([1.5, 2.0]), 0.5),
        ([1.0, 2.0], np.array([1.5, 2.0]), 0.5),
        (np.array([[1], [2]]), np.array([[4], [2]]), 3),
        (np.array([1], dtype="uint8"), np.array([2], dtype="uint8"), 1),
        (np.array([True, False]), np.array([True, True]), 1),
        ({"a": np.zeros(2)}, {"a": np.ones(2)}, 1),
        (np.zeros(0), np.zeros(0), 0),
    ],
    ids=repr,
)
def test_the_difference_is_the_largest_one_anywhere(one, other, expected):
    assert difference(one, other) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        (np.zeros(2), np.zeros(3)),
        (0.0, np.zeros(3)),
        ([0.0], np.zeros(3)),
    ],
    ids=repr,
)
def test_what_is_not_of_one_shape_has_no_difference(one, other):
    assert difference(one, other) is None


def test_a_difference_with_nan_is_nan():
    assert math.isnan(difference([1, NAN, 2], [5, 1, 2]))
    assert math.isnan(difference(np.array([1, NAN]), np.array([1, 2])))


def test_only_numbers_have_a_difference():
    with pytest.raises(TypeError):
        difference("a", "b")
    assert change("a", "b") is None
    assert change({(0, 1)}, {(1, 1)}) is None
    assert change(1, 0) == 1


def test_fields_of_a_tuple_count_like_its_elements():
    point = namedtuple("point", "x y")  # noqa: PYI024 - its fields are of no type
    assert difference(point(1, 2), point(1, 4)) == 2
