"""The parts of an expression's tree: names, constants, signs, and what is told of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
RESERVED = (
    "iteration",
    "iteration_index",
    "elapsed_time",
    "max_iterations",
    "best",
    "improvement_rate",
    "stability_variance",
)
"""Names that the cycle itself answers."""


class Use(NamedTuple):
    """A name in an expression, and what is asked of it."""

    name: str
    how: str
    """value, defined, history, whole (a mapping), or the name of a function over a window."""
    window: int
    """How many of the last samples are looked at; 0 for all of them."""
    column: int


class Comparison(NamedTuple):
    """A part of the form ``name operator number``."""

    name: str
    operator: str
    value: float


def dotted(node: ast.expr) -> str | None:
    """The name that *node* writes, None if it is none."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    return None if any(each.startswith("_") for each in parts) else ".".join(reversed(parts))


def constant(node: ast.expr) -> str | int | float | None:
    """The value of a literal number or text, with its sign; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        value = constant(node.operand) if isinstance(node.operand, ast.Constant) else None
        if not isinstance(value, int | float):
            return None
        return -value if isinstance(node.op, ast.USub) else value
    found = node.value if isinstance(node, ast.Constant) else None
    return found if isinstance(found, str | int | float) else None


def operands(node: ast.Compare) -> Iterator[tuple[str, ast.expr]]:
    """The signs of a chained comparison, each with what stands right of it."""
    for operator, side in zip(node.ops, node.comparators, strict=True):
        yield SIGNS[type(operator)], side


FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
"""Each comparison as it reads from the other side."""
