"""Where what happens parts from what happened before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first difference between two runs, or between a run and a recording.

    Parameters:
        index: its place in what happened, from 0.
        ours: what is there in this one: a step, an event or the like; None if nothing is.
        theirs: what is there in the other one; None if nothing is.
        reason: what the difference is, in words.
    """

    index: int
    ours: Any
    theirs: Any
    reason: str
