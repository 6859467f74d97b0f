"""The open spans of one run, each below the span of what it is inside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from fast_dag.observe.places import Places

NODE: Final = "node"
CYCLE: Final = "cycle"
ITERATION: Final = "iteration"

Begin = Callable[[str, Any, int, Mapping[str, Any]], Any]
"""Makes a span of a name, the span it is below, the nanosecond it begins, and attributes."""


class Mark(NamedTuple):
    """What a span is of: an attempt of a node, a cycle or an iteration."""

    kind: str
    path: str
    """Of the node or cycle, behind the nodes around it."""
    iteration: tuple[int, ...]
    """The index of each cycle around it; of an iteration its own is the last."""
    attempt: int = 1


class Open(NamedTuple):
    """A span that has begun and not ended."""

    mark: Mark
    span: Any
    began: int


class Spans:
    """The spans of one run.

    Observers are told of nodes in any thread, so what is around a span is found by its path and its
    iteration.  Where several spans have both, which happens inside a node that maps a workflow over
    elements, the one that began nearest to when the work did is taken.

    Parameters:
        begin: makes a span.
        places: where nodes and cycles stand.
        root: the span of the run.
    """

    def __init__(self, begin: Begin, places: Places, root: Any) -> None:
        self._begin, self._places, self._root = begin, places, root
        self._open: defaultdict[tuple[str, str], list[Open]] = defaultdict(list)

    def begin(self, mark: Mark, time: int, attributes: Mapping[str, Any]) -> None:
        """Begin a span at *time*, in nanoseconds."""
        below = self._below(mark)
        span = self._begin(f"{mark.kind} {mark.path}", below, time, attributes)
        self._open[mark.kind, mark.path].append(Open(mark, span, time))

    def take(self, mark: Mark, began: int) -> Any:
        """The span of *mark*, which is open no more; None if there is none.

        *began* is the nanosecond in which its work has begun.
        """
        known = self._open.get((mark.kind, mark.path), [])
        fitting = [each for each in known if each.mark == mark]
        if not fitting:
            return None
        found = min(fitting, key=lambda each: abs(each.began - began))
        known.remove(found)
        if not known:
            del self._open[mark.kind, mark.path]
        return found.span

    def at(self, mark: Mark) -> Any:
        """The open span of *mark*, of whichever attempt, else the one around it."""
        found = self._latest(mark.kind, mark.path, mark.iteration)
        return self.around(mark.path, mark.iteration) if found is None else found

    def around(self, path: str, iteration: tuple[int, ...]) -> Any:
        """The innermost open span around the node or cycle *path* in this iteration."""
        place = self._places.of(path)
        found = None
        if place.cycle:
            found = self._latest(ITERATION, place.cycle, iteration)
            found = found or self._latest(CYCLE, place.cycle, iteration[:-1])
        if found is None and place.holder:
            found = self._latest(NODE, place.holder)
        return self._root if found is None else found

    def of_cycle(self, path: str | None) -> Any:
        """The open span of a cycle, that of the run if it has none or *path* is None."""
        found = None if path is None else self._latest(CYCLE, path)
        return self._root if found is None else found

    def left(self) -> Iterator[Any]:
        """All spans that are still open, those that began last first; they are open no more."""
        left = [each for known in self._open.values() for each in known]
        self._open.clear()
        return (each.span for each in sorted(left, key=lambda each: -each.began))

    def _below(self, mark: Mark) -> Any:
        if mark.kind != ITERATION:
            return self.around(mark.path, mark.iteration)
        return self.at(Mark(CYCLE, mark.path, mark.iteration[:-1]))

    def _latest(self, kind: str, path: str, iteration: tuple[int, ...] | None = None) -> Any:
        known = self._open.get((kind, path), ())
        fitting = [each.span for each in known if iteration is None or each.mark.iteration == iteration]
        return fitting[-1] if fitting else None
