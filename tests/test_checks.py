"""What a caller gave is checked by name, and a misspelt name gets a suggestion."""

import pytest

from fast_dag.checks import check_int, check_seconds, missing_extra, suggestion, unknown_options


def test_a_suggestion_names_the_nearest_known_word():
    assert suggestion("paralel", ["async", "parallel"]) == "; did you mean 'parallel'?"


@pytest.mark.parametrize("name", ["zzz", None, 5, ["list"]])
def test_there_is_no_suggestion_when_nothing_is_near(name):
    assert suggestion(name, ["async", "parallel"]) == ""


def test_every_unknown_option_is_one_problem_of_the_error():
    error = unknown_options(["retrys", "color"], ["retry"], "node 'f'")
    assert error.errors == ["node 'f' takes no 'retrys'; did you mean 'retry'?", "node 'f' takes no 'color'"]


@pytest.mark.parametrize("value", [0, -1, True, 1.0, "1", None])
def test_a_number_that_is_no_int_of_the_minimum_is_refused_by_name(value):
    with pytest.raises(ValueError, match="retry must be an integer >= 1"):
        check_int("retry", value, 1)


def test_an_int_of_the_minimum_passes():
    assert check_int("retry", 1, 1) is None


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), -float("inf"), True, "1", None])
def test_what_is_no_number_of_seconds_is_refused_by_name(value):
    with pytest.raises(ValueError, match="delay must be a number of seconds >= 0"):
        check_seconds("delay", value, positive=False)


def test_no_seconds_are_refused_where_some_are_needed():
    with pytest.raises(ValueError, match="timeout must be a number of seconds > 0, got 0"):
        check_seconds("timeout", 0, positive=True)


@pytest.mark.parametrize("value", [0, 0.0, 3, 2.5])
def test_a_number_of_seconds_passes(value):
    assert check_seconds("delay", value, positive=False) is None


def test_a_package_that_is_not_there_is_an_error_that_says_what_to_install():
    error = missing_extra("a picture", "graphviz", "viz")
    assert (str(error), error.name) == (
        "a picture needs the package graphviz: pip install 'fast-dag[viz]'",
        "graphviz",
    )
