"""Limits that those who watch hold runs to: with real memory, processor time and nodes that never return."""

import asyncio
import gc
import threading
import time

import anyio
import pytest

from fast_dag import DAG, FSM, CycleSafetyError
from fast_dag.cycles import CyclicWorkflowExecutor
from fast_dag.observe.monitor import CycleMonitor
from fast_dag.observe.safety import CycleSafetyManager
from tests.conformance.modes import MARGIN, as_async, raised_by, seconds_of

MIB = 1024 * 1024


def counting(count, **settings):
    dag = DAG("wf").add_node("count", count)
    dag.add_node("after", lambda count: count).connect("count", "after")
    with dag.cycle("loop", **{"max_iterations": 50, **settings}) as cycle:
        cycle.feedback("count", "count", input="value")
    return dag


def result_of(mode, dag, tool):
    mode(dag, observers=[tool])
    return dag.context.metadata["cycles"]["loop"]


def test_a_memory_limit_ends_a_cycle_that_really_allocates(any_mode, kind):
    gc.collect()  # what other tests have left might go while this one looks at the memory
    blocks = []

    def count(value=0):
        blocks.append(bytearray(16 * MIB))
        return value + 1

    result = result_of(any_mode, counting(kind(count)), CycleMonitor(memory_limit_mb=60))
    assert (result.reason, result.violations[0].kind) == ("violation", "memory")
    assert result.total_iterations < 50
    assert result.outputs == {"count": result.total_iterations}
    assert list(result.skipped) == ["after"]


def test_a_processor_limit_ends_a_cycle_that_really_burns(any_mode):
    def count(value=0):
        end = time.process_time() + 0.02
        while time.process_time() < end:
            pass
        return value + 1

    result = result_of(any_mode, counting(count), CycleMonitor(cpu_time_limit_seconds=0.1))
    assert (result.reason, result.violations[0].kind) == ("violation", "cpu")
    assert 1 <= result.total_iterations <= 6


def test_a_timeout_ends_a_cycle_in_the_middle_of_an_iteration(any_mode, gate):
    def count(value=0):
        return value + 1 if value < 2 else gate.wait(20)

    dag = counting(count)
    seconds, error = seconds_of(any_mode, dag, observers=[CycleMonitor(timeout_seconds=0.1)])
    result = dag.context.metadata["cycles"]["loop"]
    assert error is None
    assert seconds < 0.1 + 0.05 + MARGIN
    assert (result.reason, result.total_iterations, result.outputs) == ("violation", 2, {"count": 2})
    assert result.skipped == {"after": "cycle 'loop' gave nothing (violation)"}


def test_a_cycle_in_which_nothing_ends_is_noticed_and_ended_with_what_it_has(any_mode, gate):
    def count(value=0):
        return value + 1 if value < 2 else gate.wait(20)

    manager = CycleSafetyManager(
        monitoring_interval_seconds=0.02, deadlock_timeout_seconds=0.1, graceful_shutdown_timeout=0.05
    )
    dag = counting(count)
    seconds, error = seconds_of(any_mode, dag, observers=[manager])
    result = dag.context.metadata["cycles"]["loop"]
    assert error is None
    assert seconds < 0.1 + 0.05 + 0.1 + MARGIN
    assert (result.reason, result.violations[0].kind) == ("violation", "deadlock")
    assert (result.total_iterations, result.outputs) == (2, {"count": 2})


def test_a_coroutine_that_never_ends_is_cancelled(any_mode):
    ended = threading.Event()

    async def count(value=0):
        if value < 2:
            return value + 1
        try:
            await anyio.sleep(20)
        finally:
            ended.set()

    manager = CycleSafetyManager(monitoring_interval_seconds=0.02, deadlock_timeout_seconds=0.1)
    result = result_of(any_mode, counting(count), manager)
    assert (result.reason, result.total_iterations) == ("violation", 2)
    assert ended.wait(2)


def test_a_call_that_comes_back_in_time_is_waited_for(any_mode):
    calls = []

    def count(value=0):
        time.sleep(0.15)
        calls.append(value)
        return value + 1

    manager = CycleSafetyManager(
        monitoring_interval_seconds=0.02, deadlock_timeout_seconds=0.06, graceful_shutdown_timeout=10
    )
    result = result_of(any_mode, counting(count), manager)
    # With it its iteration has come to its end, and no other begins.
    assert (result.reason, result.total_iterations, calls) == ("violation", 1, [0])


def test_exactly_as_many_iterations_run_as_are_allowed(any_mode, kind):
    calls = []
    dag = counting(kind(lambda value=0: calls.append(value) or value + 1))
    result = result_of(any_mode, dag, CycleMonitor(iteration_limit=4))
    assert (result.reason, result.total_iterations, len(calls)) == ("violation", 4, 4)


def test_a_run_without_cycles_ends_with_an_error(any_mode, gate):
    dag = DAG("plain").add_node("wait", lambda: gate.wait(20))
    error = raised_by(any_mode, dag, observers=[CycleMonitor(timeout_seconds=0.05)])
    assert isinstance(error, CycleSafetyError)
    assert error.violation.kind == "timeout"


@pytest.mark.parametrize("is_async", [False, True])
def test_a_machine_ends_with_an_error(any_mode, gate, is_async):
    def wait():
        return gate.wait(20)

    async def wait_async():
        await anyio.sleep(20)

    fsm = FSM("machine")
    fsm.add_state("wait", wait_async if is_async else wait, initial=True, terminal=True)
    error = raised_by(any_mode, fsm, observers=[CycleMonitor(timeout_seconds=0.05)])
    assert isinstance(error, CycleSafetyError)


def test_a_violation_is_told_in_the_order_of_events(any_mode):
    seen = []
    dag = counting(as_async(lambda value=0: value + 1))
    any_mode(dag, observers=[CycleMonitor(iteration_limit=2), seen.append])
    told = [each for each in seen if each.kind in ("violation", "cycle_finished")]
    assert [each.kind for each in told] == ["violation", "cycle_finished"]
    assert (told[0].cycle, told[0].violation.iteration, told[1].reason) == ("loop", 1, "violation")


def test_a_monitor_that_ends_nothing_changes_nothing(any_mode, kind):
    monitor = CycleMonitor()
    dag = counting(kind(lambda value=0: value + 1), max_iterations=5)
    result = result_of(any_mode, dag, monitor)
    assert (result.reason, result.total_iterations, result.violations) == ("max_iterations", 5, [])
    assert monitor.analyze_resource_usage().iterations == 5


@pytest.mark.parametrize("is_async", [False, True])
def test_iterations_on_demand_end_when_a_node_never_returns(gate, is_async):
    def count(value=0):
        return value + 1 if value < 2 else gate.wait(20)

    async def count_async(value=0):
        if value == 2:
            await anyio.sleep(20)
        return value + 1

    async def work():
        executor = CyclicWorkflowExecutor(counting(count_async if is_async else count))
        iterations = executor.execute_with_monitoring("loop", monitor=CycleMonitor(timeout_seconds=0.2))
        return [each.iteration async for each in iterations], iterations.result

    seen, result = asyncio.run(work())
    assert seen == [0, 1]
    assert (result.reason, result.total_iterations) == ("violation", 2)
