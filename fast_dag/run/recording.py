"""What a recorded run holds: its inputs, and what became of each step, in the order in which it ended."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fast_dag.run.brief import fields_in_brief

ABSENT: Final = "the recording holds only the mask of this value"


class Masked:
    """What stands in a replay in the place of a value that was recorded masked."""

    def __repr__(self) -> str:
        return f"<{ABSENT}>"


MASKED: Final = Masked()


@dataclass(frozen=True, slots=True)
class RecordedError:
    """An exception, without its class."""

    __repr__ = fields_in_brief

    kind: tuple[str, str]
    """Module and qualified name of its class."""
    bases: tuple[tuple[str, str], ...]
    """Those of the classes above it, the nearest first."""
    text: str
    arguments: str | None
    """What it was made with, as text; None if that cannot be recorded."""
    fields: str
    """Its attributes, as far as they can be recorded, as text."""


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """One call of a node's function, or what its cache had."""

    __repr__ = fields_in_brief

    value: str | None
    """What it gave, as text; None if it failed."""
    error: RecordedError | None = None
    is_late: bool = False
    """Whether it was out of time."""
    is_cached: bool = False
    """Whether the value came from a cache."""
    seconds: float = 0.0
    written: str | None = None
    """What it wrote into the state of its cycle, as text."""


@dataclass(slots=True)
class RecordedStep:
    """One execution of a node, or something else that had its turn."""

    __repr__ = fields_in_brief

    kind: str
    """What it is: node; around, a node with steps inside; policy, what was asked about a cycle; late, where
    the time of a node with steps inside was up; cut, where a cycle was ended in the middle; measured, where
    one ended after an iteration by a clock or a gauge."""
    node: str
    """Its path, dotted inside another node, with an index for an element of a map."""
    iteration: tuple[int, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    """What came to it from other nodes, by name, as text."""
    attempts: list[RecordedAttempt] = field(default_factory=list)
    outcome: str = ""
    """done or failed; of a cycle that was cut the reason."""
    branch: str | None = None
    """The branch that a router took, the state that follows a state; of a cycle that was cut the detail."""
    time: float = 0.0
    """When it was settled, in seconds since the run began."""

    @property
    def key(self) -> tuple[str, tuple[int, ...]]:
        """Path and iteration."""
        return self.node, self.iteration

    @property
    def result(self) -> str | None:
        """What its last attempt gave, as text; None if there is none."""
        return self.attempts[-1].value if self.attempts else None

    @property
    def error(self) -> RecordedError | None:
        """What its last attempt raised."""
        return self.attempts[-1].error if self.attempts else None


@dataclass(slots=True)
class Recording:
    """A run that can be replayed.

    Values are held as JSON text of the closed form that stores use, so nothing in here changes when somebody
    changes what a node gave.
    """

    workflow: str
    """Its name."""
    run_id: str
    mode: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """Those of the run that decide what happens in it."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Those of the run, by name, as text."""
    part: Mapping[str, Any] | None = None
    """What ran of the workflow, None for all of it."""
    steps: list[RecordedStep] = field(default_factory=list)
    """What became of each, in the order in which it was settled."""
    status: str = "running"
    """How the run ended."""
    error: RecordedError | None = None
    """What ended it early."""

    def __repr__(self) -> str:
        return f"<Recording of {self.workflow!r}, {self.status}, {len(self.steps)} steps>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as lines of JSON.

        Raises:
            OSError: the file cannot be written.
        """
        _file().save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recording:
        """What `save` wrote; nothing is imported or called for it.

        Raises:
            OSError: there is no such file, or it cannot be read.
            RecordingError: it is no recording, damaged, cut off, or of another version.
        """
        found: Recording = _file().load(path)
        return found


def _file() -> Any:
    """What reads and writes files; most runs are not recorded."""
    return importlib.import_module("fast_dag.run.recording_file")
