"""Whether a series settles, and where it is going."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.cycles.expression_values import SPREADS, slope
from fast_dag.cycles.gain import sign_of

NAMES = ("converging", "plateau_detected", "direction", "spread", "slope", "samples")


@dataclass(frozen=True, slots=True)
class Trend:
    """How the last samples of a series behave; true if they lie close together.

    >>> trend = Trend(converging=True, direction="flat", spread=0.0, slope=0.0, samples=3)
    >>> bool(trend), trend["plateau_detected"]
    (True, True)
    """

    converging: bool
    """The spread is at most the threshold."""
    direction: str
    """insufficient_data, oscillating, flat, improving or degrading."""
    spread: float | None
    """The measure over the window, None with too few samples."""
    slope: float | None
    """Least squares, per step; None with too few samples."""
    samples: int
    """How many values there were."""

    def __bool__(self) -> bool:
        return self.converging

    def __getitem__(self, name: str) -> Any:
        if name not in NAMES:
            msg = f"a trend has no {name!r}; it has {', '.join(NAMES)}{suggestion(name, NAMES)}"
            raise KeyError(msg)
        return getattr(self, name)

    @property
    def plateau_detected(self) -> bool:
        """The same as `converging`."""
        return self.converging


def trend(
    values: Sequence[float],
    window: int = 3,
    threshold: float = 0.01,
    measure: str = "range",
    direction: str | None = None,
) -> Trend:
    """How the last *window* of *values* behave.

    They are converging if their *measure* is at most *threshold*.  The direction is oscillating if it is not
    and at least half of the window - 2 neighbouring differences change sign; else flat if the least-squares
    slope times window - 1 is at most *threshold* in size; else improving or degrading by the slope's sign.

    >>> trend([5, 1.0, 1.0, 1.005]).direction
    'flat'

    Parameters:
        values: the samples in order.
        window: how many of the last ones are looked at, at least 2.
        threshold: in the unit of the measure.
        measure: range (greatest less least), variance (population), stdev, or relative
            (range / max(abs(mean), 1e-12)).
        direction: what a better value is, maximize (also None) or minimize.

    Returns:
        The trend; with fewer than *window* values it is not converging, its direction insufficient_data.

    Raises:
        ValueError: a window below 2, or no such measure.
    """
    if isinstance(window, bool) or not isinstance(window, int) or window < 2:  # noqa: PLR2004 - a slope needs 2
        msg = f"window must be an integer >= 2, got {window!r}"
        raise ValueError(msg)
    if measure not in SPREADS:
        msg = f"no measure {measure!r}: known are {', '.join(SPREADS)}{suggestion(measure, SPREADS)}"
        raise ValueError(msg)
    count = len(values)
    if count < window:
        return Trend(converging=False, direction="insufficient_data", spread=None, slope=None, samples=count)
    last = list(values[-window:])
    width, rise = SPREADS[measure](last), slope(last)
    converging = bool(width <= threshold)
    is_restless = not converging and _turns_often(last)
    going = "oscillating" if is_restless else _direction(rise, window, threshold, sign_of(direction or ""))
    return Trend(converging, going, width, rise, count)


def _turns_often(last: list[float]) -> bool:
    differences = [after - before for before, after in pairwise(last)]
    turns = sum(before * after < 0 for before, after in pairwise(differences))
    # Two values have no turn to show: half of none would be all of them.
    return len(last) > 2 and 2 * turns >= len(last) - 2  # noqa: PLR2004


def _direction(rise: float, window: int, threshold: float, sign: int) -> str:
    if abs(rise) * (window - 1) <= threshold:
        return "flat"
    return "improving" if sign * rise > 0 else "degrading"
