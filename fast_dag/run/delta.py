"""Delta variables: facts that a cycle gathers, of which each iteration is given only those that are new."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

from fast_dag.errors import DeltaError
from fast_dag.graph.deltas import DeltaPort
from fast_dag.run.brief import brief
from fast_dag.run.candidates import check_hashable, listed, no_facts, pairs
from fast_dag.run.facts import Facts

MERGES: Final[Mapping[str, Callable[[Any, Any], Any]]] = MappingProxyType({"min": min, "max": max})
EXACT: Final = (int, float, complex, str, bytes, type(None))
"""Types whose values are kept as they are: two different ones may have the same hash, as -1 and -2 have."""
LONGEST: Final = 64
"""Texts and tuples beyond this length are kept as hashes."""
MISSING: Final = object()


class Delta:
    """What a node is given at the input of a delta variable: the facts, and which of them are new.

    >>> paths = Delta(new={(1, 2)}, all={(0, 1), (1, 2)})
    >>> paths
    <Delta, 1 new of 2>

    Parameters:
        new: the facts that the last iteration found, or the seeds: a set, or with a merge a mapping.
        all: every fact so far, those in *new* included.

    In a run both are read-only, and *all* is no copy: it shows what there is when somebody looks.
    """

    __fast_dag_injected__ = "Delta"
    __slots__ = ("all", "new")

    def __init__(self, new: Any = frozenset(), all: Any = frozenset()) -> None:
        self.new = new
        self.all = all

    def __repr__(self) -> str:
        return f"<Delta, {len(self.new)} new of {len(self.all)}>"


class Growth(Protocol):
    """The facts of one delta variable, as they grow."""

    port: DeltaPort
    delta: Delta
    """What the next iteration is given."""
    found: int
    """How many facts the last candidates have brought."""

    def prepared(self, several: Sequence[Any], round: int) -> Any:
        """What *several* collections of candidates bring in a round, 0 for the seeds; changes nothing."""

    def take(self, fresh: Any) -> None:
        """Take in what is new."""

    def gathered(self) -> Any:
        """Every fact, as a set or dict of the caller's own."""

    def saved(self) -> list[Any]:
        """All it keeps, as plain data around the facts."""

    def resume(self, *saved: Any) -> None:
        """Take what `saved` gave in an earlier run."""

    def restart(self) -> None:
        """Begin an epoch; what was new when the one before ended is new again, as nobody has looked at it."""

    def undo(self) -> None:
        """Go back to where the epoch has begun."""


def growth_of(port: DeltaPort) -> Growth:
    """A variable without any fact yet."""
    return FactSet(port) if port.merge == "set" else FactTable(port)


class FactSet:
    """Facts that are there or not."""

    _has_taken = False
    """Whether anything was taken in since the epoch began."""

    def __init__(self, port: DeltaPort) -> None:
        self.port = port
        self._all = Facts()
        self._added: list[frozenset[Any]] = []
        """What each iteration of the epoch has brought, where that may have to be undone."""
        self._left: frozenset[Any] = frozenset()
        """What was new when an earlier epoch ended: nobody has looked at it yet."""
        self._rest()

    def prepared(self, several: Sequence[Any], round: int) -> frozenset[Any]:  # noqa: ARG002 - as of a table
        """What *several* collections of candidates bring that is new."""
        return frozenset().union(*map(self._unknown, several))

    def _unknown(self, candidates: Any) -> Iterable[Any]:
        if isinstance(candidates, set | frozenset):
            return candidates.difference(self._all)
        if isinstance(candidates, Mapping):
            raise no_facts(candidates, self.port)
        facts, known = listed(candidates, self.port), self._all
        try:
            return {fact for fact in facts if fact not in known}
        except TypeError:
            check_hashable(facts, self.port)
            raise

    def take(self, fresh: frozenset[Any]) -> None:
        """Take in what is new."""
        new = fresh if self._has_taken else fresh | self._left
        self._has_taken = True
        self._all.extend(fresh)
        self.found, self.delta = len(new), Delta(new, self._all)
        if self.port.retain:
            self._added.append(fresh)

    def gathered(self) -> set[Any]:
        """Every fact."""
        return set(self._all)

    def saved(self) -> list[Any]:
        """What `resume` takes."""
        return [self.gathered(), list(self.delta.new)]

    def resume(self, facts: set[Any], new: Sequence[Any]) -> None:
        """Take what was gathered in an earlier run, of which *new* was found last."""
        self._all.extend(facts)
        self.found, self.delta = len(new), Delta(frozenset(new), self._all)

    def restart(self) -> None:
        """Begin an epoch."""
        if self._has_taken:
            self._left = self.delta.new
        self._rest()

    def undo(self) -> None:
        """Go back to where the epoch has begun."""
        for fresh in self._added:
            self._all.take_back(fresh)
        self._rest()

    def _rest(self) -> None:
        self._added.clear()
        self._has_taken = False
        self.found, self.delta = 0, Delta(frozenset(), self._all)


class FactTable:
    """Values by key; a fact is new when the value of its key has changed."""

    _has_taken = False
    """Whether anything was taken in since the epoch began."""

    def __init__(self, port: DeltaPort) -> None:
        self.port = port
        self._merge: Callable[[Any, Any], Any] = MERGES.get(port.merge, self._called)  # type: ignore[arg-type]
        self._is_ordered = port.merge in MERGES
        """Whether the merge cannot go back: it takes a value only if that is less, or more."""
        self._all: dict[Any, Any] = {}
        self._view = MappingProxyType(self._all)
        self._earlier: dict[Any, set[Any]] = {}
        """For each key the values that were replaced while the cycle runs."""
        self._before: dict[Any, Any] = {}
        """For each key that has changed in the epoch what it had at its begin."""
        self._left: Collection[Any] = ()
        """The keys that were new when an earlier epoch ended: nobody has looked at them yet."""
        self._rest()

    def prepared(self, several: Sequence[Any], round: int) -> dict[Any, Any]:
        """What *several* collections of candidates bring that is new."""
        found = [pairs(candidates, self.port) for candidates in several]
        facts = found[0] if len(found) == 1 else [pair for each in found for pair in each]
        try:
            return self._changed(self._folded(facts), round)
        except TypeError:
            check_hashable([key for key, _ in facts], self.port, "the key ")
            raise

    def take(self, fresh: dict[Any, Any]) -> None:
        """Take in what is new."""
        known, retain = self._all, self.port.retain
        for key in fresh if retain or not self._is_ordered else ():
            stored = known.get(key, MISSING)
            if retain:
                self._before.setdefault(key, stored)
            if stored is not MISSING and not self._is_ordered:
                self._earlier.setdefault(key, set()).add(_mark(stored, key, self.port))
        known.update(fresh)
        new = fresh if self._has_taken else {**{key: known[key] for key in self._left}, **fresh}
        self._has_taken = True
        self.found, self.delta = len(new), Delta(MappingProxyType(new), self._view)

    def gathered(self) -> dict[Any, Any]:
        """The value of every key."""
        return dict(self._all)

    def saved(self) -> list[Any]:
        """What `resume` takes."""
        earlier = {key: set(marks) for key, marks in self._earlier.items()}
        return [self.gathered(), list(self.delta.new), earlier]

    def resume(
        self, facts: dict[Any, Any], new: Sequence[Any], earlier: Mapping[Any, set[Any]] | None = None
    ) -> None:
        """Take what was gathered in an earlier run, of which *new* was found last.

        Parameters:
            earlier: for each key the values that were replaced.
        """
        self._all.update(facts)
        self._earlier.update(earlier or {})
        changed = MappingProxyType({key: facts[key] for key in new})
        self.found, self.delta = len(new), Delta(changed, self._view)

    def restart(self) -> None:
        """Begin an epoch."""
        if self._has_taken:
            self._left = self.delta.new
        self._rest()

    def undo(self) -> None:
        """Go back to where the epoch has begun."""
        for key, value in self._before.items():
            if value is MISSING:
                del self._all[key]
            else:
                self._all[key] = value
        self._rest()

    def _rest(self) -> None:
        self._earlier.clear()
        self._before.clear()
        self._has_taken = False
        self.found, self.delta = 0, Delta(MappingProxyType({}), self._view)

    def _folded(self, facts: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
        """The candidates for each key merged with each other."""
        folded: dict[Any, Any] = {}
        merge = self._merge
        for key, value in facts:
            folded[key] = merge(folded[key], value) if key in folded else value
        return folded

    def _changed(self, folded: dict[Any, Any], round: int) -> dict[Any, Any]:
        """Those whose value changes by them, with the value they get."""
        known, merge, fresh = self._all, self._merge, {}
        for key, value in folded.items():
            stored = known.get(key, MISSING)
            if stored is MISSING:
                fresh[key] = value
                continue
            merged = merge(stored, value)
            try:
                if merged is stored or merged == stored:
                    continue
            except ValueError:
                _mark(merged, key, self.port)  # arrays have no truth, nor a hash
                raise
            if not self._is_ordered:
                self._check_back(key, stored, merged, round)
            fresh[key] = merged
        return fresh

    def _called(self, stored: Any, value: Any) -> Any:
        """What the function of the user's makes of two values."""
        merged = self.port.merge(stored, value)  # type: ignore[operator]
        if hasattr(type(merged), "__await__"):
            getattr(merged, "close", int)()  # nobody will await it
            msg = f"merge of {self.port} gave {brief(merged)}: it must be a plain function of two values"
            raise TypeError(msg)
        return merged

    def _check_back(self, key: Any, stored: Any, merged: Any, round: int) -> None:
        """Raise DeltaError if *merged* was replaced before; TypeError if that cannot be told."""
        _mark(stored, key, self.port)
        if _mark(merged, key, self.port) in self._earlier.get(key, ()):
            raise self._back(key, stored, merged, round)

    def _back(self, key: Any, stored: Any, merged: Any, round: int) -> DeltaError:
        where = f"merge of {self.port.input!r} is not monotone"
        step = f"key {brief(key)} went back from {brief(stored)} to {brief(merged)} (round {round})"
        return DeltaError(f"{where}: {step}; it must be associative, commutative and idempotent, as min is")


def _mark(value: Any, key: Any, port: DeltaPort) -> Any:
    """What stands for a value that was replaced: a hash, or itself where that is small and exact."""
    if isinstance(value, EXACT) and (not isinstance(value, str | bytes) or len(value) <= LONGEST):
        return value
    if type(value) is tuple and len(value) <= LONGEST and all(isinstance(each, EXACT) for each in value):
        return value
    try:
        return hash(value), getattr(value, "__len__", int)()
    except TypeError:
        remedy = "merge values that are, such as tuples and frozensets"
        msg = f"{port} was given {brief(value)} for key {brief(key)}, a value that is not hashable: {remedy}"
        raise TypeError(msg) from None
