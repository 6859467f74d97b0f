from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from fast_dag.observe.medians import Median


@given(st.lists(st.integers(-100, 100), min_size=1))
def test_the_median_is_that_of_all_values_after_each_of_them(values):
    found = Median()
    for count, value in enumerate(values, start=1):
        found.add(float(value))
        assert found.value == median(values[:count])


def test_without_values_there_is_none():
    assert Median().value is None
