"""The conditions of one cycle, compiled when it is built and shared by all its runs.

How the engine uses them:

    conditions = conditions_of(config)           # when the cycle is built: every error of the settings
    conditions.max_iterations, .timeout          # budgets among the conditions, to be enforced by the engine
    conditions.is_needed                         # False: the cycle can run without any of this
    watch = conditions.start()                   # each time the cycle is entered; runs share `conditions`
    watch.admitting(inputs)                      # before an iteration, if `watch.is_asked_before`
    watch.after(results, completed, elapsed, masked=False)      # None, or reason and detail
    watch.describe(result)                       # at the end: verdict, best_*, metric_history

*results* maps each node of the body that gave one in this iteration to it; skipped nodes are left out.
Reasons are converged, early_stopped and stalled.  Errors of names and values are raised.  `asking` is `after`
for an engine that calls the functions of the user itself, and so is `admitting`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from fast_dag.cycles.asking import Test
from fast_dag.cycles.conditions import CompoundCondition, ConvergenceCondition, merged
from fast_dag.cycles.layout import (
    Layout,
    Values,
)
from fast_dag.cycles.metric_conditions import NoImprovementCondition, reading
from fast_dag.cycles.metrics import metrics_of
from fast_dag.cycles.objective import objective_of
from fast_dag.cycles.precondition import Precondition
from fast_dag.cycles.specs import create_convergence_condition
from fast_dag.cycles.verdict import REACH
from fast_dag.cycles.watch import Watch
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.signature import is_async_function
from fast_dag.run.lap import Ending

Row = tuple[Test, Ending]


class CycleConditions:
    """The conditions of a cycle, compiled; they hold nothing of a run.

    Parameters:
        config: the settings of the cycle.
        echoing: nodes that only repeat values (routers, checkers): their metrics have to be named in full.

    Raises:
        ConvergenceExpressionError: an expression that is not allowed, or that needs an objective.
        CycleConfigurationError: another condition that is none, or patience or stop_on without a metric.
    """

    def __init__(self, config: CycleConfig, echoing: Collection[str] = ()) -> None:
        self.config = config
        self.echoing = frozenset(echoing)
        held = [create_convergence_condition(each) for each in config.convergence_conditions]
        if config.early_stop:
            held.append(NoImprovementCondition(**config.early_stop))
        tested = [each for condition in held for each in condition.tested()]
        self.objective, self.direction = objective_of(config, tested)
        watched = dict.fromkeys(each.metric for each in tested)
        self.layout = Layout(self.objective, self.direction, config.on_nan, tuple(watched))
        together = merged([each.parts() for each in held], lambda _: held[0])
        self.max_iterations, self.timeout = together.max_iterations, together.timeout
        """The least budgets among the conditions, None without."""
        converging = [part.converging for each in held if (part := each.parts()).converging is not None]
        self.rows: tuple[Row, ...] = (
            *self._rows("converged", self._joined(converging)),
            *self._rows("early_stopped", together.stopping),
        )
        if self.objective is not None:
            self.layout.series_at(self.objective, max(config.verdict_window, REACH))
        self.read_objective = self._objective_reader()

    @property
    def calls_user(self) -> bool:
        """Whether a function of the user's is asked after an iteration."""
        return bool(self.layout.asked)

    @property
    def calls_async(self) -> bool:
        """Whether one of them is async."""
        return any(is_async_function(each.function) for each in self.layout.asked)

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to watch."""
        is_followed = self.objective is not None or self.config.history_limit is None
        return bool(self.rows) or is_followed or self.config.when is not None

    def start(self, state: Any = None, *, max_iterations: int | None = None) -> Watch:
        """The conditions of one entry into the cycle.

        Parameters:
            state: the second argument of callable conditions; default a read-only view of counts and metrics.
            max_iterations: the bound that holds, if it is not that of settings and conditions.
        """
        return Watch(self, state, max_iterations)

    def scalars(self, results: Mapping[str, Any]) -> dict[str, Any]:
        """The metrics among *results*."""
        return metrics_of(results, self.echoing)

    def follow(self) -> Watch:
        """As `start`, with the series of every metric."""
        return Watch(self, follows_all=True)

    @property
    def limit(self) -> int | None:
        """The least bound on iterations among settings and conditions."""
        bounds = (self.config.max_iterations, self.max_iterations)
        return min((each for each in bounds if each is not None), default=None)

    def _joined(self, held: list[ConvergenceCondition]) -> tuple[ConvergenceCondition, ...]:
        if self.config.combine == "all" and len(held) > 1:
            return (CompoundCondition(held, "AND"),)
        return tuple(held)

    def _rows(self, reason: str, held: Collection[ConvergenceCondition]) -> list[Row]:
        return [(each.compiled(self.layout), Ending(reason, each.describe())) for each in held]

    def _objective_reader(self) -> Callable[[Values], Any] | None:
        """What reads the objective where a verdict may end the cycle."""
        if not self.config.stop_on:
            return None
        if self.objective is None:
            msg = "stop_on needs an objective: name the metric that the verdicts are about, objective='...'"
            raise CycleConfigurationError(msg)
        return reading(self.objective, self.layout)


def conditions_of(config: CycleConfig, echoing: Collection[str] = ()) -> CycleConditions:
    """As `CycleConditions`; a precondition that is not allowed is an error too."""
    if config.when is not None:
        Precondition(config.when)
    return CycleConditions(config, echoing)
