"""The cache of one node."""

import subprocess
import sys
import threading
from collections import Counter

import pytest

from fast_dag.errors import CacheError
from fast_dag.graph.node import Node
from fast_dag.stores.cache import Flight, NodeCache
from fast_dag.stores.memory import MemoryCache
from fast_dag.stores.sqlite import DiskCache
from tests.stores.backends import Clock, PlainBackend


class Opaque:
    pass


def double(x):
    return x * 2


def triple(x):
    return x * 3


def cache_of(func=double, backend=None, namespace="flow", shared=True, name=None, **settings):
    node = Node(func, name=name, cached=True, **settings)
    return NodeCache(node, backend if backend is not None else MemoryCache(), namespace, shared=shared)


def value_of(cache, compute=None, **inputs):
    """The value for *inputs*: what is stored, or what is computed and stored now."""
    found = cache.look_up(inputs)
    if found.hit:
        return found.value
    assert found.is_mine
    value = compute() if compute is not None else object()
    cache.store(found.flight, value)
    return value


def is_hit(cache, **inputs):
    """Whether there is a value; claims nothing that stays claimed."""
    found = cache.look_up(inputs)
    if found.is_mine:
        cache.give_up(found.flight)
    return found.hit


def test_a_stored_value_is_found_again():
    cache = cache_of()
    found = cache.look_up({"x": 1})
    assert (found.hit, found.is_mine, found.warnings) == (False, True, ())
    assert isinstance(found.flight, Flight)
    cache.store(found.flight, 2)
    again = cache.look_up({"x": 1})
    assert (again.hit, again.value, again.flight, again.is_mine) == (True, 2, None, False)
    assert not is_hit(cache, x=2)


def test_a_stored_none_is_a_hit():
    cache = cache_of()
    cache.store(cache.look_up({"x": 1}).flight, None)
    found = cache.look_up({"x": 1})
    assert (found.hit, found.value) == (True, None)


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (1, "1"), (1, True), ([1], (1,)), ("a", b"a")])
def test_inputs_of_other_types_are_other_calls(one, other):
    cache = cache_of()
    value_of(cache, x=one)
    assert not is_hit(cache, x=other)


def test_what_is_given_up_is_not_stored():
    cache = cache_of()
    cache.give_up(cache.look_up({"x": 1}).flight)
    assert cache.look_up({"x": 1}).is_mine


def test_an_input_without_a_key_is_named():
    with pytest.raises(CacheError) as caught:
        cache_of().look_up({"y": 1, "x": [Opaque()]})
    assert str(caught.value) == (
        "input 'x' of 'double' holds a Opaque, which has no stable key: "
        "give cache_key=, or register_cache_key(Opaque, function)"
    )
    assert caught.value.node_name == "double"


def test_only_the_inputs_that_are_named_count():
    cache = cache_of(cache_key=["x"])
    value = value_of(cache, x=1, y=Opaque())
    assert cache.look_up({"x": 1, "y": Opaque()}).value is value
    assert not is_hit(cache, x=2, y=1)


def test_an_input_that_is_absent_is_not_none():
    cache = cache_of(cache_key=["x", "y"])
    value_of(cache, x=1)
    assert not is_hit(cache, x=1, y=None)


def test_a_callable_may_say_what_counts():
    cache = cache_of(cache_key=lambda inputs: inputs["x"] % 10)
    value = value_of(cache, x=11)
    assert cache.look_up({"x": 21}).value is value
    assert not is_hit(cache, x=12)


def test_what_a_callable_says_must_have_a_key():
    with pytest.raises(CacheError, match=r"what cache_key= of 'double' gives holds a Opaque"):
        cache_of(cache_key=lambda _: Opaque()).look_up({"x": 1})


def test_values_are_good_for_their_time_to_live():
    clock = Clock()
    cache = cache_of(backend=MemoryCache(timer=clock), cache_ttl=60)
    value_of(cache, x=1)
    clock.now += 59
    assert is_hit(cache, x=1)
    clock.now += 1
    assert not is_hit(cache, x=1)


def test_values_are_handed_out_as_they_are():
    cache = cache_of()
    value = []
    value_of(cache, lambda: value, x=1)
    assert cache.look_up({"x": 1}).value is value


def test_copies_keep_a_stored_value_as_it_was():
    cache = cache_of(cache_copy=True)
    value = [[1]]
    value_of(cache, lambda: value, x=1)
    value[0].append(2)
    first = cache.look_up({"x": 1}).value
    assert first == [[1]]
    first[0].append(3)
    assert cache.look_up({"x": 1}).value == [[1]]


def test_two_nodes_and_two_namespaces_never_share():
    backend = MemoryCache()
    names = [
        ("a", "b"),
        ("a", "c"),
        ("d", "b"),
        ("a/b", "c"),
        ("a", "b/c"),
        ("a%2Fb", "c"),
        ("", "a"),
        ("a", "\ud800"),
    ]
    caches = [cache_of(backend=backend, namespace=space, name=name) for space, name in names]
    values = [value_of(cache, x=1) for cache in caches]
    assert [cache.look_up({"x": 1}).value for cache in caches] == values


def test_one_namespace_and_name_share_across_nodes_if_the_function_is_the_same():
    backend = MemoryCache()
    value = value_of(cache_of(backend=backend), x=1)
    assert cache_of(backend=backend).look_up({"x": 1}).value is value
    assert not is_hit(cache_of(triple, backend, name="double"), x=1)


def test_a_private_cache_belongs_to_one_node_object():
    backend = MemoryCache()
    node = Node(double, cached=True)
    value = value_of(NodeCache(node, backend, "token", shared=False), x=1)
    assert NodeCache(node, backend, "token", shared=False).look_up({"x": 1}).value is value
    assert not is_hit(NodeCache(node.copy(), backend, "token", shared=False), x=1)
    assert not is_hit(cache_of(backend=backend, namespace="token", shared=False), x=1)


@pytest.mark.parametrize("shared", [True, False])
def test_changed_code_and_changed_defaults_are_misses(shared):
    def function(x, y=1):
        return x + y

    def other(x, y=1):
        return x - y

    cache = cache_of(function, shared=shared)
    value_of(cache, x=1)
    function.__defaults__ = (2,)
    assert not is_hit(cache, x=1)
    function.__defaults__ = (1,)
    assert is_hit(cache, x=1)
    function.__code__ = other.__code__
    assert not is_hit(cache, x=1)


def test_a_closure_counts_only_where_the_cache_is_shared():
    factor = 2

    def scale(x):
        return x * factor

    shared, private = cache_of(scale), cache_of(scale, shared=False)
    value_of(shared, x=1)
    value_of(private, x=1)
    factor = 3
    assert not is_hit(shared, x=1)
    assert is_hit(private, x=1)


def test_a_closure_without_a_key_needs_a_version_where_the_cache_is_shared():
    thing = Opaque()

    def use(x):
        return thing, x

    with pytest.raises(CacheError, match=r"closure variable 'thing' of 'use' holds a Opaque.*give version="):
        cache_of(use).look_up({"x": 1})
    value_of(cache_of(use, cache_version="1"), x=1)
    value_of(cache_of(use, shared=False), x=1)


def test_a_version_stands_for_the_code():
    backend = MemoryCache()
    value = value_of(cache_of(double, backend, cache_version="1"), x=1)
    assert cache_of(triple, backend, name="double", cache_version="1").look_up({"x": 1}).value is value
    assert not is_hit(cache_of(double, backend, cache_version="2"), x=1)
    assert not is_hit(cache_of(double, backend), x=1)


def test_a_version_may_be_asked_for_at_each_call():
    versions = iter(["1", "2", "1"])
    cache = cache_of(cache_version=lambda: next(versions))
    value_of(cache, x=1)
    assert not is_hit(cache, x=1)
    assert is_hit(cache, x=1)


def test_settings_that_change_are_followed():
    node = Node(double, cached=True)
    cache = NodeCache(node, MemoryCache(), "flow", shared=True)
    value_of(cache, x=1, y=1)
    node.updated(cache_key=["x"])
    assert not is_hit(cache, x=1, y=1)


def test_a_second_caller_waits_for_the_first():
    cache = cache_of()
    first, second = cache.look_up({"x": 1}), cache.look_up({"x": 1})
    assert (second.hit, second.is_mine, second.flight) == (False, False, first.flight)
    heard = []
    assert second.flight.when_landed(lambda: heard.append(cache.look_up({"x": 1}).value))
    cache.store(first.flight, 7)
    assert heard == [7]
    assert not second.flight.when_landed(lambda: None)


def test_when_the_first_fails_one_of_those_who_wait_computes():
    cache = cache_of()
    first = cache.look_up({"x": 1})
    found = []
    for _ in range(3):
        cache.look_up({"x": 1}).flight.when_landed(lambda: found.append(cache.look_up({"x": 1})))
    cache.give_up(first.flight)
    assert [each.is_mine for each in found] == [True, False, False]
    assert len({id(each.flight) for each in found}) == 1


def test_calls_with_other_inputs_wait_for_nobody():
    cache = cache_of()
    assert cache.look_up({"x": 1}).is_mine
    assert cache.look_up({"x": 2}).is_mine


def test_caches_of_one_backend_and_namespace_wait_for_each_other():
    backend = PlainBackend()
    first = cache_of(backend=backend).look_up({"x": 1})
    second = cache_of(backend=backend).look_up({"x": 1})
    assert second.flight is first.flight
    assert cache_of(backend=PlainBackend()).look_up({"x": 1}).is_mine


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_many_threads_with_one_key_compute_once(kind, tmp_path):
    backend = MemoryCache() if kind == "memory" else DiskCache(tmp_path)
    start, computed, results = threading.Barrier(8), [], []

    def ask():
        cache = cache_of(backend=backend)
        for turn in range(20):
            start.wait()
            results.append((turn, asked(cache, turn, computed)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(computed) == dict.fromkeys(range(20), 1)
    assert Counter(results) == {(turn, turn * 2): 8 for turn in range(20)}
    if kind == "disk":
        backend.close()


def asked(cache, x, computed):
    """What a runner does, with an event to wait on."""
    while True:
        found = cache.look_up({"x": x})
        if found.hit:
            return found.value
        if found.is_mine:
            computed.append(x)
            cache.store(found.flight, x * 2)
            continue
        landed = threading.Event()
        if found.flight.when_landed(landed.set):
            assert landed.wait(10)


class Interrupting(PlainBackend):
    """Lets another caller in between a miss and the answer to it."""

    between = None

    def get(self, key, default=None):
        found = super().get(key, default)
        between, self.between = self.between, None
        if between is not None:
            between()
        return found


def test_a_value_stored_between_the_miss_and_the_claim_is_found():
    backend = Interrupting()
    cache = cache_of(backend=backend)
    backend.between = lambda: value_of(cache, lambda: 5, x=1)
    found = cache.look_up({"x": 1})
    assert (found.hit, found.value) == (True, 5)
    assert not is_hit(cache, x=2)


def test_a_failure_between_the_miss_and_the_claim_leaves_the_claim():
    backend = Interrupting()
    cache = cache_of(backend=backend)
    backend.between = lambda: cache.give_up(cache.look_up({"x": 1}).flight)
    assert cache.look_up({"x": 1}).is_mine


class Failing(PlainBackend):
    """Raises where it is told to."""

    fails = ()

    def get(self, key, default=None):
        if "get" in self.fails:
            raise ConnectionError
        return super().get(key, default)

    def set(self, key, value, ttl=None):
        if "set" in self.fails:
            raise ConnectionError
        super().set(key, value, ttl)


def test_a_backend_that_cannot_be_asked_leaves_no_claim():
    backend = Failing()
    cache = cache_of(backend=backend)
    backend.fails = ("get",)
    with pytest.raises(ConnectionError):
        cache.look_up({"x": 1})
    backend.fails = ()
    assert cache.look_up({"x": 1}).is_mine


class FailingLater(Interrupting):
    """Cannot be asked a second time."""

    def get(self, key, default=None):
        if self.fails_now:
            raise ConnectionError
        return super().get(key, default)

    fails_now = False


def test_a_backend_that_fails_after_the_claim_leaves_no_claim():
    backend = FailingLater()
    cache = cache_of(backend=backend)

    def between():
        cache.give_up(cache.look_up({"x": 2}).flight)
        backend.fails_now = True

    backend.between = between
    with pytest.raises(ConnectionError):
        cache.look_up({"x": 1})
    backend.fails_now = False
    assert cache.look_up({"x": 1}).is_mine


def test_a_backend_that_cannot_store_lands_the_flight():
    backend = Failing()
    cache = cache_of(backend=backend)
    found = cache.look_up({"x": 1})
    heard = []
    found.flight.when_landed(lambda: heard.append(1))
    backend.fails = ("set",)
    with pytest.raises(ConnectionError):
        cache.store(found.flight, 1)
    assert heard == [1]
    assert cache.look_up({"x": 1}).is_mine


def test_a_value_that_cannot_be_stored_lands_the_flight(tmp_path):
    backend = DiskCache(tmp_path)
    cache = cache_of(backend=backend)
    found = cache.look_up({"x": 1})
    with pytest.raises(CacheError, match="allow_pickle=True"):
        cache.store(found.flight, (1, 2))
    assert cache.look_up({"x": 1}).is_mine
    backend.close()


def test_a_value_that_cannot_be_copied_lands_the_flight():
    cache = cache_of(cache_copy=True)
    found = cache.look_up({"x": 1})
    with pytest.raises(TypeError):
        cache.store(found.flight, threading.Lock())
    assert cache.look_up({"x": 1}).is_mine


def test_what_the_backend_found_damaged_comes_with_the_look_up(tmp_path):
    (tmp_path / "cache.sqlite").write_bytes(b"no database at all " * 100)
    backend = DiskCache(tmp_path)
    cache = cache_of(backend=backend)
    found = cache.look_up({"x": 1})
    assert found.is_mine
    assert "is damaged" in found.warnings[0]
    cache.store(found.flight, 1)
    assert cache.look_up({"x": 1}).warnings == ()
    backend.close()


def test_a_cache_tells_whether_it_never_waits(tmp_path):
    assert cache_of().in_memory
    assert not cache_of(backend=DiskCache(tmp_path)).in_memory
    assert not cache_of(backend=PlainBackend()).in_memory


@pytest.mark.parametrize("kind", ["memory", "disk", "plain"])
def test_invalidate_drops_the_entries_of_one_node_and_counts_them(kind, tmp_path):
    backend = {"memory": MemoryCache, "plain": PlainBackend, "disk": lambda: DiskCache(tmp_path)}[kind]()
    cache, other = cache_of(backend=backend), cache_of(triple, backend)
    for x in range(3):
        value_of(cache, lambda: 1, x=x)
        value_of(other, lambda: 1, x=x)
    assert cache.invalidate() == 3
    assert cache.invalidate() == 0
    assert not is_hit(cache, x=1)
    assert is_hit(other, x=1)
    if kind == "disk":
        backend.close()


def test_invalidate_drops_what_an_earlier_form_of_the_node_stored():
    backend = MemoryCache()
    value_of(cache_of(double, backend, shared=False), x=1)
    value_of(cache_of(triple, backend, shared=False, name="double"), x=1)
    assert cache_of(double, backend, shared=False).invalidate() == 2


def test_without_a_list_of_keys_expired_entries_are_not_counted_twice():
    backend = PlainBackend()
    cache = cache_of(backend=backend)
    for _ in range(2):
        value_of(cache, x=1)
        backend.clear()
    assert cache.invalidate() == 0


def test_a_version_that_raises_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        cache_of(cache_version=lambda: 1 // 0).look_up({"x": 1})


def test_explaining_claims_computes_and_counts_nothing():
    backend = MemoryCache()
    cache = cache_of(backend=backend)
    assert not cache.explain({"x": 1}).hit
    assert cache.look_up({"x": 1}).is_mine
    before = backend.stats()
    cache.explain({"x": 1})
    assert backend.stats() == before


def test_a_hit_is_explained_with_its_age_and_key():
    clock = Clock()
    cache = cache_of(backend=MemoryCache(timer=clock))
    found = cache.look_up({"x": 1})
    cache.store(found.flight, 1)
    clock.now += 2.5
    explanation = cache.explain({"x": 1})
    assert explanation == (True, "stored 2.5 s ago", found.flight.key)


def test_a_hit_on_what_another_process_stored_is_explained(tmp_path):
    first, second = DiskCache(tmp_path), DiskCache(tmp_path)
    value_of(cache_of(backend=first), lambda: 1, x=1)
    assert cache_of(backend=second).explain({"x": 1})[:2] == (True, "an entry has this key")
    assert cache_of(backend=second).explain({"x": 2})[:2] == (
        False,
        "no entry has this key; what earlier processes stored is not known",
    )
    first.close()
    second.close()


def test_an_empty_cache_says_that_nothing_is_stored():
    assert cache_of().explain({"x": 1}).reason == "nothing is stored for this node yet"


def test_a_miss_names_the_inputs_that_differ():
    cache = cache_of()
    value_of(cache, x=1, y=1, z=1)
    assert cache.explain({"x": 2, "y": 1, "z": [1]}).reason == "the inputs differ: 'x', 'z'"
    assert cache.explain({"x": 1, "y": 1}).reason == "the inputs differ: 'z'"


def test_a_miss_is_compared_with_the_nearest_call():
    cache = cache_of()
    value_of(cache, x=1, y=1)
    value_of(cache, x=2, y=2)
    assert cache.explain({"x": 1, "y": 3}).reason == "the inputs differ: 'y'"
    assert cache.explain({"x": 3, "y": 2}).reason == "the inputs differ: 'x'"


def test_a_miss_tells_that_cache_key_gives_something_else():
    cache = cache_of(cache_key=lambda inputs: inputs["x"])
    value_of(cache, x=1)
    assert cache.explain({"x": 2}).reason == "what cache_key gives differs"


def test_a_miss_tells_what_changed_about_the_function():
    factor = 1

    def scale(x, y=1):
        return x * y * factor

    cache = cache_of(scale)
    value_of(cache, x=1)
    scale.__defaults__ = (2,)
    assert cache.explain({"x": 1}).reason == "the function's defaults changed"
    scale.__defaults__ = (1,)
    factor = 2
    assert cache.explain({"x": 1}).reason == "a value in the function's closure changed"
    assert (
        cache.explain({"x": 2}).reason == "a value in the function's closure changed; the inputs differ: 'x'"
    )


@pytest.mark.parametrize("shared", [True, False])
def test_a_miss_tells_that_the_code_changed(shared):
    backend = MemoryCache()
    value_of(cache_of(double, backend, shared=shared), x=1)
    changed = cache_of(triple, backend, shared=shared, name="double")
    assert changed.explain({"x": 1}).reason == "the function's code changed"


def test_a_miss_tells_that_the_node_is_another_one():
    backend = MemoryCache()
    value_of(cache_of(backend=backend, shared=False), x=1)
    reason = cache_of(backend=backend, shared=False).explain({"x": 1}).reason
    assert reason == "the node is another one than stored it"


def test_a_miss_tells_that_the_version_changed():
    backend = MemoryCache()
    value_of(cache_of(backend=backend, cache_version="1"), x=1)
    assert cache_of(backend=backend, cache_version="2").explain({"x": 1}).reason == "the version changed"
    assert cache_of(backend=backend).explain({"x": 1}).reason == "the version changed"


def test_a_miss_tells_that_the_value_has_expired():
    clock = Clock()
    cache = cache_of(backend=MemoryCache(timer=clock), cache_ttl=10)
    value_of(cache, x=1)
    clock.now += 12
    assert cache.explain({"x": 1}).reason == "expired: stored 12.0 s ago, kept for 10 s"


def test_a_miss_tells_that_the_value_was_dropped():
    backend = MemoryCache(timer=Clock())
    cache = cache_of(backend=backend)
    value_of(cache, x=1)
    backend.clear()
    assert cache.explain({"x": 1}).reason == "stored 0.0 s ago, but dropped from the cache since"


def test_a_miss_tells_that_another_is_computing_it():
    cache = cache_of()
    cache.look_up({"x": 1})
    assert cache.explain({"x": 1}).reason == "another caller is computing it now"


def test_many_calls_are_explained_by_the_last_hundred():
    cache = cache_of()
    for x in range(150):
        value_of(cache, x=x, y=x)
    assert cache.explain({"x": 149, "y": 0}).reason == "the inputs differ: 'y'"
    assert cache.explain({"x": 0, "y": -1}).reason == "the inputs differ: 'x', 'y'"


def test_the_key_of_a_call_is_the_same_in_another_process():
    program = (
        "from fast_dag.graph.node import Node\n"
        "from fast_dag.stores.cache import NodeCache\n"
        "from fast_dag.stores.memory import MemoryCache\n"
        "def scale(x, *, by={'a', 'b', 'c'}):\n    return x\n"
        "print(NodeCache(Node(scale), MemoryCache(), 'n', shared=True).explain({'x': {'q', 'r'}}).key)"
    )
    keys = {
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "12"
    }
    assert len(keys) == 1
