"""The settings of one cycle."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any, Self

from fast_dag.checks import unknown_options
from fast_dag.errors import CycleConfigurationError, InvalidNodeError
from fast_dag.graph import cycle_fields as check
from fast_dag.graph.cycle_data import FunctionNames, Functions, as_data, condition_named, from_data, name_of

ALIASES = {
    "cycle_id": "cycle_name",
    "timeout": "timeout_seconds",
    "memory_limit": "memory_limit_mb",
    "convergence_check": "convergence_conditions",
}
BOUNDS = (
    "max_iterations",
    "timeout_seconds",
    "convergence_conditions",
    "when",
    "early_stop",
    "stall_window",
    "stop_on",
    "until",
)
"""The settings that give a cycle a way out."""


@dataclass(frozen=True, init=False, repr=False, kw_only=True)
class CycleConfig:
    """The settings of one cycle; two are equal if all fields are.

    >>> config = CycleConfig(max_iterations=50, timeout=2.5)
    >>> config
    CycleConfig(max_iterations=50, timeout_seconds=2.5)
    >>> config.merge(CycleConfig(max_iterations=10)).max_iterations
    10

    Raises:
        UnknownOptionError: a keyword that is neither a field nor another name of one.
        CycleConfigurationError: a bad value; the text names the field.
    """

    cycle_name: str | None = None
    """Name of the cycle (also ``cycle_id``)."""
    max_iterations: int | None = None
    """After so many iterations it ends."""
    min_iterations: int = 1
    """Conditions do not end it before so many are done."""
    timeout_seconds: float | None = None
    """Seconds after which it ends (also ``timeout``)."""
    cpu_time_limit_seconds: float | None = None
    """Seconds of processor time after which it ends."""
    memory_limit_mb: float | None = None
    """Megabytes the process may grow by meanwhile (also ``memory_limit``)."""
    convergence_conditions: tuple[Any, ...] = ()
    """What makes it converged: expressions, counts, tables, functions (also ``convergence_check``)."""
    combine: str = "any"
    """Whether any or all of them have to hold."""
    initial_parameters: dict[str, Any] = field(default_factory=dict)
    """Values for the first iteration, by ``node.parameter`` or parameter."""
    parameter_mapping: dict[str, str] = field(default_factory=dict)
    """Feedback edges as a table, ``previous_iteration.key`` to ``current_iteration.parameter``."""
    objective: str | None = None
    """The metric whose best value is kept."""
    direction: str = "maximize"
    """What its best value is: maximize or minimize."""
    when: Any = None
    """An expression or a function of the inputs, asked before each iteration."""
    early_stop: dict[str, Any] | None = None
    """A table of patience, metric, min_delta and direction."""
    verdict_window: int = 10
    """Samples a verdict looks at."""
    verdict_tolerance: float = 1e-3
    """What counts as no change for a verdict."""
    stall_window: int | None = None
    """Iterations that have to be equal, or the longest period to repeat with, for the cycle to be stalled."""
    attached: tuple[str, ...] = ()
    """Nodes behind the body that run at the end of each iteration."""
    stop_on: tuple[str, ...] = ()
    """Verdicts that end the cycle."""
    until: Any = None
    """Ends it when it holds: a function of the last two values fed back (and the round), or "fixed_point"."""
    emit: str = "last"
    """What nodes behind it get: the last value, or a list of each, or of each with its round (tagged)."""
    on_round: Any = None
    """A function called after each iteration with the round, from 1, and what is fed back."""
    on_limit: str = "warn"
    """What reaching a limit does: warn, return or raise."""
    on_nan: str = "raise"
    """What a comparison with NaN does: raise or ignore."""
    safety_cap: int = 1000
    """Iterations after which a cycle without max_iterations is taken for endless."""
    preserve_state: tuple[str, ...] = ()
    """Keys of node state that outlive an outer iteration."""
    keep_state: bool = False
    """Whether all of them do."""
    history_limit: int | None = 10
    """How many iterations' outputs are kept, None for all."""
    metric_history_limit: int | None = None
    """How many samples of each metric are kept, None for all."""
    parent_cycle: str | None = None
    """The cycle it is claimed to lie in."""
    tools: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What watches it in every run: the settings of each, by what kind it is."""
    description: str = ""
    """Anything to say of it."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Anything to keep with it."""

    def __init__(self, **fields: Any) -> None:
        given = _by_field(fields)
        for each in dataclasses.fields(self):
            default = each.default if each.default_factory is MISSING else each.default_factory()
            value = _checked(each.name, given[each.name]) if each.name in given else default
            object.__setattr__(self, each.name, value)
        object.__setattr__(self, "_given", tuple(name for name in CHECKS if name in given))

    def __repr__(self) -> str:
        return f"CycleConfig({', '.join(f'{name}={value!r}' for name, value in self.given.items())})"

    @property
    def given(self) -> dict[str, Any]:
        """The fields that were set, by name."""
        names: tuple[str, ...] = self._given  # type: ignore[attr-defined]
        return {name: getattr(self, name) for name in names}

    @property
    def is_bounded(self) -> bool:
        """Whether some setting ends the cycle sooner or later; the safety cap does not count."""
        return any(getattr(self, name) not in (None, ()) for name in BOUNDS)

    def validate(self) -> list[str]:
        """What is wrong with fields that are right one by one; empty if nothing is."""
        if self.max_iterations is not None and self.min_iterations > self.max_iterations:
            return [f"min_iterations ({self.min_iterations}) exceeds max_iterations ({self.max_iterations})"]
        return []

    def merge(self, other: CycleConfig) -> CycleConfig:
        """These settings, and over them those that are set in *other*."""
        return CycleConfig(**{**self.given, **other.given})

    def replace(self, **changes: Any) -> CycleConfig:
        """These settings with *changes*."""
        return CycleConfig(**{**self.given, **_by_field(changes)})

    def to_dict(self, *, names: FunctionNames = name_of) -> dict[str, Any]:
        """The fields that are set, as plain data.

        Parameters:
            names: gives the name of a function in ``(function, where)``; default as registered.

        Raises:
            NotSerializableError: a function without a name, or a value that is no plain data.
        """
        return {name: as_data(value, name, names) for name, value in self.given.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, functions: Functions = condition_named) -> Self:
        """What `to_dict` gave as settings again.

        Parameters:
            data: the fields by name.
            functions: gives the function of ``(name, where)``; default one of `register_condition`.

        Raises:
            As the constructor; NotSerializableError for a function that nobody registered.
        """
        return cls(**{name: from_data(value, name, functions) for name, value in data.items()})


def _by_field(given: Mapping[str, Any]) -> dict[str, Any]:
    """*given* with the fields' own names."""
    unknown = [name for name in given if name not in CHECKS and name not in ALIASES]
    if unknown:
        raise unknown_options(unknown, [*CHECKS, *ALIASES], "a cycle")
    made: dict[str, Any] = {}
    for name, value in given.items():
        own = ALIASES.get(name, name)
        if own in made:
            msg = f"{own} is given twice, also as {name if name != own else _alias_of(own)}"
            raise CycleConfigurationError(msg)
        made[own] = value
    return made


def _alias_of(name: str) -> str:
    return next(alias for alias, own in ALIASES.items() if own == name)


def _checked(name: str, value: Any) -> Any:
    try:
        return CHECKS[name](name, value)
    except (ValueError, InvalidNodeError) as error:
        raise CycleConfigurationError(str(error)) from None


CHECKS: dict[str, check.Check] = {
    "cycle_name": check.optional(check.cycle_name),
    "max_iterations": check.optional(check.integer(1)),
    "min_iterations": check.integer(1),
    "timeout_seconds": check.optional(check.seconds),
    "cpu_time_limit_seconds": check.optional(check.seconds),
    "memory_limit_mb": check.optional(check.amount),
    "convergence_conditions": check.conditions,
    "combine": check.one_of("any", "all"),
    "initial_parameters": check.table,
    "parameter_mapping": check.renames,
    "objective": check.optional(check.filled),
    "direction": check.one_of(*check.DIRECTIONS),
    "when": check.optional(check.text_or_function),
    "early_stop": check.optional(check.early_stop),
    "verdict_window": check.integer(1),
    "verdict_tolerance": check.amount,
    "stall_window": check.optional(check.integer(1)),
    "attached": check.texts,
    "stop_on": check.verdicts,
    "until": check.optional(check.rule),
    "emit": check.one_of("last", "each", "tagged"),
    "on_round": check.optional(check.of_rounds),
    "on_limit": check.one_of("warn", "return", "raise"),
    "on_nan": check.one_of("raise", "ignore"),
    "safety_cap": check.integer(1),
    "preserve_state": check.texts,
    "keep_state": check.flag,
    "history_limit": check.optional(check.integer(0)),
    "metric_history_limit": check.optional(check.integer(1)),
    "parent_cycle": check.optional(check.filled),
    "tools": check.tables,
    "description": check.text,
    "metadata": check.table,
}
"""What each field may be, in the order of the fields."""
