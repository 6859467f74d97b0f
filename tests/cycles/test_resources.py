"""What an executor does about memory, processor, and input and output, setting by setting."""

import asyncio
import gc
import threading
import weakref
from contextlib import suppress

import pytest

from fast_dag import DAG, CycleConfig, CycleConfigurationError
from fast_dag.cycles import CycleMonitor, CycleSafetyManager, CyclicWorkflowExecutor
from fast_dag.cycles.resources import Resources
from tests.observe.instruments import counting

GUIDE = {
    "memory": {
        "enable_garbage_collection": True,
        "gc_frequency": "per_iteration",
        "memory_monitoring": True,
        "memory_limit_mb": 2048,
        "memory_growth_threshold": 0.1,
    },
    "cpu": {
        "enable_parallel_processing": True,
        "max_workers": 4,
        "cpu_monitoring": True,
        "cpu_limit_percent": 80,
    },
    "io": {"batch_size": 1000, "async_io": True, "cache_strategy": "lru", "cache_size": 100},
}


def run(dag, resources, **options):
    return CyclicWorkflowExecutor(dag, resources=resources).execute_cycle_sync(**options)


# What may be set


def test_the_groups_of_the_guide_are_valid_together():
    assert run(counting(), GUIDE).total_iterations == 8


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"memroy": {}}, "resources has no 'memroy'; did you mean 'memory'"),
        ({"memory": {"gc": True}}, r"resources.memory has no 'gc'"),
        ({"memory": {"gc_frequency": "hourly"}}, "gc_frequency must be 'per_iteration' or 'every_N'"),
        ({"memory": {"gc_frequency": "every_0"}}, "gc_frequency must be"),
        ({"memory": {"memory_limit_mb": 0}}, "memory_limit_mb must be"),
        ({"cpu": {"max_workers": True, "enable_parallel_processing": True}}, "max_workers must be"),
        ({"cpu": {"cpu_limit_percent": -1}}, "cpu_limit_percent must be"),
        ({"io": {"cache_strategy": "fifo"}}, "cache_strategy"),
        ({"io": {"async_io": "yes"}}, "async_io"),
        ({"cpu": 4}, "resources.cpu must be a mapping"),
        (5, "resources must be a mapping"),
        ({"memory": {"gc_frequency": "every_5"}}, "gc_frequency means nothing without enable_garbage"),
        (
            {"cpu": {"max_workers": 4}},
            "max_workers means nothing without enable_parallel_processing or async_io",
        ),
        ({"io": {"cache_size": 4}}, "cache_size means nothing without cache_strategy"),
    ],
)
def test_what_cannot_be_done_is_refused_when_the_executor_is_made(given, text):
    with pytest.raises(CycleConfigurationError, match=text):
        CyclicWorkflowExecutor(resources=given)


def test_what_is_switched_off_does_nothing():
    off = {
        "memory": {"enable_garbage_collection": False, "gc_frequency": "every_5", "memory_monitoring": False},
        "cpu": {"enable_parallel_processing": False, "max_workers": 2, "cpu_monitoring": False},
        "io": {"async_io": False},
    }
    assert Resources(off).options({}) == {}


# Memory


class Knot:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self):
        self.itself = self


@pytest.mark.parametrize(("frequency", "freed"), [("per_iteration", 4), ("every_3", 2)])
def test_garbage_is_collected(frequency, freed):
    gone = []

    def count(value):
        knot = Knot()
        weakref.finalize(knot, gone.append, value)
        seen.append(len(gone))
        return value + 1

    seen, memory = [], {"enable_garbage_collection": True, "gc_frequency": frequency}
    gc.disable()
    try:
        run(counting(count, max_iterations=5), {"memory": memory})
    finally:
        gc.enable()
    # What the last call before the collection left may still be held by a frame.
    assert seen[-1] >= freed - 1
    assert seen[1:] != [0] * 4


def test_memory_has_a_limit_which_is_the_smaller_one():
    executor = CyclicWorkflowExecutor(
        counting(), memory_limit_mb=3000, resources={"memory": {"memory_limit_mb": 2000}}
    )
    seen = []
    executor.execute_cycle_sync(CycleConfig(memory_limit_mb=5000), observers=[Cycles(seen)])
    executor.execute_cycle_sync(CycleConfig(memory_limit_mb=1000), observers=[Cycles(seen)])
    assert [config.memory_limit_mb for config in seen] == [2000, 1000]


class Cycles:
    """A tool that notes the settings of the cycles of each run."""

    def __init__(self, seen):
        self._seen = seen

    def watching(self, control):
        self._seen += control.cycles.values()
        return self

    def __call__(self, event):
        pass

    def close(self, results):
        pass


def test_a_memory_limit_of_an_executor_really_ends_a_cycle():
    gc.collect()
    blocks = []
    dag = counting(lambda value: blocks.append(bytearray(16 * 1024 * 1024)) or value + 1, max_iterations=50)
    result = CyclicWorkflowExecutor(dag, memory_limit_mb=60).execute_cycle_sync()
    assert (result.reason, result.violations[0].kind) == ("violation", "memory")
    assert result.total_iterations < 50


@pytest.mark.parametrize(
    "group", [{"memory": {"memory_monitoring": True}}, {"cpu": {"cpu_monitoring": True}}]
)
def test_monitoring_measures(group):
    (monitor,) = Resources(group).options({})["observers"]
    assert (monitor.track_memory_growth, monitor.track_cpu_usage) == ("memory" in group, "cpu" in group)


def test_thresholds_are_those_of_a_monitor():
    (monitor,) = Resources(
        {"memory": {"memory_growth_threshold": 0.2}, "cpu": {"cpu_limit_percent": 70}}
    ).options({})["observers"]
    assert (monitor.memory_growth_threshold, monitor.cpu_limit_percent) == (0.2, 70)
    assert not monitor.may_end


# Processor, input and output


def names_of_threads(seen):
    return lambda value: seen.append(threading.current_thread().name) or value + 1


def test_parallel_processing_is_mode_parallel():
    seen = []
    run(counting(names_of_threads(seen)), {"cpu": {"enable_parallel_processing": True, "max_workers": 2}})
    assert threading.current_thread().name not in seen
    assert Resources({"cpu": {"enable_parallel_processing": True}}).options({}) == {"mode": "parallel"}


def test_what_the_call_says_wins():
    made = Resources(GUIDE)
    assert made.options({"mode": "sequential"})["mode"] == "sequential"
    assert made.threads({"mode": "async"}) is None
    seen = []
    run(counting(names_of_threads(seen)), {"cpu": {"enable_parallel_processing": True}}, mode="sequential")
    assert {threading.current_thread().name} == set(seen)


def crowd(seen, width=6):
    """A cycle of sync and async nodes that notes how many of each are under way at once, at most."""
    dag, lock = DAG("crowd"), threading.Lock()
    running = {"sync": 0, "async": 0}
    meet = threading.Barrier(2)

    def note(kind, change):
        with lock:
            running[kind] += change
            seen[kind] = max(seen.get(kind, 0), running[kind])

    def work(count):
        note("sync", 1)
        with suppress(threading.BrokenBarrierError):
            meet.wait(0.05)
        note("sync", -1)
        return count

    async def wait(count):
        note("async", 1)
        await asyncio.sleep(0.01)
        note("async", -1)
        return count

    dag.add_node("count", lambda value=0: value + 1)
    for number in range(width):
        for kind, function in (("work", work), ("wait", wait)):
            dag.add_node(f"{kind}{number}", function).connect("count", f"{kind}{number}", input="count")
    with dag.cycle("loop", max_iterations=1) as cycle:
        cycle.feedback("count", "count", input="value")
    return dag


@pytest.mark.parametrize("is_on_loop", [False, True])
def test_async_io_bounds_sync_nodes_alone(is_on_loop):
    seen = {}
    executor = CyclicWorkflowExecutor(
        crowd(seen), resources={"cpu": {"max_workers": 2}, "io": {"async_io": True}}
    )
    if is_on_loop:
        asyncio.run(executor.execute_cycle())
    else:
        executor.execute_cycle_sync()
    assert seen["sync"] == 2
    assert seen["async"] == 6


def test_a_batch_size_is_an_initial_parameter_where_it_is_declared():
    def load(batch_size=1, value=0):
        seen.append(batch_size)
        return value + 1

    seen, resources = [], {"io": {"batch_size": 1000}}
    dag = DAG("batches").add_node("load", load)
    with dag.cycle("loop", max_iterations=2) as cycle:
        cycle.feedback("load", "load", input="value")
    run(dag, resources)
    executor = CyclicWorkflowExecutor(dag, resources=resources)
    executor.execute_cycle_sync(CycleConfig(initial_parameters={"batch_size": 5}))
    assert seen == [1000, 1000, 5, 5]
    assert run(counting(), resources).total_iterations == 8


def test_cached_nodes_share_a_cache_of_the_executor_that_keeps_what_was_used_last():
    calls = []
    dag = DAG("cached").add_node("step", lambda value=0: (value + 1) % 3)
    dag.add_node("square", lambda step: calls.append(step) or step**2, cached=True)
    dag.connect("step", "square")
    dag.add_node("last", lambda square, value: value).connect("square", "last", input="square")
    dag.connect("step", "last", input="value")
    with dag.cycle("loop", max_iterations=6) as cycle:
        cycle.feedback("last", "step", input="value")
    io = {"cache_strategy": "lru", "cache_size": 3}
    executor = CyclicWorkflowExecutor(dag, resources={"io": io})
    executor.execute_cycle_sync()
    executor.execute_cycle_sync()
    assert calls == [1, 2, 0]
    # With room for two of three, each is gone when it is asked for again.
    run(dag, {"io": {**io, "cache_size": 2}})
    assert calls == [1, 2, 0] + [1, 2, 0] * 2
    # The cache of the workflow knows of none of that.
    dag.execute_cycle_sync()
    assert len(calls) == 9 + 3


# Tools


def test_an_executor_may_have_every_run_monitored():
    seen = []
    executor = CyclicWorkflowExecutor(counting(), enable_monitoring=True)
    executor.execute_cycle_sync(observers=[seen.append])
    assert seen

    async def growth(**options):
        return [each.memory_mb async for each in executor.execute_with_monitoring("loop", **options)]

    found = asyncio.run(growth())
    assert len(found) == 8
    assert all(isinstance(each, float) for each in found)
    monitor = CycleMonitor(track_memory_growth=False)
    assert asyncio.run(growth(monitor=monitor)) == [None] * 8
    assert monitor.analyze_resource_usage().iterations == 8


def test_an_executor_may_have_every_run_guarded():
    manager = CycleSafetyManager(global_memory_limit_mb=0.1)
    executor = CyclicWorkflowExecutor(counting(), safety_manager=manager)
    assert executor.execute_cycle_sync().reason == "violation"
    result = executor.execute_cycle_sync(safety_manager=manager)
    assert [each.kind for each in result.violations] == ["global_memory"]


@pytest.mark.parametrize(
    "settings", [{"enable_monitoring": 1}, {"memory_limit_mb": 0}, {"memory_limit_mb": True}]
)
def test_a_bad_setting_of_the_executor_is_named(settings):
    with pytest.raises(CycleConfigurationError, match=next(iter(settings))):
        CyclicWorkflowExecutor(**settings)
