"""A limit that was broken: by how much, when, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fast_dag.run.notes import Note

if TYPE_CHECKING:
    from fast_dag.run.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A limit that was broken.

    Parameters:
        kind: memory, cpu, iteration, timeout, deadlock, memory_leak, global_memory or global_cpu.
        limit: that was set; MiB for memory, seconds for cpu, timeout and deadlock, iterations as a number,
            and for a leak the growth of one iteration to the next as a fraction.
        value: that was found, in the same unit.
        iteration: index of the iteration it happened in, None outside of cycles.
        action: terminate, warn_and_continue or raise.
        message: all of it in words.
        timestamp: seconds since 1970.
    """

    kind: str
    limit: float
    value: float
    iteration: int | None = None
    action: str = "terminate"
    message: str = ""
    timestamp: float = 0.0


def tell(ledger: Ledger, violation: Violation, cycle: str | None) -> None:
    """Have results and observers know of a violation; *cycle* is what it is about, None for the run."""
    ledger.violations.append((cycle, violation))
    if ledger.notes is not None:
        ledger.notes.append(Note("violation", -1, {"violation": violation, "cycle": cycle}))
