"""What a bounded iteration came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fast_dag.run.brief import fields_in_brief
from fast_dag.run.results import CycleResult


@dataclass(frozen=True, slots=True)
class RoundStats:
    """What one round of a bounded iteration took and gave."""

    round: int
    """Its number, from 1."""
    fired: int
    """How many nodes ran."""
    items: int
    """How many items it gave; of one value 1, of nothing 0."""
    seconds: float


@dataclass(slots=True)
class IterationInfo(CycleResult):
    """What one bounded iteration came to; `value` is the last one that a round gave, None if none did."""

    emitted: list[Any] | None = None
    """What every round gave; None where only the last value is emitted, and nothing else is kept."""
    last_change: float | None = None
    """By how much the last two values differ at most, the seed among them; None where that is no number."""
    history: list[RoundStats] = field(default_factory=list)
    """What each round took and gave, if that was wanted."""

    __repr__ = fields_in_brief

    @property
    def rounds(self) -> int:
        """How often the body ran to its end."""
        return self.total_iterations

    def complete(self, value: Any, **about: Any) -> None:
        """As for a cycle, but that the value stays its own."""
        # Not super(): a dataclass with slots is made twice.
        CycleResult.complete(self, self.value, **about)
        del value
