"""What a checker is given in one call."""

from typing import NamedTuple

import pytest

from fast_dag.cycles.readings import read_inputs
from fast_dag.errors import MissingMetricError
from fast_dag.values import NO_DATA


class Scores(NamedTuple):
    loss: float


@pytest.mark.parametrize("name", ["metrics", "current_metrics"])
@pytest.mark.parametrize("given", [{"loss": 0.5}, Scores(0.5)], ids=["mapping", "record"])
def test_metrics_may_come_in_a_table(name, given):
    assert read_inputs({name: given}).results == {"loss": 0.5}


def test_a_metric_of_its_own_comes_before_one_in_a_table():
    assert read_inputs({"loss": 0.1, "metrics": {"loss": 0.5, "size": 2}}).results == {"loss": 0.1, "size": 2}


def test_a_table_that_is_none_holds_nothing():
    assert read_inputs({"metrics": None, "loss": 1}).results == {"loss": 1}


def test_a_table_that_holds_no_names_is_refused():
    with pytest.raises(MissingMetricError, match=r"metrics must map .* got 0\.5"):
        read_inputs({"metrics": 0.5})


def test_a_list_named_history_is_the_series_of_a_metric():
    found = read_inputs({"loss": 1, "loss_history": (3, 2, 1)})
    assert (found.results, found.histories) == ({"loss": 1}, {"loss": [3, 2, 1]})


def test_a_number_named_history_is_a_metric():
    assert read_inputs({"credit_history": 3}).results == {"credit_history": 3}


def test_data_is_told_apart_and_may_be_none():
    assert read_inputs({"data": None}).data is None
    assert read_inputs({}).data is NO_DATA


def test_an_input_that_brought_nothing_is_none():
    assert read_inputs({"loss": NO_DATA}).results == {}


@pytest.mark.parametrize("iteration", [-1, 1.5, True, "3"])
def test_an_iteration_is_an_index(iteration):
    with pytest.raises(ValueError, match="iteration must be an integer >= 0"):
        read_inputs({"iteration": iteration})
