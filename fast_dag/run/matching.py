"""Which of the steps that wait a recorded one is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fast_dag.run.mapped import MapRun
from fast_dag.run.pausing import Pause
from fast_dag.run.places import AROUND, POLICY, Place
from fast_dag.run.recording import RecordedStep
from fast_dag.run.requests import Invocation


class Over(Pause):
    """A node with steps inside has its result, and waits for its turn."""

    __slots__ = ()


def is_about(pause: Pause, entry: RecordedStep) -> bool:
    """Whether *entry* is of the step at *pause*, or of one inside it that has not been entered."""
    place = pause.place
    return (place.key == entry.key and place.kind == entry.kind) or is_entered(pause, entry)


def is_entered(pause: Pause, entry: RecordedStep) -> bool:
    """Whether *pause* is before a node with steps inside, of which *entry* tells."""
    place = pause.place
    if place.kind != AROUND or isinstance(pause, Over):
        return False
    is_inside = entry.node == place.path or entry.node.startswith((f"{place.path}.", f"{place.path}["))
    return is_inside and entry.iteration[: len(place.iteration)] == place.iteration


def loose(waiting: Sequence[Pause], rest: Sequence[RecordedStep]) -> Pause | None:
    """A step that goes on unrecorded: what is asked about a cycle, or an element behind one that failed."""
    left = {each.key for each in rest}
    for pause in waiting:
        place = pause.place
        is_dropped = isinstance(place.run, MapRun) and place.run.failure is not None
        if (place.kind == POLICY or is_dropped) and place.key not in left:
            return pause
    return None


def begun(place: Place, entry: RecordedStep | None) -> Invocation:
    """What is to be done for the step at *place*, of which *entry* tells.

    Among the elements of a map one may have begun before another had failed, and have ended after it.
    """
    run: Any = place.run
    if not isinstance(run, MapRun):
        return place.strand.invoke(place.step)
    has_begun = entry is not None and (bool(entry.attempts) or entry.node != place.path)
    return run.invoke(place.step, has_begun=has_begun)


def where(path: str, iteration: tuple[int, ...]) -> str:
    """A step in words."""
    return repr(path) + (f" in iteration {', '.join(map(str, iteration))}" if iteration else "")
