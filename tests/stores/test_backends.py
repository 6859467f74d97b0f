"""What every backend does, ours and a user's."""

import threading

import pytest

from fast_dag.stores.base import CacheBackend, check_backend, is_backend
from fast_dag.stores.memory import MemoryCache
from fast_dag.stores.sqlite import DiskCache
from tests.stores.backends import Clock, PlainBackend

MISS = object()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["memory", "disk", "plain"])
def backend(request, clock, tmp_path):
    if request.param == "memory":
        yield MemoryCache(timer=clock)
    elif request.param == "plain":
        yield PlainBackend(clock)
    else:
        disk = DiskCache(tmp_path, timer=clock)
        yield disk
        disk.close()


def test_it_is_a_backend(backend):
    assert is_backend(backend)
    assert check_backend(backend) is backend


def test_a_value_is_found_under_its_key(backend):
    backend.set("a", [1, "two", 3.0, {"four": None}])
    assert backend.get("a") == [1, "two", 3.0, {"four": None}]


def test_another_key_is_a_miss(backend):
    backend.set("a", 1)
    assert backend.get("b") is None
    assert backend.get("b", MISS) is MISS


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}])
def test_a_value_that_counts_as_false_is_a_hit(backend, value):
    backend.set("a", value)
    assert backend.exists("a")
    found = backend.get("a", MISS)
    assert found == value
    assert type(found) is type(value)


def test_a_later_value_takes_the_place_of_an_earlier_one(backend):
    backend.set("a", 1)
    backend.set("a", 2)
    assert backend.get("a") == 2


def test_delete_tells_whether_there_was_an_entry(backend):
    backend.set("a", 1)
    assert backend.delete("a") is True
    assert backend.delete("a") is False
    assert backend.get("a", MISS) is MISS


def test_clear_drops_all_entries(backend):
    backend.set("a", 1)
    backend.set("b", 2)
    backend.clear()
    assert not backend.exists("a")
    assert not backend.exists("b")
    backend.set("a", 3)
    assert backend.get("a") == 3


def test_an_entry_is_good_for_its_time_to_live_and_no_longer(backend, clock):
    backend.set("a", 1, ttl=10)
    clock.now += 9.5
    assert backend.get("a", MISS) == 1
    clock.now += 0.5
    assert backend.get("a", MISS) is MISS
    assert not backend.exists("a")


def test_the_time_to_live_counts_from_storing_not_from_use(backend, clock):
    backend.set("a", 1, ttl=10)
    clock.now += 6
    assert backend.get("a") == 1
    clock.now += 6
    assert backend.get("a", MISS) is MISS


def test_storing_again_begins_a_new_time_to_live(backend, clock):
    backend.set("a", 1, ttl=10)
    clock.now += 9
    backend.set("a", 2)
    clock.now += 1000
    assert backend.get("a") == 2


def test_stats_are_a_dict_that_tells_the_size(backend):
    backend.set("a", 1)
    backend.set("b", 2)
    assert backend.stats()["size"] == 2


def test_keys_may_hold_any_text(backend):
    for number, key in enumerate(["", "a/b", "%_", "ä€\U0001f600", "a\0b", "x" * 2000, "'; DROP TABLE"]):
        backend.set(key, number)
        assert backend.get(key) == number
    assert backend.stats()["size"] == 7


def test_several_threads_may_use_it_at_once(backend):
    start = threading.Barrier(4)
    seen = []

    def work(number):
        start.wait()
        for turn in range(25):
            backend.set(f"{number}/{turn}", [number, turn])
            seen.append(backend.get(f"{number}/{turn}") == [number, turn])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 100
    assert backend.stats()["size"] == 100


@pytest.mark.parametrize("name", ["memory", "disk"])
def test_ours_list_their_keys_by_prefix(name, clock, tmp_path):
    backend = MemoryCache(timer=clock) if name == "memory" else DiskCache(tmp_path, timer=clock)
    for key in ("n/a/1", "n/a/2", "n/b/1", "n/%/1", "n/a"):
        backend.set(key, 1)
    backend.set("n/a/3", 1, ttl=1)
    clock.now += 1
    assert sorted(backend.keys("n/a/")) == ["n/a/1", "n/a/2"]
    assert sorted(backend.keys("n/%")) == ["n/%/1"]
    assert len(backend.keys()) == 5
    if name == "disk":
        backend.close()


@pytest.mark.parametrize("name", ["memory", "disk"])
def test_ours_count_hits_and_misses_of_get_only(name, tmp_path):
    backend = MemoryCache() if name == "memory" else DiskCache(tmp_path)
    backend.set("a", 1)
    backend.get("a")
    backend.get("a")
    backend.get("b")
    backend.exists("a")
    backend.exists("b")
    stats = backend.stats()
    assert (stats["hits"], stats["misses"]) == (2, 1)
    if name == "disk":
        backend.close()


def test_what_lacks_methods_is_refused_with_their_names():
    with pytest.raises(
        ValueError, match="backend is a dict, which is no cache backend: it has no set, delete"
    ):
        check_backend({})


def test_a_class_is_no_backend():
    assert not is_backend(MemoryCache)
    with pytest.raises(ValueError, match="class MemoryCache: give an instance"):
        check_backend(MemoryCache)


def test_a_subclass_has_to_write_all_methods():
    class Half(CacheBackend):
        def get(self, key, default=None):
            return default

    with pytest.raises(TypeError, match="abstract"):
        Half()


def test_backends_tell_whether_they_last_and_whether_they_wait(tmp_path):
    assert (MemoryCache.persistent, MemoryCache.in_memory) == (False, True)
    assert (DiskCache.persistent, DiskCache.in_memory) == (True, False)
    assert (CacheBackend.persistent, CacheBackend.in_memory) == (False, False)
