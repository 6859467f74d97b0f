"""What can be a fact of delta variables, where facts are sent."""

import pytest

from fast_dag.graph.deltas import DeltaPort
from fast_dag.run.candidates import facts_of

FACTS = DeltaPort("c", "a", "x")
LEAST = DeltaPort("c", "b", "x", "min")


@pytest.mark.parametrize("candidates", [[(1, 2)], {(1, 2)}, iter([(1, 2)])])
def test_they_become_a_list(candidates):
    assert facts_of([FACTS, LEAST], candidates) == [(1, 2)]


def test_a_mapping_is_pairs_where_values_have_keys():
    assert facts_of([LEAST], {1: 2}) == [(1, 2)]


@pytest.mark.parametrize(
    ("ports", "candidates", "text"),
    [
        ([LEAST, FACTS], {1: 2}, "'x' of 'a' in cycle 'c' was given {1: 2}, a mapping"),
        ([FACTS, LEAST], [1], "'x' of 'b' in cycle 'c' was given 1, which is no pair"),
        ([LEAST, FACTS], [(1, [])], r"'x' of 'a' in cycle 'c' was given \(1, \[\]\), which is not hashable"),
        ([FACTS], b"ab", "was given b'ab', which are no facts"),
    ],
)
def test_each_variable_must_be_able_to_take_them(ports, candidates, text):
    with pytest.raises(TypeError, match=text):
        facts_of(ports, candidates)
