"""Ready rules for when to stop: a fixed point, a value that stays where it is, and combinations.

A rule is a setting and keeps nothing of a run: `start` gives what a run asks.
"""

from __future__ import annotations

import abc
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, final

from fast_dag.checks import check_int
from fast_dag.errors import CycleConfigurationError, ExecutionError
from fast_dag.graph.arity import arity
from fast_dag.graph.cycle_fields import FIXED_POINT
from fast_dag.graph.signature import is_async_function
from fast_dag.plan.plan import Until
from fast_dag.run.brief import brief
from fast_dag.run.change import difference, equal

Test = Callable[[Any, Any, int], Any]
"""Whether a rule holds for the last two values, after a round."""


class Rule(abc.ABC):
    """When an iteration or a cycle has come to its aim.

    Calling a rule asks it about these two values alone.
    """

    name: str
    """What `reason_detail` shows."""
    calls_user = False
    """Whether it calls a function of the user's."""

    @abc.abstractmethod
    def start(self) -> Test:
        """What a run asks, made anew each time it begins to go round."""

    @final
    def __call__(self, prev: Any, cur: Any) -> bool:
        """Whether it holds for these two values, in a first round."""
        return bool(self.start()(prev, cur, 1))

    def __repr__(self) -> str:
        return f"<rule {self.name}>"


class FixedPoint(Rule):
    """Holds when two values are equal, or closer than *tol*."""

    name = FIXED_POINT

    def __init__(self, tol: float | None = None, eq: Callable[[Any, Any], Any] | None = None) -> None:
        if tol is not None and eq is not None:
            msg = "fixed_point takes tol or eq, not both"
            raise CycleConfigurationError(msg)
        if tol is not None:
            _check_number("tol", tol, positive=True)
        if eq is not None and (not callable(eq) or arity(eq, 2, 2) is None):
            msg = f"eq of fixed_point must be a function of two values, got {eq!r}"
            raise CycleConfigurationError(msg)
        _check_sync(eq, "fixed_point")
        self._tol, self._eq = tol, eq
        self.calls_user = eq is not None

    def start(self) -> Test:
        """A function that keeps nothing."""
        if self._eq is not None:
            eq = self._eq
            return lambda prev, cur, _: eq(prev, cur)
        if self._tol is not None:
            return partial(_is_close, self._tol)
        return lambda prev, cur, _: equal(prev, cur)


class Stable(Rule):
    """Holds when the last *window* values lie within *tol*."""

    name = "stable"

    def __init__(self, key: str | None, tol: float, window: int) -> None:
        _check_number("tol", tol, positive=False)
        try:
            check_int("window", window, 1)
        except ValueError as error:
            raise CycleConfigurationError(str(error)) from None
        self._key, self._tol, self._window = key, tol, window

    def start(self) -> Test:
        """Something that keeps the samples."""
        return _Samples(self._key, self._tol, self._window)


class _Samples:
    """The last values of one run; `samples` is all that is kept of it."""

    def __init__(self, key: str | None, tol: float, window: int) -> None:
        self._key, self._tol = key, tol
        self.samples: deque[Any] = deque(maxlen=window)

    def __call__(self, _: Any, cur: Any, __: int) -> bool:
        self.samples.append(self._sample(cur))
        if len(self.samples) < (self.samples.maxlen or 0):
            return False
        # Not max - min: NaN would be lost there.
        return all(each - least <= self._tol for least in self.samples for each in self.samples)

    def _sample(self, value: Any) -> Any:
        if self._key is None:
            return value
        if isinstance(value, Mapping):
            if self._key in value:
                return value[self._key]
        elif hasattr(value, self._key):
            return getattr(value, self._key)
        msg = f"stable looks at {self._key!r}, which {brief(value)} does not have"
        raise ExecutionError(msg)


class Joined(Rule):
    """Several rules; each is asked in every round, so that those with samples miss none."""

    def __init__(self, name: str, rules: tuple[Any, ...], joins: Callable[[list[bool]], bool]) -> None:
        if not rules:
            msg = f"{name} takes rules, got none"
            raise CycleConfigurationError(msg)
        self.name = name
        self._rules = [rule_of(each) for each in rules]
        for each in rules:
            _check_sync(each, name)
        self._joins = joins
        self.calls_user = any(each.calls_user for each in self._rules)

    def start(self) -> Test:
        """All of them, begun anew."""
        return _Together([each.start() for each in self._rules], self._joins)


class _Together:
    def __init__(self, tests: list[Test], joins: Callable[[list[bool]], bool]) -> None:
        self._tests, self._joins = tests, joins

    def __call__(self, prev: Any, cur: Any, round_: int) -> bool:
        return self._joins([bool(test(prev, cur, round_)) for test in self._tests])

    @property
    def samples(self) -> _Series:
        """What those of them keep that keep anything."""
        return _Series([test.samples for test in self._tests if hasattr(test, "samples")])


class _Series(list[Any]):
    """The samples of several rules, to be kept and taken up again in their order."""

    def __init__(self, parts: list[Any]) -> None:
        super().__init__(list(part) for part in parts)
        self._parts = parts

    def extend(self, kept: Any) -> None:
        """Give each what was kept of it."""
        for part, samples in zip(self._parts, kept, strict=True):
            part.extend(samples)


def fixed_point(*, tol: float | None = None, eq: Callable[[Any, Any], Any] | None = None) -> Rule:
    """Holds when a round has changed nothing: the last two values are equal.

    >>> fixed_point()(2, 2), fixed_point(tol=0.1)([1.0, 2.0], [1.05, 2.0])
    (True, True)

    Parameters:
        tol: the largest absolute difference has to be less; of numbers, arrays, and sequences or mappings of
            numbers.  Without it they are compared by ``==``, arrays by all elements.  NaN equals nothing.
        eq: tells whether two values are equal.

    Raises:
        CycleConfigurationError: *tol* is no number above 0, or *eq* no function of two values.
    """
    return FixedPoint(tol, eq)


def stable(key: str | None, tol: float, window: int = 3) -> Rule:
    """Holds when the largest and the least of the last *window* values differ by at most *tol*.

    Parameters:
        key: a key or field of the value, None for the value itself.
        tol: a number, at least 0.
        window: how many values; what the first round began with is none of them.

    Raises:
        CycleConfigurationError: a bad tolerance or window.
    """
    return Stable(key, tol, window)


def any_of(*rules: str | Callable[..., Any]) -> Rule:
    """Holds when one of *rules* does.

    Raises:
        CycleConfigurationError: there are none, or one is no rule or is async.
    """
    return Joined("any_of", rules, any)


def all_of(*rules: str | Callable[..., Any]) -> Rule:
    """Holds when all of *rules* do; errors as for `any_of`."""
    return Joined("all_of", rules, all)


def rule_of(until: Any) -> Until:
    """A rule, the name of one, or a function of ``(prev, cur)`` or ``(prev, cur, round)``, ready to be asked.

    Raises:
        CycleConfigurationError: it is none of these.
    """
    if isinstance(until, str) and until == FIXED_POINT:
        until = FixedPoint()
    if isinstance(until, Rule):
        return Until(until.name, until.start, until.calls_user)
    taken = arity(until, 2, 3) if callable(until) else None
    if taken is None:
        msg = f"until must accept (prev, cur) or (prev, cur, round), got {until!r}"
        raise CycleConfigurationError(msg)
    name = str(getattr(until, "__name__", type(until).__name__))
    call: Test = until if taken == 3 else lambda prev, cur, _: until(prev, cur)  # noqa: PLR2004 - the round too
    return Until(name, lambda: call, is_async=is_async_function(until))


def _is_close(tol: float, prev: Any, cur: Any, _: int) -> bool:
    found = difference(prev, cur)
    return found is not None and found < tol


def _check_number(name: str, value: Any, *, positive: bool) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not (value > 0 if positive else value >= 0):
        msg = f"{name} must be a number {'> 0' if positive else '>= 0'}, got {value!r}"
        raise CycleConfigurationError(msg)


def _check_sync(function: Any, where: str) -> None:
    if function is not None and callable(function) and is_async_function(function):
        msg = f"{where} cannot await {function!r}: give an async function to until itself"
        raise CycleConfigurationError(msg)
