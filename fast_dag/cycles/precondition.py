"""Whether an iteration is to begin: an expression over its inputs, or a function of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fast_dag.cycles.asking import Asking, truth_of
from fast_dag.cycles.expression import Expression
from fast_dag.cycles.layout import COMPLETED, ELAPSED, LIMIT, Layout, Question, Values
from fast_dag.cycles.metrics import Metrics
from fast_dag.cycles.once import fresh


class Precondition:
    """The setting *when* of a cycle, for one entry into it.

    Parameters:
        when: a text, or a function of the inputs.
        on_nan: what a comparison with NaN does, raise or ignore.

    Raises:
        ConvergenceExpressionError: a text that is not allowed.
    """

    def __init__(self, when: Any, on_nan: str = "raise") -> None:
        self._question = Question(when, takes_state=False) if callable(when) else None
        if self._question is None:
            self._layout = Layout(on_nan=on_nan)
            self._test = Expression(when).compiled(self._layout)
            self._values = fresh(self._layout, None)
            self._metrics: Metrics | None = None

    def asking(self, inputs: Mapping[str, Any], counts: Values) -> Asking[bool]:
        """Whether it holds for *inputs*; *counts* says how far the cycle is."""
        if self._question is None:
            return self._holds(inputs, counts)
        answer = yield self._question, self._question.arguments(dict(inputs), None)
        return truth_of(answer, self._question.function)

    def _holds(self, inputs: Mapping[str, Any], counts: Values) -> bool:
        if self._metrics is None:
            # An input stands under two names, so that what lies in it is to be named in full.
            self._metrics = Metrics(self._layout, self._values, echoing=tuple(inputs))
        for place in (COMPLETED, ELAPSED, LIMIT):
            self._values[place] = counts[place]
        self._metrics.collect(inputs)
        return self._test(self._values)
