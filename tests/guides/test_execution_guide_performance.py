"""Blocks 21 to 24 of the execution guide, as it spells them: caches, memory, pools."""

import concurrent.futures
import gc
import queue
import weakref
from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace

import pytest

from fast_dag import Context
from tests.conformance.modes import comes_true

# 21: caching


def test_a_function_with_an_lru_cache_is_a_node_that_is_called_once(dag, mode):
    calls = []

    def transform(data):
        calls.append(data)
        return {"sum": sum(data.values())}

    @dag.node
    @lru_cache(maxsize=100)
    def cached_transform(data_tuple: tuple) -> dict:
        # Convert tuple back to dict for processing
        data = dict(data_tuple)
        return transform(data)

    assert cached_transform.name == "cached_transform"
    assert list(cached_transform.inputs) == ["data_tuple"]
    for _ in range(2):
        assert dag.run(data_tuple=(("a", 1), ("b", 2)), mode=mode) == {"sum": 3}
    assert calls == [{"a": 1, "b": 2}]


# 22: lazy loading


@pytest.mark.parametrize(
    ("should_process", "result", "loaded"),
    [(True, {"processed": "rows of big.csv"}, ["big.csv"]), (False, {"skipped": True}, [])],
)
def test_a_function_is_passed_as_a_value_and_called_only_if_needed(dag, mode, should_process, result, loaded):
    loads = []

    def load_large_dataset(path):
        loads.append(path)
        return f"rows of {path}"

    def process(data):
        return {"processed": data}

    # Lazy loading pattern
    @dag.node
    def lazy_data_loader(config: dict) -> Callable:
        """Returns a function that loads data when called"""

        def load():
            # Expensive loading only happens when accessed
            return load_large_dataset(config["path"])

        return load

    @dag.node
    def process_if_needed(data_loader: Callable, should_process: bool) -> dict:
        if should_process:
            data = data_loader()  # Load only if needed
            return process(data)
        return {"skipped": True}

    lazy_data_loader >> process_if_needed
    assert dag.run(config={"path": "big.csv"}, should_process=should_process, mode=mode) == result
    assert loads == loaded


# 23: freeing


class Large:
    """What the garbage collector can be watched with."""


@pytest.fixture
def watched(dag):
    """Fills the DAG with a node that deletes a large result, and watches that result."""
    seen = SimpleNamespace(large=None)

    def expensive_operation(data):
        return {"done": data}

    @dag.node
    def large_intermediate():
        large = Large()
        seen.large = weakref.ref(large)
        return large

    @dag.node
    def summary(large: Large) -> dict:
        return {"kind": type(large).__name__}

    # Clear intermediate results
    @dag.node
    def memory_intensive_op(data: dict, context: Context) -> dict:
        result = expensive_operation(data)

        # Clear previous results to free memory
        if "large_intermediate" in context.results:
            del context.results["large_intermediate"]

        return result

    large_intermediate >> summary >> memory_intensive_op
    return seen


def test_a_result_that_a_node_deletes_is_gone_from_the_context(dag, mode, watched):
    assert dag.run(mode=mode) == {"done": {"kind": "Large"}}
    assert list(dag.results) == ["summary", "memory_intensive_op"]
    with pytest.raises(KeyError, match="large_intermediate"):
        dag["large_intermediate"]


def test_a_result_that_a_node_deletes_can_be_collected(dag, mode, watched):
    def is_collected():
        gc.collect()
        return watched.large() is None

    dag.run(mode=mode)
    assert comes_true(is_collected)  # a worker thread may still be on its way out


# 24: batches, pool


def test_a_node_may_use_a_thread_pool_of_its_own(dag, mode):
    def process_item(item):
        return item * 2

    # Batch processing pattern
    @dag.node
    def batch_processor(items: list, batch_size: int = 100) -> list:
        """Process items in batches for efficiency"""
        results = []

        for i in range(0, len(items), batch_size):
            batch = items[i : i + batch_size]
            # Process batch in parallel
            with concurrent.futures.ThreadPoolExecutor(max_workers=4) as executor:
                batch_results = list(executor.map(process_item, batch))
            results.extend(batch_results)

        return results

    assert dag.run(items=list(range(250)), mode=mode) == list(range(0, 500, 2))
    assert dag.run(items=[3, 1, 2], batch_size=2, mode=mode) == [6, 2, 4]


# Resource pooling
class ResourcePool:
    def __init__(self, create_resource, max_size=10):
        self.create = create_resource
        self.pool = queue.Queue(maxsize=max_size)
        self.size = 0

    def acquire(self):
        try:
            return self.pool.get_nowait()
        except queue.Empty:
            if self.size < self.pool.maxsize:
                self.size += 1
                return self.create()
            return self.pool.get()  # Wait for available resource

    def release(self, resource):
        self.pool.put(resource)


def test_the_connection_goes_back_to_the_pool_also_after_an_error(dag, mode):
    made = []

    def execute(query):
        if query == "bad":
            raise LookupError("no such table")
        return [query]

    def create_db_connection():
        made.append(SimpleNamespace(execute=execute))
        return made[-1]

    # Use resource pool
    db_pool = ResourcePool(create_db_connection, max_size=5)

    @dag.node
    def db_operation(query: str) -> list:
        conn = db_pool.acquire()
        try:
            return conn.execute(query)
        finally:
            db_pool.release(conn)

    assert dag.run(query="select 1", mode=mode) == ["select 1"]
    with pytest.raises(LookupError, match="no such table"):
        dag.run(query="bad", mode=mode)
    assert dag.run(query="select 2", mode=mode) == ["select 2"]
    assert len(made) == 1
    assert db_pool.pool.get_nowait() is made[0]
