"""Where in a value a secret lies, for the text of an error."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from fast_dag.private import Private
from fast_dag.run.brief import brief

LOOKED_AT: Final = 100_000
"""So many objects are looked at."""
LISTED: Final = (list, tuple, set, frozenset, deque)


def place_of_secret(value: Any) -> str | None:
    """Where in *value* the first `Private` lies: "" if it is one itself, None if none is found.

    Looks into containers and attributes, the nearest first.

    >>> place_of_secret({"login": [1, Private("x")]})
    "['login'][1]"
    """
    seen: set[int] = set()
    due: deque[tuple[str, Any]] = deque([("", value)])
    for _ in range(LOOKED_AT):
        if not due:
            break
        place, part = due.popleft()
        if isinstance(part, Private):
            return place
        if id(part) not in seen:
            seen.add(id(part))
            due.extend(islice(_held(place, part), LOOKED_AT))
    return None


def _held(place: str, part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        yield from ((f"{place}[{brief(key)}]", held) for key, held in part.items())
        yield from ((f"{place}.keys()", key) for key in part)
    elif isinstance(part, LISTED):
        yield from ((f"{place}[{index}]", held) for index, held in enumerate(part))
    else:
        attributes = getattr(part, "__dict__", None)
        slots = getattr(type(part), "__slots__", ())
        named = {name: getattr(part, name, None) for name in ([slots] if isinstance(slots, str) else slots)}
        held_by = {**named, **attributes} if isinstance(attributes, dict) else named
        yield from ((f"{place}.{name}", held) for name, held in held_by.items())
