"""An expression over metrics: one text, checked once, compiled to closures."""

from __future__ import annotations

from collections.abc import Callable

from fast_dag.cycles.expression_check import Check
from fast_dag.cycles.expression_eval import Compiler
from fast_dag.cycles.expression_parts import Comparison, Use
from fast_dag.cycles.expression_text import parsed
from fast_dag.cycles.layout import Layout, Values


class Expression:
    """The expression *text*, if it consists of nothing but what is allowed.

    Literals, names of metrics, ``and or not``, arithmetic, comparisons, and the functions abs, min, max, sum,
    len, round, any, all, defined, previous, delta, history, mean, variance, range and slope.

    >>> Expression("loss < 0.01 and delta(loss) <= 0").names
    ('loss',)

    Raises:
        ConvergenceExpressionError: anything else, with the column.
    """

    __slots__ = ("_tree", "comparisons", "text", "uses")

    def __init__(self, text: str) -> None:
        self._tree = parsed(text)
        self.text = text
        checked = Check(text, self._tree)
        self.uses: tuple[Use, ...] = tuple(checked.uses)
        """Each name with what is asked of it, in the order of the text."""
        self.comparisons: tuple[Comparison, ...] = tuple(checked.comparisons)
        """Its parts of the form ``name operator number``."""

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @property
    def names(self) -> tuple[str, ...]:
        """The names it uses, each once."""
        return tuple(dict.fromkeys(use.name for use in self.uses))

    def compiled(self, layout: Layout) -> Callable[[Values], bool]:
        """A function that tells whether it holds for a list of values in the places of *layout*.

        The function raises ConvergenceExpressionError for a name without a value, an operand of the wrong
        kind, and NaN in a comparison (unless the layout says to ignore it).  Too little data is not true.

        Raises:
            ConvergenceExpressionError: `best` or `improvement_rate` without an objective.
        """
        return Compiler(self.text, layout).condition(self._tree)
