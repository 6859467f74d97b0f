"""A node that sends its input one way or another, by comparing a field of it."""

from __future__ import annotations

import inspect
import operator as operators
from collections.abc import Callable, Mapping
from typing import Any, Final

from fast_dag.checks import suggestion
from fast_dag.cycles.expression_values import Unfit, shown
from fast_dag.cycles.scalars import part
from fast_dag.errors import (
    ConditionError,
    CycleConfigurationError,
    MissingInputError,
    MissingOutputError,
)
from fast_dag.values import NO_DATA, NodeType, SelectReturn

OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operators.eq,
    "!=": operators.ne,
    ">": operators.gt,
    "<": operators.lt,
    ">=": operators.ge,
    "<=": operators.le,
    "in": lambda found, value: found in value,
    "not_in": lambda found, value: found not in value,
}
SIGNATURE: Final = inspect.Signature(
    [inspect.Parameter("input", inspect.Parameter.POSITIONAL_OR_KEYWORD)], return_annotation=SelectReturn
)


class SwitchNode:
    """Sends its input to the branch that a comparison chooses; a router, as a select node is.

    The branches are ``true_output`` and ``false_output``, with *cases* ``case_<label>`` and ``default``.

    >>> SwitchNode(condition_field="loss.value", operator="<", value=0.1)({"loss": {"value": 0.05}}).branch
    'true_output'
    >>> SwitchNode(operator=">=", cases={"hot": 30, "warm": 20})(25).branch
    'case_warm'

    Parameters:
        name: default ``SwitchNode``; what the node is called unless it is added under another name.
        condition_field: keys of mappings, or fields of NamedTuples and dataclasses, joined by dots; None
            compares the input itself.
        operator: one of ``== != > < >= <= in not_in``; the field stands left of it.
        value: what the field is compared with.
        cases: in place of *value* what it is compared with for each label; the first that holds is taken.

    Raises:
        CycleConfigurationError: an unknown operator, a field that is no text, nothing to look for in, or
            cases that are no labels with values.
    """

    node_type: Final = NodeType.SELECT
    input_aliases: Final = {"input_data": "input"}
    """Other names under which edges may feed an input."""

    def __init__(
        self,
        name: str | None = None,
        condition_field: str | None = None,
        operator: str = "==",
        value: Any = True,  # noqa: FBT002 - it may be anything; true is what flags are compared with
        cases: Mapping[str, Any] | None = None,
    ) -> None:
        self.__name__ = "SwitchNode" if name is None else name
        self.condition_field = _checked_field(condition_field)
        self.operator = _checked_operator(operator)
        self.value = value
        self.cases = None if cases is None else _checked_cases(cases)
        if self.cases is not None and value is not True:
            msg = f"a switch has either value={value!r} or cases, whose values take its place"
            raise CycleConfigurationError(msg)
        for each in (value,) if self.cases is None else self.cases.values():
            _check_container(operator, each)
        # One input under one name, whatever a plain call may be given.
        self.__signature__ = SIGNATURE

    @property
    def name(self) -> str:
        """What the node is called unless it is added under another name."""
        return self.__name__

    @name.setter
    def name(self, name: str) -> None:
        self.__name__ = name

    @property
    def outputs(self) -> tuple[str, ...]:
        """Its branches."""
        if self.cases is None:
            return ("true_output", "false_output")
        return (*(f"case_{label}" for label in self.cases), "default")

    def __repr__(self) -> str:
        field = self.condition_field or "input"
        compared = repr(self.value) if self.cases is None else f"one of {', '.join(self.cases)}"
        return f"<SwitchNode {self.name!r}: {field} {self.operator} {compared}>"

    def __call__(self, input: Any = NO_DATA, *, input_data: Any = NO_DATA) -> SelectReturn:
        """The branch that *input* takes, which it is also given; *input_data* is another name for it.

        Raises:
            MissingInputError: neither is given.
            MissingOutputError: the input has no such field.
            ConditionError: the field cannot be compared.
        """
        given = input_data if input is NO_DATA else input
        if given is NO_DATA:
            msg = f"switch {self.name!r} has no input: connect something to it"
            raise MissingInputError(msg, self.name)
        return SelectReturn(self._branch(self._field(given)), given)

    def _branch(self, found: Any) -> str:
        if self.cases is None:
            return "true_output" if self._holds(found, self.value) else "false_output"
        chosen = (label for label, value in self.cases.items() if self._holds(found, value))
        return next((f"case_{label}" for label in chosen), "default")

    def _field(self, given: Any) -> Any:
        found = given
        for key in self.condition_field.split(".") if self.condition_field else ():
            try:
                found = part(found, key)
            except (Unfit, AttributeError) as error:  # a dataclass may lack what it declares
                msg = f"switch {self.name!r} finds no {self.condition_field!r} in its input: {error}"
                raise MissingOutputError(msg, self.name) from None
        return found

    def _holds(self, found: Any, value: Any) -> bool:
        try:
            # The answer of an array has no truth of its own, which is a ValueError.
            return bool(OPERATORS[self.operator](found, value))
        except (TypeError, ValueError) as error:
            what = self.condition_field or "input"
            msg = (
                f"switch {self.name!r} cannot compare {what} ({shown(found)}) "
                f"by {self.operator} with {shown(value)}: {error}"
            )
            raise ConditionError(msg, self.name, error) from error


def _checked_field(field: Any) -> str | None:
    if field is None or (isinstance(field, str) and all(field.split("."))):
        return field
    msg = f"condition_field must be keys joined by dots, or None for the input itself, got {field!r}"
    raise CycleConfigurationError(msg)


def _checked_operator(sign: Any) -> str:
    if isinstance(sign, str) and sign in OPERATORS:
        return sign
    msg = f"operator must be one of {' '.join(OPERATORS)}, got {sign!r}{suggestion(sign, OPERATORS)}"
    raise CycleConfigurationError(msg)


def _checked_cases(cases: Any) -> dict[str, Any]:
    is_table = isinstance(cases, Mapping) and bool(cases)
    if is_table and all(isinstance(label, str) and label and "." not in label for label in cases):
        return dict(cases)
    msg = f"cases must map labels (texts without a dot) to values, got {cases!r}"
    raise CycleConfigurationError(msg)


def _check_container(sign: str, value: Any) -> None:
    if sign in ("in", "not_in") and not hasattr(type(value), "__contains__"):
        msg = f"operator {sign!r} needs a value that holds others, such as a list, got {value!r}"
        raise CycleConfigurationError(msg)
