"""What a convergence checker knows in one call: the samples of a run so far, and those of this call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fast_dag.cycles.checker_rules import QUALITY, Rules, guarded
from fast_dag.cycles.expression_values import UNDEFINED, numbers, variance
from fast_dag.cycles.gain import GAIN_WINDOW, VARIANCE_WINDOW, Patience, gain
from fast_dag.cycles.layout import COMPLETED, ELAPSED, LIMIT, RESULTS, Absent, Series, Values
from fast_dag.cycles.metrics import Metrics
from fast_dag.cycles.readings import Readings
from fast_dag.cycles.samples import Samples
from fast_dag.cycles.scalars import scalar


class Sight:
    """The samples that a checker with *rules* has seen in one run, and what follows from them.

    They are counted as they come, so that a call costs the same however many there have been; a complete
    history that is given in a call stands in for them in that call only.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._layout = rules.layout
        self.values: Values = [None] * self._layout.size
        self._metrics = Metrics(self._layout, self.values, limit=None if rules.needs_all else 1)
        self._metrics.follow(rules.primary, self._add)
        self._best, self._patience, self._failures = Patience(rules.sign, 0), rules.new_patience(), 0
        self._given: list[Any] | None = None
        """The history of the primary metric that was given in this call."""

    @property
    def completed(self) -> int:
        """How many iterations are done."""
        return int(self.values[COMPLETED])

    def has(self, name: str) -> bool:
        """Whether the metric *name* has a value in this call; AmbiguousMetricError if it has several."""
        found = self.values[self._layout.values[name]]
        if found.__class__ is Absent and found.owners:
            raise found.error()
        return found.__class__ is not Absent

    def value(self, name: str) -> Any:
        """The value of the metric *name*; MissingMetricError or AmbiguousMetricError without one."""
        found = self.values[self._layout.values[name]]
        if found.__class__ is Absent:
            raise found.error()
        return found

    def last(self, name: str, window: int) -> list[Any]:
        """The last *window* samples of the metric *name*, or as many as there are."""
        series: Series = self.values[self._layout.series[name]]
        return series.last(window)

    def without_improvement(self) -> int:
        """Samples of the primary metric in a row that were not better than the best before."""
        if self._given is None:
            return self._patience.count
        return _counted(self.rules.new_patience(), self._given).count

    def failures(self) -> int:
        """Gains of the primary metric in a row that were too small."""
        if self._given is None:
            return self._failures
        count = 0
        for end in range(1, len(self._given) + 1):
            count = self._counted_on(count, self._given[:end][-self._window :])
        return count

    def take(self, readings: Readings, index: int, samples: Samples) -> None:
        """Take the inputs of one call, in the iteration *index*."""
        values = self.values
        self._forget_call()
        values[COMPLETED], values[ELAPSED], values[LIMIT] = index + 1, samples.elapsed, samples.max_iterations
        values[RESULTS] = readings.results
        self._metrics.collect(readings.results)
        for name, held in readings.histories.items():
            self._stand_in(name, held)
        for name, place in self.rules.answers.items():
            given = readings.results.get(name)
            values[place] = self._answer(name) if given is None else guarded(name, lambda: scalar(given))  # noqa: B023

    def saved(self) -> dict[str, Any]:
        """The samples and what has been counted, as plain data around the values."""
        return {
            "series": {name: list(series.values) for name, series in self._metrics.series.items()},
            "results": self._metrics.searched,
            "best": self._best.saved(),
            "patience": self._patience.saved(),
            "failures": self._failures,
        }

    def resume(self, data: Mapping[str, Any]) -> None:
        """Take what `saved` gave in an earlier run."""
        for name, values in data["series"].items():
            self._metrics.series[name].values[:] = values
        self._metrics.resume(data["results"])
        self._best.resume(data["best"])
        self._patience.resume(data["patience"])
        self._failures = data["failures"]

    def _forget_call(self) -> None:
        """What an earlier call was given counts no more, but for its samples."""
        values = self.values
        for name, place in (*self._layout.values.items(), *self._layout.wholes.items()):
            # A name that means several things is noticed only when metrics look new.
            if values[place].__class__ is not Absent:
                values[place] = Absent(name, self._metrics)
        for name, place in self._layout.series.items():
            values[place] = self._metrics.series[name]
        self._given = None

    def _stand_in(self, name: str, held: Sequence[Any]) -> None:
        """Have *held* be the samples of the metric *name* in this call."""
        is_primary = name == QUALITY and (name not in self._layout.values or not self.has(name))
        name = self.rules.primary if is_primary else name
        if name not in self._layout.series:
            return
        series = Series()
        series.values = guarded(name, lambda: [scalar(each) for each in held])
        self.values[self._layout.series[name]] = series
        if series.values and not self.has(name):
            self.values[self._layout.values[name]] = series.values[-1]
        if name == self.rules.primary:
            self._given = series.values

    def _add(self, value: Any) -> None:
        """Count one more sample of the primary metric."""
        self._best.add(value)
        self._patience.add(value)
        self._failures = self._counted_on(self._failures, self._recorded(self._window))

    @property
    def _window(self) -> int:
        wanted = self.rules.settings.improvement
        return GAIN_WINDOW if wanted is None else wanted.window

    def _recorded(self, window: int) -> list[Any]:
        return self._metrics.series[self.rules.primary].last(window)

    def _counted_on(self, count: int, held: list[Any]) -> int:
        """The failures in a row when *held* are the last samples and *count* were failures before."""
        wanted = self.rules.settings.improvement
        if wanted is None or wanted.failures is None:
            return 0
        found = guarded(self.rules.primary, lambda: gain(held, wanted.window, self.rules.sign))
        if found is UNDEFINED:
            return count
        return 0 if found >= wanted.least else count + 1

    def _answer(self, name: str) -> Any:
        """What follows from the samples of the primary metric under a name of its own."""
        primary = self.rules.primary
        if name == "best":
            best = self._best.best if self._given is None else self._best_of(self._given)
            return UNDEFINED if best is None else best
        if name == "improvement_rate":
            held = self.last(primary, GAIN_WINDOW)
            return guarded(primary, lambda: gain(held, GAIN_WINDOW, self.rules.sign))
        held = self.last(primary, VARIANCE_WINDOW)
        if len(held) < VARIANCE_WINDOW:
            return UNDEFINED
        return guarded(primary, lambda: variance(numbers(held, name)))

    def _best_of(self, held: list[Any]) -> Any:
        return _counted(Patience(self.rules.sign, 0), held).best


def _counted(patience: Patience, held: list[Any]) -> Patience:
    for each in held:
        patience.add(each)
    return patience
