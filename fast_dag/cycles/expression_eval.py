"""The tree of an expression as closures over a list of values.  Nothing of it is ever given to Python to run.

The tree has passed `Check`, so whatever is not handled here cannot be in it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from typing import Any

from fast_dag.cycles import expression_functions as fn
from fast_dag.cycles import expression_values as on
from fast_dag.cycles.expression_parts import RESERVED, SIGNS, constant, dotted, operands
from fast_dag.cycles.expression_text import column_of
from fast_dag.cycles.expression_values import UNDEFINED, Unfit
from fast_dag.cycles.layout import Absent, Layout, Values
from fast_dag.cycles.reserved import reserved
from fast_dag.cycles.scalars import part, scalar
from fast_dag.errors import ConvergenceExpressionError

Getter = Callable[[Values], Any]


class Compiler:
    """Makes closures for the expression *text*, with places from *layout*."""

    def __init__(self, text: str, layout: Layout) -> None:
        self._text = text
        self._layout = layout

    def condition(self, tree: ast.expr) -> Callable[[Values], bool]:
        """Whether the whole expression holds: undefined does not."""
        if isinstance(tree, ast.Compare):
            quick = self._quick(tree)
            value = quick or self.value(tree)
            return quick or (lambda values: value(values) is True)
        return self._truth_at_end(tree)

    def value(self, node: ast.expr) -> Getter:
        """What *node* gives."""
        return HANDLERS[type(node)](self, node)

    def _truth_at_end(self, tree: ast.expr) -> Callable[[Values], bool]:
        value, truth = self.value(tree), self._truth(tree)

        def holds(values: Values) -> bool:
            found = value(values)
            if found.__class__ is str:
                msg = f"the value has to be true or false, not {on.shown(found)}"
                raise ConvergenceExpressionError(msg, self._text, column_of(self._text, tree))
            return truth(found) is True

        return holds

    def _guarded(self, node: ast.expr, function: Callable[..., Any]) -> Callable[..., Any]:
        """*function*, with the place of *node* in its errors."""
        text, column = self._text, column_of(self._text, node)

        def guarded(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except Unfit as error:
                raise ConvergenceExpressionError(str(error), text, column) from None

        return guarded

    def _truth(self, node: ast.expr) -> Callable[[Any], Any]:
        nan_raises = self._layout.nan_raises
        guarded = self._guarded(node, partial(on.truth, nan_raises=nan_raises))
        return lambda value: value if value is True or value is False else guarded(value)

    # -- parts ------------------------------------------------------------------------------------

    def literal(self, node: ast.Constant) -> Getter:
        """A number, a text, True, False or None."""
        value = node.value
        return lambda _: value

    def name(self, node: ast.expr) -> Getter:
        """The value of a metric, or what the cycle itself answers."""
        name = dotted(node) or ""
        if name in RESERVED:
            return self._guarded(node, self._guarded(node, reserved)(name, self._layout))
        return self._present(node, self._layout.value_at(name))

    def _present(self, node: ast.expr, place: int) -> Getter:
        text, column = self._text, column_of(self._text, node)

        def present(values: Values) -> Any:
            value = values[place]
            if value.__class__ is Absent:
                raise value.error_in(text, column)
            return value

        return present

    def arithmetic(self, node: ast.BinOp) -> Getter:
        """Two numbers and a sign."""
        left, right = self.value(node.left), self.value(node.right)
        made = self._guarded(node, on.calculating(SIGNS[type(node.op)]))
        return lambda values: made(left(values), right(values))

    def unary(self, node: ast.UnaryOp) -> Getter:
        """A sign, or not."""
        operand = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            truth = self._truth(node.operand)

            def negated(values: Values) -> Any:
                found = truth(operand(values))
                return UNDEFINED if found is UNDEFINED else not found

            return negated
        minus, number = isinstance(node.op, ast.USub), self._guarded(node, partial(on.number, what="a sign"))

        def signed(values: Values) -> Any:
            found = number(operand(values))
            return found if found is UNDEFINED else -found if minus else +found

        return signed

    def logic(self, node: ast.BoolOp) -> Getter:
        """And, or: the operand that decides; else undefined if one is, else the last operand."""
        parts = [(self.value(each), self._truth(each)) for each in node.values]
        decides = isinstance(node.op, ast.Or)

        def decided(values: Values) -> Any:
            seen = found = None
            for value, truth in parts:
                found = value(values)
                counts = truth(found)
                if counts is decides:
                    return found
                if counts is UNDEFINED:
                    seen = UNDEFINED
            return found if seen is None else seen

        return decided

    def comparison(self, node: ast.Compare) -> Getter:
        """One comparison, or a chain: false if one is, else undefined if one is, else true."""
        quick = self._quick(node)
        if quick is not None:
            return quick
        first = self.value(node.left)
        links = [self._link(node, sign, side) for sign, side in operands(node)]
        if len(links) == 1:
            ((compare, right),) = links
            return lambda values: compare(first(values), right(values))

        def chained(values: Values) -> Any:
            found: Any = True
            left = first(values)
            for compare, right in links:
                following = right(values)
                holds = compare(left, following)
                if holds is False:
                    return False
                found, left = holds if holds is UNDEFINED else found, following
            return found

        return chained

    def _link(self, node: ast.expr, sign: str, side: ast.expr) -> tuple[Callable[..., Any], Getter]:
        nan_raises = self._layout.nan_raises
        if sign in ("in", "not in") and isinstance(side, ast.Tuple):
            choices = tuple(fn.literal(each) for each in side.elts)
            among = self._guarded(node, partial(on.among, nan_raises=nan_raises))
            if sign == "in":
                return among, lambda _: choices
            return (lambda *both: fn.inverted(among(*both), both[0])), lambda _: choices
        return self._guarded(node, on.comparing(sign, nan_raises=nan_raises)), self.value(side)

    def _quick(self, node: ast.Compare) -> Getter | None:
        """``name operator number``, which is what most conditions are."""
        name, bound = dotted(node.left), constant(node.comparators[0])
        sign = SIGNS[type(node.ops[0])]
        is_plain = len(node.ops) == 1 and sign in on.COMPARISONS and name is not None and name not in RESERVED
        if not is_plain or not isinstance(bound, int | float):
            return None
        place, holds, present = self._layout.value_at(name or ""), on.COMPARISONS[sign], self.name(node.left)
        compare = self._guarded(node, on.comparing(sign, nan_raises=self._layout.nan_raises))

        def compared(values: Values) -> Any:
            value = values[place]
            # Finite floats only: the difference is 0 for no other value.
            if value.__class__ is float and value - value == 0.0:
                return holds(value, bound)
            return compare(present(values), bound)

        return compared

    def call(self, node: ast.Call) -> Getter:
        """One of the functions."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        metric = dotted(node.args[0]) or ""
        if name in ABOUT_METRICS:
            return ABOUT_METRICS[name](self, node, metric)
        if name in on.MEASURES:
            return self.windowed(node, name, metric)
        if name == "len" and metric:
            return self._guarded(node, self._length(node, metric))
        arguments = [self.value(each) for each in node.args]
        function = self._guarded(node, fn.FUNCTIONS[name])
        if name in ("any", "all"):
            function = self._guarded(node, partial(fn.quantified, name == "any", self._truth(node)))
        return lambda values: fn.applied(function, [each(values) for each in arguments])

    def _length(self, node: ast.Call, name: str) -> Getter:
        place = self._layout.whole_at(name)
        whole = self._present(node.args[0], place)
        return lambda values: fn.length(whole(values))

    def defined(self, node: ast.Call, name: str) -> Getter:
        """Whether a metric has a value."""
        if name in RESERVED:
            found = self.name(node.args[0])
            return lambda values: found(values) is not UNDEFINED
        place = self._layout.value_at(name)

        def is_defined(values: Values) -> bool:
            value = values[place]
            if value.__class__ is Absent and value.owners:
                raise value.error_in(self._text, column_of(self._text, node))
            return value.__class__ is not Absent

        return is_defined

    def previous(self, node: ast.Call, name: str) -> Getter:
        """The sample before the last."""
        samples = self._samples(node, name, 2)
        return lambda values: UNDEFINED if len(held := samples(values)) < 2 else held[-2]  # noqa: PLR2004

    def delta(self, node: ast.Call, name: str) -> Getter:
        """The last sample less the one before."""
        samples = self._samples(node, name, 2)
        minus = self._guarded(node, lambda held: on.measured(fn.difference, held, "delta"))

        def change(values: Values) -> Any:
            held = samples(values)
            return UNDEFINED if len(held) < 2 else minus(held)  # noqa: PLR2004

        return change

    def history(self, node: ast.Call, name: str) -> Getter:
        """All samples that are kept."""
        place, present = self._layout.series_at(name), self.name(node.args[0])

        def kept(values: Values) -> Any:
            return values[place].kept() or present(values)

        return kept

    def windowed(self, node: ast.Call, function: str, name: str) -> Getter:
        """A measure of the last samples."""
        window = int(constant(node.args[1]) or 1)
        samples, measure = self._samples(node, name, window), on.MEASURES[function]
        numbers = self._guarded(node, lambda held: on.measured(measure, held, function))

        def measured(values: Values) -> Any:
            held = samples(values)
            return UNDEFINED if len(held) < window else numbers(held)

        return measured

    def _samples(self, node: ast.Call, name: str, window: int) -> Getter:
        """The last *window* samples, or as many as there are; a metric without any is an error."""
        place, present = self._layout.series_at(name, window), self.name(node.args[0])

        def samples(values: Values) -> Any:
            held = values[place].last(window)
            if not held:
                present(values)
            return held

        return samples

    def subscript(self, node: ast.Subscript) -> Getter:
        """A sample of a series, undefined if there are too few, or an entry of a mapping."""
        key = constant(node.slice)
        if isinstance(node.value, ast.Call):
            series = self.value(node.value)
            return lambda values: fn.sample(series(values), key)
        entry = self._guarded(node, lambda held: scalar(part(held, key)))
        whole = self._whole(node.value)
        return lambda values: entry(whole(values))

    def _whole(self, node: ast.expr) -> Getter:
        """What has entries: a name, or an entry that has entries itself."""
        if not isinstance(node, ast.Subscript):
            return self._present(node, self._layout.whole_at(dotted(node) or ""))
        outer, key = self._whole(node.value), constant(node.slice)
        entry = self._guarded(node, lambda held: part(held, key))
        return lambda values: entry(outer(values))


ABOUT_METRICS: dict[str, Callable[[Compiler, ast.Call, str], Getter]] = {
    "defined": Compiler.defined,
    "previous": Compiler.previous,
    "delta": Compiler.delta,
    "history": Compiler.history,
}
HANDLERS: dict[type[ast.expr], Callable[[Compiler, Any], Getter]] = {
    ast.Constant: Compiler.literal,
    ast.Name: Compiler.name,
    ast.Attribute: Compiler.name,
    ast.BinOp: Compiler.arithmetic,
    ast.UnaryOp: Compiler.unary,
    ast.BoolOp: Compiler.logic,
    ast.Compare: Compiler.comparison,
    ast.Call: Compiler.call,
    ast.Subscript: Compiler.subscript,
}
