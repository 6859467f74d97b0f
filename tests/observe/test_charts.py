"""Charts: what is drawn where, and that any numbers can be drawn."""

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fast_dag.observe.charts import (
    HEIGHT,
    WIDTH,
    Bar,
    bar_chart,
    column_chart,
    line_chart,
    number,
    thinned,
    ticks,
)

NUMBERS = st.floats(-1e12, 1e12)


def drawn(text):
    return ET.fromstring(text)  # noqa: S314 - it was made a line above


@given(st.lists(NUMBERS, min_size=1, max_size=300))
def test_every_point_of_a_line_lies_in_the_chart(values):
    chart = drawn(line_chart(values, "values"))
    (line,) = chart.findall("polyline")
    points = [tuple(map(float, each.split(","))) for each in line.get("points").split()]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)


@example([5e-324])
@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=90))
def test_every_column_stands_on_the_ground(values):
    columns = drawn(column_chart(values, [""] * len(values), "values")).findall("rect")
    assert len(columns) == len(values)
    feet = [float(each.get("y")) + float(each.get("height")) for each in columns]
    assert all(foot == pytest.approx(HEIGHT - 30, abs=1.1) for foot in feet)


def test_many_columns_become_a_line():
    assert drawn(column_chart([1.0] * 500, [""] * 500, "values")).findall("polyline")


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf, -math.inf]])
def test_without_numbers_nothing_is_drawn(values):
    assert "No numbers" in line_chart(values, "values")
    assert "No numbers" in column_chart(values, [""] * len(values), "values")


def test_what_is_no_number_is_left_out_of_a_line():
    chart = drawn(line_chart([1.0, math.nan, 3.0], "values"))
    assert len(chart.find("polyline").get("points").split()) == 2


@given(NUMBERS, NUMBERS)
def test_ticks_are_few_rise_and_enclose_the_values(one, other):
    low, high = sorted((one, other))
    found = ticks(low, high)
    assert 2 <= len(found) <= 8
    assert found == sorted(set(found))
    slack = 1e-6 * max(abs(low), abs(high), 1e-300)
    assert found[0] <= low + slack
    assert found[-1] >= high - slack


def test_an_axis_tells_its_ticks_apart():
    texts = re.findall(r">([\d.]+)</text>", line_chart([32.2701, 32.2704], "MiB"))
    assert len(set(texts[:4])) == 4


def test_what_hardly_changes_looks_flat():
    (line,) = drawn(line_chart([100.0, 100.001], "MiB", least=1.0)).findall("polyline")
    first, last = (float(each.split(",")[1]) for each in line.get("points").split())
    assert abs(first - last) < 1


@given(st.lists(NUMBERS, min_size=1, max_size=500), st.integers(2, 50))
def test_thinning_keeps_the_extremes(values, most):
    found = thinned(list(enumerate(values)), most)
    kept = [value for _, value in found]
    assert (min(kept), max(kept)) == (min(values), max(values))
    assert [place for place, _ in found] == sorted({place for place, _ in found})


def test_bars_are_as_long_as_their_part_at_most_the_whole():
    assert re.findall(r"width:([\d.]+)%", bar_chart([Bar("a", 0.5, ""), Bar("b", 3.0, "")])) == [
        "50.00",
        "100.00",
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (1e-9, "1e-09"), (123456.0, "123456"), (1e12, "1e+12")]
)
def test_numbers_are_short(value, text):
    assert number(value) == text
