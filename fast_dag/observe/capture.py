"""A value as text of bounded size, and no repr of the user's is called for it.

Only types whose repr is known are looked into, so no size of a value, no repr that is wrong or slow,
and no secret behind a repr that hides it can come in here.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Self

from fast_dag.private import SHOWN, Private

DEEPEST: Final = 8
"""Levels of containers that are looked into."""
WIDEST: Final = 128
"""Bits of an int that is kept as it is."""
TOLD_BY_STR: Final = frozenset(
    {
        *("datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta"),
        *("pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath"),
        *("fractions.Fraction", "ipaddress.IPv4Address", "ipaddress.IPv6Address", "uuid.UUID"),
    }
)
"""Types of the standard library whose str is short and says it all."""


class Captured(str):
    """The text of a value; its repr is the text itself, as what it stands for would be shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return str.__str__(self)


def capture(value: Any, limit: int) -> Any:
    """None, a bool, a number as it is, else a text of at most *limit* bytes in UTF-8.

    >>> capture({"rows": [1, "a"]}, 100), capture([0] * 1000, 12), capture(0.5, 12)
    ({'rows': [1, 'a']}, [0, 0, 0,..., 0.5)
    """
    kind = type(value)
    if value is None or kind is bool or kind is float or (kind is int and value.bit_length() <= WIDEST):
        return value
    writer = _Writer(limit)
    try:
        if hasattr(kind, "shape") and hasattr(kind, "dtype") and value.shape == ():
            return capture(value.item(), limit)
        writer.write(value)
    except _FullError:
        return Captured(cut("".join(writer.pieces), limit, is_more=True))
    except Exception:  # noqa: BLE001 - a value may change while it is looked at, or be anything at all
        return Captured(cut(f"<{kind.__name__} that cannot be looked at>", limit))
    return Captured("".join(writer.pieces))


def cut(text: str, limit: int, *, is_more: bool = False) -> str:
    """*text* in at most *limit* bytes of UTF-8; where it *is_more* or was cut, it ends in dots."""
    data = text[: limit + 1].encode("utf-8", "backslashreplace")
    if len(data) <= limit and not is_more and len(text) <= limit:
        return data.decode()
    return data[: max(0, limit - 3)].decode("utf-8", "ignore") + "..."[:limit]


class _FullError(Exception):
    """There is no room for more."""


class _Writer:
    """Writes values in pieces until there is no room."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.pieces: list[str] = []
        self._left = limit
        self._around: list[int] = []
        """The containers that what is written lies in."""

    def put(self, text: str) -> Self:
        """Write *text*."""
        self.pieces.append(text)
        self._left -= len(text) if text.isascii() else len(text.encode("utf-8", "backslashreplace"))
        if self._left < 0:
            raise _FullError
        return self

    def write(self, value: Any) -> None:
        """Write any value."""
        kind = type(value)
        if kind is float or kind is bool or value is None:
            self.put(repr(value))  # most of what there is
        elif kind is Private:
            self.put(SHOWN)
        elif id(value) in self._around or len(self._around) >= DEEPEST:
            self.put("...")
        else:
            self._around.append(id(value))
            writer = WRITERS.get(kind.__repr__) or _made_writer(kind)
            writer(self, value)
            self._around.pop()

    def series(self, opening: str, values: Iterable[Any], closing: str) -> None:
        """Write values one after the other."""
        self.put(opening)
        for number, value in enumerate(values):
            self.put(", " if number else "").write(value)
        self.put(closing)

    def pairs(self, opening: str, pairs: Iterable[tuple[Any, Any]], between: str, closing: str) -> None:
        """Write keys, or names as they are, with their values."""
        self.put(opening)
        for number, (key, value) in enumerate(pairs):
            self.put(", " if number else "")
            if between == "=":
                self.put(key)
            else:
                self.write(key)
            self.put(between).write(value)
        self.put(closing)


Write = Callable[[_Writer, Any], object]


def _text(writer: _Writer, value: Any) -> None:
    # No longer than what there is room for: the whole of it may be large.
    writer.put(repr(value[: writer.limit + 1] if type(value) in TEXTS else _plain_text(writer, value)))


def _plain_text(writer: _Writer, value: Any) -> Any:
    base = next(each for each in TEXTS if isinstance(value, each))
    return base.__getitem__(value, slice(writer.limit + 1))


def _int(writer: _Writer, value: Any) -> None:
    bits = int.bit_length(value)
    writer.put(f"<an int of {bits} bits>" if bits > writer.limit * 4 else int.__repr__(value))


def _list(writer: _Writer, value: Any) -> None:
    writer.series("[", list.__iter__(value), "]")


def _tuple(writer: _Writer, value: Any) -> None:
    writer.series("(", tuple.__iter__(value), ",)" if tuple.__len__(value) == 1 else ")")


def _set(writer: _Writer, value: Any) -> None:
    if value:
        writer.series("{", set.__iter__(value), "}")
    else:
        writer.put("set()")


def _frozenset(writer: _Writer, value: Any) -> None:
    writer.series("frozenset({", frozenset.__iter__(value), "})")


def _dict(writer: _Writer, value: Any) -> None:
    writer.pairs("{", dict.items(value), ": ", "}")


def _named_dict(writer: _Writer, value: Any) -> None:
    writer.pairs(f"{type(value).__name__}({{", dict.items(value), ": ", "})")


def _deque(writer: _Writer, value: Any) -> None:
    writer.series("deque([", collections.deque.__iter__(value), "])")


def _proxy(writer: _Writer, value: Any) -> None:
    writer.pairs("mappingproxy({", types.MappingProxyType.items(value), ": ", "})")


def _error(writer: _Writer, value: Any) -> None:
    writer.series(f"{type(value).__name__}(", BaseException.args.__get__(value), ")")  # type: ignore[attr-defined]


def _member(writer: _Writer, value: Any) -> None:
    writer.put(f"{type(value).__name__}.{value._name_}")


def _named_tuple(writer: _Writer, value: Any) -> None:
    pairs = zip(type(value)._fields, tuple.__iter__(value), strict=True)
    writer.pairs(f"{type(value).__name__}(", pairs, "=", ")")


def _record(writer: _Writer, value: Any) -> None:
    names = [each.name for each in dataclasses.fields(value) if each.repr]
    pairs = ((name, getattr(value, name)) for name in names)
    writer.pairs(f"{type(value).__qualname__}(", pairs, "=", ")")


def _array(writer: _Writer, value: Any) -> None:
    shape = tuple(value.shape)
    if shape or not hasattr(value, "item"):
        writer.put(f"<{type(value).__name__} ").write(shape)
        writer.put(f" {str(value.dtype)[:40]}>")
    else:
        writer.write(value.item())


def _decimal(writer: _Writer, value: Any) -> None:
    writer.put(f"Decimal('{value:.60g}')")


def _by_str(writer: _Writer, value: Any) -> None:
    writer.put(f"{type(value).__name__}({str(value)!r})")


def _by_repr(writer: _Writer, value: Any) -> None:
    writer.put(repr(value))


def _name(writer: _Writer, value: Any) -> None:
    kind = type(value).__name__
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    writer.put(f"<{'class' if isinstance(value, type) else kind} {name}>")


def _opaque(writer: _Writer, value: Any) -> None:
    kind = type(value)
    writer.put(f"<{kind.__module__}.{kind.__qualname__} object>")


TEXTS: Final = (str, bytes, bytearray)
WRITERS: Final[Mapping[Any, Write]] = {
    **dict.fromkeys([each.__repr__ for each in TEXTS], _text),
    **dict.fromkeys([type(None).__repr__, bool.__repr__, float.__repr__, complex.__repr__], _by_repr),
    **dict.fromkeys([type(...).__repr__, type(NotImplemented).__repr__], _by_repr),
    int.__repr__: _int,
    list.__repr__: _list,
    tuple.__repr__: _tuple,
    set.__repr__: _set,
    frozenset.__repr__: _frozenset,
    dict.__repr__: _dict,
    collections.OrderedDict.__repr__: _named_dict,
    collections.Counter.__repr__: _named_dict,
    collections.defaultdict.__repr__: _dict,
    collections.deque.__repr__: _deque,
    types.MappingProxyType.__repr__: _proxy,
    BaseException.__repr__: _error,
    enum.Enum.__repr__: _member,
    enum.Flag.__repr__: _member,
    **dict.fromkeys([type.__repr__, types.FunctionType.__repr__, types.ModuleType.__repr__], _name),
    **dict.fromkeys([types.BuiltinFunctionType.__repr__, types.MethodType.__repr__], _name),
    object.__repr__: _opaque,
}
"""By the repr that a type has or inherits: one that its author wrote is not among them."""


@dataclasses.dataclass
class _SampleRecord:
    """Has the repr that `dataclasses` makes."""


class _SampleTuple(NamedTuple):
    """Has the repr that `collections` makes."""

    field: int


def _made_writer(kind: type[Any]) -> Write:
    """What writes values of a *kind* whose repr is its own."""
    code = getattr(kind.__repr__, "__code__", None)
    if code is _SampleTuple.__repr__.__code__:
        return _named_tuple
    if code is _SampleRecord.__repr__.__code__ and dataclasses.is_dataclass(kind) and _is_made(kind.__repr__):
        return _record
    name = f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"
    if name in TOLD_BY_STR:
        return _by_str
    if name == "decimal.Decimal":
        return _decimal
    return _array if hasattr(kind, "shape") and hasattr(kind, "dtype") else _opaque


def _is_made(shown: Any) -> bool:
    """Whether a repr was made by `dataclasses`, not by an author who decorated it likewise."""
    return getattr(getattr(shown, "__wrapped__", None), "__code__", code_of_nobody).co_filename == "<string>"


code_of_nobody: Final = _is_made.__code__
