"""What a convergence checker knows in one call."""

import pytest

from fast_dag.cycles.checker_look import Sight
from fast_dag.cycles.checker_rules import Rules
from fast_dag.cycles.checker_settings import read_settings
from fast_dag.cycles.readings import read_inputs
from fast_dag.cycles.samples import Samples
from fast_dag.errors import MissingMetricError


def sight_of(**settings) -> Sight:
    return Sight(Rules(read_settings(settings), None, "maximize"))


def take(sight: Sight, count: int, **inputs) -> None:
    for index in range(count):
        sight.take(read_inputs(inputs), index, Samples())


def test_it_keeps_no_more_samples_than_somebody_looks_back_on():
    sight = sight_of(mode="stability", stability_window=3)
    take(sight, 200, value=1)
    assert 3 <= len(sight.last("value", 1000)) < 50


def test_it_keeps_all_where_an_expression_wants_the_whole_history():
    sight = sight_of(mode="custom", custom_expression="len(history(value)) > 3")
    take(sight, 200, value=1)
    assert len(sight.last("value", 1000)) == 200


def test_it_knows_how_many_iterations_are_done():
    sight = sight_of()
    take(sight, 4, value=1)
    assert sight.completed == 4


def test_a_metric_of_an_earlier_call_has_no_value_in_this_one():
    sight = sight_of()
    take(sight, 1, value=1)
    take(sight, 1, size=1)
    assert not sight.has("value")
    with pytest.raises(MissingMetricError):
        sight.value("value")
