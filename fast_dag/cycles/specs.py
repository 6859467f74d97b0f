"""Conditions from what users write: texts, numbers, mappings, functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.cycles.bounds import MaxIterationsCondition, TimeoutCondition
from fast_dag.cycles.conditions import (
    CallbackCondition,
    CompoundCondition,
    ConvergenceCondition,
    ExpressionCondition,
)
from fast_dag.cycles.metric_conditions import (
    ImprovementCondition,
    NoImprovementCondition,
    StabilityCondition,
    ThresholdCondition,
)
from fast_dag.cycles.staged import AdaptiveCondition, StrategyCondition
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph.cycle_data import FUNCTION, condition_named, from_data
from fast_dag.run.brief import brief

STRATEGY = ("primary_criteria", "stability_criteria", "safety_criteria", "adaptive_criteria")
TARGETS = ("_targets", "_thresholds")


def create_convergence_condition(spec: Any) -> ConvergenceCondition:
    """The condition that *spec* describes.

    >>> create_convergence_condition({"type": "threshold", "metric": "loss", "operator": "<", "value": 0.1})
    ThresholdCondition('loss < 0.1')

    Parameters:
        spec: an expression; a number of iterations; a function of the results, or of results and state; a
            mapping with a type, or with the groups of a strategy; a condition, which is given back.

    Raises:
        ConvergenceExpressionError: an expression that is not allowed.
        CycleConfigurationError: anything else that is no condition; the text names what is wrong.
    """
    if isinstance(spec, ConvergenceCondition):
        return spec
    if isinstance(spec, str):
        return ExpressionCondition(spec)
    if isinstance(spec, int):
        return MaxIterationsCondition(spec)
    if isinstance(spec, Mapping):
        return _from_mapping(spec)
    if callable(spec):
        return CallbackCondition(spec)
    if callable(getattr(spec, "evaluate", None)):
        return CallbackCondition(spec.evaluate, getattr(spec, "name", type(spec).__name__))
    msg = f"a condition is an expression, a number of iterations, a mapping or a function, got {brief(spec)}"
    raise CycleConfigurationError(msg)


def condition_from_dict(data: Mapping[str, Any]) -> ConvergenceCondition:
    """The condition whose `to_dict` gave *data*.

    Raises:
        NotSerializableError: it names a function that nobody registered.
    """
    return create_convergence_condition(from_data(data, "a condition", condition_named))


def _from_mapping(spec: Mapping[str, Any]) -> ConvergenceCondition:
    if any(name in spec for name in STRATEGY):
        return _strategy(spec)
    if "type" not in spec and "iterations" in spec:
        return _staged_targets(spec)
    kind = spec.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        found = "without a type" if kind is None else f"of type {kind!r}"
        near = suggestion(kind, KINDS) if isinstance(kind, str) else ""
        msg = f"there is no condition {found}: known are {', '.join(KINDS)}{near}"
        raise CycleConfigurationError(msg)
    if kind == "adaptive" and "stages" not in spec:
        return _staged_targets({name: value for name, value in spec.items() if name != "type"})
    make, required, optional = KINDS[kind]
    fields = {ALIASES.get((kind, name), name): value for name, value in spec.items() if name != "type"}
    _check_fields(f"a condition of type {kind!r}", fields, required, optional)
    return make(**fields)


def _check_fields(
    what: str, fields: Mapping[str, Any], required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> None:
    known = (*required, *optional)
    for name in fields:
        if name not in known:
            msg = f"{what} takes no {name!r}: known are {', '.join(known)}{suggestion(name, known)}"
            raise CycleConfigurationError(msg)
    missing = [name for name in required if name not in fields]
    if missing:
        msg = f"{what} needs {', '.join(map(repr, missing))}"
        raise CycleConfigurationError(msg)


def _strategy(spec: Mapping[str, Any]) -> StrategyCondition:
    _check_fields("a strategy", spec, (), STRATEGY)
    return StrategyCondition(
        **{
            name.removesuffix("_criteria"): [create_convergence_condition(each) for each in _several(held)]
            for name, held in spec.items()
        }
    )


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _staged_targets(spec: Mapping[str, Any]) -> AdaptiveCondition:
    """From ``{"iterations": [...], "<metric>_targets": [...]}``."""
    targets = [name for name in spec if name.endswith(TARGETS) and name not in TARGETS]
    if len(targets) != 1 or set(spec) != {"iterations", *targets}:
        msg = (
            "an adaptive condition has stages, or iterations and the targets of one metric, "
            f"such as 'accuracy_targets'; got {', '.join(map(str, spec))}"
        )
        raise CycleConfigurationError(msg)
    begins, values = _several(spec["iterations"]), _several(spec[targets[0]])
    if len(begins) != len(values):
        msg = (
            f"{targets[0]} has {len(values)} entries, iterations {len(begins)}: each stage needs one of both"
        )
        raise CycleConfigurationError(msg)
    metric = next(targets[0].removesuffix(end) for end in TARGETS if targets[0].endswith(end))
    return AdaptiveCondition(
        (begin, ThresholdCondition(metric, None, value)) for begin, value in zip(begins, values, strict=True)
    )


def _adaptive(stages: Any) -> AdaptiveCondition:
    pairs = [tuple(each) if isinstance(each, list | tuple) else () for each in _several(stages)]
    if any(len(each) != 2 for each in pairs):  # noqa: PLR2004 - they are pairs
        msg = f"the stages of an adaptive condition are pairs of iterations and condition, got {stages!r}"
        raise CycleConfigurationError(msg)
    return AdaptiveCondition((begin, create_convergence_condition(held)) for begin, held in pairs)


def _compound(conditions: Any, operator: str = "AND") -> CompoundCondition:
    return CompoundCondition([create_convergence_condition(each) for each in _several(conditions)], operator)


def _callback(callback: Any, name: str | None = None) -> CallbackCondition:
    if isinstance(callback, Mapping) and set(callback) == {FUNCTION}:
        callback = condition_named(callback[FUNCTION], "a condition")
    return CallbackCondition(callback, name)


def _threshold(metric: str, value: Any, operator: Any = None, tolerance: float = 0) -> ThresholdCondition:
    return ThresholdCondition(metric, operator, value, tolerance)


Kind = tuple[Callable[..., ConvergenceCondition], tuple[str, ...], tuple[str, ...]]

_STABILITY: Kind = (StabilityCondition, ("metric", "threshold"), ("window", "measure"))
KINDS: dict[str, Kind] = {
    "expression": (ExpressionCondition, ("text",), ()),
    "max_iterations": (MaxIterationsCondition, ("count",), ()),
    "timeout": (TimeoutCondition, ("seconds",), ()),
    "threshold": (_threshold, ("metric", "value"), ("operator", "tolerance")),
    "stability": _STABILITY,
    "variance": _STABILITY,
    "improvement_rate": (ImprovementCondition, ("metric", "threshold"), ("window", "direction")),
    "no_improvement": (NoImprovementCondition, ("patience",), ("metric", "min_delta", "direction")),
    "callback": (_callback, ("callback",), ("name",)),
    "compound": (_compound, ("conditions",), ("operator",)),
    "adaptive": (_adaptive, ("stages",), ()),
}
"""Each type with what makes it, and its fields."""
ALIASES = {
    ("expression", "condition"): "text",
    ("expression", "expression"): "text",
    ("max_iterations", "value"): "count",
    ("timeout", "value"): "seconds",
}
"""Fields that have another name outside."""
