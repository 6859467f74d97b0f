"""Values as plain JSON data and back, exactly: what JSON has no form for stands in a table with one tag."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Final, NamedTuple

from fast_dag.errors import CycleStateError
from fast_dag.private import UNSTORED, Private
from fast_dag.run.brief import brief

TAG: Final = "$"
"""What the one key of a table begins with that stands for something else."""
DEPTH: Final = 100
"""Containers within containers; the parser of the standard library recurses."""
BITS: Final = 8192
"""Of an int that is written in decimal digits; Python reads no more than 4300 of those by default."""

Where = tuple[Any, ...]
"""The keys that lead to a value."""


class Codec(NamedTuple):
    """How values of one type are stored."""

    name: str
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


MASKED: Final[ContextVar[Private[Any] | None]] = ContextVar("masked", default=None)
"""What a mask is read as, where every `Private` is written as one; None where it is not stored."""
_BY_TYPE: dict[type, Codec] = {}
_BY_NAME: dict[str, Codec] = {}


def register_codec(kind: type, name: str, encode: Callable[[Any], Any], decode: Callable[[Any], Any]) -> None:
    """Let values of exactly the class *kind* be stored.

    >>> from fractions import Fraction
    >>> register_codec(Fraction, "fraction", str, Fraction)
    >>> plain(Fraction(1, 3))
    {'$fraction': '1/3'}

    Parameters:
        kind: the class.
        name: what stored values say they are; it has to stay the same for them to be read again.
        encode: gives something that can be stored.
        decode: makes the value of that again.

    Raises:
        ValueError: one of them is of another type, the class or the name is taken, or the class is
            `Private`, which is not stored.
    """
    is_named = isinstance(name, str) and name
    if not (isinstance(kind, type) and is_named and callable(encode) and callable(decode)):
        msg = f"register_codec takes a class, a name and two functions, got {brief(kind)} and {brief(name)}"
        raise ValueError(msg)
    codec = Codec(name, encode, decode)
    if kind is Private:
        msg = f"no codec takes {UNSTORED}"
        raise ValueError(msg)
    known = _BY_TYPE.get(kind)
    if kind in PLAIN or kind in FORMS or name in (*READERS, "private"):
        msg = f"{kind.__name__} as {name!r}: the class or the name has a form of its own"
        raise ValueError(msg)
    if (known is not None and known.name != name) or (known is None and name in _BY_NAME):
        msg = f"{kind.__name__} as {name!r}: the class or the name is registered already, for another"
        raise ValueError(msg)
    _BY_TYPE[kind] = _BY_NAME[name] = codec


def plain(value: Any, where: Where = (), depth: int = 0) -> Any:
    """*value* in None, booleans, numbers, texts, lists, and tables with texts as keys.

    Raises:
        CycleStateError: it holds something that nobody registered, or itself; the text says where.
    """
    if depth > DEPTH:
        raise refused(where, f"containers more than {DEPTH} levels deep, or one that holds itself")
    kind = type(value)
    form = FORMS.get(kind)
    if form is not None:
        return form(value, where, depth)
    if kind in PLAIN:
        return value
    codec = _BY_TYPE.get(kind)
    if kind is Private and MASKED.get() is not None:
        return {"$private": None}
    if codec is None:
        unknown = f"a {kind.__qualname__}, which cannot be stored: register_codec({kind.__name__}, ...)"
        raise refused(where, UNSTORED if kind is Private else unknown)
    return {TAG + codec.name: plain(codec.encode(value), where, depth + 1)}


def restored(data: Any) -> Any:
    """What `plain` made plain; nothing is called but what was registered.

    Raises:
        CycleStateError: a tag that nobody registered, or data that does not fit it.
    """
    if type(data) is list:
        return [restored(each) for each in data]
    if type(data) is not dict:
        return data
    if len(data) == 1:
        ((key, held),) = data.items()
        if key.startswith(TAG):
            return _read(key[len(TAG) :], held)
    return {key: restored(held) for key, held in data.items()}


def _read(tag: str, held: Any) -> Any:
    codec = _BY_NAME.get(tag)
    read = READERS.get(tag) or (None if codec is None else lambda data: codec.decode(restored(data)))
    if tag == "private" and (mask := MASKED.get()) is not None:
        return mask
    if read is None:
        msg = f"stored state holds a {tag!r}, which nobody registered: register_codec(..., {tag!r}, ...)"
        raise CycleStateError(msg)
    try:
        return read(held)
    except CycleStateError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError) as error:
        msg = f"stored state is damaged: a {tag!r} that is none ({error})"
        raise CycleStateError(msg) from error


def refused(where: Where, what: str) -> CycleStateError:
    """The error for what lies at *where* in a state and cannot be stored; it names node and key."""
    node = key = None
    place = "the state"
    if len(where) > 2 and where[0] == "node_states":  # noqa: PLR2004 - part, node and key
        node, key = str(where[1]), where[2]
        place = f"key {brief(key)} of node {node!r}"
    elif len(where) > 1 and where[0] == "shared":
        key, place = where[1], f"shared key {brief(where[1])}"
    elif where:
        key, place = where[-1], ".".join(map(str, where))
    return CycleStateError(f"{place} holds {what}", node, key)


# Writing, by exact type: a subclass may hold more than its base.


def _text(value: str, _where: Where, _depth: int) -> Any:
    # JSON would make one character of two surrogates that follow each other.
    return value if _is_text(value) else {"$str": [ord(letter) for letter in value]}


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _int(value: int, _where: Where, _depth: int) -> Any:
    return value if value.bit_length() <= BITS else {"$int": hex(value)}


def _float(value: float, _where: Where, _depth: int) -> Any:
    return value if math.isfinite(value) else {"$float": repr(value)}


def _list(value: Sequence[Any], where: Where, depth: int) -> Any:
    return [plain(each, (*where, place), depth + 1) for place, each in enumerate(value)]


def _table(value: Mapping[Any, Any], where: Where, depth: int) -> Any:
    is_plain = all(type(key) is str and _is_text(key) for key in value)
    looks_tagged = len(value) == 1 and is_plain and next(iter(value)).startswith(TAG)
    if is_plain and not looks_tagged:
        return {key: plain(held, (*where, key), depth + 1) for key, held in value.items()}
    pairs = [
        [plain(key, where, depth + 1), plain(held, (*where, key), depth + 1)] for key, held in value.items()
    ]
    return {"$dict": pairs}


def _listed(tag: str) -> Callable[[Any, Where, int], Any]:
    return lambda value, where, depth: {TAG + tag: _list(list(value), where, depth)}


def _moment(value: Any, where: Where, depth: int) -> Any:
    zone = value.tzinfo
    tag = f"${type(value).__name__}"
    return {tag: [value.replace(tzinfo=None).isoformat(), value.fold, plain(zone, where, depth + 1)]}


def _zone(value: timezone, _where: Where, _depth: int) -> Any:
    if value == UTC and value.tzname(None) == "UTC":
        return {"$timezone": [0, None]}
    offset = value.utcoffset(None)
    name = value.tzname(None)
    is_named = name != timezone(offset).tzname(None)
    return {"$timezone": [offset // timedelta(microseconds=1), name if is_named else None]}


PLAIN: Final = frozenset({type(None), bool})
FORMS: Final[dict[type, Callable[[Any, Where, int], Any]]] = {
    str: _text,
    int: _int,
    float: _float,
    list: _list,
    dict: _table,
    tuple: _listed("tuple"),
    set: _listed("set"),
    frozenset: _listed("frozenset"),
    deque: lambda value, where, depth: {"$deque": [value.maxlen, _list(list(value), where, depth)]},
    bytes: lambda value, *_: {"$bytes": value.hex()},
    bytearray: lambda value, *_: {"$bytearray": value.hex()},
    complex: lambda value, *_: {"$complex": [repr(value.real), repr(value.imag)]},
    range: lambda value, *_: {"$range": [value.start, value.stop, value.step]},
    date: lambda value, *_: {"$date": value.isoformat()},
    time: _moment,
    datetime: _moment,
    timedelta: lambda value, *_: {"$timedelta": [value.days, value.seconds, value.microseconds]},
    timezone: _zone,
}

# Reading


def _read_moment(kind: Any) -> Callable[[Any], Any]:
    def read(data: Any) -> Any:
        text, fold, zone = data
        return kind.fromisoformat(text).replace(fold=fold, tzinfo=restored(zone))

    return read


def _read_zone(data: Any) -> timezone:
    microseconds, name = data
    offset = timedelta(microseconds=microseconds)
    if name is not None:
        return timezone(offset, name)
    return timezone(offset) if offset else UTC


def _read_deque(data: Any) -> deque[Any]:
    most, items = data
    return deque(restored(items), most)


def _read_complex(data: Any) -> complex:
    real, imag = data
    return complex(float(real), float(imag))


READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "str": lambda data: "".join(map(chr, data)),
    "int": lambda data: int(data, 16),
    "float": lambda data: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[data],
    "dict": lambda data: {restored(key): restored(held) for key, held in data},
    "tuple": lambda data: tuple(restored(data)),
    "set": lambda data: set(restored(data)),
    "frozenset": lambda data: frozenset(restored(data)),
    "deque": _read_deque,
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "complex": _read_complex,
    "range": lambda data: range(*data),
    "date": date.fromisoformat,
    "time": _read_moment(time),
    "datetime": _read_moment(datetime),
    "timedelta": lambda data: timedelta(*data),
    "timezone": _read_zone,
}
