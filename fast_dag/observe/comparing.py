"""Whether the same happened in two runs: what each node and cycle went through, and what came before what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from fast_dag.observe.event_data import class_and_text
from fast_dag.plan.shape import Shape
from fast_dag.run.divergence import Divergence
from fast_dag.run.events import CycleEvent, Event, NodeEvent

COUNTED: Final[Mapping[str, tuple[str, ...]]] = {
    "run_started": (),
    "run_finished": ("status", "error"),
    "node_started": ("attempt",),
    "node_finished": ("attempt", "cached"),
    "node_failed": ("attempt", "index", "error"),
    "node_skipped": (),
    "node_abandoned": ("attempt",),
    "item_finished": (),
    "item_failed": ("error",),
    "cycle_started": (),
    "cycle_finished": ("reason", "verdict", "iterations"),
    "iteration_started": ("index",),
    "iteration_finished": ("index", "metrics", "status"),
    "condition_checked": ("index", "condition", "result"),
    "state_changed": ("index", "node", "key"),
    "transition": ("source", "target"),
    "violation": (),
    "checkpoint_saved": ("iterations",),
}
"""The fields that count, by kind of event; those of other kinds have a code."""

Key = tuple[Hashable, ...]


class Place(NamedTuple):
    """An event, where it stands, and what of it counts."""

    number: int
    event: Event
    said: tuple[str, ...]


def compared(
    ours: Sequence[Event],
    theirs: Sequence[Event],
    our_shapes: Mapping[str, Shape],
    their_shapes: Mapping[str, Shape],
) -> Divergence | None:
    """The first difference between two runs; of several the one that comes first in ours."""
    mine, others = _courses(ours), _courses(theirs)
    found = [*_outcomes(mine, others), *_orders(mine, others, our_shapes, their_shapes)]
    return min(found, key=lambda each: each.index, default=None)


def _courses(events: Sequence[Event]) -> dict[Key, list[Place]]:
    """What happened to each thing that goes its own way, in order."""
    found: dict[Key, list[Place]] = defaultdict(list)
    for index, event in enumerate(events):
        found[_key(event)].append(Place(index, event, _said(event)))
    return found


def _key(event: Any) -> Key:
    """What an event is about."""
    if event.kind.startswith("item_"):
        return "item", event.node, event.iteration, event.index
    if isinstance(event, NodeEvent):
        return "node", event.node, event.iteration
    if isinstance(event, CycleEvent):
        return "cycle", event.cycle, event.iteration
    if event.kind == "transition":
        return "machine", event.source.rpartition(".")[0]
    if event.kind.startswith("run_"):
        return ("run",)
    return event.kind, getattr(event, "code", None) or getattr(event, "cycle", None)


def _said(event: Event) -> tuple[str, ...]:
    """What counts of an event; texts, so that 0 and False differ and nan is itself."""
    names = COUNTED.get(event.kind, ("code",))
    return (event.kind, *(_text(getattr(event, name)) for name in names))


def _text(value: Any) -> str:
    if isinstance(value, BaseException):
        return ": ".join(class_and_text(value))
    return repr(dict(value) if isinstance(value, Mapping) else value)


def _overlap(places: Sequence[Place]) -> bool:
    """Whether two executions of the same node were under way at once."""
    under_way = 0
    for each in places:
        event: Any = each.event
        under_way += event.kind == "node_started" and event.attempt == 1
        if under_way > 1:
            return True
        if event.kind == "node_finished" or (event.kind == "node_failed" and event.retry_in is None):
            under_way = 0
    return False


def _outcomes(mine: Mapping[Key, list[Place]], others: Mapping[Key, list[Place]]) -> Iterator[Divergence]:
    """The first difference in each course."""
    maps = {key[1:3] for key in mine if key[0] == "item"}
    for key in {**mine, **others}:
        ours, theirs = mine.get(key, []), others.get(key, [])
        if key[1:3] in maps or _overlap(ours) or _overlap(theirs):
            # Elements of a map, side by side: nothing says which of them is which.
            ours, theirs = (sorted(each, key=lambda place: place.said) for each in (ours, theirs))
        same = next((n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a.said != b.said), None)
        if same is None:
            if len(ours) == len(theirs):
                continue
            same = min(len(ours), len(theirs))
        our, their = _at(ours, same), _at(theirs, same)
        index = our.number if our is not None else their.number  # type: ignore[union-attr]
        event, other = our and our.event, their and their.event
        yield Divergence(index, event, other, f"{_words(event)} here, {_words(other)} there")


def _orders(
    mine: Mapping[Key, list[Place]],
    others: Mapping[Key, list[Place]],
    our_shapes: Mapping[str, Shape],
    their_shapes: Mapping[str, Shape],
) -> Iterator[Divergence]:
    """Steps that depend on each other, and came in another order."""
    bound = {**_bonds(their_shapes)}
    for target, sources in _bonds(our_shapes).items():
        bound[target] = bound.get(target, frozenset()) | sources
    for key in mine:
        # A node is skipped as soon as one of its sources says so.
        has_run = key in others and {mine[key][0].event.kind, others[key][0].event.kind} == {"node_started"}
        if key[0] != "node" or not has_run:
            continue
        for source in bound.get(key[1], ()):
            before = ("node", source, key[2])
            if before not in mine or before not in others:
                continue
            if _is_before(mine, before, key) != _is_before(others, before, key):
                our, their = mine[key][0], others[key][0]
                first, second = (
                    ("before", "after") if _is_before(others, before, key) else ("after", "before")
                )
                reason = f"{key[1]!r} came {first} {source!r} here, {second} it there"
                yield Divergence(our.number, our.event, their.event, reason)


def _bonds(shapes: Mapping[str, Shape]) -> dict[Hashable, frozenset[str]]:
    """For each node those it has to wait for, where the winner of a race is not among them."""
    return {
        path + shape.names[unit]: frozenset(path + shape.names[each] for each in sources)
        for path, shape in shapes.items()
        for unit, sources in enumerate(shape.sources)
        if shape.roles[unit] == ""
    }


def _is_before(courses: Mapping[Key, list[Place]], source: Key, target: Key) -> bool:
    return courses[source][-1].number < courses[target][0].number


def _at(places: Sequence[Place], number: int) -> Place | None:
    return places[number] if number < len(places) else None


def _words(event: Any) -> str:
    """An event in a few words."""
    if event is None:
        return "nothing"
    about = getattr(event, "node", None) or getattr(event, "cycle", None) or event.workflow
    where = f" in iteration {event.iteration[-1]}" if getattr(event, "iteration", ()) else ""
    fields = {name: getattr(event, name) for name in COUNTED.get(event.kind, ("code",)) if name != "error"}
    what = [value for name, value in fields.items() if name != "index" or value is not None]
    error = getattr(event, "error", None)
    if error is not None:
        what.append(": ".join(class_and_text(error)))
    told = f" ({', '.join(map(str, what))})" if what else ""
    return f"{event.kind} of {about!r}{where}{told}"
