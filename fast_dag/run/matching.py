"""Which of the steps that wait a recorded one is about."""

from __future__ import annotations

from collections.abc import Sequence

from fast_dag.run.mapped import MapRun
from fast_dag.run.pausing import Pause
from fast_dag.run.places import AROUND, POLICY
from fast_dag.run.recording import RecordedStep


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


def where(path: str, iteration: tuple[int, ...]) -> str:
    """A step in words."""
    return repr(path) + (f" in iteration {', '.join(map(str, iteration))}" if iteration else "")
