"""Worked numbers and properties of what figures of a run say."""

from statistics import linear_regression

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag.observe import analysis

SERIES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50)
CALLS = st.dictionaries(
    st.sampled_from(["a", "b", "inner", "inner.a", "inner.b"]),
    st.lists(st.floats(0, 1e3), min_size=1, max_size=20),
    min_size=1,
)


@given(SERIES)
def test_a_slope_is_that_of_the_least_squares(values):
    expected = linear_regression(range(len(values)), values).slope
    assert analysis.slope(values) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(SERIES)
def test_a_series_and_its_reverse_never_go_the_same_way_unless_stable(values):
    there, back = analysis.tendency(values), analysis.tendency(values[::-1])
    assert "stable" in (there, back) or there != back


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([10, 11], "stable"),
        ([10, 11.1], "increasing"),
        ([10, 8.9], "decreasing"),
        ([0, 0], "stable"),
        ([0, 0.1], "increasing"),
        ([-10, -12], "decreasing"),
        ([1, 100, 1], "stable"),
        ([7], None),
        ([], None),
    ],
)
def test_the_tendency_compares_the_means_of_the_halves(values, expected):
    assert analysis.tendency(values) == expected


@given(CALLS)
def test_shares_of_hotspots_are_parts_of_the_whole(calls):
    found = analysis.hotspots(calls)
    assert sum(each.share for each in found) == pytest.approx(1) or not any(each.total_ms for each in found)
    assert [each.total_ms for each in found] == sorted((each.total_ms for each in found), reverse=True)


@given(CALLS, st.floats(0, 1e3), st.lists(st.floats(0, 1e4), max_size=10))
def test_impacts_lie_between_nothing_and_everything(calls, wall, memory):
    found = analysis.hotspots(calls)
    made = [
        *analysis.slow_nodes(found),
        *analysis.uneven_nodes(calls, found),
        *analysis.leak(memory, "loop"),
        *analysis.overhead(sum(each.total_ms for each in found) / 1000, wall),
    ]
    ordered = analysis.by_impact(made)
    assert all(0 <= each.impact_score <= 1 for each in ordered)
    assert [each.impact_score for each in ordered] == sorted(
        (each.impact_score for each in made), reverse=True
    )


def test_a_node_that_holds_others_is_not_counted_besides_them():
    calls = {"outer": [9.0], "outer.in": [4.0], "outer.in.most": [3.0], "load": [1.0]}
    assert [each.node for each in analysis.hotspots(calls)] == ["outer.in.most", "load"]


def test_a_node_is_slow_from_three_tenths_of_the_time_on():
    found = analysis.hotspots({"a": [0.7], "b": [0.3]})
    assert [(each.location, each.impact_score) for each in analysis.slow_nodes(found)] == [
        ("a", 0.7),
        ("b", pytest.approx(0.3)),
    ]
    assert analysis.slow_nodes(analysis.hotspots({"a": [0.71], "b": [0.29]}))[1:] == []


def test_one_node_alone_is_no_bottleneck():
    assert analysis.slow_nodes(analysis.hotspots({"a": [1.0]})) == []


def test_a_node_is_uneven_if_its_slowest_calls_take_more_than_three_medians():
    calls = {"a": [1.0] * 18 + [4.0] * 2}
    (found,) = analysis.uneven_nodes(calls, analysis.hotspots(calls))
    assert (found.location, found.type, found.impact_score) == ("a", "variance", 0.75)
    assert "4.0 times" in found.optimization_suggestion
    even = {"a": [1.0] * 18 + [3.0] * 2}
    assert analysis.uneven_nodes(even, analysis.hotspots(even)) == []


def test_two_calls_say_nothing_of_how_even_a_node_is():
    calls = {"a": [0.0001, 9.0]}
    assert analysis.uneven_nodes(calls, analysis.hotspots(calls)) == []


def test_memory_that_grows_by_more_than_a_hundredth_an_iteration_leaks():
    (found,) = analysis.leak([100.0, 102.0, 104.0], "fit")
    assert (found.location, found.type, found.impact_score) == ("fit", "memory", pytest.approx(4 / 104))
    assert analysis.leak([100.0, 101.0, 102.0], "fit") == []
    assert analysis.leak([100.0], "fit") == []


def test_the_engine_is_a_bottleneck_where_it_takes_more_than_half_of_the_time():
    (found,) = analysis.overhead(1.0, 4.0)
    assert (found.location, found.type, found.impact_score) == ("engine", "overhead", 0.75)
    assert analysis.overhead(2.0, 4.0) == []
    assert analysis.overhead(0.0, 0.0) == []


def test_efficiency_is_the_mean_of_what_is_known():
    assert analysis.efficiency(1.0, None, 0.5) == 0.75
    assert analysis.efficiency(None) is None


def test_more_iterations_than_its_limit_leave_no_headway():
    assert analysis.headway(60, 50, converged=True) == 0


def test_numbers_of_other_kinds_become_plain_ones():
    class Precise(float):
        def __repr__(self):
            raise AssertionError("nobody may ask")

    found = analysis.numbers([1, Precise(0.5), True, None, "2", float("inf")])
    assert found == [1, 0.5, float("inf")]
    assert {type(each) for each in found} == {int, float}
