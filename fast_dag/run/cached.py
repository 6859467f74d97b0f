"""A result from the cache, or a computation that others may wait for."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from fast_dag.errors import CacheError
from fast_dag.run.attempts import attempts
from fast_dag.run.notes import Note
from fast_dag.run.requests import Ask, Call, Failure, Outcome, Quick, Request, Success, Until
from fast_dag.run.streams import LAZY, is_stream
from fast_dag.run.visit import Visit

Answer = Generator[Request, Outcome, Success | Failure]


class Claim:
    """What an execution may have to compute for others, from before its first look-up until it has settled.

    A look-up may end after the run that asked for it, in a thread of its own: then what it has
    claimed is let go of at once, or those who wait for it would wait for ever.
    """

    __slots__ = ("cache", "flight", "is_void")

    def __init__(self, cache: Any) -> None:
        self.cache = cache
        self.flight: Any = None
        self.is_void = False

    def look_up(self, inputs: Mapping[str, Any]) -> Any:
        """What the cache finds; a computation that it asks for is kept here."""
        found = self.cache.look_up(inputs)
        if found.is_mine:
            # First kept, then looked whether anybody wants it; `let_go` does the reverse.
            self.flight = found.flight
            if self.is_void:
                self.let_go()
        return found

    def let_go(self) -> None:
        """Nobody computes: the next who asks does."""
        self.is_void = True
        if self.flight is not None:
            self.cache.give_up(self.flight)


def is_look_up(request: Request) -> bool:
    """Whether *request* asks a cache for a result."""
    return getattr(getattr(request, "function", None), "__func__", None) is Claim.look_up


def cached(visit: Visit) -> Answer:
    """What is stored for these inputs; else what the attempts give, which is stored.

    Of all who ask for the same at once one makes the attempts, the others wait for it and look again.

    Raises:
        MissingOutputError: an edge asks for what the value does not have.
    """
    inputs, books = visit.named(), visit.run.ledger.open
    claim = visit.claim = Claim(visit.run.cache_of(visit.node))
    books[visit] = None
    answer = yield from _answer(visit, claim, inputs)
    visit.claim = None
    if not visit.cleanups:
        books.pop(visit, None)
    return answer


def _answer(visit: Visit, claim: Claim, inputs: Mapping[str, Any]) -> Answer:
    looks = _kind_of_look_up(visit, claim)
    while True:
        looked = yield looks(claim.look_up, (inputs,))
        if looked.error is not None:
            return Failure(looked.error)  # type: ignore[arg-type]
        found = looked.value
        if found.warnings:
            _warn(visit, found.warnings)
        if found.hit:
            return _hit(visit, found.value)
        if found.is_mine:
            return (yield from _compute(visit, claim))
        yield Until(found.flight)


def _kind_of_look_up(visit: Visit, claim: Claim) -> type[Call]:
    """Functions of the user's may take their time, as may a disk."""
    settings = visit.node.settings
    asks_user = callable(settings.cache_key) or callable(settings.cache_version)
    return Quick if claim.cache.in_memory and not asks_user else Ask


def _compute(visit: Visit, claim: Claim) -> Answer:
    """Make the attempts, and store what they give."""
    misses = visit.run.tally.misses
    misses[visit.step] = misses.get(visit.step, 0) + 1
    answer = yield from attempts(visit)
    answer = _storable(visit, answer)
    if isinstance(answer, Failure):
        yield Quick(claim.let_go, ())
        return answer
    stores = Quick if claim.cache.in_memory else Ask
    stored = yield stores(claim.cache.store, (claim.flight, answer.value))
    return answer if stored.error is None else Failure(stored.error)  # type: ignore[arg-type]


def _hit(visit: Visit, value: Any) -> Success:
    hits = visit.run.tally.hits
    hits[visit.step] = hits.get(visit.step, 0) + 1
    if not visit.index:
        visit.note("node_started", inputs=None)
    visit.outcome = None
    visit.is_hit = True
    return Success(value)


def _storable(visit: Visit, answer: Success | Failure) -> Success | Failure:
    if isinstance(answer, Success) and _is_lazy(answer.value, visit.node.settings.stream):
        name = visit.run.path_of(visit.step)
        return Failure(CacheError(f"{name!r} gave a stream, which cannot be cached: use stream='list'", name))
    return answer


def _is_lazy(value: Any, stream: Any) -> bool:
    # What a node says is an ordinary value may be kept, an open file for one; but not a generator,
    # which whoever reads it first has used up.
    return type(value) in LAZY if stream is False else is_stream(value)


def _warn(visit: Visit, warnings: tuple[str, ...]) -> None:
    notes = visit.run.ledger.notes
    if notes is not None:
        for text in warnings:
            notes.append(Note("warning", -1, {"code": "cache_corrupt", "message": text}))
