"""What was sent to one input in one epoch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Literal, Self

Kind = Literal["value", "stream", "delta"]
"""How values are sent: one for each epoch, items one by one, or facts."""


class Items(Iterator[Any], AsyncIterator[Any]):
    """What a node is given that reads items that were sent: it can be read with for and with async for."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = iter(items)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return next(self._items)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self._items)
        except StopIteration:
            raise StopAsyncIteration from None


class Sent:
    """Everything that was sent to an input in one epoch, in the order of sending."""

    __slots__ = ("items", "kind")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.items: list[Any] = []

    @property
    def value(self) -> Any:
        """What a run is given for it; a stream anew each time."""
        if self.kind == "value":
            return self.items[0]
        return Items(self.items) if self.kind == "stream" else self.items
