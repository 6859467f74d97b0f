"""The median of a series that grows, at hand after each value."""

from __future__ import annotations

from heapq import heappush, heappushpop


class Median:
    """The median of all values so far; one more costs the logarithm of how many there are.

    >>> median = Median()
    >>> for value in (5.0, 1.0, 2.0, 8.0):
    ...     median.add(value)
    >>> median.value
    3.5
    """

    def __init__(self) -> None:
        self._lower: list[float] = []
        """The smaller half, negated: the largest of them comes first."""
        self._upper: list[float] = []

    def add(self, value: float) -> None:
        """Take one more value."""
        if len(self._lower) == len(self._upper):
            heappush(self._lower, -heappushpop(self._upper, value))
        else:
            heappush(self._upper, -heappushpop(self._lower, -value))

    @property
    def value(self) -> float | None:
        """The median, None without values."""
        if not self._lower:
            return None
        if len(self._lower) > len(self._upper):
            return -self._lower[0]
        return (self._upper[0] - self._lower[0]) / 2
