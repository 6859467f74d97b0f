"""What a debugger keeps of a run, setting by setting, and what it leaves alone."""

import asyncio
import gc
import json
import logging
import threading
import weakref

import pytest

from fast_dag import (
    DAG,
    END,
    FSM,
    CycleConfig,
    CycleConfigurationError,
    CycleDebugger,
    CycleExecutionError,
    ExecutionError,
    Private,
)
from fast_dag.cycles import CycleContext, CyclicWorkflowExecutor
from fast_dag.errors import UnknownOptionError


class Meter:
    """The process grows by a MiB and uses ten milliseconds with every look."""

    def __init__(self):
        self.memory, self.cpu = 100.0, 0.0

    def memory_mb(self):
        self.memory += 1
        return self.memory

    def cpu_seconds(self):
        self.cpu += 0.01
        return self.cpu


class Metered(CycleDebugger):
    def make_meter(self):
        return Meter()


def halving(**settings):
    """Goes half of the way to *target* with every iteration, and keeps where it has been."""
    dag = DAG("halving").add_node("load", lambda target=8.0: target)

    @dag.node
    def step(load: float, ctx: CycleContext, at: float = 0.0) -> float:
        ctx.state["last"] = at
        ctx.shared["best"] = at
        return at + (load - at) / 2

    dag.connect("load", "step", input="load")
    dag.add_node("report", lambda step: f"at {step}")
    dag.connect("step", "report")
    given = {"max_iterations": 20, "convergence_check": "step > 6.5", **settings}
    with dag.cycle("fit", **given) as cycle:
        cycle.feedback("step", "step", input="at")
    return dag


def failing(at, **settings):
    """Counts, and fails in the iterations *at*."""
    dag = DAG("failing")

    def count(value=0, index=-1):
        calls.append(value)
        if len(calls) - 1 in at:
            raise ValueError(f"broken {len(calls) - 1}")
        return value + 1

    calls = []
    dag.add_node("count", count)
    with dag.cycle("loop", **{"max_iterations": 6, **settings}) as cycle:
        cycle.feedback("count", "count", input="value")
    return dag


def debugged(dag, debugger=None, **options):
    debugger = debugger or CycleDebugger()
    dag.run(observers=[debugger], **options)
    return debugger.analyze_execution()


def only(values):
    (value,) = values
    return value


# What is recorded


def test_every_iteration_is_kept_with_what_its_nodes_were_given_gave_and_changed():
    found = debugged(halving())
    assert [each.iteration for each in found.iteration_details] == [0, 1, 2]
    second = found.iteration_details[1]
    assert (second.cycle, second.path, second.status, second.errors) == ("fit", (), "completed", [])
    node = only(second.node_executions)
    assert (node.node_name, node.attempt, node.status) == ("step", 1, "completed")
    assert (node.inputs, node.outputs) == ({"load": 8.0, "at": 4.0}, 6.0)
    assert node.state_changes == {"last": (0.0, 4.0)}
    assert second.state_changes == {"best": (0.0, 4.0)}
    assert node.duration_ms >= 0
    assert second.metrics == {"step": 6.0}


def test_conditions_are_kept_with_the_metric_they_name():
    found = debugged(halving())
    kept = [tuple(only(each.convergence)) for each in found.iteration_details]
    assert kept == [("step > 6.5", 4.0, False), ("step > 6.5", 6.0, False), ("step > 6.5", 7.0, True)]


def test_a_precondition_belongs_to_the_iteration_it_is_asked_before():
    found = debugged(halving(when="at < 6", convergence_check=()))
    kept = [(each.iteration, only(each.convergence)[0::2]) for each in found.iteration_details]
    assert kept == [(0, ("at < 6", True)), (1, ("at < 6", True))]


def test_counts_and_times_are_about_all_iterations():
    found = debugged(halving())
    assert (found.total_iterations, found.failed_iterations) == (3, 0)
    times = [each.duration_ms for each in found.iteration_details]
    assert found.avg_iteration_time_ms == pytest.approx(sum(times) / 3)
    assert found.duration_ms >= sum(times)
    assert (found.workflow, found.mode, found.status) == ("halving", "sequential", "completed")


def test_nodes_outside_of_cycles_stand_apart():
    found = debugged(halving())
    assert [(each.node_name, each.outputs) for each in found.outside] == [
        ("load", 8.0),
        ("report", "'at 7.0'"),
    ]
    assert [cycle.cycle for cycle in found.cycles] == ["fit"]
    assert (found.cycles[0].reason, found.cycles[0].iterations) == ("converged", 3)


@pytest.mark.parametrize(
    ("objective", "direction", "expected"),
    [("step", "maximize", "improving"), ("step", "minimize", "degrading"), (None, "maximize", None)],
)
def test_the_trend_is_that_of_the_objective(objective, direction, expected):
    dag = halving(convergence_check=(), max_iterations=5, objective=objective, direction=direction)
    assert debugged(dag).convergence_trend == expected


def test_a_short_series_has_no_trend():
    assert debugged(halving()).convergence_trend == "insufficient_data"


def test_cycles_inside_others_are_told_apart_by_their_paths():
    dag = DAG("nested").add_node("outer", lambda x=0: x).add_node("inner", lambda outer, y=0: outer + y + 1)
    dag.connect("outer", "inner", input="outer").add_node("end", lambda inner: inner).connect("inner", "end")
    with dag.cycle("around", max_iterations=2) as cycle:
        cycle.feedback("end", "outer", input="x")
    with dag.cycle("within", max_iterations=3) as cycle:
        cycle.feedback("inner", "inner", input="y")
    debugger = CycleDebugger()
    found = debugged(dag, debugger)
    assert [(each.cycle, each.path, each.iteration) for each in found.iteration_details] == [
        ("around", (), 0),
        *[("within", (0,), index) for index in range(3)],
        ("around", (), 1),
        *[("within", (1,), index) for index in range(3)],
    ]
    around = debugger.analyze_execution("around")
    assert around.total_iterations == 2
    names = [each.node_name for each in around.iteration_details[0].node_executions]
    assert names == ["outer", "end"]


def test_nodes_of_a_workflow_inside_a_node_belong_to_the_iteration_around_it():
    inner = DAG("inner").add_node("double", lambda value=1: value * 2)
    dag = DAG("outer")
    dag.add_dag("nest", inner)
    with dag.cycle("loop", max_iterations=2) as cycle:
        cycle.feedback("nest", "nest", input="value")
    found = debugged(dag)
    names = [[node.node_name for node in each.node_executions] for each in found.iteration_details]
    assert names == [["nest", "nest.double"]] * 2
    assert found.outside == []


def test_a_run_without_cycles_is_one_iteration():
    dag = DAG("chain").add_node("first", lambda x: x + 1).add_node("second", lambda first: first * 2)
    dag.connect("first", "second")
    found = debugged(dag, x=1)
    assert (found.total_iterations, found.outside) == (1, [])
    whole = only(found.iteration_details)
    assert (whole.cycle, whole.status) == (None, "completed")
    assert [(each.node_name, each.outputs) for each in whole.node_executions] == [("first", 2), ("second", 4)]


def test_each_visit_of_a_state_is_an_iteration():
    fsm = FSM("countdown")
    fsm.add_state("down", lambda n=3: n - 1, initial=True)
    fsm.add_conditional_transition("down", lambda n: "down" if n else END, targets=["down", END])
    found = debugged(fsm)
    assert [(each.iteration, only(each.node_executions).outputs) for each in found.iteration_details] == [
        (0, 2),
        (1, 1),
        (2, 0),
    ]
    assert {each.status for each in found.iteration_details} == {"completed"}


def test_skipped_nodes_are_told_with_the_reason():
    dag = DAG("branches")
    check = dag.condition(lambda x=0: x > 1, name="check")
    check.on_true >> dag.node(lambda x: x, name="high")
    check.on_false >> dag.node(lambda x: x + 1, name="low")
    dag.any(lambda high, low: low if high is None else high, name="join")
    dag.connect("high", "join").connect("low", "join")
    dag.add_node("end", lambda join: join, retry=2).connect("join", "end")
    with dag.cycle("loop", max_iterations=2) as cycle:
        cycle.feedback("join", "check", input="x")
    found = debugged(dag)
    assert [list(each.skipped) for each in found.iteration_details] == [["high"], ["high"]]
    assert "check" in found.iteration_details[0].skipped["high"]


def test_so_are_those_outside_of_cycles():
    dag = halving()
    check = dag.condition(lambda step: step > 100, name="check")
    dag.connect("step", "check")
    check.on_true >> dag.node(lambda x: x, name="high")
    assert list(debugged(dag).skipped) == ["high"]


# Failures


def test_a_failure_is_kept_with_its_text_and_where_it_was_raised():
    debugger = CycleDebugger()
    with pytest.raises(CycleExecutionError):
        failing({2}).run(observers=[debugger])
    found = debugger.analyze_execution()
    assert (found.total_iterations, found.failed_iterations, found.status) == (3, 1, "failed")
    last = found.iteration_details[-1]
    assert (last.status, last.errors) == ("failed", ["count: ValueError: broken 2"])
    node = only(last.node_executions)
    assert (node.status, node.error, node.outputs) == ("failed", "ValueError: broken 2", None)
    assert 'raise ValueError(f"broken' in node.traceback


def test_a_cause_is_told_before_what_it_led_to():
    def bad():
        try:
            {}["key"]
        except KeyError as error:
            raise ValueError("broken") from error

    debugger = CycleDebugger()
    with pytest.raises(ValueError, match="broken"):
        DAG("wf").add_node("bad", bad).run(observers=[debugger])
    text = only(debugger.analyze_execution().iteration_details[0].node_executions).traceback
    assert text.index("KeyError: 'key'") < text.index("ValueError: broken")


def test_an_attempt_for_an_element_does_not_end_its_map():
    failures = [ValueError("once")]

    def flaky(item):
        if failures:
            raise failures.pop()
        return item

    dag = DAG("wf")
    dag.map(flaky, name="each", retry=2)
    (found,) = only(debugged(dag, item=[1, 2]).iteration_details).node_executions
    assert (found.attempt, found.status, found.error) == (1, "completed", None)


def test_an_attempt_that_is_tried_again_is_no_error_of_its_iteration():
    failures = [ValueError("once")]

    def flaky():
        if failures:
            raise failures.pop()
        return 1

    found = debugged(DAG("wf").add_node("flaky", flaky, retry=2))
    whole = only(found.iteration_details)
    assert [(each.attempt, each.status, each.error) for each in whole.node_executions] == [
        (1, "retried", "ValueError: once"),
        (2, "completed", None),
    ]
    assert whole.errors == []


def test_a_failure_that_a_handler_answers_for_is_told_as_such():
    dag = failing({0}, max_iterations=1)
    dag.set_node_error_handler("count", lambda node, inputs, error: 7)
    found = only(debugged(dag).iteration_details)
    node = only(found.node_executions)
    assert (node.status, node.outputs, found.errors, found.status) == ("handled", 7, [], "completed")


def test_a_cycle_goes_on_after_failures_where_that_is_wanted():
    debugger = CycleDebugger(continue_on_errors=True)
    result = failing({1, 3}).execute_cycle_sync("loop", debugger=debugger)
    found = debugger.analyze_execution()
    assert [each.status for each in found.iteration_details] == [
        *("completed", "failed", "completed", "failed", "completed", "completed")
    ]
    assert (found.total_iterations, found.failed_iterations) == (6, 2)
    assert (result.reason, result.total_iterations, result.outputs["count"]) == ("max_iterations", 6, 4)


def test_so_many_failures_in_a_row_end_the_cycle_as_an_error():
    debugger = CycleDebugger(continue_on_errors=True, max_consecutive_failures=2)
    result = failing({0, 2, 3}).execute_cycle_sync("loop", debugger=debugger, on_error="return")
    assert (result.reason, result.total_iterations) == ("error", 3)
    assert debugger.analyze_execution().failed_iterations == 3


def test_failures_of_an_earlier_entry_into_a_cycle_do_not_count():
    calls = []

    def inner(outer, y=0):
        calls.append(y)
        if len(calls) in (2, 3):
            raise ValueError("broken")
        return y + 1

    dag = DAG("nested").add_node("outer", lambda x=0: x).add_node("inner", inner)
    dag.connect("outer", "inner", input="outer").add_node("end", lambda inner: inner).connect("inner", "end")
    with dag.cycle("around", max_iterations=2) as cycle:
        cycle.feedback("end", "outer", input="x")
    with dag.cycle("within", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("inner", "inner", input="y")
    debugger = CycleDebugger(continue_on_errors=True, max_consecutive_failures=2)
    dag.run(observers=[debugger])
    assert debugger.analyze_execution("within").failed_iterations == 2


def test_without_that_setting_nothing_is_excused():
    with pytest.raises(CycleExecutionError, match="broken 1"):
        failing({1}).run(observers=[CycleDebugger()])


# Settings


@pytest.mark.parametrize(
    ("setting", "look", "kept"),
    [
        ("capture_node_parameters", lambda node, each: node.inputs, {}),
        ("capture_node_outputs", lambda node, each: node.outputs, None),
        ("capture_state_changes", lambda node, each: {**node.state_changes, **each.state_changes}, {}),
        ("capture_convergence_data", lambda node, each: each.convergence, []),
        ("track_execution_time", lambda node, each: node.duration_ms or each.duration_ms, None),
    ],
)
def test_what_is_switched_off_is_not_kept(setting, look, kept):
    iterations = debugged(halving(), CycleDebugger(**{setting: False})).iteration_details
    assert [look(only(each.node_executions), each) for each in iterations] == [kept] * 3
    usual = debugged(halving()).iteration_details[1]
    assert look(only(usual.node_executions), usual) not in (kept, None)


def test_where_no_time_is_taken_there_is_none_of_the_run_and_its_cycles_either():
    debugger = CycleDebugger(track_execution_time=False)
    found = debugged(halving(), debugger)
    assert (found.duration_ms, found.avg_iteration_time_ms, found.cycles[0].duration_ms) == (None, None, None)
    assert debugger.export("html").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("settings", "error", "has_traceback"),
    [
        ({}, "ValueError: broken 0", True),
        ({"capture_stack_traces": False}, "ValueError: broken 0", False),
        ({"capture_exceptions": False}, None, False),
    ],
)
def test_errors_are_kept_as_far_as_they_are_wanted(settings, error, has_traceback):
    debugger = CycleDebugger(**settings)
    with pytest.raises(CycleExecutionError):
        failing({0}).run(observers=[debugger])
    found = only(debugger.analyze_execution().iteration_details)
    node = only(found.node_executions)
    assert (node.error, node.traceback is not None) == (error, has_traceback)
    assert debugger.analyze_execution().failed_iterations == 1


def test_memory_and_processor_time_are_kept_where_they_are_wanted():
    found = debugged(halving(), Metered(track_memory_usage=True, track_cpu_usage=True))
    peaks = [each.peak_memory_mb for each in found.iteration_details]
    assert peaks == sorted(peaks)
    assert peaks[0] > 100
    assert [each.cpu_time_ms for each in found.iteration_details] == [pytest.approx(10)] * 3
    plain = debugged(halving()).iteration_details[0]
    assert (plain.peak_memory_mb, plain.cpu_time_ms) == (None, None)


def test_the_real_process_is_measured():
    found = debugged(halving(), CycleDebugger(track_memory_usage=True, track_cpu_usage=True))
    assert all(each.peak_memory_mb > 1 and each.cpu_time_ms >= 0 for each in found.iteration_details)


def test_captures_are_bounded_and_hide_secrets():
    class Huge:
        def __repr__(self):
            raise AssertionError("nobody may ask")

    dag = DAG("wf").add_node("load", lambda token, rows, huge: rows * 2)
    debugger = CycleDebugger(max_capture_bytes=20)
    dag.run({"token": Private("hunter2"), "rows": ["x"] * 10_000, "huge": Huge()}, observers=[debugger])
    node = only(debugger.analyze_execution().iteration_details[0].node_executions)
    assert str(node.inputs["token"]) == "Private(***)"
    assert all(len(value.encode()) <= 20 for value in [*node.inputs.values(), node.outputs])
    assert "hunter2" not in debugger.export("json") + debugger.export("csv") + debugger.export("html")


def test_what_an_error_says_is_bounded():
    def bad():
        raise ValueError("x" * 10**6)

    debugger = CycleDebugger(max_capture_bytes=100)
    with pytest.raises(ValueError, match="x"):
        DAG("wf").add_node("bad", bad).run(observers=[debugger])
    node = only(debugger.analyze_execution().iteration_details[0].node_executions)
    assert len(node.error) <= 100
    assert len(node.traceback) <= 100


@pytest.mark.parametrize(
    ("level", "expected"),
    [("DEBUG", {10, 20}), ("INFO", {20}), ("WARNING", set())],
)
def test_what_happens_is_logged_from_a_level_on(level, expected, caplog):
    caplog.set_level(logging.DEBUG, "fast_dag.debugger")
    debugged(halving(), CycleDebugger(debug_log_level=level))
    assert {record.levelno for record in caplog.records if record.name == "fast_dag.debugger"} == expected


def test_nothing_is_printed(capsys):
    debugger = CycleDebugger(debug_log_level="DEBUG")
    with pytest.raises(CycleExecutionError):
        failing({0}).run(observers=[debugger])
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"max_capture_bytes": 1}, "max_capture_bytes must be an integer >= 16, got 1"),
        ({"capture_node_outputs": 1}, "capture_node_outputs must be True or False, got 1"),
        ({"max_consecutive_failures": 0}, "max_consecutive_failures must be an integer >= 1"),
        ({"debug_log_level": "info"}, "debug_log_level must be one of 'DEBUG', 'INFO', .*, got 'info'"),
        ({"cycle_id": ""}, "cycle_id must be a non-empty string"),
        ({"debug_output_path": 5}, "debug_output_path must be the path of a folder, got 5"),
        ({"debug_output_path": ""}, "debug_output_path must be the path of a folder, got ''"),
    ],
)
def test_a_wrong_setting_is_told_at_once(settings, text):
    with pytest.raises(CycleConfigurationError, match=f"^CycleDebugger: {text}"):
        CycleDebugger(**settings)


def test_an_unknown_setting_is_told_with_a_suggestion():
    with pytest.raises(UnknownOptionError, match="CycleDebugger takes no 'capture_output'; did you mean"):
        CycleDebugger(capture_output=True)


# Runs


def test_a_result_has_the_debugger_itself():
    debugger = CycleDebugger()
    assert halving().execute_cycle_sync("fit", debugger=debugger).debug is debugger
    dag = halving()
    dag.run(observers=[debugger])
    assert dag.context.metadata["cycles"]["fit"].debug is debugger


def test_a_cycle_may_have_a_debugger_of_its_own_for_every_run():
    dag = DAG("wf").add_node("count", lambda value=0: value + 1)
    with dag.create_cycle("loop").max_iterations(2).enable_debugging(capture_node_outputs=False) as cycle:
        cycle.feedback("count", "count", input="value")
    dag.run()
    first = dag.context.metadata["cycles"]["loop"].debug
    second = dag.execute_cycle_sync("loop").debug
    assert first is not second
    assert (first.cycle_id, first.analyze_execution().total_iterations) == ("loop", 2)
    assert first.analyze_execution().iteration_details[0].node_executions[0].outputs is None


def test_before_a_run_has_ended_there_is_nothing_to_tell():
    with pytest.raises(ExecutionError, match="this CycleDebugger has seen no run to its end: give it to one"):
        CycleDebugger().analyze_execution()


def test_a_run_that_another_tool_keeps_from_beginning_leaves_no_record():
    class Refusing:
        def watching(self, control):
            raise OSError("no room")

    debugger = CycleDebugger(save_debug_data=True)
    halving().run(observers=[debugger])
    before = debugger.data
    with pytest.raises(OSError, match="no room"):
        DAG("other").add_node("work", lambda: 1).run(observers=[debugger, Refusing()])
    assert (debugger.analyze_execution().workflow, debugger.data) == ("halving", before)


def test_a_cycle_that_there_is_not_is_an_error_with_a_suggestion():
    debugger = CycleDebugger()
    halving().run(observers=[debugger])
    assert debugger.analyze_execution("fit").total_iterations == 3
    with pytest.raises(ValueError, match="no cycle 'fi' in that run: there are 'fit'; did you mean 'fit'"):
        debugger.analyze_execution("fi")


def test_iterations_that_are_asked_for_one_by_one_are_recorded():
    async def main():
        executor = CyclicWorkflowExecutor(halving())
        async with executor.execute_with_monitoring("fit", debugger=debugger) as iterations:
            return [each.iteration async for each in iterations], iterations.result

    debugger = CycleDebugger()
    indices, result = asyncio.run(main())
    assert indices == [each.iteration for each in debugger.analyze_execution().iteration_details] == [0, 1, 2]
    assert result.debug is debugger


def test_a_run_that_goes_on_where_another_ended_is_recorded_from_there():
    executor = CyclicWorkflowExecutor(halving(), state_persistence=True)
    executor.execute_cycle_sync(CycleConfig(max_iterations=2, on_limit="return"), run_id="first")
    debugger = CycleDebugger()
    executor.resume_cycle_sync("first", debugger=debugger)
    assert [each.iteration for each in debugger.analyze_execution().iteration_details] == [2]


def test_an_analysis_may_be_awaited():
    debugger = CycleDebugger()
    halving().run(observers=[debugger])

    async def main():
        return await debugger.analyze_execution(), await debugger.export("json")

    found, text = asyncio.run(main())
    assert found.total_iterations == json.loads(text)["total_iterations"] == 3


def test_runs_at_once_do_not_mix():
    debugger, barrier = CycleDebugger(), threading.Barrier(2)
    dag = DAG("wf")

    def count(start, value=0):
        if value == 0:
            barrier.wait(10)
        return (value or start) + 1

    dag.add_node("count", count)
    with dag.cycle("loop", max_iterations=5) as cycle:
        cycle.feedback("count", "count", input="value")
    threads = [
        threading.Thread(target=dag.run, args=({"start": start},), kwargs={"observers": [debugger]})
        for start in (100, 200)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    outputs = [each.node_executions[0].outputs for each in debugger.analyze_execution().iteration_details]
    assert outputs in ([101, 102, 103, 104, 105], [201, 202, 203, 204, 205])


def test_what_was_recorded_holds_nothing_of_the_run():
    class Value:
        pass

    kept = []

    def give():
        value = Value()
        kept.append(weakref.ref(value))
        return value

    debugger = CycleDebugger()
    dag = DAG("wf").add_node("give", give)
    dag.run(observers=[debugger])
    dag.run()
    gc.collect()
    assert kept[0]() is None


# Files


def test_what_was_seen_is_written_when_a_run_ends(tmp_path):
    folder = tmp_path / "new" / "folder"
    debugger = CycleDebugger("fit 1", save_debug_data=True, debug_output_path=folder)
    halving().run(observers=[debugger])
    assert [each.name for each in folder.iterdir()] == ["fit_1-debug.json"]
    assert json.loads((folder / "fit_1-debug.json").read_text())["total_iterations"] == 3
    assert debugger.data is None


def test_without_a_folder_it_is_kept():
    debugger = CycleDebugger(save_debug_data=True)
    halving().run(observers=[debugger])
    assert debugger.data == debugger.export("json")


@pytest.mark.parametrize(
    "label", ["../../escaped", "..", ".", "/etc/passwd", "a\0b", "con:aux|*?", "x" * 300]
)
def test_no_label_leads_out_of_the_folder(label, tmp_path):
    folder = tmp_path / "reports"
    debugger = CycleDebugger(label, save_debug_data=True, debug_output_path=folder)
    halving().run(observers=[debugger])
    (written,) = folder.iterdir()
    assert written.name.endswith("-debug.json")
    assert list(tmp_path.iterdir()) == [folder]


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path):
    folder, outside = tmp_path / "reports", tmp_path / "outside"
    folder.mkdir()
    outside.write_text("kept")
    (folder / "fit-debug.json").symlink_to(outside)
    halving().run(observers=[CycleDebugger("fit", save_debug_data=True, debug_output_path=folder)])
    assert outside.read_text() == "kept"


def test_a_folder_that_cannot_be_written_keeps_the_run_from_beginning(tmp_path):
    file, seen = tmp_path / "file", []
    file.write_text("")
    dag = DAG("wf").add_node("work", lambda: seen.append(1))
    debugger = CycleDebugger(save_debug_data=True, debug_output_path=file)
    with pytest.raises(OSError, match=r"debug_output_path=.*file.* is no folder that can be written"):
        dag.run(observers=[debugger])
    assert not seen
