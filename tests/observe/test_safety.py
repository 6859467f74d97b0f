"""What a manager sees, whom it lets in, and what it ends."""

import asyncio
import threading

import pytest

from fast_dag import DAG, CycleConfigurationError, CycleSafetyError, UnknownOptionError
from fast_dag.cycles import CyclicWorkflowExecutor
from fast_dag.observe import meter
from fast_dag.observe.monitor import CycleMonitor
from fast_dag.observe.safety import CycleSafetyManager
from tests.conformance.modes import comes_true
from tests.observe.instruments import Readings, counting


@pytest.fixture
def readings():
    return Readings()


def manager_of(readings, **settings):
    return CycleSafetyManager(instruments=readings.instruments(), **settings)


def kinds(found):
    return [each.kind for each in found]


# Looking


def test_a_limit_of_the_process_is_a_violation_while_it_is_broken(readings):
    manager = manager_of(readings, global_memory_limit_mb=150, global_cpu_time_limit_seconds=10)
    manager.start_monitoring()
    assert manager.check_safety().violations == []
    readings.go(memory=60.0, cpu=11.0)
    status = manager.check_safety()
    assert kinds(status.violations) == ["global_memory", "global_cpu"]
    assert [each.message for each in status.violations] == [
        "the process has 160.0 MiB, more than global_memory_limit_mb=150",
        "11.00 s of processor time, more than global_cpu_time_limit_seconds=10",
    ]
    assert (status.memory_mb, status.cpu_time_seconds) == (160.0, 11.0)
    assert status.should_terminate
    readings.go(memory=-60.0)
    assert kinds(manager.check_safety().violations) == ["global_cpu"]


def test_nobody_is_to_be_ended_where_that_is_not_wanted(readings):
    manager = manager_of(readings, global_memory_limit_mb=50, auto_terminate_on_violation=False)
    manager.start_monitoring()
    status = manager.check_safety()
    assert [(each.kind, each.action) for each in status.violations] == [
        ("global_memory", "warn_and_continue")
    ]
    assert not status.should_terminate


def test_an_alert_comes_once_and_again_when_it_was_over(readings):
    manager = manager_of(readings, global_memory_limit_mb=200, global_cpu_time_limit_seconds=10)
    manager.start_monitoring()
    found = []
    for memory in (50.0, 5.0, 5.0, -20.0, -30.0, 60.0):
        readings.go(memory=memory)
        found.append([each.value for each in manager.check_safety().alerts])
    # The mark is at 160 MiB, and it is armed again below 144.
    assert found == [[], [], [160.0], [], [], [170.0]]
    readings.go(cpu=9.0)
    (alert,) = manager.check_safety().alerts
    assert (alert.kind, alert.threshold, alert.limit) == ("cpu", 0.9, 10)


def test_processor_time_counts_from_the_start(readings):
    readings.go(cpu=100.0)
    manager = manager_of(readings)
    assert manager.check_safety().cpu_time_seconds is None
    manager.start_monitoring()
    manager.start_monitoring()
    readings.go(cpu=2.0)
    assert manager.check_safety().cpu_time_seconds == 2.0
    manager.stop_monitoring()
    manager.stop_monitoring()
    assert (manager.check_safety().cpu_time_seconds, manager.check_safety().violations) == (None, [])


def test_memory_can_be_asked_about_without_a_start(readings):
    status = manager_of(readings, global_memory_limit_mb=50).check_safety()
    assert (kinds(status.violations), status.memory_mb) == (["global_memory"], 100.0)
    assert (status.should_terminate, status.cpu_time_seconds) == (True, None)


def test_violations_of_registered_monitors_are_seen(readings):
    manager, monitor = manager_of(readings), CycleMonitor(iteration_limit=2)
    manager.register(monitor)
    manager.register(monitor)
    result = counting().execute_cycle_sync("loop", monitor=monitor)
    assert kinds(result.violations) == ["iteration"]
    status = manager.check_safety()
    assert (kinds(status.violations), status.should_terminate) == (["iteration"], True)


def test_only_monitors_are_registered(readings):
    with pytest.raises(CycleConfigurationError, match="register takes a CycleMonitor, got"):
        manager_of(readings).register(print)


def test_every_method_may_be_awaited(readings):
    async def work():
        manager = manager_of(readings)
        await manager.start_monitoring()
        await manager.register(CycleMonitor())
        status = await manager.check_safety()
        await manager.stop_monitoring()
        return status.should_terminate

    assert asyncio.run(work()) is False


@pytest.mark.parametrize("settings", [{"global_memory_limit_mb": 5}, {"memory_leak_detection": True}])
def test_memory_that_nothing_measures_is_an_error_where_it_is_needed(monkeypatch, settings):
    monkeypatch.setattr(meter, "SOURCES", ())
    with pytest.raises(CycleConfigurationError, match="cannot be measured"):
        CycleSafetyManager(**settings).start_monitoring()
    manager = CycleSafetyManager()
    manager.start_monitoring()
    assert manager.check_safety().memory_mb is None


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"max_concurrent_cycles": 0}, "max_concurrent_cycles"),
        ({"alert_threshold_memory": 1.5}, "alert_threshold_memory"),
        ({"alert_threshold_cpu": 0}, "alert_threshold_cpu"),
        ({"monitoring_interval_seconds": 0}, "monitoring_interval_seconds"),
        ({"graceful_shutdown_timeout": -1}, "graceful_shutdown_timeout"),
        ({"leak_window": 0}, "leak_window"),
        ({"on_capacity": "queue"}, "on_capacity"),
        ({"instruments": 5}, "instruments"),
    ],
)
def test_a_bad_setting_is_named(settings, name):
    with pytest.raises(CycleConfigurationError, match=f"CycleSafetyManager: {name}"):
        CycleSafetyManager(**settings)


def test_an_unknown_setting_is_an_error_with_a_suggestion():
    with pytest.raises(UnknownOptionError, match="did you mean 'max_concurrent_cycles'"):
        CycleSafetyManager(max_concurent_cycles=5)


# Acting


def test_a_run_that_is_given_a_manager_is_ended_by_it(readings):
    manager = manager_of(readings, global_memory_limit_mb=150)
    dag = counting(lambda value: readings.go(memory=20.0) or value + 1)
    seen = []
    result = dag.execute_cycle_sync("loop", safety_manager=manager, observers=[seen.append])
    assert (result.reason, result.total_iterations, kinds(result.violations)) == (
        *("violation", 3, ["global_memory"]),
    )
    assert [each.code for each in seen if each.kind == "warning"] == ["memory_alert"]


def test_a_run_that_is_not_given_to_it_goes_on(readings):
    manager = manager_of(readings, global_memory_limit_mb=50)
    manager.start_monitoring()
    assert counting().execute_cycle_sync("loop").reason == "max_iterations"


def test_a_violation_that_ends_nothing_is_told(readings):
    manager = manager_of(readings, global_memory_limit_mb=50, auto_terminate_on_violation=False)
    result = counting().execute_cycle_sync("loop", safety_manager=manager)
    assert (result.reason, kinds(result.violations)) == ("max_iterations", ["global_memory"])


def test_a_run_of_a_registered_monitor_is_guarded_once(readings):
    manager, monitor = manager_of(readings, global_memory_limit_mb=50), CycleMonitor()
    manager.register(monitor)
    dag = counting()
    result = dag.execute_cycle_sync("loop", monitor=monitor)
    assert (result.reason, result.total_iterations) == ("violation", 1)
    result = dag.execute_cycle_sync("loop", monitor=monitor, safety_manager=manager)
    assert kinds(result.violations) == ["global_memory"]


def test_memory_that_grows_again_and_again_is_a_leak(readings):
    manager = manager_of(readings, memory_leak_detection=True, memory_growth_threshold=0.2)
    dag = counting(lambda value: readings.go(memory=100.0) or value + 1)
    result = dag.execute_cycle_sync("loop", safety_manager=manager)
    assert (result.reason, result.total_iterations, kinds(result.violations)) == (
        *("violation", 4, ["memory_leak"]),
    )


def test_memory_that_stays_is_no_leak(readings):
    manager = manager_of(readings, memory_leak_detection=True)
    assert counting().execute_cycle_sync("loop", safety_manager=manager).violations == []


def test_a_manager_that_nobody_has_started_is_started_and_stopped_by_runs(readings):
    manager, status = manager_of(readings), []
    dag = counting(lambda value: status.append(manager.check_safety()) or value + 1, max_iterations=1)
    dag.run(observers=[manager])
    assert (status[0].active_cycles, status[0].cpu_time_seconds) == (1, 0.0)
    assert (manager.check_safety().active_cycles, manager.check_safety().cpu_time_seconds) == (0, None)


def test_a_manager_that_is_stopped_ends_nothing(readings):
    manager = manager_of(readings, global_memory_limit_mb=50)
    dag = counting(lambda value: manager.stop_monitoring() and value + 1)
    assert dag.execute_cycle_sync("loop", safety_manager=manager).reason == "max_iterations"


def test_a_deadlock_is_seen_while_it_lasts():
    manager = CycleSafetyManager(monitoring_interval_seconds=0.01, deadlock_timeout_seconds=0.05)
    found, gate = [], threading.Event()
    dag = counting(lambda value: gate.wait(5) and value + 1)
    thread = threading.Thread(
        target=lambda: found.append(
            dag.execute_cycle_sync("loop", safety_manager=manager, observers=[]).reason
        )
    )
    thread.start()
    try:
        assert comes_true(lambda: manager.check_safety().deadlocked == ["loop"])
        assert comes_true(lambda: kinds(manager.check_safety().violations) == ["deadlock"])
    finally:
        gate.set()
        thread.join()
    assert found == ["violation"]


def test_a_slow_consumer_of_iterations_is_no_deadlock(readings):
    manager = manager_of(readings, deadlock_timeout_seconds=5)

    async def work():
        made = CyclicWorkflowExecutor(counting()).execute_with_monitoring("loop", safety_manager=manager)
        async for _ in made:
            readings.go(100.0)
            assert manager.check_safety().deadlocked == []
        return made.result.reason

    assert asyncio.run(work()) == "max_iterations"


# Who is let in


def cycles_at_once(manager, count, mode="parallel", patience=0.05):
    """How many cycles of as many runs in threads were under way at once, at most, and what they came to."""
    lock, running, most, found = threading.Lock(), [], [], []
    together = threading.Barrier(2)

    def body(value):
        with lock:
            running.append(1)
            most.append(len(running))
        try:
            together.wait(patience)
        except threading.BrokenBarrierError:
            together.reset()
        with lock:
            running.pop()
        return value + 1

    def work():
        dag = counting(body, max_iterations=2)
        found.append(dag.execute_cycle_sync("loop", safety_manager=manager, mode=mode).total_iterations)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(most), found


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_only_so_many_cycles_of_all_runs_are_under_way_at_once(mode):
    manager = CycleSafetyManager(max_concurrent_cycles=1)
    assert cycles_at_once(manager, 3, mode) == (1, [2, 2, 2])
    assert manager.check_safety().active_cycles == 0


def test_two_may_be_where_two_are_allowed():
    assert cycles_at_once(CycleSafetyManager(max_concurrent_cycles=2), 2, patience=5) == (2, [2, 2])


def test_a_cycle_inside_another_needs_no_room_of_its_own():
    dag = DAG("nested")
    for name in ("a", "b"):
        dag.add_node(name, lambda x=0, y=0: x + y + 1)
    dag.connect("a", "b", input="x")
    with dag.cycle("outer", max_iterations=2) as cycle:
        cycle.feedback("b", "a", input="x")
    with dag.cycle("inner", max_iterations=2) as cycle:
        cycle.feedback("b", "b", input="y")
    manager = CycleSafetyManager(max_concurrent_cycles=1)
    assert dag.execute_cycle_sync("outer", safety_manager=manager).total_iterations == 2


def two_cycles(function=lambda value=0: value + 1):
    dag = DAG("two")
    for name in ("first", "second"):
        dag.add_node(name, function)
        with dag.cycle(f"{name} loop", max_iterations=2, on_limit="return") as cycle:
            cycle.feedback(name, name, input="value")
    return dag


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_a_cycle_after_another_finds_room_at_once(mode):
    dag = two_cycles().connect("first", "second", input="value")
    manager = CycleSafetyManager(max_concurrent_cycles=1, on_capacity="raise")
    assert dag.run(mode=mode, observers=[manager]) == 4
    assert manager.check_safety().active_cycles == 0


def test_independent_cycles_are_entered_one_after_the_other_where_steps_are():
    manager = CycleSafetyManager(max_concurrent_cycles=1, on_capacity="raise")
    dag = two_cycles()
    dag.run(observers=[manager])
    assert dag.results == {"first": 2, "second": 2}


class Crowd:
    """Counts who is in its function at once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self, value):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        threading.Event().wait(0.002)
        with self.lock:
            self.now -= 1
        return value + 1


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_cycles_of_workflows_inside_nodes_need_room_as_well(mode):
    crowd, dag = Crowd(), DAG("around")
    for name in ("one", "two", "three"):
        dag.add_workflow(name, counting(crowd, max_iterations=2))
    manager = CycleSafetyManager(max_concurrent_cycles=1)
    dag.run(mode=mode, observers=[manager], timeout=10)
    assert (crowd.most, manager.check_safety().active_cycles) == (1, 0)


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_each_element_of_a_map_needs_room_for_its_cycle(mode):
    crowd, dag = Crowd(), DAG("around")
    dag.add_node("values", lambda: [1, 2, 3])
    dag.add_workflow("each", counting(crowd, max_iterations=2), map="value", inputs=["value"])
    dag.connect("values", "each", input="value")
    manager = CycleSafetyManager(max_concurrent_cycles=1)
    assert dag.run(mode=mode, observers=[manager], timeout=10) == [30, 40, 50]
    assert (crowd.most, manager.check_safety().active_cycles) == (1, 0)


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_a_cycle_inside_the_nodes_of_another_needs_no_room_of_its_own(mode):
    middle = DAG("middle")
    middle.add_workflow("deep", counting(max_iterations=2))
    middle.add_node("sum", lambda deep, before=0: deep + before).connect("deep", "sum", input="deep")
    with middle.cycle("middle loop", max_iterations=2) as cycle:
        cycle.feedback("sum", "deep", input="value").feedback("sum", "sum", input="before")
    dag = DAG("around")
    dag.add_workflow("inside", middle)
    manager = CycleSafetyManager(max_concurrent_cycles=1)
    dag.run(mode=mode, observers=[manager], timeout=10)
    assert manager.check_safety().active_cycles == 0


def test_a_workflow_inside_a_node_that_gives_up_waiting_gives_up_its_place():
    manager, gate, inside = CycleSafetyManager(max_concurrent_cycles=1), threading.Event(), threading.Event()
    first = counting(lambda value: inside.set() or (gate.wait(5) and value + 1), max_iterations=1)
    handle = first.start(observers=[manager])
    given_up, go_on = threading.Event(), threading.Event()
    dag = DAG("around")
    dag.add_workflow("inner", counting(), timeout=0.05)
    dag.set_node_error_handler("inner", lambda node, inputs, error: given_up.set() or go_on.wait(5))
    try:
        assert inside.wait(5)
        second = dag.start(observers=[manager], mode="parallel")
        assert given_up.wait(5)
        third = counting().start(observers=[manager], mode="parallel")
        gate.set()
        assert (handle.result(5), third.result(5)) == (10, 80)
    finally:
        gate.set()
        go_on.set()
    assert second.result(5)


def test_a_cycle_that_may_not_wait_ends_its_run():
    manager = CycleSafetyManager(max_concurrent_cycles=1, on_capacity="raise")
    gate, inside = threading.Event(), threading.Event()
    first = counting(lambda value: inside.set() or (gate.wait(5) and value + 1), max_iterations=1)
    thread = threading.Thread(target=first.run, kwargs={"observers": [manager]})
    thread.start()
    try:
        assert inside.wait(5)
        with pytest.raises(CycleSafetyError, match="cycle 'loop' is not let in"):
            counting().run(observers=[manager])
    finally:
        gate.set()
        thread.join()
    assert counting().run(observers=[manager]) == 80


def test_a_run_that_gives_up_waiting_gives_up_its_place():
    manager, gate, inside = CycleSafetyManager(max_concurrent_cycles=1), threading.Event(), threading.Event()
    first = counting(lambda value: inside.set() or (gate.wait(5) and value + 1), max_iterations=1)
    thread = threading.Thread(target=first.run, kwargs={"observers": [manager]})
    thread.start()
    try:
        assert inside.wait(5)
        with pytest.raises(TimeoutError):
            counting().run(observers=[manager], timeout=0.05)
    finally:
        gate.set()
        thread.join()
    assert counting().run(observers=[manager]) == 80


def test_a_run_in_the_thread_of_its_caller_waits_there():
    manager = CycleSafetyManager(
        max_concurrent_cycles=1, deadlock_detection_enabled=False, auto_terminate_on_violation=False
    )
    assert cycles_at_once(manager, 2, "sequential") == (1, [2, 2])
