"""What this process has stored for a node, and why a call is none of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from fast_dag.stores.calls import Call, Traits

CALLS = 100
"""Calls that are remembered per node to compare others with."""
KEYS = 10_000
"""Keys that are remembered per node, for backends that cannot list theirs."""
WORDS = {
    "node": "the node is another one than stored it",
    "version": "the version changed",
    "code": "the function's code changed",
    "defaults": "the function's defaults changed",
    "closure": "a value in the function's closure changed",
    "inside": "the workflow inside was edited",
}


class CacheExplanation(NamedTuple):
    """Whether a call would be answered from the cache, why, and under which key."""

    hit: bool
    reason: str
    key: str


class Stored(NamedTuple):
    """A call whose value was stored: when, in seconds of some clock, and for how long."""

    call: Call
    at: float
    ttl: float | None


class History:
    """The calls of one node that were stored last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: OrderedDict[str, Stored] = OrderedDict()
        self._keys: OrderedDict[str, None] = OrderedDict()

    def add(self, stored: Stored) -> None:
        """Remember what was *stored*, and forget the oldest if need be."""
        key = stored.call.key
        with self._lock:
            self._calls[key] = stored
            self._calls.move_to_end(key)
            self._keys[key] = None
            self._keys.move_to_end(key)
            if len(self._calls) > CALLS:
                self._calls.popitem(last=False)
            if len(self._keys) > KEYS:
                self._keys.popitem(last=False)

    def clear(self) -> list[str]:
        """Forget everything; the keys that were stored."""
        with self._lock:
            keys = list(self._keys)
            self._calls.clear()
            self._keys.clear()
            return keys

    def reason_of_hit(self, call: Call, now: float) -> str:
        """How long the value of *call* has been stored, if that is known."""
        stored = self._calls.get(call.key)
        if stored is None:
            return "an entry has this key"
        return f"stored {max(now - stored.at, 0.0):.1f} s ago"

    def reason_of_miss(self, call: Call, now: float, *, persistent: bool) -> str:
        """Why there is no value for *call*, as far as this process knows."""
        stored = self._calls.get(call.key)
        if stored is not None:
            return _why_gone(stored, now)
        with self._lock:
            known = [each.call for each in reversed(self._calls.values())]
        if known:
            # The nearest call, and of several the one that was stored last.
            return min((_differences(each, call) for each in known), key=len)[0]
        if persistent:
            return "no entry has this key; what earlier processes stored is not known"
        return "nothing is stored for this node yet"


def _why_gone(stored: Stored, now: float) -> str:
    age = max(now - stored.at, 0.0)
    if stored.ttl is not None and age >= stored.ttl:
        return f"expired: stored {age:.1f} s ago, kept for {stored.ttl:g} s"
    return f"stored {age:.1f} s ago, but dropped from the cache since"


def _differences(old: Call, new: Call) -> list[str]:
    """What differs, in words: all of it in one sentence first, then each by itself."""
    function = _function_differences(old.function, new.function)
    names = sorted(
        name for name in {*old.inputs, *new.inputs} if old.inputs.get(name) != new.inputs.get(name)
    )
    inputs = [_inputs_in_words(names)] if names else []
    each = [*function, *names]
    return ["; ".join([*function, *inputs]), *each]


def _function_differences(old: Traits, new: Traits) -> list[str]:
    if ("version" in old) != ("version" in new):
        return [WORDS["version"]]
    found = [name for name in WORDS if old.get(name) != new.get(name)]
    # Another node with other code is the same node, redefined.
    if len(found) > 1 and "node" in found:
        found.remove("node")
    return [WORDS[name] for name in found]


def _inputs_in_words(names: list[str]) -> str:
    if names == [""]:
        return "what cache_key gives differs"
    shown = ", ".join(repr(name) for name in names if name)
    return f"the inputs differ: {shown}"
