"""What was stored for a node, and what is said of a call that is not among it."""

import pytest

from fast_dag.stores.calls import Call
from fast_dag.stores.history import CALLS, KEYS, History, Stored


def call_of(key, function=(), **inputs):
    return Call(str(key), dict(function), inputs)


def history_of(*calls, at=0.0, ttl=None):
    history = History()
    for call in calls:
        history.add(Stored(call, at, ttl))
    return history


def test_nothing_is_said_to_be_stored_before_anything_is():
    call = call_of("key")
    assert History().reason_of_miss(call, 0.0, persistent=False) == "nothing is stored for this node yet"
    assert "earlier processes" in History().reason_of_miss(call, 0.0, persistent=True)


def test_a_hit_tells_how_long_it_has_been_stored_if_this_process_knows():
    history = history_of(call_of("known"), at=1.0)
    assert history.reason_of_hit(call_of("known"), 3.5) == "stored 2.5 s ago"
    assert history.reason_of_hit(call_of("other"), 3.5) == "an entry has this key"


def test_a_clock_that_was_set_back_makes_no_negative_age():
    assert history_of(call_of("key"), at=9.0).reason_of_hit(call_of("key"), 1.0) == "stored 0.0 s ago"


@pytest.mark.parametrize(
    ("ttl", "now", "reason"),
    [
        (2.0, 2.0, "expired: stored 2.0 s ago, kept for 2 s"),
        (2.0, 1.0, "stored 1.0 s ago, but dropped from the cache since"),
        (None, 9.0, "stored 9.0 s ago, but dropped from the cache since"),
    ],
)
def test_a_miss_of_what_was_stored_says_where_it_went(ttl, now, reason):
    history = history_of(call_of("key"), ttl=ttl)
    assert history.reason_of_miss(call_of("key"), now, persistent=False) == reason


def test_a_miss_is_explained_by_the_nearest_call_that_was_stored():
    history = history_of(call_of(1, x=b"1", y=b"1"), call_of(2, x=b"2", y=b"2"))
    reason = history.reason_of_miss(call_of(3, x=b"3", y=b"1"), 0.0, persistent=False)
    assert reason == "the inputs differ: 'x'"


def test_a_new_node_with_new_code_is_the_old_one_redefined():
    history = history_of(call_of(1, {"node": b"1", "code": b"1"}))
    new = call_of(2, {"node": b"2", "code": b"2"})
    assert history.reason_of_miss(new, 0.0, persistent=False) == "the function's code changed"


def test_only_the_latest_calls_are_compared():
    history = history_of(*[call_of(number) for number in range(CALLS + 1)])
    assert history.reason_of_hit(call_of(0), 0.0) == "an entry has this key"
    assert history.reason_of_hit(call_of(1), 0.0) == "stored 0.0 s ago"


def test_a_call_that_is_stored_again_is_among_the_latest():
    calls = [call_of(number) for number in range(CALLS)]
    history = history_of(*calls, calls[0], call_of("new"))
    assert history.reason_of_hit(calls[0], 0.0) == "stored 0.0 s ago"
    assert history.reason_of_hit(calls[1], 0.0) == "an entry has this key"


def test_clearing_gives_the_latest_keys_and_forgets_them():
    history = history_of(*[call_of(number) for number in range(KEYS + 1)])
    assert history.clear() == [str(number) for number in range(1, KEYS + 1)]
    assert history.clear() == []
    assert history.reason_of_hit(call_of(KEYS), 0.0) == "an entry has this key"
