"""The options of a run of a state machine."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Final, Literal

from fast_dag.errors import ValidationError
from fast_dag.run.policy import strategy_named
from fast_dag.workflow.options import RunOptions

MOST_CYCLES: Final = 100_000
AT_LIMIT: Final = ("raise", "return")
OnLimit = Literal["raise", "return"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOptions(RunOptions):
    """Those of every run, and those of a machine; None for what the machine itself says.

    Raises:
        ValueError, ValidationError: as for `RunOptions`; there is nothing to continue with, and all is kept.
    """

    max_cycles: int | None = None
    on_limit: str | None = None
    has_cap: ClassVar[bool] = True
    """Whether there is a cap at all."""

    def __post_init__(self) -> None:
        RunOptions.__post_init__(self)
        if strategy_named(self.error_strategy) != "fail_fast":
            msg = f"a state machine has nothing to continue with: error_strategy={self.error_strategy!r}"
            raise ValidationError(msg)
        if self.keep_results != "all":
            msg = "a state machine keeps the latest result of each state: give it a history_limit instead"
            raise ValidationError(msg)
        if self.max_cycles is not None:
            check_cycles(self.max_cycles)
        if self.on_limit is not None:
            check_on_limit(self.on_limit)


class StepOptions(MachineOptions):
    """Those of single steps, which no cap ends."""

    __slots__ = ()
    has_cap: ClassVar[bool] = False


MACHINE_OPTION_NAMES = ("inputs", "context", *(field.name for field in fields(MachineOptions)))


def check_cycles(value: object) -> None:
    """Raise ValueError unless *value* can be a number of cycles."""
    if not isinstance(value, int) or isinstance(value, bool):
        msg = f"max iterations must be an integer, got {value!r}"
    elif value <= 0:
        msg = f"max iterations must be > 0, got {value}"
    elif value > MOST_CYCLES:
        msg = f"max iterations exceeds limit ({MOST_CYCLES}), got {value}"
    else:
        return
    raise ValueError(msg)


def check_on_limit(value: object) -> None:
    """Raise ValueError unless *value* says what is to be done at the limit."""
    if value not in AT_LIMIT:
        msg = f"on_limit must be 'raise' or 'return', got {value!r}"
        raise ValueError(msg)
