import pytest

from fast_dag.observe.limits import Gate, Limit


def gate(action="terminate", *, counts=False):
    return Gate(Limit("memory", 10, action, "{value} of {most}", counts=counts))


def test_a_violation_says_what_when_and_where():
    found = gate().broken(12, 3, 99.0)
    assert (found.kind, found.limit, found.value, found.action) == ("memory", 10, 12, "terminate")
    assert (found.iteration, found.timestamp, found.message) == (3, 99.0, "12 of 10")


def test_what_is_not_known_breaks_nothing():
    assert gate().broken(None, None, 0.0) is None


def test_a_count_is_broken_when_it_is_reached():
    assert gate().broken(10, None, 0.0) is None
    assert gate(counts=True).broken(10, None, 0.0) is not None


@pytest.mark.parametrize("action", ["terminate", "raise"])
def test_what_ends_something_is_told_once_until_something_else_begins(action):
    limit = gate(action)
    assert limit.broken(11, None, 0.0) is not None
    assert limit.broken(99, None, 0.0) is None
    limit.rearm()
    assert limit.broken(99, None, 0.0) is not None


def test_a_warning_is_told_again_at_a_tenth_more_than_the_last_one_whatever_begins():
    limit, told = gate("warn_and_continue"), []
    for value in (11, 12, 12.2, 13, 13.5):
        limit.rearm()
        told.append(limit.broken(value, None, 0.0) is not None)
    assert told == [True, False, True, False, True]


def test_nothing_is_done_about_what_is_ignored():
    assert gate("ignore").broken(11, None, 0.0) is None
