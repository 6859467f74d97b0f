"""The elements a map goes through, some levels deep, and their results in the same shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Self

from fast_dag.errors import ExecutionError

BUILT_IN = (list, tuple, set, frozenset, range)
"""Types that can be gone through without running code of the user's."""

GAP: Final = object()
"""Where an element has no result yet, or is left out."""


class Elements:
    """An iterator over (index, element); *depth* 2 goes through the elements of each element.

    An index has a number for each level.  What an element gives is `put` at its index.
    """

    def __init__(self, value: Any, depth: int) -> None:
        self._depth = depth
        self.is_built_in = depth == 1 and type(value) in BUILT_IN
        self._top: list[Any] = []
        self._levels: list[tuple[Iterator[Any], list[Any]]] = []
        self._source = value

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[tuple[int, ...], Any]:
        levels = self._levels
        if self._source is not GAP:
            levels.append((iter(self._source), self._top))
            self._source = GAP
        while levels:
            iterator, results = levels[-1]
            try:
                item = next(iterator)
            except StopIteration:
                levels.pop()
                continue
            if len(levels) == self._depth:
                results.append(GAP)
                return tuple(len(kept) - 1 for _, kept in levels), item
            results.append([])
            levels.append((_iterator(item), results[-1]))
        raise StopIteration

    def put(self, index: tuple[int, ...], value: Any) -> None:
        """Keep what the element at *index* gave."""
        *outer, last = index
        self._list_at(outer)[last] = value

    def leave_out(self, index: tuple[int, ...]) -> None:
        """Let the element at *index* have no place in the results."""
        self.put(index, GAP)

    def results(self) -> list[Any]:
        """The results in the shape of the elements, gaps left out."""
        lists, depth = [self._top], 1
        while depth < self._depth:
            lists, depth = [inner for each in lists for inner in each], depth + 1
        for each in lists:
            each[:] = [value for value in each if value is not GAP]
        return self._top

    def _list_at(self, index: list[int]) -> list[Any]:
        found = self._top
        for place in index:
            found = found[place]
        return found


def _iterator(value: Any) -> Iterator[Any]:
    if isinstance(value, str | bytes | dict):
        msg = f"a map over several levels needs iterables inside, got {type(value).__name__}"
        raise ExecutionError(msg)
    try:
        return iter(value)
    except TypeError:
        msg = f"a map over several levels needs iterables inside, got {type(value).__name__}"
        raise ExecutionError(msg) from None
