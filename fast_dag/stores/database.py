"""A SQLite file of cache entries that is made when needed, and made anew when it is damaged."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

# The number changes with the columns, so that another release never misreads a file.
TABLE = "entries_1"
SCHEMA = f"""
    CREATE TABLE IF NOT EXISTS {TABLE} (
        key TEXT PRIMARY KEY, kind TEXT NOT NULL, data BLOB NOT NULL, checksum BLOB NOT NULL, expires REAL
    );
    CREATE INDEX IF NOT EXISTS {TABLE}_expires ON {TABLE} (expires) WHERE expires IS NOT NULL;
"""
BUSY = 30.0
"""Seconds to wait for another process that is writing."""
WARNINGS = 100
"""Warnings that are kept until somebody takes them; older ones are forgotten."""
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# The file was moved or cut while it was open: opening it again settles which.
REOPEN = (sqlite3.SQLITE_READONLY_DBMOVED, sqlite3.SQLITE_IOERR_SHORT_READ)
# A child process must neither use nor close what its parent opened, so it keeps such connections.
_INHERITED: list[sqlite3.Connection] = []


class Database:
    """One connection to a file, shared by the threads of this process under a lock.

    Several processes may use one file at once.  *prepare* is called with each connection that is opened.
    """

    def __init__(self, path: Path, prepare: Callable[[sqlite3.Connection], object]) -> None:
        self.path = path
        self._prepare = prepare
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._closer: weakref.finalize[Any, Any] | None = None
        # The process that opened it, and the file it opened: device and number.
        self._opened_as = (0, 0, 0)
        self._warnings: deque[str] = deque(maxlen=WARNINGS)

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What *work* gives on the connection; on a damaged file once more, on a new one.

        Raises:
            OSError: the file cannot be reached, or stays busy for longer than `BUSY` seconds.
        """
        with self._lock:
            try:
                try:
                    return work(self._opened())
                except sqlite3.DatabaseError as error:
                    if not _is_damage(error):
                        raise
                    self._recover(error)
                    return work(self._opened())
            except sqlite3.Error as error:
                msg = f"cache {self.path}: {error}"
                raise OSError(msg) from error

    def warn(self, text: str) -> None:
        """Keep *text* until somebody takes it."""
        self._warnings.append(text)

    def take_warnings(self) -> list[str]:
        """The warnings since the last time."""
        taken: list[str] = []
        with contextlib.suppress(IndexError):  # another thread may take the last one
            while True:
                taken.append(self._warnings.popleft())
        return taken

    def close(self) -> None:
        """Close the connection; it is opened again when needed."""
        with self._lock:
            if self._closer is not None:
                self._closer()
            self._connection = self._closer = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None or self._opened_as != self._identity():
            self.close()
            self._connection = self._open()
            self._opened_as = self._identity()
            self._closer = weakref.finalize(self, _close, self._connection, os.getpid())
            self._prepare(self._connection)
        return self._connection

    def _identity(self) -> tuple[int, int, int]:
        # Somebody may have removed the folder, or put a damaged file aside.
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return (os.getpid(), 0, 0)
        return (os.getpid(), found.st_dev, found.st_ino)

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _connected(self.path)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._set_aside(error)
            return _connected(self.path)

    def _recover(self, error: sqlite3.DatabaseError) -> None:
        """Open the file again; if it was damaged rather than moved, put it aside first."""
        self.close()
        if _code(error) in DAMAGED:
            self._set_aside(error)

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        # Another process may have done so in between; then a few entries are lost, which a cache may.
        aside = self.path.with_name(self.path.name + ".corrupt")
        if self.path.exists():
            self.path.replace(aside)
        for tail in ("-wal", "-shm"):
            self.path.with_name(self.path.name + tail).unlink(missing_ok=True)
        self.warn(f"cache file {self.path} is damaged ({error}): it was moved to {aside.name} and begun anew")


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    try:
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers go on while one process writes; the file remembers it."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        # Another process is switching it on: SQLite does not wait for that one.
        if _code(error) & 0xFF != sqlite3.SQLITE_BUSY:
            raise


def _close(connection: sqlite3.Connection, process: int) -> None:
    if os.getpid() == process:
        connection.close()
    else:
        _INHERITED.append(connection)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = _code(error)
    return code in REOPEN or code & 0xFF in DAMAGED


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0)
