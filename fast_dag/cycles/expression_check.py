"""What the tree of an expression may hold: an allow-list, and which names it uses for what."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from fast_dag.checks import suggestion
from fast_dag.cycles.expression_parts import FLIPPED, RESERVED, SIGNS, Comparison, Use, constant, dotted
from fast_dag.cycles.expression_text import DEEPEST, column_of
from fast_dag.errors import ConvergenceExpressionError

MOST_NODES = 200
LONGEST_TEXT = 200
LARGEST_EXPONENT = 8

PLAIN = ("abs", "min", "max", "sum", "len", "round", "any", "all")
OF_NAMES = ("defined", "previous", "delta", "history")
WINDOWED = ("mean", "variance", "range", "slope")
ARGUMENTS = {
    "abs": (1, 1),
    "min": (1, 20),
    "max": (1, 20),
    "sum": (1, 1),
    "len": (1, 1),
    "round": (1, 2),
    "any": (1, 1),
    "all": (1, 1),
    **dict.fromkeys(OF_NAMES, (1, 1)),
    **dict.fromkeys(WINDOWED, (2, 2)),
}
"""How many arguments each function takes."""
NUMBER, TEXT, NOTHING, SERIES, ANY = "a number", "a text", "None", "a series", "a value"
"""What a part of an expression gives, as far as that can be told from the text."""


class Check:
    """Walks the tree of *text* once; a part that is not on the list ends it.

    Parameters:
        text: the expression.
        tree: what Python's parser made of it.

    Raises:
        ConvergenceExpressionError: with the column of the first part that is not allowed.
    """

    def __init__(self, text: str, tree: ast.expr) -> None:
        self._text = text
        self.uses: list[Use] = []
        self.comparisons: list[Comparison] = []
        self._count(tree)
        kind = self._kind(tree, 1)
        if kind in (TEXT, SERIES):
            raise self._fault(tree, f"the value has to be true or false, not {kind}")

    def _count(self, tree: ast.expr) -> None:
        count = sum(isinstance(each, ast.expr) for each in ast.walk(tree))
        if count > MOST_NODES:
            raise self._fault(tree, f"{count} parts are too many: {MOST_NODES} are allowed")

    def _kind(self, node: ast.expr, depth: int) -> str:
        if depth > DEEPEST:
            raise self._fault(node, f"more than {DEEPEST} levels inside each other")
        check = ALLOWED.get(type(node))
        if check is None:
            raise self._fault(node, f"{WORDS.get(type(node), 'this')} is not allowed in an expression")
        return check(self, node, depth)

    def literal(self, node: ast.Constant, _: int) -> str:
        """A number, a text, True, False or None."""
        value = node.value
        if value is None:
            return NOTHING
        if isinstance(value, str):
            if len(value) > LONGEST_TEXT:
                raise self._fault(node, f"a text of {len(value)} characters; {LONGEST_TEXT} are allowed")
            return TEXT
        if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            return NUMBER
        raise self._fault(node, "a literal is a finite number, a text, True, False or None")

    def name(self, node: ast.expr, _: int) -> str:
        """A metric."""
        self._use(node, "value")
        return ANY

    def arithmetic(self, node: ast.BinOp, depth: int) -> str:
        """Two numbers and a sign."""
        sign = self._sign(node, node.op)
        for side in (node.left, node.right):
            self._wanted(side, depth, (NUMBER, ANY), f"{sign} takes numbers only")
        if sign == "**":
            self._exponent(node.right)
        return NUMBER

    def _exponent(self, node: ast.expr) -> None:
        value = constant(node)
        if not isinstance(value, int | float) or abs(value) > LARGEST_EXPONENT:
            raise self._fault(node, f"an exponent has to be a constant of at most {LARGEST_EXPONENT}")

    def unary(self, node: ast.UnaryOp, depth: int) -> str:
        """A sign, or not."""
        if isinstance(node.op, ast.Not):
            self._wanted(node.operand, depth, (NUMBER, TEXT, NOTHING, ANY), "not takes no series")
        elif isinstance(node.op, ast.UAdd | ast.USub):
            self._wanted(node.operand, depth, (NUMBER, ANY), "a sign stands before numbers only")
        else:
            raise self._fault(node, "~ is not allowed in an expression")
        return NUMBER

    def logic(self, node: ast.BoolOp, depth: int) -> str:
        """And, or."""
        word = "and" if isinstance(node.op, ast.And) else "or"
        kinds = {
            self._wanted(each, depth, (NUMBER, TEXT, NOTHING, ANY), f"{word} takes no series")
            for each in node.values
        }
        return kinds.pop() if len(kinds) == 1 else ANY

    def comparison(self, node: ast.Compare, depth: int) -> str:
        """One comparison or a chain."""
        left = self._wanted(node.left, depth, (NUMBER, TEXT, NOTHING, ANY), "a series cannot be compared")
        for operator, side in zip(node.ops, node.comparators, strict=True):
            sign = self._sign(node, operator)
            if sign in ("in", "not in"):
                self._choices(side, sign)
                right = ANY
            else:
                right = self._wanted(side, depth, (NUMBER, TEXT, NOTHING, ANY), "a series cannot be compared")
                if {left, right} == {NUMBER, TEXT}:
                    raise self._fault(side, "a number cannot be compared with a text")
            left = right
        self._note(node)
        return NUMBER

    def _choices(self, node: ast.expr, sign: str) -> None:
        if not isinstance(node, ast.Tuple) or not node.elts:
            raise self._fault(node, f"right of {sign} stands a tuple of literals, such as ('done', 'failed')")
        for each in node.elts:
            literal = each.operand if isinstance(each, ast.UnaryOp) else each
            if not isinstance(literal, ast.Constant) or (literal is not each and constant(each) is None):
                raise self._fault(each, f"only literals may stand in the tuple right of {sign}")
            self.literal(literal, 0)

    def _note(self, node: ast.Compare) -> None:
        """Keep ``name operator number``, either way round."""
        if len(node.ops) != 1:
            return
        left, right, sign = node.left, node.comparators[0], SIGNS[type(node.ops[0])]
        for here, there, own in ((left, right, sign), (right, left, FLIPPED.get(sign))):
            name, value = dotted(here), constant(there)
            if own in FLIPPED and name and name not in RESERVED and isinstance(value, int | float):
                self.comparisons.append(Comparison(name, own, value))

    def call(self, node: ast.Call, depth: int) -> str:
        """One of the functions."""
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name not in ARGUMENTS:
            known = ", ".join(ARGUMENTS)
            near = suggestion(name, ARGUMENTS) if name else ""
            raise self._fault(node, f"only these functions may be called: {known}{near}")
        if node.keywords or any(isinstance(each, ast.Starred) for each in node.args):
            raise self._fault(node, f"{name} takes its arguments by position, one by one")
        least, most = ARGUMENTS[name]
        if not least <= len(node.args) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            raise self._fault(node, f"{name} takes {wanted} arguments, got {len(node.args)}")
        if name in PLAIN:
            return self._plain(name, node, depth)
        return self._about(name, node)

    def _plain(self, name: str, node: ast.Call, depth: int) -> str:
        if name == "len" and dotted(node.args[0]):
            self._use(node.args[0], "whole")
            return NUMBER
        one = len(node.args) == 1
        if name in ("sum", "any", "all") or (name in ("min", "max") and one):
            self._wanted(
                node.args[0],
                depth,
                (SERIES,),
                f"{name} takes a series here, such as history(loss)",
            )
        elif name == "len":
            self._wanted(node.args[0], depth, (SERIES, TEXT), "len takes a series, a text or a metric")
        else:
            for each in node.args:
                self._wanted(each, depth, (NUMBER, ANY), f"{name} takes numbers only")
        return NUMBER

    def _about(self, function: str, node: ast.Call) -> str:
        """A function of a metric, which is given by its name."""
        metric = node.args[0]
        name = dotted(metric)
        if name is None or (name in RESERVED and function != "defined"):
            raise self._fault(metric, f"{function} takes the name of a metric")
        window = {"previous": 2, "delta": 2, "defined": 1}.get(function, 0)
        if function in WINDOWED:
            window = self._window(function, node.args[1])
        self._use(metric, function if function in ("defined", "history") else "window", window)
        return SERIES if function == "history" else ANY if function == "previous" else NUMBER

    def _window(self, function: str, node: ast.expr) -> int:
        value, least = constant(node), 2 if function == "slope" else 1
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self._fault(node, f"the window of {function} is a constant integer >= {least}")
        return value

    def subscript(self, node: ast.Subscript, depth: int) -> str:
        """A sample of a series, or an entry of a mapping."""
        key = constant(node.slice)
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise self._fault(node.slice, "a subscript is a constant integer or text")
        if isinstance(node.value, ast.Call):
            self._wanted(node.value, depth, (SERIES,), "only history(...) and mappings have subscripts")
            if isinstance(key, str):
                raise self._fault(node.slice, "a series has integers as subscripts")
        elif isinstance(node.value, ast.Subscript) and not isinstance(node.value.value, ast.Call):
            self._kind(node.value, depth + 1)
        elif dotted(node.value):
            self._use(node.value, "whole")
        else:
            raise self._fault(node.value, "only history(...) and mappings have subscripts")
        return ANY

    def _wanted(self, node: ast.expr, depth: int, kinds: tuple[str, ...], otherwise: str) -> str:
        kind = self._kind(node, depth + 1)
        if kind not in kinds:
            raise self._fault(node, f"{otherwise}, not {kind}")
        return kind

    def _use(self, node: ast.expr, how: str, window: int = 1) -> None:
        name = dotted(node)
        if name is None:
            raise self._fault(node, "a name is words joined by dots, none of which begins with _")
        self.uses.append(Use(name, how, window, column_of(self._text, node)))

    def _sign(self, node: ast.expr, operator: ast.AST) -> str:
        if type(operator) not in SIGNS:
            word = "is" if isinstance(operator, ast.Is | ast.IsNot) else "this operator"
            raise self._fault(node, f"{word} is not allowed in an expression")
        return SIGNS[type(operator)]

    def _fault(self, node: ast.expr, problem: str) -> ConvergenceExpressionError:
        return ConvergenceExpressionError(problem, self._text, column_of(self._text, node))


WORDS: dict[type[ast.expr], str] = {
    ast.Lambda: "lambda",
    ast.IfExp: "if ... else",
    ast.NamedExpr: ":=",
    ast.Tuple: "a tuple",
    ast.List: "a list",
    ast.ListComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Starred: "*",
    ast.Slice: "a slice",
    ast.Await: "await",
    ast.Yield: "yield",
}
ALLOWED: dict[type[ast.expr], Callable[..., str]] = {
    ast.Constant: Check.literal,
    ast.Name: Check.name,
    ast.Attribute: Check.name,
    ast.BinOp: Check.arithmetic,
    ast.UnaryOp: Check.unary,
    ast.BoolOp: Check.logic,
    ast.Compare: Check.comparison,
    ast.Call: Check.call,
    ast.Subscript: Check.subscript,
}
