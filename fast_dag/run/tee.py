"""A stream with several readers, each of which sees every item."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fast_dag.errors import StreamError
from fast_dag.graph.settings import NodeSettings
from fast_dag.run.streams import ENDED, LAZY, Reader, Stream, is_stream, over_text, shared_text

if TYPE_CHECKING:
    from fast_dag.run.ledger import Ledger

PATIENCE: Final = 0.05
"""Seconds after which a reader that waits for another one looks whether that can come at all."""


def as_stream(
    value: Any, settings: NodeSettings, producer: str, readers: Sequence[str], ledger: Ledger
) -> Stream | None:
    """The stream of *value* for its *readers*; None if it is none, or nobody in the run reads it.

    Raises:
        StreamError: it has several readers, and its node does not say that they share it.
    """
    if settings.stream in ("once", "tee"):
        is_lazy = is_stream(value)
    else:
        is_lazy = settings.stream is None and type(value) in LAZY
    if not is_lazy or not readers:
        return None
    if settings.stream == "tee":
        return Tee(value, producer, ledger, settings.stream_buffer, readers)
    if len(readers) > 1:
        raise StreamError(shared_text(producer, readers), producer)
    return Stream(value, producer, ledger)


class Tee(Stream):
    """Keeps items until the slowest reader has them.

    Parameters:
        source, producer, ledger: as for a `Stream`.
        buffer: how many items are kept at most, None for any number.
        names: all who will read it.
    """

    def __init__(
        self, source: Any, producer: str, ledger: Ledger, buffer: int | None, names: Sequence[str]
    ) -> None:
        super().__init__(source, producer, ledger)
        self._buffer = float("inf") if buffer is None else buffer
        self._changed = self._bridge().condition()
        self._items: deque[Any] = deque()
        self._first = 0
        """The number of the first item that is kept."""
        self._next = dict.fromkeys(names, 0)
        """The number of the item that each reader gets next; those that want no more are gone."""
        self._names: dict[Reader, str] = {}
        self._is_making = False
        self._is_closed = False

    def reader(self, name: str) -> Reader:
        """What the node *name* reads; the same each time it asks."""
        reader = super().reader(name)
        self._names[reader] = name
        return reader

    def leave(self, name: str) -> None:
        """Nothing needs to be kept for *name* any more."""
        with self._changed:
            self._next.pop(name, None)
            self._trim()

    def take(self, reader: Reader) -> Any:
        """The next item for *reader*, in its thread; `ENDED` if there is none."""
        name = self._names[reader]
        with self._changed:
            while not self._has_item(name):
                if self.has_ended and not self._is_making:
                    return self._end()
                if self._is_making or len(self._items) >= self._buffer:
                    self._wait()
                else:
                    self._make_one(reader)
            item = self._items[self._next.setdefault(name, self._first) - self._first]
            self._next[name] += 1
            self._trim()
            return item

    async def take_async(self, reader: Reader) -> Any:
        """The next item for *reader*, on its loop; `ENDED` if there is none."""
        # Whoever waits for a slower reader must not keep the loop from that one.
        return await self._bridge().in_thread(partial(self.take, reader))

    def close(self) -> Awaitable[None] | None:
        """End the source early, and wake whoever waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        return super().close()

    def _has_item(self, name: str) -> bool:
        if self._is_closed:
            raise StreamError(over_text(self.producer), self.producer)
        return self._next.get(name, self._first) < self._first + len(self._items)

    def _end(self) -> Any:
        if self.error is not None:
            raise self.error
        return ENDED

    def _make_one(self, reader: Reader) -> None:
        """Have an item made, without holding up the readers that find theirs."""
        self._is_making = True
        self._changed.release()
        item = ENDED
        try:
            item = self.make(reader)
        finally:
            self._changed.acquire()
            self._is_making = False
            if item is ENDED:
                self.has_ended = True
            else:
                self._items.append(item)
            self._changed.notify_all()

    def _wait(self) -> None:
        """Wait for another reader; one that can never come is an error rather than a hang."""
        if self._is_making:
            self._changed.wait(PATIENCE)
            return
        self.ledger.blocked += 1
        try:
            # Looked at twice: in between a step may just be handed out.
            was_stuck = self.ledger.is_stuck(self.ledger.blocked)
            if not self._changed.wait(PATIENCE) and was_stuck and self.ledger.is_stuck(self.ledger.blocked):
                raise StreamError(self._full_text(), self.producer)
        finally:
            self.ledger.blocked -= 1

    def _full_text(self) -> str:
        slowest = min(self._next, key=self._next.__getitem__)
        return (
            f"{self.producer!r} is {self._buffer} items ahead of {slowest!r}, which cannot go on: "
            "give a larger stream_buffer or more workers, or use stream='list'"
        )

    def _trim(self) -> None:
        """Drop the items that every reader has had."""
        needed = min(self._next.values(), default=self._first + len(self._items))
        while self._items and self._first < needed:
            self._items.popleft()
            self._first += 1
        self._changed.notify_all()
