"""How a value of each type goes into a key: as bytes, or taken apart into a kind and parts."""

from __future__ import annotations

import array
import collections
import enum
import functools
import hashlib
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from fast_dag.graph.node import Node
from fast_dag.stores.functions import LRU_CACHE, closure_of, defaults_of

SHORT = 64
"""Bytes that stand in a key as they are; of longer ones the digest does."""
DIGEST = 20

# Parts are put together after each other.  What an atom gives therefore tells its own end: a letter, then
# a length or a closing semicolon, or (capital letters and #) a digest of fixed length.
Order = Callable[[list[bytes]], Iterable[bytes]]


class Form(NamedTuple):
    """A value taken apart: what it is, its parts, and how the keys of the parts are put together."""

    kind: bytes
    parts: Iterable[Any]
    order: Order = iter


def digest(data: bytes) -> bytes:
    """A digest of *data*; two that are equal are taken for equal data."""
    return hashlib.blake2b(data, digest_size=DIGEST).digest()


def text(value: str) -> bytes:
    """A string as an atom, lone surrogates included."""
    return _sized(b"s", value.encode("utf-8", "surrogatepass"))


def _sized(letter: bytes, data: bytes) -> bytes:
    if len(data) > SHORT:
        return letter.upper() + digest(data)
    return b"%b%d:%b" % (letter, len(data), data)


def _int(value: int) -> bytes:
    # Hexadecimal: decimal digits of huge numbers are slow, and bounded.
    found = b"i%x;" % value
    return found if len(found) <= SHORT else b"I" + digest(found)


ATOMS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"n",
    type(...): lambda _: b".",
    type(NotImplemented): lambda _: b"!",
    bool: lambda value: b"t" if value else b"u",
    int: _int,
    # All NaNs are one key, 0.0 and -0.0 are two: as repr tells them apart.
    float: lambda value: b"f%a;" % value,
    complex: lambda value: b"c%a,%a;" % (value.real, value.imag),
    str: text,
    bytes: lambda value: _sized(b"b", value),
    bytearray: lambda value: _sized(b"y", bytes(value)),
}
"""By exact type: what needs no taking apart."""


def _pairs(parts: list[bytes]) -> list[bytes]:
    return sorted(key + value for key, value in zip(parts[::2], parts[1::2], strict=True))


# Containers are copied before they are walked: another thread may change them meanwhile.
CONTAINERS: dict[type, Callable[[Any], Form]] = {
    list: lambda value: Form(b"list", tuple(value)),
    tuple: lambda value: Form(b"tuple", value),
    set: lambda value: Form(b"set", tuple(value), sorted),
    frozenset: lambda value: Form(b"frozenset", value, sorted),
    dict: lambda value: Form(b"dict", _items(value), _pairs),
    collections.OrderedDict: lambda value: Form(b"OrderedDict", _items(value)),
    collections.Counter: lambda value: Form(b"Counter", _items(value), _pairs),
    collections.defaultdict: lambda value: Form(b"defaultdict", (value.default_factory, dict(value))),
    collections.deque: lambda value: Form(b"deque", (value.maxlen, *value)),
    types.MappingProxyType: lambda value: Form(b"mappingproxy", (dict(value),)),
    range: lambda value: Form(b"range", (value.start, value.stop, value.step)),
    slice: lambda value: Form(b"slice", (value.start, value.stop, value.step)),
    array.array: lambda value: Form(b"array", (value.typecode, value.tobytes())),
}
"""By exact type: a subclass may hold more than its base."""


def _items(value: Any) -> list[Any]:
    return [part for pair in list(value.items()) for part in pair]


def code(value: types.CodeType) -> Form:
    """Code without the lines and the file it stands in, so that moving a function changes nothing."""
    parts = (
        *(value.co_code, value.co_consts, value.co_names, value.co_varnames, value.co_freevars),
        *(value.co_cellvars, value.co_flags, value.co_exceptiontable),
        *(value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount),
    )
    return Form(b"code", parts)


def function(value: types.FunctionType) -> Form:
    """A function by its name, its code and what it carries along."""
    defaults, closure = list(defaults_of(value)), list(closure_of(value))
    carried = [part for held in (*defaults, *closure) for part in (held.label, held)]
    names = (str(value.__module__), value.__qualname__)
    return Form(b"function", (*names, value.__code__, len(defaults), *carried))


CALLABLES: dict[type, Callable[[Any], Form]] = {
    types.CodeType: code,
    types.FunctionType: function,
    types.MethodType: lambda value: Form(b"method", (value.__func__, value.__self__)),
    types.BuiltinFunctionType: lambda value: Form(b"builtin", (*_names(value), value.__self__)),
    types.MethodDescriptorType: lambda value: Form(b"descriptor", (value.__objclass__, value.__name__)),
    types.WrapperDescriptorType: lambda value: Form(b"descriptor", (value.__objclass__, value.__name__)),
    types.ModuleType: lambda value: Form(b"module", (value.__name__,)),
    functools.partial: lambda value: Form(b"partial", (value.func, value.args, value.keywords)),
    LRU_CACHE: lambda value: Form(b"lru_cache", (value.__wrapped__,)),
    Node: lambda value: Form(b"node", (value.func,)),
}


def _moment(value: Any) -> Iterable[Any]:
    return (value.replace(tzinfo=None).isoformat(), value.fold, value.tzinfo)


# By the name of the type, so that nothing is imported for the sake of values that nobody has.
NAMED: dict[tuple[str, str], Callable[[Any], Iterable[Any]]] = {
    ("datetime", "date"): lambda value: (value.isoformat(),),
    ("datetime", "time"): _moment,
    ("datetime", "datetime"): _moment,
    ("datetime", "timedelta"): lambda value: (value.days, value.seconds, value.microseconds),
    ("datetime", "timezone"): lambda value: (value.utcoffset(None), value.tzname(None)),
    ("decimal", "Decimal"): lambda value: tuple(value.as_tuple()),
    ("fractions", "Fraction"): lambda value: (value.numerator, value.denominator),
    ("re", "Pattern"): lambda value: (value.pattern, value.flags),
    ("uuid", "UUID"): lambda value: (value.int,),
    **{
        (module, name): lambda value: (str(value),)
        for module in ("pathlib", "pathlib._local")
        for name in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
    },
}
BUILT_IN = (int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict)


def has_own_form(kind: type) -> bool:
    """Whether values of exactly this type have a key without being registered."""
    is_known = kind in ATOMS or kind in CONTAINERS or kind in CALLABLES
    return is_known or (kind.__module__, kind.__qualname__) in NAMED


def plain_form(value: Any) -> Form | None:
    """How a value of one of Python's own types is taken apart, None for any other."""
    kind = type(value)
    found = CONTAINERS.get(kind) or CALLABLES.get(kind)
    if found is not None:
        return found(value)
    parts = NAMED.get((kind.__module__, kind.__qualname__))
    return None if parts is None else Form(b"object", (*_names(kind), *parts(value)))


def class_form(value: Any) -> Form | None:
    """How a class, or an object whose class tells its parts, is taken apart; None for any other."""
    if isinstance(value, type):
        return Form(b"type", _names(value))
    kind = type(value)
    parts = _parts(kind, value)
    return None if parts is None else Form(b"object", (*_names(kind), *parts))


def _parts(kind: type, value: Any) -> Iterable[Any] | None:
    if isinstance(value, enum.Enum):
        return (value.name,) if value.name is not None else (value.value,)
    if isinstance(value, tuple) and isinstance(getattr(kind, "_fields", None), tuple):
        return (tuple(value), getattr(value, "__dict__", None))
    if hasattr(kind, "__dataclass_fields__") and not isinstance(value, BUILT_IN):
        return _attributes(kind, value)
    if kind.__module__ == "numpy" and hasattr(kind, "dtype"):
        return _array(value)
    if (kind.__module__, kind.__qualname__) == ("zoneinfo", "ZoneInfo") and value.key is not None:
        return (value.key,)
    return None


def _attributes(kind: Any, value: Any) -> Iterator[Any]:
    """The fields of a dataclass and whatever else was set on the object."""
    names = {*kind.__dataclass_fields__, *getattr(value, "__dict__", ())}
    for name in sorted(names):
        if isinstance(getattr(kind, name, None), functools.cached_property):
            continue
        if hasattr(value, name):
            yield name
            yield getattr(value, name)


def _array(value: Any) -> Iterable[Any] | None:
    if value.dtype.hasobject:  # its bytes are addresses
        return None
    return (repr(value.dtype), value.shape, value.tobytes())


def _names(kind: Any) -> tuple[str, str]:
    return (str(kind.__module__), kind.__qualname__)
