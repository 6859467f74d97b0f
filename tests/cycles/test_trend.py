"""Whether a series settles, and where it goes."""

import pytest

from fast_dag.cycles.trend import Trend, trend


def test_values_that_lie_close_together_converge():
    found = trend([9.0, 1.0, 1.005, 1.0])
    assert found
    assert (found["converging"], found["plateau_detected"], found.plateau_detected) == (True, True, True)
    assert found == Trend(
        converging=True, direction="flat", spread=pytest.approx(0.005), slope=0.0, samples=4
    )


def test_too_few_values_are_insufficient_and_never_converge():
    found = trend([1.0, 1.0])
    assert not found
    assert (found.direction, found.spread, found.slope, found.samples) == ("insufficient_data", None, None, 2)


@pytest.mark.parametrize(
    ("values", "settings", "direction"),
    [
        ([1, 2, 3], {}, "improving"),
        ([1, 2, 3], {"direction": "minimize"}, "degrading"),
        ([3, 2, 1], {}, "degrading"),
        ([3, 2, 1], {"direction": "minimize"}, "improving"),
        ([1, 2, 1, 2], {"window": 4}, "oscillating"),
        ([1, 2, 3, 2, 3, 4], {"window": 6}, "oscillating"),
        ([1, 2, 3, 4, 3, 4, 5, 6], {"window": 8}, "improving"),
        ([1, 1, 1], {}, "flat"),
        ([1, 1.004, 1.008], {}, "flat"),
        ([1, 1.006, 1.012], {}, "improving"),
        ([1, 2], {"window": 2}, "improving"),
        ([1, 2, 1], {}, "oscillating"),
        ([1, 1.001, 1], {}, "flat"),
    ],
)
def test_the_direction_follows_turns_then_slope(values, settings, direction):
    assert trend(values, **settings).direction == direction


@pytest.mark.parametrize(
    ("measure", "spread"), [("range", 4), ("variance", 8 / 3), ("stdev", (8 / 3) ** 0.5), ("relative", 4 / 3)]
)
def test_the_spread_is_that_of_the_measure(measure, spread):
    assert trend([1, 3, 5], measure=measure).spread == pytest.approx(spread)


def test_the_relative_measure_of_values_around_zero_divides_by_a_small_number():
    assert trend([-1, 1], 2, measure="relative").spread == pytest.approx(2e12)


@pytest.mark.parametrize("window", [1, 0, -3, True, 2.5])
def test_a_window_below_two_is_refused(window):
    with pytest.raises(ValueError, match="window must be an integer >= 2"):
        trend([1, 2, 3], window)


def test_an_unknown_measure_is_refused_with_the_nearest_one():
    with pytest.raises(ValueError, match="did you mean 'variance'"):
        trend([1, 2, 3], measure="varianc")


def test_an_unknown_part_of_a_trend_is_a_key_error():
    with pytest.raises(KeyError, match="did you mean 'slope'"):
        trend([1, 2, 3])["slop"]
