"""What grows by one value at a time: a log that costs the same however long it is.

What an attempt adds stands in a `Tail` of its own until the attempt is kept, so that nothing of an attempt
that failed ever gets into the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, overload

from fast_dag.checks import check_int


class Log:
    """Values in the order they were added; the last *limit* of them count, None for all."""

    __slots__ = ("items", "limit")

    def __init__(self, items: Iterable[Any] = (), limit: int | None = None) -> None:
        self.items = list(items)
        self.limit = limit

    def take(self, tail: Tail) -> None:
        """Keep what was added."""
        self.items.extend(tail.items)
        self.limit = tail.limit
        if self.limit is not None and len(self.items) > 2 * self.limit:
            # A new list: who was given a view of the old one still has that.
            self.items = self.items[-self.limit :]

    def values(self) -> Sequence[Any]:
        """The values that count: a list, or where there is no limit a view that stays as it is."""
        if self.limit is None:
            return Accumulated(self.items, len(self.items))
        return self.items[-self.limit :]


class Tail:
    """What one attempt adds to a *log*; in place of what was there if *is_new*."""

    __slots__ = ("is_new", "items", "limit", "log")

    def __init__(self, log: Log, *, is_new: bool) -> None:
        self.log, self.is_new = log, is_new
        self.items: list[Any] = []
        self.limit = log.limit

    def values(self) -> Sequence[Any]:
        """The log with what was added."""
        items, tail = self.log.items, self.items
        if self.limit is None:
            return Accumulated(items, len(items), tail, len(tail))
        missing = max(0, self.limit - len(tail))
        return [*(items[-missing:] if missing else ()), *tail[-self.limit :]]


class Accumulated(Sequence[Any]):
    """The first *count* of *items*, and behind them the first *more* of a *tail*; read-only."""

    __slots__ = ("_count", "_items", "_more", "_tail")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, items: list[Any], count: int, tail: Sequence[Any] = (), more: int = 0) -> None:
        self._items, self._count = items, count
        self._tail, self._more = tail, more

    def __len__(self) -> int:
        return self._count + self._more

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._at(place) for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            msg = f"{index} is out of range: there are {len(self)} values"
            raise IndexError(msg)
        return self._at(place)

    def __iter__(self) -> Iterator[Any]:
        return chain(islice(self._items, self._count), islice(self._tail, self._more))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Accumulated | list | tuple):
            return NotImplemented
        return len(self) == len(other) and all(
            mine is its or mine == its for mine, its in zip(self, other, strict=True)
        )

    def __repr__(self) -> str:
        return repr(list(self))

    def _at(self, place: int) -> Any:
        return self._items[place] if place < self._count else self._tail[place - self._count]


def check_limit(name: str, limit: Any) -> None:
    """Raise ValueError unless *limit* is an integer of at least 1, or None."""
    if limit is not None:
        check_int(name, limit, 1)
