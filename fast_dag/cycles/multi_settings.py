"""The settings of a check of several metrics at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from fast_dag.checks import suggestion, unknown_options
from fast_dag.cycles.checkers import ConvergenceCheckerNode
from fast_dag.cycles.gain import sign_of
from fast_dag.cycles.scores import Target, read_targets
from fast_dag.cycles.setting_checks import by_metric, checked, least, number, table_of
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph import cycle_fields as check


class MultiSettings(NamedTuple):
    """What is to be reached; None for what is not asked for."""

    targets: dict[str, Target]
    """By metric; empty if there are checkers."""
    checkers: dict[str, ConvergenceCheckerNode]
    """By metric; empty if there are targets."""
    signs: dict[str, int]
    """+1 for each metric that is to become large, -1 for one that is to become small."""
    strategy: str
    least_score: float
    window: int | None
    """Samples of the score that have to lie together."""
    spread: float
    """How far apart they may lie."""
    min_iterations: int
    patience: int | None
    absolute: dict[str, float]
    """What ends the cycle at once where it is beaten, by metric."""
    ignores_missing: bool
    attach: bool

    @property
    def metrics(self) -> list[str]:
        """Their names."""
        return [*self.targets, *self.checkers]


def read_multi_settings(given: Mapping[str, Any]) -> MultiSettings:
    """The settings in *given*, as the constructor of the node takes them.

    Raises:
        UnknownOptionError: a keyword that is no setting.
        CycleConfigurationError: a bad value, no metrics, or settings that exclude each other.
    """
    unknown = [name for name in given if name not in SETTINGS]
    if unknown:
        raise unknown_options(unknown, SETTINGS, "a check of several metrics")
    values = {
        name: checked(name, value, SETTINGS[name]) for name, value in given.items() if value is not None
    }
    targets, checkers = _targets(values), _checkers(values)
    signs = {name: target.sign for name, target in targets.items()}
    signs.update((name, sign_of(checker.direction)) for name, checker in checkers.items())
    early = values.get("early_stopping", {})
    _check_gate(values)
    return MultiSettings(
        targets,
        checkers,
        signs,
        _strategy(values),
        values.get("min_weighted_score", 0.85),
        values.get("stability_window"),
        values.get("stability_threshold", 0.002),
        early.get("min_iterations", 1),
        early.get("max_iterations_without_improvement"),
        _absolute(early, signs),
        values.get("missing") == "ignore",
        values.get("attach", True),
    )


def _targets(values: Mapping[str, Any]) -> dict[str, Target]:
    if ("convergence_metrics" in values) is ("criteria" in values):
        msg = (
            "give either convergence_metrics, targets by metric, or criteria, settings of checkers by metric"
        )
        raise CycleConfigurationError(msg)
    if "convergence_metrics" not in values:
        return {}
    return read_targets("convergence_metrics", values["convergence_metrics"])


def _checkers(values: Mapping[str, Any]) -> dict[str, ConvergenceCheckerNode]:
    missing = {"missing": values.get("missing", "raise")}
    made = {}
    for metric, settings in values.get("criteria", {}).items():
        if "metric" in settings:
            msg = f"criteria[{metric!r}] is about {metric!r}: leave metric={settings['metric']!r} out"
            raise CycleConfigurationError(msg)
        made[metric] = ConvergenceCheckerNode(metric, **{**missing, **settings, "metric": metric})
    return made


def _strategy(values: Mapping[str, Any]) -> str:
    strategy = values.get("convergence_strategy")
    if "require_all" not in values:
        found: str = strategy or "all_criteria"
        return found
    implied = "all_criteria" if values["require_all"] else "any_criterion"
    if strategy not in (None, implied):
        msg = f"require_all={values['require_all']} means {implied}, which convergence_strategy contradicts"
        raise CycleConfigurationError(msg)
    return implied


def _check_gate(values: Mapping[str, Any]) -> None:
    if "stability_threshold" in values and "stability_window" not in values:
        msg = "stability_threshold does nothing without stability_window"
        raise CycleConfigurationError(msg)


def _absolute(early: Mapping[str, Any], signs: Mapping[str, int]) -> dict[str, float]:
    found: dict[str, float] = early.get("absolute_targets", {})
    for name in found:
        if name not in signs:
            msg = f"absolute_targets names {name!r}, which is no metric here{suggestion(name, signs)}"
            raise CycleConfigurationError(msg)
    return found


def _share(name: str, value: Any) -> Any:
    if not 0 <= number(name, value) <= 1:
        msg = f"{name} must be a number from 0 to 1, got {value!r}"
        raise ValueError(msg)
    return value


SETTINGS: Final = {
    "convergence_metrics": check.table,
    "criteria": by_metric(check.table),
    "require_all": check.flag,
    "convergence_strategy": check.one_of("all_criteria", "majority", "weighted_score"),
    "min_weighted_score": _share,
    "stability_window": check.integer(1),
    "stability_threshold": least,
    "early_stopping": table_of(
        {
            "min_iterations": check.integer(0),
            "max_iterations_without_improvement": check.integer(1),
            "absolute_targets": by_metric(number),
        }
    ),
    "missing": check.one_of("raise", "ignore"),
    "attach": check.flag,
}
"""What each setting may be."""
