"""What is gathered of the rounds of a cycle for the nodes behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fast_dag.plan.plan import Emitted, Layout
from fast_dag.run.step import fetch
from fast_dag.values import NO_DATA

NOBODY = Layout("nodes behind it")


class Leaving:
    """One list for each edge out of a cycle that says what it emits.

    Parameters:
        emits: what is wanted of them.
    """

    def __init__(self, emits: Sequence[Emitted]) -> None:
        self._emits = emits
        self.lists: list[list[Any]] = [[] for _ in emits]

    def take(self, values: list[Any], round_: int) -> None:
        """Take what a round has left in *values*.

        Raises:
            MissingOutputError: something that is to be emitted is not there.
        """
        for each, kept in zip(self._emits, self.lists, strict=True):
            item = fetch(each.value, NOBODY, values)
            if item is not NO_DATA:
                if each.kind == "last":
                    kept.clear()
                kept.append((round_, item) if each.kind == "tagged" else item)

    def take_items(self, items: Iterable[Any], round_: int) -> None:
        """Take what a round has given, one by one."""
        for each, kept in zip(self._emits, self.lists, strict=True):
            kept.extend((round_, item) if each.kind == "tagged" else item for item in items)

    def deliver(self, values: list[Any], *, is_dead: bool) -> None:
        """Lay it ready for the nodes behind the cycle, or nothing if the edges are dead."""
        for each, kept in zip(self._emits, self.lists, strict=True):
            is_missing = not kept and (each.is_branch or each.kind == "last")
            emitted = kept[-1] if kept and each.kind == "last" else kept
            values[each.into] = NO_DATA if is_dead or is_missing else emitted
