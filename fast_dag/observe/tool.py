"""What tools that record runs have in common: checked settings, and the latest run that has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Generic, Self, TypeVar

from fast_dag.errors import CycleConfigurationError, ExecutionError, unknown_options
from fast_dag.graph.cycle_fields import Check
from fast_dag.observe.meter import Meter, ProcessMeter

Record = TypeVar("Record")


@dataclass(eq=False, repr=False)
class RecordingTool(Generic[Record]):
    """A tool whose fields are its settings; it shows the latest of its runs that has ended."""

    CHECKS: ClassVar[Mapping[str, Check]] = {}
    """What each setting may be."""

    only: str | None = field(default=None, init=False)
    """The cycle it was made for; None if somebody gave it to a run."""
    _latest: Record | None = field(default=None, init=False)

    def __new__(cls, *_: Any, **settings: Any) -> Self:
        """A new tool; UnknownOptionError for a setting that it does not have."""
        known = [each.name for each in fields(cls) if each.init]
        unknown = [name for name in settings if name not in known]
        if unknown:
            raise unknown_options(unknown, known, cls.__name__)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for name, rule in self.CHECKS.items():
            try:
                setattr(self, name, rule(name, getattr(self, name)))
            except ValueError as error:
                msg = f"{type(self).__name__}: {error}"
                raise CycleConfigurationError(msg) from None

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

    def keep(self, record: Record) -> None:
        """Take what was seen of a run that has ended."""
        self._latest = record
