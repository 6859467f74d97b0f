"""What checkers keep while their cycle is gone round, as data that another run can take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fast_dag.errors import CycleStateError

METHODS = ("saved", "resume")
"""What anything has that can be kept: `saved` gives data, `resume` takes that in another run."""

Kept = dict[str, dict[Any, Any]]
"""For each checker, by the name of its node, what it keeps, by owner."""


class Stored:
    """Stands for something an owner kept in an earlier run, until the owner asks for it.

    Parameters:
        data: what its `saved` gave.
    """

    __slots__ = ("data",)

    def __init__(self, data: Any) -> None:
        self.data = data

    def saved(self) -> Any:
        """The same again: nobody has asked for it yet."""
        return self.data


def saved_samples(cycle: str, kept: Kept) -> dict[str, dict[str, Any]]:
    """What the checkers of *cycle* keep, as plain data around the values.

    Raises:
        CycleStateError: something of it has no form as data.
    """
    return {
        node: {owner: _saved(cycle, node, owner, held) for owner, held in things.items()}
        for node, things in kept.items()
    }


def stored_samples(data: Mapping[str, Mapping[str, Any]]) -> Kept:
    """What `saved_samples` gave, for checkers that are to ask for it."""
    return {node: {owner: Stored(held) for owner, held in things.items()} for node, things in data.items()}


def _saved(cycle: str, node: str, owner: Any, held: Any) -> Any:
    lacks = [name for name in METHODS if not callable(getattr(held, name, None))]
    why = None
    if lacks and not isinstance(held, Stored):
        why = f"a {type(held).__qualname__} has no {lacks[0]}()"
    elif not isinstance(owner, str):
        why = f"their owner has to be a text, and is a {type(owner).__qualname__}"
    if why is not None:
        msg = f"the samples of checker {node!r} of cycle {cycle!r} cannot be stored: {why}"
        raise CycleStateError(msg, node)
    return held.saved()
