"""Which metric a cycle is about, and what a better value of it is."""

from __future__ import annotations

from collections.abc import Collection

from fast_dag.cycles.conditions import Tested
from fast_dag.cycles.metric_conditions import MAXIMIZED, MINIMIZED
from fast_dag.graph.cycle_config import CycleConfig


def objective_of(config: CycleConfig, tested: Collection[Tested]) -> tuple[str | None, str]:
    """The objective and its direction: as set, else the only metric that is tested, by its operators."""
    names = {each.metric for each in tested}
    if config.objective is not None or len(names) != 1:
        return config.objective, config.direction
    operators = {each.operator for each in tested if each.operator is not None}
    if "direction" not in config.given and operators:
        if operators <= set(MINIMIZED):
            return names.pop(), "minimize"
        if operators <= set(MAXIMIZED):
            return names.pop(), "maximize"
    return names.pop(), config.direction
