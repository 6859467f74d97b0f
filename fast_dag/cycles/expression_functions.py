"""What the functions of expressions do with values that have been read."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fast_dag.cycles import expression_values as on
from fast_dag.cycles.expression_parts import constant
from fast_dag.cycles.expression_values import UNDEFINED, Unfit


def literal(node: ast.expr) -> Any:
    """The value of a literal, with its sign."""
    return node.value if isinstance(node, ast.Constant) else constant(node)


def inverted(holds: Any, value: Any) -> Any:
    """What ``not in`` makes of the answer of ``in``."""
    # A comparison with NaN or an infinite number is false, this one as well.
    beyond = value.__class__ is float and not on.finite(value)
    return holds if holds is UNDEFINED or beyond else not holds


def applied(function: Callable[..., Any], arguments: list[Any]) -> Any:
    """What *function* gives, `UNDEFINED` if an argument is that."""
    return UNDEFINED if any(each is UNDEFINED for each in arguments) else function(*arguments)


def quantified(decides: bool, truth: Callable[[Any], Any], values: list[Any]) -> bool:  # noqa: FBT001
    """As `any` (*decides* is True) and `all`."""
    return decides if any(truth(each) is decides for each in values) else not decides


def difference(values: Sequence[Any]) -> Any:
    """The last of two values less the first."""
    return values[1] - values[0]


def sample(series: list[Any], place: Any) -> Any:
    """The entry of *series* at *place*, `UNDEFINED` if there is none."""
    return series[place] if -len(series) <= place < len(series) else UNDEFINED


def length(value: Any) -> int:
    """As `len`."""
    if hasattr(type(value), "__len__"):
        return len(value)
    msg = f"len takes a series, a text or a mapping, got {on.shown(value)}"
    raise Unfit(msg)


def _picked(pick: Callable[[list[Any]], Any], name: str, *values: Any) -> Any:
    found = values[0] if len(values) == 1 else values
    return on.extreme(pick, on.numbers(found, name))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": lambda value: abs(on.number(value, "abs")),
    "min": partial(_picked, min, "min"),
    "max": partial(_picked, max, "max"),
    "sum": lambda values: sum(on.numbers(values, "sum")),
    "len": length,
    "round": on.rounded,
    "any": any,
    "all": all,
}
