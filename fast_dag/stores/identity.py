"""Values for objects, by identity."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

V = TypeVar("V")


class IdentityMap(Generic[V]):
    """A value for each object, for as long as the object lives; objects are never compared.

    An object that cannot be referred to weakly is kept for good.
    """

    def __init__(self) -> None:
        # Re-entrant: an object may be collected while this very thread holds the lock.
        self._lock = threading.RLock()
        self._found: dict[int, tuple[Callable[[], Any], V]] = {}

    def get(self, owner: Any) -> V | None:
        """The value of *owner*, None if it has none yet."""
        found = self._found.get(id(owner))
        return found[1] if found is not None and found[0]() is owner else None

    def get_or_make(self, owner: Any, make: Callable[[], V]) -> V:
        """The value of *owner*; the first time it is made, once."""
        found = self.get(owner)
        if found is not None:
            return found
        with self._lock:
            found = self.get(owner)
            if found is None:
                found = make()
                self._found[id(owner)] = (self._reference(owner), found)
            return found

    def _reference(self, owner: Any) -> Callable[[], Any]:
        number = id(owner)

        def forget(reference: Any) -> None:
            with self._lock:
                # The number may belong to another object by now.
                if number in self._found and self._found[number][0] is reference:
                    del self._found[number]

        try:
            return weakref.ref(owner, forget)
        except TypeError:
            return lambda: owner


_NUMBERS = itertools.count(1)
_TOKENS: IdentityMap[bytes] = IdentityMap()


def token_of(owner: Any) -> bytes:
    """What tells *owner* from every other object this process has had."""
    return _TOKENS.get_or_make(owner, lambda: b"@%d;" % next(_NUMBERS))
