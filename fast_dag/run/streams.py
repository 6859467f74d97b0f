"""Streams: what a generator makes goes to its readers item by item, as they ask for it."""

from __future__ import annotations

import types
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from fast_dag.errors import StreamError
from fast_dag.run.in_context import InContext
from fast_dag.run.wrapping import text_of

if TYPE_CHECKING:
    from fast_dag.run.ledger import Ledger

ENDED: Final = object()

MAKING: ContextVar[Stream | None] = ContextVar("making", default=None)
"""The stream whose source is running."""


def is_stream(value: Any) -> bool:
    """Whether *value* makes its items when it is asked for them."""
    return type(value) in LAZY or isinstance(value, Iterator | AsyncIterator)


def shown(value: Any) -> Any:
    """*value* as it stands among the results."""
    return value.shown if isinstance(value, Stream) else value


def over_text(producer: str) -> str:
    """What to say of a stream that is read when its run has ended."""
    return f"the run that made the stream {producer!r} is over; use stream='list' to keep its items"


def closing_text(producer: str, error: Exception) -> str:
    """What to say of a stream whose source raised while it was closed."""
    return f"closing the stream {producer!r} raised {type(error).__name__}: {text_of(error)}"


@contextmanager
def _warned(producer: str) -> Iterator[None]:
    """Warn of what a source raises that is closed late: whoever asked for its last item has been left."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a generator of the user's may raise anything
        warnings.warn(closing_text(producer, error), RuntimeWarning, stacklevel=4)


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
        self.error: BaseException | None = None
        """What the source raised."""
        self.has_begun = False
        """Whether an item has been asked for."""
        self.has_ended = False
        """Whether the source is used up."""
        self.is_closed = False
        self.seconds = 0.0
        """How long making the items took."""
        self.shown = Consumed(producer)
        self.readers: dict[str, Reader] = {}
        self.ledger = ledger
        self.unit = -1
        """The unit of the producer, if it belongs to the run that reads the stream."""
        self.scope: object = None
        """Tells readers of one name in different runs apart."""
        self.asking: Reader | None = None
        """Whom an item is being made for."""
        self.held: list[object] = []
        """The calls that wait for others on the way to the item that is being made."""
        self.is_sync: bool = (
            source.stream.is_sync if isinstance(source, Reader) else hasattr(type(source), "__next__")
        )
        self._source = source
        self._context = ledger.context.copy()
        self._context.run(MAKING.set, self)
        # Whoever takes it out has the source for itself: no lock, as nobody may wait for a generator.
        self._turn = [None]

    def reader(self, name: str) -> Reader:
        """What the node *name* reads; the same each time it asks."""
        return self.readers.setdefault(name, Reader(self, name))

    def was_read_by(self, name: str) -> bool:
        """Whether the node *name* has asked for an item."""
        return name in self.readers and self.readers[name].has_begun

    def take(self, reader: Reader) -> Any:
        """The next item for *reader*, in its thread; `ENDED` if there is none."""
        return self.make(reader)

    async def take_async(self, reader: Reader) -> Any:
        """The next item for *reader*, on its loop; `ENDED` if there is none."""
        if self.is_sync:
            return await self._bridge().in_thread(partial(self.take, reader))
        return await self._made(reader)

    def make(self, reader: Reader) -> Any:
        """Have the source make an item."""
        if not self.is_sync:
            self.check_open()
            return ENDED if self.has_ended else self._bridge().wait_for(partial(self._made, reader))
        if not self._begins(reader):
            return ENDED
        started = self.ledger.clock()
        try:
            item = self._context.run(next, self._source, ENDED)
            self.has_ended = item is ENDED
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._done(started)
            if self.is_closed and self._has_turn():
                with _warned(self.producer):
                    self._end_source()
        return item

    def close(self) -> Awaitable[None] | None:
        """End the source early; what an async one still has to do is to be awaited.

        One that is just making an item in a thread that was left to itself is ended there, after it.
        """
        self.is_closed = True
        return self._end_source() if self._has_turn() else None

    def lasts(self, *, is_read_async: bool) -> bool:
        """Whether it can still be read when the run is over, and with it the loop of its first items."""
        return self.is_sync or (is_read_async and not self.has_begun)

    def check_open(self) -> None:
        """Raise StreamError if the run is over that would have closed the source."""
        if self.is_closed and not self.has_ended:
            raise StreamError(over_text(self.producer), self.producer)

    async def _made(self, reader: Reader) -> Any:
        if not self._begins(reader):
            return ENDED
        started = self.ledger.clock()
        try:
            return await InContext(self._source.__anext__(), self._context)
        except StopAsyncIteration:
            self.has_ended = True
            return ENDED
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._done(started)
            if self.is_closed and self._has_turn():
                with _warned(self.producer):
                    rest = self._end_source()
                    if rest is not None:
                        await rest

    def _begins(self, reader: Reader) -> bool:
        """Take the turn to make an item for *reader*; false if there are no more."""
        self.check_open()
        if self.has_ended:
            return False
        if not self._has_turn():
            msg = f"the stream {self.producer!r} is asked for an item while it makes another one"
            raise StreamError(msg, self.producer)
        self.has_begun = True
        self.asking = reader
        return True

    def _done(self, started: float) -> None:
        self.seconds += self.ledger.clock() - started
        self.asking = None
        self._turn.append(None)

    def _fail(self, error: BaseException) -> None:
        self.has_ended = True
        self.error = error

    def _has_turn(self) -> bool:
        try:
            self._turn.pop()
        except IndexError:
            return False
        return True

    def _end_source(self) -> Awaitable[None] | None:
        if self.is_sync:
            close: Callable[[], object] | None = getattr(self._source, "close", None)
            if close is not None:
                self._context.run(close)
            return None
        aclose: Callable[[], Awaitable[None]] | None = getattr(self._source, "aclose", None)
        return None if aclose is None else InContext(aclose(), self._context)

    def _bridge(self) -> Any:
        bridge = self.ledger.bridge
        if bridge is None or bridge.is_closed:
            raise StreamError(over_text(self.producer), self.producer)
        return bridge


class Reader:
    """A stream as one of its readers sees it: an iterator and an async iterator."""

    def __init__(self, stream: Stream, name: str) -> None:
        self.stream = stream
        self.name = name
        self.has_begun = False
        self.seconds = 0.0
        """How long it waited for items."""
        self.serves: Stream | None = None
        """The stream whose source reads this one."""

    def __repr__(self) -> str:
        return f"<stream of {self.stream.producer!r}>"

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        started = self._begin()
        try:
            item = self.stream.take(self)
        finally:
            self.seconds += self.stream.ledger.clock() - started
        if item is ENDED:
            raise StopIteration
        return item

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        started = self._begin()
        try:
            item = await self.stream.take_async(self)
        finally:
            self.seconds += self.stream.ledger.clock() - started
        if item is ENDED:
            raise StopAsyncIteration
        return item

    def _begin(self) -> float:
        self.has_begun = True
        self.serves = MAKING.get()
        return self.stream.ledger.clock()


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
        name = self._producer
        msg = f"the stream of {name!r} belongs to the nodes that read it; to keep it use stream='list'"
        return StreamError(msg, name)


LAZY: Final = frozenset({types.GeneratorType, types.AsyncGeneratorType, Reader})
"""What is taken for a stream wherever it is returned."""
