"""The memory cache: what it keeps when there is too much."""

import math

import pytest

from fast_dag.stores.memory import MemoryCache
from tests.stores.backends import Clock


def test_the_entries_used_longest_ago_go_first():
    cache = MemoryCache(max_size=2)
    cache.set("a", 1)
    cache.set("b", 2)
    cache.get("a")
    cache.set("c", 3)
    assert sorted(cache.keys()) == ["a", "c"]


def test_asking_whether_an_entry_exists_is_no_use():
    cache = MemoryCache(max_size=2)
    cache.set("a", 1)
    cache.set("b", 2)
    cache.exists("a")
    cache.set("c", 3)
    assert sorted(cache.keys()) == ["b", "c"]


def test_storing_under_a_key_again_needs_no_room():
    cache = MemoryCache(max_size=2)
    for key in "ababab":
        cache.set(key, key)
    assert cache.stats()["size"] == 2


def test_expired_entries_go_before_those_used_longest_ago():
    clock = Clock()
    cache = MemoryCache(max_size=2, timer=clock)
    cache.set("old", 1)
    cache.set("short", 2, ttl=1)
    clock.now += 2
    cache.set("new", 3)
    assert sorted(cache.keys()) == ["new", "old"]


def test_the_memory_of_all_entries_is_bounded():
    cache = MemoryCache(max_memory_mb=1)
    for number in range(10):
        cache.set(str(number), bytes(300_000))
    assert sorted(cache.keys()) == ["7", "8", "9"]
    assert 0.8 < cache.stats()["memory_mb"] <= 1


def test_a_value_that_is_larger_than_the_bound_is_not_kept():
    cache = MemoryCache(max_memory_mb=1)
    cache.set("small", 1)
    cache.set("large", bytes(2_000_000))
    assert not cache.exists("large")
    assert cache.get("small") == 1


def test_a_value_that_is_not_kept_does_not_leave_the_older_one():
    cache = MemoryCache(max_memory_mb=1)
    cache.set("a", 1)
    cache.set("a", bytes(2_000_000))
    assert not cache.exists("a")


def test_values_are_handed_out_as_they_are():
    cache = MemoryCache()
    value = [1]
    cache.set("a", value)
    assert cache.get("a") is value


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "10", None])
def test_a_bad_number_of_entries_is_a_value_error(limit):
    with pytest.raises(ValueError, match="max_size must be an integer >= 1"):
        MemoryCache(max_size=limit)


@pytest.mark.parametrize("limit", [0, -1, math.inf, math.nan, True, "10", None])
def test_a_bad_amount_of_memory_is_a_value_error(limit):
    with pytest.raises(ValueError, match="max_memory_mb must be a number > 0"):
        MemoryCache(max_memory_mb=limit)


def test_stats_show_the_bounds():
    stats = MemoryCache(max_size=7, max_memory_mb=2).stats()
    assert (stats["max_size"], stats["max_memory_mb"], stats["memory_mb"]) == (7, 2, 0)


def test_a_value_that_asks_the_cache_while_it_is_dropped_does_no_harm():
    cache = MemoryCache(max_size=1)

    class Nosy:
        def __del__(self):
            cache.get("a")

    cache.set("a", Nosy())
    cache.set("b", 1)
    assert cache.get("b") == 1
