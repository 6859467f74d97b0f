"""A map: the function of one node, once for each element of one of its inputs."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final

from fast_dag.errors import ExecutionError
from fast_dag.run.attempts import attempts
from fast_dag.run.cached import cached
from fast_dag.run.elements import Elements
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.requests import Ask, Enter, Failure, Invocation, Outcome, Request, Success
from fast_dag.run.visit import Visit

FETCH: Final = 0
"""The step that takes the next element; element n, from 0, is step n + 1."""

ENDED: Final = object()
NOT_STARTED: Final = object()


def mapped(visit: Visit) -> Generator[Request, Outcome, Success | Failure]:
    """Call the function of a node for each element, as many at once as there is room for."""
    run, node = visit.run, visit.node
    over, settings = str(node.settings.map), node.settings
    value = visit.named().get(over)
    run.tally.maps[visit.step] = counts = {"items": 0, "failed": 0}
    visit.number += 1
    visit.note("node_started", inputs=dict(visit.named()) if run.ledger.notes is not None else None)
    if not _is_iterable(value):
        return Failure(_not_iterable(visit, value))
    elements = Elements(value, settings.depth)
    inner = MapRun(visit, elements, counts)
    outcome = yield Enter(inner, inner.invoke)
    visit.outcome = Outcome(duration=run.tally.durations[visit.step], worker=outcome.worker)
    if inner.failure is not None:
        return inner.failure
    return Success(elements.results())


class MapRun:
    """A run over the elements of one input; answers the verbs of a `GraphRun`."""

    def __init__(self, visit: Visit, elements: Elements, counts: dict[str, int]) -> None:
        settings = visit.node.settings
        self.outer: GraphRun = visit.run
        self.finished = False
        self.error: BaseException | None = None
        self.failure: Failure | None = None
        """What the map fails with: that of the lowest index."""
        self._visit, self._elements, self._counts = visit, elements, counts
        self._item_errors = settings.item_errors
        self._most = settings.max_concurrency
        if self._most is None and not elements.is_built_in:
            self._most = visit.run.ledger.workers  # a stream is read only as elements can start
        self._under_way = 0
        self._is_fetching = False
        self._is_exhausted = False
        self._items: dict[int, tuple[tuple[int, ...], Any]] = {}
        self._started = 0

    def ready(self) -> list[int]:
        """The elements to begin with, or the step that fetches the first."""
        return self._more()

    def invoke(self, step: int) -> Invocation:
        """What is to be done for *step*."""
        return self._fetch() if step == FETCH else self._element(*self._items.pop(step))

    def done(self, step: int, value: Any) -> list[int]:
        """Take what a step gave; those that may start now."""
        if step == FETCH:
            self._is_fetching = False
            if value is ENDED:
                self._is_exhausted = True
                return self._more()
            return [self._begin(value), *self._more()]
        self._under_way -= 1
        return self._more()

    def failed(self, step: int, error: Exception, *_: object) -> list[int]:
        """Take the failure of an element, or of taking the next one."""
        if step == FETCH:
            self._is_fetching = False
            self._fail(Failure(error))
        else:
            self._under_way -= 1
        return self._more()

    def stop(self, error: BaseException) -> None:
        """End early."""
        self.error = error
        self.finished = True

    def end_early(self) -> None:
        """There is no context of its own to be told."""

    def path_of(self, _: int) -> str:
        """The name of the map node."""
        return self.outer.path_of(self._visit.step)

    def noted(self, _: int) -> tuple[GraphRun, int]:
        """The run and the step under which events about a step are told: those of the map node."""
        return self.outer, self._visit.step

    def is_inside(self, run: Any) -> bool:
        """Whether this run is *run*, or lies within it."""
        return self is run or self.outer.is_inside(run)

    def _more(self) -> list[int]:
        """Further steps, as many as there is room for; without any, and nothing under way, the end."""
        steps = []
        while not (self._is_exhausted or self.failure or self._is_fetching or self._is_full):
            if not self._elements.is_built_in:
                self._is_fetching = True
                steps.append(FETCH)
            elif (item := next(self._elements, None)) is None:
                self._is_exhausted = True
            else:
                steps.append(self._begin(item))
        self.finished = not (steps or self._under_way or self._is_fetching)
        return steps

    @property
    def _is_full(self) -> bool:
        return self._most is not None and self._under_way >= self._most

    def _begin(self, item: tuple[tuple[int, ...], Any]) -> int:
        self._started += 1
        self._under_way += 1
        self._items[self._started] = item
        return self._started

    def _fetch(self) -> Invocation:
        answer = yield Ask(next, (self._elements, ENDED))
        if answer.error is not None:
            return Failure(answer.error)  # type: ignore[arg-type]
        return Success(answer.value)

    def _element(self, index: tuple[int, ...], item: Any) -> Invocation:
        if self.failure is not None:
            return Success(NOT_STARTED)
        self._counts["items"] += 1
        outer = self._visit
        inputs = {**outer.named(), str(outer.node.settings.map): item}
        visit = Visit(outer.run, outer.step, inputs, index)
        body = cached if outer.node.settings.cached else attempts
        answer = yield from body(visit)
        place = index[0] if len(index) == 1 else index
        if isinstance(answer, Success):
            self._elements.put(index, answer.value)
            visit.note("item_finished", index=place)
        else:
            self._counts["failed"] += 1
            visit.note("item_failed", index=place, error=answer.error)
            self._settle(visit, place, answer)
        return Success(None)

    def _settle(self, visit: Visit, place: Any, answer: Failure) -> None:
        """Do about a failed element what the settings say."""
        if self._item_errors == "fail":
            marks: Mapping[str, Any] = {"index": place, "attempts": visit.number}
            self._fail(Failure(answer.error, notes=tuple(visit.notes), marks=marks))
        elif self._item_errors == "skip":
            self._elements.leave_out(visit.index)
        else:
            self._elements.put(visit.index, None if self._item_errors == "none" else answer.error)

    def _fail(self, failure: Failure) -> None:
        """Keep *failure*, unless one of an earlier element is there."""
        if self.failure is None or _first_index(failure) < _first_index(self.failure):
            self.failure = failure


def _first_index(failure: Failure) -> tuple[int, ...]:
    place = failure.marks.get("index", ())
    return place if isinstance(place, tuple) else (place,)


def _is_iterable(value: Any) -> bool:
    is_text_or_mapping = isinstance(value, str | bytes | Mapping)
    return not is_text_or_mapping and (
        hasattr(type(value), "__iter__") or hasattr(type(value), "__getitem__")
    )


def _not_iterable(visit: Visit, value: Any) -> ExecutionError:
    name, over = visit.run.path_of(visit.step), visit.node.settings.map
    msg = f"{name!r} maps over {over!r}, got {type(value).__name__}; give it an iterable of elements"
    return ExecutionError(msg, name)
