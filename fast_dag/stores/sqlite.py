"""A cache in a file, which several processes may share."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from fast_dag.stores.base import CacheBackend
from fast_dag.stores.database import TABLE, Database
from fast_dag.stores.rows import CorruptRowError, row_of, value_of

FILE = "cache.sqlite"
LAST = "\U0010ffff"
READ = f"SELECT kind, data, checksum, expires FROM {TABLE} WHERE key = ?"  # noqa: S608 - a constant
WRITE = f"INSERT OR REPLACE INTO {TABLE} VALUES (?, ?, ?, ?, ?)"  # noqa: S608
DELETE = f"DELETE FROM {TABLE} WHERE key = ?"  # noqa: S608
# Only the row that was read: another process may have written a good one since.
DELETE_READ = f"DELETE FROM {TABLE} WHERE key = ? AND data IS ? AND expires IS ?"  # noqa: S608
CLEAR = f"DELETE FROM {TABLE}"  # noqa: S608
PURGE = f"DELETE FROM {TABLE} WHERE expires <= ?"  # noqa: S608
KEYS = f"SELECT key, expires FROM {TABLE} WHERE key BETWEEN ? AND ? ORDER BY key"  # noqa: S608
COUNT = f"SELECT count(*) FROM {TABLE} WHERE expires IS NULL OR expires > ?"  # noqa: S608

Found = tuple[Any] | None


class DiskCache(CacheBackend):
    """Keeps values in an SQLite file, each written whole or not at all.

    Nothing is touched on the disk before the first use.  A damaged entry is a miss and dropped; a
    damaged file is put aside and begun anew; `take_warnings` tells.  Other errors of the disk are OSError.

    Parameters:
        cache_dir: the folder of the file; it is made when needed.
        allow_pickle: whether values that JSON does not give back exactly are pickled.  Unpickling runs
            code: allow it only for a folder that nobody else can write to.  Without it, pickled entries
            are misses and never read.
        timer: the clock that times to live are counted on, in seconds; it has to go on between processes.
    """

    persistent: ClassVar[bool] = True

    def __init__(
        self,
        cache_dir: str | PathLike[str] = ".cache/fast_dag",
        *,
        allow_pickle: bool = False,
        timer: Callable[[], float] = time.time,
    ) -> None:
        self.timer = timer
        self._allow_pickle = allow_pickle
        self._database = Database(Path(cache_dir) / FILE, lambda at: at.execute(PURGE, (timer(),)).close())
        self._counted: Counter[str] = Counter()
        self._lock = threading.Lock()

    def get(self, key: str, default: Any = None) -> Any:
        """The value kept under *key*, *default* if there is none, its time is over or it is damaged."""
        found = self._read(key)
        with self._lock:
            self._counted["hits" if found else "misses"] += 1
        return found[0] if found else default

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Write *value*.

        Raises:
            CacheError: JSON would not give *value* back exactly, and pickling is not allowed or fails.
        """
        row = row_of(value, allow_pickle=self._allow_pickle)
        expires = None if ttl is None else self.timer() + ttl
        self._database.run(lambda at: at.execute(WRITE, (key, *row, expires)).close())

    def delete(self, key: str) -> bool:
        """Drop the entry of *key*; whether there was one."""
        return self._database.run(lambda at: at.execute(DELETE, (key,)).rowcount > 0)

    def clear(self) -> None:
        """Drop all entries."""
        self._database.run(lambda at: at.execute(CLEAR).close())

    def exists(self, key: str) -> bool:
        """Whether `get` would find a value; not counted."""
        return self._read(key) is not None

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with *prefix*."""
        now = self.timer()
        rows = self._all(KEYS, prefix, prefix + LAST)
        return [key for key, expires in rows if key.startswith(prefix) and (expires is None or expires > now)]

    def stats(self) -> dict[str, Any]:
        """Hits and misses of this object; entries and megabytes in the file, and its path."""
        ((size,),) = self._all(COUNT, self.timer())
        path = self._database.path
        megabytes = path.stat().st_size / 2**20
        counted = {name: self._counted[name] for name in ("hits", "misses")}
        return {**counted, "size": size, "disk_mb": megabytes, "path": str(path)}

    def take_warnings(self) -> list[str]:
        """What was found damaged since the last time, in words; the last hundred at most."""
        return self._database.take_warnings()

    def close(self) -> None:
        """Close the file; the next use opens it again.  It is closed as well when the cache is collected."""
        self._database.close()

    def _all(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._database.run(lambda at: at.execute(query, values).fetchall())

    def _read(self, key: str) -> Found:
        return self._database.run(lambda at: self._read_from(at, key))

    def _read_from(self, connection: sqlite3.Connection, key: str) -> Found:
        row = connection.execute(READ, (key,)).fetchone()
        if row is None:
            return None
        kind, data, checksum, expires = row
        if isinstance(expires, int | float) and expires <= self.timer():
            connection.execute(DELETE_READ, (key, data, expires))
            return None
        if kind == "pickle" and not self._allow_pickle:
            return None
        try:
            return (value_of(kind, data, checksum),)
        except CorruptRowError as error:
            connection.execute(DELETE_READ, (key, data, expires))
            self._database.warn(f"entry {key!r} of cache {self._database.path} cannot be read: {error}")
            return None
