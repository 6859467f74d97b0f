"""How the series of a cycle's objective ended: one of nine words.

| verdict | the first of these that holds; n samples, window w, d = +1 to maximize and -1 to minimize |
|---|---|
| not_a_number | the last value is NaN |
| converged | the cycle ended by converged or exit |
| diverging | the last value is infinite; or the last w - 1 steps are worse, the last as large as the first |
| insufficient_data | n < w |
| stalled | the cycle ended by that, or the last w values are equal |
| oscillating | the last max(w, 2p) values repeat with a period p of 2 to 8 |
| plateau | the last w values lie within tolerance * max(1, abs(mean)) |
| improving, degrading | by the sign of d times the least-squares slope of the last w values |
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

from fast_dag.cycles.expression_values import NUMBERS, finite, mean, slope, spread
from fast_dag.cycles.gain import sign_of

LONGEST_PERIOD = 8
EPSILON = 1e-9
"""Values that differ by less, in relation to the largest of them, repeat."""
MOST_BITS = 1000
REACH = 2 * LONGEST_PERIOD
"""Samples that a verdict looks back on, if its window is not longer."""


def verdict(
    series: Sequence[Any],
    reason: str | None = None,
    *,
    direction: str = "maximize",
    window: int = 10,
    tolerance: float = 1e-3,
) -> str:
    """How *series* ended.

    >>> verdict([1.0, 2.0, 3.0] * 4)
    'oscillating'
    >>> verdict([0.5, 0.4], "max_iterations")
    'insufficient_data'

    Parameters:
        series: the samples of the objective in order; what is no number is left out.
        reason: why the cycle ended, None while it goes on.
        direction: what a better value is, maximize (greater) or minimize (less).
        window: samples that are looked at.
        tolerance: what counts as no change, in relation to the mean.

    Returns:
        One of the nine words above.
    """
    values, sign = _last(series, window), sign_of(direction)
    word, _ = _at_rest(values, reason, sign, window, tolerance)
    return word or ("improving" if sign * slope(values[-window:]) > 0 else "degrading")


def verdict_to_stop(
    series: Sequence[Any], stop_on: Collection[str], *, direction: str, window: int, tolerance: float
) -> tuple[str, str] | None:
    """The verdict on a cycle that goes on, and its text, if it is one of *stop_on*.

    None if it is not, or if there are fewer than *window* samples.  The text of an oscillation has its
    period, such as ``oscillating (period 3)``.
    """
    if len(series) < window:
        return None
    word, text = _at_rest(_last(series, window), None, sign_of(direction), window, tolerance)
    return (word, text) if word in stop_on else None


def oscillation_period(values: Sequence[Any], window: int) -> int:
    """The least period from 2 to 8 with which the last values repeat, 0 if there is none.

    With m = max(window, 2p): abs(x[i] - x[i-p]) <= 1e-9 * max(1, max abs(x)) over the last m values,
    which are not all equal; what differs by no more than that is equal here, or each series that dies away
    would oscillate in the end.
    """
    widest = EPSILON * max(1.0, *map(abs, values)) if values else 0
    for period in range(2, LONGEST_PERIOD + 1):
        reach = max(window, 2 * period)
        if reach > len(values):
            return 0
        # Most series do not repeat at their very end, which is seen at once.
        if not abs(values[-1] - values[-1 - period]) <= widest:
            continue
        last = values[-reach:]
        epsilon = EPSILON * max(1.0, *map(abs, last))
        repeats = all(abs(last[i] - last[i - period]) <= epsilon for i in range(period, reach))
        if repeats and finite(epsilon) and any(abs(each - last[0]) > epsilon for each in last):
            return period
    return 0


def _last(series: Sequence[Any], window: int) -> list[Any]:
    """The numbers that a verdict looks back on."""
    numbers = [each for each in series[-max(window, REACH) :] if each.__class__ in NUMBERS]
    return [_within(each) if each.__class__ is int else each for each in numbers]


def _within(value: int) -> float:
    """*value*, as infinite if no float is as large: nothing could be calculated with it."""
    return value if value.bit_length() < MOST_BITS else math.copysign(math.inf, value > 0 or -1)


def _at_rest(
    values: list[Any], reason: str | None, sign: int, window: int, tolerance: float
) -> tuple[str, str]:
    """The first verdict that holds and its text, both empty if only the slope can tell."""
    word = _known_at_once(values, reason) or _by_shape(values, reason, sign, window)
    if not word:
        period = oscillation_period(values, window)
        if period:
            return "oscillating", f"oscillating (period {period})"
        word = "plateau" if _is_flat(values[-window:], tolerance) else ""
    return word, word


def _known_at_once(values: Sequence[Any], reason: str | None) -> str | None:
    """Verdicts that the last value or the reason decides."""
    last = values[-1] if values else 0
    if last != last:  # noqa: PLR0124 - NaN differs from itself
        return "not_a_number"
    if reason in ("converged", "exit"):
        return "converged"
    return "diverging" if last in (float("inf"), float("-inf")) else None


def _by_shape(values: Sequence[Any], reason: str | None, sign: int, window: int) -> str | None:
    """Verdicts that need no slope."""
    if len(values) < window:
        return "insufficient_data"
    last = values[-window:]
    if window > 1 and all(sign * (after - before) < 0 for before, after in pairwise(last)):
        first_step, last_step = last[1] - last[0], last[-1] - last[-2]
        if abs(last_step) >= abs(first_step):
            return "diverging"
    return "stalled" if reason == "stalled" or all(each == last[0] for each in last) else None


def _is_flat(last: Sequence[Any], tolerance: float) -> bool:
    width = spread(last)
    return finite(width) and bool(width <= tolerance * max(1, abs(mean(last))))
