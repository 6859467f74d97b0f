"""Whether a cycle only repeats itself: what it feeds back and what its nodes keep."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

COPIED: Final = (list, dict, set, deque)
"""Types that a node may go on changing in place."""


class Stalling:
    """Looks whether the last iterations were all equal, or repeat with a short period.

    Parameters:
        window: how many iterations have to be equal, and the longest period that counts.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._last: deque[Any] = deque(maxlen=2 * window)

    def period(self, carried: list[Any], states: dict[str, Any]) -> int:
        """Take what one iteration has come to; the period with which it repeats, 0 if it does not."""
        self._last.append(([_frozen(value) for value in carried], {k: _frozen(v) for k, v in states.items()}))
        return next((p for p in range(1, self._window + 1) if self._repeats(p)), 0)

    def saved(self) -> list[Any]:
        """What the last iterations came to."""
        return [list(each) for each in self._last]

    def resume(self, data: list[Any]) -> None:
        """Take what `saved` gave in an earlier run."""
        self._last.extend((carried, states) for carried, states in data)

    def _repeats(self, period: int) -> bool:
        last = list(self._last)
        looked_at = max(self._window, 2 * period)
        if len(last) < looked_at:
            return False
        end = len(last)
        return all(_same(last[place], last[place - period]) for place in range(end - looked_at + period, end))


def _frozen(value: Any) -> Any:
    return value.copy() if type(value) in COPIED else value


def _same(one: Any, other: Any) -> bool:
    """Whether both are equal; arrays are if all their items are."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    equal = one == other
    return bool(equal.all()) if hasattr(equal, "all") else bool(equal)
