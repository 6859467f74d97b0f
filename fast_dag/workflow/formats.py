"""Files and formats: which there are, and how a file is written whole or not at all."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from fast_dag.checks import suggestion

MODULES = {"json": "json_text", "yaml": "yaml_text", "msgpack": "msgpack_bytes"}
"""Where each format is read and written; loaded on first use, for two of them need an optional package."""
SUFFIXES = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".msgpack": "msgpack"}


def format_of(path: str | os.PathLike[str], format: str | None = None) -> str:
    """The format called so, or by the suffix of *path*.

    Raises:
        ValueError: there is no such format.
    """
    if format is not None and format not in MODULES:
        msg = f"no format {format!r}: known are {', '.join(MODULES)}{suggestion(format, MODULES)}"
        raise ValueError(msg)
    found = format or SUFFIXES.get(Path(path).suffix.lower())
    if found is None:
        msg = (
            f"cannot tell the format of {str(path)!r}: use a suffix of {', '.join(SUFFIXES)}, or give format="
        )
        raise ValueError(msg)
    return found


def encode(format: str, data: Any) -> str | bytes:
    """Plain *data* as text or bytes; DocumentError if the format cannot hold it."""
    content: str | bytes = _module(format).encode(data)
    return content


def decode(format: str, content: str | bytes) -> Any:
    """The data of *content*; DocumentError if it is not of the format."""
    return _module(format).decode(content)


def read(path: str | os.PathLike[str]) -> bytes:
    """What the file holds."""
    return Path(path).read_bytes()


def write(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write the file anew; until all of *content* is on the disk, what was there stays."""
    target = Path(path).resolve()
    draft = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
    data = content.encode() if isinstance(content, str) else content
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            draft.unlink()
        raise


def _module(format: str) -> Any:
    return importlib.import_module(f"fast_dag.workflow.{MODULES[format]}")
