"""Delta variables: facts that a cycle gathers, of which each iteration is given only those that are new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

from fast_dag.errors import DeltaError
from fast_dag.graph.deltas import DeltaPort
from fast_dag.run.brief import brief
from fast_dag.run.facts import Facts

MERGES: Final[Mapping[str, Callable[[Any, Any], Any]]] = MappingProxyType({"min": min, "max": max})
EXACT: Final = (int, float, complex, str, bytes, type(None))
"""Types whose values are kept as they are: two different ones may have the same hash, as -1 and -2 have."""
LONGEST: Final = 64
"""Texts and tuples beyond this length are kept as hashes."""
SEQUENCES: Final = (tuple, list)
"""Types of what may be a pair of a key and a value."""
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
        """Begin an epoch: nothing is new."""

    def undo(self) -> None:
        """Go back to where the epoch has begun."""


def growth_of(port: DeltaPort) -> Growth:
    """A variable without any fact yet."""
    return FactSet(port) if port.merge == "set" else FactTable(port)


class FactSet:
    """Facts that are there or not."""

    def __init__(self, port: DeltaPort) -> None:
        self.port = port
        self._all = Facts()
        self._added: list[frozenset[Any]] = []
        """What each iteration of the epoch has brought, where that may have to be undone."""
        self.restart()

    def prepared(self, several: Sequence[Any], round: int) -> frozenset[Any]:  # noqa: ARG002 - as of a table
        """What *several* collections of candidates bring that is new."""
        return frozenset().union(*map(self._unknown, several))

    def _unknown(self, candidates: Any) -> Iterable[Any]:
        if isinstance(candidates, set | frozenset):
            return candidates.difference(self._all)
        if isinstance(candidates, Mapping):
            raise _no_facts(candidates, self.port)
        facts, known = _listed(candidates, self.port), self._all
        try:
            return {fact for fact in facts if fact not in known}
        except TypeError:
            _check_hashable(facts, self.port)
            raise

    def take(self, fresh: frozenset[Any]) -> None:
        """Take in what is new."""
        self._all.extend(fresh)
        self.found, self.delta = len(fresh), Delta(fresh, self._all)
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
        self._added.clear()
        self.found, self.delta = 0, Delta(frozenset(), self._all)

    def undo(self) -> None:
        """Go back to where the epoch has begun."""
        for fresh in self._added:
            self._all.take_back(fresh)
        self.restart()


class FactTable:
    """Values by key; a fact is new when the value of its key has changed."""

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
        self.restart()

    def prepared(self, several: Sequence[Any], round: int) -> dict[Any, Any]:
        """What *several* collections of candidates bring that is new."""
        found = [_pairs(candidates, self.port) for candidates in several]
        pairs = found[0] if len(found) == 1 else [pair for each in found for pair in each]
        try:
            folded = self._folded(pairs)
            return self._changed(folded, round)
        except TypeError:
            _check_hashable([key for key, _ in pairs], self.port, "the key ")
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
        self.found = len(fresh)
        self.delta = Delta(MappingProxyType(fresh), self._view)

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
        self._earlier.clear()
        self._before.clear()
        self.found = 0
        self.delta = Delta(MappingProxyType({}), self._view)

    def undo(self) -> None:
        """Go back to where the epoch has begun."""
        for key, value in self._before.items():
            if value is MISSING:
                del self._all[key]
            else:
                self._all[key] = value
        self.restart()

    def _folded(self, pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
        """The candidates for each key merged with each other."""
        folded: dict[Any, Any] = {}
        merge = self._merge
        for key, value in pairs:
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
            if merged is stored or merged == stored:
                continue
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


def facts_of(ports: Sequence[DeltaPort], candidates: Any) -> list[Any]:
    """*candidates* as a list; TypeError where one is no fact that each of *ports* can take."""
    given = candidates if isinstance(candidates, Mapping) else _listed(candidates, ports[0])
    for port in ports:
        if port.merge != "set":
            _check_hashable([key for key, _ in _pairs(given, port)], port, "the key ")
        elif isinstance(given, Mapping):
            raise _no_facts(given, port)
        else:
            _check_hashable(given, port)
    return list(given.items() if isinstance(given, Mapping) else given)


def _check_hashable(facts: Iterable[Any], port: DeltaPort, what: str = "") -> None:
    for fact in facts:
        try:
            hash(fact)
        except TypeError:
            msg = f"{port} was given {what}{brief(fact)}, which is not hashable: make it a tuple"
            raise TypeError(msg) from None


def _no_facts(candidates: Any, port: DeltaPort) -> TypeError:
    if port.merge == "set" and isinstance(candidates, Mapping):
        what = "a mapping; give a set of facts, or merge= for values by key"
    else:
        what = "which are no facts: return a set or a list of facts, or NO_DATA for none"
    return TypeError(f"{port} was given {brief(candidates)}, {what}")


def _listed(candidates: Any, port: DeltaPort) -> list[Any]:
    if isinstance(candidates, str | bytes) or not isinstance(candidates, Iterable):
        raise _no_facts(candidates, port)
    return candidates if type(candidates) is list else list(candidates)


def _pairs(candidates: Any, port: DeltaPort) -> Iterable[tuple[Any, Any]]:
    """*candidates* as pairs of a key and a value."""
    if isinstance(candidates, Mapping):
        return candidates.items()
    facts = _listed(candidates, port)
    for fact in facts:
        is_pair = type(fact) is tuple or isinstance(fact, SEQUENCES)
        if not is_pair or len(fact) != 2:  # noqa: PLR2004 - a key and a value
            msg = f"{port} was given {brief(fact)}, which is no pair: return (key, value) pairs or a mapping"
            raise TypeError(msg)
    return facts


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
