"""Retained facts as those behind the cycle get them: a set or dict of their own, and no copy an epoch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

OURS: Final = 2
"""References to what only we hold: ours, and that of the question."""


class Outlet:
    """What was handed out last, brought up to date where nobody holds on to it; else a new copy is made.

    So an epoch pays for what is new, and those who keep what they got, or change it, change nothing here.

    Parameters:
        copied: makes a set or a dict of all facts.
    """

    def __init__(self, copied: Callable[[Mapping[Any, Any]], Any]) -> None:
        self._copied = copied
        self._out: Any = None
        self._size = -1
        self._late: list[Mapping[Any, Any]] = []
        """What has become new since."""

    def add(self, fresh: Mapping[Any, Any]) -> None:
        """Take note of new facts."""
        if self._out is not None and fresh:
            self._late.append(fresh)

    def forget(self) -> None:
        """Begin anew: facts were taken back."""
        self._out = None
        self._late.clear()

    def given(self, facts: Mapping[Any, Any]) -> Any:
        """All *facts*, for somebody outside."""
        if self._is_free():
            for fresh in self._late:
                self._out.update(fresh)
        else:
            self._out = self._copied(facts)
        self._late.clear()
        self._size = len(self._out)
        return self._out

    def _is_free(self) -> bool:
        """Whether nobody else holds what was handed out, and it is as it was."""
        count = getattr(sys, "getrefcount", None)
        is_held = self._out is None or count is None or count(self._out) > OURS
        return not is_held and len(self._out) == self._size
