"""Values with a meaning of their own."""

import copy
import pickle

import pytest

from fast_dag import NO_DATA, ConditionalReturn, ExecutionMode, NodeType, SelectReturn

TYPES = ["standard", "conditional", "select", "any", "all", "fsm_state", "dag", "fsm"]
MODES = ["sequential", "parallel", "async", "process", "dask"]


def pickled(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("name", TYPES)
def test_a_node_type_equals_its_text(name):
    assert NodeType(name) == name


@pytest.mark.parametrize("name", MODES)
def test_a_mode_equals_its_text(name):
    assert ExecutionMode(name) == name


def test_a_mode_is_shown_as_its_text():
    assert f"{ExecutionMode.PARALLEL}" == "parallel"


def test_no_data_is_shown_by_its_name():
    assert repr(NO_DATA) == "NO_DATA"


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickled])
def test_no_data_stays_one_object(clone):
    assert clone(NO_DATA) is NO_DATA


def test_a_conditional_return_passes_none_on_unless_told_otherwise():
    assert ConditionalReturn(True).value is None


def test_a_select_return_passes_none_on_unless_told_otherwise():
    assert SelectReturn("left").value is None


def test_a_conditional_return_takes_condition_and_value_by_keyword():
    assert ConditionalReturn(condition=False, value=3) == ConditionalReturn(False, 3)


def test_a_select_return_takes_branch_and_value_by_keyword():
    assert SelectReturn(branch="left", value=3) == SelectReturn("left", 3)


@pytest.mark.parametrize("value", [ConditionalReturn(True, [1]), SelectReturn("left", {"a": 1})])
def test_a_return_value_survives_pickling(value):
    assert pickled(value) == value


@pytest.mark.parametrize("value", [ConditionalReturn(True), SelectReturn("left")])
def test_a_return_value_cannot_be_changed(value):
    with pytest.raises(AttributeError):
        value.value = "other"
