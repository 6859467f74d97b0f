"""How much memory a value takes, about."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Collection, Iterator
from itertools import chain
from operator import length_hint
from typing import Any, NamedTuple

from fast_dag.private import Private

LOOKED_AT = 50_000
"""So many objects are looked at; the rest is estimated."""
CONTAINERS = (list, tuple, set, frozenset, deque)
SIMPLE = frozenset({type(None), bool, int, float, complex, str, bytes, bytearray})
SHARED = (type, type(sys), type(LOOKED_AT.bit_length), type(length_hint), type(lambda: None))
"""Classes, modules and functions belong to the program, not to the value that names them."""


class Level(NamedTuple):
    """A container that is being walked: what is left of it, how much it held, the total before it."""

    left: Iterator[Any]
    length: int
    before: int


def size_of(value: Any) -> int:
    """Bytes that *value* takes with all it holds; an object that is held twice counts once.

    Looks into containers, attributes and the buffers of array-likes (``nbytes``).  What C extensions
    keep elsewhere is not seen.
    """
    seen: set[int] = set()
    total = 0
    levels = [Level(iter((value,)), 1, 0)]
    while levels and len(seen) < LOOKED_AT:
        for part in levels[-1].left:
            if id(part) in seen or isinstance(part, SHARED):
                continue
            seen.add(id(part))
            total += _own_size(part)
            held = _held(part)
            if held:
                levels.append(Level(iter(held), len(held), total))
                break
            if len(seen) >= LOOKED_AT:
                break
        else:
            levels.pop()
    return _extrapolated(total, levels)


def _extrapolated(total: int, levels: list[Level]) -> int:
    """The *total* with what is left on each level, taken to be like what was seen of it."""
    for left, length, before in reversed(levels):
        ahead = length_hint(left)
        total += (total - before) * ahead // max(length - ahead, 1)
    return total


def _own_size(value: Any) -> int:
    size = sys.getsizeof(value, 64)
    buffer = value.nbytes if hasattr(type(value), "nbytes") else None
    # An array that owns its memory has it in its own size already, a view has not.
    return max(size, buffer) if isinstance(buffer, int) else size


def _held(value: Any) -> Collection[Any]:
    if type(value) in SIMPLE:
        return ()
    if isinstance(value, dict):
        return list(chain.from_iterable(list(value.items())))
    if isinstance(value, Private):
        return (value.reveal(),)
    # Copied: another thread may add to it meanwhile.
    if isinstance(value, CONTAINERS):
        return list(value)
    attributes = getattr(value, "__dict__", None)
    slots = [getattr(value, name, None) for name in _slots(type(value))]
    return [attributes, *slots] if isinstance(attributes, dict) else slots


def _slots(kind: type) -> list[str]:
    found = [vars(base).get("__slots__", ()) for base in kind.__mro__]
    return [name for names in found for name in ((names,) if isinstance(names, str) else names)]
