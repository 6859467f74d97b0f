import pytest

from fast_dag.observe import health


def test_the_score_is_the_mean_of_what_is_known_each_between_0_and_1():
    assert health.score_of([1.0, None, 0.5]) == 0.75
    assert health.score_of([7.0, -3.0]) == 0.5
    assert health.score_of([None]) == 1.0


def test_soundness_is_the_share_that_did_not_fail():
    assert health.soundness([True, False, False, False, False]) == 0.8
    assert health.soundness([]) is None


def test_room_is_what_is_left_of_a_limit():
    assert health.room(25.0, 100.0) == 0.75
    assert health.room(None, 100.0) is None
    assert health.room(25.0, None) is None


def test_pace_is_the_median_in_relation_to_the_last_ones():
    assert health.pace(2.0, [4.0, 4.0]) == 0.5
    assert health.pace(None, []) is None
    assert health.pace(0.0, [0.0]) == 1.0


@pytest.mark.parametrize(("stale", "patience", "left"), [(5, None, 0.5), (5, 4, 0.5), (5, 20, 0.75)])
def test_progress_is_what_is_left_of_the_patience_which_is_at_least_ten(stale, patience, left):
    assert health.progress(stale, patience) == left


def test_without_an_objective_progress_is_not_known():
    assert health.progress(None, 5) is None
