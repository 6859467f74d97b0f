"""The elements of a map and their results, with no map around them."""

from collections import deque

import pytest

from fast_dag import ExecutionError
from fast_dag.run.elements import Elements, is_built_in, is_iterable


def doubled(value, depth):
    """What comes of putting twice each element in its place."""
    elements = Elements(value, depth)
    for index, item in elements:
        elements.put(index, item * 2)
    return elements.results()


def test_each_element_has_a_number_for_each_level():
    assert list(Elements("ab", 1)) == [((0,), "a"), ((1,), "b")]
    assert list(Elements([["a"], [], ["b", "c"]], 2)) == [((0, 0), "a"), ((2, 0), "b"), ((2, 1), "c")]


def test_results_have_the_shape_of_the_elements():
    assert doubled([1, 2], 1) == [2, 4]
    assert doubled(([1], (), {2}), 2) == [[2], [], [4]]
    assert doubled([[[1, 2]], []], 3) == [[[2, 4]], []]
    assert doubled([], 2) == []


def test_results_may_come_in_any_order():
    elements = Elements([["a", "b"], ["c"]], 2)
    for index, item in reversed(list(elements)):
        elements.put(index, item)
    assert elements.results() == [["a", "b"], ["c"]]


def test_what_no_result_came_for_is_left_out_but_levels_are_not():
    elements = Elements([["a", "b"], ["c"]], 2)
    (first, _), *_ = list(elements)
    elements.put(first, None)
    assert elements.results() == [[None], []]


@pytest.mark.parametrize(
    "value",
    [[1], (1,), {1}, frozenset([1]), range(1), deque([1]), {1: 1}.keys(), {1: 1}.values(), {1: 1}.items()],
    ids=lambda value: type(value).__name__,
)
def test_containers_of_python_run_no_code_of_the_user(value):
    assert is_built_in(value, 1)
    assert is_built_in([value, value], 2)


@pytest.mark.parametrize("value", [iter([]), (_ for _ in ()), type("Own", (list,), {})(), "text", 5])
def test_anything_else_may_run_code_of_the_user(value):
    assert not is_built_in(value, 1)
    assert not is_built_in([[], value], 2)
    assert is_built_in([[], value], 1)


def test_what_lies_at_the_lowest_level_makes_no_difference():
    assert is_built_in([[iter([])]], 2)
    assert not is_built_in([[iter([])]], 3)


def test_built_in_containers_may_change_meanwhile():
    for value in ([1, 2], {1, 2}, deque([1, 2])):
        elements = Elements(value, 1)
        value.clear()
        assert [item for _, item in elements] == [1, 2]
    nested = [[1], [2]]
    elements = Elements(nested, 2)
    nested[1] = 5
    assert [item for _, item in elements] == [1, 2]


def test_other_iterables_are_asked_for_one_element_at_a_time():
    made = []
    elements = Elements((made.append(number) or number for number in range(5)), 1)
    assert made == []
    assert next(elements) == ((0,), 0)
    assert made == [0]


def test_a_level_that_cannot_be_gone_through_is_refused_when_it_is_reached():
    elements = Elements([["a"], 5, ["b"]], 2)
    assert next(elements) == ((0, 0), "a")
    with pytest.raises(ExecutionError, match=r"a int is at \[1\]"):
        next(elements)


@pytest.mark.parametrize(
    ("value", "expected"),
    [([], True), (iter([]), True), (bytearray(), True), ("", False), (b"", False), ({}, False), (5, False)],
)
def test_text_and_mappings_count_as_one(value, expected):
    assert is_iterable(value) is expected


def test_what_has_elements_by_number_is_iterable():
    assert is_iterable(type("Sequence", (), {"__getitem__": lambda self, number: [][number]})())
