"""Trying again: a cycle whose iterations are attempts, with pauses that grow between them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fast_dag.checks import check_seconds
from fast_dag.cycles.compiled import conditions_of
from fast_dag.cycles.courses import Plain
from fast_dag.cycles.expression import Expression
from fast_dag.cycles.expression_parts import RESERVED
from fast_dag.cycles.found import leaves_of
from fast_dag.cycles.watch import Watch
from fast_dag.errors import CycleExecutionError, RetryExhaustedError
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.run.lap import Ending
from fast_dag.run.results import CycleResult

STEEPEST = 1000
"""Powers of two beyond this one are more than any bound on a delay."""

Strategy = str | Callable[[int], float]


def growing(strategy: str, base: float, most: float, number: int) -> float:
    """Seconds before the retry *number*, from 1.

    >>> [growing("exponential", 1.0, 5.0, number) for number in (1, 2, 3, 4)]
    [1.0, 2.0, 4.0, 5.0]
    """
    factor = {
        "exponential": 2.0 ** min(number - 1, STEEPEST),
        "linear": number,
        "fixed": 1,
    }[strategy]
    return min(most, base * factor)


STRATEGIES = ("exponential", "linear", "fixed")


@dataclass(frozen=True)
class Retries(Plain):
    """How a cycle tries again; each entry into the cycle counts anew."""

    strategy: Strategy
    base: float
    most: float
    jitter: float
    success: str
    retry_on: tuple[type[Exception], ...]
    raises: bool
    sleep: Callable[[float], Any] | None = None
    clock: Callable[[], float] | None = None

    def __call__(self) -> Attempts:  # type: ignore[override]
        """The attempts of one entry into the cycle."""
        return Attempts(self)

    @property
    def backoff(self) -> Callable[[int], float] | None:  # type: ignore[override]
        """The function that says how long to wait, if there is one."""
        return self.strategy if callable(self.strategy) else None

    def seconds(self, number: int, answer: Any) -> float:
        """How long to wait before the retry *number*; ValueError if a function gave no number of seconds."""
        if callable(self.strategy):
            check_seconds(f"the delay before retry {number}", answer, positive=False)
            found: float = answer
        else:
            found = growing(self.strategy, self.base, self.most, number)
        return found * (1 + random.uniform(-self.jitter, self.jitter)) if self.jitter else found


class Attempts(Plain):
    """The attempts of one entry into a cycle.

    Parameters:
        retries: how it tries again.
    """

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self.sleep, self.clock, self.backoff = retries.sleep, retries.clock, retries.backoff
        self._success = Success(retries.success)
        self._errors: list[Exception] = []
        self._has_failed = False
        self._made = 0
        self._begun: list[float] = []
        """When the first attempt began, and when the last one did."""

    def delay(self, index: int, answer: Any = None) -> float:
        """Seconds to wait before the attempt *index*."""
        if not index:
            return 0.0
        try:
            return self._retries.seconds(index, answer)
        except ValueError as error:
            raise CycleExecutionError(str(error)) from None

    def begins(self, index: int, now: float) -> None:
        """Take that an attempt begins."""
        self._made = index + 1
        self._begun = [*self._begun[:1], now]
        self._has_failed = False

    def absorbs(self, error: Exception) -> bool:
        """Whether another attempt may follow *error*."""
        if not isinstance(error, self._retries.retry_on):
            return False
        self._has_failed = True
        self._errors.append(error)
        return True

    def after(self, results: Mapping[str, Any], completed: int) -> Ending | None:
        """That the attempt was a success."""
        if self._has_failed or not self._success.holds(results, completed):
            return None
        return Ending("converged", self._retries.success)

    def exhausted(self) -> Exception | None:
        """That no attempt was a success."""
        if not self._retries.raises:
            return None
        last = self._errors[-1] if self._errors and self._has_failed else None
        why = f"failed with {type(last).__name__}: {last}" if last else f"was no {self._retries.success}"
        seconds = self._begun[-1] - self._begun[0] if self._begun else 0.0
        msg = f"none of {self._made} attempts in {seconds:.3g} s succeeded; the last one {why}"
        error = RetryExhaustedError(msg, original_error=last, attempts=self._made)
        error.__cause__ = last
        return error

    def describe(self, result: CycleResult) -> None:
        """Fill in what the attempts failed with."""
        result.errors = list(self._errors)


class Success:
    """Whether an attempt that came back was a success.

    Parameters:
        text: the name of a metric, or an expression; where no such metric is put out, coming back is enough.

    Raises:
        ConvergenceExpressionError: the text is neither.
    """

    def __init__(self, text: str) -> None:
        self._names = [name for name in Expression(text).names if name not in RESERVED]
        self._watch: Watch = conditions_of(CycleConfig(convergence_conditions=(text,))).start()

    def holds(self, results: Mapping[str, Any], completed: int) -> bool:
        """Whether *results* of an attempt are those of a success."""
        paths = [each.path for each in leaves_of(results)]
        if not any(_means(name, path) for name in self._names for path in paths):
            return True
        return self._watch.after(results, completed, 0.0, masked=False) is not None


def _means(name: str, path: str) -> bool:
    return path == name or path.endswith("." + name)
