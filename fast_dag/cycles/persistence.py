"""Checkpoints of a cycle: what is kept after iterations, where, and how a run goes on from there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fast_dag.errors import CycleConfigurationError, CycleStateError, NotSerializableError
from fast_dag.graph.attached import with_attached
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.graph import Graph
from fast_dag.graph.loops import cycles_of
from fast_dag.stores.codec import StateCodec
from fast_dag.stores.states import METHODS, FileStateStore, MemoryStateStore
from fast_dag.stores.tagged import Where, plain, register_codec
from fast_dag.values import NO_DATA

VERSION = 1
"""Of what a checkpoint holds."""
WITHOUT = (
    *("max_iterations", "min_iterations", "timeout_seconds", "cpu_time_limit_seconds", "memory_limit_mb"),
    *("safety_cap", "on_limit", "tools", "description", "metadata", "cycle_name"),
)
"""Settings that may be others when a cycle goes on: limits, tools and labels."""

register_codec(type(NO_DATA), "no_data", lambda _: None, lambda _: NO_DATA)


class Checkpoints:
    """Where the checkpoints of an executor lie, and how they are written.

    Parameters:
        store: a state store, the path of a folder, None for the memory of this process.
        every: after how many iterations there is one.
        codec: makes bytes of them.

    Raises:
        CycleConfigurationError: it is no store.
    """

    def __init__(self, store: Any, every: int, codec: StateCodec) -> None:
        if store is None:
            store = MemoryStateStore()
        elif isinstance(store, str | os.PathLike):
            store = FileStateStore(store)
        missing = [name for name in METHODS if not callable(getattr(store, name, None))]
        if missing:
            msg = f"state_store must be a state store or a path, got {store!r}, which has no {missing[0]!r}"
            raise CycleConfigurationError(msg)
        self.store, self.every, self.codec = store, every, codec

    def found(self, resume: object) -> dict[str, Any]:
        """The checkpoint of the run *resume*, of the latest one for True.

        Raises:
            CycleStateError: there is none, it is damaged, or of another version.
        """
        run_id = self.store.latest() if resume is True else resume
        if run_id is None:
            msg = "there is no run to go on with: nothing is kept yet"
            raise CycleStateError(msg)
        data = self.codec.loads(self.store.read(run_id))
        if data.get("version") != VERSION:
            msg = f"what is kept of run {run_id!r} is of version {data.get('version')!r}, not {VERSION}"
            raise CycleStateError(msg)
        return data


class Head(NamedTuple):
    """What a checkpoint is about."""

    cycle: str
    run_id: str
    mark: str
    """Of the definition of the cycle; see `mark_of`."""


class Keeping:
    """What one run keeps of one cycle, and what it goes on from.

    Parameters:
        checkpoints: where.
        head: of which cycle of which run.
        inputs: of the run, which go with it.
        found: the checkpoint to go on from, None to begin anew.

    Raises:
        CycleStateError: *found* is of another cycle, or of one with other settings.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        head: Head,
        inputs: Mapping[str, Any],
        found: Mapping[str, Any] | None,
    ) -> None:
        name = head.cycle
        if found is not None and (found["cycle"], found["mark"]) != (name, head.mark):
            what = "is of cycle" if found["cycle"] != name else "is of other settings or nodes of cycle"
            msg = f"what is kept of run {found['run_id']!r} {what} {found['cycle']!r}: begin {name!r} anew"
            raise CycleStateError(msg)
        self.name, self.every, self.resumed = name, checkpoints.every, found
        self._checkpoints, self._head, self._inputs = checkpoints, head, dict(inputs)

    def write(self, record: Mapping[str, Any]) -> None:
        """Keep *record* in place of what was kept of the run.

        Raises:
            CycleStateError: it holds something that cannot be stored.
        """
        head = {"version": VERSION, **self._head._asdict(), "inputs": self._inputs}
        try:
            data = self._checkpoints.codec.dumps({**head, **record})
        except CycleStateError as error:
            for where, value in _places(self._inputs, record):
                self._checkpoints.codec.check(value, where)
            raise error from None
        self._checkpoints.store.write(self._head.run_id, data)


def _places(inputs: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[tuple[Where, Any]]:
    """What has a node or a key that can be named, and where that is."""
    yield from ((("inputs", name), value) for name, value in inputs.items())
    yield from ((("node_states", node, "result"), value) for node, (*_, value) in record["nodes"].items())
    kept = record["cycles"].values()
    for each in (*kept, *(inner for cycle in kept for inner in cycle["inside"].values())):
        for state in (each["state"] or {}, each["left"] or {}):
            for node, held in state.get("node_states", {}).items():
                yield from ((("node_states", node, key), value) for key, value in held.items())
            yield from ((("shared", key), value) for key, value in state.get("shared", {}).items())
        yield from ((("node_states", node, "result"), value) for node, value in each["outputs"].items())


def codec_of(serializer: str, *, allow_pickle: bool, compress: bool) -> StateCodec:
    """What makes bytes of checkpoints; CycleConfigurationError for settings that are none."""
    try:
        return StateCodec(serializer, allow_pickle=allow_pickle, compress=compress)
    except ValueError as error:
        raise CycleConfigurationError(str(error)) from None


def mark_of(graph: Graph, name: str) -> str:
    """What tells a cycle from others: body, feedback edges, checkers, and settings but for limits.

    Those of the cycles inside it are its own.
    """
    cycles = with_attached(graph, cycles_of(graph)[0])
    cycle = next((each for each in cycles if each.name == name), None)
    if cycle is not None and cycle.parent is not None:
        msg = f"checkpoints are of outermost cycles, and {name!r} lies inside {cycle.parent!r}"
        raise CycleConfigurationError(msg)
    body = set() if cycle is None else set(cycle.nodes)
    deltas = _deltas(graph)
    told = [
        [
            [list(map(str, edge)) for edge in each.edges],
            [[name, _told_of(graph.nodes[name].checker)] for name in (*each.nodes, *each.attached)],
            _told(graph.cycles.config(each.name)),
            *([sorted(deltas[each.name])] if each.name in deltas else []),
        ]
        for each in cycles
        if body.issuperset(each.nodes)
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _deltas(graph: Graph) -> dict[str, list[list[str]]]:
    """What is said of the delta variables of each cycle that has any."""
    found: dict[str, list[list[str]]] = {}
    for port in graph.cycles.deltas.values():
        merge = port.merge if isinstance(port.merge, str) else _function_name(port.merge, "")
        found.setdefault(port.cycle, []).append([port.node, port.input, merge])
    return found


def _told_of(checker: Any) -> Any:
    """The settings of a checker, as far as they can be stored; None for another node."""
    if checker is None:
        return None
    try:
        return [type(checker).__qualname__, plain(getattr(checker, "given", None))]
    except CycleStateError:
        return [type(checker).__qualname__, None]


def _told(config: CycleConfig) -> dict[str, Any]:
    found = {}
    for name, value in config.given.items():
        if name not in WITHOUT:
            try:
                found[name] = CycleConfig(**{name: value}).to_dict(names=_function_name)[name]
            except NotSerializableError:
                found[name] = type(value).__name__  # which it can only be as a whole
    return found


def _function_name(function: Any, _: str) -> str:
    own = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', '')}.{own}"
