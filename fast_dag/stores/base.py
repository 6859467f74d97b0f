"""What a cache backend is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

METHODS = ("get", "set", "delete", "clear", "exists", "stats")
"""What every backend has."""


class CacheBackend(ABC):
    """Keeps values by key, safe to use from several threads at once.

    Deriving from this class is convenient and not required: any object with these methods is a backend.
    One that also has ``keys(prefix="") -> list[str]`` lets a node drop entries that an earlier process
    stored; one that has ``take_warnings() -> list[str]`` has what it says there shown to whoever watches
    the run.
    """

    persistent: ClassVar[bool] = False
    """Whether entries outlive the process."""
    in_memory: ClassVar[bool] = False
    """Whether it never waits for a disk or a network, so that it may be asked on an event loop."""

    @abstractmethod
    def get(self, key: str, default: Any = None) -> Any:
        """The value kept under *key*, *default* if there is none or its time is over."""

    @abstractmethod
    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep *value* under *key* for *ttl* seconds from now, None for ever."""

    @abstractmethod
    def delete(self, key: str) -> bool:
        """Drop the entry of *key*; whether there was one."""

    @abstractmethod
    def clear(self) -> None:
        """Drop all entries."""

    @abstractmethod
    def exists(self, key: str) -> bool:
        """Whether `get` would find a value; counts neither as a hit nor as use."""

    @abstractmethod
    def stats(self) -> dict[str, Any]:
        """Figures about this backend: hits, misses, size and whatever else it knows."""


def is_backend(found: object) -> bool:
    """Whether *found* is an object with the methods of a backend."""
    return not isinstance(found, type) and not _missing(found)


def check_backend(found: Any, what: str = "backend") -> CacheBackend:
    """*found*, if it can be used as a backend.

    Raises:
        ValueError: it is a class, or lacks methods; the text names them.
    """
    if isinstance(found, type):
        msg = f"{what} is the class {found.__name__}: give an instance of it"
        raise ValueError(msg)  # noqa: TRY004 - a bad setting is a ValueError, whatever is bad about it
    missing = _missing(found)
    if missing:
        msg = f"{what} is a {type(found).__name__}, which is no cache backend: it has no {', '.join(missing)}"
        raise ValueError(msg)
    backend: CacheBackend = found
    return backend


def _missing(found: object) -> list[str]:
    return [name for name in METHODS if not callable(getattr(found, name, None))]
