"""For how long nothing has come to its end in the cycles of a run, though something is under way."""

from __future__ import annotations

from collections.abc import Mapping

from fast_dag.run import events

ENDS = (events.NodeFinished, events.NodeFailed, events.NodeAbandoned, events.NodeSkipped)


class _Course:
    """One cycle that is under way."""

    def __init__(self, now: float) -> None:
        self.since = now
        """When something last came to its end, or began while nothing else was under way."""
        self.open: set[str] = set()
        """The nodes that are under way."""
        self.entered = 1
        """How often it is under way: in a workflow that is called for several elements at once."""


class Quiet:
    """The cycles of one run that are under way.

    Parameters:
        bodies: the nodes in each cycle of the workflow.
    """

    def __init__(self, bodies: Mapping[str, frozenset[str]]) -> None:
        self._bodies = bodies
        self._courses: dict[str, _Course] = {}

    def take(self, event: events.Event, now: float) -> None:
        """Take an event of the run, at the time *now*."""
        if isinstance(event, events.CycleStarted):
            self._enter(event.cycle, now)
        elif isinstance(event, events.CycleFinished):
            self._leave(event.cycle)
        elif isinstance(event, events.NodeEvent):
            for cycle, course in self._courses.items():
                if self._holds(cycle, event.node):
                    _note(course, event, now)

    def stuck(self, seconds: float, now: float) -> dict[str, float]:
        """The cycles in which for more than so many *seconds* nothing came to its end, and for how long."""
        quiet = {name: now - course.since for name, course in self._courses.items() if course.open}
        return {name: lasting for name, lasting in quiet.items() if lasting > seconds}

    def outermost(self, cycles: Mapping[str, float]) -> list[str]:
        """Those of *cycles* that lie in none of the others."""
        return [name for name in cycles if not any(self.lies_in(name, other) for other in cycles)]

    def lies_in(self, cycle: str, other: str) -> bool:
        """Whether a cycle lies in another one."""
        body = self._bodies.get(other, frozenset())
        if cycle in self._bodies:
            return self._bodies[cycle] < body
        # Of a workflow inside a node, whose name comes first.
        return cycle.partition(".")[0] in body

    def _enter(self, cycle: str, now: float) -> None:
        course = self._courses.get(cycle)
        if course is None:
            self._courses[cycle] = _Course(now)
        else:
            course.entered += 1
            course.since = now

    def _leave(self, cycle: str) -> None:
        course = self._courses[cycle]
        course.entered -= 1
        if not course.entered:
            del self._courses[cycle]

    def _holds(self, cycle: str, node: str) -> bool:
        if cycle in self._bodies:
            return node.partition(".")[0].partition("[")[0] in self._bodies[cycle]
        return node.startswith(cycle.rpartition(".")[0] + ".")


def _note(course: _Course, event: events.NodeEvent, now: float) -> None:
    if isinstance(event, events.NodeStarted):
        if not course.open:
            course.since = now
        course.open.add(event.node)
    elif isinstance(event, ENDS) and getattr(event, "index", None) is None:
        course.open.discard(event.node)
        course.since = now
    else:
        course.since = now
