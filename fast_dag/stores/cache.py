"""The cache of one node: look-ups, storing, and one computation for all who ask at once."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fast_dag.graph.node import Node
from fast_dag.stores.base import CacheBackend
from fast_dag.stores.calls import Caller
from fast_dag.stores.flights import Flight, airspace_of
from fast_dag.stores.history import CacheExplanation, Stored

__all__ = ["CacheExplanation", "Flight", "Found", "NodeCache"]

# A cached None is a hit, so no value a user may store tells a miss.
MISSING = object()


class Found(NamedTuple):
    """What a look-up gave: a value, or a computation to make or to wait for."""

    hit: bool
    value: Any = None
    flight: Flight | None = None
    """Not a hit: the computation to make or to wait for."""
    is_mine: bool = False
    """The caller has to compute, and then to call `NodeCache.store` or `NodeCache.give_up`."""
    warnings: tuple[str, ...] = ()
    """What the backend found damaged."""


class NodeCache:
    """The cache of one node.

    Those who ask for a key while another computes its value wait for that one's flight, across threads
    and across caches of the same backend and namespace.  When it has landed they look up again: there
    is a value, or one of them computes next.

    Parameters:
        node: its settings say what tells calls apart, for how long values are good, and so on.
        backend: where values are kept; errors it raises are passed on.
        namespace: nodes of one name share values if they share this.
        shared: whether the namespace means the same elsewhere, so that the function itself has to be
            part of the key.  If not, the node object and its code and defaults are.
    """

    def __init__(self, node: Node[..., Any], backend: CacheBackend, namespace: str, *, shared: bool) -> None:
        self._node = node
        self._backend = backend
        self._caller = Caller(node, namespace, shared=shared)
        self._airspace = airspace_of(backend)
        self._clock: Callable[[], float] = getattr(backend, "timer", time.monotonic)
        self._take_warnings: Callable[[], list[str]] | None = getattr(backend, "take_warnings", None)
        self.in_memory = bool(getattr(backend, "in_memory", False))
        """Whether a look-up never waits for a disk or a network."""

    def look_up(self, inputs: Mapping[str, Any]) -> Found:
        """The value for these *inputs*, or the computation that will give it; never waits for that.

        Raises:
            CacheError: an input, or something the function carries along, has no stable key.
        """
        call = self._caller.call(inputs)
        landings = self._airspace.landings
        value = self._backend.get(call.key, MISSING)
        warnings = self._warnings()
        if value is not MISSING:
            return self._hit(value, warnings)
        flight, is_mine, is_late = self._airspace.claim(call, landings)
        if is_late:
            # Another may have stored between the look and the claim.
            value = self._second_look(flight)
            if value is not MISSING:
                return self._hit(value, warnings)
        # From the claim on nothing may go wrong: nobody else would know of the flight.
        return Found(hit=False, flight=flight, is_mine=is_mine, warnings=warnings)

    def store(self, flight: Flight, value: Any) -> None:
        """Keep *value* for the key of *flight*, and land it in any case.

        Raises:
            CacheError: the backend cannot hold such a value.
        """
        settings = self._node.settings
        try:
            kept = copy.deepcopy(value) if settings.cache_copy else value
            self._backend.set(flight.key, kept, settings.cache_ttl)
            stored = Stored(flight.call, self._clock(), settings.cache_ttl)
            self._airspace.history(self._caller.prefix).add(stored)
        finally:
            self._airspace.land(flight)

    def give_up(self, flight: Flight) -> None:
        """Land *flight* without a value: the next who looks up computes."""
        self._airspace.land(flight)

    def explain(self, inputs: Mapping[str, Any]) -> CacheExplanation:
        """Whether a look-up would hit, and why; computes, claims and counts nothing."""
        call = self._caller.call(inputs)
        history = self._airspace.history(self._caller.prefix)
        if self._backend.exists(call.key):
            return CacheExplanation(hit=True, reason=history.reason_of_hit(call, self._clock()), key=call.key)
        if self._airspace.is_open(call.key):
            return CacheExplanation(hit=False, reason="another caller is computing it now", key=call.key)
        persistent = bool(getattr(self._backend, "persistent", False))
        reason = history.reason_of_miss(call, self._clock(), persistent=persistent)
        return CacheExplanation(hit=False, reason=reason, key=call.key)

    def invalidate(self) -> int:
        """Drop the entries of this node, those of its namesakes in the namespace included; how many.

        A backend without ``keys()`` is asked for the last 10,000 keys that this process has stored.
        """
        stored = self._airspace.history(self._caller.prefix).clear()
        keys = getattr(self._backend, "keys", None)
        listed = keys(self._caller.prefix) if callable(keys) else stored
        return sum(self._backend.delete(key) for key in listed)

    def _hit(self, value: Any, warnings: tuple[str, ...]) -> Found:
        given = copy.deepcopy(value) if self._node.settings.cache_copy else value
        return Found(hit=True, value=given, warnings=warnings)

    def _second_look(self, flight: Flight) -> Any:
        value = None
        try:
            value = self._backend.get(flight.key, MISSING)
            return value
        finally:
            # There is nothing to compute, or the backend has failed.
            if value is not MISSING:
                self._airspace.land(flight)

    def _warnings(self) -> tuple[str, ...]:
        return tuple(self._take_warnings()) if self._take_warnings is not None else ()
