"""A stream with several readers, each of which sees every item."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fast_dag.errors import StreamError
from fast_dag.graph.check import shared_text
from fast_dag.graph.settings import NodeSettings
from fast_dag.run.streams import ENDED, LAZY, Reader, Stream, is_stream

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


def shared(reader: Reader, names: Sequence[str], path: str, ledger: Ledger) -> Stream:
    """What *reader* reads, for the nodes called *names* in a run inside its own, at *path*.

    Raises:
        StreamError: they are several, and those outside do not share it either.
    """
    outer = reader.stream
    if len(names) == 1:
        return Stream(reader, outer.producer, ledger)
    if isinstance(outer, Tee):
        return Tee(reader, outer.producer, ledger, outer.buffer, names)
    raise StreamError(shared_text(outer.producer, [path + name for name in names]), outer.producer)


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
        self.buffer = buffer
        self._changed = self._bridge().condition()
        self._items: deque[Any] = deque()
        self._first = 0
        """The number of the first item that is kept."""
        self._next = dict.fromkeys(names, 0)
        """The number of the item that each reader gets next."""
        self._gone: set[str] = set()
        """The readers that nothing is kept for any more."""
        self._told: set[str] = set()
        """Those that have met the error of the source: it comes once, then the end, as from a generator."""
        self._is_making = False

    def leave(self, name: str) -> None:
        """Nothing needs to be kept for *name* any more."""
        with self._changed:
            self._gone.add(name)
            self._trim()

    def take(self, reader: Reader) -> Any:
        """The next item for *reader*, in its thread; `ENDED` if there is none."""
        name = reader.name
        with self._changed:
            while not self._has_item(name):
                if self._is_making:
                    self._wait_for_item(name)
                elif self.has_ended:
                    return self._end(name)
                elif self.buffer is not None and len(self._items) >= self.buffer:
                    self._wait_for_room(reader)
                else:
                    self._make_one(reader)
            item = self._items[self._next[name] - self._first]
            self._next[name] += 1
            self._trim()
            return item

    async def take_async(self, reader: Reader) -> Any:
        """The next item for *reader*, on its loop; `ENDED` if there is none."""
        # Whoever waits for a slower reader must not keep the loop from that one.
        return await self._bridge().in_thread(partial(self.take, reader))

    def lasts(self, *, is_read_async: bool) -> bool:  # noqa: ARG002 - as that of a stream
        """Whether it can still be read when the run is over."""
        return self.is_sync

    def close(self) -> Awaitable[None] | None:
        """End the source early, and wake whoever waits."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()
        return super().close()

    def _has_item(self, name: str) -> bool:
        if self.is_closed:
            self.check_open()
        if self._next[name] < self._first:
            msg = f"items of {self.producer!r} are not kept for {name!r}, which had ended: use stream='list'"
            raise StreamError(msg, self.producer)
        return self._next[name] < self._first + len(self._items)

    def _end(self, name: str) -> Any:
        if self.error is not None and name not in self._told:
            self._told.add(name)
            raise self.error
        return ENDED

    def _make_one(self, reader: Reader) -> None:
        """Have an item made, without holding up the readers that find theirs."""
        self._is_making = True
        self._changed.release()
        item = ENDED
        try:
            item = self.make(reader)
        except BaseException:
            if self.has_ended:
                self._told.add(reader.name)
            raise
        finally:
            self._changed.acquire()
            self._is_making = False
            if item is not ENDED:
                self._items.append(item)
            self._changed.notify_all()

    def _wait_for_item(self, name: str) -> None:
        """Wait for another reader that has an item made."""
        bridge = self._bridge()
        if bridge.is_here() and bridge.is_wanted:
            raise StreamError(self._loop_text(name), self.producer)
        if not self.held:
            self._changed.wait(PATIENCE)
            return
        with self._blocked(self.asking):
            self._changed.wait(PATIENCE)

    def _wait_for_room(self, reader: Reader) -> None:
        """Wait for a slower reader; one that can never come is an error rather than a hang."""
        ledger, waited = self.ledger, 0.0
        with self._blocked(reader):
            while True:
                # Looked at twice: in between a step may just be handed out.
                was_stuck = ledger.is_stuck(len(set(ledger.blocked)), waited)
                if self._changed.wait(PATIENCE):
                    return
                if self._bridge().is_here():
                    raise StreamError(self._loop_text(reader.name), self.producer)
                waited += PATIENCE
                if was_stuck and ledger.is_stuck(len(set(ledger.blocked)), waited):
                    raise StreamError(self._full_text(), self.producer)

    @contextmanager
    def _blocked(self, reader: Reader | None) -> Iterator[None]:
        """Count the call that *reader* belongs to as waiting, and with it every source on the way there."""
        sources: list[Stream] = []
        while reader is not None and reader.serves is not None and reader.serves.asking is not None:
            sources.append(reader.serves)
            reader = reader.serves.asking
        # The call, not the thread: a node may wait for several streams at once.
        call = None if reader is None else (reader.stream.scope, reader.name)
        for source in sources:
            source.held.append(call)
        self.ledger.blocked.append(call)
        try:
            yield
        finally:
            self.ledger.blocked.remove(call)
            for source in sources:
                source.held.remove(call)

    def _loop_text(self, name: str) -> str:
        return (
            f"{name!r} reads the stream {self.producer!r} with a plain for, which holds up the event loop "
            "that others need to go on: use async for"
        )

    def _full_text(self) -> str:
        slowest = min(self._next.keys() - self._gone, key=self._next.__getitem__)
        return (
            f"{self.producer!r} is {self.buffer} items ahead of {slowest!r}, which cannot go on: "
            "give a larger stream_buffer or more workers, or use stream='list'"
        )

    def _trim(self) -> None:
        """Drop the items that every reader has had."""
        wanted = [number for name, number in self._next.items() if name not in self._gone]
        needed = min(wanted, default=self._first + len(self._items))
        while self._items and self._first < needed:
            self._items.popleft()
            self._first += 1
        self._changed.notify_all()
