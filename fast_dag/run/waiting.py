"""The steps of a run that wait to be told, however many there are."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Final

from fast_dag.run.pausing import Pause
from fast_dag.run.places import AROUND

MOST_GONE: Final = 64
"""So many that have been answered are no reason to look through all."""
Key = tuple[str, tuple[int, ...]]


class Pauses:
    """Pauses in the order of a sequential run; those that somebody has answered are forgotten by and by.

    Parameters:
        is_open: whether a pause still waits.
    """

    def __init__(self, is_open: Callable[[Pause], bool]) -> None:
        self._is_open = is_open
        self._count = count()
        self._gone = 0
        """How many have been answered since the heap was made anew."""
        self._heap: list[tuple[tuple[int, ...], int, Pause]] = []
        self._by_key: dict[Key, list[Pause]] = {}
        self._failed: list[Pause] = []
        self._around: list[Pause] = []

    def add(self, pause: Pause) -> None:
        """Take in a pause."""
        heapq.heappush(self._heap, (pause.place.order, next(self._count), pause))
        self._by_key.setdefault(pause.place.key, []).append(pause)
        if pause.failure is not None:
            self._failed.append(pause)
        if pause.place.kind == AROUND:
            self._around.append(pause)

    def drop(self, pause: Pause) -> None:
        """Forget one that has been answered."""
        self.of(pause.place.key)
        self._gone += 1
        if self._gone > max(MOST_GONE, len(self._heap) // 2):
            self.all()

    @property
    def first(self) -> Pause | None:
        """The one that has failed, else the first one; None if none waits."""
        if self.failed:
            return self._failed[0]
        while self._heap and not self._is_open(self._heap[0][2]):
            heapq.heappop(self._heap)
        return self._heap[0][2] if self._heap else None

    @property
    def failed(self) -> list[Pause]:
        """Those of steps that have failed."""
        if self._failed:
            self._failed = [each for each in self._failed if self._is_open(each)]
        return list(self._failed)

    @property
    def around(self) -> list[Pause]:
        """Those of nodes with steps inside."""
        if self._around:
            self._around = [each for each in self._around if self._is_open(each)]
        return self._around

    def all(self) -> list[Pause]:
        """Every one."""
        self._heap = [each for each in self._heap if self._is_open(each[2])]
        self._gone = 0
        self._heap.sort(key=lambda each: each[:2])
        return [pause for _, _, pause in self._heap]

    def of(self, key: Key) -> list[Pause]:
        """Those of one path and iteration."""
        found = [each for each in self._by_key.get(key, ()) if self._is_open(each)]
        if found:
            self._by_key[key] = found
        else:
            self._by_key.pop(key, None)
        return found
