"""What makes a cycle stop: conditions as objects, which combine with ``&``, ``|`` and ``~``.

The engine does not evaluate them one by one.  When a cycle is built it asks `fast_dag.cycles.compiled` for
`conditions_of(config)`; each time the cycle is entered it takes a `Watch` from that with `start()`, and
after each iteration calls ``watch.after(results, completed, elapsed)``, which answers None or an `Ending`.
Budgets (`max_iterations`, `timeout`) are told when it is built and are the engine's to enforce.

Each condition has one of three ends: what holds makes the cycle *converged*, or *early stopped*, or it is a
*budget*, which never counts as a reason of its own.  `parts` takes a condition apart by these.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, final

from fast_dag.checks import check_int
from fast_dag.cycles.asking import Test, asking
from fast_dag.cycles.expression import Expression
from fast_dag.cycles.layout import Layout
from fast_dag.cycles.once import evaluated
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph.cycle_data import as_data, name_of
from fast_dag.run.brief import brief

Join = Callable[[list["ConvergenceCondition"]], "ConvergenceCondition"]

OPERATORS = ("AND", "OR", "NOT")


class Tested(NamedTuple):
    """A metric that a condition tests, and how."""

    metric: str
    operator: str | None
    """None if it is not tested against a bound."""


class Parts(NamedTuple):
    """A condition taken apart."""

    converging: ConvergenceCondition | None = None
    stopping: tuple[ConvergenceCondition, ...] = ()
    max_iterations: int | None = None
    timeout: float | None = None


class ConvergenceCondition(abc.ABC):
    """Tells after an iteration whether the cycle may stop; subclasses of your own count as converged.

    Conditions are values: they keep nothing of a run, so one may serve many cycles.
    """

    @abc.abstractmethod
    def evaluate(self, results: Mapping[str, Any], cycle_state: Any) -> bool:
        """Whether it holds.

        Parameters:
            results: of the iteration by node, read only.
            cycle_state: the state of the cycle, read only; its `completed` and `metric_history` count.
        """

    @abc.abstractmethod
    def describe(self) -> str:
        """What stands in `reason_detail`."""

    def __and__(self, other: object) -> CompoundCondition:
        return CompoundCondition(_operands(self, other, "AND"), "AND")

    def __or__(self, other: object) -> CompoundCondition:
        return CompoundCondition(_operands(self, other, "OR"), "OR")

    def __rand__(self, other: object) -> CompoundCondition:
        return CompoundCondition([_condition(other), self], "AND")

    def __ror__(self, other: object) -> CompoundCondition:
        return CompoundCondition([_condition(other), self], "OR")

    def __invert__(self) -> CompoundCondition:
        return CompoundCondition([self], "NOT")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.describe()!r})"

    def to_spec(self) -> Any:
        """What `create_convergence_condition` makes it from; functions stay functions."""
        return self

    def to_dict(self) -> dict[str, Any]:
        """As `to_spec`, in plain data; functions go by the names they are registered under.

        Raises:
            NotSerializableError: a function without a name, or a class of your own.
        """
        made: dict[str, Any] = as_data(self.to_spec(), "a condition", name_of)
        return made

    def tested(self) -> Iterator[Tested]:
        """The metrics it tests against a threshold or for stability, in order."""
        yield from ()

    def parts(self) -> Parts:
        """It, by what follows when it holds."""
        return Parts(converging=self)

    def compiled(self, layout: Layout) -> Test:
        """A function that tells whether it holds for values in the places of *layout*."""
        return asking(self.evaluate, layout)


class BuiltIn(ConvergenceCondition):
    """A condition that is compiled, and evaluated by compiling it."""

    @final
    def evaluate(self, results: Mapping[str, Any], cycle_state: Any) -> bool:
        """Whether it holds.

        Parameters:
            results: of the iteration by node.
            cycle_state: None, or the state of the cycle: `completed`, `elapsed_time`, `max_iterations` and
                `metric_history` are looked at, where the last sample is that of this iteration.

        Raises:
            ConvergenceExpressionError, MissingMetricError, AmbiguousMetricError: as in a run.
        """
        return evaluated(self, results, cycle_state)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(type(self))


class ExpressionCondition(BuiltIn):
    """Holds when the expression *text* is true.

    Raises:
        ConvergenceExpressionError: it is no expression that is allowed.
    """

    def __init__(self, text: str) -> None:
        self._expression = Expression(text)
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExpressionCondition) and self.text == other.text

    def __hash__(self) -> int:
        return hash(type(self))

    @property
    def expression(self) -> Expression:
        """Checked, not yet compiled."""
        return self._expression

    def describe(self) -> str:
        """The text itself."""
        return self.text

    def to_spec(self) -> Any:
        """A mapping of type expression."""
        return {"type": "expression", "expression": self.text}

    def tested(self) -> Iterator[Tested]:
        """What stands in it as ``name operator number``."""
        for each in self._expression.comparisons:
            yield Tested(each.name, each.operator)

    def compiled(self, layout: Layout) -> Test:
        """The expression as closures."""
        return self._expression.compiled(layout)


class CallbackCondition(BuiltIn):
    """Holds when *function* returns something true.

    Parameters:
        function: called as ``function(results, state)``, or with the results alone if it takes no more.
        name: shown instead of its own.
    """

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        if not callable(function):
            msg = f"a callback has to be callable, got {function!r}"
            raise CycleConfigurationError(msg)
        self.function = function
        self.name = name

    def describe(self) -> str:
        """The name."""
        return str(self.name or getattr(self.function, "__name__", type(self.function).__name__))

    def to_spec(self) -> Any:
        """A mapping of type callback."""
        named = {"name": self.name} if self.name else {}
        return {"type": "callback", "callback": self.function, **named}

    def compiled(self, layout: Layout) -> Test:
        """The call, or the answer of who makes it."""
        return asking(self.function, layout)


class CompoundCondition(BuiltIn):
    """Joins conditions by AND, OR or NOT; asked from left to right, no further than needed.

    Joined by OR, budgets and early stops keep what they are.  Joined by AND with a condition that converges,
    they are tests like any other.

    Raises:
        CycleConfigurationError: no such operator, NOT of several or of a budget, or no conditions.
    """

    def __init__(self, conditions: Iterable[Any], operator: str = "AND") -> None:
        self.conditions = tuple(_condition(each) for each in conditions)
        self.operator = str(operator).upper()
        if self.operator not in OPERATORS:
            msg = f"operator must be one of {', '.join(OPERATORS)}, got {operator!r}"
            raise CycleConfigurationError(msg)
        if not self.conditions or (self.operator == "NOT" and len(self.conditions) > 1):
            wanted = "one condition" if self.operator == "NOT" else "conditions"
            msg = f"{self.operator} takes {wanted}, got {len(self.conditions)}"
            raise CycleConfigurationError(msg)
        if self.operator == "NOT" and self.conditions[0].parts().converging is None:
            msg = (
                f"{self.conditions[0].describe()!r} bounds the cycle and cannot be negated: use an expression"
            )
            raise CycleConfigurationError(msg)

    def describe(self) -> str:
        """All of them, with their operator."""
        texts = [each.describe() for each in self.conditions]
        if self.operator == "NOT":
            return f"not ({texts[0]})"
        return f" {self.operator.lower()} ".join(
            texts if len(texts) == 1 else [f"({each})" for each in texts]
        )

    def to_spec(self) -> Any:
        """A mapping of type compound."""
        held = [each.to_spec() for each in self.conditions]
        return {"type": "compound", "operator": self.operator, "conditions": held}

    def tested(self) -> Iterator[Tested]:
        """Of each in turn; what NOT holds has no direction."""
        for each in self.conditions:
            for found in each.tested():
                yield Tested(found.metric, None) if self.operator == "NOT" else found

    def parts(self) -> Parts:
        """Of OR those of each; of AND one whole."""
        found = [each.parts() for each in self.conditions]
        if self.operator == "OR":
            return merged(found, lambda held: CompoundCondition(held, "OR"))
        if self.operator == "NOT" or any(each.converging for each in found):
            return Parts(converging=self)
        if any(each.stopping for each in found):
            return Parts(stopping=(self,))
        return Parts(None, (), _latest(found, "max_iterations"), _latest(found, "timeout"))

    def compiled(self, layout: Layout) -> Test:
        """A loop over all of them."""
        tests = [each.compiled(layout) for each in self.conditions]
        if self.operator == "NOT":
            return lambda values: not tests[0](values)
        if self.operator == "AND":
            return lambda values: all(test(values) for test in tests)
        return lambda values: any(test(values) for test in tests)


def merged(
    found: Sequence[Parts], join: Callable[[list[ConvergenceCondition]], ConvergenceCondition]
) -> Parts:
    """The parts of several conditions in one; what converges is joined by *join* if there are several."""
    converging = [each.converging for each in found if each.converging is not None]
    return Parts(
        converging[0] if len(converging) == 1 else join(converging) if converging else None,
        tuple(condition for each in found for condition in each.stopping),
        min((each.max_iterations for each in found if each.max_iterations is not None), default=None),
        min((each.timeout for each in found if each.timeout is not None), default=None),
    )


def check_count(name: str, value: Any, minimum: int) -> int:
    """*value* as an int of at least *minimum*.

    Raises:
        CycleConfigurationError: it is none.
    """
    try:
        check_int(name, value, minimum)
    except ValueError as error:
        raise CycleConfigurationError(str(error)) from None
    return int(value)


def _latest(found: Sequence[Parts], field: str) -> Any:
    given = [getattr(each, field) for each in found]
    return max((each for each in given if each is not None), default=None)


def _operands(left: ConvergenceCondition, right: object, operator: str) -> list[ConvergenceCondition]:
    """*left* and *right*; a chain of one operator stays flat."""
    other = _condition(right)
    is_chain = isinstance(left, CompoundCondition) and left.operator == operator
    return [*(left.conditions if is_chain and isinstance(left, CompoundCondition) else (left,)), other]


def _condition(value: Any) -> ConvergenceCondition:
    """*value*, a text as an expression, a function as a callback."""
    if isinstance(value, ConvergenceCondition):
        return value
    if isinstance(value, str):
        return ExpressionCondition(value)
    if callable(value):
        return CallbackCondition(value)
    msg = f"{brief(value)} is no condition: make one with create_convergence_condition(...)"
    raise CycleConfigurationError(msg)
