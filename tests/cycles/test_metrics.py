"""Which scalars of results are metrics, and how names find them."""

from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag.cycles.layout import Layout
from fast_dag.cycles.metrics import Metrics, metrics_of
from fast_dag.cycles.once import fresh
from fast_dag.errors import AmbiguousMetricError, ConvergenceExpressionError, MissingMetricError
from tests.cycles.watching import watch


class Point(NamedTuple):
    left: float
    right: float


@dataclass
class Fit:
    loss: float
    at: Point


def test_scalars_stand_under_their_last_word_where_that_is_the_only_one():
    results = {
        "train": {"loss": 0.5, "size": 3, "done": True, "note": "ok", "best": None, "model": object()},
        "test": Fit(0.7, Point(1, 2)),
        "rate": 0.1,
    }
    assert metrics_of(results) == {
        "train.loss": 0.5,
        "size": 3,
        "done": True,
        "note": "ok",
        "train.best": None,
        "test.loss": 0.7,
        "left": 1,
        "right": 2,
        "rate": 0.1,
    }


def test_four_keys_lead_to_a_metric_and_no_more():
    results = {"n": {"a": {"b": {"c": {"d": 1, "e": {"f": 2}}}}}}
    assert metrics_of(results) == {"d": 1}


def test_lists_sets_and_other_objects_are_not_searched():
    assert metrics_of({"n": {"rows": [{"x": 1}], "pair": (1, 2), "kinds": {1}, 3: 4}, "m": [1]}) == {}


def test_a_mapping_of_more_than_256_entries_is_not_searched_but_read_by_its_full_path():
    results = {"n": {f"k{number}": number for number in range(257)}}
    assert metrics_of(results) == {}
    assert watch("n.k256 == 256").after(results, 1, 0.0) is not None
    assert watch("n['k256'] == 256").after(results, 1, 0.0) is not None
    with pytest.raises(ConvergenceExpressionError, match="no metric 'k256'"):
        watch("k256 == 256").after(results, 1, 0.0)


def test_a_key_of_a_large_mapping_that_comes_later_is_found():
    watched, results = watch("defined(n.late) and n.late > 1"), dict.fromkeys(map(str, range(300)), 0)
    assert watched.after({"n": results}, 1, 0.0) is None
    assert watched.after({"n": results | {"late": 2}}, 2, 0.0) is not None


@pytest.mark.parametrize(
    ("results", "text"),
    [
        ({"n": 5}, "n == 5"),
        ({"n": {"a": 5}}, "n.a == 5"),
        ({"n": {"a": 5}}, "a == 5"),
        ({"n": {"a": {"b": 5}}}, "a.b == 5"),
        ({"n": {"a": {"b": 5}}}, "n.a.b == 5"),
        ({"n": Fit(5, Point(6, 7))}, "loss == 5 and right == 7 and n.at.left == 6"),
        ({"n": OrderedDict(a=5)}, "a == 5"),
        ({"n": {"m": 5}, "m": 6}, "m == 6"),
        ({"n": {"m": {"a": 5}}, "m": {"a": 6}}, "m.a == 6 and n.m.a == 5"),
        ({"outer.n": {"a": 5}}, "outer.n.a == 5 and n.a == 5"),
    ],
)
def test_a_name_is_a_full_path_or_the_end_of_one(results, text):
    assert watch(text).after(results, 1, 0.0) is not None


def test_the_end_of_several_paths_is_ambiguous_even_where_it_is_only_asked_whether_it_is_defined():
    results = {"n": {"a": 1, "b": {"a": 2}}}
    for text in ("a == 1", "defined(a)"):
        with pytest.raises(AmbiguousMetricError, match=r"\(n.a, n.b.a\)"):
            watch(text).after(results, 1, 0.0)
    with pytest.raises(AmbiguousMetricError):
        watch({"type": "threshold", "metric": "a", "operator": ">", "value": 1}).after(results, 1, 0.0)


def test_what_only_repeats_values_is_found_by_its_full_path_alone():
    results = {"step": {"x": 1}, "check": {"x": 1}}
    assert watch("x == 1", echoing=["check"]).after(results, 1, 0.0) is not None
    assert watch("check.x == 1", echoing=["check"]).after(results, 1, 0.0) is not None
    assert metrics_of(results, ["check"]) == {"x": 1, "check.x": 1}


def test_a_metric_of_a_skipped_node_keeps_its_last_value_and_gets_no_sample():
    watched = watch("x > 1 and y > 1 and z > 1")
    assert watched.after({"a": {"x": 2}, "b": {"y": 3}, "c": {"z": 0}}, 1, 0.0) is None
    assert watched.after({"c": {"z": 2}}, 2, 0.0) is not None
    assert watched.metric_history() == {"x": [2], "y": [3], "z": [0, 2]}


def test_values_are_kept_that_were_not_looked_at():
    watched = watch("x > 5 and y > 1")
    assert watched.after({"a": {"x": 1}, "b": {"y": 3}}, 1, 0.0) is None
    assert watched.after({"a": {"x": 9}}, 2, 0.0) is not None


def test_a_second_owner_that_comes_later_makes_a_name_ambiguous():
    watched = watch("x > 5")
    assert watched.after({"a": {"x": 1}, "b": {"y": 3}}, 1, 0.0) is None
    with pytest.raises(AmbiguousMetricError):
        watched.after({"a": {"x": 1}, "b": {"y": 3, "x": 1}}, 2, 0.0)


def test_a_second_owner_deeper_inside_is_noticed():
    watched = watch("x > 5")
    assert watched.after({"a": {"x": 1, "in": {"y": 3}}}, 1, 0.0) is None
    with pytest.raises(AmbiguousMetricError):
        watched.after({"a": {"x": 1, "in": {"x": 3}}}, 2, 0.0)


def test_a_result_may_change_its_keys_and_its_type():
    watched = watch("x >= 5")
    shapes = [{"x": 1}, {"y": 0, "x": 2}, {"in": {"x": 3}}, Fit(0, 0), {"x": 4.5}, {"x": 5}]
    assert [watched.after({"n": each}, count, 0.0) is not None for count, each in enumerate(shapes, 1)] == [
        *[False] * 5,
        True,
    ]
    assert watched.metric_history()["x"] == [1, 2, 3, 4.5, 5]


def test_what_is_no_scalar_yet_is_found_when_it_becomes_one():
    watched = watch("defined(x) and x > 1")
    assert watched.after({"n": {"x": [1]}}, 1, 0.0) is None
    assert watched.after({"n": {"x": 2}}, 2, 0.0) is not None


def test_what_is_no_scalar_any_more_keeps_its_last_value():
    watched = watch("x > 1 and y > 1")
    assert watched.after({"n": {"x": 2, "y": 0}}, 1, 0.0) is None
    assert watched.after({"n": {"x": [2], "y": 2}}, 2, 0.0) is not None


def test_each_sample_is_taken_once_also_in_the_iteration_in_which_results_look_new():
    watched = watch("x > 9 or y > 9")
    watched.after({"a": {"x": 1}, "b": {"y": 1}}, 1, 0.0)
    watched.after({"a": {"x": 2}, "b": {"y": 2, "new": 0}}, 2, 0.0)
    assert watched.metric_history() == {"x": [1, 2], "y": [1, 2]}


def test_a_missing_metric_of_a_condition_names_those_there_are():
    with pytest.raises(MissingMetricError, match="did you mean 'loss'"):
        watch({"type": "threshold", "metric": "los", "operator": "<", "value": 1}).after(
            {"n": {"loss": 1}}, 1, 0.0
        )


def test_a_long_list_of_metrics_is_cut_in_a_message():
    with pytest.raises(ConvergenceExpressionError, match=r"k19, \.\.\.\)"):
        watch("missing > 1").after({"n": {f"k{number:02}": 1 for number in range(30)}}, 1, 0.0)


def test_bounded_histories_keep_what_the_windows_need():
    watched = watch("x > 1e9 or mean(x, 40) < 0", metric_history_limit=3)
    for count in range(1, 500):
        watched.after({"n": {"x": count}}, count, 0.0)
    assert watched.metric_history() == {"x": [*range(460, 500)]}
    assert len(watched.metrics.series["x"].values) < 100


def test_all_metrics_are_recorded_where_all_history_is_wanted():
    watched = watch("x > 9", history_limit=None)
    for count in (1, 2):
        watched.after({"n": {"x": count, "y": -count}}, count, 0.0)
    assert watched.metric_history() == {"x": [1, 2], "y": [-1, -2]}


def test_numbers_of_other_libraries_are_numbers():
    assert metrics_of({"n": {"f": Fraction(1, 2), "d": Decimal(1)}}) == {"f": 0.5}


SHAPES = st.one_of(
    st.floats(-9, 9),
    st.fixed_dictionaries({"x": st.floats(-9, 9) | st.integers(0, 9) | st.none()}),
    st.fixed_dictionaries({"x": st.just([1]) | st.floats(-9, 9), "y": st.integers(0, 9)}),
    st.fixed_dictionaries({"z": st.integers(0, 9), "in": st.fixed_dictionaries({"x": st.integers(0, 9)})}),
)
RESULTS = st.dictionaries(st.sampled_from("nnnm"), SHAPES, max_size=2)


@given(st.lists(RESULTS, max_size=8), st.sampled_from("xn"))
def test_the_least_costly_way_to_collect_takes_the_same_samples(rows, name):
    def collected(way):
        layout = Layout()
        layout.value_at(name)
        values = fresh(layout, None)
        metrics = Metrics(layout, values)
        for results in rows:
            getattr(metrics, way)(results)
        value = values[layout.values[name]]
        return metrics.series[name].values, metrics.known(), getattr(value, "owners", value)

    assert collected("take") == collected("collect")
