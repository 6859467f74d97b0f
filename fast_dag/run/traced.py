"""What a run leaves of what happened: tuples, and times of loops; events are made when somebody reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from fast_dag.plan.shape import Shapes
from fast_dag.run.brief import brief
from fast_dag.run.events import EVENTS, Event

COMMON: Final = ("run_id", "workflow")
"""Fields that are the same in all events of a run."""
VALUES: Final = {"node_started": ("inputs",), "node_finished": ("result",), "state_changed": ("old", "new")}
"""Fields with values of nodes, which a trace does not keep, by kind of event."""
REQUIRED: Final = dataclasses.MISSING


def _fields_of(event: type[Event]) -> tuple[tuple[str, Any], ...]:
    left = (*COMMON, *VALUES.get(event.kind, ()))
    kept = [each for each in dataclasses.fields(event) if each.name not in left]
    return tuple((each.name, None if each.default is REQUIRED else each.default) for each in kept)


FIELDS: Final = {kind: _fields_of(event) for kind, event in EVENTS.items()}
"""The fields of each kind of event that are kept, with what they are if they are not given."""


class Rows(NamedTuple):
    """Nodes that ran one after the other, each from one of the *stamps* to the next."""

    names: Sequence[str]
    stamps: Sequence[float]
    worker: str
    begun: int
    """How many of them have begun: one more than have ended, if the run was stopped in one."""


class States(NamedTuple):
    """States of a machine, as `Rows`; *due* is the one that the last of them led to, if that is told."""

    names: Sequence[str]
    stamps: Sequence[float]
    worker: str
    begun: int
    due: str | None


class Rounds(NamedTuple):
    """Iterations of a cycle that ran one after the other."""

    path: str
    """What comes before its name, and before those of its nodes."""
    cycle: str
    around: tuple[int, ...]
    """The index in each cycle around it."""
    names: Sequence[str]
    """The nodes of its body."""
    first: int
    """The index of the first iteration."""
    ticks: Sequence[float]
    """When the first began, then when each node ended."""
    completed: int
    """How many came to their end."""
    given: Sequence[Any]
    """What the nodes gave in each of those, scalars that is, one after the other."""
    samples: Mapping[int, Sample]
    """Of which there is more to tell, by number from 0; what they gave is None above if that is no scalar."""
    begun: int
    """How many nodes have begun in the one that did not, -1 if there is none."""
    worker: str
    scalars: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None


class Sample(NamedTuple):
    """What is told of an iteration: its metrics, and what its conditions said."""

    metrics: Mapping[str, Any] | None
    """None where they are those of what its nodes gave."""
    checked: Sequence[tuple[str, bool]]
    is_told: bool = True
    """Whether its end is told; it is not where a function of the user's that decides about it has failed."""


Entry = Event | tuple[Any, ...] | Rows | States | Rounds
"""An event, the kind of one and the values of its fields, or what a plain loop has left."""


class Traced:
    """All that happened in one run, and in those inside it.

    Parameters:
        workflow: its name.
        run_id: of the run.
    """

    __slots__ = ("entries", "run_id", "shapes", "started", "workflow")

    def __init__(self, workflow: str, run_id: str) -> None:
        self.workflow, self.run_id = workflow, run_id
        self.started = 0.0
        """When, on the clock of the stamps; times of single events count from here."""
        self.entries: list[Entry] = []
        self.shapes = Shapes()

    def add(self, event: type[Event], fields: Mapping[str, Any]) -> None:
        """Keep an event of these fields."""
        kind = event.kind
        values = [fields.get(name, default) for name, default in FIELDS[kind]]
        if kind == "state_changed" and not isinstance(fields["key"], str):
            values = [brief(fields["key"]) if value is fields["key"] else value for value in values]
        self.entries.append((kind, *values))
