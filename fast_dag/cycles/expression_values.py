"""What operators and functions of expressions make of values; three-valued where data is still missing."""

from __future__ import annotations

import enum
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

NUMBERS: Final = frozenset({int, float, bool})
LARGEST: Final = 2**63
"""The largest int that `*` and `**` may give."""
MOST_DIGITS: Final = 300
"""Places that `round` may keep; more cost time and change nothing."""


class Undefined(enum.Enum):
    """The type of `UNDEFINED`."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED
"""There is too little data yet: neither true nor false, and no number."""


class Unfit(Exception):
    """A value that an operator or a function cannot take; who catches it knows the text and the column."""


class NotANumberMet(Unfit):
    """A comparison with NaN where that is an error."""


def finite(value: Any) -> bool:
    """Whether a number is neither NaN nor infinite."""
    return bool(value.__class__ is not float or value - value == 0.0)


def truth(value: Any, *, nan_raises: bool) -> bool | Undefined:
    """How *value* counts in and, or, not and at the end; an infinite number is never true.

    Raises:
        NotANumberMet: it is NaN, and *nan_raises*.
    """
    if value is True or value is False or value is UNDEFINED:
        return value
    if value.__class__ is float and not finite(value):
        if value != value and nan_raises:  # noqa: PLR0124 - NaN is the one value that differs from itself
            raise NotANumberMet(_nan())
        return False
    return bool(value)


def comparing(sign: str, *, nan_raises: bool) -> Callable[[Any, Any], Any]:
    """The comparison *sign* for two values.

    A comparison with an infinite number is false, one with NaN is an error or, unless *nan_raises*, false.
    """
    holds = COMPARISONS[sign]

    def compare(left: Any, right: Any) -> Any:
        if left.__class__ in NUMBERS and right.__class__ in NUMBERS:
            if finite(left) and finite(right):
                return holds(left, right)
            return _beyond(left, right, nan_raises=nan_raises)
        if left is UNDEFINED or right is UNDEFINED:
            return UNDEFINED
        if sign in ("==", "!=") and (left is None or right is None):
            return holds(left, right)
        if left.__class__ is str and right.__class__ is str:
            return holds(left, right)
        msg = f"{shown(left)} cannot be compared with {shown(right)} by {sign}"
        raise Unfit(msg)

    return compare


def among(left: Any, choices: Sequence[Any], *, nan_raises: bool) -> Any:
    """Whether *left* equals one of *choices*, which are of one kind or None.

    Raises:
        Unfit: *left* is a number and they are texts, or the other way round.
    """
    if left is UNDEFINED:
        return UNDEFINED
    if left.__class__ is float and not finite(left):
        return _beyond(left, left, nan_raises=nan_raises)
    others = [each for each in choices if each is not None]
    if (
        left is not None
        and others
        and not any((each.__class__ is str) is (left.__class__ is str) for each in others)
    ):
        msg = f"{shown(left)} cannot be among {', '.join(map(shown, others))}"
        raise Unfit(msg)
    return any(each == left for each in choices)


def calculating(sign: str) -> Callable[[Any, Any], Any]:
    """The arithmetic *sign* for two numbers."""
    made = ARITHMETIC[sign]

    def calculate(left: Any, right: Any) -> Any:
        if left.__class__ in NUMBERS and right.__class__ in NUMBERS:
            try:
                return made(left, right)
            except (ArithmeticError, ValueError) as error:
                msg = f"{shown(left)} {sign} {shown(right)}: {error}"
                raise Unfit(msg) from None
        if left is UNDEFINED or right is UNDEFINED:
            return UNDEFINED
        odd = right if left.__class__ in NUMBERS else left
        msg = f"{sign} takes numbers only, got {shown(odd)}"
        raise Unfit(msg)

    return calculate


def number(value: Any, what: str) -> Any:
    """*value*, which has to be a number or undefined."""
    if value.__class__ in NUMBERS or value is UNDEFINED:
        return value
    msg = f"{what} takes numbers only, got {shown(value)}"
    raise Unfit(msg)


def numbers(values: Iterable[Any], what: str) -> list[Any]:
    """*values*, which have to be numbers."""
    found = list(values)
    if not NUMBERS.issuperset(map(type, found)):
        for each in found:
            number(each if each is not UNDEFINED else None, what)
    return found


def rounded(value: Any, digits: Any = None) -> Any:
    """As `round`, with a bound on the digits."""
    if digits is not None and (digits.__class__ is not int or abs(digits) > MOST_DIGITS):
        msg = f"round keeps an integer of at most {MOST_DIGITS} places, got {shown(digits)}"
        raise Unfit(msg)
    try:
        return round(number(value, "round"), digits)
    except (ArithmeticError, ValueError) as error:
        raise Unfit(str(error)) from None


def extreme(pick: Callable[[list[Any]], Any], values: list[Any]) -> Any:
    """The least or greatest of numbers; NaN if one of them is: Python's own answer depends on their order."""
    if not values:
        return UNDEFINED
    return next((each for each in values if each != each), None) or pick(values)  # noqa: PLR0124


def measured(measure: Callable[[Sequence[Any]], Any], values: Sequence[Any], what: str) -> Any:
    """The *measure* of numbers; where one is infinite, or none, it is so as well.

    Of infinite numbers alone most measures would be NaN.
    """
    found = numbers(values, what)
    try:
        # One look tells for all of them, but for sums that are too large themselves.
        if not finite(sum(found)):
            beyond = [each for each in found if not finite(each)]
            if beyond:
                return next((each for each in beyond if each != each), math.inf)  # noqa: PLR0124
        return measure(found)
    except ArithmeticError as error:
        msg = f"{what}: {error}"
        raise Unfit(msg) from None


def mean(values: Sequence[Any]) -> float:
    """The arithmetic mean."""
    made: float = sum(values) / len(values)
    return made


def variance(values: Sequence[Any]) -> float:
    """The population variance, sum((x - mean)^2) / n."""
    middle = mean(values)
    # Times itself and not ** 2, which is an error where the product is infinite.
    distances = [each - middle for each in values]
    made: float = sum([each * each for each in distances]) / len(values)
    return made


def spread(values: Sequence[Any]) -> Any:
    """The greatest less the least; NaN if one is NaN."""
    return extreme(max, list(values)) - extreme(min, list(values))


def slope(values: Sequence[Any]) -> float:
    """The least-squares slope per step, sum((i - mean i)(x - mean x)) / sum((i - mean i)^2)."""
    middle, centre = mean(values), (len(values) - 1) / 2
    above = sum((place - centre) * (each - middle) for place, each in enumerate(values))
    made: float = above / sum((place - centre) ** 2 for place in range(len(values)))
    return made


def deviation(values: Sequence[Any]) -> float:
    """The population standard deviation."""
    return math.sqrt(variance(values))


def relative(values: Sequence[Any]) -> float:
    """The range in relation to the mean, range / max(abs(mean), 1e-12)."""
    made: float = spread(values) / max(abs(mean(values)), 1e-12)
    return made


def shown(value: Any) -> str:
    """*value* in a message: payloads are named by their type, long texts cut."""
    if value is UNDEFINED:
        return "undefined"
    if value.__class__ in NUMBERS or value is None:
        # Python refuses to write out very long ints.
        return repr(value) if value.__class__ is not int or value.bit_length() <= 1000 else "a very long int"  # noqa: PLR2004
    if value.__class__ is str:
        return repr(value if len(value) <= 40 else f"{value[:37]}...")  # noqa: PLR2004
    return f"a {type(value).__name__}"


def _nan() -> str:
    return "a value is NaN (on_nan='ignore' makes such comparisons false)"


def _beyond(left: Any, right: Any, *, nan_raises: bool) -> bool:
    # NaN first: next to an infinite value it is still an error.
    if nan_raises and (left != left or right != right):  # noqa: PLR0124
        raise NotANumberMet(_nan())
    return False


def _times(left: Any, right: Any) -> Any:
    if left.__class__ is not float and right.__class__ is not float:
        # Known before it is made: the factors may be any size.
        _bounded(int(left).bit_length() + int(right).bit_length() - 1)
        return _small(left * right)
    return left * right


def _power(left: Any, right: Any) -> Any:
    if left.__class__ is not float and right.__class__ is not float and right > 0:
        _bounded((int(left).bit_length() - 1) * right)
        return _small(left**right)
    made = left**right
    if made.__class__ is complex:
        msg = "a root of a negative number is no real number"
        raise ValueError(msg)
    return made


def _bounded(bits: int) -> None:
    if bits > LARGEST.bit_length():
        raise OverflowError(TOO_LARGE)


def _small(value: int) -> int:
    if abs(value) > LARGEST:
        raise OverflowError(TOO_LARGE)
    return value


TOO_LARGE = "integers beyond 2**63 are too large here"
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": _times,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": _power,
}
MEASURES: dict[str, Callable[[Sequence[Any]], Any]] = {
    "mean": mean,
    "variance": variance,
    "range": spread,
    "slope": slope,
}
"""Functions over the last samples of a metric."""
SPREADS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "range": spread,
    "variance": variance,
    "stdev": deviation,
    "relative": relative,
}
"""How far samples lie apart, for stability and trends."""
