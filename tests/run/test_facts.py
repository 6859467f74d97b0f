"""All facts of a delta variable: a set to those who read it."""

import copy
import pickle

import pytest

from fast_dag.run.facts import CHANGING, Facts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("union", {1, 2, 3}),
        ("intersection", {2}),
        ("difference", {1}),
        ("symmetric_difference", {1, 3}),
        ("__or__", {1, 2, 3}),
        ("__and__", {2}),
        ("__sub__", {1}),
        ("__xor__", {1, 3}),
    ],
)
def test_what_is_made_of_it_is_a_plain_set(name, expected):
    made = getattr(Facts({1, 2}), name)({2, 3})
    assert made == expected
    assert type(made) is set


def test_it_compares_as_a_set_from_both_sides():
    facts = Facts({1, 2})
    assert facts == {1, 2} == facts
    assert {1} < facts <= {1, 2, 3}
    assert facts.issuperset({1})
    assert facts.isdisjoint({3})
    assert isinstance(facts, set)


@pytest.mark.parametrize("name", CHANGING)
def test_nothing_changes_it(name):
    facts = Facts({1, 2})
    given = () if name in ("clear", "pop") else (({1}),)
    with pytest.raises(TypeError, match="read-only: return new ones from the node"):
        getattr(facts, name)(*given)
    assert facts == {1, 2}


def test_every_method_that_changes_a_set_is_known():
    both = frozenset(dir(set)) - frozenset(dir(frozenset))
    assert set(CHANGING) == both - {"__init__"}


def pickled(facts):
    return pickle.loads(pickle.dumps(facts))  # noqa: S301 - just made here


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, set, Facts.copy, pickled])
def test_a_copy_is_a_set_like_any_other(copied):
    made = copied(Facts({1, 2}))
    made.add(3)
    assert type(made) is set


def test_its_owner_adds_to_it_and_takes_back():
    facts = Facts({1})
    facts.extend({2, 3})
    facts.take_back({2})
    assert facts == {1, 3}
