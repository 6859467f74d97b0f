"""A Private is equal to what its value is equal to, and shows none of it."""

from hypothesis import given
from hypothesis import strategies as st

from fast_dag import Private

texts = st.text(max_size=3) | st.binary(max_size=3) | st.binary(max_size=3).map(bytearray)
numbers = st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 2.5, True, None])
values = st.recursive(texts | numbers, lambda inner: st.lists(inner, max_size=2).map(tuple), max_leaves=3)


@given(values, values)
def test_equality_is_that_of_the_values(one, other):
    expected = (one == other, one != other)
    for left in (Private(one), one):
        for right in (Private(other), other):
            assert (left == right, left != right) == expected


@given(st.text() | st.binary() | numbers)
def test_the_hash_is_that_of_the_value(value):
    assert hash(Private(value)) == hash(value)
    assert {Private(value): 1}[value] == 1


@given(st.text(min_size=13))
def test_no_text_depends_on_the_value(value):
    secret = Private(value)
    assert {repr(secret), str(secret), f"{secret:>99}", format(secret)} == {"Private(***)"}
