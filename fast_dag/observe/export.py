"""What tools have found, as JSON, as a table, or as a page."""

from __future__ import annotations

import csv
import dataclasses
import importlib
import io
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fast_dag.checks import suggestion
from fast_dag.observe.awaitable import SettledText
from fast_dag.observe.outputs import write

FORMATS: Final = ("json", "csv", "html")

Texts = Mapping[str, Callable[[], str]]
"""What makes the text of each format."""


def exported(texts: Texts, format: str, path: str | os.PathLike[str] | None) -> SettledText:
    """The text of a *format*, written to a file if there is a *path*.

    Raises:
        ValueError: there is no such format.
        OSError: the file cannot be written.
    """
    check_format(format)
    text = texts[format]()
    if path is not None:
        write(Path(path).resolve(), text)
    return SettledText(text)


def check_format(format: Any) -> Any:
    """*format*; ValueError if there is none of that name."""
    if format not in FORMATS:
        msg = f"no format {format!r}: known are {', '.join(FORMATS)}{suggestion(format, FORMATS)}"
        raise ValueError(msg)
    return format


def json_text(found: Any) -> str:
    """*found* with the names of its attributes as keys; what JSON has no number for is a text."""
    json = importlib.import_module("json")
    text: str = json.dumps(plain(found), indent=2, ensure_ascii=False, allow_nan=False)
    return text


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; what is neither a text nor a number stands there as JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def plain(found: Any) -> Any:
    """*found* as dicts, lists, texts and numbers.

    >>> plain({"a": (1, float("nan"))})
    {'a': [1, 'nan']}
    """
    pairs = _pairs(found)
    if pairs is not None:
        return {str(key): plain(each) for key, each in pairs}
    if isinstance(found, list | tuple):
        return [plain(each) for each in found]
    is_number = isinstance(found, bool | int | float) and math.isfinite(found)
    return found if found is None or is_number else str(found)


def _pairs(found: Any) -> Iterable[tuple[Any, Any]] | None:
    """The keys or attributes of *found* with their values; None if it has neither."""
    if dataclasses.is_dataclass(found):
        return [(each.name, getattr(found, each.name)) for each in dataclasses.fields(found)]
    if isinstance(found, tuple) and hasattr(found, "_fields"):
        return zip(found._fields, found, strict=True)
    return found.items() if isinstance(found, Mapping) else None


def _cell(value: Any) -> Any:
    made = plain(value)
    if isinstance(made, dict | list):
        return importlib.import_module("json").dumps(made, ensure_ascii=False) if made else ""
    return made
