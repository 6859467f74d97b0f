"""The settings of a convergence checker: what may be given, under which names, and in one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from fast_dag.checks import unknown_options
from fast_dag.cycles.expression import Expression
from fast_dag.cycles.expression_values import COMPARISONS, SPREADS
from fast_dag.cycles.setting_checks import (
    bound,
    by_metric,
    checked,
    filled_texts,
    least,
    number,
    number_list,
    rising_counts,
    table_of,
)
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph import cycle_fields as check
from fast_dag.graph.cycle_fields import Check


class Threshold(NamedTuple):
    """What one metric is compared with."""

    metric: str | None
    """None for the primary one."""
    operator: str | None
    """None for ``>=`` where the metric is to be large, ``<=`` where it is to be small."""
    value: Any
    tolerance: float


class Stability(NamedTuple):
    """How close together the last samples have to lie."""

    window: int
    threshold: float
    metrics: tuple[str, ...]
    """Empty for those with a threshold, or else the primary one."""
    measure: str


class Improvement(NamedTuple):
    """How little gain is none, and how often in a row that may happen."""

    least: float
    window: int
    failures: int | None


class Adaptive(NamedTuple):
    """What the primary metric, or another, has to reach after how many iterations."""

    metric: str
    iterations: tuple[int, ...]
    targets: tuple[float, ...]
    abandons: bool
    """Whether the cycle is given up where a target is missed, in place of converging where it is met."""


class CheckerSettings(NamedTuple):
    """What a checker looks at; None for what is not asked for."""

    mode: str
    metric: str | None
    direction: str | None
    thresholds: tuple[Threshold, ...]
    stability: Stability | None
    improvement: Improvement | None
    patience: tuple[int, float] | None
    """Samples without improvement, and by how much a sample has to be better."""
    early_stop_iterations: int | None
    expressions: tuple[Expression, ...]
    adaptive: Adaptive | None
    ignores_missing: bool
    attach: bool

    @property
    def has_criteria(self) -> bool:
        """Whether it can tell convergence by itself."""
        is_adaptive = self.adaptive is not None and not self.adaptive.abandons
        groups = (self.thresholds, self.stability, self.expressions, is_adaptive)
        return self.mode != "multi_criteria" or any(groups)


def read_settings(given: Mapping[str, Any]) -> CheckerSettings:
    """The settings in *given*, as the constructor of a checker takes them.

    Raises:
        UnknownOptionError: a keyword that is no setting.
        CycleConfigurationError: a bad value, one given twice, or one that the mode does nothing with.
        ConvergenceExpressionError: an expression that is not allowed.
    """
    unknown = [name for name in given if name not in SETTINGS]
    if unknown:
        raise unknown_options(unknown, SETTINGS, "a convergence checker")
    values = {
        name: checked(name, value, SETTINGS[name]) for name, value in given.items() if value is not None
    }
    mode = _once(values, "convergence_mode", "mode") or "threshold"
    _check_used(mode, values)
    return CheckerSettings(
        mode,
        values.get("metric"),
        values.get("direction"),
        _thresholds(mode, values),
        _stability(mode, values),
        _improvement(mode, values),
        _patience(values),
        values.get("early_stop_iterations"),
        _expressions(mode, values),
        _adaptive(values),
        values.get("missing") == "ignore",
        values.get("attach", True),
    )


def _condition(name: str, value: Any) -> Any:
    """The table of a threshold."""
    rules = {"operator": check.one_of(*COMPARISONS), "value": bound, "tolerance": least}
    made = table_of(rules, "operator", "value")(name, value)
    if made.get("tolerance") and isinstance(made["value"], str):
        msg = f"{name} has a tolerance, and compares with a text"
        raise ValueError(msg)
    return made


def _stages(name: str, value: Any) -> Any:
    """The table of an adaptive criterion; the metric stands in the name of one key."""
    made = check.table(name, value)
    targets = [key for key in made if key.endswith(TARGETS)]
    if len(targets) != 1:
        msg = (
            f"{name} needs one list of targets such as 'quality_thresholds', got {', '.join(made) or 'none'}"
        )
        raise ValueError(msg)
    rules = {
        "iterations": rising_counts,
        targets[0]: number_list,
        "action": check.one_of("converge", "abandon"),
    }
    made = table_of(rules, "iterations")(name, made)
    iterations, wanted = made["iterations"], made[targets[0]]
    if len(iterations) != len(wanted):
        msg = f"{name} has {len(iterations)} iterations and {len(wanted)} {targets[0]}: give one for each"
        raise ValueError(msg)
    metric = targets[0].rpartition("_")[0]
    return Adaptive(metric, iterations, wanted, made.get("action") == "abandon")


def _once(values: Mapping[str, Any], *names: str) -> Any:
    """The value given under one of several *names* of the same setting, None if none is."""
    found = [name for name in names if name in values]
    if len(found) > 1:
        msg = f"{' and '.join(found)} are the same setting: give one of them"
        raise CycleConfigurationError(msg)
    return values[found[0]] if found else None


def _merged(values: Mapping[str, Any], table: str, flat: Mapping[str, str]) -> dict[str, Any] | None:
    """The settings in *table*, or given flat under other names; None if nothing is given."""
    if table not in values and not any(name in values for name in flat):
        return None
    made = dict(values.get(table, {}))
    for name, key in flat.items():
        if name in values and key in made:
            msg = f"{name} is given twice, also as {table}[{key!r}]"
            raise CycleConfigurationError(msg)
        if name in values:
            made[key] = values[name]
    return made


def _check_used(mode: str, values: Mapping[str, Any]) -> None:
    for name in values:
        modes = MODES_WITH.get(name)
        if modes is not None and mode not in modes:
            msg = f"{name} does nothing in mode {mode!r}: it takes mode {' or '.join(map(repr, modes))}"
            raise CycleConfigurationError(msg)


def _thresholds(mode: str, values: Mapping[str, Any]) -> tuple[Threshold, ...]:
    table = values.get("threshold_conditions", {})
    found = [
        Threshold(metric, each["operator"], each["value"], each.get("tolerance", 0))
        for metric, each in table.items()
    ]
    if "threshold" in values or (not found and mode in ("threshold", "combined")):
        found.append(Threshold(None, None, values.get("threshold", 0.8), 0))
    return tuple(found)


def _stability(mode: str, values: Mapping[str, Any]) -> Stability | None:
    made = _merged(values, "stability_config", STABILITY_FLAT)
    if made is None and mode not in ("stability", "combined"):
        return None
    made = made or {}
    return Stability(
        made.get("window_size", 3),
        made.get("variance_threshold", 0.01),
        made.get("metrics", ()),
        made.get("measure", "variance"),
    )


def _improvement(mode: str, values: Mapping[str, Any]) -> Improvement | None:
    made = _merged(values, "improvement_config", IMPROVEMENT_FLAT)
    if made is None and mode != "improvement":
        return None
    made = made or {}
    found = Improvement(
        made.get("min_improvement", 0.01), made.get("window_size", 3), made.get("consecutive_failures")
    )
    if mode != "improvement" and found.failures is None:
        msg = (
            f"improvement_config only stops early in mode {mode!r}, and does nothing there without "
            "'consecutive_failures' (patience takes min_improvement from early_stopping)"
        )
        raise CycleConfigurationError(msg)
    return found


def _patience(values: Mapping[str, Any]) -> tuple[int, float] | None:
    made = _merged(values, "early_stopping", {"patience": "patience"})
    if made is None:
        return None
    if "patience" not in made:
        msg = "early_stopping needs 'patience', the samples without improvement after which to stop"
        raise CycleConfigurationError(msg)
    return made["patience"], made.get("min_improvement", 0)


def _expressions(mode: str, values: Mapping[str, Any]) -> tuple[Expression, ...]:
    custom = values.get("custom_expression")
    if mode == "custom" and custom is None:
        msg = "mode 'custom' needs custom_expression, such as 'loss < 0.01'"
        raise CycleConfigurationError(msg)
    texts = [*(() if custom is None else (custom,)), *values.get("expression_conditions", ())]
    return tuple(map(Expression, texts))


def _adaptive(values: Mapping[str, Any]) -> Adaptive | None:
    found: Adaptive | None = values.get("adaptive_criteria", {}).get("early_stopping")
    return found


TARGETS: Final = ("_thresholds", "_targets")
MODES: Final = ("threshold", "stability", "improvement", "combined", "custom", "multi_criteria")
STABILITY_FLAT: Final = {"stability_window": "window_size", "min_variance": "variance_threshold"}
IMPROVEMENT_FLAT: Final = {"min_improvement": "min_improvement", "improvement_window": "window_size"}
WITH_THRESHOLDS: Final = ("threshold", "combined", "multi_criteria")
WITH_STABILITY: Final = ("stability", "combined", "multi_criteria")
MODES_WITH: Final[dict[str, tuple[str, ...]]] = {
    "threshold": WITH_THRESHOLDS,
    # In mode stability they say which metrics have to be stable.
    "threshold_conditions": (*WITH_THRESHOLDS, "stability"),
    "stability_config": WITH_STABILITY,
    "stability_window": WITH_STABILITY,
    "min_variance": WITH_STABILITY,
    "custom_expression": ("custom", "multi_criteria"),
    "expression_conditions": ("multi_criteria",),
    "adaptive_criteria": ("multi_criteria",),
}
"""Settings without effect in some modes; what only stops early has one in all."""
SETTINGS: Final[dict[str, Check]] = {
    "convergence_mode": check.one_of(*MODES),
    "mode": check.one_of(*MODES),
    "metric": check.filled,
    "direction": check.one_of(*check.DIRECTIONS),
    "threshold": number,
    "threshold_conditions": by_metric(_condition),
    "stability_config": table_of(
        {
            "window_size": check.integer(1),
            "variance_threshold": least,
            "metrics": filled_texts,
            "measure": check.one_of(*SPREADS),
        }
    ),
    "stability_window": check.integer(1),
    "min_variance": least,
    "improvement_config": table_of(
        {
            "min_improvement": least,
            "window_size": check.integer(2),
            "consecutive_failures": check.integer(1),
        }
    ),
    "min_improvement": least,
    "improvement_window": check.integer(2),
    "early_stopping": table_of({"patience": check.integer(1), "min_improvement": least}),
    "patience": check.integer(1),
    "early_stop_iterations": check.integer(1),
    "expression_conditions": filled_texts,
    "custom_expression": check.filled,
    "adaptive_criteria": table_of({"early_stopping": _stages}),
    "missing": check.one_of("raise", "ignore"),
    "attach": check.flag,
}
"""What each setting may be."""
