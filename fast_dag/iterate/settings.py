"""The settings of a bounded iteration, checked when it is made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from fast_dag.checks import unknown_options
from fast_dag.errors import CycleConfigurationError, InvalidNodeError
from fast_dag.graph import cycle_fields as check
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.iterate.rules import rule_of

CAP: Final = 1000
"""Rounds after which an iteration without `max_rounds` is taken for endless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationSettings:
    """The settings of one bounded iteration.

    Raises:
        CycleConfigurationError: a bad value, or nothing that ends it; the text names the iteration.
    """

    name: str
    max_rounds: int | None = None
    """After so many rounds it ends."""
    seed: str = "seed"
    """The parameter inside that gets the input of round 1."""
    feedback: str = "feedback"
    """The parameter inside that gets what the round before gave."""
    output: str = "output"
    """The node inside, or ``node.output``, whose result goes round and leaves."""
    converged: str | None = None
    """The node inside, or ``node.output``, that asks to stop; None for one called converged."""
    until: Any = None
    """A rule about the last two values."""
    emit: str = "last"
    """What leaves: the last value, or a list of each, or of each with its round (tagged)."""
    stream: bool = False
    """Whether the loop variable is a sequence of items."""
    buffering: str = "full"
    """Whether items are held until their round is over (full), or let go of as they are read (stream)."""
    stop_on_empty: bool = True
    """Whether it ends when a round gives nothing."""
    on_limit: str = "return"
    """What reaching a limit does: return, warn or raise."""
    timeout: float | None = None
    """Seconds for all rounds."""
    max_buffer: int | None = None
    """How many items may wait for the next round."""
    history: bool = False
    """Whether figures of every round are kept."""
    on_round: Any = None
    """A function called after each round with its number and value."""

    def __post_init__(self) -> None:
        for field, checked in CHECKS.items():
            try:
                object.__setattr__(self, field, checked(field, getattr(self, field)))
            except (ValueError, InvalidNodeError) as error:
                self.fail(str(error))
        if self.buffering == "stream":
            object.__setattr__(self, "stream", True)
            if self.until is not None:
                self.fail("until needs the whole of a round: use buffering='full'")
        if self.max_buffer is not None and not self.stream:
            self.fail("max_buffer is about items: set stream=True")

    def fail(self, text: str) -> NoReturn:
        """Raise the error of this iteration that says *text*."""
        msg = f"iteration {self.name!r}: {text}"
        raise CycleConfigurationError(msg) from None

    def check_end(self, *, has_signal: bool) -> None:
        """Raise CycleConfigurationError unless something ends it; *has_signal* tells that its body may."""
        ends = (self.max_rounds, self.until, self.timeout)
        if not has_signal and all(each is None for each in ends):
            self.fail("give max_rounds, until, timeout or a 'converged' port")

    @property
    def in_words(self) -> str:
        """How long it goes round, for a drawing.

        >>> IterationSettings(name="it", max_rounds=9, until="fixed_point").in_words
        'up to 9 rounds, until fixed_point'
        """
        parts = [] if self.max_rounds is None else [f"up to {self.max_rounds} rounds"]
        if self.until is not None:
            parts.append(f"until {rule_of(self.until).name}")
        if self.timeout is not None:
            parts.append(f"at most {self.timeout:g} s")
        return ", ".join(parts) or "until converged"

    @property
    def config(self) -> CycleConfig:
        """These as the settings of a cycle."""
        given = {
            "max_iterations": self.max_rounds,
            "timeout_seconds": self.timeout,
            "until": self.until,
            "on_round": self.on_round,
        }
        kept = {name: value for name, value in given.items() if value is not None}
        return CycleConfig(**kept, on_limit=self.on_limit, safety_cap=CAP)


def settings_of(name: str, given: Mapping[str, Any]) -> IterationSettings:
    """The settings *given* for the iteration *name*.

    Raises:
        UnknownOptionError: there is no such setting.
        CycleConfigurationError: one is wrong.
    """
    known = [field.name for field in dataclasses.fields(IterationSettings) if field.name != "name"]
    unknown = [each for each in given if each not in known]
    if unknown:
        raise unknown_options(unknown, known, f"iteration {name!r}")
    return IterationSettings(name=name, **given)


def _rounds(name: str, value: Any) -> Any:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        msg = f"{name} must be an integer >= 1, got {value!r}"
        raise ValueError(msg)
    return value


CHECKS: dict[str, check.Check] = {
    "max_rounds": _rounds,
    "seed": check.filled,
    "feedback": check.filled,
    "output": check.filled,
    "converged": check.optional(check.filled),
    "until": check.optional(check.rule),
    "emit": check.one_of("last", "each", "tagged"),
    "stream": check.flag,
    "buffering": check.one_of("full", "stream"),
    "stop_on_empty": check.flag,
    "on_limit": check.one_of("warn", "return", "raise"),
    "timeout": check.optional(check.seconds),
    "max_buffer": check.optional(check.integer(1)),
    "history": check.flag,
    "on_round": check.optional(check.of_rounds),
}
