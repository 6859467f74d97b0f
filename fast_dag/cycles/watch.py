"""The conditions of one entry into a cycle: fed after each iteration, they say whether it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fast_dag.cycles import watch_state
from fast_dag.cycles.asking import Asking, telling, truth_of
from fast_dag.cycles.gain import Objective, Patience, sign_of
from fast_dag.cycles.layout import (
    ANSWERS,
    COMPLETED,
    ELAPSED,
    OBJECTIVE,
    RESULTS,
    STATE,
    Series,
    Unanswered,
)
from fast_dag.cycles.metrics import Metrics, metrics_of
from fast_dag.cycles.once import fresh
from fast_dag.cycles.precondition import Precondition
from fast_dag.cycles.state_view import StateView
from fast_dag.cycles.verdict import verdict, verdict_to_stop
from fast_dag.run.lap import Ending
from fast_dag.run.results import CycleResult

if TYPE_CHECKING:
    from fast_dag.cycles.compiled import CycleConditions


class Watch:
    """The conditions of one entry into a cycle.

    Parameters:
        conditions: compiled.
        state: the second argument of callable conditions.
        max_iterations: the bound that holds, None for that of *conditions*.
        follows_all: whether the series of every metric is kept, also without ``history_limit=None``.
    """

    def __init__(
        self,
        conditions: CycleConditions,
        state: Any = None,
        max_iterations: int | None = None,
        *,
        follows_all: bool = False,
    ) -> None:
        layout, config = conditions.layout, conditions.config
        self._conditions, self._rows, self._stop_on = conditions, conditions.rows, config.stop_on
        self._values = fresh(layout, conditions.limit if max_iterations is None else max_iterations)
        self.metrics = Metrics(
            layout, self._values, echoing=conditions.echoing, limit=config.metric_history_limit
        )
        follows_all = follows_all or config.history_limit is None
        self._every: dict[str, Series] | None = {} if follows_all else None
        self._read: tuple[int, Mapping[str, Any]] = 0, {}
        """What every metric was when it was last followed, and after how many iterations that was."""
        self._latest: Mapping[str, Any] = {}
        self._has_metrics = self._every is not None or bool(layout.values or layout.wholes)
        self._values[STATE] = StateView(self._values, self.metrics.series) if state is None else state
        for place, name, sign, least in layout.patience:
            patience = self._values[place] = Patience(sign, least)
            self.metrics.follow(name, patience.add)
        self.objective = self._followed_objective()
        self._before = None if config.when is None else Precondition(config.when, config.on_nan)
        self.calls_user = conditions.calls_user
        self.is_asked_before = self._before is not None
        self.may_end = self.is_asked_before or bool(self._rows or self._stop_on)

    def admitting(self, inputs: Mapping[str, Any]) -> Asking[bool]:
        """Whether an iteration with *inputs*, by ``node.parameter`` and parameter, is to begin."""
        return self._before is None or (yield from self._before.asking(inputs, self._values))

    def after(
        self,
        results: Mapping[str, Any],
        completed: int,
        elapsed: float,
        masked: bool = False,  # noqa: FBT001, FBT002 - keywords cost time here
    ) -> Ending | None:
        """Why the cycle ends after an iteration, None if its conditions do not end it.

        Parameters:
            results: what the nodes of the body gave in it, by name; skipped nodes are left out.
            completed: how many iterations are done, this one included.
            elapsed: seconds since the cycle was entered.
            masked: whether it is too early to end (`min_iterations`); samples are taken all the same.

        Raises:
            ConvergenceExpressionError, MissingMetricError, AmbiguousMetricError: a condition has no answer.
            Exception: whatever a function of the user's raises.
        """
        values = self._values
        values[RESULTS] = results
        values[COMPLETED] = completed
        values[ELAPSED] = elapsed
        if self._has_metrics:
            self.metrics.take(results)
            self._latest = results if len(results) >= self.metrics.width else self._filled(results)
            if self._every is not None:
                self._take_every(self._every, results, completed)
        if not masked:
            for test, ending in self._rows:
                if test(values):
                    return ending
        return self._ended_by_verdict(masked) if self._stop_on else None

    def tell(self, told: Callable[[str, bool], object]) -> None:
        """Have *told* called with each condition that is asked, and whether it held."""
        self._rows = tuple((telling(test, ending.detail, told), ending) for test, ending in self._rows)

    def sample(self, results: Mapping[str, Any], completed: int, elapsed: float) -> None:
        """Take the samples of an iteration that ends the cycle by itself, if they are not taken yet."""
        if self._values[COMPLETED] < completed:
            self._stop_on = ()  # nobody asks for a verdict any more
            self.after(results, completed, elapsed, masked=True)

    def asking(
        self,
        results: Mapping[str, Any],
        completed: int,
        elapsed: float,
        masked: bool = False,  # noqa: FBT001, FBT002 - keywords cost time here
    ) -> Asking[Ending | None]:
        """As `after`; functions of the user's are yielded with their arguments, and their answers sent in."""
        answers: dict[int, bool] = {}
        values = self._values
        values[ANSWERS] = answers
        # Only the first look takes samples; conditions change nothing, so that they can be looked at again.
        look = partial(self.after, results, completed, elapsed, masked=masked)
        try:
            while True:
                try:
                    return look()
                except Unanswered as unanswered:
                    question = self._conditions.layout.asked[unanswered.place]
                    answer = yield question, question.arguments(results, values[STATE])
                    answers[unanswered.place] = truth_of(answer, question.function)
                    look = partial(self._decided, masked)
        finally:
            values[ANSWERS] = None

    @property
    def aim(self) -> tuple[str | None, str]:
        """The objective, None without one, and its direction."""
        return self._conditions.objective, self._conditions.direction

    def describe(self, result: CycleResult) -> None:
        """Fill in what is known of the metrics."""
        result.metric_history = self.metric_history()
        result.objective, result.direction = self.aim
        objective = self.objective
        best: Any = self._latest or self._values[RESULTS] or {}
        if objective is not None:
            config = self._conditions.config
            result.verdict = verdict(
                self.metrics.series[objective.name].kept(),
                result.reason,
                direction=self._conditions.direction,
                window=config.verdict_window,
                tolerance=config.verdict_tolerance,
            )
            if objective.index is not None:
                result.best_iteration, result.best_quality = objective.index, objective.best
                best = objective.results
        result.best_metrics = metrics_of(best, self._conditions.echoing)

    def read_after(self, completed: int) -> Mapping[str, Any] | None:
        """Every metric of the iteration that came so far, None if they were not read there."""
        return self._read[1] if self._read[0] == completed else None

    def metric_history(self) -> dict[str, list[Any]]:
        """The samples of every metric in use, and of all others where they are followed."""
        kept = {**(self._every or {}), **self.metrics.series}
        return {name: list(series.kept()) for name, series in kept.items()}

    def saved(self) -> dict[str, Any]:
        """All it keeps, as plain data around the values."""
        return watch_state.saved(self.metrics, self._every, self._latest, self._kept)

    def resume(self, data: Mapping[str, Any], results: Mapping[str, Any], completed: int) -> None:
        """Take what `saved` gave in an earlier run, *results* those of the last iteration."""
        self._latest = dict(data["latest"])
        self._values[RESULTS], self._values[COMPLETED] = results, completed
        if self._every is not None:
            limit = self._conditions.config.metric_history_limit
            self._every.update({name: Series(limit) for name in data["every"]})
        watch_state.resume(data, self.metrics, self._every, self._latest, self._kept)

    @property
    def _kept(self) -> list[Patience | Objective]:
        """What counts, in the order of the layout."""
        counts = [self._values[place] for place, *_ in self._conditions.layout.patience]
        return counts if self.objective is None else [*counts, self.objective]

    def _followed_objective(self) -> Objective | None:
        conditions = self._conditions
        if conditions.objective is None:
            return None
        made = Objective(conditions.objective, sign_of(conditions.direction), self._values)
        self._values[OBJECTIVE] = made
        self.metrics.follow(conditions.objective, made.add)
        return made

    def _decided(self, masked: bool) -> Ending | None:  # noqa: FBT001 - as of `after`
        if not masked:
            values = self._values
            for test, ending in self._rows:
                if test(values):
                    return ending
        return self._ended_by_verdict(masked) if self._stop_on else None

    def _ended_by_verdict(self, masked: bool) -> Ending | None:  # noqa: FBT001 - as of `after`
        conditions, config = self._conditions, self._conditions.config
        if conditions.read_objective is not None:
            conditions.read_objective(self._values)
        found = verdict_to_stop(
            self.metrics.series[conditions.objective or ""].values,
            self._stop_on,
            direction=conditions.direction,
            window=config.verdict_window,
            tolerance=config.verdict_tolerance,
        )
        if found is None or (masked and found[0] != "stalled"):
            return None
        return Ending("stalled" if found[0] == "stalled" else "early_stopped", found[1])

    def _filled(self, results: Mapping[str, Any]) -> Mapping[str, Any]:
        """*results*, and for nodes that were skipped their last ones: their metrics keep their values."""
        filled = {**self._latest, **results}
        objective = self.objective
        if objective is not None and objective.results is results:
            objective.results = filled
        return filled

    def _take_every(self, every: dict[str, Series], results: Mapping[str, Any], completed: int) -> None:
        """Take samples of all metrics there are."""
        limit, found = self._conditions.config.metric_history_limit, self._conditions.scalars(results)
        self._read = completed, found
        for name, value in found.items():
            every.setdefault(name, Series(limit)).add(value)
