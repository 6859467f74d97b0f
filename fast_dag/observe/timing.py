"""Where the time of a run went: what bounded it, and what could have waited.

Every execution of a node is a step, numbered in the order in which they began, so that a step comes after
all it had to wait for.  Where a run lies inside a node, the node has two: one before what lies inside, one
behind it.  The beginning and the end of each iteration are steps without a duration.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fast_dag.plan.shape import Shape
from fast_dag.run.events import Event

OUTSIDE: Final = -1
"""The scope of what lies in no node."""


@dataclass(slots=True)
class Step:
    """One execution of a node, or a moment between iterations (then without a *name*).

    Parameters:
        name: of the node.
        after: the steps it had to wait for.
        ready, begun, ended: times.
        work: seconds it took, waits between its attempts included.
        busy: seconds it was at work.
    """

    name: str = ""
    after: Sequence[int] = ()
    ready: float = 0.0
    begun: float = 0.0
    ended: float | None = None
    work: float = 0.0
    busy: float = 0.0
    inside: list[int] = field(default_factory=list)
    """What ran in the run inside it."""
    is_skipped: bool = False


class Timing:
    """The steps of one run.

    Parameters:
        events: of the run.
        shapes: what had to wait for what, by the path of the run.
    """

    def __init__(self, events: Iterable[Event], shapes: Mapping[str, Shape]) -> None:
        self._shapes = shapes
        self._units = {
            path: {name: unit for unit, name in enumerate(shape.names)} for path, shape in shapes.items()
        }
        self._steps: list[Step] = []
        self._open: dict[Any, list[int]] = defaultdict(list)
        """Steps under way, by node and iteration."""
        self._latest: dict[tuple[str, int, int], int] = {}
        """The last step of each unit, by path, scope and unit."""
        self._scopes: dict[str, int] = {}
        """The step that each node with a run inside is at."""
        self._paths: dict[str, str] = {}
        self._wall = 0.0
        for event in events:
            take = TAKES.get(event.kind)
            if take is not None:
                take(self, event)

    def critical_path(self) -> list[str]:
        """The names of the steps whose work bounds the end, in order."""
        earliest = self._earliest()
        if not earliest:
            return []
        place = max(range(len(earliest)), key=earliest.__getitem__)
        names: list[str] = []
        while place >= 0:
            step = self._steps[place]
            if step.name and not step.is_skipped and not step.inside:
                names.append(step.name)
            place = max(step.after, key=earliest.__getitem__, default=-1)
        return names[::-1]

    def slack(self) -> dict[str, float]:
        """By how much each node could have ended later, at the least."""
        earliest = self._earliest()
        latest = [max(earliest, default=0.0)] * len(earliest)
        found: dict[str, float] = {}
        for place in range(len(earliest) - 1, -1, -1):
            step = self._steps[place]
            for before in step.after:
                latest[before] = min(latest[before], latest[place] - step.work)
            if step.name and not step.is_skipped:
                spare = max(latest[place] - earliest[place], 0.0)
                found[step.name] = min(found.get(step.name, spare), spare)
        return self._in_order(found)

    def parallelism(self) -> float:
        """Busy seconds by seconds of the run."""
        busy = sum(step.busy for step in self._steps if not step.inside)
        return busy / self._wall if self._wall > 0 else 0.0

    def self_times(self) -> dict[str, float]:
        """The seconds each node was at work itself."""
        found: dict[str, float] = {}
        for step in self._ran():
            inner = _covered([self._steps[each] for each in step.inside])
            found[step.name] = found.get(step.name, 0.0) + max(step.busy - inner, 0.0)
        return found

    def waiting_times(self) -> dict[str, float]:
        """The seconds each node was ready and had not started."""
        found: dict[str, float] = {}
        for step in self._ran():
            found[step.name] = found.get(step.name, 0.0) + max(step.begun - step.ready, 0.0)
        return found

    def _ran(self) -> Iterable[Step]:
        return (step for step in self._steps if step.name and not step.is_skipped)

    def _in_order(self, found: Mapping[str, float]) -> dict[str, float]:
        """*found* in the order in which the nodes began."""
        return {step.name: found[step.name] for step in self._steps if step.name in found}

    def _earliest(self) -> list[float]:
        """When each step could have ended at the earliest, by the work before it."""
        earliest: list[float] = []
        for step in self._steps:
            earliest.append(max((earliest[each] for each in step.after), default=0.0) + step.work)
        return earliest

    # What the events tell

    def run_finished(self, event: Any) -> None:
        """The run is over."""
        self._wall = event.duration

    def node_started(self, event: Any) -> None:
        """An attempt begins; the first one is a step."""
        key = event.node, event.iteration
        under_way = [place for place in self._open[key] if self._steps[place].ended is None]
        if event.attempt == 1 or not under_way:
            under_way.append(self._add(event.node, event.time))
        self._open[key] = under_way

    def node_skipped(self, event: Any) -> None:
        """A node is passed without work."""
        step = self._steps[self._add(event.node, event.time)]
        step.is_skipped, step.ended = True, event.time

    def node_finished(self, event: Any) -> None:
        """A node has its result."""
        place = self._worked(event)
        if place is not None:
            self._end(event, place)

    def node_failed(self, event: Any) -> None:
        """An attempt has failed; after the last one a handler may still give a value."""
        # What elements took is in the time of their map.
        place = self._worked(event) if event.index is None else None
        if place is None:
            return
        if event.retry_in is None:
            self._steps[place].ended = event.time
        else:
            self._steps[place].work += event.retry_in

    def iteration_started(self, event: Any) -> None:
        """All before the cycle, or in the iteration before, has ended."""
        self._mark(event, is_end=False)

    def iteration_finished(self, event: Any) -> None:
        """All in the iteration has ended."""
        self._mark(event, is_end=True)

    def _worked(self, event: Any) -> int | None:
        """Count the work of an attempt; its step, None if it never began."""
        steps = self._open.get((event.node, event.iteration))
        if not steps:
            return None
        step = self._steps[steps[0]]
        is_again = step.ended is not None  # the value of a handler, after the failure
        if not is_again:
            step.work += event.duration
            step.busy += event.duration
        return steps[0]

    def _end(self, event: Any, place: int) -> None:
        step = self._steps[place]
        step.ended = event.time
        self._open[event.node, event.iteration].pop(0)
        if not step.inside:
            return
        # What lies inside has done the work: behind it comes a step of its own.
        path = self._path(event.node)
        behind = Step(after=[place, *step.inside], ready=event.time, begun=event.time, ended=event.time)
        step.work = 0.0
        self._put(path, event.node, behind)

    def _add(self, name: str, time: float) -> int:
        """A new step of the node *name*."""
        path = self._path(name)
        step = Step(name, begun=time)
        step.after = self._sources(path, name[len(path) :])
        scope = self._scope(path)
        if scope != OUTSIDE:
            step.after = [*step.after, scope]
            self._steps[scope].inside.append(len(self._steps))
        step.ready = max(
            (self._steps[each].ended or 0.0 for each in step.after if each != scope), default=0.0
        )
        if scope != OUTSIDE:
            step.ready = max(step.ready, self._steps[scope].begun)
        place = self._put(path, name, step)
        if f"{name}." in self._shapes:
            self._scopes[name] = place
        return place

    def _mark(self, event: Any, *, is_end: bool) -> None:
        """A step without work, for the enter or leave of a cycle."""
        path = self._path(event.cycle)
        shape = self._shapes.get(path)
        found = [each for each in (shape.cycles if shape else ()) if path + each[0] == event.cycle]
        if not found:
            return
        _, enter, leave = found[0]
        unit = leave if is_end else enter
        after = self._of_units(path, shape.sources[unit])  # type: ignore[union-attr]
        if not is_end and event.index and (path, self._scope(path), leave) in self._latest:
            after = [*after, self._latest[path, self._scope(path), leave]]
        step = Step(after=after, ready=event.time, begun=event.time, ended=event.time)
        self._steps.append(step)
        self._latest[path, self._scope(path), unit] = len(self._steps) - 1

    def _put(self, path: str, name: str, step: Step) -> int:
        self._steps.append(step)
        unit = self._units.get(path, {}).get(name[len(path) :], -1)
        self._latest[path, self._scope(path), unit] = len(self._steps) - 1
        return len(self._steps) - 1

    def _sources(self, path: str, name: str) -> list[int]:
        """The steps that the node *name* of the run at *path* had to wait for."""
        shape, unit = self._shapes.get(path), self._units.get(path, {}).get(name, -1)
        if shape is None or unit < 0:
            return []
        if shape.roles[unit] == "state":
            before = self._latest.get((path, self._scope(path), OUTSIDE), -1)
            self._latest[path, self._scope(path), OUTSIDE] = len(self._steps)
            return [before] if before >= 0 else []
        return self._of_units(path, shape.sources[unit])

    def _of_units(self, path: str, units: Iterable[int]) -> list[int]:
        """Their last steps that have ended."""
        scope = self._scope(path)
        found = (self._latest.get((path, scope, unit), -1) for unit in units)
        return [place for place in found if place >= 0 and self._steps[place].ended is not None]

    def _scope(self, path: str) -> int:
        return self._scopes.get(path[:-1], OUTSIDE)

    def _path(self, name: str) -> str:
        """What comes before the name of a node in its own workflow: names may have dots themselves."""
        found = self._paths.get(name)
        if found is None:
            ends = [place + 1 for place, letter in enumerate(name) if letter == "."]
            fitting = (name[:end] for end in reversed(ends) if name[:end] in self._shapes)
            found = self._paths[name] = next(fitting, "")
        return found


TAKES: Final[Mapping[str, Callable[[Timing, Any], None]]] = {
    "run_finished": Timing.run_finished,
    "node_started": Timing.node_started,
    "node_skipped": Timing.node_skipped,
    "node_finished": Timing.node_finished,
    "node_failed": Timing.node_failed,
    "iteration_started": Timing.iteration_started,
    "iteration_finished": Timing.iteration_finished,
}


def _covered(steps: Iterable[Step]) -> float:
    """How many seconds at least one of *steps* was under way; they are in the order of their beginning."""
    total, until = 0.0, float("-inf")
    for step in steps:
        ended = step.begun if step.ended is None else step.ended
        if ended > until:
            total += ended - max(step.begun, until)
            until = ended
    return total
