"""Tools whose fields are their settings, each checked when they are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from fast_dag.checks import unknown_options
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph.cycle_fields import Check


@dataclass(eq=False, repr=False)
class Checked:
    """What has checked settings.

    Raises:
        UnknownOptionError: there is no such setting.
        CycleConfigurationError: a setting is wrong; the text names it.
    """

    CHECKS: ClassVar[Mapping[str, Check]] = {}
    """What each setting may be."""

    def __new__(cls, *_: Any, **settings: Any) -> Self:
        """A new one."""
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
