"""Values, types and names as short texts that fit on a line of a drawing."""

from __future__ import annotations

import builtins
import dataclasses
import inspect
import reprlib
import types
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

JOINERS = "\u200c\u200d"
"""Invisible, and yet part of how some words and emoji are written."""


def printable(text: str) -> str:
    r"""*text* with every control character, line break and stray surrogate written out.

    >>> printable("two\nlines")
    'two\\nlines'
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in JOINERS
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def cut(text: str, limit: int) -> str:
    """At most *limit* characters of *text*, printable."""
    # Cut before too, so that the cost does not grow with the text.
    shown = printable(text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def value_text(value: Any, limit: int) -> str:
    """The value as Python shows it, shortened to *limit* characters; never raises.

    >>> value_text(list(range(1000)), 60)
    '[0, 1, 2, 3, 4, 5, 6, 7, …]'
    """
    return cut(Brief(limit).repr(value), limit)


def type_text(annotation: Any, limit: int) -> str:
    """An annotation the way users write it; '' if there is none.

    >>> type_text(dict[str, int], 60), type_text(float, 60), type_text(None, 60)
    ('dict[str, int]', 'float', 'None')
    """
    if annotation is inspect.Parameter.empty:
        return ""
    if isinstance(annotation, str):
        return cut(annotation, limit)
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return cut(annotation.__name__, limit)
    # Its module names are taken out before it is cut.
    return cut(Brief(4 * limit).repr(annotation).replace("typing.", ""), limit)


class Brief(reprlib.Repr):
    """A repr that looks at no more of a value than a few items on three levels.

    Containers are shown in their own order, since sorting would look at everything in them, and
    their subclasses as the containers they are.  A class with a `__repr__` of its own is asked.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.fillvalue = "…"
        self.maxlevel = 3
        self.maxtuple = self.maxlist = self.maxarray = self.maxdict = self.maxset = self.maxdeque = 8
        self.maxstring = self.maxlong = self.maxother = limit

    def repr1(self, x: Any, level: int) -> str:
        """What stands for *x*, also if its own code fails."""
        try:
            shown = next((shown for kind, shown in SHOWN_AS if isinstance(x, kind)), Brief.repr_instance)
            return shown(self, x, level)
        except Exception:  # noqa: BLE001 - the user's code may raise anything, and must not spoil the drawing
            return f"<{type(x).__name__}, whose repr fails>"

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """The first items."""
        if level <= 0 and x:
            return "{…}"
        pairs = islice(x.items(), self.maxdict)
        shown = [f"{self.repr1(key, level - 1)}: {self.repr1(value, level - 1)}" for key, value in pairs]
        return f"{{{self._joined(shown, len(x))}}}"

    def repr_set(self, x: set[Any] | frozenset[Any], level: int) -> str:
        """Some members: the same ones each time only if there are few."""
        if level <= 0 or not x:
            return "{…}" if x else f"{type(x).__name__}()"
        shown = sorted(self.repr1(member, level - 1) for member in islice(x, self.maxset))
        return f"{{{self._joined(shown, len(x))}}}"

    def repr_bytes(self, x: bytes | bytearray, _level: int) -> str:
        """The first ones."""
        return builtins.repr(x[: self.maxstring])

    def repr_instance(self, x: Any, level: int) -> str:
        """Its own repr, on one line; its type alone if that repr would only add an address."""
        kind: Any = type(x)
        if kind.__repr__ is object.__repr__:
            return f"<{kind.__name__}>"
        if dataclasses.is_dataclass(kind) and _is_generated(kind.__repr__):
            return self._fields(x, level)
        return " ".join(builtins.repr(x)[: 4 * self.maxother].split())

    def _fields(self, x: Any, level: int) -> str:
        name = type(x).__name__
        if level <= 0:
            return f"{name}(…)"
        told = [field.name for field in dataclasses.fields(x) if field.repr]
        shown = [f"{each}={self.repr1(getattr(x, each), level - 1)}" for each in told[: self.maxdict]]
        return f"{name}({self._joined(shown, len(told))})"

    def _joined(self, shown: Sequence[str], size: int) -> str:
        return ", ".join(shown if len(shown) == size else [*shown, self.fillvalue])


SHOWN_AS: tuple[tuple[Any, Callable[[Brief, Any, int], str]], ...] = (
    (str, Brief.repr_str),
    (int, Brief.repr_int),
    (dict, Brief.repr_dict),
    (list, Brief.repr_list),
    (tuple, Brief.repr_tuple),
    (set | frozenset, Brief.repr_set),
    (bytes | bytearray, Brief.repr_bytes),
    (deque, Brief.repr_deque),
    (array, Brief.repr_array),
)


def _is_generated(method: Any) -> bool:
    """Whether *method* was written by `dataclass`, which shows every field in full."""
    code = getattr(inspect.unwrap(method), "__code__", None)
    return code is not None and code.co_filename == "<string>"
