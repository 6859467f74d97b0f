"""How a value becomes a row of a disk cache and a value again."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from fast_dag.errors import CacheError
from fast_dag.private import UNSTORED
from fast_dag.stores.exact import inexact
from fast_dag.stores.hidden import place_of_secret

# What unpickling sound bytes raises when the class they name has moved or changed.
UNREADABLE = (AttributeError, ImportError, IndexError, KeyError, TypeError, ValueError, EOFError)


class Row(NamedTuple):
    """A value as it is written: how, its bytes, and a checksum of them."""

    kind: str
    data: bytes
    checksum: bytes


class CorruptRowError(Exception):
    """A row that does not hold what was written, or what can be read any more."""


def row_of(value: Any, *, allow_pickle: bool) -> Row:
    """*value* as JSON if that gives it back exactly, else pickled if that is allowed.

    Raises:
        CacheError: JSON cannot hold it and pickling is not allowed, or it cannot be pickled.
    """
    fault = inexact(value)
    if fault is None:
        return _row("json", json.dumps(value, separators=(",", ":")).encode())
    if not allow_pickle:
        _refuse_secrets(value)
        msg = (
            f"{fault} cannot be kept as JSON and come back as it is: DiskCache(allow_pickle=True) pickles it"
        )
        raise CacheError(msg)
    return _row("pickle", _pickled(value))


def value_of(kind: Any, data: Any, checksum: Any) -> Any:
    """The value of a row, pickled ones included.

    Raises:
        CorruptRowError: the row cannot be read.
    """
    if not isinstance(data, bytes) or checksum != _checksum(data):
        msg = "its bytes have changed"
        raise CorruptRowError(msg)
    if kind == "json":
        return json.loads(data)
    if kind != "pickle":
        msg = f"it is of the unknown kind {kind!r}"
        raise CorruptRowError(msg)
    return _unpickled(data)


def _refuse_secrets(value: Any) -> None:
    """Raise a CacheError if *value*, which cannot be written, holds a secret."""
    place = place_of_secret(value)
    if place is not None:
        where = f"the value has at {place} " if place else "the value is "
        msg = f"{where}{UNSTORED}"
        raise CacheError(msg)


def _row(kind: str, data: bytes) -> Row:
    return Row(kind, data, _checksum(data))


def _checksum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _pickled(value: Any) -> bytes:
    import pickle  # noqa: PLC0415 - only where the user allows it

    try:
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError, RecursionError) as error:
        _refuse_secrets(value)
        msg = f"a value of type {type(value).__qualname__!r} cannot be pickled: {error}"
        raise CacheError(msg) from error


def _unpickled(data: bytes) -> Any:
    import pickle  # noqa: PLC0415 - only where the user allows it

    try:
        return pickle.loads(data)  # noqa: S301 - only where the user allows it
    except (pickle.UnpicklingError, *UNREADABLE) as error:
        msg = f"{type(error).__name__}: {error}"
        raise CorruptRowError(msg) from error
