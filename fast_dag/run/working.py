"""State as one attempt of a node sees it: what was kept before, and over it what the attempt writes."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Final

from fast_dag.errors import CycleStateError
from fast_dag.run.accumulated import Accumulated, Log, Tail, check_limit

COPIED: Final = (list, dict, set, deque)
"""Containers that are handed out as shallow copies."""

LOOKED_INTO: Final = (Log, *COPIED)

MISSING: Final = object()


def handed_out(value: Any) -> Any:
    """A kept *value* as somebody may have it who must not change it."""
    if isinstance(value, Log):
        return value.values()
    return copy.copy(value) if isinstance(value, COPIED) else value


class Snapshot(Mapping[Any, Any]):
    """Kept state, read-only; containers in it are copied when they are looked at."""

    __slots__ = ("_kept",)

    def __init__(self, kept: Mapping[Any, Any]) -> None:
        self._kept = kept

    def __getitem__(self, key: Any) -> Any:
        return handed_out(self._kept[key])

    def __iter__(self) -> Iterator[Any]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        return repr(dict(self))


class Working(MutableMapping[Any, Any]):
    """A working copy of *kept* state, which costs what is looked at and written, not what is there.

    A container that is looked at is copied once, and that copy counts as written: it may be changed in place.
    """

    __slots__ = ("_gone", "_handed", "_kept", "_new")

    def __init__(self, kept: dict[Any, Any]) -> None:
        self._kept = kept
        self._new: dict[Any, Any] = {}
        self._gone: set[Any] = set()
        self._handed: dict[Any, Any] = {}
        """What the copies are of that were only handed out."""

    def __getitem__(self, key: Any) -> Any:
        value = self._new.get(key, MISSING)
        if value is MISSING:
            if key in self._gone:
                raise KeyError(key)
            value = self._kept[key]
            if not isinstance(value, LOOKED_INTO):
                return value
        elif not isinstance(value, Tail):
            return value
        found = value.values() if isinstance(value, Log | Tail) else copy.copy(value)
        if not isinstance(found, Accumulated):
            self._new[key] = found
            if not isinstance(value, Tail):
                self._handed[key] = value
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        self._new[key] = list(value) if isinstance(value, Accumulated) else value
        self._gone.discard(key)
        self._handed.pop(key, None)

    def __delitem__(self, key: Any) -> None:
        if key not in self:
            raise KeyError(key)
        self._new.pop(key, None)
        self._handed.pop(key, None)
        self._gone.add(key)

    def __contains__(self, key: object) -> bool:
        return key in self._new or (key in self._kept and key not in self._gone)

    def __iter__(self) -> Iterator[Any]:
        # Made before it is gone through: looking at a container writes it.
        before = [key for key in self._kept if key not in self._gone]
        return iter([*before, *(key for key in self._new if key not in self._kept or key in self._gone)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))

    def accumulate(self, key: Any, value: Any, max_history: int | None = 100) -> Sequence[Any]:
        """Add *value* to the values under *key*; the last *max_history* of them, None for all.

        Raises:
            ValueError: *max_history* is no integer of at least 1.
            CycleStateError: under *key* there is something that holds no values in a row.
        """
        check_limit("max_history", max_history)
        held = self._new.get(key)
        if isinstance(held, list) and max_history is not None:
            # Somebody has this very list: it goes on in place.
            held.append(value)
            del held[:-max_history]
            self._handed.pop(key, None)
            return list(held)
        if not isinstance(held, Tail):
            held = self._new[key] = self._tail(key, held)
            self._gone.discard(key)
            self._handed.pop(key, None)
        held.items.append(value)
        held.limit = max_history
        return held.values()

    def changes(self) -> Iterator[tuple[Any, Any, Any]]:
        """What `keep` would change: each key with its values before and after, None for what is not there."""
        for key in self._gone:
            if key in self._kept and key not in self._new:
                yield key, handed_out(self._kept[key]), None
        for key, value in self._new.items():
            if not (key in self._handed and _is_same(self._handed[key], value)):
                before = handed_out(self._kept[key]) if key in self._kept else None
                after = value.values() if isinstance(value, Tail) else value
                if after is not before:
                    yield key, before, after

    def written(self) -> list[list[Any]]:
        """What is written by now: values, values added to those in a row, keys that are gone."""
        plain = [[key, value] for key, value in self._new.items() if not isinstance(value, Tail)]
        tails = [(key, value) for key, value in self._new.items() if isinstance(value, Tail)]
        added = [
            [key, list(tail.items), tail.limit, list(tail.log.items) if tail.is_new else None]
            for key, tail in tails
        ]
        return [plain, added, list(self._gone)]

    def write(self, written: list[list[Any]]) -> None:
        """Write what another working copy of the same state has `written`."""
        plain, added, gone = written
        for key in gone:
            self.pop(key, None)
        self.update(plain)
        for key, items, limit, base in added:
            if base is not None:
                self[key] = base
            for item in items:
                self.accumulate(key, item, limit)

    def keep(self, *, what_changed: bool = False) -> None:
        """Write it into the kept state; with *what_changed* only containers that have become others."""
        for key in self._gone:
            self._kept.pop(key, None)
        for key, value in self._new.items():
            if isinstance(value, Tail):
                there = self._kept.get(key)
                # Elements of one map node each add to what the others added.
                log = there if isinstance(there, Log) and not value.is_new else value.log
                log.take(value)
                self._kept[key] = log
            elif not (what_changed and key in self._handed and _is_same(self._handed[key], value)):
                self._kept[key] = value

    def _tail(self, key: Any, held: Any) -> Tail:
        if held is None and key not in self._new:
            held = [] if key in self._gone else self._kept.get(key, [])
            if isinstance(held, Log):
                return Tail(held, is_new=False)
        if not isinstance(held, list | tuple | deque):
            msg = f"{key!r} holds a {type(held).__name__}, to which nothing can be added: use another key"
            raise CycleStateError(msg, key=key)
        return Tail(Log(held), is_new=key in self._new or key in self._gone)


def _is_same(one: Any, other: Any) -> bool:
    """Whether a copy still holds the very objects it was made with, in the same order."""
    if isinstance(one, Log):
        one = one.values()
    if len(one) != len(other):
        return False
    if isinstance(one, set):
        return set(map(id, one)) == set(map(id, other))
    pairs = zip(one, other, strict=True)
    if not all(mine is its for mine, its in pairs):
        return False
    return not isinstance(one, dict) or all(one[key] is other[key] for key in one)
