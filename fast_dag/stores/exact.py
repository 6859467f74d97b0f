"""Which values JSON gives back exactly as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

DEPTH = 200
"""Containers within containers; the parser of the standard library recurses."""
BITS = 8192
"""Of an int; Python reads and writes no more than 4300 digits by default."""
SIMPLE = (type(None), bool, float)


def inexact(value: Any) -> str | None:
    """What in *value* would not come back from JSON as it is, in words; None if all of it would.

    Subclasses, tuples and keys that are no strings come back as something else, which is why they are
    named here.
    """
    stack: list[Iterator[Any]] = [iter((value,))]
    while stack:
        for part in stack[-1]:
            found = _fault(part)
            if found:
                return found
            if type(part) is list or type(part) is dict:
                stack.append(iter(_held(part)))
                break
        else:
            stack.pop()
        if len(stack) > DEPTH:
            return f"containers more than {DEPTH} levels deep"
    return None


def _held(container: Any) -> Iterable[Any]:
    return list(container) if type(container) is list else list(container.values())


def _fault(part: Any) -> str | None:
    kind = type(part)
    if kind is str:
        return None if _is_text(part) else "a str with lone surrogates"
    if kind in SIMPLE or kind is list:
        return None
    if kind is int:
        return None if part.bit_length() <= BITS else f"an int of more than {BITS} bits"
    if kind is dict:
        return next((_key_fault(key) for key in part if type(key) is not str or not _is_text(key)), None)
    return f"a value of type {kind.__qualname__!r}"


def _key_fault(key: Any) -> str:
    return (
        f"a dict with a key of type {type(key).__qualname__!r}" if type(key) is not str else str(_fault(key))
    )


def _is_text(text: str) -> bool:
    # Two surrogates one after the other would come back as one character.
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
