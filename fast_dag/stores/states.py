"""Where the states of runs are kept, as bytes under the id of the run."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from fast_dag.checks import suggestion
from fast_dag.errors import CycleStateError
from fast_dag.run.brief import brief

METHODS: Final = ("write", "read", "delete", "run_ids", "latest")
SUFFIX: Final = ".state"
LONGEST: Final = 200
"""Of a file name; most file systems take 255."""


class StateStore(ABC):
    """Keeps the last state of each run, safe to use from several threads at once.

    Deriving from this class is convenient and not required: any object with these methods will do.
    """

    @abstractmethod
    def write(self, run_id: str, data: bytes) -> None:
        """Keep *data* for a run, in place of what was kept for it."""

    @abstractmethod
    def read(self, run_id: str) -> bytes:
        """What was kept last for a run; CycleStateError if there is nothing."""

    @abstractmethod
    def delete(self, run_id: str) -> bool:
        """Drop what is kept for a run; whether there was something."""

    @abstractmethod
    def run_ids(self) -> list[str]:
        """The runs that something is kept for, the one written last at the end."""

    def latest(self) -> str | None:
        """The run that was written last, None if there is none."""
        found = self.run_ids()
        return found[-1] if found else None

    def missing(self, run_id: str) -> CycleStateError:
        """The error for a run that nothing is kept for."""
        known = self.run_ids()
        shown = ", ".join(map(repr, known[-5:])) or "none"
        return CycleStateError(
            f"no state of run {run_id!r} is kept; there is {shown}{suggestion(run_id, known)}"
        )


class MemoryStateStore(StateStore):
    """Keeps states in the memory of this process."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def write(self, run_id: str, data: bytes) -> None:
        """Keep *data* for a run, in place of what was kept for it."""
        check_run_id(run_id)
        with self._lock:
            self._kept.pop(run_id, None)
            self._kept[run_id] = bytes(data)

    def read(self, run_id: str) -> bytes:
        """What was kept last for a run; CycleStateError if there is nothing."""
        with self._lock:
            found = self._kept.get(run_id)
        if found is None:
            raise self.missing(run_id)
        return found

    def delete(self, run_id: str) -> bool:
        """Drop what is kept for a run; whether there was something."""
        with self._lock:
            return self._kept.pop(run_id, None) is not None

    def run_ids(self) -> list[str]:
        """The runs that something is kept for, the one written last at the end."""
        with self._lock:
            return list(self._kept)


class FileStateStore(StateStore):
    """Keeps each state in a file of its own, which is never half written.

    Parameters:
        path: the folder; it is made when something is first written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._last = 0
        """When this process has last written, in nanoseconds since 1970."""

    def __repr__(self) -> str:
        return f"FileStateStore({str(self.path)!r})"

    def write(self, run_id: str, data: bytes) -> None:
        """Keep *data* for a run; what was kept for it stays until the new file is whole.

        Raises:
            OSError: the folder cannot be written.
        """
        target = self._file(run_id)
        self.path.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=self.path)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with self._lock:
                # File systems count in larger steps than two writes may be apart.
                self._last = max(time.time_ns(), self._last + 1)
                os.utime(name, ns=(self._last, self._last))
                Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def read(self, run_id: str) -> bytes:
        """What was kept last for a run; CycleStateError if there is nothing."""
        try:
            return self._file(run_id).read_bytes()
        except FileNotFoundError:
            raise self.missing(run_id) from None

    def delete(self, run_id: str) -> bool:
        """Drop what is kept for a run; whether there was something."""
        try:
            self._file(run_id).unlink()
        except FileNotFoundError:
            return False
        return True

    def run_ids(self) -> list[str]:
        """The runs that something is kept for, the one written last at the end."""
        if not self.path.is_dir():
            return []
        times = {}
        for file in self.path.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):  # somebody has dropped it meanwhile
                times[unquote(file.stem, errors="surrogatepass")] = file.stat().st_mtime_ns
        return sorted(times, key=times.__getitem__)

    def _file(self, run_id: str) -> Path:
        """The file of a run; no id leads out of the folder."""
        check_run_id(run_id)
        name = quote(run_id, safe="", errors="surrogatepass").replace(".", "%2E")
        if len(name) > LONGEST:
            msg = f"a run id of {len(run_id)} characters is too long for a file name: {run_id[:40]!r}..."
            raise CycleStateError(msg)
        return self.path / (name + SUFFIX)


def check_run_id(run_id: Any) -> None:
    """Raise CycleStateError unless *run_id* is a text that is not empty."""
    if not isinstance(run_id, str) or not run_id:
        msg = f"a run id is a non-empty string, got {brief(run_id)}"
        raise CycleStateError(msg)


def state_store(found: Any) -> StateStore:
    """The store that *found* means: None for one in memory, a path for one of files, or a store.

    Raises:
        ValueError: it is none of these; the text says what it lacks.
    """
    if found is None:
        return MemoryStateStore()
    if isinstance(found, str | os.PathLike):
        return FileStateStore(found)
    missing = [name for name in METHODS if not callable(getattr(found, name, None))]
    if missing or isinstance(found, type):
        msg = f"a store of states is a path or an object with {', '.join(METHODS)}; {brief(found)} is none"
        raise ValueError(msg)
    store: StateStore = found
    return store
