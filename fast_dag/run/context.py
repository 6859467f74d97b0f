"""Context: what one run knows, for nodes to read and change and for callers to look at."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from fast_dag.errors import RunCancelledError
from fast_dag.plan.plan import Argument
from fast_dag.run.brief import brief
from fast_dag.run.moment import time_in
from fast_dag.run.step import part_of
from fast_dag.values import NO_DATA, LogicalTime

if TYPE_CHECKING:
    from fast_dag.run.recording import Recording

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Passed(NamedTuple):
    """What a router passed on if that is the result of a node, or what *branch* of another router gave it."""

    name: str
    branch: str = ""
    part: Argument | None = None
    """The part of the result, None for all of it."""


class Context:
    """Results, metadata and metrics of one run; always truthy.

    All three are plain dicts.  The engine makes those it fills itself when somebody looks.

    Parameters:
        results: visible to nodes from the start; they replace no execution.
        metadata: anything the user wants to carry along.
        metrics: likewise.
    """

    __fast_dag_injected__ = True
    trace: Any = None
    """The `Trace` of the run, complete when that is over; None if it was not asked for."""

    def __init__(
        self,
        results: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        metrics: dict[str, Any] | None = None,
    ) -> None:
        self._results: dict[str, Any] = {} if results is None else results
        self._metadata: dict[str, Any] = {} if metadata is None else metadata
        self._metrics: dict[str, Any] = {} if metrics is None else metrics
        self._late_results: Callable[[], dict[str, Any]] | None = None
        self._late_metrics: Callable[[], dict[str, Any]] | None = None
        self._inputs: Mapping[str, Any] = NOTHING
        self._branches: Mapping[str, str] = NOTHING
        self._passed_on: Mapping[str, Any] = NOTHING
        self._nested: dict[str, Context] = {}
        self._outer: Context | None = None
        self._stop: Callable[[Exception], None] | None = None
        self._cancelled = False
        self._stopped_by: Exception | None = None
        self.recording: Recording | None = None
        """What was recorded of the run, with ``record=True``."""
        self.walk: Any = None
        """Where somebody who goes through a workflow step by step is; the engine keeps it."""

    @property
    def results(self) -> dict[str, Any]:
        """The result of each node that has one."""
        late = self._late_results
        if late is not None:
            found = late()
            # Two threads that look at once both write the same values into the same dict.
            self._results.update(found)
            self._late_results = None
        return self._results

    @property
    def metadata(self) -> dict[str, Any]:
        """What the user and the engine noted: run_id, execution_status, skipped, errors and more."""
        return self._metadata

    @property
    def metrics(self) -> dict[str, Any]:
        """Times and counts, complete when the run is over."""
        late = self._late_metrics
        if late is not None:
            self._metrics.update(late())
            self._late_metrics = None
        return self._metrics

    @property
    def time(self) -> LogicalTime:
        """The epoch, and the round of each cycle around the node that asks; of the epoch only elsewhere."""
        return time_in(self.epoch)

    @property
    def epoch(self) -> int:
        """The epoch of the session, 0 without one."""
        return int(self._metadata.get("epoch", 0))

    @property
    def round(self) -> int | None:
        """The round of the innermost cycle around the node that asks, from 1; None outside of cycles."""
        rounds = self.time.rounds
        return rounds[-1] if rounds else None

    @property
    def is_first_round(self) -> bool:
        """Whether that is the first one; also outside of cycles."""
        return self.round in (None, 1)

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The inputs the run was given, read-only."""
        return self._inputs

    @property
    def branches(self) -> Mapping[str, str]:
        """The branch each router took, read-only."""
        return self._branches

    @property
    def nested(self) -> Mapping[str, Context]:
        """The contexts of runs inside nodes, read-only; a map node has one for each element, "name[0]"."""
        return MappingProxyType(self._nested)

    @property
    def cancelled(self) -> bool:
        """Whether the run was told to end early: by a cancel, its timeout or a failure."""
        context: Context | None = self
        while context is not None and not context._cancelled:
            context = context._outer
        return context is not None

    def cancel(self, reason: str | None = None) -> None:
        """End the run from any thread; its caller gets a RunCancelledError that gives *reason*."""
        because = "" if reason is None else f": {reason}"
        self.stop(RunCancelledError(f"the run was cancelled{because}"))

    def stop(self, error: Exception) -> None:
        """End the run from any thread with *error*; the engine calls it."""
        self._cancelled = True
        self._stopped_by = error
        if self._stop is not None:
            self._stop(error)

    def claim(self) -> bool:
        """Take the context for a run; false if another run has it.  The engine calls it."""
        mine = object()
        # One atomic step of the dict, so that of two runs only one gets it.
        if self.__dict__.setdefault("_claimed_by", mine) is not mine:
            return False
        self._cancelled, self._stopped_by = False, None
        return True

    def release(
        self, results: Callable[[], dict[str, Any]] | None, metrics: Callable[[], dict[str, Any]]
    ) -> None:
        """Give the context back, with what makes its results (if they are not there) and metrics."""
        self._late_results, self._late_metrics = results, metrics
        self.__dict__.pop("_claimed_by", None)
        work = [self]
        while work:
            context = work.pop()
            context._cancelled, context._outer, context._stop = context.cancelled, None, None
            work.extend(inner for inner in context._nested.values() if inner._outer is not None)

    def begin(
        self, inputs: Mapping[str, Any], branches: Mapping[str, str], passed_on: Mapping[str, Any]
    ) -> None:
        """Show what a run was given, and the branches it takes; keep what routers pass on."""
        self._inputs, self._branches = MappingProxyType(dict(inputs)), MappingProxyType(branches)
        self._passed_on = passed_on
        self._nested = {}

    def hold(self, name: str, context: Context) -> None:
        """Take in the context of a run inside the node *name*; the engine calls it."""
        self._nested[name] = context
        context._outer, context._stop = self, self._stop

    def forget_inputs(self) -> None:
        """Let go of what the run was given; the engine calls it."""
        self._inputs = NOTHING

    def came_from(self, name: str, branch: str) -> Any:
        """What node *name* gave, or gave to *branch*; `NO_DATA` if that is nothing or not known."""
        part = None
        while branch:
            passed = self._passed_on.get(name, NO_DATA) if self._branches.get(name) == branch else NO_DATA
            if not isinstance(passed, Passed):
                return passed
            name, branch, part = passed
        value = self.results.get(name, NO_DATA)
        return value if part is None or value is NO_DATA else part_of(value, part)

    def on_stop(self, stop: Callable[[Exception], None]) -> None:
        """Have *stop* called, in the thread of the caller, when the run is to end; the runner calls it."""
        self._stop = stop
        if self._stopped_by is not None:
            stop(self._stopped_by)

    def end_early(self) -> None:
        """Let long nodes see that nobody waits for them any more; the engine calls it."""
        self._cancelled = True

    def set_result(self, key: str, value: Any) -> None:
        """Store a result."""
        self.results[key] = value

    set = set_result

    def get_result(self, key: str) -> Any:
        """A result, "node.inner" of a nested run; KeyError if there is none."""
        found = self._found(key)
        if found is NO_DATA:
            raise KeyError(key)
        return found

    def get(self, key: str, default: Any = None) -> Any:
        """A result, or *default*."""
        found = self._found(key)
        return default if found is NO_DATA else found

    def has_result(self, key: object) -> bool:
        """Whether there is a result of that name."""
        return self._found(key) is not NO_DATA

    __getitem__ = get_result
    __contains__ = has_result

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        status = self._metadata.get("execution_status", "new")
        return f"<{type(self).__name__} {status}, {len(self.results)} results>"

    def update_metrics(self, name: str, values: Mapping[str, Any]) -> None:
        """Merge *values* into ``metrics[name]``."""
        self.metrics.setdefault(name, {}).update(values)

    def _found(self, key: Any) -> Any:
        """The result *key*, in this run or in one it leads to; `NO_DATA` if there is none."""
        context, found = self, self._own(key)
        rest, dot = key, "."
        while found is NO_DATA and isinstance(rest, str) and dot:
            name, dot, rest = rest.partition(".")
            if name not in context._nested:
                break
            context = context._nested[name]
            found = context._own(rest)
        return found

    def _own(self, key: Any) -> Any:
        """The result *key* of this run; `NO_DATA` if there is none."""
        return self.results.get(key, NO_DATA)

    def to_dict(self, strict: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - the contract's form
        """A JSON-ready dict; a value JSON cannot hold becomes ``{"$repr": text}``, a short one.

        Raises:
            TypeError: *strict*, and there is such a value; the text names its key.
        """
        return {
            part: {
                str(key): _jsonable(value, f"{part}[{key!r}]", strict=strict) for key, value in held.items()
            }
            for part, held in (
                ("results", self.results),
                ("metadata", self.metadata),
                ("metrics", self.metrics),
            )
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The context that `to_dict` described."""
        return cls(
            dict(stored.get("results", {})), dict(stored.get("metadata", {})), dict(stored.get("metrics", {}))
        )


def _jsonable(value: Any, where: str, *, strict: bool) -> Any:
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        if strict:
            msg = f"{where} holds a {type(value).__name__}, which JSON cannot store"
            raise TypeError(msg) from None
        return {"$repr": brief(value)}
