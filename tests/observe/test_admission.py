import pytest

from fast_dag import CycleSafetyError
from fast_dag.observe.admission import Admission

A, B, C = (("run a", 1), ("run b", 1), ("run c", 1))


def waiting(admission, key):
    """The ticket of a cycle that has to wait, and what becomes of it."""
    ticket, told = admission.enter(key, "loop"), []
    assert ticket is not None
    assert ticket.when_landed(lambda: told.append(key))
    return told


def test_any_number_is_let_in_where_there_is_no_limit():
    admission = Admission(None)
    assert [admission.enter(key, "loop") for key in (A, B, C)] == [None, None, None]
    assert admission.inside == 3


def test_who_has_to_wait_is_told_when_there_is_room():
    admission = Admission(1)
    assert admission.enter(A, "loop") is None
    told = waiting(admission, B)
    assert told == []
    admission.leave(A)
    assert told == []
    admission.call()
    assert told == [B]
    assert admission.enter(B, "loop") is None


def test_they_are_let_in_in_the_order_they_came():
    admission = Admission(1)
    admission.enter(A, "loop")
    first, second = waiting(admission, B), waiting(admission, C)
    admission.leave(A)
    admission.call()
    assert (first, second) == ([B], [])
    # Though there is room, C is not next.
    assert admission.enter(C, "loop") is not None
    assert admission.enter(B, "loop") is None


def test_the_place_of_one_who_goes_away_is_given_to_the_next():
    admission = Admission(1)
    admission.enter(A, "loop")
    waiting(admission, B)
    second = waiting(admission, C)
    admission.leave(A)
    admission.drop("run b")
    assert second == [C]
    assert admission.enter(C, "loop") is None


def test_a_run_that_is_over_gives_back_all_it_has():
    admission = Admission(2)
    admission.enter(("run a", 1), "one")
    admission.enter(("run a", 2), "two")
    told = waiting(admission, B)
    admission.drop("run a")
    assert (told, admission.inside) == ([B], 0)


def test_a_ticket_that_has_landed_says_so():
    admission = Admission(1)
    admission.enter(A, "loop")
    ticket = admission.enter(B, "loop")
    admission.leave(A)
    admission.call()
    assert not ticket.when_landed(lambda: pytest.fail("it was told too late"))


def test_who_may_not_wait_is_refused():
    admission = Admission(1, waits=False)
    admission.enter(A, "loop")
    with pytest.raises(CycleSafetyError, match="cycle 'loop' is not let in: 1 cycles are under way"):
        admission.enter(B, "loop")
    admission.leave(A)
    assert admission.enter(B, "loop") is None


def test_who_no_longer_waits_keeps_nobody_waiting():
    admission = Admission(1)
    admission.enter(A, "loop")
    waiting(admission, B)
    second = waiting(admission, C)
    admission.leave(B)
    admission.leave(A)
    admission.call()
    assert second == [C]
