"""What a result holds that conditions can read: scalars, and mappings and records that hold them."""

from __future__ import annotations

import enum
import numbers
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fast_dag.cycles.expression_values import Unfit, shown

EXACT: Final[frozenset[type]] = frozenset({int, float, bool, str, type(None)})
DEEPEST: Final = 4
"""Keys that may lead from a result to a scalar."""
MOST_ENTRIES: Final = 256
"""A mapping of more is not searched; what it holds is found by its full path."""


class NoScalar(enum.Enum):
    """The type of `NO_SCALAR`."""

    NO_SCALAR = "no scalar"


NO_SCALAR: Final = NoScalar.NO_SCALAR


def scalar_or_none_such(value: Any) -> Any:
    """*value* as an int, float, bool, str or None of exactly that type, `NO_SCALAR` if it is nothing like it.

    What a subclass makes of an operator does not count.
    """
    if value.__class__ in EXACT:
        return value
    for kind, made in ((int, int.__int__), (float, float.__float__), (str, str.__str__)):
        if isinstance(value, kind):
            return made(value)  # type: ignore[arg-type]
    # The numbers of NumPy and the like, and its bool, which registers as nothing and is known by its name.
    if isinstance(value, numbers.Real):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    if type(value).__name__ in ("bool", "bool_") and hasattr(value, "item"):
        return bool(value)
    return NO_SCALAR


def scalar(value: Any) -> Any:
    """As `scalar_or_none_such`.

    Raises:
        Unfit: it is no scalar.
    """
    found = scalar_or_none_such(value)
    if found is NO_SCALAR:
        msg = f"{shown(value)} is neither a number nor a text"
        raise Unfit(msg)
    return found


def fields_of(value: Any) -> tuple[str, ...]:
    """The fields of a NamedTuple or dataclass instance, none of anything else."""
    kind: Any = type(value)
    found = (
        getattr(kind, "_fields", None)
        if isinstance(value, tuple)
        else getattr(kind, "__dataclass_fields__", None)
    )
    return tuple(found) if found else ()


def entries(value: Any) -> Iterator[tuple[str, Any]]:
    """What *value* holds under names: entries of a mapping that is not too large, or fields."""
    if isinstance(value, Mapping):
        if len(value) <= MOST_ENTRIES:
            yield from ((key, held) for key, held in value.items() if isinstance(key, str))
        return
    for name in fields_of(value):
        # A dataclass may have deleted it, or never have set it.
        held = getattr(value, name, NO_SCALAR)
        if held is not NO_SCALAR:
            yield name, held


def holds_entries(value: Any) -> bool:
    """Whether *value* has entries or fields that conditions may look for."""
    return value.__class__ not in EXACT and (isinstance(value, Mapping) or bool(fields_of(value)))


def part(value: Any, key: Any) -> Any:
    """The entry or field *key* of *value*.

    Raises:
        Unfit: there is none.
    """
    if isinstance(value, Mapping):
        if key in value:
            return value[key]
        known = [each for each in value if isinstance(each, str)][:20]
        msg = f"there is no entry {key!r}; there are {', '.join(map(repr, known)) or 'none'}"
        raise Unfit(msg)
    if isinstance(key, str) and key in fields_of(value):
        return getattr(value, key)
    msg = f"{shown(value)} has no entry {key!r}"
    raise Unfit(msg)
