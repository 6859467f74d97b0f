"""Steps that may begin, in the order in which they are to."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fast_dag.run.strand import Strand


class Queue(Protocol):
    """Takes in the steps of each strand, and gives the next one."""

    def add(self, strand: Strand, steps: Iterable[int]) -> None:
        """Take in *steps* that may begin."""

    def pop(self) -> tuple[Strand, int]:
        """The step that is to begin next."""

    def __len__(self) -> int: ...


class ByArrival:
    """The oldest step first, whatever run it is of."""

    def __init__(self) -> None:
        self._steps: deque[tuple[Strand, int]] = deque()
        self.pop = self._steps.popleft

    def add(self, strand: Strand, steps: Iterable[int]) -> None:
        """Take in *steps* that may begin."""
        self._steps.extend([(strand, step) for step in steps])

    def __len__(self) -> int:
        return len(self._steps)


class InOrder:
    """The first step in the order of the plan; a run inside a step goes before what comes after that."""

    def __init__(self) -> None:
        self._heaps: list[tuple[Strand, list[int]]] = []

    def add(self, strand: Strand, steps: Iterable[int]) -> None:
        """Take in *steps* that may begin."""
        while self._heaps and self._heaps[-1][0].run.finished:
            self._heaps.pop()
        if not self._heaps or self._heaps[-1][0] is not strand:
            self._heaps.append((strand, []))
        for step in steps:
            heapq.heappush(self._heaps[-1][1], step)

    def pop(self) -> tuple[Strand, int]:
        """The step that is to begin next."""
        strand, heap = self._heaps[-1]
        return strand, heapq.heappop(heap)

    def __len__(self) -> int:
        return len(self._heaps[-1][1]) if self._heaps else 0
