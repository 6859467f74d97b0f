"""How far two values are apart, whatever they are made of: arrays are known by their shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

NOWHERE: Final = object()
"""Stands for what one of two values does not have."""
TEXTS: Final = (str, bytes, bytearray)
LISTS: Final = (list, tuple)
PLAIN: Final = frozenset({int, float, str})
"""Types of single values that compare as they should."""


def equal(one: Any, other: Any) -> bool:
    """Whether both are equal, arrays if all their elements are; NaN equals nothing, wherever it stands.

    >>> equal([1.0, 2.0], [1.0, 2.0]), equal([float("nan")], [float("nan")])
    (True, False)
    """
    if type(one) in PLAIN and type(other) in PLAIN:
        return bool(one == other)
    # Iterators, so that most pairs are told apart by their first elements.
    work: list[Iterator[tuple[Any, Any]]] = [iter([(one, other)])]
    while work:
        pair = next(work[-1], None)
        if pair is None:
            work.pop()
            continue
        inside = _inside(*pair)
        if inside is not None:
            work.append(inside)
        elif not _are_equal(*pair):
            return False
    return True


def difference(one: Any, other: Any) -> float | None:
    """The largest absolute difference of numbers, arrays, and sequences or mappings of numbers.

    >>> difference([1, 2], [1, 2.5]), difference({"a": 1}, {"b": 1}), difference(1, float("nan"))
    (0.5, None, nan)

    Returns:
        NaN if one of the differences is; None if the two are not of one shape.

    Raises:
        TypeError: something among them is no number.
    """
    largest: float = 0
    for first, second in _numbers(one, other):
        if first is NOWHERE or second is NOWHERE:
            return None
        found = _distance(first, second)
        if found is None or found != found:  # noqa: PLR0124 - which is NaN
            return None if found is None else float(found)
        largest = max(largest, found)
    return largest


def change(one: Any, other: Any) -> float | None:
    """As `difference`; None for everything that has none."""
    try:
        return difference(one, other)
    except (TypeError, ValueError):
        return None


def _inside(one: Any, other: Any) -> Iterator[tuple[Any, Any]] | None:
    """The pairs of elements of two lists or two mappings with the same keys; None for everything else."""
    if isinstance(one, LISTS) and type(one) is type(other) and len(one) == len(other):
        return zip(one, other, strict=True)
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return ((value, other[key]) for key, value in one.items())
    return None


def _are_equal(one: Any, other: Any) -> bool:
    """As `equal` for two that are no lists or mappings."""
    if _is_array(one) or _is_array(other):
        if getattr(one, "shape", None) != getattr(other, "shape", None):
            return False if _is_array(one) and _is_array(other) else _are_equal_items(one, other)
        return _holds(one == other)
    if isinstance(one, dict) and isinstance(other, dict):
        return False
    if not _holds(one == other):
        return False
    if isinstance(other, (set, frozenset)):
        return all(_holds(each == each) for each in other)  # noqa: PLR0124 - NaN is not
    return _holds(other == other)  # noqa: PLR0124 - as above: an object may say that it equals itself


def _are_equal_items(one: Any, other: Any) -> bool:
    """Whether a list has the elements of an array."""
    array, items = (one, other) if _is_array(one) else (other, one)
    if not isinstance(items, LISTS) or len(items) != array.shape[0]:
        return False
    return bool(_fits(array == items, array) and _holds(array == items))


def _fits(made: Any, array: Any) -> bool:
    return bool(getattr(made, "shape", None) == array.shape)


def _holds(answer: Any) -> bool:
    """How the answer to a comparison counts: of arrays and tables, whether it holds everywhere."""
    while getattr(answer, "shape", ()):
        answer = answer.all()
    return bool(answer)


def _is_array(value: Any) -> bool:
    return bool(getattr(value, "shape", ()))


def _numbers(one: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs of numbers, or arrays, in the same place of both."""
    work = [(one, other)]
    while work:
        first, second = work.pop()
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            if first.keys() != second.keys():
                yield NOWHERE, NOWHERE
                return
            work.extend((value, second[key]) for key, value in first.items())
        elif _is_sequence(first) and _is_sequence(second):
            work.extend(zip_longest(first, second, fillvalue=NOWHERE))
        else:
            yield first, second


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, TEXTS)


def _distance(one: Any, other: Any) -> Any:
    """The largest absolute difference of two numbers or arrays, None if they are not of one shape."""
    if not (_is_array(one) or _is_array(other)):
        return _one_number(abs(other - one))
    if _is_array(one) and _is_array(other) and one.shape != other.shape:
        return None
    array, items = (other, one) if _is_array(other) else (one, other)
    is_list = _is_sequence(items) and len(items) == array.shape[0]
    if not (is_list or _is_array(items)):
        return None
    made = abs(_signed(other) - _signed(one))
    if not _fits(made, array):
        return None
    if 0 in made.shape:
        return 0
    while getattr(made, "shape", ()):
        made = made.max()
    return _one_number(made)


def _signed(value: Any) -> Any:
    """An array whose differences may be negative."""
    kind = getattr(getattr(value, "dtype", None), "kind", "f")
    return value.astype("float64") if kind in "ub" else value


def _one_number(value: Any) -> Any:
    """*value* as a number of Python's own, where it is one of an array's."""
    return value.item() if hasattr(value, "item") else value
