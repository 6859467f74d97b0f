"""A node that weighs several metrics against their targets, and says whether a cycle has converged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from fast_dag.cycles.checking import Checker, outcome, with_data
from fast_dag.cycles.expression_values import NUMBERS, shown
from fast_dag.cycles.gain import Patience
from fast_dag.cycles.layout import Absent, Layout, Series, Values
from fast_dag.cycles.metrics import Metrics
from fast_dag.cycles.multi_settings import MultiSettings, read_multi_settings
from fast_dag.cycles.readings import Readings, read_inputs
from fast_dag.cycles.samples import Samples
from fast_dag.cycles.scalars import scalar_or_none_such
from fast_dag.cycles.scores import Scored, rows_of, scored
from fast_dag.errors import MissingMetricError


class MultiCriteriaConvergenceNode(Checker):
    """Says after each iteration whether several metrics together have converged.

    Each metric has a score: 1 if it is at most its tolerance short of the target, else 1 - gap / abs(target)
    (by the greater of tolerance and 1 if the target is 0), and at least 0.  The weighted score is their mean
    by weight.

    >>> node = MultiCriteriaConvergenceNode(
    ...     convergence_metrics={
    ...         "accuracy": {"target": 0.95, "weight": 3},
    ...         "loss": {"target": 0.05, "direction": "minimize"},
    ...     },
    ...     convergence_strategy="weighted_score",
    ... )
    >>> result = node.check(metrics={"accuracy": 0.96, "loss": 0.06})
    >>> result["weighted_score"], result["converged"], result["criteria_met"]
    (0.95, True, {'accuracy': True, 'loss': False})

    Parameters:
        name: default the class's name.
        convergence_metrics: for each metric a mapping of target, weight (1), direction (maximize) and
            tolerance (0).
        convergence_strategy: all_criteria; majority, more than half of them; or weighted_score.
        min_weighted_score: what the score has to reach under weighted_score, default 0.85.
        stability_window: if given, so many samples of the weighted score have to lie together as well.
        stability_threshold: how far apart these may lie, greatest less least, default 0.002.
        early_stopping: min_iterations before which neither strategy nor patience count;
            max_iterations_without_improvement, the patience with the weighted score; absolute_targets, by
            metric, of which one strictly beaten converges at once whatever else is set.
        criteria: in place of convergence_metrics settings of a `ConvergenceCheckerNode` for each metric; a
            score is then 1 or 0.
        require_all: whether all criteria are needed, or any one is enough.
        missing: what a metric without a value does: raise, or ignore (not met, score 0).
        attach: whether it decides about the cycle that feeds it.

    Raises:
        UnknownOptionError: a keyword that is none of these.
        CycleConfigurationError: no metrics, a bad value, or weights that sum to 0.
    """

    def __init__(
        self, name: str | None = None, convergence_metrics: Mapping[str, Any] | None = None, **settings: Any
    ) -> None:
        given = (
            settings
            if convergence_metrics is None
            else {"convergence_metrics": convergence_metrics, **settings}
        )
        self._settings = read_multi_settings(given)
        super().__init__(name, given, attach=self._settings.attach)

    def check(self, **inputs: Any) -> dict[str, Any]:
        """Take the metrics of one iteration and say what follows.

        Parameters:
            inputs: ``metrics``, a mapping, or metrics by name; ``iteration``, the index, default the cycle's
                or the calls so far; ``metric_history``, a mapping of lists or a list of mappings with the
                current sample last, in place of what was recorded; ``data``, which passes through.

        Returns:
            ``converged``, ``should_stop``, ``stop_kind`` (the strategy, ``absolute_target:<metric>``,
            early_stop, or None), ``reason``, ``continue_reason``, ``weighted_score``, ``criteria_met``,
            ``met_count``, ``scores``, ``stable``, ``best_score``, ``iterations_without_improvement``,
            ``missing`` (the metrics without a value), ``iteration``, and ``data`` if that was given.

        Raises:
            MissingMetricError: a metric without a value, unless that is ignored.
            AmbiguousMetricError: several values could be meant.
            ConvergenceExpressionError: a value that is no number.
            ValueError: a history or an index that is none.
        """
        readings, samples = read_inputs(inputs), self.samples()
        index = samples.index if readings.iteration is None else readings.iteration
        view = self._view(readings, index, samples)
        decided = _decided(self._settings, view, index + 1)
        result = {
            **decided,
            "weighted_score": view.scored.weighted,
            "criteria_met": view.scored.met,
            "met_count": sum(view.scored.met.values()),
            "scores": view.scored.scores,
            "stable": view.stable,
            "best_score": view.patience.best,
            "iterations_without_improvement": view.patience.count,
            "missing": view.scored.missing,
            "iteration": index,
        }
        return with_data(result, readings.data)

    def _view(self, readings: Readings, index: int, samples: Samples) -> View:
        """What the metrics of one call come to, beside those of earlier ones."""
        settings = self._settings
        rows = _rows(settings, readings)
        values = self._values(readings.results, rows)
        given_up = ""
        if settings.checkers:
            missing = [name for name, value in values.items() if value is None]
            found, given_up = self._checked(_with_rows(readings, rows), index, samples, missing)
        else:
            found = scored(settings.targets, values)
        progress = samples.kept("scores", lambda: Progress(settings.window))
        progress.add(found.weighted)
        if rows and settings.targets:
            progress = Progress(settings.window)
            for each in [
                *(scored(settings.targets, self._plain(row)).weighted for row in rows[:-1]),
                found.weighted,
            ]:
                progress.add(each)
        return View(values, found, progress.stable(settings.spread), progress.patience, given_up)

    def _values(self, results: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The value of each metric; None for one that is missing, where that is allowed."""
        looked_up = _looked_up(results, self._settings.metrics)
        if rows:
            looked_up = {
                name: rows[-1].get(name, found) if found.__class__ is Absent and not found.owners else found
                for name, found in looked_up.items()
            }
        return self._plain(looked_up)

    def _plain(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """*found* without what is missing."""
        settings = self._settings
        values: dict[str, Any] = {name: found.get(name) for name in settings.metrics}
        for name, value in values.items():
            is_absent = value.__class__ is Absent
            if is_absent and (value.owners or not (settings.ignores_missing or settings.checkers)):
                raise value.error()
            if value is None and not (settings.ignores_missing or settings.checkers):
                msg = (
                    f"metric {name!r} has no value; missing='ignore' takes that for a target that is not met"
                )
                raise MissingMetricError(msg)
            values[name] = None if is_absent else value
        return values

    def _checked(
        self, readings: Readings, index: int, samples: Samples, missing: list[str]
    ) -> tuple[Scored, str]:
        """What checkers of single metrics say, and why one of them stops early."""
        checkers = self._settings.checkers
        found = {
            name: each.judged(readings, index, samples, f"metric {name}") for name, each in checkers.items()
        }
        met = {name: bool(each["converged"]) for name, each in found.items()}
        scores = {name: float(holds) for name, holds in met.items()}
        stopped = (each["reason"] for each in found.values() if each["stop_kind"] == "early_stop")
        return Scored(met, scores, sum(scores.values()) / len(scores), missing), next(stopped, "")


class View(NamedTuple):
    """What is known in one call."""

    values: dict[str, Any]
    scored: Scored
    stable: bool
    patience: Patience
    given_up: str
    """Why one of the checkers stops early, empty if none does."""


class Progress:
    """The weighted scores of one run; the last *window* of them are kept."""

    def __init__(self, window: int | None) -> None:
        self._window = window
        self._scores = Series(window or 1)
        self.patience = Patience(1, 0)

    def add(self, score: float) -> None:
        """Take one more."""
        self._scores.add(score)
        self.patience.add(score)

    def saved(self) -> list[Any]:
        """The scores, the best one, and how long it has been that."""
        return [list(self._scores.values), self.patience.saved()]

    def resume(self, data: list[Any]) -> None:
        """Take what `saved` gave in an earlier run."""
        self._scores.values[:], patience = data
        self.patience.resume(patience)

    def stable(self, spread: float) -> bool:
        """Whether the last scores lie together; true where that is not asked for."""
        if self._window is None:
            return True
        held = self._scores.last(self._window)
        return len(held) == self._window and max(held) - min(held) <= spread


def _rows(settings: MultiSettings, readings: Readings) -> list[dict[str, Any]]:
    """The history that was given, in whichever way; empty without one."""
    table = readings.histories if readings.table is None else readings.table
    rows = rows_of(table, settings.metrics)
    return [{name: scalar_or_none_such(value) for name, value in row.items()} for row in rows]


def _looked_up(results: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The values of metrics by name, an `Absent` for each without one."""
    layout = Layout()
    for name in names:
        layout.value_at(name)
    values: Values = [None] * layout.size
    Metrics(layout, values, limit=1).collect(results)
    return {name: values[layout.values[name]] for name in names}


def _with_rows(readings: Readings, rows: Sequence[Mapping[str, Any]]) -> Readings:
    """*readings* with the history in *rows* as one series for each metric."""
    columns: dict[str, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return readings._replace(histories=columns | readings.histories)


def _decided(settings: MultiSettings, view: View, completed: int) -> dict[str, Any]:
    """Whether to stop, and why."""
    for name, bound in settings.absolute.items():
        value = view.values[name]
        if value.__class__ in NUMBERS and settings.signs[name] * (value - bound) > 0:  # type: ignore[operator]
            text = f"{name} {shown(value)} is better than {bound!r}"
            return outcome(f"absolute_target:{name}", text, "", converged=True)
    if completed < settings.min_iterations:
        text = f"{completed} of at least {settings.min_iterations} iterations are done"
        return outcome(None, "", text, converged=False)
    holds, text = STRATEGIES[settings.strategy](settings, view.scored)
    if holds and view.stable:
        return outcome(settings.strategy, text, "", converged=True)
    if view.given_up:
        return outcome("early_stop", view.given_up, "", converged=False)
    count = view.patience.count
    if settings.patience is not None and count >= settings.patience:
        text = f"the score has not improved for {count} iterations (patience {settings.patience})"
        return outcome("early_stop", text, "", converged=False)
    unstable = f"the last {settings.window} scores do not lie within {settings.spread:g}"
    return outcome(None, "", unstable if holds else text, converged=False)


def _counted(wanted: Callable[[int, int], bool]) -> Callable[[MultiSettings, Scored], tuple[bool, str]]:
    """A strategy that looks at how many criteria are met."""

    def decided(_: MultiSettings, found: Scored) -> tuple[bool, str]:
        count, total = sum(found.met.values()), len(found.met)
        unmet = ", ".join(name for name, holds in found.met.items() if not holds)
        return wanted(count, total), f"{count} of {total} criteria are met{unmet and f', not {unmet}'}"

    return decided


def _by_score(settings: MultiSettings, found: Scored) -> tuple[bool, str]:
    holds = found.weighted >= settings.least_score
    sign = ">=" if holds else "is not >="
    return holds, f"weighted score {found.weighted:.6g} {sign} {settings.least_score:g}"


STRATEGIES: Final[dict[str, Callable[[MultiSettings, Scored], tuple[bool, str]]]] = {
    "all_criteria": _counted(lambda count, total: count == total),
    "any_criterion": _counted(lambda count, _: count > 0),
    "majority": _counted(lambda count, total: 2 * count > total),
    "weighted_score": _by_score,
}
"""Whether the criteria are enough, and in words."""
