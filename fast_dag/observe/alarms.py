"""Alarms before a limit is reached: each rings once, until what is watched has fallen again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REARMED: Final = 0.9
"""The part of the mark below which it may ring again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is watched has come close to its limit."""

    kind: str
    """memory or cpu."""
    threshold: float
    """The part of the limit."""
    limit: float
    value: float
    message: str
    timestamp: float
    """Seconds since 1970."""


class Alarm:
    """An alarm at a part of a limit.

    >>> alarm = Alarm("memory", 0.8, 100.0, "{value:.0f} MiB of {limit:.0f}")
    >>> [alarm.rung(value, 0.0) is not None for value in (70, 81, 79, 90, 71, 85)]
    [False, True, False, False, False, True]

    Parameters:
        kind: memory or cpu.
        threshold: the part of the *limit* at which it rings.
        limit: of what is watched.
        text: of an alert, with places for {value} and {limit}.
    """

    def __init__(self, kind: str, threshold: float, limit: float, text: str) -> None:
        self._kind, self._threshold, self._limit, self._text = kind, threshold, limit, text
        self._is_armed = True

    def rung(self, value: float | None, now: float) -> Alert | None:
        """The alert, if *value* makes it ring at the time *now*."""
        if value is None:
            return None
        mark = self._threshold * self._limit
        if value < REARMED * mark:
            self._is_armed = True
        if not self._is_armed or value < mark:
            return None
        self._is_armed = False
        return Alert(
            kind=self._kind,
            threshold=self._threshold,
            limit=self._limit,
            value=value,
            message=self._text.format(value=value, limit=self._limit),
            timestamp=now,
        )
