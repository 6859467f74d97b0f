"""What a profiler measures and makes of it."""

import asyncio
import csv
import io
import json

import pytest

from fast_dag import (
    DAG,
    END,
    FSM,
    CycleConfigurationError,
    CycleExecutionError,
    CycleProfiler,
    ExecutionError,
)
from fast_dag.errors import UnknownOptionError
from fast_dag.observe.performance import CycleProfile, IterationProfile, ProfileRecord


class Meter:
    """The process grows by two MiB with every look, and uses a second of processor time."""

    def __init__(self):
        self.memory, self.cpu = 100.0, 0.0

    def memory_mb(self):
        self.memory += 2
        return self.memory

    def cpu_seconds(self):
        self.cpu += 1
        return self.cpu


class Metered(CycleProfiler):
    def make_meter(self):
        return Meter()


class Unmetered(CycleProfiler):
    def make_meter(self):
        raise CycleConfigurationError("nothing here tells the memory")


def counting(**settings):
    dag = DAG("counting").add_node("first", lambda: 0)
    dag.add_node("count", lambda first, value=0: {"value": value + 1, "double": 2 * value})
    dag.connect("first", "count", input="first")
    with dag.cycle("loop", **{"max_iterations": 4, **settings}) as cycle:
        cycle.feedback("count", "count", output="value", input="value")
    return dag


def profiled(dag, profiler=None, **options):
    profiler = profiler or CycleProfiler()
    dag.run(observers=[profiler], **options)
    return profiler.generate_analysis()


def recorded(**fields):
    """An analysis of figures that are given."""
    record = ProfileRecord(workflow="wf", run_id="id", mode="sequential", workers=1, timeout=None, **fields)
    return record.analysis(has_hotspots=True, has_bottlenecks=True, has_trends=True, asks_network=False)


# What figures come to


def test_efficiency_is_the_mean_of_headway_node_time_and_what_is_left_of_the_timeout():
    cycle = CycleProfile("loop", converged=True, completed=6, limit=10, seconds=2.0, timeout=8.0)
    found = recorded(seconds=4.0, calls={"a": [1.0, 2.0]}, cycles={"loop": cycle})
    assert found.efficiency_score == pytest.approx((0.5 + 0.75 + 0.75) / 3)
    assert found.node_time_seconds == 3.0


def test_a_cycle_that_did_not_converge_made_no_headway():
    cycle = CycleProfile("loop", completed=6, limit=10, seconds=2.0)
    found = recorded(seconds=4.0, calls={"a": [1.0, 2.0]}, cycles={"loop": cycle})
    assert found.efficiency_score == pytest.approx(0.75 / 2)


def test_a_run_without_cycles_is_as_efficient_as_its_nodes_are_busy():
    assert recorded(seconds=4.0, calls={"a": [1.0]}).efficiency_score == 0.25


def test_utilisation_is_the_processor_time_of_what_the_workers_could_have_used():
    record = ProfileRecord(
        workflow="wf", run_id="id", mode="parallel", workers=4, timeout=None, seconds=2.0, cpu=4.0
    )
    options = {"has_hotspots": True, "has_bottlenecks": True, "has_trends": True, "asks_network": False}
    assert record.analysis(**options).resource_utilization == 0.5
    record.cpu = 100.0
    assert record.analysis(**options).resource_utilization == 1.0


def test_trends_are_those_of_the_iterations():
    profiles = [IterationProfile(index, 10.0 + index, 100.0 + 3 * index, 50.0) for index in range(6)]
    trends = recorded(cycles={"loop": CycleProfile("loop", profiles=profiles)}).resource_trends
    assert trends.memory_growth_rate == pytest.approx(3.0)
    assert (trends.cpu_trend, trends.time_trend) == ("stable", "increasing")


def test_what_holds_a_run_up_is_found():
    profiles = [IterationProfile(index, 10.0, 100.0 + 2 * index, None) for index in range(4)]
    calls = {"slow": [1.0] * 19 + [11.0], "quick": [0.5]}
    found = recorded(seconds=100.0, calls=calls, cycles={"loop": CycleProfile("loop", profiles=profiles)})
    assert [(each.location, each.type) for each in found.bottlenecks] == [
        ("slow", "time"),
        ("engine", "overhead"),
        ("loop", "memory"),
    ]
    impacts = [each.impact_score for each in found.bottlenecks]
    assert impacts == sorted(impacts, reverse=True)


def test_the_main_cycle_is_the_outermost_one_with_most_iterations():
    def profile(name, count, **fields):
        return CycleProfile(name, profiles=[IterationProfile(0, 1.0, None, None)] * count, **fields)

    cycles = {"a": profile("a", 2), "b": profile("b", 3), "in": profile("in", 9, is_outermost=False)}
    assert recorded(cycles=cycles).cycle == "b"


# What is measured


def test_every_iteration_is_measured():
    found = profiled(counting(), Metered())
    assert (found.cycle, found.iterations, found.reason) == ("loop", 4, "max_iterations")
    assert [each.iteration for each in found.iteration_profiles] == [0, 1, 2, 3]
    assert all(each.duration_ms > 0 and each.cpu_percent > 0 for each in found.iteration_profiles)
    assert found.resource_trends.memory_growth_rate == pytest.approx(2.0)
    assert found.metrics == {"value": [1, 2, 3, 4], "double": [0, 2, 4, 6]}
    assert found.peak_memory_mb >= 108


def test_hotspots_count_the_calls_of_every_node():
    found = profiled(counting())
    assert {each.node: each.calls for each in found.hotspots} == {"count": 4, "first": 1}
    assert sum(each.share for each in found.hotspots) == pytest.approx(1)


def test_the_real_process_is_measured():
    found = profiled(counting())
    assert found.unavailable == []
    assert 0 <= found.resource_utilization <= 1
    assert 0 < found.efficiency_score <= 1
    assert found.peak_memory_mb > 1
    assert found.total_time_seconds >= found.node_time_seconds > 0


def test_each_visit_of_a_state_is_an_iteration():
    fsm = FSM("countdown")
    fsm.add_state("down", lambda n=3: n - 1, initial=True)
    fsm.add_conditional_transition("down", lambda n: "down" if n else END, targets=["down", END])
    found = profiled(fsm)
    assert (found.cycle, found.iterations) == (None, 3)


def test_a_run_without_cycles_is_one_iteration():
    found = profiled(DAG("wf").add_node("work", lambda: 1))
    assert (found.cycle, found.iterations) == (None, 1)
    assert [each.rpartition(".")[2] for each in found.unavailable] == [
        "memory_growth_rate",
        "cpu_trend",
        "time_trend",
    ]


def test_failed_attempts_count_as_calls():
    failures = [ValueError("once")]

    def flaky():
        if failures:
            raise failures.pop()

    assert profiled(DAG("wf").add_node("flaky", flaky, retry=2)).hotspots[0].calls == 2


def test_what_an_element_took_is_in_the_time_of_its_map():
    failures = [ValueError("once")]

    def flaky(item):
        if failures:
            raise failures.pop()

    dag = DAG("wf")
    dag.map(flaky, name="flaky", retry=2)
    assert profiled(dag, item=[1, 2]).hotspots[0].calls == 1


def test_a_run_that_fails_is_measured_as_far_as_it_went():
    dag = DAG("wf").add_node("count", lambda value=2: value - 1 if 1 / value else 0)
    with dag.cycle("loop", max_iterations=9) as cycle:
        cycle.feedback("count", "count", input="value")
    profiler = CycleProfiler()
    with pytest.raises(CycleExecutionError):
        dag.run(observers=[profiler])
    found = profiler.generate_analysis()
    assert (found.status, found.reason, found.hotspots[0].calls) == ("failed", "error", 3)


# Settings


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"profile_cpu": False}, ["resource_utilization", "cpu_time_seconds", "resource_trends.cpu_trend"]),
        ({"profile_memory": False}, ["peak_memory_mb", "resource_trends.memory_growth_rate"]),
        ({"profile_io": False}, ["read_mb", "written_mb"]),
        ({"profile_network": True}, ["network_mb"]),
    ],
)
def test_what_is_not_measured_is_none_and_listed(settings, missing):
    found = profiled(counting(), Metered(**settings))
    assert found.unavailable == missing
    assert all(getattr(found, name) is None for name in missing if "." not in name)


def test_where_nothing_tells_the_memory_the_run_goes_on_without():
    found = profiled(counting(), Unmetered())
    assert {"peak_memory_mb", "resource_utilization"} <= set(found.unavailable)
    assert found.iterations == 4


def test_what_is_switched_off_is_not_looked_for():
    found = profiled(
        counting(),
        Metered(generate_hotspots=False, identify_bottlenecks=False, track_resource_trends=False),
    )
    assert (found.hotspots, found.bottlenecks) == ([], [])
    assert found.resource_trends.memory_growth_rate is None


@pytest.mark.parametrize(("is_sampled", "expected"), [(True, 0.02), (False, None)])
def test_the_memory_is_looked_at_in_between_where_that_is_wanted(is_sampled, expected):
    class Control:
        workflow, run_id, mode, workers, timeout = "wf", "id", "sequential", None, None
        cycles = ()

    profiler = Metered(sampling_interval_ms=20, memory_sampling_enabled=is_sampled)
    watcher = profiler.watching(Control())
    assert watcher.refresh_every == expected
    watcher.refresh()
    watcher.refresh()
    assert watcher.record.peak == 104


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"sampling_interval_ms": 0}, "sampling_interval_ms must be a number > 0, got 0"),
        ({"report_formats": ["jsn"]}, "report_formats must be one of 'json', 'csv', 'html', got 'jsn'"),
        ({"report_formats": 5}, "report_formats must be a list of strings"),
        ({"report_formats": ()}, "report_formats is empty: name one of json, csv, html"),
        ({"profile_output_path": b"here"}, "profile_output_path must be the path of a folder, got b'here'"),
        ({"profile_cpu": None}, "profile_cpu must be True or False"),
    ],
)
def test_a_wrong_setting_is_told_at_once(settings, text):
    with pytest.raises(CycleConfigurationError, match=f"^CycleProfiler: {text}"):
        CycleProfiler(**settings)


def test_an_unknown_setting_is_told_with_a_suggestion():
    with pytest.raises(UnknownOptionError, match="CycleProfiler takes no 'profile_cp'; did you mean"):
        CycleProfiler(profile_cp=True)


# Texts and files


def test_an_analysis_may_be_awaited():
    profiler = CycleProfiler()
    counting().run(observers=[profiler])

    async def main():
        return await profiler.generate_analysis()

    assert asyncio.run(main()).iterations == 4


def test_a_run_that_another_tool_keeps_from_beginning_leaves_no_record():
    class Refusing:
        def watching(self, control):
            raise OSError("no room")

    profiler = CycleProfiler()
    with pytest.raises(OSError, match="no room"):
        counting().run(observers=[profiler, Refusing()])
    with pytest.raises(ExecutionError, match="has seen no run to its end"):
        profiler.generate_analysis()


def test_a_cycle_that_there_is_not_is_an_error_with_a_suggestion():
    profiler = CycleProfiler()
    counting().run(observers=[profiler])
    assert profiler.generate_analysis("loop").iterations == 4
    with pytest.raises(ValueError, match="no cycle 'lop' in that run: there are 'loop'; did you mean 'loop'"):
        profiler.generate_analysis("lop")


def test_before_a_run_has_ended_there_is_nothing_to_tell():
    with pytest.raises(ExecutionError, match="this CycleProfiler has seen no run to its end"):
        CycleProfiler().generate_analysis()


def test_the_table_has_a_row_for_each_hotspot():
    profiler = CycleProfiler()
    counting().run(observers=[profiler])
    rows = list(csv.DictReader(io.StringIO(profiler.export("csv"))))
    assert [(row["node"], int(row["calls"])) for row in rows] == [
        (each.node, each.calls) for each in profiler.generate_analysis().hotspots
    ]


def test_reports_are_written_when_a_run_ends(tmp_path):
    profiler = CycleProfiler(
        "fit", generate_reports=True, report_formats=["json", "html", "csv"], profile_output_path=tmp_path
    )
    counting().run(observers=[profiler])
    names = sorted(each.name for each in tmp_path.iterdir())
    assert names == ["fit-profile.csv", "fit-profile.html", "fit-profile.json"]
    assert json.loads((tmp_path / "fit-profile.json").read_text())["iterations"] == 4
    assert profiler.reports == {}


def test_without_a_folder_reports_are_kept():
    profiler = CycleProfiler(generate_reports=True, report_formats="csv")
    counting().run(observers=[profiler])
    assert profiler.reports == {"csv": profiler.export("csv")}


def test_a_folder_that_cannot_be_written_keeps_the_run_from_beginning(tmp_path):
    file, seen = tmp_path / "file", []
    file.write_text("")
    dag = DAG("wf").add_node("work", lambda: seen.append(1))
    profiler = CycleProfiler(generate_reports=True, profile_output_path=file)
    with pytest.raises(OSError, match="profile_output_path="):
        dag.run(observers=[profiler])
    assert not seen
