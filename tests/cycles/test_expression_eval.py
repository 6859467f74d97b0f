"""Compiled expressions give what Python gives."""

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from fast_dag.errors import ConvergenceExpressionError
from tests.cycles.reference import Beyond, value_of
from tests.cycles.watching import holds

NUMBERS = st.integers(-50, 50) | st.floats(-1e3, 1e3).map(lambda value: round(value, 3))
NAMES = st.fixed_dictionaries({name: NUMBERS | st.booleans() for name in "abc"})


def _both(parts):
    sign = st.sampled_from(["+", "-", "*", "/", "//", "%"])
    return st.tuples(parts, sign, parts).map(lambda given: f"({given[0]} {given[1]} {given[2]})")


def _calls(parts):
    several = st.lists(parts, min_size=2, max_size=3).map(", ".join)
    return st.one_of(
        parts.map("abs({})".format), several.map("min({})".format), several.map("max({})".format)
    )


VALUES = st.recursive(
    st.sampled_from("abc") | NUMBERS.map(lambda value: f"({value})"),
    lambda parts: _both(parts) | _calls(parts) | parts.map("(-{})".format),
    max_leaves=6,
)
SIGNS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
TESTS = st.one_of(
    st.tuples(VALUES, SIGNS, VALUES).map(" ".join),
    st.tuples(VALUES, SIGNS, VALUES, SIGNS, VALUES).map(" ".join),
    VALUES,
)
TEXTS = st.recursive(
    TESTS.map("({})".format),
    lambda parts: st.one_of(
        parts.map("(not {})".format),
        st.tuples(parts, st.sampled_from([" and ", " or "]), parts).map(
            lambda given: f"({given[0]}{given[1]}{given[2]})"
        ),
    ),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(TEXTS, NAMES)
def test_an_expression_holds_exactly_if_python_says_so(text, names):
    try:
        expected = bool(value_of(ast.parse(text, mode="eval").body, names))
    except (ArithmeticError, Beyond):
        expected = None
    try:
        found = holds(text, names)
    except ConvergenceExpressionError:
        found = None
    # What Python answers with an infinite number or a very large one, expressions do not.
    assert found == expected or expected is None
