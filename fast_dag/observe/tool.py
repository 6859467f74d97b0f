"""What tools that record runs have in common: checked settings, and the latest run that has ended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from fast_dag.checks import suggestion
from fast_dag.errors import ExecutionError
from fast_dag.observe.checked import Checked
from fast_dag.observe.meter import Meter, ProcessMeter

Record = TypeVar("Record")


@dataclass(eq=False, repr=False)
class RecordingTool(Checked, Generic[Record]):
    """A tool whose fields are its settings; it shows the latest of its runs that has ended."""

    only: str | None = field(default=None, init=False)
    """The cycle it was made for; None if somebody gave it to a run."""
    _latest: Record | None = field(default=None, init=False)

    def __repr__(self) -> str:
        label = self.cycle_id  # type: ignore[attr-defined]
        return f"<{type(self).__name__}{'' if label is None else f' {label!r}'}>"

    def make_meter(self) -> Meter:
        """What reads memory and processor time in one run."""
        return ProcessMeter()

    @property
    def latest(self) -> Record:
        """What was seen of the latest run that has ended.

        Raises:
            ExecutionError: none has.
        """
        if self._latest is None:
            name = type(self).__name__
            msg = f"this {name} has seen no run to its end: give it to one, run(observers=[...])"
            raise ExecutionError(msg)
        return self._latest

    def about(self, cycle: str | None, known: Collection[str]) -> str | None:
        """The *cycle* to tell of, by default that it was made for; None for all.

        Raises:
            ValueError: it is not one of the *known* cycles of the run.
        """
        if cycle is not None and cycle not in known:
            listed = ", ".join(map(repr, known)) or "none"
            msg = f"no cycle {cycle!r} in that run: there are {listed}{suggestion(cycle, known)}"
            raise ValueError(msg)
        return self.only if cycle is None else cycle

    def keep(self, record: Record) -> None:
        """Take what was seen of a run that has ended."""
        self._latest = record
