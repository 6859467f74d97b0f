"""What leaves with the facts that are retained: one object for all epochs, unless somebody holds on to it."""

import pytest

from fast_dag.graph.deltas import DeltaPort
from fast_dag.run.delta import growth_of
from fast_dag.run.outlet import Outlet


class Counted:
    """Counts copies."""

    def __init__(self, kind):
        self.kind, self.copies = kind, 0

    def __call__(self, facts):
        self.copies += 1
        return self.kind(facts)


@pytest.fixture(params=[set, dict], ids=["set", "dict"])
def copied(request):
    return Counted(request.param)


def test_what_nobody_holds_is_brought_up_to_date(copied):
    outlet, facts = Outlet(copied), {}
    for number in range(5):
        fresh = {number: number}
        facts.update(fresh)
        outlet.add(fresh)
        assert outlet.given(facts) == copied.kind(facts)
    assert copied.copies == 1


def test_what_somebody_keeps_stays_as_it_was(copied):
    outlet = Outlet(copied)
    kept = outlet.given({1: 1})
    outlet.add({2: 2})
    assert outlet.given({1: 1, 2: 2}) == copied.kind({1: 1, 2: 2})
    assert kept == copied.kind({1: 1})


def test_what_somebody_has_changed_is_made_anew(copied):
    outlet = Outlet(copied)
    outlet.given({1: 1}).clear()
    outlet.add({2: 2})
    assert outlet.given({1: 1, 2: 2}) == copied.kind({1: 1, 2: 2})


def test_facts_that_are_taken_back_are_gone(copied):
    outlet = Outlet(copied)
    outlet.given({1: 1})
    outlet.add({2: 2})
    outlet.forget()
    assert outlet.given({1: 1}) == copied.kind({1: 1})


@pytest.mark.parametrize("merge", ["set", "min"])
def test_epochs_that_nobody_looks_at_are_caught_up_with(merge):
    growth = growth_of(DeltaPort("c", "f", "x", merge, retain=True))
    so_far = []
    for number in range(6):
        growth.restart()
        growth.take(growth.prepared([[(number, 1)]], 0))
        so_far.append((number, 1))
        if number % 2:
            assert growth.gathered() == (set(so_far) if merge == "set" else dict(so_far))
