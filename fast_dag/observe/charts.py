"""Charts as inline SVG: lines, columns and bars; colours come from the page they stand in."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

WIDTH: Final = 560
HEIGHT: Final = 210
LEFT: Final = 58
RIGHT: Final = 14
TOP: Final = 12
BOTTOM: Final = 30
MOST: Final = 400
"""Points of a line; of more the least and the greatest of each stretch are shown."""
DENSE: Final = 90
"""Columns from which on they are drawn as a line."""


class Bar(NamedTuple):
    """A horizontal bar: its name, its length as a part of the whole chart, and what stands beside it."""

    name: str
    part: float
    text: str


def line_chart(values: Sequence[float], title: str, least: float = 0.0) -> str:
    """A series over its index; what is no finite number is left out.

    Parameters:
        values: one for each iteration.
        title: what it shows, for those who do not see it.
        least: what the axis spans at least, so that what hardly changes looks so.
    """
    points = [(place, value) for place, value in enumerate(values) if math.isfinite(value)]
    if not points:
        return '<p class="quiet">No numbers to draw.</p>'
    scale = _Scale([value for _, value in points], len(values), least=least)
    path = " ".join(f"{scale.x(place):.1f},{scale.y(value):.1f}" for place, value in thinned(points, MOST))
    last_place, last = points[-1]
    dots = _dots(points, scale) if len(points) <= DENSE else ""
    drawn = (
        f'<polyline class="line" points="{path}"/>{dots}'
        f'<circle class="dot last" cx="{scale.x(last_place):.1f}" cy="{scale.y(last):.1f}" r="3.5"/>'
    )
    return _svg(f"{scale.grid()}{drawn}", title)


def column_chart(values: Sequence[float], classes: Sequence[str], title: str) -> str:
    """A column for each value from 0 on; many of them become a line.

    Parameters:
        values: at least 0.
        classes: the style of each column, "" for the usual one.
        title: as for `line_chart`.
    """
    if len(values) > DENSE:
        return line_chart(values, title)
    points = [(place, value) for place, value in enumerate(values) if math.isfinite(value)]
    if not points:
        return '<p class="quiet">No numbers to draw.</p>'
    scale = _Scale([0.0, *(value for _, value in points)], len(values), margin=0.5)
    room = (WIDTH - LEFT - RIGHT) / len(values)
    wide = min(40.0, room * 0.72)
    drawn = "".join(
        f'<rect class="column {classes[place]}" x="{scale.x(place) - wide / 2:.1f}" y="{scale.y(value):.1f}" '
        f'width="{wide:.1f}" height="{max(1.0, HEIGHT - BOTTOM - scale.y(value)):.1f}" rx="2">'
        f"<title>{place}: {escape(number(value))}</title></rect>"
        for place, value in points
    )
    return _svg(f"{scale.grid()}{drawn}", title)


def bar_chart(bars: Sequence[Bar]) -> str:
    """Bars under each other, each with its name and a text."""
    rows = "".join(
        f'<div class="bar"><span class="name" title="{escape(each.name)}">{escape(each.name)}</span>'
        f'<span class="track"><span class="fill" style="width:{100 * max(0.0, min(1.0, each.part)):.2f}%">'
        f'</span></span><span class="figure">{escape(each.text)}</span></div>'
        for each in bars
    )
    return f'<div class="bars">{rows}</div>'


def thinned(points: Sequence[tuple[int, float]], most: int) -> list[tuple[int, float]]:
    """At most about *most* of the points: the lowest and the highest of each stretch, in order.

    >>> thinned([(0, 1.0), (1, 5.0), (2, 0.0), (3, 2.0)], 2)
    [(1, 5.0), (2, 0.0)]
    """
    if len(points) <= most:
        return list(points)
    stretch = math.ceil(2 * len(points) / most)
    found: list[tuple[int, float]] = []
    for start in range(0, len(points), stretch):
        part = points[start : start + stretch]
        ends = min(part, key=lambda each: each[1]), max(part, key=lambda each: each[1])
        found += sorted(dict.fromkeys(ends))
    return found


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers from at most *low* to at least *high*, about *count* steps.

    >>> ticks(0.0, 9.3)
    [0.0, 2.5, 5.0, 7.5, 10.0]
    """
    least = (high - low) / count
    # Next to zero floats lie too far apart for steps between them.
    step = _round_step(least) if least > sys.float_info.min else abs(high) / 2 or 1.0
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [place * step for place in range(first, max(last, first + 1) + 1)]


def number(value: float) -> str:
    """A number in a few characters.

    >>> number(0.12345), number(1234.5), number(12.0), number(1.5e-7)
    ('0.1235', '1234', '12', '1.5e-07')
    """
    text = f"{value:.4g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 1e7 else text  # noqa: PLR2004 - as long as it is short


def _told(values: Sequence[float]) -> list[str]:
    """Round numbers with as many digits as tell them apart."""
    texts = [number(each) for each in values]
    digits = 5
    while len(set(texts)) < len(texts) and digits <= 15:  # noqa: PLR2004 - a float has no more
        texts, digits = [f"{each:.{digits}g}" for each in values], digits + 1
    return texts


def _round_step(least: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= least * (1 - 1e-9))


class _Scale:
    """Where places and values lie in a chart."""

    def __init__(self, values: Sequence[float], count: int, least: float = 0.0, margin: float = 0.0) -> None:
        low, high = min(values), max(values)
        spare = max(0.0, least - (high - low)) / 2
        self._ticks = ticks(low - spare, high + spare)
        self._low, self._high = self._ticks[0], self._ticks[-1]
        self._count, self._margin = count, margin

    def x(self, place: float) -> float:
        """Of an index."""
        spread = max(1.0, self._count - 1 + 2 * self._margin)
        part = (place + self._margin) / spread if self._count > 1 or self._margin else 0.5
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Of a value."""
        return HEIGHT - BOTTOM - (value - self._low) / (self._high - self._low) * (HEIGHT - TOP - BOTTOM)

    def grid(self) -> str:
        """Lines and numbers of both axes."""
        rows = "".join(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(each):.1f}" '
            f'y2="{self.y(each):.1f}"/><text class="tick" x="{LEFT - 8}" y="{self.y(each) + 3.5:.1f}" '
            f'text-anchor="end">{escape(text)}</text>'
            for each, text in zip(self._ticks, _told(self._ticks), strict=True)
        )
        places = [each for each in ticks(0, self._count - 1, 6) if each < self._count and each == int(each)]
        below = f'y="{HEIGHT - 10}" text-anchor="middle"'
        columns = "".join(
            f'<text class="tick" x="{self.x(each):.1f}" {below}>{each:.0f}</text>' for each in places
        )
        return rows + columns


def _dots(points: Sequence[tuple[int, float]], scale: _Scale) -> str:
    return "".join(
        f'<circle class="dot" cx="{scale.x(place):.1f}" cy="{scale.y(value):.1f}" r="2.2">'
        f"<title>{place}: {escape(number(value))}</title></circle>"
        for place, value in points
    )


def _svg(drawn: str, title: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{drawn}</svg>'
