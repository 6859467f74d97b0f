"""Runs for the sake of a cycle: of which one, with what settings, iteration by iteration, until cancelled."""

import asyncio
import builtins
import gc
import threading

import pytest
import trio

from fast_dag import (
    DAG,
    CycleConfig,
    CycleConfigurationError,
    CycleDebugger,
    CycleExecutionError,
    CycleProfiler,
    ExecutionError,
    MissingInputError,
    RunCancelledError,
    UnknownOptionError,
    ValidationError,
)
from fast_dag.cycles.executor import CyclicWorkflowExecutor
from fast_dag.workflow.builder import WorkflowBuilder


def counting(name="wf", **settings):
    """A DAG that counts in a cycle, and then multiplies by ten."""
    dag = DAG(name).add_node("count", lambda value=0: value + 1).add_node("after", lambda count: count * 10)
    dag.connect("count", "after")
    dag.feedback("count", "count", input="value", cycle="counting")
    with dag.cycle("counting", **{"max_iterations": 3, **settings}):
        pass
    return dag


def chain():
    """A DAG without a cycle, whose ends a mapping may connect."""
    dag = DAG("wf")
    dag.add_node("step", lambda target=1: {"quality": target * 2}, outputs=["quality"])
    return dag


def tried(config=None, data=None, workflow=None, *, executor=None, **options):
    executor = executor or CyclicWorkflowExecutor()
    return executor.execute_cycle_sync(config, data, workflow or counting(), **options)


# Which workflow


def test_the_workflow_of_the_call_comes_before_those_of_the_executor():
    executor = CyclicWorkflowExecutor(counting(max_iterations=2), "registered")
    executor.register_workflow(counting(max_iterations=4), "registered")
    assert executor.execute_cycle_sync("counting", workflow=counting()).total_iterations == 3
    assert executor.execute_cycle_sync("counting").total_iterations == 2


def test_a_registered_workflow_is_known_by_its_name():
    executor = CyclicWorkflowExecutor(name="one")
    executor.register_workflow(counting(max_iterations=2), "one")
    executor.register_workflow(counting("two"))
    assert executor.execute_cycle_sync("counting").total_iterations == 2
    executor.unregister_workflow("one")
    with pytest.raises(CycleConfigurationError, match=r"register_workflow.*name is 'one', registered: 'two'"):
        executor.execute_cycle_sync("counting")
    with pytest.raises(ExecutionError, match="no workflow is registered as 'one'"):
        executor.unregister_workflow("one")


def test_a_builder_is_built():
    builder = WorkflowBuilder("wf").add_node(lambda value=0: value + 1, "count")
    builder.add_connection("count", "count", "result", "value", cycle="loop")
    assert tried(CycleConfig(max_iterations=3), workflow=builder).outputs == {"count": 3}


# Which cycle


def test_a_cycle_is_named_built_or_the_only_one():
    dag = DAG("wf").add_node("count", lambda value=0: value + 1)
    cycle = dag.create_cycle("c").connect("count", "count").max_iterations(2).build()
    for chosen in ("c", cycle, CycleConfig(), None, CycleConfig(cycle_name="c")):
        assert tried(chosen, workflow=dag).cycle_id == "c"


def test_an_unknown_cycle_is_an_error_that_lists_them():
    with pytest.raises(CycleConfigurationError, match="no cycle 'countin'; it has 'counting'; did you mean"):
        tried("countin")


def test_one_of_several_cycles_has_to_be_named():
    dag = counting()
    dag.add_node("other", lambda x=0: x + 1).feedback("other", "other", cycle="more")
    with pytest.raises(CycleConfigurationError, match="has the cycles 'counting', 'more': name one"):
        tried(CycleConfig(max_iterations=2), workflow=dag)


def test_something_else_than_a_cycle_is_an_error():
    with pytest.raises(CycleConfigurationError, match="CycleConfig, a Cycle or a name, got 3"):
        tried(3)


# Settings of one run


def test_settings_win_for_one_run_and_the_definition_stays():
    dag = counting(objective="count")
    found = tried(CycleConfig(max_iterations=5), workflow=dag)
    assert (found.total_iterations, found.best_quality) == (5, 5)
    assert tried("counting", workflow=dag).total_iterations == 3
    assert dag.run() == 30


def test_a_mapping_makes_a_cycle_where_there_is_none():
    dag = chain()
    mapping = {"previous_iteration.quality": "current_iteration.target"}
    config = CycleConfig(cycle_name="opt", parameter_mapping=mapping, max_iterations=3)
    assert tried(config, workflow=dag).outputs == {"step": {"quality": 8}}
    assert not dag.has_cycles()


def test_without_cycle_and_mapping_there_is_nothing_to_execute():
    with pytest.raises(CycleConfigurationError, match="declares no cycle: draw one"):
        tried(CycleConfig(max_iterations=3), workflow=chain())


def test_a_mapping_adds_edges_to_a_declared_cycle():
    dag = DAG("wf").add_node("step", lambda a=0, b=0: {"a": a + 1, "b": b + 1}, outputs=["a", "b"])
    dag.feedback("step", "step", output="a", input="a", cycle="c")
    mapping = {"previous_iteration.b": "current_iteration.b"}
    config = CycleConfig(max_iterations=3, parameter_mapping=mapping)
    assert tried(config, workflow=dag).outputs == {"step": {"a": 3, "b": 3}}
    assert tried(CycleConfig(max_iterations=3), workflow=dag).outputs == {"step": {"a": 3, "b": 1}}


def test_limits_of_the_executor_are_caps_and_a_way_out():
    dag = DAG("wf").add_node("count", lambda value=0: value + 1).feedback("count", "count", cycle="c")
    with pytest.raises(ValidationError, match="no way out"):
        tried("c", workflow=dag)
    executor = CyclicWorkflowExecutor(max_iterations=2)
    assert tried("c", workflow=dag, executor=executor).total_iterations == 2
    assert tried(CycleConfig(max_iterations=9), workflow=dag, executor=executor).total_iterations == 2
    assert tried(CycleConfig(max_iterations=1), workflow=dag, executor=executor).total_iterations == 1


@pytest.mark.parametrize(
    "settings", [{"max_iterations": 0}, {"max_iterations": True}, {"timeout_seconds": 0}]
)
def test_a_wrong_limit_is_an_error(settings):
    with pytest.raises(CycleConfigurationError, match=next(iter(settings))):
        CyclicWorkflowExecutor(**settings)


def test_initial_data_are_run_inputs_also_of_one_node():
    assert tried("counting", {"value": 4}).outputs == {"count": 7}
    assert tried("counting", {"count.value": 4}).outputs == {"count": 7}
    with pytest.raises(UnknownOptionError, match="valu"):
        tried("counting", {"valu": 4})


def test_a_missing_input_is_an_error_before_anything_runs():
    dag = counting().add_node("more", lambda x: x)
    executor = CyclicWorkflowExecutor()
    with pytest.raises(MissingInputError):
        tried("counting", workflow=dag, executor=executor, on_error="return")
    assert executor.cancel() is None


# Calls


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_the_whole_workflow_runs_in_every_mode(mode):
    async def main():
        return await CyclicWorkflowExecutor(counting()).execute_cycle("counting", mode=mode)

    for found in (tried("counting", mode=mode), asyncio.run(main())):
        assert (found.value, found.node_outputs) == (30, {"count": 3, "after": 30})


def test_nodes_await_on_the_loop_of_the_caller():
    async def main():
        gate = asyncio.Event()
        dag = counting()

        @dag.node
        async def opened():
            gate.set()
            await gate.wait()
            return asyncio.get_running_loop()

        found = await dag.execute_cycle("counting")
        return found.node_outputs["opened"] is asyncio.get_running_loop()

    assert asyncio.run(main())


def test_a_sync_call_in_a_running_loop_names_the_async_one():
    async def main():
        with pytest.raises(ExecutionError, match="await execute_cycle"):
            tried("counting")

    asyncio.run(main())


def test_a_workflow_executes_its_cycles_itself():
    async def main(dag):
        first = await dag.execute_cycle("counting", {"value": 1})
        return first, await dag.execute_cycle_with_monitoring("counting", {"value": 1}, mode="async")

    dag = counting()
    found = [*asyncio.run(main(dag)), dag.execute_cycle_sync("counting", {"value": 1})]
    found.append(dag.execute_cycle_with_monitoring_sync("counting", {"value": 1}))
    assert [each.outputs for each in found] == [{"count": 4}] * 4


def test_a_run_has_the_id_it_is_given_and_observers():
    events = []
    found = tried("counting", run_id="mine", observers=[events.append])
    assert found.run_id == "mine"
    assert {event.run_id for event in events} == {"mine"}


def test_an_unknown_option_is_an_error_with_a_suggestion():
    with pytest.raises(UnknownOptionError, match="'mod'; did you mean 'mode'"):
        tried("counting", mod="async")


def test_an_option_of_runs_is_checked():
    with pytest.raises(ValueError, match="trace must be True or False"):
        tried("counting", trace=object())
    assert len(tried("counting", trace=True).trace) == 7


def test_an_unknown_setting_is_an_error_with_a_suggestion():
    with pytest.raises(UnknownOptionError, match="'enable_monitorin'; did you mean 'enable_monitoring'"):
        CyclicWorkflowExecutor(enable_monitorin=False)


@pytest.mark.parametrize(
    ("name", "field", "kind"),
    [
        ("execute_with_debugging", "debug", CycleDebugger),
        ("execute_with_profiling", "profile", CycleProfiler),
    ],
)
def test_a_cycle_runs_under_a_tool_by_default_a_new_one(name, field, kind):
    executor, tool = CyclicWorkflowExecutor(counting()), kind()
    given = {"debug": "debugger", "profile": "profiler"}[field]
    results = [
        asyncio.run(getattr(executor, name)("counting")),
        getattr(executor, f"{name}_sync")("counting"),
        asyncio.run(getattr(executor, name)("counting", **{given: tool})),
        getattr(executor, f"{name}_sync")("counting", **{given: tool}),
    ]
    found = [getattr(each, field) for each in results]
    assert all(type(each) is kind for each in found)
    assert found[0] is not found[1]
    assert found[2] is found[3] is tool


def test_an_executor_has_tools_made_for_every_run_that_brings_none():
    executor = CyclicWorkflowExecutor(counting(), enable_debugging=True, enable_profiling=True)
    first, second = executor.execute_cycle_sync("counting"), executor.execute_cycle_sync("counting")
    assert first.debug is not second.debug
    assert first.debug.analyze_execution().total_iterations == 3
    assert first.profile.generate_analysis().iterations == 3
    mine = CycleDebugger()
    assert executor.execute_cycle_sync("counting", debugger=mine).debug is mine


def test_a_switch_that_is_none_is_named():
    with pytest.raises(CycleConfigurationError, match="enable_debugging must be True or False"):
        CyclicWorkflowExecutor(enable_debugging=1)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"checkpoint_every": 0}, "checkpoint_every must be an integer >= 1, got 0"),
        ({"serializer": "xml"}, "no serializer 'xml'"),
        ({"state_store": "folder"}, "state_store means nothing without state_persistence=True"),
        ({"state_compression": True}, "state_compression means nothing without state_persistence=True"),
    ],
)
def test_settings_of_checkpoints_are_checked_where_none_are_kept_as_well(settings, text):
    with pytest.raises(CycleConfigurationError, match=text):
        CyclicWorkflowExecutor(**settings)


def test_w22_one_workflow_serves_three_threads_at_once():
    dag, found, ready = counting(), [], threading.Barrier(3)
    executor = CyclicWorkflowExecutor(dag)

    def work():
        ready.wait(5)
        found.append(executor.execute_cycle_sync("counting").value)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [30, 30, 30]
    assert executor.execute_cycle_sync("counting").value == 30


# Errors


def failing(at):
    dag = counting(max_iterations=9)

    def count(value=0):
        if value == at:
            raise ValueError("too far")
        return value + 1

    return dag.replace_node("count", count)


def test_an_error_tells_what_the_cycle_came_to():
    with pytest.raises(CycleExecutionError, match="too far") as caught:
        tried("counting", workflow=failing(2))
    assert caught.value.result.total_iterations == 2
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_failure_behind_the_cycle_tells_it_too():
    dag = counting().replace_node("after", lambda count: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        tried("counting", workflow=dag)
    assert (caught.value.result.reason, caught.value.result.total_iterations) == ("max_iterations", 3)


def test_an_error_may_be_returned():
    found = tried("counting", workflow=failing(2), on_error="return")
    assert (found.reason, found.total_iterations, found.converged) == ("error", 2, False)
    assert "too far" in found.reason_detail
    assert len(found.errors) == 1
    with pytest.raises(CycleConfigurationError, match="on_error"):
        tried("counting", on_error="ignore")


# Iteration by iteration


def test_each_iteration_is_made_when_it_is_asked_for():
    made = []

    async def main():
        dag = counting().replace_node("count", lambda value=0: made.append(value) or value + 1)
        seen = []
        iterations = CyclicWorkflowExecutor(dag).execute_with_monitoring("counting")
        async for each in iterations:
            seen.append((each.iteration, each.outputs, each.metrics, each.converged, each.reason, len(made)))
            await asyncio.sleep(0)
        return seen, iterations.result

    seen, found = asyncio.run(main())
    assert seen == [
        (0, {"count": 1}, {"count": 1}, False, None, 1),
        (1, {"count": 2}, {"count": 2}, False, None, 2),
        (2, {"count": 3}, {"count": 3}, False, "max_iterations", 3),
    ]
    assert (found.value, found.total_iterations) == (30, 3)


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_pulls_may_come_from_several_tasks(mode):
    async def main():
        dag = counting()

        @dag.node
        async def alongside():
            await asyncio.sleep(0)
            return 1

        iterations = CyclicWorkflowExecutor(dag).execute_with_monitoring("counting", mode=mode)
        found = [await asyncio.create_task(iterations.__anext__()) for _ in range(3)]
        with pytest.raises(StopAsyncIteration):
            await iterations.__anext__()
        return [each.iteration for each in found], iterations.result.node_outputs["alongside"]

    assert asyncio.run(main()) == ([0, 1, 2], 1)


@pytest.mark.parametrize("end", ["aclose", "result", "async with", "gone"])
def test_a_cycle_nobody_asks_for_any_more_is_ended(end):

    async def main():
        dag = counting()
        executor = CyclicWorkflowExecutor(dag)
        iterations = executor.execute_with_monitoring("counting")
        if end == "async with":
            async with iterations:
                await iterations.__anext__()
            found = iterations.result
        else:
            async for _ in iterations:
                break
            if end == "gone":
                del iterations
                gc.collect()
                return dag.context.metadata["cycles"]["counting"], executor, dag
            found = await iterations.aclose() if end == "aclose" else iterations.result
            assert iterations.result == found
            assert await anext(iterations, "over") == "over"
        return found, executor, dag

    found, executor, dag = asyncio.run(main())
    assert (found.reason, found.total_iterations, found.outputs) == ("cancelled", 1, {"count": 1})
    assert "after" not in dag.context.results
    assert executor.cancel() is None


def test_trio_is_a_loop_as_well():
    async def main():
        executor = CyclicWorkflowExecutor(counting())
        iterations = executor.execute_with_monitoring("counting")
        return [each.outputs["count"] async for each in iterations], await executor.execute_cycle()

    made, found = trio.run(main)
    assert (made, found.value) == ([1, 2, 3], 30)


def test_giving_up_to_wait_for_an_iteration_ends_the_cycle():
    async def count(value=0):
        if value == 1:
            await asyncio.sleep(30)
        return value + 1

    async def main():
        dag = counting().replace_node("count", count)
        iterations = CyclicWorkflowExecutor(dag).execute_with_monitoring("counting")
        await iterations.__anext__()
        with pytest.raises(builtins.TimeoutError):
            await asyncio.wait_for(iterations.__anext__(), 0.02)
        return iterations.result

    found = asyncio.run(main())
    assert (found.reason, found.total_iterations) == ("cancelled", 1)


def test_one_that_has_not_begun_is_cancelled():
    async def main():
        return CyclicWorkflowExecutor(counting()).execute_with_monitoring("counting").result

    found = asyncio.run(main())
    assert (found.reason, found.total_iterations) == ("cancelled", 0)


def test_an_error_ends_the_iterations():
    async def main(on_error):
        seen = []
        executor = CyclicWorkflowExecutor(failing(1))
        iterations = executor.execute_with_monitoring("counting", on_error=on_error)
        try:
            seen.extend([each.iteration async for each in iterations])
        except CycleExecutionError:
            seen.append("error")
        return seen, iterations.result.reason

    assert asyncio.run(main("raise")) == (["error"], "error")
    assert asyncio.run(main("return")) == ([0], "error")


def test_a_timeout_holds_across_pulls():
    async def main():
        dag = counting(max_iterations=99, timeout=0.15)
        executor, seen = CyclicWorkflowExecutor(dag), 0
        iterations = executor.execute_with_monitoring("counting")
        async for _ in iterations:
            seen += 1
            await asyncio.sleep(0.05)
        return seen, iterations.result

    seen, found = asyncio.run(main())
    assert found.reason == "timeout"
    assert seen <= 5


# Cancel


def test_cancel_from_another_task_gives_the_result_and_runs_nothing_behind():
    async def main():
        begun = asyncio.Event()
        dag = counting(max_iterations=99)

        @dag.node
        async def count_slowly(value=0):
            if value == 2:
                begun.set()
                await asyncio.sleep(30)
            return value + 1

        dag.feedback("count_slowly", "count_slowly", cycle="slow")
        dag.drawing.cycles.configs["slow"] = CycleConfig(max_iterations=9)
        executor = CyclicWorkflowExecutor(dag)
        running = asyncio.create_task(executor.execute_cycle("slow", run_id="r"))
        await begun.wait()
        told = executor.cancel("r")
        assert await told is told
        return told, await running

    told, found = asyncio.run(main())
    assert (found.reason, found.total_iterations) == ("cancelled", 2)
    assert (told.reason, told.total_iterations) == ("cancelled", 2)


def test_cancel_from_another_thread_ends_a_sync_call():
    begun, executor = threading.Event(), CyclicWorkflowExecutor()
    dag = counting(max_iterations=1_000_000)
    dag.replace_node("count", lambda value=0: begun.set() or value + 1)

    def work():
        begun.wait(5)
        executor.cancel()

    thread = threading.Thread(target=work)
    thread.start()
    found = executor.execute_cycle_sync("counting", workflow=dag)
    thread.join(5)
    assert found.reason == "cancelled"
    assert found.total_iterations >= 1


def test_cancelling_what_is_not_under_way_is_an_error():
    executor = CyclicWorkflowExecutor(counting())
    executor.execute_cycle_sync("counting", run_id="r")
    with pytest.raises(ExecutionError, match="no run 'r' is under way"):
        executor.cancel("r")


def test_another_cancel_ends_the_run_with_an_error():
    dag = counting()

    def count(context, value=0):
        context.cancel("enough")
        return value + 1

    dag.replace_node("count", count)
    with pytest.raises(RunCancelledError) as caught:
        tried("counting", workflow=dag)
    assert caught.value.result.reason == "cancelled"


def test_what_has_no_cycles_is_no_workflow():
    with pytest.raises(CycleConfigurationError, match="a DAG or a WorkflowBuilder, got int"):
        CyclicWorkflowExecutor(3).execute_cycle_sync()
