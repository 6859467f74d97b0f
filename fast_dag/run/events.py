"""What happened in a run, as frozen values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened *time* seconds after the run *run_id* of *workflow* had started."""

    kind: ClassVar[str] = "event"
    run_id: str
    time: float
    workflow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run has been checked and begins."""

    kind: ClassVar[str] = "run_started"
    mode: str
    input_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """A run is over, after *duration* seconds; *error* is what it raises, if it does."""

    kind: ClassVar[str] = "run_finished"
    status: str
    duration: float
    error: BaseException | None


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted(NodeEvent):
    """An attempt begins; *inputs* only for observers that want values."""

    kind: ClassVar[str] = "node_started"
    inputs: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFinished(NodeEvent):
    """A node has its result, after *duration* seconds; *result* only for observers that want values."""

    kind: ClassVar[str] = "node_finished"
    duration: float
    cached: bool = False
    result: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFailed(NodeEvent):
    """An attempt failed; the next one is due in *retry_in* seconds, None if there is none."""

    kind: ClassVar[str] = "node_failed"
    error: BaseException
    duration: float
    retry_in: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSkipped(NodeEvent):
    """A node will not run, for the *reason* known at that moment."""

    kind: ClassVar[str] = "node_skipped"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAbandoned(NodeEvent):
    """A call that could not be stopped goes on unheard; *timeout* in seconds, if it has one."""

    kind: ClassVar[str] = "node_abandoned"
    timeout: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemEvent(NodeEvent):
    """Something about one element of a map node's input: its *index* (one for each level, if several)."""

    kind: ClassVar[str] = "item"
    index: int | tuple[int, ...]
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFinished(ItemEvent):
    """A map node has the result of an element, after *duration* seconds."""

    kind: ClassVar[str] = "item_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFailed(ItemEvent):
    """An element of a map node has failed for good."""

    kind: ClassVar[str] = "item_failed"
    error: BaseException


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """Something that harms no result, and that somebody should know; *code* tells what kind of thing."""

    kind: ClassVar[str] = "warning"
    code: str
    message: str


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
    )
}

Observer = Callable[[Event], object]
"""Called with each event of a run; its answer is ignored."""
