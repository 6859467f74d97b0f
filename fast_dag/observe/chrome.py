"""A trace in the format of Chrome, which Perfetto opens: a row for each worker, and spans on it.

The format is that of the Chromium project, "Trace Event Format": times in microseconds, ``X`` for a span,
``i`` for a moment, ``M`` for the names of processes and rows.  Two spans of one row lie apart, or one holds
the other.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fast_dag.observe.event_data import class_and_text, data_of
from fast_dag.observe.event_lines import no_constant
from fast_dag.plan.shape import Shape
from fast_dag.run.events import Event

OURS: Final = "fast_dag"
"""The key of the events as they are, beside those of the format; viewers leave it alone."""
PROCESS: Final = 1
MOMENTS: Final = ("node_skipped", "node_abandoned", "transition", "violation", "warning", "checkpoint_saved")
"""Kinds of events that take no time."""


@dataclass(slots=True)
class Span:
    """Something on its way, times in nanoseconds."""

    name: str
    category: str
    row: str
    """The worker, "" if it has no row of its own."""
    begun: int
    ended: int
    about: dict[str, Any] = field(default_factory=dict)


def text_of(events: Sequence[Event], shapes: Mapping[str, Shape]) -> str:
    """The text of a file."""
    rows = _rows(_spans(events))
    numbers = {name: number for number, name in enumerate(rows, 1)}
    found = [_named("process_name", 0, events[0].workflow if events else "")]
    found += [_named("thread_name", number, name) for name, number in numbers.items()]
    found += [_span(span, numbers[name]) for name, spans in rows.items() for span in spans]
    found += [_moment(event, numbers) for event in events if event.kind in MOMENTS]
    about = {"run_id": events[0].run_id, "workflow": events[0].workflow} if events else {}
    kept = data_of(events, shapes)
    whole = {"traceEvents": found, "displayTimeUnit": "ms", "otherData": about, OURS: kept}
    return json.dumps(whole, allow_nan=False)


def lines_of(data: bytes) -> Iterator[Any]:
    """The events of a file, as data."""
    whole = json.loads(data.decode(), parse_constant=no_constant)
    if not isinstance(whole, dict) or not isinstance(whole.get(OURS), list):
        msg = f"there is no list {OURS!r} in it, which only traces of this library have"
        raise TypeError(msg)
    return iter(whole[OURS])


def _spans(events: Sequence[Event]) -> list[Span]:
    """Each attempt of a node, each iteration and each cycle."""
    found: list[Span] = []
    under_way: dict[Any, list[Any]] = defaultdict(list)
    ends: dict[Any, list[float]] = defaultdict(list)
    """When each cycle ended: an iteration that was cut has no end of its own."""
    for event in events:
        key = _key(event)
        if key is None:
            continue
        if event.kind.endswith("_started"):
            under_way[key].append(event)
        elif under_way[key]:
            found.append(_between(under_way[key].pop(0), event))
        if event.kind == "cycle_finished":
            ends[key[1:]].append(event.time)
    last = events[-1].time if events else 0.0
    for key, starts in under_way.items():
        around = ends[key[1:3]] if key[0] == "iteration" else []
        found += [_left(each, next((end for end in around if end >= each.time), last)) for each in starts]
    return found


def _key(event: Any) -> Any:
    """What a span is about, None if the event is about none."""
    if event.kind == "node_failed" and event.index is not None:
        return None
    if event.kind in ("node_started", "node_finished", "node_failed"):
        return "node", event.node, event.iteration
    if event.kind in ("cycle_started", "cycle_finished"):
        return "cycle", event.cycle, event.iteration
    if event.kind in ("iteration_started", "iteration_finished"):
        return "iteration", event.cycle, event.iteration, event.index
    return None


def _between(start: Any, end: Any) -> Span:
    begun = _nanoseconds(start.time)
    ended = max(begun, _nanoseconds(end.time))
    if start.kind != "node_started":
        return Span(_title(start), start.kind.partition("_")[0], "", begun, ended, _about(end))
    # It may have been told later that it ended.
    ended = min(ended, begun + _nanoseconds(end.duration))
    about = {"attempt": end.attempt, "iteration": list(end.iteration), **_about(end)}
    return Span(end.node, "node", end.worker, begun, ended, about)


def _left(start: Any, time: float) -> Span:
    """The span of something that never ended."""
    row = getattr(start, "worker", "")
    about = {"status": "cancelled"}
    return Span(
        _title(start), start.kind.partition("_")[0], row, _nanoseconds(start.time), _nanoseconds(time), about
    )


def _title(start: Any) -> str:
    if start.kind == "node_started":
        return str(start.node)
    return f"{start.cycle} [{start.index}]" if start.kind == "iteration_started" else str(start.cycle)


def _about(end: Any) -> dict[str, Any]:
    """What is shown of the end of a span."""
    names = ("status", "reason", "detail", "verdict", "iterations", "cached")
    found = {name: getattr(end, name) for name in names if getattr(end, name, None) not in (None, "")}
    error = getattr(end, "error", None)
    if error is not None:
        found["error"] = ": ".join(class_and_text(error))
    return found


def _rows(spans: Sequence[Span]) -> dict[str, list[Span]]:
    """The rows by name, each with spans that lie apart or one in the other.

    A cycle or iteration is in the row of the worker that has all its nodes, else in one of its own.
    """
    workers = [span for span in spans if span.row]
    names = sorted({span.row for span in workers})
    for span in spans:
        if not span.row:
            span.row = names[0] if len(names) == 1 else f"cycle {span.name.partition(' [')[0]}"
    rows: dict[str, list[Span]] = {}
    lanes: dict[str, list[list[int]]] = defaultdict(list)
    # The outer of two that begin at once comes first.
    depth = {"cycle": 0, "iteration": 1, "node": 2}
    for span in sorted(spans, key=lambda each: (each.begun, -each.ended, depth[each.category])):
        number = _lane(lanes[span.row], span)
        name = span.row if number == 0 else f"{span.row} ({number + 1})"
        rows.setdefault(name, []).append(span)
    return rows


def _lane(lanes: list[list[int]], span: Span) -> int:
    """The first lane in which *span* overlaps nothing by half; each is a stack of the ends under way."""
    for number, ends in enumerate(lanes):
        while ends and ends[-1] <= span.begun:
            ends.pop()
        if not ends or span.ended <= ends[-1]:
            ends.append(span.ended)
            return number
    lanes.append([span.ended])
    return len(lanes) - 1


def _span(span: Span, row: int) -> dict[str, Any]:
    return {
        "name": span.name,
        "cat": span.category,
        "ph": "X",
        "ts": span.begun / 1000,
        "dur": (span.ended - span.begun) / 1000,
        "pid": PROCESS,
        "tid": row,
        "args": span.about,
    }


def _moment(event: Any, rows: Mapping[str, int]) -> dict[str, Any]:
    about = getattr(event, "node", None) or getattr(event, "cycle", None) or getattr(event, "target", None)
    row = rows.get(getattr(event, "worker", ""), 0)
    return {
        "name": event.kind if about is None else f"{event.kind} {about}",
        "cat": event.kind,
        "ph": "i",
        "s": "t" if row else "p",
        "ts": _nanoseconds(event.time) / 1000,
        "pid": PROCESS,
        "tid": row,
        "args": {name: str(getattr(event, name)) for name in ("reason", "message") if hasattr(event, name)},
    }


def _named(what: str, row: int, name: str) -> dict[str, Any]:
    return {"name": what, "ph": "M", "pid": PROCESS, "tid": row, "args": {"name": name}}


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
