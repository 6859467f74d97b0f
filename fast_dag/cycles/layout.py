"""Which place in a list of values holds what: compiled conditions read such a list, a run fills one.

What is compiled holds places and no values, so it is made once for a cycle and serves many runs at once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from fast_dag.errors import AmbiguousMetricError, ConvergenceExpressionError, MissingMetricError

RESULTS: Final = 0
"""The results of the iteration, by node."""
STATE: Final = 1
"""What callable conditions get as their second argument."""
ANSWERS: Final = 2
"""Answers of callable conditions that somebody else called, None where they are called on the spot."""
COMPLETED: Final = 3
"""How many iterations are done."""
ELAPSED: Final = 4
"""Seconds since the cycle began."""
LIMIT: Final = 5
"""The bound on iterations, None if there is none."""
OBJECTIVE: Final = 6
"""The `Objective` of the run, None without one."""
FIRST: Final = 7
"""Where the metrics begin."""

Values = list[Any]


class Absent:
    """Stands for a metric without a value: nobody has produced it yet, or too many have.

    Parameters:
        name: as the condition writes it.
        owners: the paths it could mean; empty if there are none.
        source: its `hint(name)` is the tail of the message; asked only when somebody raises it.
    """

    __slots__ = ("name", "owners", "source")

    def __init__(self, name: str, source: Any = None, owners: Collection[str] = ()) -> None:
        self.name = name
        self.source = source
        self.owners = tuple(owners)

    def problem(self) -> str:
        """What is wrong with the name, and what to write instead."""
        if self.owners:
            several = ", ".join(self.owners)
            return f"{self.name!r} is put out in several places ({several}): write the full path"
        tail = self.source.hint(self.name) if self.source is not None else ""
        return f"no metric {self.name!r} so far{tail}"

    def error(self) -> Exception:
        """For a condition that names the metric outside an expression."""
        return AmbiguousMetricError(self.problem()) if self.owners else MissingMetricError(self.problem())

    def error_in(self, text: str, column: int) -> Exception:
        """For the expression *text*."""
        if self.owners:
            return AmbiguousMetricError(f"expression {text!r}, column {column}: {self.problem()}")
        return ConvergenceExpressionError(self.problem(), text, column)


class Series:
    """The samples of one metric in the order of iterations; the last *limit* of them, None for all."""

    __slots__ = ("limit", "values")

    def __init__(self, limit: int | None = None) -> None:
        self.values: list[Any] = []
        self.limit = limit

    def add(self, value: Any) -> None:
        """Keep one more sample."""
        self.values.append(value)
        # Cut now and then, so that a sample costs the same however many there have been.
        if self.limit is not None and len(self.values) >= 2 * self.limit + 16:
            del self.values[: -self.limit]

    @property
    def taker(self) -> Callable[[Any], None]:
        """What adds a sample at the least cost."""
        return self.values.append if self.limit is None else self.add

    def kept(self) -> list[Any]:
        """The samples that count; not to be changed."""
        if self.limit is None or len(self.values) <= self.limit:
            return self.values
        return self.values[-self.limit :]

    def last(self, window: int) -> list[Any]:
        """The last *window* samples, or as many as there are."""
        return self.values[-window:]


class Unanswered(Exception):
    """A condition of the user's has to be asked; its *place* in `Layout.asked`."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class Question(NamedTuple):
    """A function of the user's that is asked after an iteration."""

    function: Callable[..., Any]
    takes_state: bool

    def arguments(self, results: Any, state: Any) -> tuple[Any, ...]:
        """What it is called with; it cannot change the results."""
        view = MappingProxyType(results)
        return (view, state) if self.takes_state else (view,)


class Layout:
    """Gives out places.

    Parameters:
        objective: name of the objective, None without one.
        direction: what its best value is, maximize or minimize.
        on_nan: what a comparison with NaN does, raise or ignore.
        watched: metrics of conditions that test against a threshold.
    """

    def __init__(
        self,
        objective: str | None = None,
        direction: str = "maximize",
        on_nan: str = "raise",
        watched: Collection[str] = (),
    ) -> None:
        self.objective = objective
        self.direction = direction
        self.nan_raises = on_nan == "raise"
        self.watched = tuple(watched)
        self.values: dict[str, int] = {}
        """Place of the current value of each metric in use."""
        self.series: dict[str, int] = {}
        """Place of the series of each metric in use."""
        self.wholes: dict[str, int] = {}
        """Place of each mapping, list or text that an expression looks into."""
        self.patience: list[tuple[int, str, int, float]] = []
        """Place, metric, sign and least gain of each count of iterations without improvement."""
        self.asked: list[Question] = []
        """Functions of the user's, in the order of the conditions."""
        self.window = 1
        """The largest number of samples that something looks back on."""
        self.size = FIRST

    def value_at(self, name: str) -> int:
        """Where the current value of the metric *name* will be; its series is kept along."""
        self.series_at(name)
        return self.values[name]

    def series_at(self, name: str, window: int = 1) -> int:
        """Where the series of the metric *name* will be, of which the last *window* samples are wanted."""
        self.window = max(self.window, window)
        if name not in self.values:
            self.values[name] = self._next()
            self.series[name] = self._next()
        return self.series[name]

    def whole_at(self, name: str) -> int:
        """Where what lies under *name* will be, whatever it is."""
        if name not in self.wholes:
            self.wholes[name] = self._next()
        return self.wholes[name]

    def patience_at(self, metric: str, sign: int, least: float) -> int:
        """Where the `Patience` with *metric* will be."""
        self.series_at(metric)
        place = self._next()
        self.patience.append((place, metric, sign, least))
        return place

    def ask(self, function: Callable[..., Any]) -> int:
        """The number of the question that *function* answers."""
        self.asked.append(Question(function, _takes_two(function)))
        return len(self.asked) - 1

    def _next(self) -> int:
        self.size += 1
        return self.size - 1


def _takes_two(function: Callable[..., Any]) -> bool:
    """Whether *function* takes a second positional argument; one that does not tell does.

    One with a default of its own does not: ``lambda results, least=3: ...`` keeps its 3.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    positional = [
        each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    is_second = len(positional) > 1 and any(
        positional[1].default is each for each in (inspect.Parameter.empty, None)
    )
    return is_second or any(each.kind is each.VAR_POSITIONAL for each in parameters)
