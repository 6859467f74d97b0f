"""Where in the results of nodes something lies: its path, how to read it, and what the results look like."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from fast_dag.cycles.expression_values import Unfit
from fast_dag.cycles.scalars import DEEPEST, EXACT, MOST_ENTRIES, NO_SCALAR, entries, holds_entries, part

Reader = Callable[[Any], Any]


class Found(NamedTuple):
    """Something in the results of a node."""

    path: str
    """The node and the keys, joined by dots."""
    node: str
    word: str
    """The last key, of a result itself the node."""
    read: Reader
    """Gets it from a result of the node that looks the same."""
    value: Any
    key: str | None = None
    """The one key that leads to it, if it is an entry of the result itself."""


class Shape(NamedTuple):
    """What a result looks like, as far as names are looked up in it."""

    kinds: frozenset[Any]
    """Types it may have."""
    keys: tuple[Any, ...] | None = None
    """Of a mapping that is searched."""
    inside: tuple[tuple[Reader, Shape], ...] = ()
    """Of the entries that are searched in turn."""


SCALAR = Shape(EXACT)


def shape_of(value: Any, depth: int = 0) -> Shape:
    """What *value* looks like."""
    kind = type(value)
    if kind in EXACT:
        return SCALAR
    kinds = frozenset((kind,))
    if depth == DEEPEST or not holds_entries(value) or _is_huge(value):
        return Shape(kinds)
    inside = tuple(
        (_getter(value, key), shape_of(held, depth + 1))
        for key, held in entries(value)
        if holds_entries(held) and not _is_huge(held)
    )
    return Shape(kinds, tuple(value) if isinstance(value, Mapping) else None, inside)


def alike(value: Any, shape: Shape) -> bool:
    """Whether *value* still looks like *shape*."""
    if value.__class__ not in shape.kinds or (shape.keys is not None and tuple(value) != shape.keys):
        return False
    return all(alike(read(value), inside) for read, inside in shape.inside)


def leaves_of(results: Mapping[str, Any]) -> list[Found]:
    """Everything in *results* that holds nothing searchable itself, scalar or not."""
    return [each for each in _everything(results) if not holds_entries(each.value)]


def wholes_of(results: Mapping[str, Any]) -> list[Found]:
    """Everything in *results*."""
    return list(_everything(results))


def walked(results: Mapping[str, Any], path: str) -> Found | None:
    """What lies at the full *path*, in mappings of any size; None if nothing does."""
    for node, result in results.items():
        if path != node and not path.startswith(f"{node}."):
            continue
        keys = path[len(node) + 1 :].split(".") if path != node else []
        if len(keys) > DEEPEST:
            continue
        read = _safe_reader(keys)
        value = read(result)
        if value is not NO_SCALAR:
            return Found(path, node, keys[-1] if keys else node, read, value)
    return None


def _everything(results: Mapping[str, Any]) -> Iterator[Found]:
    for node, result in results.items():
        yield Found(node, node, node, _itself, result)
        yield from _inside(node, node, result, ())


def _inside(path: str, node: str, value: Any, getters: tuple[Reader, ...]) -> Iterator[Found]:
    """The recursion is no deeper than `DEEPEST`."""
    if len(getters) == DEEPEST or not holds_entries(value):
        return
    for key, held in entries(value):
        way = (*getters, _getter(value, key))
        is_direct = not getters and isinstance(value, Mapping)
        yield Found(f"{path}.{key}", node, key, _chain(way), held, key if is_direct else None)
        yield from _inside(f"{path}.{key}", node, held, way)


def _is_huge(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) > MOST_ENTRIES


def _itself(value: Any) -> Any:
    return value


def _getter(value: Any, key: str) -> Reader:
    """Reads the entry or field *key*."""
    return (
        operator.itemgetter(key) if isinstance(value, Mapping) else lambda held: getattr(held, key, NO_SCALAR)
    )


def _chain(getters: tuple[Reader, ...]) -> Reader:
    if len(getters) == 1:
        return getters[0]

    def read(value: Any) -> Any:
        for get in getters:
            value = get(value)
        return value

    return read


def _safe_reader(keys: list[str]) -> Reader:
    """Reads what lies behind *keys*, `NO_SCALAR` if nothing does."""

    def read(value: Any) -> Any:
        try:
            for key in keys:
                value = part(value, key)
        except Unfit:
            return NO_SCALAR
        return value

    return read
