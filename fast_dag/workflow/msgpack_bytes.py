"""Documents as msgpack."""

from __future__ import annotations

from typing import Any

from fast_dag.checks import missing_extra
from fast_dag.workflow.document import mismatch, wrong

NAME = "msgpack"

try:
    import msgspec
except ImportError as error:
    raise missing_extra(NAME, "msgspec", "serialize") from error


def encode(data: Any) -> bytes:
    """Plain *data* as bytes; whole numbers have 64 bits at most."""
    try:
        return msgspec.msgpack.encode(data)
    except (msgspec.MsgspecError, OverflowError, ValueError, RecursionError) as error:
        raise wrong(NAME, str(error)) from error


def decode(content: bytes) -> Any:
    """The data of bytes."""
    if not isinstance(content, bytes):
        raise mismatch(content, bytes, "a msgpack document")
    try:
        return msgspec.msgpack.decode(content)
    except RecursionError as error:
        raise wrong(NAME, "nested too deeply to be a document") from error
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise wrong(NAME, str(error)) from error
