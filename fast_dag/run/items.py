"""The items that go round in a bounded iteration: read once, gathered again, and counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from fast_dag.errors import FeedbackOverflowError
from fast_dag.run.brief import brief
from fast_dag.run.streams import ENDED, is_stream
from fast_dag.values import NO_DATA, Converged

if TYPE_CHECKING:
    from fast_dag.run.visit import Visit


class Items:
    """The items of one round as one port brings them, to be read once; an iterator and an async iterator.

    Parameters:
        source: any iterable.
        name: of the iteration.
        releases: whether an item that was read is let go of; *source* is a list then.
        records: whether items that were read are kept.
        is_shared: whether other ports bring the same source.
    """

    def __init__(
        self,
        source: Any,
        name: str,
        *,
        releases: bool = False,
        records: bool = False,
        is_shared: bool = False,
    ) -> None:
        self.source, self.name, self._releases = source, name, releases
        self._seen: list[Any] | None = [] if records and not isinstance(source, list | tuple) else None
        self._read, self._is_shared = 0, is_shared
        self._iterator: Any = None

    def __repr__(self) -> str:
        return f"<items of {self.name!r}>"

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        item = next(self._begun(), ENDED)
        if item is ENDED:
            raise StopIteration
        return self._taken(item)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        source = self._begun()
        if not isinstance(source, AsyncIterator):
            item = next(source, ENDED)
        else:
            item = await anext(source, ENDED)
        if item is ENDED:
            raise StopAsyncIteration
        return self._taken(item)

    @property
    def has_begun(self) -> bool:
        """Whether an item has been read."""
        return self._read > 0

    @property
    def unread(self) -> int:
        """How many items that were fed back are still to be read."""
        return len(self.source) - self._read if isinstance(self.source, list) else 0

    def all(self) -> list[Any]:
        """All items, those that nobody has read included; it may take its time."""
        if self._seen is None:
            return list(self.source)
        for _ in self:
            pass
        return self._seen

    def _taken(self, item: Any) -> Any:
        if self._releases:
            self.source[self._read] = None
        self._read += 1
        if self._seen is not None:
            self._seen.append(item)
        return item

    def _begun(self) -> Any:
        if self._iterator is None:
            source = self.source
            if self._is_shared and not isinstance(source, Collection):
                what = brief(source)
                msg = f"several nodes of iteration {self.name!r} read its seed: give a list, not {what}"
                raise TypeError(msg)
            if not isinstance(source, Iterable | AsyncIterator):
                msg = f"iteration {self.name!r} goes round with items, but its seed is {brief(source)}"
                raise TypeError(msg)
            self._iterator = source if isinstance(source, Iterator | AsyncIterator) else iter(source)
        return self._iterator


class Gathering:
    """Makes a list of what a node of a bounded iteration gives.

    Parameters:
        name: of the iteration.
        node: the node.
        limit: how many items may wait for the next round, those unread among them; None for any number.
        brought: the items that this round began with.
        must: whether the node has to give items, and not something else.
    """

    def __init__(
        self, name: str, node: str, limit: int | None, brought: Collection[Items], *, must: bool
    ) -> None:
        self._name, self._node, self._limit, self._brought = name, node, limit, brought
        self._must = must

    def around(self, function: Callable[..., Any], visit: Visit) -> Callable[..., Any]:
        """*function*, with what it gives made a list."""

        def gather(*args: Any, **kwargs: Any) -> Any:
            value = function(*args, **kwargs)
            is_async = isinstance(value, Awaitable | AsyncIterator) and not isinstance(value, Items)
            return self._awaited(value, visit) if is_async else self.taken(value)

        return gather

    def taken(self, value: Any) -> Any:
        """What a node gave, as a list."""
        if value is NO_DATA:
            return value
        if type(value) is Converged:
            return Converged(self.taken(value.value))
        if not isinstance(value, Iterable):
            if not self._must:
                return value
            msg = f"iteration {self._name!r} goes round with items, but {self._node!r} gave {brief(value)}"
            raise TypeError(msg)
        made: list[Any] = []
        for item in value:
            self._add(made, item)
        return made

    async def _awaited(self, value: Any, visit: Visit) -> Any:
        if isinstance(value, Awaitable):
            value = await value
        if isinstance(value, AsyncIterator) and not isinstance(value, Items):
            made: list[Any] = []
            async for item in value:
                self._add(made, item)
            return made
        if is_stream(value):
            # The items of a sync one may take their time: the loop does not make them.
            return await visit.run.ledger.bridge.in_thread(partial(self.taken, value))  # type: ignore[union-attr]
        return self.taken(value)

    def _add(self, made: list[Any], item: Any) -> None:
        made.append(item)
        if self._limit is None:
            return
        held = len(made) + max((each.unread for each in self._brought), default=0)
        if held > self._limit:
            whose = f"iteration {self._name!r} holds {held} items"
            msg = f"{whose} for this round and the next, more than max_buffer={self._limit}"
            raise FeedbackOverflowError(msg)


def as_items(value: Any, name: str, node: str) -> Any:
    """What goes round of *value*: a list of items, `NO_DATA` if there are none."""
    if value is NO_DATA:
        return value
    if not isinstance(value, Collection):
        msg = f"iteration {name!r} goes round with items, but {node!r} gave {brief(value)}"
        raise TypeError(msg)
    items = value if isinstance(value, list) else list(value)
    return items or NO_DATA
