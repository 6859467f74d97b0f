"""The conditions of cycles, from the settings of a definition into its plan."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fast_dag.errors import ValidationError
from fast_dag.graph.check import Problem
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.graph import Graph
from fast_dag.graph.loops import cycles_of
from fast_dag.graph.signature import is_async_function
from fast_dag.plan.plan import ENTER, LEAVE, ROUTER, Cycle, Plan, Until


def with_conditions(plan: Plan) -> Plan:
    """*plan*, in which each cycle has its conditions; what these say about limits holds for the settings."""
    cycles = tuple(_with_conditions(cycle, plan) for cycle in plan.cycles)
    timed = any(_is_timed(cycle.config) for cycle in cycles)
    return replace(plan, cycles=cycles, has_timeouts=plan.has_timeouts or timed)


def condition_problems(graph: Graph) -> Iterator[Problem]:
    """What is wrong with the conditions of the cycles of *graph*."""
    for name, config in graph.cycles.configs.items():
        try:
            _conditions(config)
        except ValidationError as error:
            problem = Problem(f"cycle {name!r}: {error}", kind="condition")
            problem.error = error
            yield problem
    yield from _unfollowed(graph)


def _unfollowed(graph: Graph) -> Iterator[Problem]:
    """Rules about what is fed back, where only signals are."""
    if not any(config.until is not None for config in graph.cycles.configs.values()):
        return
    for cycle in cycles_of(graph)[0]:
        if cycle.config.until is not None and all(edge.signal for edge in cycle.edges):
            text = f"until of cycle {cycle.name!r} is about what is fed back, and only signals are"
            yield Problem(f"{text}: feed a value back, or use converge_when", kind="condition")


def _with_conditions(cycle: Cycle, plan: Plan) -> Cycle:
    body = range(cycle.enter + 1, cycle.leave)
    echoing = [
        plan.names[unit]
        for unit in body
        if plan.kinds[unit] in (ROUTER, ENTER, LEAVE) or plan.nodes[unit].checker is not None
    ]
    conditions = _conditions(cycle.config, echoing)
    given = {"max_iterations": conditions.limit, "timeout_seconds": _least(cycle.config, conditions.timeout)}
    config = cycle.config.replace(**{name: value for name, value in given.items() if value is not None})
    start, follow = conditions.start if conditions.is_needed else None, conditions.follow
    until = rule_of(config.until)
    # A plain loop has nobody who awaits.
    is_async = conditions.calls_async or (until is not None and until.is_async)
    is_async = is_async or (config.on_round is not None and is_async_function(config.on_round))
    rows = () if is_async else cycle.rows
    aim, scalars = (conditions.objective, conditions.direction), conditions.scalars
    return cycle._replace(
        config=config, start=start, follow=follow, scalars=scalars, until=until, rows=rows, aim=aim
    )


def rule_of(until: Any) -> Until | None:
    """The rule *until* of the settings of a cycle, ready to be asked."""
    if until is None:
        return None
    # Loaded on first use, as the conditions are.
    made: Until = importlib.import_module("fast_dag.iterate.rules").rule_of(until)
    return made


def _is_timed(config: CycleConfig) -> bool:
    """Whether a limit may cut an iteration short, so that calls must be made where they can be left."""
    limits = (config.timeout_seconds, config.memory_limit_mb, config.cpu_time_limit_seconds)
    return any(limit is not None for limit in limits)


def _least(config: CycleConfig, timeout: float | None) -> float | None:
    return min((each for each in (config.timeout_seconds, timeout) if each is not None), default=None)


def _conditions(config: CycleConfig, echoing: Any = ()) -> Any:
    # Loaded on first use: most workflows have no cycles.
    return importlib.import_module("fast_dag.cycles.compiled").conditions_of(config, echoing)
