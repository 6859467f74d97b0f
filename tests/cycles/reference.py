"""A second reading of expressions, straight from their trees, to hold the compiler against."""

import ast
import math
import operator

ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
COMPARISONS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class Beyond(Exception):
    """A value that Python has, and expressions have not."""


def value_of(node, names):
    """What *node* gives where Python evaluates it."""
    return READERS[type(node)](node, names)


def _bounded(value):
    if isinstance(value, float) and not math.isfinite(value):
        raise Beyond
    if isinstance(value, int) and abs(value) > 2**63:
        raise Beyond
    return value


def _binary(node, names):
    left, right = value_of(node.left, names), value_of(node.right, names)
    return _bounded(ARITHMETIC[type(node.op)](left, right))


def _unary(node, names):
    value = value_of(node.operand, names)
    return not value if isinstance(node.op, ast.Not) else -value


def _compare(node, names):
    left = value_of(node.left, names)
    for sign, side in zip(node.ops, node.comparators, strict=True):
        right = value_of(side, names)
        if not COMPARISONS[type(sign)](left, right):
            return False
        left = right
    return True


def _logic(node, names):
    decides = isinstance(node.op, ast.Or)
    for each in node.values:
        value = value_of(each, names)
        if bool(value) is decides:
            break
    return value


READERS = {
    ast.Constant: lambda node, _: node.value,
    ast.Name: lambda node, names: names[node.id],
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _logic,
    ast.Call: lambda node, names: _bounded(
        {"abs": abs, "min": min, "max": max}[node.func.id](*[value_of(each, names) for each in node.args])
    ),
}
