"""Stored state as bytes: a short head that says how it is written, a check sum, then the data."""

from __future__ import annotations

import json
import pickle
import zlib
from collections.abc import Mapping
from typing import Any, Final

from fast_dag.checks import suggestion
from fast_dag.errors import CycleStateError
from fast_dag.stores.tagged import Where, plain, refused, restored

MAGIC: Final = b"fdcs1"
"""What the bytes begin with; the digit is the version of the format."""
HEAD: Final = len(MAGIC) + 2 + 4 + 8
"""Behind it a letter each for serializer and compression, the check sum, the size of the data."""
LETTERS: Final = {"json": b"j", "pickle": b"p"}
MOST: Final = 1 << 31
"""Bytes that compressed data may grow to."""
DAMAGE = (ValueError, RecursionError, MemoryError)


class StateCodec:
    """Makes bytes of state, and state of bytes.

    Parameters:
        serializer: json, which holds what `register_codec` knows and no code; or pickle.
        allow_pickle: pickle may be written and read.  Reading it runs whatever it says: only for files
            that nobody else can write.
        compress: whether the bytes are compressed (zlib); reading finds out by itself.

    Raises:
        ValueError: no such serializer, or pickle without being allowed.
    """

    def __init__(
        self, serializer: str = "json", *, allow_pickle: bool = False, compress: bool = False
    ) -> None:
        if serializer not in LETTERS:
            near = suggestion(serializer, LETTERS)
            msg = f"no serializer {serializer!r}: known are {', '.join(LETTERS)}{near}"
            raise ValueError(msg)
        if serializer == "pickle" and not allow_pickle:
            msg = "serializer='pickle' runs what a file says when that is read: it needs allow_pickle=True"
            raise ValueError(msg)
        self.serializer, self.allow_pickle, self.compress = serializer, allow_pickle, compress

    def dumps(self, record: Mapping[str, Any]) -> bytes:
        """*record* as bytes.

        Raises:
            CycleStateError: it holds something that cannot be stored; the text names node and key.
        """
        data = self._pickled(record) if self.serializer == "pickle" else _as_json(record)
        size = len(data)
        if self.compress:
            data = zlib.compress(data)
        head = MAGIC + LETTERS[self.serializer] + (b"z" if self.compress else b"-")
        return head + zlib.crc32(data).to_bytes(4, "big") + size.to_bytes(8, "big") + data

    def check(self, value: Any, where: Where) -> None:
        """Nothing, if *value* can be stored; it lies at *where* in a state.

        Raises:
            CycleStateError: it cannot; the text names node and key.
        """
        if self.serializer != "pickle":
            plain(value, where)
            return
        try:
            pickle.dumps(value)
        except Exception as error:
            raise refused(where, f"what cannot be pickled: {error}") from error

    def loads(self, stored: bytes) -> dict[str, Any]:
        """What `dumps` made bytes of; nothing is imported or called that nobody registered.

        Raises:
            CycleStateError: the bytes are none of these, are damaged, or are pickled and that is not allowed.
        """
        if len(stored) < HEAD or not stored.startswith(MAGIC):
            msg = "this is no stored state, or of another version" if stored else "the stored state is empty"
            raise CycleStateError(msg)
        letters = stored[len(MAGIC) : len(MAGIC) + 2]
        data = stored[HEAD:]
        if zlib.crc32(data) != int.from_bytes(stored[HEAD - 12 : HEAD - 8], "big"):
            msg = "the stored state is damaged, or cut off: its check sum is another one"
            raise CycleStateError(msg)
        data = _unpacked(data, int.from_bytes(stored[HEAD - 8 : HEAD], "big"), letters[1:])
        found = self._unpickled(data) if letters[:1] == LETTERS["pickle"] else _from_json(data, letters[:1])
        if type(found) is not dict:
            msg = f"the stored state is a {type(found).__name__}, and has to be a table"
            raise CycleStateError(msg)
        return found

    def _pickled(self, record: Mapping[str, Any]) -> bytes:
        try:
            return pickle.dumps(dict(record))
        except Exception as error:
            msg = f"the state cannot be pickled: {error}"
            raise CycleStateError(msg) from error

    def _unpickled(self, data: bytes) -> Any:
        if not self.allow_pickle:
            msg = "the stored state is pickled, which runs what it says: that needs allow_pickle=True"
            raise CycleStateError(msg)
        try:
            return pickle.loads(data)  # noqa: S301 - the caller has allowed it
        except Exception as error:
            msg = f"the stored state cannot be unpickled: {error}"
            raise CycleStateError(msg) from error


def _as_json(record: Mapping[str, Any]) -> bytes:
    made = plain(dict(record))
    return json.dumps(made, allow_nan=False, separators=(",", ":")).encode("ascii")


def _from_json(data: bytes, letter: bytes) -> Any:
    if letter != LETTERS["json"]:
        msg = f"the stored state says it is written with {letter!r}, which nobody knows"
        raise CycleStateError(msg)
    try:
        return restored(json.loads(data, parse_constant=_no_constant))
    except DAMAGE as error:
        msg = f"the stored state is damaged: {error}"
        raise CycleStateError(msg) from error


def _no_constant(text: str) -> Any:
    msg = f"{text} is not written so"
    raise ValueError(msg)


def _unpacked(data: bytes, size: int, letter: bytes) -> bytes:
    """*data* without compression; it never grows beyond the *size* it says it has."""
    if letter == b"-":
        return data
    msg = "the stored state is damaged: it is no compressed data of the size it says"
    if letter != b"z" or size > MOST:
        raise CycleStateError(msg)
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(data, size + 1)
    except zlib.error as error:
        raise CycleStateError(msg) from error
    if len(found) != size or not unpacker.eof:
        raise CycleStateError(msg)
    return found
