"""Where cached results are kept: on disk, in a backend of the user's, and what happens if that fails."""

import threading

import pytest

from fast_dag import DAG, CacheError, DiskCache, ValidationError
from tests.conformance.modes import as_async, raised_by
from tests.stores.backends import PlainBackend


def doubling(backend, calls, **options):
    """A workflow of one node, made anew each time as another process would."""
    dag = DAG("doubles", **options)

    @dag.cached_node(backend=backend)
    def double(x, factor=2):
        calls.append(x)
        return x * factor

    return dag


def test_the_disk_keeps_results_for_another_workflow_of_the_namespace(any_mode, tmp_path):
    calls = []
    for _ in range(2):
        assert any_mode(doubling(DiskCache(tmp_path), [], cache_namespace="ours"), x=2) == 4
    dag = doubling(DiskCache(tmp_path), calls, cache_namespace="theirs")
    assert any_mode(dag, x=2) == 4
    assert calls == [2]


def test_a_workflow_of_another_namespace_shares_nothing_on_disk(any_mode, tmp_path):
    for namespace in "ab":
        dag = doubling(DiskCache(tmp_path), [], cache_namespace=namespace)
        any_mode(dag, x=2)
        assert dag.get_metrics()["cache_misses"] == 1


def test_without_a_namespace_nothing_runs_on_a_disk_cache(any_mode, tmp_path):
    calls = []
    dag = doubling(DiskCache(tmp_path), calls)
    dag.node(lambda: calls.append("other"), name="other")
    error = raised_by(any_mode, dag, x=1)
    assert isinstance(error, ValidationError)
    assert "DAG(..., cache_namespace='...')" in str(error)
    assert "'double'" in str(error)
    assert (calls, list(tmp_path.iterdir())) == ([], [])


def test_an_unknown_backend_is_refused_before_anything_runs(any_mode):
    dag, calls = DAG("unknown"), []
    dag.node(lambda: calls.append(1), name="first") >> dag.cached_node(
        lambda first: 1, name="second", backend="dsik"
    )
    with pytest.raises(ValueError, match=r"no cache 'dsik'.*did you mean 'disk'"):
        any_mode(dag)
    assert calls == []


def test_an_input_without_a_key_is_an_error_that_says_what_to_do(any_mode, tmp_path):
    calls = []
    dag = doubling(DiskCache(tmp_path), calls, cache_namespace="ours")
    error = raised_by(any_mode, dag, x=object())
    assert isinstance(error, CacheError)
    assert error.node_name == "double"
    assert "input 'x' of 'double'" in str(error)
    assert "give cache_key=, or register_cache_key(object, function)" in str(error)
    assert calls == []


def test_a_result_that_the_disk_cannot_hold_is_an_error_that_says_what_to_do(any_mode, tmp_path):
    dag = doubling(DiskCache(tmp_path), [], cache_namespace="ours")
    error = raised_by(any_mode, dag, x=(1,))
    assert isinstance(error, CacheError)
    assert error.node_name == "double"
    assert "'double'" in str(error)
    assert "DiskCache(allow_pickle=True)" in str(error)


def test_a_result_may_be_pickled_where_that_is_allowed(any_mode, tmp_path):
    for _ in range(2):
        dag = doubling(DiskCache(tmp_path, allow_pickle=True), [], cache_namespace="ours")
        assert any_mode(dag, x=(1,)) == (1, 1)
    assert dag.get_metrics()["cache_hits"] == 1


def test_a_damaged_file_is_a_miss_and_replaced_and_the_observers_are_warned(any_mode, tmp_path):
    first = DiskCache(tmp_path)
    any_mode(doubling(first, [], cache_namespace="ours"), x=2)
    first.close()
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"this is no database" * 100)
    dag, events = doubling(DiskCache(tmp_path), [], cache_namespace="ours"), []
    assert any_mode(dag, x=2, observers=[events.append]) == 4
    (warning,) = [event for event in events if event.kind == "warning"]
    assert warning.code == "cache_corrupt"
    assert str(file) in warning.message
    assert dag.get_metrics()["cache_misses"] == 1
    any_mode(dag, x=2)
    assert dag.get_metrics()["cache_hits"] == 1


def test_a_backend_of_the_users_needs_no_base_class(any_mode, kind):
    dag, backend, calls = DAG("own"), PlainBackend(), []
    dag.cached_node(kind(lambda x: calls.append(x) or None), name="note", backend=backend)
    any_mode(dag, x=1)
    any_mode(dag, x=1)
    assert (calls, len(backend.entries)) == ([1], 1)


class Broken(PlainBackend):
    """A backend one method of which raises."""

    def __init__(self, method):
        super().__init__()
        setattr(self, method, self._fail)

    def _fail(self, *args):
        raise ConnectionError("the cache is gone")


@pytest.mark.parametrize("method", ["get", "set"])
def test_a_backend_that_raises_fails_the_node_with_its_error(any_mode, method):
    error = raised_by(any_mode, doubling(Broken(method), []), x=1)
    assert isinstance(error, ConnectionError)
    assert error.node_name == "double"
    assert str(error.original_error) == "the cache is gone"


@pytest.mark.parametrize("method", ["get", "set"])
def test_a_backend_that_raises_leaves_the_key_to_the_next_run(any_mode, method):
    dag = doubling(Broken(method), [])
    for _ in range(2):
        assert isinstance(raised_by(any_mode, dag, x=1), ConnectionError)


def test_a_cache_that_fails_is_for_handlers_and_strategies_like_any_failure(any_mode):
    dag = doubling(Broken("get"), [])
    dag.node(lambda: "fine", name="other")
    assert any_mode(dag, x=1, error_strategy="continue") == "fine"
    assert dag.context.metadata["execution_status"] == "completed_with_errors"
    dag.set_node_error_handler("double", lambda node, inputs, error: inputs["x"])
    any_mode(dag, x=7)
    assert dag["double"] == 7


def while_the_loop_goes_on(dag, event):
    """Give *dag* a node that sets *event*, which can only happen on a loop that nobody blocks."""
    dag.node(as_async(event.set), name="release")


@pytest.mark.parametrize("method", ["get", "set"])
def test_a_backend_that_takes_its_time_does_not_block_the_loop(async_mode, method):
    released, answers = threading.Event(), []

    class Slow(PlainBackend):
        def get(self, key, default=None):
            answers.append(method != "get" or released.wait(5))
            return super().get(key, default)

        def set(self, key, value, ttl=None):
            answers.append(method != "set" or released.wait(5))
            super().set(key, value, ttl)

    dag = doubling(Slow(), [])
    while_the_loop_goes_on(dag, released)
    async_mode(dag, x=1)
    assert all(answers)


@pytest.mark.parametrize("option", ["cache_key", "version"])
def test_functions_that_make_keys_do_not_block_the_loop(async_mode, option):
    dag, released = DAG("slow key"), threading.Event()
    answers = []

    def choose(*inputs):
        answers.append(released.wait(5))
        return "key"

    dag.cached_node(lambda x: x, name="same", **{option: choose})
    while_the_loop_goes_on(dag, released)
    async_mode(dag, x=1)
    assert answers == [True]
