"""Streams: what a generator makes goes to its readers item by item, as they ask for it."""

from __future__ import annotations

import types
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from fast_dag.errors import StreamError
from fast_dag.run.in_context import InContext

if TYPE_CHECKING:
    from fast_dag.run.ledger import Ledger

LAZY: Final = frozenset({types.GeneratorType, types.AsyncGeneratorType})
"""What is taken for a stream wherever it is returned."""

ENDED: Final = object()


def is_stream(value: Any) -> bool:
    """Whether *value* makes its items when it is asked for them."""
    return type(value) in LAZY or isinstance(value, Iterator | AsyncIterator)


def shared_text(producer: str, readers: Sequence[str]) -> str:
    """What to say of a stream that several nodes want to read."""
    return f"{producer!r} is a stream with consumers {', '.join(readers)}; use stream='tee' or 'list'"


def over_text(producer: str) -> str:
    """What to say of a stream that is read when its run has ended."""
    return f"the run that made the stream {producer!r} is over; use stream='list' to keep its items"


class Stream:
    """What one node makes while another reads it.

    Items are made in a context of their own, where the reader is: in its thread, or on its loop.

    Parameters:
        source: the generator, or any other iterator.
        producer: the node that gave it.
        ledger: the bridge between threads and the loop, and the clock, are found there.
    """

    def __init__(self, source: Any, producer: str, ledger: Ledger) -> None:
        self.producer = producer
        self.error: Exception | None = None
        """What the source raised."""
        self.has_ended = False
        self.seconds = 0.0
        """How long making the items took."""
        self.shown = Consumed(producer)
        self.readers: dict[str, Reader] = {}
        self.ledger = ledger
        self._source = source
        self._context = ledger.context.copy()
        self._is_sync = hasattr(type(source), "__next__")

    def reader(self, name: str) -> Reader:
        """What the node *name* reads; the same each time it asks."""
        return self.readers.setdefault(name, Reader(self))

    def was_read_by(self, name: str) -> bool:
        """Whether the node *name* has asked for an item."""
        return name in self.readers and self.readers[name].has_begun

    def take(self, reader: Reader) -> Any:
        """The next item for *reader*, in its thread; `ENDED` if there is none."""
        return self.make(reader)

    async def take_async(self, reader: Reader) -> Any:
        """The next item for *reader*, on its loop; `ENDED` if there is none."""
        if self._is_sync:
            return await self._bridge().in_thread(partial(self.take, reader))
        return await self._made(reader)

    def make(self, reader: Reader) -> Any:
        """Have the source make an item."""
        if self.has_ended:
            return ENDED
        if not self._is_sync:
            return self._bridge().wait_for(partial(self._made, reader))
        started = self.ledger.clock()
        try:
            return self._context.run(next, self._source, ENDED)
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._count(reader, self.ledger.clock() - started)

    def close(self) -> Awaitable[None] | None:
        """End the source early; what an async one still has to do is to be awaited."""
        self.has_ended = True
        if getattr(self._source, "gi_running", False) or getattr(self._source, "ag_running", False):
            return None  # in a thread that has been abandoned
        if isinstance(self._source, AsyncGenerator):
            return self._source.aclose()
        close: Callable[[], None] | None = getattr(self._source, "close", None)
        if close is not None:
            self._context.copy().run(close)
        return None

    async def _made(self, reader: Reader) -> Any:
        started = self.ledger.clock()
        try:
            return await InContext(self._source.__anext__(), self._context)
        except StopAsyncIteration:
            return ENDED
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._count(reader, self.ledger.clock() - started)

    def _fail(self, error: BaseException) -> None:
        self.has_ended = True
        if isinstance(error, Exception):
            self.error = error

    def _count(self, reader: Reader, seconds: float) -> None:
        self.seconds += seconds
        reader.seconds += seconds

    def _bridge(self) -> Any:
        if self.ledger.bridge is None:
            raise StreamError(over_text(self.producer), self.producer)
        return self.ledger.bridge


class Reader:
    """A stream as one of its readers sees it: an iterator and an async iterator."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.has_begun = False
        self.seconds = 0.0
        """How long it waited for items to be made."""

    def __repr__(self) -> str:
        return f"<stream of {self.stream.producer!r}>"

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        self.has_begun = True
        item = self.stream.take(self)
        if item is ENDED:
            self.stream.has_ended = True
            raise StopIteration
        return item

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        self.has_begun = True
        item = await self.stream.take_async(self)
        if item is ENDED:
            self.stream.has_ended = True
            raise StopAsyncIteration
        return item


class Consumed:
    """Stands among the results for a stream that belongs to the nodes that read it."""

    def __init__(self, producer: str) -> None:
        self._producer = producer

    def __repr__(self) -> str:
        return f"<stream of {self._producer!r}, read by others>"

    def __iter__(self) -> Any:
        raise self._error()

    def __next__(self) -> Any:
        raise self._error()

    def __aiter__(self) -> Any:
        raise self._error()

    def _error(self) -> StreamError:
        said = f"the stream of {self._producer!r} belongs to the nodes that read it; to keep it use stream='list'"
        return StreamError(said, self._producer)
