"""Blocks 25 to 29 of the execution guide, as it spells them: metrics, resources."""

import statistics
import time
from collections import defaultdict
from types import SimpleNamespace

import pytest

from fast_dag import ExecutionError

# 25: built-in metrics


def test_the_times_of_a_run_are_positive_floats(dag, mode, capsys):
    @dag.node
    def load():
        return sum(range(1000))

    @dag.node
    def double(load):
        return load * 2

    load >> double

    # Access execution metrics
    result = dag.run(mode=mode)

    # Get timing information
    metrics = dag.context.metrics
    print(f"Total time: {metrics['execution_time']:.2f}s")
    print(f"Node times: {metrics['node_times']}")

    # Memory usage (if tracked)
    if "memory_usage" in metrics:
        print(f"Peak memory: {metrics['memory_usage']['peak_mb']:.2f} MB")

    assert result == 999_000
    assert set(metrics["node_times"]) == {"load", "double"}
    times = [metrics["execution_time"], *metrics["node_times"].values()]
    assert all(isinstance(seconds, float) and seconds > 0 for seconds in times)
    assert sum(metrics["node_times"].values()) <= metrics["execution_time"]
    assert len(capsys.readouterr().out.splitlines()) == 2


# 26: own metrics


# Add custom metrics collector
class MetricsCollector:
    def __init__(self):
        self.metrics = defaultdict(list)

    def record(self, metric_name: str, value: float, tags: dict = None):  # noqa: RUF013 - the guide's own
        self.metrics[metric_name].append({"value": value, "timestamp": time.time(), "tags": tags or {}})

    def get_summary(self, metric_name: str) -> dict:
        values = [m["value"] for m in self.metrics[metric_name]]
        return {
            "count": len(values),
            "mean": statistics.mean(values) if values else 0,
            "min": min(values) if values else 0,
            "max": max(values) if values else 0,
            "stdev": statistics.stdev(values) if len(values) > 1 else 0,
        }


def test_a_collector_in_the_closure_has_3_records_per_run(dag, mode):
    def process_data(data):
        return {key: value * 2 for key, value in data.items() if value}

    # Use in nodes
    collector = MetricsCollector()

    @dag.node
    def monitored_process(data: dict) -> dict:
        start_time = time.time()

        # Process data
        result = process_data(data)

        # Record metrics
        collector.record("processing_time", time.time() - start_time)
        collector.record("data_size", len(data), {"type": "input"})
        collector.record("result_size", len(result), {"type": "output"})

        return result

    for runs in (1, 2):
        assert dag.run(data={"a": 0, "b": 1}, mode=mode) == {"b": 2}
        assert sum(map(len, collector.metrics.values())) == 3 * runs
    assert collector.get_summary("data_size") == {"count": 2, "mean": 2, "min": 2, "max": 2, "stdev": 0}
    assert [entry["tags"] for entry in collector.metrics["result_size"]] == [{"type": "output"}] * 2


# 29: resources


def test_a_managed_resource_is_entered_and_left_once(dag, mode, capsys):
    released = []

    def acquire_resource():
        return SimpleNamespace(process=lambda data: data | {"processed": True})

    def release_resource(resource):
        released.append(resource)

    # Context manager pattern
    class ManagedResource:
        def __init__(self, node_name):
            self.node_name = node_name
            self.resource = None

        def __enter__(self):
            print(f"Acquiring resource for {self.node_name}")
            self.resource = acquire_resource()
            return self.resource

        def __exit__(self, exc_type, exc_val, exc_tb):
            print(f"Releasing resource for {self.node_name}")
            if self.resource:
                release_resource(self.resource)

    @dag.node
    def managed_operation(data: dict) -> dict:
        with ManagedResource("managed_operation") as resource:
            return resource.process(data)

    assert dag.run(data={"a": 1}, mode=mode) == {"a": 1, "processed": True}
    lines = ["Acquiring resource for managed_operation", "Releasing resource for managed_operation"]
    assert capsys.readouterr().out.splitlines() == lines
    assert len(released) == 1


# Automatic cleanup with decorators
def with_cleanup(cleanup_func):
    def decorator(func):
        def wrapper(*args, **kwargs):
            try:
                return func(*args, **kwargs)
            finally:
                cleanup_func()

        return wrapper

    return decorator


@pytest.fixture
def temp_files(dag):
    """The node of the guide that cleans up after itself, and data that do not fit it give an error."""

    def create_temp_file(data):
        return sorted(data)

    def process_temp_file(temp_file):
        return {"first": temp_file[0]}

    @dag.node
    @with_cleanup(lambda: print("Cleaning up temp files"))
    def temp_file_processor(data: dict) -> dict:
        temp_file = create_temp_file(data)
        return process_temp_file(temp_file)

    return temp_file_processor


def test_a_node_that_cleans_up_has_the_name_and_the_inputs_of_its_function(temp_files, dag):
    assert temp_files.name == "temp_file_processor"
    assert list(temp_files.inputs) == ["data"]
    assert list(dag.nodes) == ["temp_file_processor"]


def test_a_node_cleans_up_once(temp_files, dag, mode, capsys):
    assert dag.run(data={"b": 1, "a": 2}, mode=mode) == {"first": "a"}
    assert capsys.readouterr().out == "Cleaning up temp files\n"


def test_a_node_cleans_up_once_after_an_error(temp_files, dag, mode, capsys):
    with pytest.raises(IndexError) as caught:
        dag.run(data={}, mode=mode)
    assert isinstance(caught.value, ExecutionError)
    assert capsys.readouterr().out == "Cleaning up temp files\n"
