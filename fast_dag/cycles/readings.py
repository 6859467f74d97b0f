"""What a checker is given in one call: metrics, their histories, the iteration, and what passes through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from fast_dag.checks import check_int
from fast_dag.cycles.expression_values import shown
from fast_dag.cycles.scalars import entries, fields_of
from fast_dag.errors import MissingMetricError
from fast_dag.values import NO_DATA

HISTORY: Final = "_history"
TABLES: Final = ("metrics", "current_metrics")
"""Inputs whose entries are metrics."""


class Readings(NamedTuple):
    """The inputs of one call, told apart."""

    results: dict[str, Any]
    """Metrics, and what holds some, by name."""
    histories: dict[str, list[Any]]
    """Complete series by the name of the metric."""
    table: Any
    """What was given as ``metric_history``, None without."""
    iteration: int | None
    """The index that was given."""
    data: Any
    """What passes through, `NO_DATA` if nothing was given."""


def read_inputs(inputs: Mapping[str, Any]) -> Readings:
    """The inputs of a checker told apart.

    Raises:
        ValueError: the iteration is no index.
        MissingMetricError: ``metrics`` or ``current_metrics`` holds no names.
    """
    rest = {name: value for name, value in inputs.items() if value is not NO_DATA}
    iteration = rest.pop("iteration", None)
    if iteration is not None:
        check_int("iteration", iteration, 0)
    data, table = rest.pop("data", NO_DATA), rest.pop("metric_history", None)
    results: dict[str, Any] = {}
    for name in TABLES:
        results.update(_entries(name, rest.pop(name, None)))
    series = [name for name, value in rest.items() if name.endswith(HISTORY) and is_series(value)]
    histories = {name.removesuffix(HISTORY): list(rest.pop(name)) for name in series}
    # A metric of its own comes before one of the same name in a table.
    results.update(rest)
    return Readings(results, histories, table, iteration, data)


def is_series(value: Any) -> bool:
    """Whether *value* lists samples."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def _entries(name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {key: held for key, held in value.items() if isinstance(key, str)}
    if fields_of(value):
        return dict(entries(value))
    msg = f"{name} must map the names of metrics to their values, got {shown(value)}"
    raise MissingMetricError(msg)
