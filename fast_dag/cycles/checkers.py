"""A node that looks at metrics and says whether a cycle has converged, or is to be given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fast_dag.cycles.checker_look import Sight
from fast_dag.cycles.checker_rules import Finding, Look, Rules
from fast_dag.cycles.checker_settings import CheckerSettings, read_settings
from fast_dag.cycles.checking import Checker, outcome, with_data
from fast_dag.cycles.early_stop import early_stop
from fast_dag.cycles.metrics import metrics_of
from fast_dag.cycles.readings import Readings, read_inputs
from fast_dag.cycles.samples import Samples

REQUIRED: Final = ("threshold", "stability")
"""Criteria of a multi_criteria checker that have to hold together; each other one is enough."""


class ConvergenceCheckerNode(Checker):
    """Says after each iteration whether a cycle has converged, or is to be stopped early.

    A checker that is fed by the body of a cycle and stands on no loop decides about that cycle.  Called
    outside of a cycle it keeps its own samples.

    >>> checker = ConvergenceCheckerNode(metric="loss", direction="minimize", threshold=0.1)
    >>> checker.check(loss=0.5)["continue_reason"], checker.check(loss=0.05)["converged"]
    ('loss 0.5 is not <= 0.1', True)

    Modes: ``threshold``; ``stability``; ``improvement`` (a plateau: the gain is small in size); ``combined``
    (threshold and stability); ``custom`` (an expression); ``multi_criteria`` (the thresholds and the
    stability that are set, together, or any expression, or the adaptive criteria; without any of them what
    the conditions of the cycle say).

    Parameters:
        name: default the class's name.
        convergence_mode: the mode, also ``mode``; default threshold.
        metric: the primary metric; default the first with a threshold, else the objective of the cycle,
            else ``value``.
        direction: maximize or minimize; default what the threshold of the primary metric shows, else the
            cycle's, else maximize.
        threshold: what the primary metric has to reach, default 0.8.
        threshold_conditions: for each metric a mapping of operator, value and tolerance (0); all have to
            hold.
        stability_config: window_size (3), variance_threshold (0.01), metrics (default those with a threshold)
            and measure (variance, stdev, range or relative); flat ``stability_window`` and ``min_variance``.
        improvement_config: min_improvement (0.01), window_size (3) and consecutive_failures, the gains in a
            row below min_improvement after which to stop early; flat ``min_improvement``,
            ``improvement_window``.
        early_stopping: patience, the samples without improvement after which to stop early, and
            min_improvement (0); flat ``patience``.
        early_stop_iterations: iterations after which to stop early.
        expression_conditions, custom_expression: expressions over the metrics; any one true is enough.
        adaptive_criteria: ``{"early_stopping": {"iterations", "quality_thresholds", "action"}}``: what the
            metric has to reach from how many iterations on.  With the action ``abandon`` the cycle is stopped
            early where it does not.
        missing: what a metric without a value does: raise, or ignore (its criterion is not met).
        attach: whether it decides about the cycle that feeds it; else it is a node like any other.

    Raises:
        UnknownOptionError: a keyword that is none of these.
        CycleConfigurationError: a bad value, or a setting without effect in the mode.
        ConvergenceExpressionError: an expression that is not allowed.
    """

    def __init__(self, name: str | None = None, convergence_mode: str | None = None, **settings: Any) -> None:
        given = settings if convergence_mode is None else {"convergence_mode": convergence_mode, **settings}
        self._settings = read_settings(given)
        super().__init__(name, given, attach=self._settings.attach)
        # Where the cycle names no objective, which is so for most.
        self._plain = Rules(self._settings, None, "maximize")

    @property
    def mode(self) -> str:
        """How it decides."""
        return self._settings.mode

    @property
    def direction(self) -> str:
        """What the best value of its primary metric is, where no cycle says so."""
        return self._plain.direction

    def check(self, **inputs: Any) -> dict[str, Any]:
        """Take the metrics of one iteration and say what follows.

        Parameters:
            inputs: metrics by name, or mappings that hold some, also in ``metrics`` or ``current_metrics``;
                ``iteration``, the index, default the cycle's or the calls so far; ``<metric>_history``, the
                complete series with the current value, in place of the recorded one; ``improvement_rate`` and
                ``stability_variance`` in place of the computed ones; ``data``, which passes through.

        Returns:
            ``converged``, ``should_stop``, ``reason``, ``continue_reason`` (None when stopping),
            ``stop_kind`` (None, threshold, stability, improvement, expression, adaptive, custom, early_stop),
            ``final_metrics`` (empty unless stopping), ``criteria`` (whether each holds), ``metrics``,
            ``iteration``, and ``data`` if that was given.

        Raises:
            MissingMetricError: a metric without a value, unless that is ignored.
            AmbiguousMetricError: several values could be meant.
            ConvergenceExpressionError: values that cannot be compared, or an expression without a value.
            CycleConfigurationError: there are no criteria, and no cycle whose conditions could be asked.
        """
        readings, samples = read_inputs(inputs), self.samples()
        index = samples.index if readings.iteration is None else readings.iteration
        return with_data(self.judged(readings, index, samples), readings.data)

    def judged(
        self, readings: Readings, index: int, samples: Samples, owner: str = "samples"
    ) -> dict[str, Any]:
        """As `check`, for inputs that have been read; *owner* is whose samples count."""
        sight = samples.kept(owner, lambda: Sight(self._rules(samples)))
        sight.take(readings, index, samples)
        decided, criteria = self._decided(sight, samples)
        metrics = metrics_of(readings.results)
        return {
            **decided,
            "final_metrics": metrics if decided["should_stop"] else {},
            "criteria": criteria,
            "metrics": metrics,
            "iteration": index,
        }

    def _rules(self, samples: Samples) -> Rules:
        if samples.objective is None and samples.direction == self._plain.direction:
            return self._plain
        return Rules(self._settings, samples.objective, samples.direction)

    def _decided(self, sight: Sight, samples: Samples) -> tuple[dict[str, Any], dict[str, bool]]:
        """Whether to stop and why, and which criteria hold."""
        rules = sight.rules
        if not self._settings.has_criteria:
            return _repeated(samples, early_stop(rules, sight))
        findings = {name: CRITERIA[name](rules, sight) for name in _criteria_of(self._settings)}
        early = early_stop(rules, sight)
        kind = _kind(self.mode, findings)
        criteria = {name: found.holds for name, found in findings.items()}
        if kind is not None:
            return outcome(kind, _told(kind, findings), "", converged=True), criteria
        failed = "; ".join(found.text for found in findings.values() if not found.holds)
        return outcome(early and "early_stop", early or "", failed, converged=False), criteria


def _criteria_of(settings: CheckerSettings) -> list[str]:
    """The criteria that a checker looks at, in this order."""
    if settings.mode != "multi_criteria":
        return list(OF_MODE[settings.mode])
    is_set = {
        "threshold": bool(settings.thresholds),
        "stability": settings.stability is not None,
        "expression": bool(settings.expressions),
        "adaptive": settings.adaptive is not None and not settings.adaptive.abandons,
    }
    return [name for name, there in is_set.items() if there]


def _kind(mode: str, findings: Mapping[str, Finding]) -> str | None:
    """The criterion that makes it converged, None if it is not."""
    if mode != "multi_criteria":
        return next(iter(findings)) if all(found.holds for found in findings.values()) else None
    required = [name for name in REQUIRED if name in findings]
    if required and all(findings[name].holds for name in required):
        return required[0]
    others = (name for name, found in findings.items() if name not in REQUIRED and found.holds)
    return next(others, None)


def _told(kind: str, findings: Mapping[str, Finding]) -> str:
    """Why it is converged: one criterion, or those that hold together."""
    names = [name for name in REQUIRED if name in findings] if kind in REQUIRED else [kind]
    return " and ".join(findings[name].text for name in names)


def _repeated(samples: Samples, early: str | None) -> tuple[dict[str, Any], dict[str, bool]]:
    """What the conditions of the cycle say."""
    decision = samples.decides()
    holds = decision is not None and decision[0] == "converged"
    criteria = {"conditions": holds}
    if decision is None:
        otherwise = "none of the conditions of the cycle holds"
        return outcome(early and "early_stop", early or "", otherwise, converged=False), criteria
    kind = "expression" if holds else "early_stop"
    return outcome(kind, decision[1], "", converged=holds), criteria


OF_MODE: Final = {
    "threshold": ("threshold",),
    "stability": ("stability",),
    "improvement": ("improvement",),
    "combined": ("threshold", "stability"),
    "custom": ("custom",),
}
CRITERIA: Final[dict[str, Callable[[Rules, Look], Finding]]] = {
    "threshold": Rules.threshold,
    "stability": Rules.stability,
    "improvement": Rules.improvement,
    "custom": Rules.expression,
    "expression": Rules.expression,
    "adaptive": Rules.adaptive,
}
