"""Pauses: the steps that wait, first by order, then by path, however many have been answered."""

import weakref
from types import SimpleNamespace

import pytest

from fast_dag.run.places import AROUND, NODE
from fast_dag.run.waiting import Pauses


def pause(*order, failure=None, kind=NODE, iteration=()):
    path = ".".join(map(str, order))
    place = SimpleNamespace(order=order, path=path, key=(path, iteration), kind=kind)
    return SimpleNamespace(place=place, failure=failure)


@pytest.fixture
def closed():
    return []


@pytest.fixture
def pauses(closed):
    return Pauses(lambda each: not any(each is other for other in closed))


def test_they_come_in_the_order_of_a_sequential_run(pauses):
    made = [pause(2), pause(1, 5), pause(1, 2), pause(0)]
    for each in made:
        pauses.add(each)
    assert pauses.first is made[3]
    assert [each.place.path for each in pauses.all()] == ["0", "1.2", "1.5", "2"]


def test_one_that_has_failed_comes_first(pauses, closed):
    early, failed = pause(0), pause(3, failure="no")
    pauses.add(early)
    pauses.add(failed)
    assert (pauses.first, pauses.failed) == (failed, [failed])
    closed.append(failed)
    assert (pauses.first, pauses.failed) == (early, [])


def test_those_that_have_been_answered_are_gone(pauses, closed):
    one, two = pause(1), pause(2)
    pauses.add(one)
    pauses.add(two)
    closed.append(one)
    pauses.drop(one)
    assert (pauses.first, pauses.all(), pauses.of(one.place.key)) == (two, [two], [])
    closed.append(two)
    assert (pauses.first, pauses.all()) == (None, [])


def test_they_are_found_by_path_and_iteration(pauses):
    zero, one = pause(1, iteration=(0,)), pause(1, iteration=(1,))
    pauses.add(zero)
    pauses.add(one)
    assert pauses.of(("1", (1,))) == [one]
    assert pauses.of(("1", (2,))) == []


def test_those_of_nodes_with_steps_inside_are_known(pauses, closed):
    inside, around = pause(1), pause(2, kind=AROUND)
    pauses.add(inside)
    pauses.add(around)
    assert pauses.around == [around]
    closed.append(around)
    assert pauses.around == []


def test_many_that_were_answered_are_let_go_of():
    class Made:
        """A pause that tells when it is gone."""

        failure = None

        def __init__(self, number):
            self.place = pause(number).place

    answered, left = set(), []
    pauses = Pauses(lambda each: each.place.path not in answered)
    for number in range(300):
        each = Made(number)
        pauses.add(each)
        answered.add(each.place.path)
        pauses.drop(each)
        left.append(weakref.ref(each))
    del each
    assert sum(made() is not None for made in left) < 100
