"""A cache in the memory of this process."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from cachetools import TLRUCache

from fast_dag.checks import check_int
from fast_dag.stores.base import CacheBackend
from fast_dag.stores.size import size_of

MB = 1024 * 1024


class Entry(NamedTuple):
    """A value, the seconds it is good for, and the bytes it takes, about."""

    value: Any
    ttl: float
    size: int


class MemoryCache(CacheBackend):
    """Keeps the values that were used last, as they are: nothing is copied.

    Parameters:
        max_size: how many entries at most.
        max_memory_mb: how many megabytes (1024 * 1024 bytes) at most, by an estimate.  A value that is
            larger than this on its own is not kept.
        timer: the clock that times to live are counted on, in seconds.

    Raises:
        ValueError: a limit is not a positive number.
    """

    in_memory: ClassVar[bool] = True

    def __init__(
        self,
        max_size: int = 1000,
        max_memory_mb: float = 100,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        check_int("max_size", max_size, 1)
        self.timer = timer
        self._max_size = max_size
        self._max_memory_mb = _checked_limit(max_memory_mb)
        self._entries: TLRUCache[str, Entry] = TLRUCache(
            self._max_memory_mb * MB, _expiry, timer=timer, getsizeof=_size
        )
        # Re-entrant: dropping a value may run code of the user's, which may ask this very cache.
        self._lock = threading.RLock()
        self._hits = 0
        self._misses = 0

    def get(self, key: str, default: Any = None) -> Any:
        """The value kept under *key*, *default* if there is none or its time is over."""
        with self._lock:
            try:
                entry = self._entries[key]
            except KeyError:
                self._misses += 1
                return default
            self._hits += 1
            return entry.value

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep *value* under *key*, in place of those used longest ago if need be."""
        entry = Entry(value, math.inf if ttl is None else ttl, size_of(value))
        with self._lock:
            if entry.size > self._entries.maxsize:
                self._entries.pop(key, None)  # not kept, and the older value is no longer right
                return
            while key not in self._entries and len(self._entries) >= self._max_size:
                self._entries.popitem()
            self._entries[key] = entry

    def delete(self, key: str) -> bool:
        """Drop the entry of *key*; whether there was one."""
        with self._lock:
            return self._entries.pop(key, None) is not None

    def clear(self) -> None:
        """Drop all entries."""
        with self._lock:
            self._entries.clear()

    def exists(self, key: str) -> bool:
        """Whether `get` would find a value; counts neither as a hit nor as use."""
        with self._lock:
            return key in self._entries

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with *prefix*."""
        with self._lock:
            return [key for key in self._entries if key.startswith(prefix)]

    def stats(self) -> dict[str, Any]:
        """Hits and misses so far; entries and estimated megabytes now, each with its bound."""
        with self._lock:
            return {
                "hits": self._hits,
                "misses": self._misses,
                "size": len(self._entries),
                "max_size": self._max_size,
                "memory_mb": self._entries.currsize / MB,
                "max_memory_mb": self._max_memory_mb,
            }


def _checked_limit(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value <= 0:
        msg = f"max_memory_mb must be a number > 0, got {value!r}"
        raise ValueError(msg)
    return float(value)


def _expiry(_key: str, entry: Entry, now: float) -> float:
    return now + entry.ttl


def _size(entry: Entry) -> int:
    return entry.size
