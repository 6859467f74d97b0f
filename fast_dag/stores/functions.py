"""What a function carries along: its code, its defaults, the values in its closure."""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple

from fast_dag.graph.node import Node

LRU_CACHE = type(functools.lru_cache(len))
KEPT = "__fast_dag_kept__"
LAYERS = 1000
"""Wrappers around wrappers that are looked through."""


class Held(NamedTuple):
    """A value that a function carries along, and as what."""

    role: str
    label: str
    owner: Any
    value: Any

    def __str__(self) -> str:
        return f"{self.role} {self.label!r} of {name_of(self.owner)!r}"


class Kept:
    """The keys of values that a function carries along, from when it first met them.

    Numbers, text and functions are never in here: those are read at each call.  Other values are told
    apart by identity, so that a list in which a function counts its calls makes no two calls different.
    """

    def __init__(self, owner: Any = None) -> None:
        self._owner = None if owner is None else weakref.ref(owner)
        self._found: dict[tuple[str, str], tuple[Any, bytes]] = {}

    def __reduce__(self) -> Any:
        # A function that is pickled by value takes its attributes along; these belong to this process.
        return (Kept, ())

    @classmethod
    def of(cls, function: Any) -> Kept:
        """What is kept for *function*.

        It is an attribute of the function, so it goes when the function goes, even if a value holds
        the function in turn.
        """
        found = function.__dict__.get(KEPT)
        # functools.wraps copies the attributes of one function to another.
        if not isinstance(found, Kept) or not found.belongs_to(function):
            found = function.__dict__[KEPT] = cls(function)
        return found

    def belongs_to(self, function: Any) -> bool:
        """Whether the keys are those of *function*."""
        return self._owner is not None and self._owner() is function

    def get(self, held: Held) -> bytes | None:
        """The key of *held*, None if it has not been met yet."""
        value, key = self._found.get((held.role, held.label), (self, b""))
        return key if value is held.value else None

    def put(self, held: Held, key: bytes) -> None:
        """Keep the *key* of *held*."""
        self._found[held.role, held.label] = (held.value, key)


def kept_key(held: Held) -> bytes | None:
    """The key *held* had when its function first met it, None if it is to be read now."""
    return Kept.of(held.owner).get(held) if _is_kept(held) else None


def keep_key(held: Held, key: bytes) -> None:
    """Keep the *key* of *held*, if values like it are kept."""
    if _is_kept(held):
        Kept.of(held.owner).put(held, key)


def _is_kept(held: Held) -> bool:
    return type(held.owner) is types.FunctionType and type(held.value) is not types.FunctionType


def layers(function: Any) -> list[Any]:
    """*function* and what it wraps, outermost first: wrappers, partials, methods, callable objects."""
    found: list[Any] = []
    seen: set[int] = set()
    left = [function]
    while left and len(found) < LAYERS:
        layer = left.pop()
        if id(layer) not in seen:
            seen.add(id(layer))
            found.append(layer)
            left += reversed(_inner(layer))
    return found


def code_of(layer: Any) -> Any:
    """What tells the code of one layer: its code object, or the name of what has none."""
    if isinstance(layer, types.FunctionType):
        return layer.__code__
    named = layer if isinstance(layer, type | types.BuiltinFunctionType) else type(layer)
    return (str(named.__module__), named.__qualname__)


def defaults_of(function: types.FunctionType) -> Iterator[Held]:
    """The defaults of a plain function; other callables have none of their own."""
    defaults = function.__defaults__ or ()
    code = function.__code__
    names = code.co_varnames[: code.co_argcount][-len(defaults) :]
    named = {**dict(zip(names, defaults, strict=False)), **(function.__kwdefaults__ or {})}
    for name in sorted(named):
        yield Held("default", name, function, named[name])


def closure_of(function: Any) -> Iterator[Held]:
    """The values in the closure of a plain function; a variable without a value yet is left out."""
    if not isinstance(function, types.FunctionType) or function.__closure__ is None:
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__, strict=True):
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        yield Held("closure variable", name, function, value)


def bound_to(layer: Any) -> Iterator[Held]:
    """What a layer that is no plain function brings along: arguments, the object of a method, itself."""
    if isinstance(layer, functools.partial):
        for position, value in enumerate(layer.args):
            yield Held("argument", str(position), layer.func, value)
        for name in sorted(layer.keywords):
            yield Held("argument", name, layer.func, layer.keywords[name])
    elif isinstance(layer, types.MethodType | types.BuiltinFunctionType):
        yield Held("object", "self", layer, layer.__self__)
    elif not isinstance(layer, types.FunctionType | type | Node | LRU_CACHE):
        yield Held("object", "self", layer, layer)


def name_of(function: Any) -> str:
    """What errors call *function*."""
    return str(getattr(function, "__name__", type(function).__name__))


def _inner(layer: Any) -> list[Any]:
    if isinstance(layer, functools.partial):
        return [layer.func]
    if isinstance(layer, types.MethodType):
        return [layer.__func__]
    # Not getattr: an object may answer to any name.
    wrapped = getattr(layer, "__dict__", {}).get("__wrapped__")
    return [inner for inner in (_called(layer), wrapped) if callable(inner)]


def _called(layer: Any) -> Any:
    """Of a class what makes an object, of an object what is called, if that is written in Python."""
    if isinstance(layer, types.FunctionType | types.BuiltinFunctionType):
        return None
    found = vars(layer).get("__init__") if isinstance(layer, type) else getattr(type(layer), "__call__", None)  # noqa: B004
    return found if isinstance(found, types.FunctionType) else None
