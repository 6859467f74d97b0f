"""How known sequences end."""

import math

import pytest

from fast_dag.cycles.verdict import oscillation_period, verdict, verdict_to_stop

NAN, INF = math.nan, math.inf
DECAY = [0.5**step for step in range(40)]
SEQUENCES = [
    ("nothing", [], {}, "insufficient_data"),
    ("too few", [1.0, 2.0, 3.0], {}, "insufficient_data"),
    ("too few, converged", [1.0], {"reason": "converged"}, "converged"),
    ("nothing, left by exit", [], {"reason": "exit"}, "converged"),
    ("last is NaN", [1.0, NAN], {}, "not_a_number"),
    ("last is NaN, though converged", [1.0, NAN], {"reason": "converged"}, "not_a_number"),
    ("NaN in the middle", [1.0, NAN, *range(10)], {}, "improving"),
    ("last is infinite", [1.0, INF], {}, "diverging"),
    ("last is minus infinity", [-INF], {}, "diverging"),
    ("doubles, to be small", [2.0**step for step in range(12)], {"direction": "minimize"}, "diverging"),
    ("falls evenly, to be large", [-3.0 * step for step in range(12)], {}, "diverging"),
    ("falls slower and slower", [100 * each for each in DECAY[:10]], {}, "degrading"),
    ("one step back among losses", [0, -1, -2, -3, -2, -4, -6, -8, -10, -12], {}, "degrading"),
    ("all equal", [0.7] * 10, {}, "stalled"),
    ("all equal at the end", [*range(9), *[3] * 10], {}, "stalled"),
    ("ended by stall", [*range(12)], {"reason": "stalled"}, "stalled"),
    ("ended by stall too early", [1, 2], {"reason": "stalled"}, "insufficient_data"),
    ("period 2", [1.0, 2.0] * 6, {}, "oscillating"),
    ("period 3", [1.0, 2.0, 3.0] * 4, {}, "oscillating"),
    ("period 8", [*range(8)] * 3, {}, "oscillating"),
    ("period 9 is too long", [*range(9)] * 3, {}, "improving"),
    ("period 8, seen too short", [*range(8), *range(4)], {}, "degrading"),
    ("nearly period 2", [1.0, 2.0 + 1e-12] * 6, {}, "oscillating"),
    (
        "period 2 that fades",
        [1 + each * (-1) ** step for step, each in enumerate(DECAY[:12])],
        {},
        "degrading",
    ),
    ("large values, period 2", [1e9, 1e9 + 5] * 6, {}, "oscillating"),
    ("dies away below what counts", [1.0 + 1e-12, 1.0] * 6, {}, "plateau"),
    ("within the tolerance", [0.5 + 1e-5 * step for step in range(12)], {}, "plateau"),
    ("within a looser tolerance", [*range(100, 110)], {"tolerance": 0.1}, "plateau"),
    ("decay to nothing", DECAY, {"direction": "minimize"}, "plateau"),
    ("rises", [*range(10)], {}, "improving"),
    ("rises, to be small", [0, 5, 4, 9, 8, 13, 12, 17, 16, 21], {"direction": "minimize"}, "degrading"),
    ("falls, to be small", [*range(10, 0, -1)], {"direction": "minimize"}, "improving"),
    ("zigzag upwards", [0, 2, 1, 3, 2, 4, 3, 5, 4, 6], {}, "improving"),
    ("a short window", [5, 4, 3, 3, 3], {"window": 3}, "stalled"),
    ("infinite before, finite now", [INF, *range(9)], {}, "degrading"),
    ("no numbers among numbers", [None, "a", *range(10)], {}, "improving"),
    ("truth values", [True, False] * 5, {}, "oscillating"),
]


@pytest.mark.parametrize(("name", "series", "settings", "expected"), SEQUENCES)
def test_a_known_sequence_ends_with_its_verdict(name, series, settings, expected):
    assert verdict(series, **settings) == expected


@pytest.mark.parametrize("period", range(2, 9))
def test_the_least_period_is_found(period):
    assert oscillation_period([*range(period)] * 8, 10) == period


def test_a_series_without_period_has_none():
    assert oscillation_period([*range(40)], 10) == 0
    assert oscillation_period([1.0] * 40, 10) == 0
    assert oscillation_period([], 10) == 0


def stop(series, *stop_on, window=10):
    return verdict_to_stop(series, stop_on, direction="maximize", window=window, tolerance=1e-3)


def test_a_verdict_that_is_to_stop_tells_the_period():
    assert stop([1, 2, 3] * 4, "oscillating") == ("oscillating", "oscillating (period 3)")


def test_a_verdict_that_is_not_asked_for_stops_nothing():
    assert stop([1, 2, 3] * 4, "plateau", "stalled") is None
    assert stop([*range(12)], "plateau", "stalled") is None


def test_verdicts_stop_nothing_before_the_window_is_full():
    assert stop([1.0] * 9, "stalled") is None
    assert stop([1.0] * 10, "stalled") == ("stalled", "stalled")
    assert stop([math.nan] * 9, "not_a_number") is None
    assert stop([math.nan] * 10, "not_a_number") == ("not_a_number", "not_a_number")
