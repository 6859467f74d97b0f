"""The disk cache: values that come back exactly, damage, several processes."""

import gc
import math
import os
import sqlite3
import subprocess
import sys
import threading
from collections import OrderedDict
from enum import IntEnum
from pathlib import Path

import pytest

from fast_dag import Private
from fast_dag.errors import CacheError
from fast_dag.stores.sqlite import DiskCache
from tests.stores.backends import Clock

MISS = object()
FILE = "cache.sqlite"


class Level(IntEnum):
    HIGH = 1


class Explosive:
    """Says so when it is unpickled."""

    exploded = False

    def __reduce__(self):
        return (explode, ())


class Passing:
    """Pickles here, and cannot be read again once the class is gone."""


def explode():
    Explosive.exploded = True


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.fixture
def cache(tmp_path):
    made = DiskCache(tmp_path)
    yield made
    made.close()


def database(tmp_path):
    return sqlite3.connect(tmp_path / FILE, isolation_level=None)


def test_making_one_touches_no_disk(tmp_path):
    DiskCache(tmp_path / "not yet")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_made_when_it_is_needed(tmp_path):
    cache = DiskCache(tmp_path / "a" / "b")
    assert cache.get("x", MISS) is MISS
    assert (tmp_path / "a" / "b" / FILE).exists()
    cache.close()


def test_another_object_finds_what_the_first_has_stored(cache, tmp_path):
    cache.set("a", {"b": [1]})
    cache.close()
    other = DiskCache(tmp_path)
    assert other.get("a") == {"b": [1]}
    other.close()


def test_a_closed_cache_is_opened_again_when_needed(cache):
    cache.set("a", 1)
    cache.close()
    cache.close()
    assert cache.get("a") == 1


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -1, 2**64, 2**8000, 1.5, -0.0, 1e308, math.inf, "", "ä€\U0001f600\0\x1f", [], {},
        [1, [2.0, ["3", [None, {"4": [False]}]]]], {"b": 1, "a": 2, "": {"x": []}}, nested(150),
    ],
)  # fmt: skip
def test_what_json_can_hold_comes_back_exactly(cache, value):
    cache.set("a", value)
    assert repr(cache.get("a")) == repr(value)


def test_a_nan_comes_back(cache):
    cache.set("a", [math.nan])
    assert math.isnan(cache.get("a")[0])


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ((1, 2), "a value of type 'tuple'"),
        ([{"a": (1,)}], "a value of type 'tuple'"),
        ({1: 2}, "a dict with a key of type 'int'"),
        ({None: 2}, "a dict with a key of type 'NoneType'"),
        (Level.HIGH, "a value of type 'Level'"),
        (OrderedDict(a=1), "a value of type 'OrderedDict'"),
        ({1}, "a value of type 'set'"),
        (b"x", "a value of type 'bytes'"),
        (1j, "a value of type 'complex'"),
        ("\ud83d\ude00", "lone surrogates"),
        ({"\ud83d": 1}, "lone surrogates"),
        (2**9000, "an int of more than"),
        (nested(500), "levels deep"),
    ],
)
def test_what_would_come_back_different_is_refused(cache, value, named):
    with pytest.raises(CacheError, match=named) as caught:
        cache.set("a", value)
    assert "allow_pickle=True" in str(caught.value)
    assert not cache.exists("a")


def test_a_list_that_holds_itself_is_refused(cache):
    ring = []
    ring.append(ring)
    with pytest.raises(CacheError, match="levels deep"):
        cache.set("a", ring)


@pytest.mark.parametrize("value", [(1, 2), {1: {2, 3}}, b"x", Level.HIGH, "\ud83d\ude00", 2**9000])
def test_a_cache_that_may_pickle_gives_anything_back(tmp_path, value):
    cache = DiskCache(tmp_path, allow_pickle=True)
    cache.set("a", value)
    found = cache.get("a")
    cache.close()
    assert found == value
    assert type(found) is type(value)


def test_a_value_that_cannot_be_pickled_is_a_cache_error(tmp_path):
    with pytest.raises(CacheError, match="'function' cannot be pickled"):
        DiskCache(tmp_path, allow_pickle=True).set("a", lambda: 1)


def test_json_is_preferred_where_it_is_exact(tmp_path):
    cache = DiskCache(tmp_path, allow_pickle=True)
    cache.set("a", {"plain": [1]})
    cache.close()
    reader = DiskCache(tmp_path)
    assert reader.get("a") == {"plain": [1]}
    reader.close()


def test_a_pickled_entry_is_a_miss_and_never_read_where_pickle_is_not_allowed(tmp_path, cache):
    writer = DiskCache(tmp_path, allow_pickle=True)
    writer.set("a", Explosive())
    assert cache.get("a", MISS) is MISS
    assert not cache.exists("a")
    assert not Explosive.exploded
    assert cache.take_warnings() == []
    assert writer.exists("a")
    assert Explosive.exploded
    writer.close()


def test_a_pickled_entry_can_be_replaced_where_pickle_is_not_allowed(tmp_path, cache):
    writer = DiskCache(tmp_path, allow_pickle=True)
    writer.set("a", (1,))
    writer.close()
    cache.set("a", [1])
    assert cache.get("a") == [1]


def test_a_pickle_that_cannot_be_read_any_more_is_a_miss(tmp_path, monkeypatch):
    cache = DiskCache(tmp_path, allow_pickle=True)
    cache.set("a", Passing())
    monkeypatch.delattr(sys.modules[__name__], "Passing")
    assert cache.get("a", MISS) is MISS
    assert "entry 'a'" in cache.take_warnings()[0]
    cache.close()


@pytest.mark.parametrize(
    "change",
    [
        "data = x'00ff'",
        "data = 'text'",
        "data = substr(data, 1, 3)",
        "kind = 'yaml'",
        "checksum = x'00'",
        "checksum = 7",
    ],
)
def test_a_damaged_entry_is_a_miss_and_dropped(cache, tmp_path, change):
    cache.set("a", [1, 2, 3])
    cache.set("b", 4)
    connection = database(tmp_path)
    connection.execute(f"UPDATE entries_1 SET {change} WHERE key = 'a'")  # noqa: S608
    connection.close()
    assert cache.get("a", MISS) is MISS
    (warning,) = cache.take_warnings()
    assert "entry 'a'" in warning
    assert FILE in warning
    assert cache.take_warnings() == []
    assert cache.keys() == ["b"]
    assert cache.get("b") == 4


def test_a_file_that_is_no_database_is_put_aside(tmp_path):
    (tmp_path / FILE).write_bytes(b"this is a poem, not a database\n" * 500)
    cache = DiskCache(tmp_path)
    assert cache.get("a", MISS) is MISS
    (warning,) = cache.take_warnings()
    assert "is damaged" in warning
    assert (tmp_path / (FILE + ".corrupt")).read_bytes().startswith(b"this is a poem")
    cache.set("a", 1)
    assert cache.get("a") == 1
    cache.close()


@pytest.mark.parametrize("length", [50, 1000, 4096, 10_000])
def test_a_truncated_file_is_put_aside_or_read_as_far_as_it_goes(tmp_path, length):
    cache = DiskCache(tmp_path)
    for number in range(50):
        cache.set(str(number), "x" * 2000)
    cache.close()
    os.truncate(tmp_path / FILE, length)
    found = [cache.get(str(number), MISS) for number in range(50)]
    assert all(value is MISS or value == "x" * 2000 for value in found)
    assert MISS in found
    assert cache.take_warnings()
    cache.set("a", 1)
    assert cache.get("a") == 1
    cache.close()


def test_an_empty_file_is_an_empty_cache(tmp_path):
    (tmp_path / FILE).touch()
    cache = DiskCache(tmp_path)
    assert cache.keys() == []
    cache.close()


def test_a_file_with_damaged_pages_is_put_aside_when_they_are_met(tmp_path):
    cache = DiskCache(tmp_path)
    for number in range(50):
        cache.set(str(number), "x" * 2000)
    cache.close()
    with (tmp_path / FILE).open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 20 * 4096)
    found = [cache.get(str(number), MISS) for number in range(50)]
    assert MISS in found
    assert "is damaged" in cache.take_warnings()[0]
    cache.set("0", 1)
    assert cache.get("0") == 1
    cache.close()


def test_a_file_that_is_overwritten_while_it_is_open_does_no_harm(tmp_path, cache):
    cache.set("a", 1)
    cache.close()
    cache.get("a")
    (tmp_path / FILE).write_bytes(bytes(100_000))
    assert cache.get("b", MISS) is MISS
    cache.set("c", 2)
    assert cache.get("c") == 2


def test_a_folder_that_is_removed_while_it_is_open_is_made_again(tmp_path):
    cache = DiskCache(tmp_path / "cache")
    cache.set("a", 1)
    for path in (tmp_path / "cache").iterdir():
        path.unlink()
    (tmp_path / "cache").rmdir()
    cache.set("b", 2)
    assert cache.get("b") == 2
    assert (tmp_path / "cache" / FILE).exists()
    cache.close()


def test_warnings_that_nobody_takes_do_not_grow_without_bound(cache, tmp_path):
    for _ in range(150):
        cache.set("a", 1)
        connection = database(tmp_path)
        connection.execute("UPDATE entries_1 SET data = x'00'")
        connection.close()
        cache.get("a")
    assert len(cache.take_warnings()) == 100


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        DiskCache(tmp_path / "file" / "cache").get("a")


def test_a_database_that_cannot_be_opened_is_an_os_error(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(OSError, match=r"cache .*unable to open"):
        DiskCache(tmp_path).set("a", 1)


def test_expired_entries_are_removed_when_the_file_is_opened(tmp_path):
    clock = Clock()
    cache = DiskCache(tmp_path, timer=clock)
    cache.set("a", 1, ttl=5)
    cache.set("b", 2)
    cache.close()
    clock.now += 5
    cache.exists("c")
    connection = database(tmp_path)
    assert connection.execute("SELECT key FROM entries_1").fetchall() == [("b",)]
    connection.close()
    cache.close()


def test_stats_tell_where_the_file_is_and_how_large(cache, tmp_path):
    cache.set("a", 1)
    stats = cache.stats()
    assert stats["path"] == str(tmp_path / FILE)
    assert stats["disk_mb"] > 0


def test_a_cache_that_nobody_holds_closes_its_file(tmp_path):
    DiskCache(tmp_path).set("a", 1)
    gc.collect()
    # The last one to close a database removes the log that is written ahead.
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_cache_used_in_a_thread_that_has_ended_goes_on(cache):
    thread = threading.Thread(target=cache.set, args=("a", 1))
    thread.start()
    thread.join()
    assert cache.get("a") == 1


def test_two_objects_in_one_folder_see_each_other(cache, tmp_path):
    other = DiskCache(tmp_path)
    cache.set("a", 1)
    assert other.get("a") == 1
    assert other.delete("a")
    assert not cache.exists("a")
    other.close()


WRITER = """
import sys
from fast_dag.stores.sqlite import DiskCache
number, folder = sys.argv[1:]
cache = DiskCache(folder)
sys.stdin.readline()
for turn in range(50):
    cache.set(f"{number}/{turn}", [number] * 500)
    cache.set("same", [number] * 500)
    found = cache.get("same")
    assert len(found) == 500 and len(set(found)) == 1
cache.close()
"""


def test_several_processes_write_at_once(cache, tmp_path):
    writers = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", WRITER, str(number), str(tmp_path)], stdin=subprocess.PIPE, text=True
        )
        for number in range(3)
    ]  # fmt: skip
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.close()
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(cache.keys()) == 151
    assert cache.take_warnings() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_process_that_was_forked_opens_the_file_for_itself(cache):
    cache.set("a", 1)
    child = os.fork()
    if not child:
        # Nothing of the test run may go on in the child.
        cache.set("b", cache.get("a") + 1)
        cache.close()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert cache.get("b") == 2
    assert cache.get("a") == 1


def test_a_writer_that_dies_leaves_whole_entries(tmp_path):
    program = """
import os, sys, threading
from fast_dag.stores.sqlite import DiskCache
cache = DiskCache(sys.argv[1])
def write():
    for turn in range(10**6):
        cache.set("a", [turn] * 1000)
        if turn == 20:
            ready.set()
ready = threading.Event()
threading.Thread(target=write, daemon=True).start()
ready.wait()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)  # noqa: S603
    cache = DiskCache(tmp_path)
    found = cache.get("a")
    assert len(found) == 1000
    assert len(set(found)) == 1
    assert cache.take_warnings() == []
    cache.close()


def test_the_folder_may_be_a_path_or_a_text(tmp_path):
    for folder in (tmp_path, str(tmp_path), Path(tmp_path)):
        cache = DiskCache(folder)
        cache.set("a", 1)
        cache.close()


@pytest.mark.parametrize("allow_pickle", [False, True])
@pytest.mark.parametrize(
    ("value", "place"),
    [
        (Private("canary"), "the value is a Private"),
        ({"a": [Private("canary")]}, r"the value has at \['a'\]\[0\] a Private"),
    ],
)
def test_a_secret_never_reaches_the_disk(tmp_path, value, place, allow_pickle):
    cache = DiskCache(tmp_path, allow_pickle=allow_pickle)
    with pytest.raises(CacheError, match=f"{place}.*cipher") as caught:
        cache.set("a", value)
    cache.close()
    assert "canary" not in str(caught.value)
    assert [file for file in tmp_path.iterdir() if b"canary" in file.read_bytes()] == []
