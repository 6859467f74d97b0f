"""What happened in a run, as frozen values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from fast_dag.run.brief import fields_in_brief
from fast_dag.run.violation import Violation

_new: Final = object.__new__
_put: Final = object.__setattr__


@dataclass(frozen=True, kw_only=True, repr=False)
class Event:
    """Something that happened *time* seconds after the run *run_id* of *workflow* had started."""

    kind: ClassVar[str] = "event"
    run_id: str
    time: float
    workflow: str

    __repr__ = fields_in_brief


@dataclass(frozen=True, kw_only=True, repr=False)
class RunStarted(Event):
    """A run has been checked and begins."""

    kind: ClassVar[str] = "run_started"
    mode: str
    input_names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class RunFinished(Event):
    """A run is over, after *duration* seconds; *error* is what it raises, if it does."""

    kind: ClassVar[str] = "run_finished"
    status: str
    duration: float
    error: BaseException | None


@dataclass(frozen=True, kw_only=True, repr=False)
class NodeEvent(Event):
    """Something about a *node*.

    *attempt* counts from 1, *iteration* has the index in each enclosing cycle, *worker* is the name
    of the thread or task.
    """

    kind: ClassVar[str] = "node"
    node: str
    attempt: int
    iteration: tuple[int, ...] = ()
    worker: str


@dataclass(frozen=True, kw_only=True, repr=False)
class NodeStarted(NodeEvent):
    """An attempt begins; *inputs* only for observers that want values."""

    kind: ClassVar[str] = "node_started"
    inputs: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class NodeFinished(NodeEvent):
    """A node has its result, after *duration* seconds; *result* only for observers that want values."""

    kind: ClassVar[str] = "node_finished"
    duration: float
    cached: bool = False
    result: Any = None


@dataclass(frozen=True, kw_only=True, repr=False)
class NodeFailed(NodeEvent):
    """An attempt failed; the next one is due in *retry_in* seconds, None if there is none.

    *index* is that of the element, as of an `ItemEvent`, if the attempt was about one: then the node goes on.
    """

    kind: ClassVar[str] = "node_failed"
    error: BaseException
    duration: float
    retry_in: float | None
    index: int | tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class NodeSkipped(NodeEvent):
    """A node will not run, for the *reason* known at that moment."""

    kind: ClassVar[str] = "node_skipped"
    reason: str


@dataclass(frozen=True, kw_only=True, repr=False)
class NodeAbandoned(NodeEvent):
    """A call that could not be stopped goes on unheard; *timeout* in seconds, if it has one."""

    kind: ClassVar[str] = "node_abandoned"
    timeout: float | None


@dataclass(frozen=True, kw_only=True, repr=False)
class ItemEvent(NodeEvent):
    """Something about one element of a map node's input: its *index* (one for each level, if several)."""

    kind: ClassVar[str] = "item"
    index: int | tuple[int, ...]
    duration: float


@dataclass(frozen=True, kw_only=True, repr=False)
class ItemFinished(ItemEvent):
    """A map node has the result of an element, after *duration* seconds."""

    kind: ClassVar[str] = "item_finished"


@dataclass(frozen=True, kw_only=True, repr=False)
class ItemFailed(ItemEvent):
    """An element of a map node has failed for good."""

    kind: ClassVar[str] = "item_failed"
    error: BaseException


@dataclass(frozen=True, kw_only=True, repr=False)
class Warned(Event):
    """Something that harms no result, and that somebody should know; *code* tells what kind of thing."""

    kind: ClassVar[str] = "warning"
    code: str
    message: str


@dataclass(frozen=True, kw_only=True, repr=False)
class CycleEvent(Event):
    """Something about a *cycle*; *iteration* has the index in each cycle around it."""

    kind: ClassVar[str] = "cycle"
    cycle: str
    iteration: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class CycleStarted(CycleEvent):
    """A cycle is entered."""

    kind: ClassVar[str] = "cycle_started"


@dataclass(frozen=True, kw_only=True, repr=False)
class CycleFinished(CycleEvent):
    """A cycle has ended, for the *reason* and *detail* of its result, after so many *iterations*."""

    kind: ClassVar[str] = "cycle_finished"
    reason: str
    detail: str
    verdict: str | None
    iterations: int
    duration: float


@dataclass(frozen=True, kw_only=True, repr=False)
class IterationStarted(CycleEvent):
    """The iteration *index* of a cycle begins."""

    kind: ClassVar[str] = "iteration_started"
    index: int


@dataclass(frozen=True, kw_only=True, repr=False)
class IterationFinished(CycleEvent):
    """An iteration has come to its end, after *duration* seconds.

    *metrics* are the scalars its nodes gave, by bare name where that is unique; *status* is completed, or
    failed where a node failed and the cycle goes on nevertheless.
    """

    kind: ClassVar[str] = "iteration_finished"
    index: int
    duration: float
    metrics: Mapping[str, Any]
    status: str = "completed"


@dataclass(frozen=True, kw_only=True, repr=False)
class ConditionChecked(CycleEvent):
    """What ends a cycle was asked after the iteration *index*; *result* is whether *condition* held."""

    kind: ClassVar[str] = "condition_checked"
    index: int
    condition: str
    result: bool


@dataclass(frozen=True, kw_only=True, repr=False)
class StateChanged(CycleEvent):
    """A *node* has changed its state under *key* in the iteration *index*; "" for what nodes share.

    *old* is None where there was nothing before.
    """

    kind: ClassVar[str] = "state_changed"
    index: int
    node: str
    key: Any
    old: Any
    new: Any


@dataclass(frozen=True, kw_only=True, repr=False)
class Transitioned(Event):
    """A machine goes from one state to another; its end is none."""

    kind: ClassVar[str] = "transition"
    source: str
    target: str


@dataclass(frozen=True, kw_only=True, repr=False)
class Violated(Event):
    """A limit was broken; *cycle* is the one it is about, None if it is about the run."""

    kind: ClassVar[str] = "violation"
    violation: Violation
    cycle: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class CheckpointSaved(CycleEvent):
    """What a cycle has come to was written to a store, after so many *iterations*."""

    kind: ClassVar[str] = "checkpoint_saved"
    iterations: int


EVENTS: dict[str, type[Event]] = {
    event.kind: event
    for event in (
        RunStarted,
        RunFinished,
        NodeStarted,
        NodeFinished,
        NodeFailed,
        NodeSkipped,
        NodeAbandoned,
        ItemFinished,
        ItemFailed,
        Warned,
        CycleStarted,
        CycleFinished,
        IterationStarted,
        IterationFinished,
        ConditionChecked,
        StateChanged,
        Transitioned,
        Violated,
        CheckpointSaved,
    )
}


def made(event: type[Event], fields: dict[str, Any]) -> Event:
    """An event of all its *fields*, which become its own: a quarter of the cost of its constructor."""
    new: Event = _new(event)
    _put(new, "__dict__", fields)
    return new


Observer = Callable[[Event], object]
"""Called with each event of a run; its answer is ignored."""
