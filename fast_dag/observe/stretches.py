"""From what a run has left to the events it stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice, pairwise
from typing import Any

from fast_dag.run.events import (
    EVENTS,
    ConditionChecked,
    Event,
    IterationFinished,
    IterationStarted,
    NodeFinished,
    NodeStarted,
    Transitioned,
    made,
)
from fast_dag.run.traced import FIELDS, Entry, Rounds, Rows, Sample, States, Traced

Told = Iterator[tuple[type[Event], dict[str, Any]]]
PLAIN = Sample(None, ())
"""Of an iteration of which there is no more to tell."""
NAMES = {kind: tuple(name for name, _ in fields) for kind, fields in FIELDS.items()}


def events_of(traced: Traced) -> Iterator[Event]:
    """All events of a run, in the order in which they happened."""
    common = {"run_id": traced.run_id, "workflow": traced.workflow}
    for entry in list(traced.entries):
        if isinstance(entry, Event):
            yield entry
            continue
        for event, fields in _told(entry, traced.started):
            fields.update(common)
            yield made(event, fields)


def _told(entry: Entry, started: float) -> Told:
    if isinstance(entry, Rows):
        return _of_rows(entry, started)
    if isinstance(entry, States):
        return _of_states(entry, started)
    if isinstance(entry, Rounds):
        return _of_rounds(entry, started)
    kind, *values = entry  # type: ignore[misc]
    fields = dict(zip(NAMES[kind], values, strict=True))
    if kind == "state_changed":
        fields.update(old=None, new=None)
    return iter([(EVENTS[kind], fields)])


def _of_rows(rows: Rows, started: float) -> Told:
    for name, stamps in zip(rows.names, pairwise(rows.stamps), strict=False):
        yield from _node(name, (), rows.worker, *(stamp - started for stamp in stamps))
    if rows.begun == len(rows.stamps):
        yield _begun(rows.names[rows.begun - 1], (), rows.worker, rows.stamps[-1] - started)


def _of_states(states: States, started: float) -> Told:
    visits: Counter[str] = Counter()
    before = ""
    for place, name in enumerate(islice(states.names, states.begun)):
        begun = states.stamps[place] - started
        if before:
            yield Transitioned, {"time": begun, "source": before, "target": name}
        if place + 1 < len(states.stamps):
            ended = states.stamps[place + 1] - started
            yield from _node(name, (visits[name],), states.worker, begun, ended)
        else:
            yield _begun(name, (visits[name],), states.worker, begun)
        visits[name] += 1
        before = name
    if states.due is not None:
        yield Transitioned, {"time": states.stamps[-1] - started, "source": before, "target": states.due}


def _of_rounds(rounds: Rounds, started: float) -> Told:
    ticks, size = rounds.ticks, len(rounds.names)
    common = {"cycle": rounds.path + rounds.cycle, "iteration": rounds.around}
    for number in range(rounds.completed):
        sample = rounds.samples.get(number, PLAIN)
        metrics = _metrics(rounds, number) if sample.metrics is None else sample.metrics
        index, place = rounds.first + number, number * size
        begun, ended = ticks[place] - started, ticks[place + size] - started
        yield IterationStarted, {**common, "time": begun, "index": index}
        yield from _body(rounds, place, size, index, started)
        about = {"index": index, "duration": ended - begun, "metrics": metrics}
        if sample.is_told:
            yield IterationFinished, {**common, **about, "time": ended, "status": "completed"}
        for condition, result in sample.checked:
            told = {"index": index, "condition": condition, "result": result}
            yield ConditionChecked, {**common, **told, "time": ended}
    if rounds.begun >= 0:
        index, place = rounds.first + rounds.completed, rounds.completed * size
        yield IterationStarted, {**common, "time": ticks[place] - started, "index": index}
        yield from _body(rounds, place, rounds.begun, index, started)


def _body(rounds: Rounds, place: int, count: int, index: int, started: float) -> Told:
    """The first *count* nodes of an iteration, whose ticks begin at *place*; the last may not have ended."""
    iteration = (*rounds.around, index)
    for offset in range(count):
        name, begun = rounds.path + rounds.names[offset], rounds.ticks[place + offset] - started
        if place + offset + 1 < len(rounds.ticks):
            ended = rounds.ticks[place + offset + 1] - started
            yield from _node(name, iteration, rounds.worker, begun, ended)
        else:
            yield _begun(name, iteration, rounds.worker, begun)


def _metrics(rounds: Rounds, number: int) -> Mapping[str, Any]:
    """The metrics of an iteration whose nodes gave scalars."""
    size = len(rounds.names)
    given = rounds.given[number * size : (number + 1) * size]
    return {} if rounds.scalars is None else rounds.scalars(dict(zip(rounds.names, given, strict=True)))


def _node(name: str, iteration: tuple[int, ...], worker: str, begun: float, ended: float) -> Told:
    yield _begun(name, iteration, worker, begun)
    yield (
        NodeFinished,
        {
            "time": ended,
            "node": name,
            "attempt": 1,
            "iteration": iteration,
            "worker": worker,
            "duration": ended - begun,
            "cached": False,
        },
    )


def _begun(
    name: str, iteration: tuple[int, ...], worker: str, time: float
) -> tuple[type[Event], dict[str, Any]]:
    fields = {"time": time, "node": name, "attempt": 1, "iteration": iteration, "worker": worker}
    return NodeStarted, fields
