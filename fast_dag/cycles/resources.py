"""What an executor does about memory, processor, and input and output: its `resources`."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from fast_dag.cycles.setting_checks import checked, table_of
from fast_dag.cycles.tools import watched_by
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph import cycle_fields as check
from fast_dag.graph.graph import Graph
from fast_dag.graph.loops import cycles_of, initial_ports
from fast_dag.graph.node import Node
from fast_dag.stores.identity import IdentityMap

AnyNode = Node[..., Any]
OWN_CACHE: Final = "memory"
"""The backend of nodes that name none."""


def frequency(name: str, value: Any) -> Any:
    """``per_iteration``, or ``every_N``: how many iterations."""
    found = re.fullmatch(r"per_iteration|every_([1-9]\d*)", value) if isinstance(value, str) else None
    if found is None:
        msg = f"{name} must be 'per_iteration' or 'every_N', such as 'every_10', got {value!r}"
        raise ValueError(msg)
    return int(found[1] or 1)


GROUPS: Final[Mapping[str, Mapping[str, check.Check]]] = {
    "memory": {
        "enable_garbage_collection": check.flag,
        "gc_frequency": frequency,
        "memory_monitoring": check.flag,
        "memory_limit_mb": check.amount,
        "memory_growth_threshold": check.amount,
    },
    "cpu": {
        "enable_parallel_processing": check.flag,
        "max_workers": check.integer(1),
        "cpu_monitoring": check.flag,
        "cpu_limit_percent": check.amount,
    },
    "io": {
        "batch_size": check.integer(1),
        "async_io": check.flag,
        "cache_strategy": check.one_of("lru"),
        "cache_size": check.integer(1),
    },
}
NEEDED: Final = {
    "gc_frequency": ("enable_garbage_collection",),
    "max_workers": ("enable_parallel_processing", "async_io"),
    "cache_size": ("cache_strategy",),
}
"""Settings that mean nothing without one of others."""


class Resources:
    """The resources of an executor.

    >>> made = Resources({"cpu": {"enable_parallel_processing": True, "max_workers": 4}})
    >>> made.options({})
    {'mode': 'parallel', 'max_workers': 4}

    Parameters:
        given: settings by group; see `GROUPS`.

    Raises:
        CycleConfigurationError: there is no such setting, its value is wrong, or it means nothing alone.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        groups = {name: table_of(rules) for name, rules in GROUPS.items()}
        found = checked("resources", given, table_of(groups))
        self._found = {name: value for group in found.values() for name, value in group.items()}
        for name, needed in NEEDED.items():
            if name in self._found and not any(each in self._found for each in needed):
                wanted = " or ".join(needed)
                msg = f"resources: {name} means nothing without {wanted}"
                raise CycleConfigurationError(msg)
        self._caches: _Caches | None = None
        if "cache_strategy" in self._found:
            self._caches = _Caches(self._found.get("cache_size"))

    def least_memory(self, limit: float | None) -> float | None:
        """The smaller one of *limit* and what is set here, in MiB; None where neither is."""
        return min((each for each in (limit, self._found.get("memory_limit_mb")) if each), default=None)

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a run: those that are *given*, then a mode; and tools besides its observers."""
        made, mode = dict(given), self._mode
        if mode is not None and "mode" not in made and "executor" not in made:
            made["mode"] = mode
            if mode == "parallel" and "max_workers" in self._found:
                made.setdefault("max_workers", self._found["max_workers"])
        return watched_by(made, self._tools())

    def threads(self, given: Mapping[str, Any]) -> int | None:
        """How many threads the sync nodes of a run with these options have; None if that is not said here."""
        is_own = self._mode == "async" and not given.keys() & {"mode", "executor", "max_workers"}
        return self._found.get("max_workers") if is_own else None

    def cache_of(self, other: Callable[[AnyNode], Any]) -> Callable[[AnyNode], Any]:
        """What gives the cache of a node: the executor's own, or that of *other* where it has a backend."""
        return other if self._caches is None else self._caches.before(other)

    def supply(self, graph: Graph) -> None:
        """Lay what is known by name among the initial parameters of the cycles that declare it."""
        if "batch_size" not in self._found:
            return
        for cycle in cycles_of(graph)[0]:
            config = graph.cycles.config(cycle.name)
            if initial_ports(graph, cycle, "batch_size"):
                values = {"batch_size": self._found["batch_size"], **config.initial_parameters}
                graph.cycles.configs[cycle.name] = config.replace(initial_parameters=values)

    @property
    def _mode(self) -> str | None:
        if self._found.get("async_io"):
            return "async"
        return "parallel" if self._found.get("enable_parallel_processing") else None

    def _tools(self) -> Iterator[Any]:
        """Tools for one run."""
        found = self._found
        if found.get("enable_garbage_collection"):
            collecting = importlib.import_module("fast_dag.observe.collecting")
            yield collecting.Collecting(found.get("gc_frequency", 1))
        limits = {
            name: found[name] for name in ("memory_growth_threshold", "cpu_limit_percent") if name in found
        }
        tracks = {
            "track_memory_growth": found.get("memory_monitoring", False),
            "track_cpu_usage": found.get("cpu_monitoring", False),
        }
        if limits or any(tracks.values()):
            yield importlib.import_module("fast_dag.observe.monitor").CycleMonitor(**limits, **tracks)


class _Caches:
    """The caches of the nodes of an executor: entries that were used last.

    Parameters:
        size: how many entries, None for as many as any cache in memory has.
    """

    def __init__(self, size: int | None) -> None:
        memory = importlib.import_module("fast_dag.stores.memory").MemoryCache
        self._backend = memory() if size is None else memory(max_size=size)
        self._made: IdentityMap[Any] = IdentityMap()

    def before(self, other: Callable[[AnyNode], Any]) -> Callable[[AnyNode], Any]:
        def cache_of(node: AnyNode) -> Any:
            if node.settings.cache_backend != OWN_CACHE:
                return other(node)
            return self._made.get_or_make(node, lambda: self._cache(node))

        return cache_of

    def _cache(self, node: AnyNode) -> Any:
        module = importlib.import_module("fast_dag.stores.cache")
        return module.NodeCache(node, self._backend, "", shared=False)
