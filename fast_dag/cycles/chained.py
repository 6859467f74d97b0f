"""The settings of a cycle, one call for each: every call gives the builder back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from fast_dag.cycles.specs import create_convergence_condition
from fast_dag.cycles.tools import tool_made
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph.cycle_config import CycleConfig


class ChainedSettings:
    """What is set of a cycle, field by field of its `CycleConfig`; a bad value is told at once."""

    def __init__(self, name: str, config: CycleConfig) -> None:
        if config.cycle_name not in (None, name):
            msg = f"cycle {name!r} is called cycle_name={config.cycle_name!r} as well: give one name"
            raise CycleConfigurationError(msg)
        self.name = name
        self.config = config

    def max_iterations(self, count: int) -> Self:
        """End after *count* iterations."""
        return self._set(max_iterations=count)

    def min_iterations(self, count: int) -> Self:
        """Ask no condition before *count* iterations are done."""
        return self._set(min_iterations=count)

    def timeout(self, seconds: float) -> Self:
        """End after so many *seconds*."""
        return self._set(timeout_seconds=seconds)

    def memory_limit(self, megabytes: float) -> Self:
        """How much the memory of the process may grow meanwhile."""
        return self._set(memory_limit_mb=megabytes)

    def cpu_limit(self, seconds: float) -> Self:
        """How much processor time it may take."""
        return self._set(cpu_time_limit_seconds=seconds)

    def when(self, condition: str | Callable[..., Any]) -> Self:
        """Ask *condition* of the inputs before each iteration; where it does not hold, the cycle is over."""
        return self._set(when=condition)

    def nested_in(self, name: str) -> Self:
        """Say that it lies inside the cycle *name*; where it does not, that is an error."""
        return self._set(parent_cycle=name)

    def on_limit(self, action: str) -> Self:
        """What reaching a limit does: warn, return or raise."""
        return self._set(on_limit=action)

    def on_nan(self, action: str) -> Self:
        """What a comparison with NaN does: raise or ignore."""
        return self._set(on_nan=action)

    def initial_parameters(self, values: Mapping[str, Any] | None = None, **more: Any) -> Self:
        """Values for iteration 0 by ``node.parameter`` or parameter, added to those set before."""
        return self._set(initial_parameters={**self.config.initial_parameters, **(values or {}), **more})

    def preserve_state(self, *keys: str | Iterable[str]) -> Self:
        """Keys of node state that outlive an outer iteration, added to those set before."""
        return self._set(preserve_state=_joined(self.config.preserve_state, keys))

    def objective(self, metric: str, direction: str = "maximize") -> Self:
        """The *metric* whose best value is kept; the direction is maximize or minimize."""
        return self._set(objective=metric, direction=direction)

    def early_stop(
        self, patience: int, metric: str | None = None, min_delta: float = 0, direction: str | None = None
    ) -> Self:
        """End after *patience* iterations in which *metric* did not get better by more than *min_delta*."""
        rule = {"patience": patience, "metric": metric, "min_delta": min_delta, "direction": direction}
        return self._set(early_stop={key: value for key, value in rule.items() if value is not None})

    def stop_on(self, *verdicts: str | Iterable[str]) -> Self:
        """Verdicts that end the cycle, added to those set before."""
        return self._set(stop_on=_joined(self.config.stop_on, verdicts))

    def combine(self, how: str) -> Self:
        """Whether any of its conditions is enough, or all have to hold."""
        return self._set(combine=how)

    def converge_when(self, spec: Any) -> Self:
        """Add a condition: an expression, a count, a table or a function.

        Raises:
            ConvergenceExpressionError, CycleConfigurationError: it is no condition.
        """
        create_convergence_condition(spec)
        return self._set(convergence_conditions=(*self.config.convergence_conditions, spec))

    def converge_when_all(self, *specs: Any) -> Self:
        """Add one condition that holds where all of *specs* do.

        Raises:
            ConvergenceExpressionError, CycleConfigurationError: one of them is no condition.
        """
        return self.converge_when({"type": "compound", "operator": "AND", "conditions": list(specs)})

    def apply_config(self, config: CycleConfig | Mapping[str, Any]) -> Self:
        """Set what is set in *config*; the rest stays."""
        given = config if isinstance(config, CycleConfig) else CycleConfig(**config)
        merged = ChainedSettings(self.name, self.config.merge(given))
        self.config = merged.config
        return self

    def detect_infinite_loops(self, window: int = 3) -> Self:
        """End once what is fed back and what nodes keep does not change any more.

        Parameters:
            window: how many iterations have to be equal; or they repeat with a period of at most so many.
        """
        return self._set(stall_window=window)

    def enable_safety_monitoring(self, **settings: Any) -> Self:
        """Have each run watched by a `CycleMonitor` with these *settings*, which is about this cycle alone.

        What it measures and its time count from where the cycle begins.
        """
        return self._with_tool("monitor", settings)

    def monitor_resource_usage(self, **settings: Any) -> Self:
        """Have memory, processor time and time measured in each run, without limits.

        Raises:
            CycleConfigurationError: there is a limit among the *settings* of the `CycleMonitor`.
        """
        limit = next((name for name in settings if "limit" in name or name == "timeout_seconds"), None)
        if limit is not None:
            msg = (
                f"cycle {self.name!r}: {limit} is a limit, which enable_safety_monitoring({limit}=...) takes"
            )
            raise CycleConfigurationError(msg)
        return self._with_tool("resources", settings)

    def enable_debugging(self, **settings: Any) -> Self:
        """Have a new `CycleDebugger` with these *settings* record every run: ``result.debug``.

        Raises:
            CycleConfigurationError, UnknownOptionError: a setting is wrong, or there is none of that name.
        """
        return self._with_tool("debugger", settings)

    def enable_profiling(self, **settings: Any) -> Self:
        """Have a new `CycleProfiler` with these *settings* measure every run: ``result.profile``.

        Raises:
            CycleConfigurationError, UnknownOptionError: a setting is wrong, or there is none of that name.
        """
        return self._with_tool("profiler", settings)

    def until(self, rule: str | Callable[..., Any]) -> Self:
        """End when *rule* holds for the last two values that are fed back.

        Parameters:
            rule: called as ``rule(prev, cur)`` or ``rule(prev, cur, round)``, rounds counted from 1; with
                dicts by input where several are fed back.  Or "fixed_point", or what `fixed_point`,
                `stable`, `any_of` and `all_of` give.
        """
        return self._set(until=rule)

    def emit(self, what: str) -> Self:
        """What nodes behind get: the "last" value, or a list of "each", or "tagged", as (round, value)."""
        return self._set(emit=what)

    def on_round(self, function: Callable[[int, Any], Any]) -> Self:
        """Have ``function(round, value)`` called after each round with what is fed back."""
        return self._set(on_round=function)

    def _with_tool(self, kind: str, settings: Mapping[str, Any]) -> Self:
        """Have a tool made for each run; what is wrong with its settings is told at once."""
        tool_made(kind, self.name, settings)
        return self._set(tools={**self.config.tools, kind: settings})

    def _set(self, **fields: Any) -> Self:
        self.config = self.config.replace(**fields)
        return self


def _joined(old: Iterable[str], new: Iterable[str | Iterable[str]]) -> tuple[str, ...]:
    """*old* and *new* texts, each once; some of *new* may stand in lists."""
    added = [text for each in new for text in ([each] if isinstance(each, str) else each)]
    return tuple(dict.fromkeys([*old, *added]))
