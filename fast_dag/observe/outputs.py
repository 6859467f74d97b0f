"""Files that tools write: under a safe name, in a folder that can be written."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

LONGEST: Final = 100
"""Characters of a label."""


def label_of(text: str) -> str:
    """*text* as part of the name of a file: other characters than letters, digits, ., _ and - become _.

    >>> label_of("../etc/fit 1")
    '.._etc_fit_1'
    """
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)[:LONGEST] or "_"


def folder_path(name: str, value: Any) -> Any:
    """The path of a folder."""
    if not isinstance(value, str | os.PathLike) or not str(value).strip():
        msg = f"{name} must be the path of a folder, got {value!r}"
        raise ValueError(msg)
    return value


def folder_at(path: str | os.PathLike[str], what: str) -> Path:
    """The folder at *path*, made if there is none.

    Raises:
        OSError: it cannot be made or written; *what* says in the text what it is for.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        msg = f"{what}={str(path)!r} is no folder that can be written ({error.strerror}): give another"
        raise OSError(error.errno, msg) from error
    return folder


def write(target: Path, text: str) -> None:
    """Write a file whole or not at all; a link in its place is replaced, not followed.

    Raises:
        OSError: it cannot be written.
    """
    draft = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
    try:
        with draft.open("xb") as file:
            # A text may hold halves of characters, which no encoding has.
            file.write(text.encode("utf-8", "backslashreplace"))
        draft.replace(target)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
