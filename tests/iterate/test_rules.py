"""Ready rules: what they hold for, what they keep, and what they refuse."""

import math
import operator
from dataclasses import dataclass

import numpy as np
import pytest

from fast_dag import CycleConfigurationError, ExecutionError, all_of, any_of, fixed_point, stable
from fast_dag.iterate.rules import rule_of


def held_after(until, values):
    """The first round after which the rule holds, the first of *values* being the seed; None if none is."""
    ask = rule_of(until).start()
    rounds = range(1, len(values))
    return next((each for each in rounds if ask(values[each - 1], values[each], each)), None)


def test_a_fixed_point_is_a_value_that_comes_again():
    assert held_after(fixed_point(), [10, 6, 4, 3, 2, 2]) == 5
    assert held_after("fixed_point", [{1}, {1, 2}, {1, 2}]) == 2
    assert held_after(fixed_point(), [np.zeros(2), np.ones(2), np.ones(2)]) == 2
    assert held_after(fixed_point(), [math.nan, math.nan]) is None


def test_with_a_tolerance_the_difference_has_to_be_less():
    assert held_after(fixed_point(tol=0.5), [0, 1, 1.5, 1.75]) == 3
    assert held_after(fixed_point(tol=0.5), [[0, 0], [1, 0], [1, 0.25]]) == 2
    assert held_after(fixed_point(tol=1), [math.inf, math.inf]) is None
    assert held_after(fixed_point(tol=1), [[1], [1, 1], [1, 1]]) == 2


def test_equality_may_be_a_function():
    assert held_after(fixed_point(eq=lambda one, other: one // 10 == other // 10), [25, 14, 12]) == 2
    assert rule_of(fixed_point(eq=operator.eq)).calls_user
    assert not rule_of(fixed_point()).calls_user


@dataclass
class Fit:
    loss: float


def test_what_is_stable_has_stayed_within_the_tolerance_for_a_window():
    assert held_after(stable(None, 0), [5, 5, 5, 5]) == 3
    assert held_after(stable("loss", 0.5, window=2), [{"loss": each} for each in (9, 9, 3, 2, 1.5)]) == 4
    assert held_after(stable("loss", 0, window=2), [Fit(each) for each in (9, 9, 3, 3)]) == 3
    assert held_after(stable(None, 100), [1, math.nan, 1, 1]) is None


def test_what_stable_looks_at_must_be_there():
    with pytest.raises(ExecutionError, match="stable looks at 'loss', which"):
        held_after(stable("loss", 1), [{}, {"lost": 1}])


def test_two_runs_of_one_rule_share_nothing():
    rule = rule_of(stable(None, 0, window=2))
    one, other = rule.start(), rule.start()
    assert not one(0, 1, 1)
    assert not other(0, 1, 1)
    assert one(1, 1, 2)


def test_rules_are_joined():
    values = [9, 5, 5, 4, 4, 4]
    assert held_after(any_of(stable(None, 0), lambda prev, cur, number: cur == 4), values) == 3
    assert held_after(all_of("fixed_point", lambda prev, cur: cur == 4), values) == 4
    assert held_after(all_of(stable(None, 0), lambda prev, cur: True), values) == 5


def test_joined_rules_miss_no_sample():
    assert held_after(any_of(lambda prev, cur: False, stable(None, 0, window=2)), [1, 2, 2]) == 2


def test_samples_may_be_kept_and_taken_up_again():
    for rule in (stable(None, 0), any_of(stable(None, 0), all_of(stable(None, 1, window=2)))):
        begun, resumed = rule_of(rule).start(), rule_of(rule).start()
        for round in (1, 2):
            begun(0, 5 * round, round)
        resumed.samples.extend([list(each) if isinstance(each, list) else each for each in begun.samples])
        assert list(resumed.samples) == list(begun.samples)


def test_a_rule_can_be_asked_by_hand():
    assert fixed_point()(2, 2)
    assert not fixed_point(tol=1)(2, 4)


def test_a_rule_is_called_by_its_name():
    def settled(prev, cur):
        return True

    rules = [fixed_point(), stable("x", 1), any_of(settled), all_of(settled), settled]
    assert [rule_of(each).name for each in rules] == ["fixed_point", "stable", "any_of", "all_of", "settled"]
    assert repr(stable("x", 1)) == "<rule stable>"


async def never(prev, cur):
    return False


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: fixed_point(tol=0), "tol must be a number > 0, got 0"),
        (lambda: fixed_point(tol=math.nan), "tol must be a number > 0"),
        (lambda: fixed_point(tol=True), "tol must be a number > 0, got True"),
        (lambda: fixed_point(tol=1, eq=operator.eq), "tol or eq, not both"),
        (lambda: fixed_point(eq=lambda one: True), "eq of fixed_point must be a function of two values"),
        (lambda: fixed_point(eq=never), "fixed_point cannot await"),
        (lambda: stable(None, -1), "tol must be a number >= 0, got -1"),
        (lambda: stable(None, 1, window=0), "window"),
        (any_of, "any_of takes rules, got none"),
        (lambda: all_of(never), "all_of cannot await"),
        (lambda: any_of(len), "until must accept"),
        (lambda: any_of("fixed"), "until must accept"),
    ],
)
def test_what_is_no_rule_is_refused(make, text):
    with pytest.raises(CycleConfigurationError, match=text):
        make()
