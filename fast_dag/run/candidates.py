"""Candidates for the facts of a delta variable: what can be one, and what is said of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fast_dag.graph.deltas import DeltaPort
from fast_dag.run.brief import brief

SEQUENCES: Final = (tuple, list)
"""Types of what may be a pair of a key and a value."""


def facts_of(ports: Sequence[DeltaPort], candidates: Any) -> list[Any]:
    """*candidates* as a list; TypeError where one is no fact that each of *ports* can take."""
    given = candidates if isinstance(candidates, Mapping) else listed(candidates, ports[0])
    for port in ports:
        if port.merge != "set":
            check_hashable([key for key, _ in pairs(given, port)], port, "the key ")
        elif isinstance(given, Mapping):
            raise no_facts(given, port)
        else:
            check_hashable(given, port)
    return list(given.items() if isinstance(given, Mapping) else given)


def check_hashable(facts: Iterable[Any], port: DeltaPort, what: str = "") -> None:
    """Raise TypeError unless all *facts* are hashable; *what* is said before the one that is not."""
    for fact in facts:
        try:
            hash(fact)
        except TypeError:
            msg = f"{port} was given {what}{brief(fact)}, which is not hashable: make it a tuple"
            raise TypeError(msg) from None


def no_facts(candidates: Any, port: DeltaPort) -> TypeError:
    """The error for *candidates* that *port* can make nothing of."""
    if port.merge == "set" and isinstance(candidates, Mapping):
        what = "a mapping; give a set of facts, or merge= for values by key"
    else:
        what = "which are no facts: return a set or a list of facts, or NO_DATA for none"
    return TypeError(f"{port} was given {brief(candidates)}, {what}")


def listed(candidates: Any, port: DeltaPort) -> list[Any]:
    """*candidates* as a list.

    Raises:
        TypeError: they are no collection.
    """
    if isinstance(candidates, str | bytes) or not isinstance(candidates, Iterable):
        raise no_facts(candidates, port)
    return candidates if type(candidates) is list else list(candidates)


def pairs(candidates: Any, port: DeltaPort) -> Iterable[tuple[Any, Any]]:
    """*candidates* as pairs of a key and a value."""
    if isinstance(candidates, Mapping):
        return candidates.items()
    facts = listed(candidates, port)
    for fact in facts:
        is_pair = type(fact) is tuple or isinstance(fact, SEQUENCES)
        if not is_pair or len(fact) != 2:  # noqa: PLR2004 - a key and a value
            msg = f"{port} was given {brief(fact)}, which is no pair: return (key, value) pairs or a mapping"
            raise TypeError(msg)
    return facts
