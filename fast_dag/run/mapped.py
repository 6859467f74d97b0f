"""A map: the function of one node, once for each element of one of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, cast

from fast_dag.errors import ExecutionError
from fast_dag.run.attempts import attempts
from fast_dag.run.cached import cached
from fast_dag.run.elements import Elements, Index, is_iterable
from fast_dag.run.moment import at_its_time
from fast_dag.run.requests import Ask, Attempt, Enter, Failure, Invocation, Outcome, Request, Success
from fast_dag.run.run import Run
from fast_dag.run.step import spread
from fast_dag.run.visit import Visit

FETCH: Final = 0
"""The step that takes the next element; element n, from 0, is step n + 1."""

ENDED: Final = object()
SETTLED: Final = Success(None)
"""What became of an element is in the elements, or in the failure of the map."""
LAST: Final = (float("inf"),)
"""Comes after the index of every element."""


def mapped(visit: Visit) -> Generator[Request, Outcome, Success | Failure]:
    """Call the function of a node for each element, as many at once as there is room for."""
    run, node = visit.run, visit.node
    value = visit.named().get(node.settings.map)
    run.tally.maps[visit.step] = counts = {"items": 0, "failed": 0}
    visit.number += 1
    visit.note("node_started", inputs=dict(visit.named()) if run.ledger.shows_values else None)
    if not is_iterable(value):
        return Failure(_not_iterable(visit, value))
    elements = Elements(value, node.settings.depth)
    inner = MapRun(visit, elements, counts)
    outcome = yield Enter(inner, inner.invoke)
    visit.outcome = Outcome(duration=run.tally.durations[visit.step], worker=outcome.worker)
    if inner.failure is not None:
        return inner.failure
    return Success(elements.results())


class MapRun:
    """A run over the elements of one input; answers the verbs of a `Run`.

    Parameters:
        visit: the execution of the map node.
        elements: what it goes through, and where the results go.
        counts: filled with how many elements there were, and how many failed.
    """

    def __init__(self, visit: Visit, elements: Elements, counts: dict[str, int]) -> None:
        self.outer: Run = visit.run
        self.level = visit.run.level + 1
        self.finished = False
        self.error: BaseException | None = None
        self.failure: Failure | None = None
        """What the map fails with: that of the lowest index."""
        self._visit, self._elements, self._counts = visit, elements, counts
        self._over: str = visit.node.settings.map
        self._call = _caller(visit)
        self._most = _most(visit, elements)
        self._under_way = 0
        self._is_fetching = False
        self._is_exhausted = False
        self._items: dict[int, tuple[Index, Any]] = {}
        self._indices: dict[int, Index] = {}
        self._begun = 0

    def ready(self) -> list[int]:
        """The elements to begin with, or the step that fetches the first."""
        return self._more()

    def invoke(self, step: int, *, has_begun: bool = False) -> Invocation:
        """What is to be done for *step*; one that *has_begun* goes on when another element has failed."""
        return self._fetch() if step == FETCH else self._element(*self._items.pop(step), has_begun=has_begun)

    @property
    def node(self) -> Any:
        """The map node."""
        return self._visit.node

    def index_of(self, step: int) -> Index:
        """The place of an element, a number for each level; known where somebody stands around the steps."""
        return self._indices[step]

    def inputs_of(self, step: int) -> dict[str, Any]:
        """What the function is called with for an element that has not begun, by name."""
        return {**self._visit.named(), self._over: self._items[step][1]}

    def value_of(self, step: int) -> Any:
        """What an element gave, None if that is nothing."""
        return self._elements.at(self._indices[step])

    def put(self, step: int, value: Any) -> None:
        """Take *value* for that of an element that is not to begin."""
        index, _ = self._items.pop(step)
        self._counts["items"] += 1
        self._elements.put(index, value)

    def leave_out(self, step: int) -> None:
        """Have an element give nothing; it is not to begin."""
        self._items.pop(step)

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

    def wants(self, _step: int) -> bool:
        """Whether a step that was set free is still to be made."""
        return True

    def failed(self, _step: int, error: Exception, *_: object) -> list[int]:
        """Take the failure of a step: of fetching, for those of elements are seen to before."""
        self._is_fetching = False
        self._fail(Failure(error))
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

    def noted(self, _: int) -> tuple[Run, int]:
        """The run and the step under which events about a step are told: those of the map node."""
        return self.outer, self._visit.step

    def is_inside(self, run: Any) -> bool:
        """Whether this run is *run*, or lies within it."""
        return self is run or self.outer.is_inside(run)

    def _more(self) -> list[int]:
        """Further steps, as many as there is room for; without any, and nothing under way, the end."""
        steps = []
        while not (self._is_exhausted or self._is_fetching or self.failure) and self._under_way < self._most:
            if not self._elements.is_built_in:
                self._is_fetching = True
                steps.append(FETCH)
            elif (item := next(self._elements, None)) is None:
                self._is_exhausted = True
            else:
                steps.append(self._begin(item))
        self.finished = not (steps or self._under_way or self._is_fetching)
        return steps

    def _begin(self, item: tuple[Index, Any]) -> int:
        self._begun += 1
        self._under_way += 1
        self._items[self._begun] = item
        if self.outer.ledger.around is not None:
            self._indices[self._begun] = item[0]
        return self._begun

    def _fetch(self) -> Invocation:
        answer = yield Ask(next, (self._elements, ENDED))
        # The time a stream took is counted for its producer later on, and taken off here.
        self.outer.tally.durations[self._visit.step] += answer.duration
        if answer.error is not None:
            return Failure(answer.error)  # type: ignore[arg-type]
        return Success(answer.value)

    def _element(self, index: Index, item: Any, *, has_begun: bool) -> Invocation:
        if self.failure is not None and not has_begun:
            return SETTLED
        self._counts["items"] += 1
        run, step, outcome = self.outer, self._visit.step, None
        if self._call is not None:
            outcome = yield self._call(item)
            if outcome.error is None and not outcome.expired and run.notes is None:
                # Goes well, and nobody watches: as most do.
                run.tally.attempts[step] += 1
                run.tally.durations[step] += outcome.duration
                self._elements.put(index, outcome.value)
                return SETTLED
        visit = Visit(run, step, {**self._visit.named(), self._over: item}, index)
        if visit.is_cached:
            answer = yield from cached(visit)
        else:
            answer = yield from attempts(visit, outcome)
        if isinstance(answer, Success):
            self._elements.put(index, answer.value)
            visit.note("item_finished", index=visit.place)
        else:
            self._counts["failed"] += 1
            visit.note("item_failed", index=visit.place, error=answer.error)
            self._settle(visit, answer)
        return SETTLED

    def _settle(self, visit: Visit, answer: Failure) -> None:
        """Do about a failed element what the settings say."""
        meaning = visit.node.settings.item_errors
        if meaning == "fail":
            marks: Mapping[str, Any] = {"index": visit.place, "attempts": visit.number}
            self._fail(Failure(answer.error, notes=tuple(visit.notes), marks=marks))
        elif meaning != "skip":
            self._elements.put(visit.index, None if meaning == "none" else answer.error)

    def _fail(self, failure: Failure) -> None:
        """Keep *failure*, unless one of an earlier element is there."""
        if self.failure is None or _first_index(failure) < _first_index(self.failure):
            self.failure = failure


def _most(visit: Visit, elements: Elements) -> float:
    """How many elements may be under way at once."""
    run, settings = visit.run, visit.node.settings
    limit, is_nested = run.ledger.limit, visit.node.inside is not None
    is_sync = not (is_nested or run.plan.is_async[visit.step])
    if limit is None:
        is_endless = not elements.is_built_in and settings.max_concurrency is None
        limit = run.ledger.workers if is_sync or is_endless else None
    elif elements.is_built_in and settings.retry_delay and not is_nested:
        limit = None  # those that wait for their next attempt keep no worker from the others
    return min(limit or float("inf"), settings.max_concurrency or float("inf"))


def _caller(visit: Visit) -> Callable[[Any], Attempt] | None:
    """What makes the first call for an element; None where there is more to it than a call."""
    plan, step, node = visit.run.plan, visit.step, visit.node
    if node.inside is not None or node.settings.cached or node.settings.stream == "list" or node.uses_cycle:
        return None
    over, here = node.settings.map, object()
    args, kwargs = spread(plan.layouts[step], {**visit.named(), over: here}, visit.run.context)
    function = at_its_time(plan.functions[step], visit.run, step)
    is_async, timeout = plan.is_async[step], plan.timeouts[step]
    place = next((place for place, value in enumerate(args) if value is here), None)

    def positional(item: Any) -> Attempt:
        given = args.copy()
        given[cast("int", place)] = item
        return Attempt(function, given, kwargs, is_async, timeout)

    def named(item: Any) -> Attempt:
        given = {name: item if value is here else value for name, value in kwargs.items()}
        return Attempt(function, args, given, is_async, timeout)

    return named if place is None else positional


def _first_index(failure: Failure) -> tuple[float, ...]:
    # An element that failed comes before whatever went wrong in taking a later one.
    place = failure.marks.get("index", LAST)
    return place if isinstance(place, tuple) else (place,)


def _not_iterable(visit: Visit, value: Any) -> ExecutionError:
    name, over = visit.run.path_of(visit.step), visit.node.settings.map
    msg = f"{name!r} maps over {over!r}, got {type(value).__name__}; give it an iterable of elements"
    return ExecutionError(msg, name)
