"""A result from the cache, or a computation that others may wait for."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from fast_dag.errors import CacheError
from fast_dag.run.attempts import attempts
from fast_dag.run.notes import Note
from fast_dag.run.requests import Ask, Call, Failure, Outcome, Quick, Request, Success, Until
from fast_dag.run.streams import is_stream
from fast_dag.run.visit import Visit

Answer = Generator[Request, Outcome, Success | Failure]


def cached(visit: Visit) -> Answer:
    """What is stored for these inputs; else what the attempts give, which is stored.

    Of all who ask for the same at once one makes the attempts, the others wait for it and look again.
    """
    run, node = visit.run, visit.node
    cache = run.cache_of(node)
    asks: type[Call] = Quick if cache.in_memory else Ask
    while True:
        looked = yield asks(cache.look_up, (visit.named(),))
        if looked.error is not None:
            return Failure(looked.error)  # type: ignore[arg-type]
        found = looked.value
        _warn(visit, found.warnings)
        if found.hit:
            return _hit(visit, found.value)
        if found.is_mine:
            break
        yield Until(found.flight)
    run.tally.misses[visit.step] = run.tally.misses.get(visit.step, 0) + 1
    visit.flight = found.flight
    run.ledger.open[visit] = None
    answer = yield from attempts(visit)
    answer = _storable(visit, answer)
    if isinstance(answer, Success):
        stored = yield asks(cache.store, (found.flight, answer.value))
        if stored.error is not None:
            answer = Failure(stored.error)  # type: ignore[arg-type]
    else:
        yield asks(cache.give_up, (found.flight,))
    visit.flight = None
    if not visit.cleanups:
        run.ledger.open.pop(visit, None)
    return answer


def _hit(visit: Visit, value: Any) -> Success:
    run, step = visit.run, visit.step
    run.tally.hits[step] = run.tally.hits.get(step, 0) + 1
    if not visit.index:
        visit.note("node_started", inputs=None)
    visit.outcome = None
    visit.is_hit = True
    return Success(value)


def _storable(visit: Visit, answer: Success | Failure) -> Success | Failure:
    if isinstance(answer, Success) and visit.node.settings.stream is not False and is_stream(answer.value):
        name = visit.run.path_of(visit.step)
        return Failure(CacheError(f"{name!r} gave a stream, which cannot be cached: use stream='list'", name))
    return answer


def _warn(visit: Visit, warnings: tuple[str, ...]) -> None:
    notes = visit.run.ledger.notes
    if notes is not None:
        for text in warnings:
            notes.append(Note("warning", -1, {"code": "cache_corrupt", "message": text}))
