"""With how many of its values a function is called."""

import pytest

from fast_dag.graph.arity import arity


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda a, b: 0, 2),
        (lambda a, b, c: 0, 3),
        (lambda a, b, c=1: 0, 2),
        (lambda a, b=1: 0, 2),
        (lambda *values: 0, 3),
        (lambda a, b, *, key=1: 0, 2),
        (lambda a: 0, None),
        (lambda: 0, None),
        (lambda a, b, c, d: 0, None),
        (lambda a, b, *, key: 0, None),
        (max, 2),
    ],
)
def test_parameters_with_a_default_keep_it(function, expected):
    assert arity(function, 2, 3) == expected
