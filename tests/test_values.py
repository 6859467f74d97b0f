"""Values with a meaning of their own."""

import copy
import pickle

import pytest

from fast_dag import NO_DATA, ConditionalReturn, ExecutionMode, LogicalTime, NodeType, SelectReturn

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


def test_a_logical_time_equals_the_tuple_and_is_sorted_as_one():
    assert LogicalTime(0, 2, 1) == (0, 2, 1)
    assert hash(LogicalTime(3)) == hash((3,))
    assert sorted([LogicalTime(1, 1), LogicalTime(0, 9)]) == [(0, 9), (1, 1)]


def test_it_tells_its_epoch_and_its_rounds():
    time = LogicalTime(4, 2, 3)
    assert (time.epoch, time.rounds, repr(time)) == (4, (2, 3), "LogicalTime(4, 2, 3)")


def test_edges_change_it_as_they_lead():
    time = LogicalTime(1)
    assert time.enter() == (1, 1)
    assert time.enter().next_round().next_round() == (1, 3)
    assert time.enter().next_round().enter() == (1, 2, 1)
    assert time.enter().next_round().leave() == time
    assert isinstance(time.enter().leave(), LogicalTime)


@pytest.mark.parametrize("change", [LogicalTime.leave, LogicalTime.next_round])
def test_outside_of_cycles_there_is_nothing_to_leave_or_go_round(change):
    with pytest.raises(ValueError, match=r"LogicalTime\(0\) lies in no cycle"):
        change(LogicalTime(0))


def test_one_time_comes_before_another_where_no_number_is_larger():
    assert LogicalTime(0, 3).less_equal((1, 3))
    assert not LogicalTime(0, 3).less_equal(LogicalTime(1, 2))
    assert LogicalTime(0).less_equal(LogicalTime(0))


def test_times_of_different_depth_cannot_be_compared():
    with pytest.raises(ValueError, match="different numbers of cycles"):
        LogicalTime(0).less_equal((0, 1))


@pytest.mark.parametrize("numbers", [(-1,), (0, 0), (True,), (0, 1.0), ("0",)], ids=str)
def test_other_numbers_are_no_times(numbers):
    with pytest.raises(ValueError, match="of a logical time must be an int of at least"):
        LogicalTime(*numbers)


def test_a_logical_time_survives_copies_and_pickles():
    time = LogicalTime(2, 1)
    for again in (copy.deepcopy(time), pickled(time)):
        assert again == time
        assert type(again) is LogicalTime
