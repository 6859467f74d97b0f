"""What a monitor measures, and the limits it holds runs to; readings are set by the tests."""

import asyncio
import threading

import pytest

from fast_dag import DAG, FSM, CycleConfig, CycleConfigurationError, CycleSafetyError, UnknownOptionError
from fast_dag.observe import meter
from fast_dag.observe.monitor import CycleMonitor
from fast_dag.observe.record import Record
from fast_dag.observe.sampling import Sample
from fast_dag.observe.usage import Usage
from tests.observe.instruments import Readings, counting


@pytest.fixture
def readings():
    return Readings()


def watched(readings, *, each=None, dag=None, **settings):
    """The monitor and the result of a cycle in which every iteration changes the readings."""

    def count(value):
        readings.go(**(each or {}))
        return value + 1

    monitor = CycleMonitor(instruments=readings.instruments(), **settings)
    return monitor, (dag or counting(count)).execute_cycle_sync("loop", monitor=monitor)


# Limits


def test_memory_beyond_its_limit_ends_the_cycle_with_what_it_has(readings):
    monitor, result = watched(readings, each={"memory": 30.0}, memory_limit_mb=100)
    assert (result.reason, result.total_iterations, result.outputs) == ("violation", 4, {"count": 4})
    assert result.reason_detail == "memory has grown by 120.0 MiB, more than memory_limit_mb=100"
    (violation,) = result.violations
    assert monitor.violations == result.violations
    assert (violation.kind, violation.limit, violation.value) == ("memory", 100, 120.0)
    assert (violation.iteration, violation.action, violation.timestamp) == (3, "terminate", 1004.0)
    assert list(result.skipped) == ["after"]


def test_processor_time_beyond_its_limit_ends_the_cycle(readings):
    _, result = watched(readings, each={"cpu": 0.5}, cpu_time_limit_seconds=1.2)
    assert (result.reason, result.total_iterations) == ("violation", 3)
    assert result.violations[0].kind == "cpu"


def test_a_limit_that_is_reached_is_not_broken(readings):
    assert watched(readings, each={"cpu": 0.5}, cpu_time_limit_seconds=4)[1].total_iterations == 8


def test_a_timeout_is_looked_at_after_each_iteration(readings):
    _, result = watched(readings, timeout_seconds=2.5)
    assert (result.reason, result.total_iterations) == ("violation", 3)
    assert result.violations[0].kind == "timeout"


@pytest.mark.parametrize("limit", [1, 5])
def test_exactly_as_many_iterations_run_as_are_allowed(readings, limit):
    _, result = watched(readings, iteration_limit=limit)
    assert (result.reason, result.total_iterations) == ("violation", limit)
    assert (result.violations[0].kind, result.violations[0].iteration) == ("iteration", limit - 1)


def test_what_only_warns_tells_once_and_again_at_a_tenth_more(readings):
    monitor, result = watched(
        readings, each={"memory": 10.0}, memory_limit_mb=45, on_memory_violation="warn_and_continue"
    )
    assert (result.reason, result.total_iterations) == ("max_iterations", 8)
    assert [each.value for each in result.violations] == [50.0, 60.0, 70.0, 80.0]
    assert {each.action for each in monitor.violations} == {"warn_and_continue"}
    _, result = watched(
        readings, each={"memory": 3.0}, memory_limit_mb=10, on_memory_violation="warn_and_continue"
    )
    assert [each.value for each in result.violations] == [12.0, 15.0, 18.0, 21.0, 24.0]


def test_what_is_ignored_is_not_even_told(readings):
    monitor, result = watched(readings, iteration_limit=2, on_iteration_violation="ignore")
    assert (result.total_iterations, result.violations, monitor.violations) == (8, [], [])


def test_a_violation_may_end_the_run_with_an_error(readings):
    dag = counting()
    monitor = CycleMonitor(
        iteration_limit=2, on_iteration_violation="raise", instruments=readings.instruments()
    )
    with pytest.raises(CycleSafetyError, match="iteration_limit=2") as caught:
        dag.run(observers=[monitor])
    assert caught.value.violation == monitor.violations[0]
    assert caught.value.result.total_iterations == 2


def test_a_monitor_serves_every_cycle_of_a_run(readings):
    dag = counting()
    dag.add_node("other", lambda x=0: x + 1)
    with dag.cycle("second", max_iterations=9) as cycle:
        cycle.feedback("other", "other", input="x")
    seen = []
    dag.run(observers=[CycleMonitor(iteration_limit=3, instruments=readings.instruments()), seen.append])
    ended = {each.cycle: (each.reason, each.iterations) for each in seen if each.kind == "cycle_finished"}
    assert ended == {"loop": ("violation", 3), "second": ("violation", 3)}


@pytest.mark.parametrize("settings", [{"memory_limit_mb": 10}, {"memory_growth_threshold": 0.1}])
def test_memory_that_nothing_measures_is_an_error_at_the_start_where_it_is_needed(monkeypatch, settings):
    monkeypatch.setattr(meter, "SOURCES", ())
    monitor = CycleMonitor(**settings)
    with pytest.raises(CycleConfigurationError, match="cannot be measured"):
        monitor.start()
    dag = counting(lambda value: pytest.fail("it ran"))
    with pytest.raises(CycleConfigurationError, match="cannot be measured"):
        dag.run(observers=[monitor])


def test_memory_that_nothing_measures_is_none_where_it_is_not_needed(monkeypatch):
    monkeypatch.setattr(meter, "SOURCES", ())
    monitor = CycleMonitor(iteration_limit=5)
    counting().run(observers=[monitor])
    found = monitor.get_current_metrics()
    assert (found.memory_usage_mb, found.memory_growth_mb) == (None, None)
    assert found.cpu_time_seconds is not None
    assert monitor.analyze_resource_usage().memory_efficiency is None


def test_a_leak_is_told_of(readings):
    _, result = watched(readings, each={"memory": 100.0}, memory_growth_threshold=0.2)
    assert result.reason == "max_iterations"
    # From 200 MiB on: by 50, 33, 25, then 20 % and less, which is no more than allowed.
    (leak,) = result.violations
    assert (leak.kind, leak.iteration, leak.value) == ("memory_leak", 3, 0.25)


def test_a_share_of_the_processor_is_told_of(readings):
    _, result = watched(readings, each={"cpu": 0.9}, cpu_limit_percent=80)
    assert [(each.kind, each.limit, each.action) for each in result.violations] == [
        ("cpu", 80, "warn_and_continue")
    ]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"memory_limit_mb": 0}, "memory_limit_mb"),
        ({"iteration_limit": True}, "iteration_limit"),
        ({"timeout_seconds": -1}, "timeout_seconds"),
        ({"on_cpu_violation": "stop"}, "on_cpu_violation"),
        ({"health_check_interval": -1}, "health_check_interval"),
        ({"track_cpu_usage": "yes"}, "track_cpu_usage"),
        ({"instruments": 5}, "instruments"),
    ],
)
def test_a_bad_setting_is_named(settings, name):
    with pytest.raises(CycleConfigurationError, match=f"CycleMonitor: {name}"):
        CycleMonitor(**settings)


def test_an_unknown_setting_is_an_error_with_a_suggestion():
    with pytest.raises(UnknownOptionError, match="'memory_limit'; did you mean 'memory_limit_mb'"):
        CycleMonitor(memory_limit=5)


# What is measured


def test_current_metrics_count_from_the_start(readings):
    monitor = CycleMonitor(instruments=readings.instruments())
    monitor.start()
    readings.go(2.0, memory=20.0, cpu=1.0)
    first = monitor.get_current_metrics()
    assert (first.memory_usage_mb, first.memory_growth_mb) == (120.0, 20.0)
    assert (first.cpu_usage_percent, first.cpu_time_seconds, first.elapsed_seconds) == (50.0, 1.0, 2.0)
    assert (first.iteration, first.iteration_time_ms, first.violations) == (None, None, [])
    readings.go(1.0, memory=-5.0, cpu=0.25)
    later = monitor.get_current_metrics()
    assert (later.memory_growth_mb, later.cpu_usage_percent, later.elapsed_seconds) == (15.0, 25.0, 3.0)


def test_what_is_not_tracked_is_none(readings):
    monitor = CycleMonitor(
        track_memory_growth=False,
        track_cpu_usage=False,
        track_iteration_time=False,
        enable_health_scoring=False,
        instruments=readings.instruments(),
    )
    counting().run(observers=[monitor])
    found = monitor.get_current_metrics()
    assert (found.memory_usage_mb, found.memory_growth_mb, found.cpu_usage_percent) == (None, None, None)
    assert (found.cpu_time_seconds, found.iteration_time_ms) == (None, None)
    assert (found.health_score, found.status) == (None, None)
    assert monitor.analyze_resource_usage().avg_iteration_ms is None
    assert found.iteration == 7


def test_a_monitor_that_was_never_started_knows_nothing(readings):
    monitor = CycleMonitor(instruments=readings.instruments())
    found = monitor.get_current_metrics()
    assert (found.memory_usage_mb, found.elapsed_seconds, found.cpu_usage_percent) == (None, None, None)
    assert (found.health_score, found.status) == (1.0, "starting")
    assert monitor.analyze_resource_usage().total_time_seconds is None
    assert monitor.get_optimization_recommendations() == []


def test_usage_is_analysed_over_all_samples(readings):
    monitor = CycleMonitor(instruments=readings.instruments())
    monitor.start()
    for memory in (30.0, -20.0, 10.0):
        readings.go(1.0, memory=memory, cpu=0.5)
        monitor.get_current_metrics()
    readings.go(1.0, cpu=0.5)
    monitor.stop()
    found = monitor.analyze_resource_usage()
    # Samples of 130, 110, 120 and, when it was stopped, 120 MiB.
    assert (found.peak_memory_mb, found.avg_memory_mb) == (130.0, 120.0)
    assert found.memory_efficiency == pytest.approx(20 / 30)
    assert (found.avg_cpu_percent, found.total_cpu_seconds, found.total_time_seconds) == (50.0, 2.0, 4.0)
    assert (found.iterations, found.avg_iteration_ms) == (0, None)


def test_nothing_grew_is_all_efficient(readings):
    monitor, _ = watched(readings)
    assert monitor.analyze_resource_usage().memory_efficiency == 1.0


def test_iterations_are_counted_and_timed():
    monitor, result = CycleMonitor(), None
    result = counting().execute_cycle_sync("loop", monitor=monitor)
    found = monitor.analyze_resource_usage()
    assert found.iterations == result.total_iterations == 8
    assert found.avg_iteration_ms > 0
    assert monitor.get_current_metrics().iteration_time_ms > 0


def test_a_run_starts_and_stops_a_monitor_that_nobody_has_started(readings):
    monitor, _ = watched(readings, each={"memory": 5.0})
    assert monitor.get_current_metrics().elapsed_seconds == 8.0
    readings.go(100.0, memory=50.0)
    found = monitor.get_current_metrics()
    assert (found.elapsed_seconds, found.memory_growth_mb) == (8.0, 40.0)


def test_a_monitor_that_was_started_counts_over_several_runs(readings):
    monitor = CycleMonitor(instruments=readings.instruments())
    dag = counting(lambda value: readings.go() or value + 1)
    monitor.start()
    dag.run(observers=[monitor])
    dag.run(observers=[monitor])
    assert monitor.analyze_resource_usage().iterations == 16
    assert monitor.get_current_metrics().elapsed_seconds == 16.0
    monitor.stop()
    dag.run(observers=[monitor])
    assert monitor.analyze_resource_usage().iterations == 8


def test_a_monitor_that_is_stopped_ends_nothing(readings):
    monitor = CycleMonitor(iteration_limit=2, instruments=readings.instruments())

    def count(value):
        monitor.stop()
        return value + 1

    assert counting(count).execute_cycle_sync("loop", monitor=monitor).total_iterations == 8


def test_every_method_may_be_awaited(readings):
    async def work():
        monitor = CycleMonitor(instruments=readings.instruments())
        await monitor.start()
        found = await monitor.get_current_metrics()
        analysis = await monitor.analyze_resource_usage()
        recommended = await monitor.get_optimization_recommendations()
        await monitor.stop()
        return found.status, analysis.iterations, recommended

    assert asyncio.run(work()) == ("starting", 0, [])


def test_recommendations_are_made_of_what_was_seen(readings):
    monitor, _ = watched(readings, each={"memory": 30.0})
    rules = {each.rule: each for each in monitor.get_optimization_recommendations()}
    assert {"R1", "R2"} <= rules.keys()
    assert rules["R2"].evidence["mb_per_iteration"] == 30.0
    assert rules["R1"].evidence["iterations"] == 8


def test_a_node_that_takes_the_time_is_found(readings):
    dag, done = counting(), threading.Event()
    dag.add_node("slow", lambda: done.wait(0.02))
    monitor = CycleMonitor()
    dag.run(observers=[monitor])
    assert [
        each.evidence["node"] for each in monitor.get_optimization_recommendations() if each.rule == "R3"
    ] == ["slow"]


# Health


def degrading(readings, growth, **settings):
    """The monitor of a cycle whose objective never gets better, and the warnings of its run."""
    changes = iter(growth)

    def count(value):
        readings.go(1.0, memory=next(changes))
        return value + 1

    seen = []
    monitor = CycleMonitor(
        memory_limit_mb=100,
        on_memory_violation="ignore",
        track_iteration_time=False,
        instruments=readings.instruments(),
        **settings,
    )
    dag = counting(count, max_iterations=len(growth), objective="count", direction="minimize")
    dag.run(observers=[monitor, seen.append])
    return monitor, [each for each in seen if each.kind == "warning"]


def test_health_is_the_mean_of_what_is_known(readings):
    monitor, _ = degrading(readings, [20, 0, 0, 0, 0, 0])
    found = monitor.get_current_metrics()
    # All sound, 80 of 100 MiB left, and half of ten iterations without a better value.
    assert found.health_score == pytest.approx((1 + 0.8 + 0.5) / 3)
    assert found.status == "healthy"


def test_poor_health_is_told_of_once_a_crossing(readings):
    growth = [*[20] + [0] * 11, 40, 0, 0, -40, 0, 40, 0]
    monitor, warnings = degrading(readings, growth, health_check_interval=0)
    assert monitor.get_current_metrics().status == "degraded"
    assert [(each.code, each.message) for each in warnings] == [
        ("health_degraded", "health is 0.47, below 0.5")
    ] * 2


def test_health_is_looked_at_in_intervals(readings):
    monitor, warnings = degrading(readings, [90] + [0] * 15, health_check_interval=1000)
    assert monitor.get_current_metrics().status == "degraded"
    assert warnings == []


def test_failed_iterations_and_slow_ones_are_poor_health():
    record = Record(Usage(Sample(0.0, None, None)))
    for seconds in (1.0, 1.0, 1.0, 1.0, 1.0, 1.0):
        record.add_iteration(seconds, is_failed=False)
    assert record.score(None, None, times=True) == 1.0
    for _ in range(5):
        record.add_iteration(4.0, is_failed=True)
    # None of the last five was sound, and they take four times as long as the median.
    assert record.score(None, None, times=True) == pytest.approx((0 + 0.25) / 2)


# Runs without cycles


def test_a_plain_run_is_held_to_limits_too():
    dag = DAG("plain").add_node("wait", lambda: threading.Event().wait(5))
    with pytest.raises(CycleSafetyError, match="timeout_seconds") as caught:
        dag.run(observers=[CycleMonitor(timeout_seconds=0.05)])
    assert caught.value.violation.kind == "timeout"


def test_a_machine_is_held_to_limits_too(readings):
    fsm = FSM("machine", max_cycles=10)
    fsm.add_state("wait", lambda: threading.Event().wait(5), initial=True, terminal=True)
    with pytest.raises(CycleSafetyError, match="timeout_seconds"):
        fsm.run(observers=[CycleMonitor(timeout_seconds=0.05)])


# Made by cycles


def test_a_cycle_has_a_monitor_made_that_is_about_it_alone():
    dag = counting()
    dag.add_node("other", lambda x=0: x + 1)
    with dag.cycle("second", max_iterations=9) as cycle:
        cycle.feedback("other", "other", input="x").enable_safety_monitoring(iteration_limit=2)
    dag.run()
    found = dag.context.metadata["cycles"]
    assert (found["loop"].reason, found["loop"].violations) == ("max_iterations", [])
    assert (found["second"].reason, found["second"].total_iterations) == ("violation", 2)


def test_resources_of_a_cycle_are_measured_without_limits():
    dag = counting(tools={"resources": {}})
    dag.run()
    assert dag.context.metadata["cycles"]["loop"].violations == []
    builder = DAG("wf").create_cycle("loop")
    assert builder.monitor_resource_usage(health_check_interval=1).config.tools == {
        "resources": {"health_check_interval": 1}
    }
    for limit in ({"memory_limit_mb": 5}, {"timeout_seconds": 5}, {"iteration_limit": 5}):
        with pytest.raises(CycleConfigurationError, match="is a limit, which enable_safety_monitoring"):
            builder.monitor_resource_usage(**limit)


def test_a_bad_setting_of_a_monitor_is_told_when_the_cycle_is_made():
    with pytest.raises(UnknownOptionError, match="CycleMonitor takes no 'memory'"):
        DAG("wf").create_cycle("loop").enable_safety_monitoring(memory=5)


def test_time_counts_from_where_the_cycle_begins():
    began = threading.Event()
    dag = DAG("late").add_node("first", lambda: began.wait(0.5))
    dag.add_node("count", lambda first, value=0: value + 1).connect("first", "count", input="first")
    with dag.cycle("loop", max_iterations=3) as cycle:
        cycle.feedback("count", "count", input="value").enable_safety_monitoring(timeout_seconds=0.4)
    assert dag.run() == 3


def test_one_monitor_serves_runs_in_several_threads():
    monitor, results = CycleMonitor(iteration_limit=3), []
    ready = threading.Barrier(3)

    def work():
        ready.wait(5)
        results.append(counting().execute_cycle_sync(CycleConfig(), monitor=monitor).total_iterations)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [3, 3, 3]
