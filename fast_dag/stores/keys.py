"""Keys that are equal for equal values and for no others, in every process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

from fast_dag.errors import CacheError
from fast_dag.private import Private
from fast_dag.run.brief import brief
from fast_dag.stores.forms import ATOMS, Form, Order, class_form, digest, has_own_form, plain_form
from fast_dag.stores.functions import Held, keep_key, kept_key
from fast_dag.stores.identity import IdentityMap

ADVICE = "give cache_key=, or register_cache_key({kind}, function)"
KEYLESS = "a Private, and no key is made of a secret: leave it out, with cache_key= or version="

_REGISTERED: dict[type, Callable[[Any], Any]] = {}
_CODES: IdentityMap[bytes] = IdentityMap()


def register_cache_key(kind: type, function: Callable[[Any], Any]) -> None:
    """Let *function* say what tells objects of the class *kind*, and of its subclasses, apart.

    It is given the object and returns something that has a key: numbers, text, containers of them.

    >>> class Table:
    ...     def __init__(self, name: str, version: int) -> None:
    ...         self.name, self.version = name, version
    >>> register_cache_key(Table, lambda table: (table.name, table.version))
    >>> stable_key(Table("birds", 2)) == stable_key(Table("birds", 2))
    True

    Raises:
        ValueError: *kind* is no class, has a key of its own or is `Private`, or *function* cannot be called.
    """
    if not isinstance(kind, type) or not callable(function):
        msg = f"register_cache_key takes a class and a function, got {brief(kind)} and {brief(function)}"
        raise ValueError(msg)  # noqa: TRY004 - a bad setting is a ValueError, whatever is bad about it
    if kind is Private:
        msg = f"register_cache_key takes no key for {KEYLESS}"
        raise ValueError(msg)
    if kind is object or has_own_form(kind):
        msg = f"the keys of {kind.__name__} are fixed: give cache_key= where they do not fit"
        raise ValueError(msg)
    _REGISTERED[kind] = function


def stable_key(value: Any) -> str:
    """A text that is the same for equal values of the same type and structure, and for no others.

    1, 1.0, "1" and True differ, and so do a list and a tuple; the order of dicts and sets does not
    matter.  All NaNs are one key, 0.0 and -0.0 are two.  Functions go by name, code, defaults and
    closure, other objects by what their class tells: dataclasses, named tuples, enumerations, dates,
    numbers, paths, arrays and registered classes.

    Raises:
        CacheError: the value holds itself, or something without a stable key.
    """
    return digest(encoded(value)).hex()


def encoded(value: Any, where: str = "value", advice: str = ADVICE) -> bytes:
    """The key of *value* as bytes that tell their own end.

    Raises:
        CacheError: as `stable_key`; the text begins with *where* and ends with *advice*.
    """
    atom = ATOMS.get(type(value))
    return atom(value) if atom is not None else _Encoding(where, advice).run(value)


class _Frame:
    """A value that is being taken apart: the parts to come, the keys of those done."""

    __slots__ = ("held", "keys", "kind", "order", "parts", "value")

    def __init__(self, value: Any, form: Form, held: Held | None) -> None:
        self.value = value
        self.kind: bytes = form.kind
        self.parts: Iterator[Any] = iter(form.parts)
        self.order: Order = form.order
        self.keys: list[bytes] = []
        self.held = held


class _Encoding:
    """The way through one value, with a stack of its own: values may be nested to any depth."""

    def __init__(self, where: str, advice: str) -> None:
        self._where = where
        self._advice = advice
        self._stack: list[_Frame] = []
        self._open: set[int] = set()
        # With the value itself: its number must not go to another one meanwhile.
        self._done: dict[int, tuple[Any, bytes]] | None = {}

    def run(self, value: Any) -> bytes:
        stack = self._stack
        self._enter(value)
        while True:
            frame = stack[-1]
            for part in frame.parts:
                atom = ATOMS.get(type(part))
                key = atom(part) if atom is not None else self._known(part)
                if key is None:
                    self._enter(part)
                    break
                frame.keys.append(key)
            else:
                key = self._leave()
                if not stack:
                    return key
                stack[-1].keys.append(key)

    def _known(self, part: Any) -> bytes | None:
        if type(part) is Held:
            atom = ATOMS.get(type(part.value))
            return atom(part.value) if atom is not None else kept_key(part) or self._known(part.value)
        if type(part) is CodeType:
            return _CODES.get(part)
        if id(part) in self._open:
            return self._back_to(part)
        found = self._done.get(id(part)) if self._done is not None else None
        return None if found is None else found[1]

    def _back_to(self, part: Any) -> bytes:
        """The key of a function that a function in its own closure refers to: how far out it is."""
        if type(part) is not FunctionType:
            msg = f"{self._shown(None)} holds a {_name(part)} that contains itself, which has no stable key: "
            raise CacheError(msg + self._advice.format(kind=_name(part)))
        # What is inside may read otherwise elsewhere, so no key is used twice from here on.
        self._done = None
        functions = [frame.value for frame in self._stack if type(frame.value) is FunctionType]
        return b"r%d;" % next(n for n, one in enumerate(reversed(functions)) if one is part)

    def _enter(self, part: Any) -> None:
        held, value = (part, part.value) if type(part) is Held else (None, part)
        self._stack.append(_Frame(value, self._form(value, held), held))
        self._open.add(id(value))

    def _leave(self) -> bytes:
        frame = self._stack.pop()
        self._open.discard(id(frame.value))
        key = b"#" + digest(b"%b\0%b" % (frame.kind, b"".join(frame.order(frame.keys))))
        if self._done is not None:
            self._done[id(frame.value)] = (frame.value, key)
        if frame.held is not None:
            keep_key(frame.held, key)
        elif type(frame.value) is CodeType:
            _CODES.get_or_make(frame.value, lambda: key)
        return key

    def _form(self, value: Any, held: Held | None) -> Form:
        if isinstance(value, Private):
            msg = f"{self._shown(held)} holds {KEYLESS}"
            raise CacheError(msg)
        form = plain_form(value) or _registered_form(value) or class_form(value)
        if form is not None:
            return form
        msg = f"{self._shown(held)} holds a {_name(value)}, which has no stable key: "
        raise CacheError(msg + self._advice.format(kind=_name(value)))

    def _shown(self, held: Held | None) -> str:
        """Where the value at hand is: what a function carries along, if that is the nearest."""
        carried = [held, *(frame.held for frame in reversed(self._stack))]
        return str(next(filter(None, carried), self._where))


def _registered_form(value: Any) -> Form | None:
    if not _REGISTERED:
        return None
    kind = type(value)
    function = next((_REGISTERED[base] for base in kind.__mro__ if base in _REGISTERED), None)
    if function is None:
        return None
    told = function(value)
    if type(told) is kind:
        msg = f"the function registered for {_name(value)} gives a {_name(value)} again: return its parts"
        raise CacheError(msg)
    return Form(b"registered", (str(kind.__module__), kind.__qualname__, told))


def _name(value: Any) -> str:
    return type(value).__qualname__
