"""What single settings of templates may be, and the settings of cycles they make together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.cycles.courses import Plain
from fast_dag.cycles.retrying import STRATEGIES
from fast_dag.cycles.setting_checks import checked, least, number
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph import cycle_fields as check
from fast_dag.graph.cycle_config import CycleConfig

WINDOW = 3
"""Iterations over which a gain is looked at."""


def the_same(course: Plain) -> Callable[[Mapping[str, str]], Plain]:
    """A policy that is the same for whatever nodes."""
    return lambda bound: course  # noqa: ARG005 - a policy is given them


def improving(
    metric: str, direction: str, most: int, patience: int | None, conditions: list[Any]
) -> CycleConfig:
    """The settings of a cycle that makes *metric* better."""
    stop = {} if patience is None else {"early_stop": {"metric": metric, "patience": patience}}
    if stop:
        stop["early_stop"]["direction"] = direction
    return CycleConfig(
        max_iterations=most,
        objective=metric,
        direction=direction,
        convergence_conditions=tuple(conditions),
        **stop,
    )


def plateau(metric: str, direction: str, threshold: float | None) -> list[Any]:
    """What holds once *metric* moves by less than *threshold* an iteration; nothing without one."""
    if threshold is None:
        return []
    spec = {"type": "improvement_rate", "metric": metric, "direction": direction, "window": WINDOW}
    return [{**spec, "threshold": positive("convergence_threshold", threshold)}]


def reached(metric: str, direction: str, target: float) -> dict[str, Any]:
    """What holds once *metric* is at *target* or beyond."""
    operator = ">=" if direction == "maximize" else "<="
    return {"type": "threshold", "metric": metric, "operator": operator, "value": target}


def positive(name: str, value: Any) -> float:
    """*value* if it is a number above 0."""
    found: float = checked(name, value, number)
    if found <= 0:
        msg = f"{name} must be > 0, got {value!r}"
        raise CycleConfigurationError(msg)
    return found


def part(name: str, value: Any) -> float:
    """*value* if it is a number from 0 to 1."""
    found: float = checked(name, value, least)
    if found > 1:
        msg = f"{name} must be from 0 to 1, got {value!r}"
        raise CycleConfigurationError(msg)
    return found


def function(name: str, value: Any) -> Any:
    """*value* if it is a function or None."""
    if value is not None and not callable(value):
        msg = f"{name} must be a function, got {value!r}"
        raise CycleConfigurationError(msg)
    return value


def check_retry(max_retries: Any, strategy: Any, on_exhausted: Any) -> None:
    """Raise CycleConfigurationError for settings of retries that are none."""
    checked("max_retries", max_retries, check.integer(0))
    if not callable(strategy) and strategy not in STRATEGIES:
        near = suggestion(strategy, STRATEGIES)
        msg = f"backoff_strategy must be {', '.join(STRATEGIES)} or a function, got {strategy!r}{near}"
        raise CycleConfigurationError(msg)
    checked("on_exhausted", on_exhausted, check.one_of("raise", "return"))
