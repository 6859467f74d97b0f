"""Facts as they grow: what is new among candidates, and how it comes together."""

import operator
from collections import Counter

import pytest

from fast_dag import Delta, DeltaError
from fast_dag.graph.deltas import DeltaPort
from fast_dag.run.delta import growth_of


def growing(merge="set", *, retain=False):
    return growth_of(DeltaPort("tc", "derive", "paths", merge, retain))


def given(growth, *several, round=1):
    growth.take(growth.prepared(several, round))
    return growth


def test_only_what_is_not_known_is_new():
    growth = given(growing(), [(0, 1), (1, 2)], round=0)
    given(growth, [(1, 2), (0, 2), (0, 2)])
    assert growth.delta.new == {(0, 2)}
    assert growth.delta.all == {(0, 1), (1, 2), (0, 2)}
    assert growth.found == 1


@pytest.mark.parametrize("kind", [set, frozenset, list, tuple, iter])
def test_candidates_may_come_in_any_collection(kind):
    growth = given(growing(), kind([1, 2]))
    assert given(growth, kind([2, 3])).delta.new == {3}


def test_several_sources_count_as_one():
    growth = given(growing(), [1, 2], {2, 3})
    assert growth.delta.new == {1, 2, 3}


def test_what_a_node_is_given_can_be_used_as_a_set_and_not_be_changed():
    delta = given(growing(), [1, 2]).delta
    assert delta.all & {2, 3} == {2}
    assert delta.new | {3} == {1, 2, 3}
    assert not hasattr(delta.new, "add")
    with pytest.raises(TypeError, match="read-only"):
        delta.all.add(3)


def test_the_view_of_all_facts_is_no_copy():
    growth = given(growing(), [1])
    view = growth.delta.all
    given(growth, [2])
    assert view == {1, 2}


def test_what_leaves_is_a_set_of_its_own():
    growth = given(growing(), [1])
    growth.gathered().add(2)
    assert growth.gathered() == {1}


def test_a_key_is_new_where_its_value_changes():
    growth = given(growing("min"), {"a": 3, "b": 1}, round=0)
    given(growth, [("a", 2), ("a", 1), ("b", 5), ("c", 7)])
    assert growth.delta.new == {"a": 1, "c": 7}
    assert growth.delta.all == growth.gathered() == {"a": 1, "b": 1, "c": 7}


def test_mappings_that_a_node_is_given_cannot_be_changed():
    delta = given(growing("max"), {"a": 3}).delta
    with pytest.raises(TypeError):
        delta.all["a"] = 4
    with pytest.raises(TypeError):
        delta.new["a"] = 4


def test_candidates_are_merged_with_each_other_before_they_meet_what_is_stored():
    calls = []

    def longest(a, b):
        calls.append((a, b))
        return max(a, b, key=len)

    growth = given(growing(longest), [("k", "abc")], round=0)
    given(growth, [("k", "ab"), ("k", "a")])
    assert calls == [("ab", "a"), ("abc", "ab")]
    assert growth.delta.new == {}


def test_a_function_merges_values_of_any_kind():
    growth = given(growing(operator.or_), {"a": frozenset({1})}, round=0)
    given(growth, [("a", frozenset({2})), ("b", frozenset({3}))])
    assert growth.delta.all == {"a": {1, 2}, "b": {3}}


def test_a_value_that_comes_back_is_an_error():
    growth = given(growing(lambda stored, new: new), {"k": "a"}, round=0)
    given(growth, {"k": "b"}, round=1)
    with pytest.raises(
        DeltaError, match=r"merge of 'paths' is not monotone: key 'k' went back from 'b' to 'a' \(round 2\)"
    ):
        given(growth, {"k": "a"}, round=2)


def test_it_comes_back_after_many_rounds_as_well():
    beats = {("rock", "paper"): "paper", ("paper", "scissors"): "scissors", ("scissors", "rock"): "rock"}
    growth = given(growing(lambda a, b: beats.get((a, b), beats.get((b, a), a))), {"k": "rock"}, round=0)
    given(growth, {"k": "paper"})
    given(growth, {"k": "scissors"}, round=2)
    with pytest.raises(DeltaError, match="from 'scissors' to 'rock'"):
        given(growth, {"k": "rock"}, round=3)


@pytest.mark.parametrize(
    "series",
    [
        pytest.param([5, -1, -2], id="numbers of one hash"),
        pytest.param([(5, -1), (4, -1), (3, -2), (2, -1)], id="tuples of them"),
        pytest.param([float(n) for n in range(300, 0, -1)], id="many"),
        pytest.param(["b" * 200, "a" * 200], id="long texts"),
    ],
)
def test_values_that_fall_do_not_come_back(series):
    growth = growing(lambda a, b: min(a, b))
    for round, value in enumerate(series):
        given(growth, {"k": value}, round=round)
    assert growth.gathered() == {"k": series[-1]}


def test_not_a_number_is_no_change_of_itself():
    nan = float("nan")
    growth = given(growing("min"), {"k": nan}, round=0)
    assert given(growth, {"k": 1.0}).found == 0


@pytest.mark.parametrize("merge", ["set", "min", lambda a, b: max(a, b)], ids=["set", "min", "function"])
def test_an_epoch_that_is_lost_leaves_no_trace(merge):
    growth = given(growing(merge, retain=True), [("a", 5), ("b", 5)], round=0)
    before = growth.gathered()
    growth.restart()
    given(growth, [("a", 1), ("c", 1)], round=0)
    given(growth, [("a", 0), ("a", 9), ("b", 7)])
    growth.undo()
    assert growth.gathered() == before
    assert growth.found == 0


def test_a_new_epoch_goes_on_with_the_facts_and_nothing_is_new():
    growth = given(given(growing(retain=True), [1, 2]), [])
    growth.restart()
    assert growth.delta.new == set()
    assert given(growth, [2, 3]).delta.new == {3}


@pytest.mark.parametrize("merge", ["set", "min"])
def test_what_nobody_has_looked_at_is_new_in_the_next_epoch(merge):
    growth = given(growing(merge, retain=True), [("a", 3), ("b", 3)], round=0)
    growth.restart()  # one in which nothing is taken in changes nothing
    growth.restart()
    lost = given(given(growth, [("b", 2)], round=0), [("c", 1)])
    lost.undo()
    growth.restart()
    given(growth, [("b", 1)], round=0)
    expected = {("a", 3), ("b", 3), ("b", 1)} if merge == "set" else {"a": 3, "b": 1}
    assert (growth.delta.new, growth.found) == (expected, len(expected))
    assert not given(growth, []).delta.new
    growth.restart()
    assert not given(growth, [("b", 1)], round=0).found


def test_a_value_may_come_back_in_another_epoch():
    growth = given(growing(lambda stored, new: new, retain=True), {"k": "a"}, round=0)
    given(growth, {"k": "b"})
    growth.restart()
    assert given(growth, {"k": "a"}).gathered() == {"k": "a"}


@pytest.mark.parametrize(
    ("merge", "candidates", "text"),
    [
        ("set", None, "None, which are no facts: return a set"),
        ("set", 5, "5, which are no facts"),
        ("set", "ab", "'ab', which are no facts"),
        ("set", {"a": 1}, "{'a': 1}, a mapping; give a set of facts, or merge="),
        ("set", [(1, [2])], r"\(1, \[2\]\), which is not hashable: make it a tuple"),
        ("min", [5], "5, which is no pair"),
        ("min", ["ab"], "'ab', which is no pair"),
        ("min", [(1, 2, 3)], r"\(1, 2, 3\), which is no pair"),
        ("min", [([1], 2)], r"the key \[1\], which is not hashable"),
        ("min", None, "None, which are no facts"),
    ],
)
def test_what_is_no_fact_is_told_with_the_variable_and_the_value(merge, candidates, text):
    with pytest.raises(TypeError, match=f"delta variable 'paths' of 'derive' in cycle 'tc' was given {text}"):
        growing(merge).prepared([candidates], 1)


def test_that_is_told_before_anything_is_taken_in():
    growth = given(growing(operator.add), {"k": []}, round=0)
    with pytest.raises(TypeError, match=r"was given \[\] for key 'k', a value that is not hashable"):
        growth.prepared([{"k": [1]}], 1)
    assert growth.gathered() == {"k": []}


def test_values_that_cannot_be_compared_are_told():
    class Array:
        __hash__ = None

        def __eq__(self, other):
            raise ValueError("the truth value is ambiguous")

    growth = given(growing(lambda stored, new: new), {"k": Array()}, round=0)
    with pytest.raises(TypeError, match="for key 'k', a value that is not hashable"):
        growth.prepared([{"k": Array()}], 1)


def test_a_merge_that_has_to_be_awaited_is_told():
    async def later(stored, value):
        return max(stored, value)

    growth = given(growing(lambda stored, value: later(stored, value)), {"k": 1}, round=0)
    for candidates in ([("new", 1), ("new", 2)], {"k": 2}):
        with pytest.raises(TypeError, match=r"merge of delta variable 'paths' .* must be a plain function"):
            given(growth, candidates)


def test_values_that_are_replaced_must_be_hashable_where_a_function_merges_them():
    growth = given(growing(lambda a, b: sorted({*a, *b})), {"k": [1]}, round=0)
    with pytest.raises(TypeError, match=r"\[1\] for key 'k', a value that is not hashable"):
        given(growth, {"k": [2]})


def test_what_candidates_raise_is_not_taken_for_a_bad_fact():
    def broken():
        yield (1, 2)
        msg = "no more"
        raise TypeError(msg)

    with pytest.raises(TypeError, match=r"^no more$"):
        growing().prepared([broken()], 1)


def test_a_type_error_of_the_merge_stays_what_it_is():
    with pytest.raises(TypeError, match="not supported between"):
        growing("min").prepared([[("k", 1), ("k", "a")]], 1)


def test_working_out_what_is_new_changes_nothing():
    growth = given(growing(), [1])
    growth.prepared([[2]], 1)
    assert growth.gathered() == {1}


def test_a_round_costs_what_is_new_and_not_what_is_known():
    asked = Counter()

    class Fact(int):
        def __hash__(self):
            asked[int(self)] += 1
            return int(self)

        def __eq__(self, other):
            return int(self) == int(other)

    growth = given(growing(), [Fact(n) for n in range(200)], round=0)
    asked.clear()
    given(growth, [Fact(n) for n in range(200, 210)])
    assert set(asked) == set(range(200, 210))


def test_a_delta_can_be_made_to_call_a_node():
    delta = Delta(new={1}, all={1, 2})
    assert (delta.new, delta.all, repr(delta)) == ({1}, {1, 2}, "<Delta, 1 new of 2>")


@pytest.mark.parametrize("merge", ["set", "min", operator.or_])
def test_what_goes_on_later_is_as_if_nothing_had_been_between(merge):
    pairs = [("a", 4), ("b", 8)]
    before, after = given(growing(merge), pairs, round=0), growing(merge)
    after.resume(*before.saved())
    assert (after.found, after.gathered()) == (2, before.gathered())
    assert (after.delta.new, after.delta.all) == (before.delta.new, before.delta.all)
    assert given(after, [("a", 3)]).delta.new == given(before, [("a", 3)]).delta.new


def test_what_was_replaced_before_an_interruption_may_not_come_back_after_it():
    before = given(given(growing(lambda _, new: new), {"k": 1}, round=0), {"k": 2})
    after = growing(lambda _, new: new)
    after.resume(*before.saved())
    given(before, {"k": 3})
    with pytest.raises(DeltaError, match="key 'k' went back from 2 to 1"):
        given(after, {"k": 1})
