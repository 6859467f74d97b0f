"""Limits that somebody watches: what is found beyond one is a violation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fast_dag.run.violation import Violation

ACTIONS: Final = ("terminate", "warn_and_continue", "raise", "ignore")
"""What may be done about a violation."""
ENDING: Final = ("terminate", "raise")
"""Those that end something."""
REARMED: Final = 1.1
"""How many times the last value that was told of has to be reached before there is another violation."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit.

    Parameters:
        kind: as of a `Violation`.
        most: what is allowed.
        action: what is done about more.
        text: of a violation, with places for {value} and {most}.
        setting: its name, where there are several of one kind.
        counts: whether reaching it is enough: so many are allowed, and no more begin.
    """

    kind: str
    most: float
    action: str
    text: str
    setting: str = ""
    counts: bool = False


class Gate:
    """A limit in one run: tells of what is beyond it once, and again when that has risen by a tenth.

    >>> gate = Gate(Limit("memory", 100, "warn_and_continue", "{value:g} MiB of {most:g}"))
    >>> [gate.broken(value, None, 0.0) is not None for value in (90, 101, 105, 112)]
    [False, True, False, True]
    """

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._told: float | None = None

    def broken(self, value: float | None, iteration: int | None, now: float) -> Violation | None:
        """The violation that *value* is, in the *iteration* of that index and at the time *now*.

        None if it is none, if it is not known, and where nothing is to be done about it.
        """
        limit = self.limit
        if value is None or limit.action == "ignore" or not self._is_beyond(value):
            return None
        if self._told is not None and (limit.action in ENDING or value < REARMED * self._told):
            return None
        self._told = value
        return Violation(
            kind=limit.kind,
            limit=limit.most,
            value=value,
            iteration=iteration,
            action=limit.action,
            message=limit.text.format(value=value, most=limit.most),
            timestamp=now,
        )

    def rearm(self) -> None:
        """Tell of it again, whatever has been told: something else has begun that it is about."""
        if self.limit.action in ENDING:
            self._told = None

    def _is_beyond(self, value: float) -> bool:
        return value >= self.limit.most if self.limit.counts else value > self.limit.most
