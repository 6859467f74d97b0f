"""Computations under way, so that simultaneous callers of one key compute once."""

from __future__ import annotations

import threading
from collections import OrderedDict

from fast_dag.stores.arrival import Arrival
from fast_dag.stores.base import CacheBackend
from fast_dag.stores.calls import Call
from fast_dag.stores.history import History
from fast_dag.stores.identity import IdentityMap

NODES = 1000
"""Nodes whose history is kept per backend."""


class Flight(Arrival):
    """One computation that all who ask for its key wait for; only the cache has it land."""

    __slots__ = ("call",)

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call

    @property
    def key(self) -> str:
        """The key whose value is being computed."""
        return self.call.key


class Airspace:
    """The flights over one backend, and what has been stored in it by this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, Flight] = {}
        self._histories: OrderedDict[str, History] = OrderedDict()
        self.landings = 0
        """So many flights have landed.  Read before a look-up, it tells `claim` what that may have missed."""

    def is_open(self, key: str) -> bool:
        """Whether somebody computes the value of *key*."""
        return key in self._flights

    def claim(self, call: Call, landings: int) -> tuple[Flight, bool, bool]:
        """The flight for *call*; whether it is the caller's; whether something has landed since."""
        with self._lock:
            flight = self._flights.get(call.key)
            if flight is not None:
                return flight, False, False
            flight = self._flights[call.key] = Flight(call)
            return flight, True, self.landings != landings

    def land(self, flight: Flight) -> None:
        """The flight is over, with a value or without; a second time nothing happens."""
        with self._lock:
            if self._flights.get(flight.key) is flight:
                del self._flights[flight.key]
                self.landings += 1
        flight.land()

    def history(self, prefix: str) -> History:
        """What this process has stored for the node whose keys begin with *prefix*."""
        with self._lock:
            found = self._histories.setdefault(prefix, History())
            self._histories.move_to_end(prefix)
            if len(self._histories) > NODES:
                self._histories.popitem(last=False)
            return found


_AIRSPACES: IdentityMap[Airspace] = IdentityMap()


def airspace_of(backend: CacheBackend) -> Airspace:
    """The flights over *backend*, one table for the whole process."""
    return _AIRSPACES.get_or_make(backend, Airspace)
