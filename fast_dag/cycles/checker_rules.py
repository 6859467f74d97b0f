"""The criteria of a convergence checker, each a function of what is known in one call."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from fast_dag.cycles.checker_settings import Adaptive, CheckerSettings, Threshold
from fast_dag.cycles.expression import Expression
from fast_dag.cycles.expression_eval import Compiler
from fast_dag.cycles.expression_parts import RESERVED
from fast_dag.cycles.expression_text import parsed
from fast_dag.cycles.expression_values import NUMBERS, SPREADS, UNDEFINED, Unfit, comparing, numbers, shown
from fast_dag.cycles.gain import GAIN_WINDOW, VARIANCE_WINDOW, Patience, gain, sign_of
from fast_dag.cycles.layout import Layout, Values
from fast_dag.errors import ConvergenceExpressionError, MissingMetricError

ANSWERED: Final = {"best": 1, "improvement_rate": GAIN_WINDOW, "stability_variance": VARIANCE_WINDOW}
"""Names that a checker answers from samples of its primary metric, with how many; `best` needs no window."""
OWN: Final = "checker."
"""Begins the paths under which those answers stand in a layout."""
QUALITY: Final = "quality"
"""Stands for the primary metric where there is no metric of that name."""


class Finding(NamedTuple):
    """What one criterion came to, and in words."""

    holds: bool
    text: str


class Look(Protocol):
    """What is known in one call."""

    values: Values
    """In the places of the layout."""

    @property
    def completed(self) -> int:
        """How many iterations are done."""

    def has(self, name: str) -> bool:
        """Whether the metric *name* has a value in this call."""

    def value(self, name: str) -> Any:
        """The value of the metric *name*; MissingMetricError or AmbiguousMetricError without one."""

    def last(self, name: str, window: int) -> list[Any]:
        """The last *window* samples of the metric *name*, or as many as there are."""


Criterion = Callable[[Look], Finding]


class Rules:
    """What a checker with *settings* looks at in a cycle with this *objective* and *direction*."""

    def __init__(self, settings: CheckerSettings, objective: str | None, direction: str) -> None:
        self.settings = settings
        named = [each for each in settings.thresholds if each.metric is not None]
        first = named[0].metric if named else None
        self.primary: str = settings.metric or first or objective or "value"
        self.direction = settings.direction or _direction_of(self.primary, named) or direction
        self.sign = sign_of(self.direction)
        self.layout = Layout()
        self.layout.value_at(self.primary)
        self.thresholds = [self._threshold(each) for each in settings.thresholds]
        self.stable = self._stable_metrics()
        self.expressions = [(each.text, self._compiled(each)) for each in settings.expressions]
        uses = [use for each in settings.expressions for use in each.uses]
        self.needs_all = any(use.how == "history" for use in uses)
        """Whether an expression looks back on every sample."""
        if settings.adaptive is not None:
            self.layout.value_at(settings.adaptive.metric)
        if settings.improvement is not None:
            self.layout.series_at(self.primary, settings.improvement.window)
        self.answers = {
            name: self.layout.values[OWN + name] for name in ANSWERED if OWN + name in self.layout.values
        }
        """Where the answers go that somebody asks for."""

    def new_patience(self) -> Patience:
        """A count of samples of the primary metric without improvement."""
        return Patience(self.sign, self.settings.patience[1] if self.settings.patience else 0)

    # -- criteria ---------------------------------------------------------------------------------

    def threshold(self, look: Look) -> Finding:
        """All thresholds hold."""
        return _every([each(look) for each in self.thresholds])

    def stability(self, look: Look) -> Finding:
        """The last samples of every metric lie close together."""
        return _every([self._steady(look, name) for name in self.stable])

    def improvement(self, look: Look) -> Finding:
        """The primary metric neither gains nor loses any more."""
        wanted = self.settings.improvement
        if wanted is None or self.is_missing(look, self.primary):
            return Finding(holds=False, text=f"{self.primary} is missing")
        found = self.gain(look)
        if found is UNDEFINED:
            return Finding(holds=False, text=f"{self.primary} has fewer than {wanted.window} samples")
        holds = -wanted.least < found < wanted.least
        sign = "<" if holds else "is not <"
        text = f"gain of {self.primary} {_short(found)} in size {sign} {wanted.least}"
        return Finding(holds=holds, text=text)

    def gain(self, look: Look) -> Any:
        """The mean gain per step of the primary metric, `UNDEFINED` with too few samples."""
        window = self.settings.improvement.window if self.settings.improvement else GAIN_WINDOW
        return guarded(self.primary, lambda: gain(look.last(self.primary, window), window, self.sign))

    def expression(self, look: Look) -> Finding:
        """One of the expressions is true."""
        for text, holds in self.expressions:
            if holds(look.values) is True:
                return Finding(holds=True, text=text)
        return Finding(holds=False, text="none of the expressions is true")

    def adaptive(self, look: Look) -> Finding:
        """The target of the stage that is reached is met."""
        wanted = self.settings.adaptive
        target = None if wanted is None else active_target(wanted, look.completed)
        if wanted is None or target is None:
            return Finding(holds=False, text="no stage is reached yet")
        name = self.primary if wanted.metric == QUALITY and not look.has(QUALITY) else wanted.metric
        return self._compared(look, name, self.toward(name), target, 0)

    # -- parts ------------------------------------------------------------------------------------

    def toward(self, name: str) -> str:
        """The comparison with a target of the metric *name*."""
        named = [each for each in self.settings.thresholds if each.metric == name]
        direction = self.direction if name == self.primary else _direction_of(name, named)
        return "<=" if (direction or self.direction) == "minimize" else ">="

    def _threshold(self, wanted: Threshold) -> Criterion:
        name = wanted.metric or self.primary
        sign = wanted.operator or self.toward(name)
        if name == "iteration":
            return lambda look: _compare(name, look.completed, sign, wanted.value, wanted.tolerance)
        if name in ANSWERED:
            place = self._answer_at(name)
            return lambda look: _compare(name, look.values[place], sign, wanted.value, wanted.tolerance)
        self.layout.value_at(name)
        return lambda look: self._compared(look, name, sign, wanted.value, wanted.tolerance)

    def _compared(self, look: Look, name: str, sign: str, value: Any, tolerance: float) -> Finding:
        if self.is_missing(look, name):
            return Finding(holds=False, text=f"{name} is missing")
        return _compare(name, look.value(name), sign, value, tolerance)

    def is_missing(self, look: Look, name: str) -> bool:
        """Whether the metric has no value, where that is allowed."""
        if look.has(name) and look.value(name) is not None:
            return False
        if self.settings.ignores_missing:
            return True
        if not look.has(name):
            look.value(name)  # says what is missing
        msg = f"metric {name!r} is None; missing='ignore' takes that for a criterion that is not met"
        raise MissingMetricError(msg)

    def _stable_metrics(self) -> list[str]:
        wanted = self.settings.stability
        if wanted is None:
            return []
        named = [each.metric or self.primary for each in self.settings.thresholds]
        found = wanted.metrics or [each for each in dict.fromkeys(named) if each not in RESERVED]
        names = list(found) or [self.primary]
        for name in names:
            self.layout.series_at(name, wanted.window)
        return names

    def _steady(self, look: Look, name: str) -> Finding:
        wanted = self.settings.stability
        held = look.last(name, wanted.window) if wanted is not None and look.has(name) else []
        if wanted is None or len(held) < wanted.window:
            return Finding(holds=False, text=f"{name} has too few samples for a measure of stability")
        spread = guarded(name, lambda: SPREADS[wanted.measure](numbers(held, wanted.measure)))
        holds = bool(spread <= wanted.threshold)
        sign = "<=" if holds else "is not <="
        return Finding(
            holds=holds, text=f"{wanted.measure} of {name} {_short(spread)} {sign} {wanted.threshold}"
        )

    def _compiled(self, expression: Expression) -> Callable[[Values], bool]:
        """As `Expression.compiled`, but that the checker answers some names itself."""
        for name in expression.names:
            if name in ANSWERED:
                self._answer_at(name)
        return Compiler(expression.text, self.layout).condition(Renamed().visit(parsed(expression.text)))

    def _answer_at(self, name: str) -> int:
        self.layout.series_at(self.primary, ANSWERED[name])
        return self.layout.value_at(OWN + name)


class Renamed(ast.NodeTransformer):
    """Has an expression look up the names that a checker answers where it puts the answers."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A name by itself."""
        if node.id not in ANSWERED:
            return node
        owner = ast.copy_location(ast.Name(OWN.rstrip("."), ast.Load()), node)
        return ast.copy_location(ast.Attribute(owner, node.id, ast.Load()), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """A path, which is a metric whatever its words are."""
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """What a function is called with; the function is no name of a metric."""
        node.args = [self.visit(each) for each in node.args]
        return node


def active_target(wanted: Adaptive, completed: int) -> float | None:
    """The target of the stage with the largest count up to *completed*, None before the first."""
    stages = zip(wanted.iterations, wanted.targets, strict=True)
    reached = [target for count, target in stages if count <= completed]
    return reached[-1] if reached else None


def _short(value: Any) -> str:
    """A number in a message."""
    return f"{value:.6g}" if isinstance(value, float) else shown(value)


def _every(findings: list[Finding]) -> Finding:
    failed = [each.text for each in findings if not each.holds]
    if failed:
        return Finding(holds=False, text=" and ".join(failed))
    return Finding(holds=True, text=" and ".join(each.text for each in findings))


def _direction_of(metric: str, named: list[Threshold]) -> str | None:
    """The direction that the threshold of *metric* shows."""
    signs = [each.operator for each in named if each.metric == metric]
    return DIRECTIONS.get(signs[0] or "") if signs else None


def _compare(name: str, found: Any, sign: str, value: Any, tolerance: float) -> Finding:
    """Whether *found* is within *tolerance* of holding; with too little data, NaN or infinity it is not."""
    holds = guarded(name, lambda: _within(found, sign, value, tolerance)) is True
    words = sign if holds else f"is not {sign}"
    what = "has too little data yet for" if found is UNDEFINED else f"{shown(found)} {words}"
    return Finding(holds=holds, text=f"{name} {what} {value!r}")


def _within(found: Any, sign: str, value: Any, tolerance: float) -> Any:
    if not tolerance or found.__class__ not in NUMBERS:
        return comparing(sign, nan_raises=False)(found, value)
    if sign in ("==", "!="):
        # Of NaN and infinity every comparison is false, also that they are far away.
        return comparing("<=" if sign == "==" else ">", nan_raises=False)(abs(found - value), tolerance)
    bound = value - tolerance if sign[0] == ">" else value + tolerance
    return comparing(sign, nan_raises=False)(found, bound)


def guarded(name: str, made: Callable[[], Any]) -> Any:
    """What *made* gives; ConvergenceExpressionError that names the metric where that cannot be."""
    try:
        return made()
    except (Unfit, ArithmeticError) as error:
        msg = f"metric {name!r}: {error}"
        raise ConvergenceExpressionError(msg) from None


DIRECTIONS: Final = {">": "maximize", ">=": "maximize", "<": "minimize", "<=": "minimize"}
"""What a comparison says of the direction a metric is to take."""
