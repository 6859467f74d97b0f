"""What is known of runs that were watched, as the rules of recommendations look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class CycleFacts:
    """A cycle that has ended."""

    name: str
    reason: str
    iterations: int
    verdict: str | None = None
    """How its objective went."""
    max_iterations: int | None = None
    is_oscillating: bool = False
    """Whether the last values of its objective went up and down."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was seen of runs."""

    cycles: Sequence[CycleFacts] = ()
    durations: Sequence[float] = ()
    """Seconds of each iteration."""
    baseline: float | None = None
    """MiB at the start."""
    memory: Sequence[float] = ()
    """MiB at the end of iterations."""
    sampled: Sequence[int] = ()
    """How many iterations had ended then; empty if that was each of them."""
    nodes: Mapping[str, float] = field(default_factory=dict)
    """Seconds spent in each node."""
    wall: float = 0.0
    """Seconds of all runs."""
    cpu_percent: float | None = None
    """Share of one processor that was used."""
