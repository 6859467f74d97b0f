"""What ran in a run, one record for each cycle, iteration and node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fast_dag.plan.shape import Shape
from fast_dag.run.events import CycleEvent, Event, NodeEvent

OPENS: Final = ("node_started", "cycle_started", "iteration_started")
CLOSES: Final = ("node_finished", "node_failed", "cycle_finished", "iteration_finished", "node_abandoned")
CYCLE_STATUS: Final = {
    "error": "failed",
    "violation": "failed",
    "cancelled": "cancelled",
    "not_entered": "skipped",
}
"""What a cycle is said to be by the reason it ended for; completed for all others."""


@dataclass(slots=True)
class Record:
    """One cycle, iteration or node that ran, or that would have."""

    kind: str
    """cycle, iteration or node."""
    name: str
    """That of the node or cycle, behind those of the nodes around it."""
    iteration: int | None
    """The index in the innermost cycle around it, of an iteration its own; None outside of cycles."""
    status: str
    """completed, failed, skipped or cancelled."""
    duration_ms: float
    """Milliseconds at work, all attempts together; of a cycle or iteration from its start to its end."""


Key = tuple[str, str, tuple[int, ...]]


def records_of(events: Sequence[Event], shapes: Mapping[str, Shape], cycle: str | None) -> list[Record]:
    """The records of a run, or of one *cycle* of it, in the order in which they began."""
    found: list[tuple[Event, Record]] = []
    under_way: dict[Key, Record] = {}
    for event in events:
        if not isinstance(event, NodeEvent | CycleEvent):
            continue
        key = _key(event)
        if key is None:
            continue
        record = under_way.get(key)
        if record is None or _begins_anew(event):
            record = under_way[key] = Record(*_about(event), "cancelled", 0.0)
            found.append((event, record))
        if _is_over(event, record):
            del under_way[key]
    is_inside = _within(cycle, shapes)
    return [record for event, record in found if is_inside(event)]


def _key(event: Any) -> Key | None:
    """What the event is about, None if there is no record of that."""
    kind = event.kind
    if kind == "node_failed" and event.index is not None:
        return None  # what elements took is in the time of their map
    if kind.startswith("node_"):
        return "node", event.node, event.iteration
    if kind.startswith("cycle_"):
        return "cycle", event.cycle, event.iteration
    if kind.startswith("iteration_"):
        return "iteration", event.cycle, (*event.iteration, event.index)
    return None


def _begins_anew(event: Any) -> bool:
    """Whether a node runs once more, where it has failed before."""
    return bool(event.kind == "node_started" and event.attempt == 1)


def _about(event: Any) -> tuple[str, str, int | None]:
    kind, name, iteration = _key(event)  # type: ignore[misc]
    return kind, name, iteration[-1] if iteration else None


def _is_over(event: Any, record: Record) -> bool:
    """Add what an event tells to the record; whether nothing more comes."""
    kind = event.kind
    if kind == "node_skipped":
        record.status = "skipped"
        return True
    if kind in OPENS or kind == "node_abandoned":
        return False
    record.duration_ms += event.duration * 1000
    if kind == "node_failed":
        record.status = "failed" if event.retry_in is None else "cancelled"
        return False  # the value of a handler may stand for the result
    record.status = "completed"
    if kind == "cycle_finished":
        record.status = CYCLE_STATUS.get(event.reason, "completed")
    elif kind == "iteration_finished":
        record.status = event.status
    return True


def _within(cycle: str | None, shapes: Mapping[str, Shape]) -> Any:
    """Tells of an event whether it is about *cycle*, or about something in its body."""
    if cycle is None:
        return lambda _: True
    path = cycle[: cycle.rfind(".") + 1] if cycle not in _cycles(shapes.get("")) else ""
    shape = shapes.get(path)
    spans = _cycles(shape)
    first, last = spans.get(cycle[len(path) :], (0, 0))
    names = set() if shape is None else set(shape.names[first + 1 : last])
    inner = {name for name, (enter, leave) in spans.items() if first < enter and leave < last}

    def is_inside(event: Any) -> bool:
        about = getattr(event, "node", None) or event.cycle
        if isinstance(event, CycleEvent) and about == cycle:
            return True
        head = about[len(path) :] if about.startswith(path) else ""
        return bool(head) and any(part in names or part in inner for part in _heads(head))

    return is_inside


def _cycles(shape: Shape | None) -> dict[str, tuple[int, int]]:
    return {} if shape is None else {name: (enter, leave) for name, enter, leave in shape.cycles}


def _heads(path: str) -> Iterator[str]:
    """A path, and each beginning of it that ends before a dot: names may have dots themselves."""
    yield path
    for place, letter in enumerate(path):
        if letter == ".":
            yield path[:place]
