"""Memory that grows from one iteration to the next, again and again."""

from __future__ import annotations

from fast_dag.run.violation import Violation


class Leak:
    """The memory at the ends of the iterations of one cycle.

    >>> leak = Leak(threshold=0.1, window=2)
    >>> [leak.grown(memory) is not None for memory in (100.0, 120.0, 140.0, 160.0, 161.0)]
    [False, False, True, False, False]

    Parameters:
        threshold: growth of one iteration that counts, as a fraction of the memory before it.
        window: so many iterations in a row make a leak.
        action: of the violation.
    """

    def __init__(self, threshold: float, window: int, action: str = "warn_and_continue") -> None:
        self.threshold, self.window, self.action = threshold, window, action
        self._last: float | None = None
        self._count = 0

    def grown(self, memory: float | None) -> float | None:
        """Take the memory at the end of an iteration; its growth as a fraction if that makes a leak.

        It is told once, and again after so many more.
        """
        before, self._last = self._last, memory
        if memory is None or not before:
            return None
        growth = memory / before - 1
        self._count = self._count + 1 if growth > self.threshold else 0
        if self._count < self.window:
            return None
        self._count = 0
        return growth

    def violation(self, memory: float | None, cycle: str, index: int, now: float) -> Violation | None:
        """Take the memory at the end of the iteration *index* of a *cycle*; a violation if that is a leak."""
        growth = self.grown(memory)
        if growth is None:
            return None
        text = f"memory grew by more than {self.threshold:.0%} in each of {self.window} iterations"
        return Violation(
            kind="memory_leak",
            limit=self.threshold,
            value=growth,
            iteration=index,
            action=self.action,
            message=f"{text} of cycle {cycle!r}, in the last one by {growth:.0%}",
            timestamp=now,
        )
