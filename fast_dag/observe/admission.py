"""How many cycles may be under way at once, over all runs; the others wait in the order they came."""

from __future__ import annotations

import threading
from collections.abc import Hashable

from fast_dag.errors import CycleSafetyError
from fast_dag.stores.arrival import Arrival

Key = tuple[Hashable, Hashable]
"""Who asks, and what for."""


class Ticket(Arrival):
    """A place in the line; lands when it is worth asking again."""

    __slots__ = ("key",)

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key = key


class Admission:
    """Lets in *most* cycles at once, any number for None.

    Parameters:
        most: how many.
        waits: whether the others wait, rather than being refused.
    """

    def __init__(self, most: int | None, *, waits: bool = True) -> None:
        self._most, self.waits = most, waits
        self._lock = threading.Lock()
        self._inside: set[Key] = set()
        self._line: list[Ticket] = []

    @property
    def inside(self) -> int:
        """How many are under way."""
        return len(self._inside)

    def enter(self, key: Key, cycle: str) -> Ticket | None:
        """Let a *cycle* in, or give it a place in the line.

        Raises:
            CycleSafetyError: there is no room, and nobody waits here.
        """
        with self._lock:
            keys = [ticket.key for ticket in self._line]
            place = keys.index(key) if key in keys else len(keys)
            if self._most is None or place < self._most - len(self._inside):
                self._inside.add(key)
                del self._line[place : place + 1]
                return None
            if not self.waits:
                found = f"{self._most} cycles are under way, as many as may be"
                remedy = "raise max_concurrent_cycles, or let it wait: on_capacity='wait'"
                msg = f"cycle {cycle!r} is not let in: {found}; {remedy}"
                raise CycleSafetyError(msg)
            # A new one: the old one may have landed.
            ticket = Ticket(key)
            self._line[place : place + 1] = [ticket]
            return ticket

    def leave(self, key: Key) -> None:
        """A cycle has ended, or waits no longer; nobody is called for that."""
        with self._lock:
            self._inside.discard(key)
            self._line = [ticket for ticket in self._line if ticket.key != key]

    def drop(self, holder: Hashable) -> None:
        """A run is over: none of its cycles is under way, or waits."""
        with self._lock:
            self._inside = {key for key in self._inside if key[0] is not holder}
            self._line = [ticket for ticket in self._line if ticket.key[0] is not holder]
        self.call()

    def call(self) -> None:
        """Have those ask again for whom there is room."""
        with self._lock:
            free = 0 if self._most is None else self._most - len(self._inside)
            called = self._line[: max(free, 0)]
        for ticket in called:
            ticket.land()
