"""The elements a map goes through, some levels deep, and their results in the same shape."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Self

from fast_dag.errors import ExecutionError

Index = tuple[int, ...]

IMMUTABLE: Final = frozenset({tuple, range})
MUTABLE: Final = frozenset(
    {list, set, frozenset, deque, type({}.keys()), type({}.values()), type({}.items())}
)
BUILT_IN: Final = IMMUTABLE | MUTABLE
"""Types that can be gone through without running code of the user's."""

GAP: Final = object()
"""Where an element has no result yet, or is left out."""


class Elements:
    """An iterator over (index, element); *depth* 2 goes through the elements of each element.

    An index has a number for each level.  What an element gives is `put` at its index.
    """

    def __init__(self, value: Any, depth: int) -> None:
        self._depth = depth
        self._results: list[Any] = []
        self.is_built_in = is_built_in(value, depth)
        """Whether going on runs no code of the user's, nor sees what the user's does meanwhile."""
        if depth == 1:
            source = list(value) if type(value) in MUTABLE else value
            self._pairs = _numbered(source, self._results)
        else:
            pairs = _leaves(value, depth, self._results)
            self._pairs = iter(list(pairs)) if self.is_built_in else pairs

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[Index, Any]:
        return next(self._pairs)

    def put(self, index: Index, value: Any) -> None:
        """Keep what the element at *index* gave."""
        found = self._results
        for place in index[:-1]:
            found = found[place]
        found[index[-1]] = value

    def at(self, index: Index) -> Any:
        """What the element at *index* gave, None if that is nothing."""
        found: Any = self._results
        for place in index:
            found = found[place]
        return None if found is GAP else found

    def results(self) -> list[Any]:
        """The results in the shape of the elements, without those that gave none."""
        lists = [self._results]
        for _ in range(self._depth - 1):
            lists = [inner for each in lists for inner in each]
        for each in lists:
            each[:] = [value for value in each if value is not GAP]
        return self._results


def is_built_in(value: Any, depth: int) -> bool:
    """Whether *value*, and what lies in it above the lowest of *depth* levels, is of built-in types."""
    level: Iterable[Any] = (value,)
    for above in range(depth, 0, -1):
        level = list(level)
        if not all(type(each) in BUILT_IN for each in level):
            return False
        if above > 1:
            level = (inner for each in level for inner in each)
    return True


def is_iterable(value: Any) -> bool:
    """Whether a map takes *value* for a number of elements: no text, and no mapping."""
    is_one = isinstance(value, str | bytes | Mapping)
    return not is_one and (hasattr(type(value), "__iter__") or hasattr(type(value), "__getitem__"))


def _numbered(source: Iterable[Any], results: list[Any]) -> Iterator[tuple[Index, Any]]:
    for number, item in enumerate(source):
        results.append(GAP)
        yield (number,), item


def _leaves(source: Any, depth: int, results: list[Any]) -> Iterator[tuple[Index, Any]]:
    """The elements *depth* levels down; room for each, and for each level, is made in *results*."""
    levels = [(iter(source), results)]
    while levels:
        iterator, made = levels[-1]
        for item in iterator:
            made.append(GAP if len(levels) == depth else [])
            index = tuple([len(each) - 1 for _, each in levels])
            if len(levels) < depth:
                levels.append((_opened(item, index), made[-1]))
                break
            yield index, item
        else:
            levels.pop()


def _opened(value: Any, index: Index) -> Iterator[Any]:
    if not is_iterable(value):
        place = "".join(f"[{number}]" for number in index)
        msg = f"the map goes deeper than what it is given: a {type(value).__name__} is at {place}"
        raise ExecutionError(msg)
    return iter(value)
