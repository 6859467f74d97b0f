"""The states a run has been in, and what each gave: all of them, or the last ones."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from typing import Any


class Track:
    """The path of one run of a machine.

    Parameters:
        names: of the states, by unit.
        limit: how many executions are kept, of all and of each state; None for all.
    """

    def __init__(self, names: Sequence[str] = (), limit: int | None = None) -> None:
        self.names = names
        self.limit = limit
        self.history: MutableSequence[str] = self._empty()
        """The states in the order of execution."""
        self.series: list[MutableSequence[Any]] = [self._empty() for _ in names]
        """What each state gave, by unit."""
        self.at = -1
        """The unit that is executed, or was the last one; -1 before the first."""
        self.is_terminated = False
        self._dropped = [0] * len(names)
        """How many values of each unit are no longer kept."""
        self._all_dropped = 0

    @property
    def count(self) -> int:
        """How many executions have come to their end."""
        return len(self.history) + self._all_dropped

    def visits(self, unit: int) -> int:
        """How often a state has been executed to its end."""
        return len(self.series[unit]) + self._dropped[unit]

    def add(self, unit: int, value: Any) -> None:
        """Note that *unit* has given *value*."""
        self.keeper(unit)(value)
        self.history.append(self.names[unit])

    def keeper(self, unit: int) -> Callable[[Any], None]:
        """What keeps the values of one state; the history is kept apart, after it."""
        series = self.series[unit]
        return series.append if self.limit is None else lambda value: self._keep(unit, series, value)

    def units(self) -> Iterator[int]:
        """The units of the history."""
        return map({name: unit for unit, name in enumerate(self.names)}.__getitem__, self.history)

    def visited(self) -> dict[str, int]:
        """How often each state that was executed at all was, in the order of declaration."""
        counts = {name: self.visits(unit) for unit, name in enumerate(self.names)}
        return {name: count for name, count in counts.items() if count}

    def values(self) -> dict[str, list[Any]]:
        """What is kept of each state that was executed at all."""
        return {
            name: list(series) for name, series in zip(self.names, self.series, strict=True) if len(series)
        }

    def _keep(self, unit: int, series: MutableSequence[Any], value: Any) -> None:
        self._dropped[unit] += len(series) == self.limit
        self._all_dropped += len(self.history) == self.limit
        series.append(value)

    def _empty(self) -> MutableSequence[Any]:
        # A deque takes no longer numbers, and nobody has more to keep.
        return [] if self.limit is None else deque(maxlen=min(self.limit, sys.maxsize))
