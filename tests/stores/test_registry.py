"""Backends by name."""

import subprocess
import sys

import pytest

from fast_dag.stores.memory import MemoryCache
from fast_dag.stores.registry import get_cache, register_cache
from fast_dag.stores.sqlite import DiskCache
from tests.stores.backends import PlainBackend


def test_each_name_has_one_backend_for_the_whole_process():
    assert isinstance(get_cache("memory"), MemoryCache)
    assert get_cache("memory") is get_cache("memory")
    assert isinstance(get_cache("disk"), DiskCache)
    assert get_cache("disk") is get_cache("disk")


def test_asking_for_the_disk_cache_touches_no_disk(tmp_path):
    program = "from fast_dag.stores.registry import get_cache; get_cache('disk')"
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)  # noqa: S603
    assert list(tmp_path.iterdir()) == []


def test_a_backend_is_given_back_as_it_is():
    backend = PlainBackend()
    assert get_cache(backend) is backend


def test_an_object_that_is_no_backend_is_refused():
    with pytest.raises(ValueError, match="no cache backend"):
        get_cache(3)


def test_an_unknown_name_is_a_value_error_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no cache 'memry': known are .*memory.*; did you mean 'memory'\?"):
        get_cache("memry")


def test_a_registered_backend_is_found_by_its_name():
    backend = PlainBackend()
    register_cache("registered instance", backend)
    assert get_cache("registered instance") is backend


def test_a_factory_is_called_once_when_the_backend_is_first_needed():
    made = []

    def factory():
        made.append(PlainBackend())
        return made[-1]

    register_cache("registered factory", factory)
    assert made == []
    assert get_cache("registered factory") is get_cache("registered factory")
    assert len(made) == 1


def test_a_class_is_a_factory():
    register_cache("registered class", PlainBackend)
    assert isinstance(get_cache("registered class"), PlainBackend)


def test_a_name_may_be_given_to_another_backend():
    first, second = PlainBackend(), PlainBackend()
    register_cache("registered twice", first)
    assert get_cache("registered twice") is first
    register_cache("registered twice", second)
    assert get_cache("registered twice") is second


def test_a_factory_that_gives_something_else_is_a_value_error():
    register_cache("registered dict", dict)
    with pytest.raises(ValueError, match="cache 'registered dict' is a dict, which is no cache backend"):
        get_cache("registered dict")


def test_what_is_neither_backend_nor_factory_is_refused():
    with pytest.raises(ValueError, match="cache 'registered number' is a int"):
        register_cache("registered number", 3)


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_name_is_a_text(name):
    with pytest.raises(ValueError, match="name must be a non-empty string"):
        register_cache(name, PlainBackend())
