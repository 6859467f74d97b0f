"""What is there already, and may be awaited as well, by callers who take what gave it for a coroutine."""

from __future__ import annotations

from collections.abc import Generator
from typing import Self, TypeVar

T = TypeVar("T")


class Settled:
    """A value that may be awaited: ``await x`` is ``x``; who does not await it is warned of nothing."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, Self]:
        yield from ()
        return self


class SettledList(list[T], Settled):
    """A list that may be awaited."""

    __slots__ = ()


class SettledText(str, Settled):
    """A text that may be awaited."""

    __slots__ = ()


DONE = Settled()
"""What a method gives that has nothing to give."""
