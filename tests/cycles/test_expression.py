"""What expressions mean."""

import math

import pytest

from fast_dag.cycles.expression import Expression
from fast_dag.errors import AmbiguousMetricError, ConvergenceExpressionError
from tests.cycles.watching import first_ending, holds, watch

DATA = {
    "n": 3,
    "f": 0.5,
    "t": True,
    "s": "done",
    "none": None,
    "scores": {"a": 0.9, 7: 1, "deep": {"b": 2}},
    "rows": [1, 2, 3],
}
TRUE = [
    "n == 3",
    "n != 4",
    "n >= 3 and n <= 3",
    "2 < n < 4",
    "4 > n > 2 >= 2",
    "not n < 3",
    "f < 1e-2 or n == 3",
    "-n == -3",
    "+f > 0",
    "n + 1 == 4",
    "n - 1 == 2",
    "n * 2 == 6",
    "n / 2 == 1.5",
    "n // 2 == 1",
    "n % 2 == 1",
    "n ** 2 == 9",
    "n ** -1 < 1",
    "f ** 0.5 > f",
    "2 ** 8 == 256",
    "t",
    "t + 1 == 2",
    "t == True",
    "n",
    "f",
    "s == 'done'",
    "s == \"done\" and s != 'failed'",
    "s in ('done', 'failed')",
    "s not in ('failed',)",
    "n in (1, 2, 3)",
    "n in (-3, +3)",
    "none in (None, 1)",
    "none == None",
    "none != 1",
    "s < 'e'",
    "len(s) == 4",
    "len(scores) == 3",
    "len(rows) == 3",
    "abs(-n) == 3",
    "min(n, 2) == 2",
    "max(n, 2, 5) == 5",
    "round(f + 0.26, 1) == 0.8",
    "round(n / 2) == 2",
    "scores['a'] == 0.9",
    "scores[7] == 1",
    "scores['deep']['b'] == 2",
    "step.scores.a > 0.8",
    "scores.a > 0.8",
    "step.n == 3",
    "defined(n)",
    "not defined(nothing)",
    "not (defined(nothing) and nothing > 3)",
    "defined(iteration)",
    "iteration == 1",
    "iteration_index == 0",
    "elapsed_time == 0",
    "max_iterations == 9",
    "history(n)[0] == 3",
    "history(n)[-1] == 3",
    "sum(history(n)) == 3",
    "len(history(n)) == 1",
    "any(history(t))",
    "all(history(t))",
    "max(history(n)) == 3",
    "min(history(n)) == 3",
    "mean(n, 1) == 3",
    "variance(n, 1) == 0",
    "range(n, 1) == 0",
    "  n == 3  ",
    "n ==\n3",
    "True",
    "n and f",
    "0 or f",
    "(n > 2) + (n > 1) == 2",
]
FALSE = [
    "False",
    "None",
    "none",
    "0",
    "n < 3",
    "n == 4",
    "not n",
    "2 < n < 3",
    "s == 'failed'",
    "s in ('failed', None)",
    "previous(n) == 3",
    "not previous(n) == 3",
    "delta(n) < 1",
    "delta(n) > -1 or previous(n) == 1",
    "mean(n, 2) > 0",
    "slope(n, 2) == 0",
    "history(n)[1] == 3",
    "history(n)[-2] == 3",
    "abs(delta(n)) < 1",
    "min(n, previous(n)) == 3",
    "round(delta(n)) == 0",
    "-delta(n) < 1",
    "previous(n) in (1, 2, 3)",
    "previous(n) not in (1, 2)",
    "n < previous(n) < 9",
    "defined(nothing)",
    "delta(n)",
    "n > 2 and delta(n) < 1",
]
ERRORS = [
    ("nothing > 3", 1, "no metric 'nothing' so far"),
    ("previous(nothing) > 3", 10, "no metric 'nothing' so far"),
    ("history(nothing)[0] > 3", 9, "no metric 'nothing' so far"),
    ("mean(nothing, 5) > 3", 6, "no metric 'nothing' so far"),
    ("nothing['a'] > 3", 1, "no metric 'nothing' so far"),
    ("n > 1 and nothing", 11, "no metric 'nothing' so far"),
    ("s > 3", 1, "'done' cannot be compared with 3 by >"),
    ("s == n", 1, "'done' cannot be compared with 3 by =="),
    ("none < 3", 1, "None cannot be compared with 3 by <"),
    ("s in (1, 2)", 1, "'done' cannot be among 1, 2"),
    ("n in ('a', 'b')", 1, "3 cannot be among 'a', 'b'"),
    ("s * 3 == 1", 1, r"\* takes numbers only, got 'done'"),
    ("s + 1 == 1", 1, r"\+ takes numbers only"),
    ("s % 3 == 1", 1, "% takes numbers only"),
    ("none + 1 == 1", 1, r"\+ takes numbers only, got None"),
    ("-s == 1", 1, "a sign takes numbers only"),
    ("abs(s) == 1", 1, "abs takes numbers only"),
    ("min(s, 1) == 1", 1, "min takes numbers only"),
    ("sum(history(s)) == 1", 1, "sum takes numbers only"),
    ("mean(s, 1) == 1", 1, "mean takes numbers only"),
    ("round(n, 10 ** 8) == 1", 1, "round keeps an integer of at most 300 places"),
    ("round(n, f) == 1", 1, "round keeps an integer"),
    ("len(n) == 1", 1, "len takes a series, a text or a mapping, got 3"),
    ("round(1e308 * 10) == 1", 1, "cannot convert float infinity"),
    ("n / 0 == 1", 1, "division by zero"),
    ("n // 0 == 1", 1, "by zero"),
    ("n % 0 == 1", 1, "by zero"),
    ("0 ** -1 == 1", 1, r"0 \*\* -1"),
    ("(0 - n) ** 0.5 == 1", 1, "a root of a negative number"),
    ("3037000500 * 3037000500 > 1", 1, "beyond 2\\*\\*63"),
    ("(2 ** 8) ** 8 > 1", 1, "beyond 2\\*\\*63"),
    ("1e300 ** 8 > 1", 1, "1e\\+300"),
    ("s", 1, "the value has to be true or false, not 'done'"),
    ("s or n", 1, "the value has to be true or false, not 'done'"),
    ("scores['b'] > 1", 1, "there is no entry 'b'; there are 'a', 'deep'"),
    ("scores['deep'] > 1", 1, "a dict is neither a number nor a text"),
    ("rows[0] == 1", 1, "a list has no entry 0"),
    ("scores > 1", 1, "no metric 'scores' so far"),
    ("best > 1", 1, "best needs an objective"),
    ("improvement_rate > 1", 1, "improvement_rate needs an objective"),
]
WITH_X = ["x < 1", "x > 1", "x == x", "x != 1", "1 < x", "x in (1, 2)", "x not in (1,)", "x"]


@pytest.mark.parametrize("text", TRUE)
def test_an_expression_holds(text):
    assert holds(text, DATA, max_iterations=9)


@pytest.mark.parametrize("text", FALSE)
def test_an_expression_does_not_hold(text):
    assert not holds(text, DATA, max_iterations=9)


@pytest.mark.parametrize(("text", "column", "problem"), ERRORS)
def test_an_expression_without_a_value_is_an_error_that_says_where(text, column, problem):
    with pytest.raises(ConvergenceExpressionError, match=problem) as caught:
        holds(text, DATA)
    assert (caught.value.expression, caught.value.column) == (text, column)


def test_a_misspelt_metric_is_an_error_that_suggests_the_right_one():
    with pytest.raises(ConvergenceExpressionError) as caught:
        holds("qualty > 0.9", {"quality": 1.0, "loss": 0.1})
    assert "no metric 'qualty' so far; did you mean 'quality'? (there are quality, loss)" in str(caught.value)
    assert caught.value.column == 1


def test_a_name_that_two_nodes_put_out_has_to_be_written_in_full():
    watched = watch("loss < 1")
    with pytest.raises(AmbiguousMetricError, match=r"several places \(train.loss, test.loss\)"):
        watched.after({"train": {"loss": 2}, "test": {"loss": 0}}, 1, 0.0)
    full = watch("train.loss > test.loss").after({"train": {"loss": 2}, "test": {"loss": 0}}, 1, 0.0)
    assert full == ("converged", "train.loss > test.loss")


@pytest.mark.parametrize("text", WITH_X)
def test_nan_in_a_comparison_is_an_error(text):
    with pytest.raises(ConvergenceExpressionError, match="NaN"):
        holds(text, {"x": math.nan})


@pytest.mark.parametrize("text", WITH_X)
def test_nan_makes_a_comparison_false_where_it_is_to_be_ignored(text):
    assert not holds(text, {"x": math.nan}, on_nan="ignore")


@pytest.mark.parametrize("value", [math.inf, -math.inf])
@pytest.mark.parametrize("text", [*WITH_X, "x >= x", "x * 2 > 1", "0 < x < 9"])
def test_an_infinite_metric_makes_every_comparison_false(text, value):
    assert not holds(text, {"x": value})


def test_what_overflows_to_infinity_is_never_true():
    assert not holds("x * 10 > 1", {"x": 1e308})


@pytest.mark.parametrize(
    ("text", "iterations"),
    [
        ("previous(x) == 2", 3),
        ("delta(x) == -3", 4),
        ("history(x)[1] == 2", 2),
        ("history(x)[-3] == 1", 3),
        ("sum(history(x)) == 6", 3),
        ("len(history(x)) == 4", 4),
        ("mean(x, 3) == 2", 3),
        ("variance(x, 3) < 0.67 and variance(x, 3) > 0.66", 3),
        ("range(x, 2) == 3", 4),
        ("slope(x, 3) == 1", 3),
        ("iteration >= 2", 2),
        ("iteration_index >= 2", 3),
        ("elapsed_time > 0.15", 2),
        ("max(history(x)) == 3", 3),
        ("all(history(x)) and x == 0", None),
        ("any(history(x)) and x == 0", 4),
    ],
)
def test_functions_of_a_metric_look_back(text, iterations):
    found = first_ending(watch(text), [1, 2, 3, 0])
    assert found == (None if iterations is None else (iterations, "converged", text))


def test_the_objective_answers_best_and_improvement_rate():
    assert first_ending(watch("best > 2 and x < 2", objective="x"), [1, 3, 1])[0] == 3
    assert first_ending(watch("improvement_rate < 1", objective="x"), [0, 2, 4, 5, 5])[0] == 5
    assert first_ending(watch("best < 2", objective="x", direction="minimize"), [3, 2, 1])[0] == 3


def test_stability_variance_is_that_of_the_objective_or_the_largest_of_those_with_a_threshold():
    assert first_ending(watch("stability_variance == 0", objective="x"), [1, 2, 2, 2, 2, 2])[0] == 6
    both = watch("stability_variance == 0 and x > 0 and y > 0")
    assert first_ending(both, None, x=[1] * 8, y=[1, 2, 2, 2, 2, 2, 2, 2])[0] == 6
    with pytest.raises(ConvergenceExpressionError, match="stability_variance needs"):
        watch("stability_variance == 0")


def test_a_metric_with_a_reserved_name_is_reached_by_its_path():
    assert holds("step.iteration == 40 and iteration == 1", {"iteration": 40})


def test_an_expression_tells_its_names_and_its_simple_comparisons():
    expression = Expression("loss < 0.1 and 0.9 <= accuracy and delta(loss) < x")
    assert expression.names == ("loss", "accuracy", "x")
    assert expression.comparisons == (("loss", "<", 0.1), ("accuracy", ">=", 0.9))


def test_what_is_right_of_a_decided_and_is_not_evaluated():
    assert not holds("n > 5 and nothing > 1", DATA)
    assert holds("n == 3 or nothing > 1", DATA)


def test_a_subclass_of_a_number_is_taken_as_the_number():
    class Loud(float):
        def __lt__(self, other):
            raise AssertionError

    assert holds("x < 1", {"x": Loud(0.5)})


@pytest.mark.parametrize("text", ["delta(x) < 9", "variance(x, 2) < 9", "slope(x, 2) < 9", "mean(x, 2) < 9"])
def test_functions_of_infinite_samples_are_infinite_and_no_error(text):
    assert first_ending(watch(text), [math.inf] * 3) is None
