"""The blocks of the execution guide in its order, each with its spelling of every call."""

import asyncio
import concurrent.futures
import cProfile
import gc
import json
import logging
import os
import pstats
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from fast_dag import (
    DAG,
    FSM,
    Context,
    ExecutionError,
    FSMContext,
    MaxIterationsError,
    RunCancelledError,
    TimeoutError,
)
from tests.conformance.modes import Meeting, comes_true
from tests.guides.stubs import (
    Api,
    Chunk,
    CircuitBreaker,
    CircuitBreakerOpenError,
    Crowd,
    Large,
    MetricsCollector,
    Opened,
    ResourcePool,
    with_cleanup,
)

# The blocks that are to show what to avoid do so here as well.
# ruff: noqa: E722, PTH123, RET504

# Execution modes


def test_01_sequential_is_the_default_mode(dag):
    threads = []

    @dag.node
    def load() -> int:
        threads.append(threading.current_thread())
        return 20

    @dag.node
    def double(load: int) -> int:
        threads.append(threading.current_thread())
        return load * 2

    dag.nodes["load"] >> dag.nodes["double"]

    assert dag.run() == 40
    assert dag.run(mode="sequential") == 40
    assert threads == [threading.current_thread()] * 4


def crowded(size):
    """Twice *size* nodes that wait for *size* of them, and one that adds up what they give."""
    dag, crowd = DAG("crowded"), Crowd(size)

    def work():
        crowd.join()
        return 1

    sources = [dag.node(work, name=f"work_{index}") for index in range(2 * size)]

    @dag.all
    def total(numbers: list) -> int:
        return sum(numbers)

    sources >> total
    return dag, crowd


def test_02_parallel_mode_runs_as_many_nodes_at_once_as_it_is_told_or_as_there_are_cpus():
    dag, crowd = crowded(4)
    assert dag.run(mode="parallel", max_workers=4) == 8
    assert crowd.peak == 4

    dag, crowd = crowded(os.cpu_count())
    assert dag.run(mode="parallel") == 2 * os.cpu_count()
    assert crowd.peak == os.cpu_count()

    dag, _ = crowded(1)
    assert dag.run(mode="parallel", max_workers=4) == dag.run()


def regions_of(dag, heavy_computation):
    @dag.node
    def process_region_a(data):
        return heavy_computation(data["region_a"])

    @dag.node
    def process_region_b(data):
        return heavy_computation(data["region_b"])

    @dag.node
    def process_region_c(data):
        return heavy_computation(data["region_c"])

    @dag.all()
    def combine_regions(a: dict, b: dict, c: dict):
        return a, b, c

    return process_region_a, process_region_b, process_region_c, combine_regions


def by_input(dag):
    dag.connect("process_region_a", "combine_regions", input="a")
    dag.connect("process_region_b", "combine_regions", input="b")
    dag.connect("process_region_c", "combine_regions", input="c")


def as_a_group(dag):
    ra, rb, rc, combine = dag.nodes.values()
    [ra, rb, rc] >> combine


@pytest.mark.parametrize("connect", [by_input, as_a_group])
@pytest.mark.parametrize("fed_by", ["a run input", "a source"])
def test_03_three_regions_overlap_and_are_combined_by_name(dag, connect, fed_by):
    crowd, data = Crowd(3), {"region_a": 1, "region_b": 2, "region_c": 3}

    def heavy_computation(region):
        crowd.join()
        return {"value": region * 10}

    *regions, _ = regions_of(dag, heavy_computation)
    connect(dag)
    if fed_by == "a source":

        @dag.node
        def read():
            return data

        read >> regions
        result = dag.run(mode="parallel", max_workers=3)
    else:
        result = dag.run(mode="parallel", max_workers=3, data=data)

    assert result == ({"value": 10}, {"value": 20}, {"value": 30})


def test_04_async_nodes_run_together_each_with_its_own_input(dag):
    async def main():
        meeting = Meeting(2)

        async def answer(value):
            await meeting.join()
            return value

        def get(url):
            return Opened(SimpleNamespace(json=lambda: answer({"url": url})))

        aiohttp = SimpleNamespace(ClientSession=lambda: Opened(SimpleNamespace(get=get)))
        connection = SimpleNamespace(fetch=lambda query: answer([query]))
        database = SimpleNamespace(connect=lambda: Opened(connection))

        @dag.node
        async def fetch_api_data(url: str) -> dict:
            async with aiohttp.ClientSession() as session, session.get(url) as response:
                return await response.json()

        @dag.node
        async def fetch_db_data(query: str) -> list:
            async with database.connect() as conn:
                return await conn.fetch(query)

        return await dag.run_async(url="https://example.org", query="select 1")

    assert asyncio.run(main()) == ["select 1"]
    assert dag.results == {"fetch_api_data": {"url": "https://example.org"}, "fetch_db_data": ["select 1"]}


def test_05_sync_and_async_nodes_mix_without_blocking_the_loop(dag):
    async def main():
        loop, turned = asyncio.get_running_loop(), threading.Event()

        async def answer(posted):
            return {"id": f"id of {posted}"}

        client = SimpleNamespace(post=lambda url, json: Opened(SimpleNamespace(json=lambda: answer(json))))

        @dag.node
        def prepare_data(raw: dict) -> dict:
            loop.call_soon_threadsafe(turned.set)
            assert turned.wait(5)
            return raw["text"].strip()

        @dag.node
        async def upload_data(data: dict) -> str:
            async with client.post("/api/upload", json=data) as resp:
                return (await resp.json())["id"]

        prepare_data >> upload_data
        return await dag.run_async(raw={"text": " words "})

    assert asyncio.run(main()) == "id of words"


# Running DAGs


def test_06_a_run_takes_inputs_a_context_or_all_together(dag):
    @dag.node
    def report(context, data=None, config=None):
        return (data, config, context.metadata.get("user_id"))

    my_data, my_config = [1, 2], {"deep": True}
    assert dag.run() == (None, None, None)
    assert dag.run(inputs={"data": my_data, "config": my_config}) == (my_data, my_config, None)

    context = Context(metadata={"user_id": "123"})
    assert dag.run(context=context) == (None, None, "123")
    assert dag.context is context

    result = dag.run(inputs={"data": my_data}, context=context, mode="parallel", max_workers=8)
    assert result == (my_data, None, "123")
    assert dag.context is context
    assert context.metadata["user_id"] == "123"


def test_07_a_part_runs_alone_with_what_the_last_run_gave_to_it(dag):
    calls = []

    def node_called(name):
        """A node that gives its number among all calls and what it was given."""

        def work(**sources):
            calls.append(name)
            return (name, len(calls), *sources.values())

        return dag.node(work, name=name)

    load_data, settings = node_called("load_data"), node_called("settings")
    process_data, validate_output = node_called("process_data"), node_called("validate_output")
    save_results, report = node_called("save_results"), node_called("report")
    for source, target in (
        (load_data, process_data),
        (settings, process_data),
        (process_data, validate_output),
        (validate_output, save_results),
        (save_results, report),
    ):
        dag.connect(source, target, input=source.name)

    def called():
        names, calls[:] = sorted(calls), []
        return names

    dag.run()
    loaded, setting = dag["load_data"], dag["settings"]
    assert len(called()) == 6

    result = dag.run_from("process_data")
    assert called() == ["process_data", "report", "save_results", "validate_output"]
    assert dag["process_data"] == ("process_data", 1, loaded, setting)
    assert result == dag["report"]

    result = dag.run_until("save_results")
    assert called() == ["load_data", "process_data", "save_results", "settings", "validate_output"]
    assert result == dag["save_results"]

    setting = dag["settings"]
    result = dag.run_between("load_data", "validate_output")
    assert called() == ["load_data", "process_data", "validate_output"]
    assert dag["process_data"] == ("process_data", 2, ("load_data", 1), setting)
    assert result == dag["validate_output"]


def test_08_a_long_timeout_does_not_disturb_and_a_cancelled_task_cancels_its_nodes(mode):
    quick = DAG("quick")
    quick.node(lambda: "done", name="answer")
    assert quick.run(timeout=300.0, mode=mode) == "done"
    assert quick.context.metadata["execution_status"] == "completed"

    dag, seen = DAG("slow"), []

    async def controlled_run():
        started = asyncio.Event()

        @dag.node
        async def slow():
            started.set()
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                seen.append("by the node")
                raise

        task = asyncio.create_task(dag.run_async())
        await started.wait()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            seen.append("by the caller")

    asyncio.run(controlled_run())
    assert seen == ["by the node", "by the caller"]
    assert dag.context.metadata["execution_status"] == "cancelled"


def test_09_results_and_status_can_be_read_after_a_run(dag, capsys):
    @dag.node
    def load_data():
        return [1, 2, 3]

    @dag.node
    def process_data(data):
        return sum(data)

    load_data >> process_data

    result = dag.run()
    print(result)
    assert dag["load_data"] == [1, 2, 3]
    assert dag.get_result("process_data") == 6

    all_results = dag.context.results
    for node_name, result in all_results.items():
        print(f"{node_name}: {result}")
    if dag.context.metadata.get("execution_status") == "completed":
        print("Success!")

    printed = capsys.readouterr().out.splitlines()
    assert printed == ["6", "load_data: [1, 2, 3]", "process_data: 6", "Success!"]


# Running FSMs


@pytest.fixture
def orders():
    """An order that is worked on until the third time; its inputs have defaults."""
    fsm = FSM("orders")

    @fsm.state(initial=True)
    def pending(order_id="ORD-1", amount=1.0):
        return {"id": order_id, "amount": amount, "rounds": 0}

    @fsm.state
    def processing(order):
        return {**order, "rounds": order["rounds"] + 1}

    @fsm.state
    def processed(order):
        return order

    @fsm.state(terminal=True)
    def completed(order):
        return f"{order['id']}: {order['amount']} after {order['rounds']} rounds"

    fsm.add_transition("pending", "processing")
    fsm.add_transition("processing", "processed")
    fsm.add_conditional_transition(
        "processed",
        lambda order: "completed" if order["rounds"] == 3 else "processing",
        targets=["processing", "completed"],
    )
    return fsm


def test_10_a_machine_runs_without_inputs_with_those_of_its_first_state_or_with_a_context(orders, mode):
    fsm = orders
    result = fsm.run(mode=mode)
    assert result == "ORD-1: 1.0 after 3 rounds"

    result = fsm.run(order_id="ORD-123", amount=99.99, mode=mode)
    assert result == "ORD-123: 99.99 after 3 rounds"

    context = FSMContext()
    result = fsm.run(context=context, mode=mode)
    assert fsm.context is context
    assert context["completed"] == result


def test_11_the_way_of_a_machine_and_the_values_of_each_execution_can_be_read(orders, mode, capsys):
    fsm = orders
    result = fsm.run(max_cycles=50, mode=mode)
    assert result == "ORD-1: 1.0 after 3 rounds"

    print(fsm.state_history)
    assert fsm.state_history == ["pending", *["processing", "processed"] * 3, "completed"]
    assert [fsm[name]["rounds"] for name in ("processing", "processing.0", "processing.2")] == [3, 1, 3]

    if fsm.is_terminated:
        print(f"FSM ended in state: {fsm.current_state}")
    assert capsys.readouterr().out.splitlines()[-1] == "FSM ended in state: completed"

    with pytest.raises(MaxIterationsError, match="exceeded at 'processing'"):
        fsm.run(max_cycles=5, mode=mode)


def test_12_a_hook_is_told_of_each_move_between_states(orders, mode, capsys):
    fsm = orders
    before = fsm.run(mode=mode)

    def on_state_change(fsm, from_state, to_state, result):
        print(f"Transition: {from_state} -> {to_state}")

    fsm.add_state_hook(on_state_change)
    result = fsm.run(mode=mode)
    assert result == before
    assert capsys.readouterr().out.splitlines() == [
        f"Transition: {source} -> {target}" for source, target in pairwise(fsm.state_history)
    ]


# Context and data flow


def test_13_a_node_reads_and_writes_the_context_it_is_given(dag, mode):
    context = Context(
        metadata={"request_id": "req-123", "user_id": "user-456", "start_time": time.time()},
    )
    seen = []

    @dag.node
    def process_with_context(data: dict, context: Context) -> dict:
        user_id = context.metadata["user_id"]
        context.metadata["processing_time"] = time.time()
        previous = context.get("previous_node", default={})
        seen.append((context, previous))
        return {"processed": data, "user": user_id}

    result = dag.run(data={"a": 1}, context=context, mode=mode)
    assert result == {"processed": {"a": 1}, "user": "user-456"}
    assert context.metadata["processing_time"] >= context.metadata["start_time"]
    assert context.metadata["request_id"] == "req-123"

    @dag.node
    def previous_node():
        return {"data": 7}

    previous_node >> process_with_context
    dag.run(context=context, mode=mode)
    assert [previous for _, previous in seen] == [{}, {"data": 7}]
    assert dag.context is seen[0][0] is context


def test_14_data_flows_forward(dag, mode):
    @dag.node
    def step1() -> dict:
        return {"value": 100}

    @dag.node
    def step2(data: dict) -> dict:
        return {"doubled": data["value"] * 2}

    @dag.node
    def step3(data: dict) -> str:
        return f"Final: {data['doubled']}"

    dag.nodes["step1"] >> dag.nodes["step2"] >> dag.nodes["step3"]
    assert dag.run(mode=mode) == "Final: 200"


def branch(dag):
    @dag.node
    def source() -> dict:
        return {"data": [1, 2, 3, 4, 5]}

    @dag.node
    def process_evens(data: dict) -> list:
        return [x for x in data["data"] if x % 2 == 0]

    @dag.node
    def process_odds(data: dict) -> list:
        return [x for x in data["data"] if x % 2]

    source_node = dag.nodes["source"]
    source_node >> dag.nodes["process_evens"]
    source_node >> dag.nodes["process_odds"]


def test_15_data_branches_to_both_processors(dag, mode):
    branch(dag)
    assert dag.run(mode=mode) == [1, 3, 5]
    assert dag["process_evens"] == [2, 4]
    assert dag["process_odds"] == [1, 3, 5]


def test_16_branches_are_merged_by_name(dag, mode):
    branch(dag)

    @dag.all()
    def merge_results(evens: list, odds: list) -> dict:
        return {"evens": evens, "odds": odds, "total": len(evens) + len(odds)}

    dag.connect("process_evens", "merge_results", input="evens")
    dag.connect("process_odds", "merge_results", input="odds")
    assert dag.run(mode=mode) == {"evens": [2, 4], "odds": [1, 3, 5], "total": 5}


def test_17_a_node_keeps_a_trail_in_the_metadata_or_goes_around_its_edges(mode):
    good, bad = DAG("good"), DAG("bad")

    @good.node
    def audit_log(data: dict, context: Context) -> dict:
        context.metadata["audit_trail"] = context.metadata.get("audit_trail", [])
        entry = {"node": "audit_log", "timestamp": time.time(), "data_size": len(str(data))}
        context.metadata["audit_trail"].append(entry)
        return data

    for _ in range(2):  # the second run knows nothing of the first
        assert good.run(data={"a": 1}, mode=mode) == {"a": 1}
        [entry] = good.context.metadata["audit_trail"]
        assert (entry["node"], entry["data_size"]) == ("audit_log", 8)

    @bad.node
    def previous_node():
        return 4

    @bad.node
    def bad_pattern(context: Context) -> None:
        data = context.results["previous_node"]
        context.results["current_node"] = data * 2

    bad.run()
    assert bad.context.results == {"previous_node": 4, "bad_pattern": None, "current_node": 8}


# Error handling


def risky(retry_delay):
    """The node of block 18, all its calls, and the waits between them."""
    dag, calls, waits = DAG("risky"), [], []

    def external_api_call(data):
        calls.append(data)
        return SimpleNamespace(ok=False, status=503)

    @dag.node(
        retry=3,
        retry_delay=retry_delay,
        retry_backoff=2.0,
        timeout=30.0,
    )
    def risky_operation(data: dict) -> dict:
        response = external_api_call(data)
        if not response.ok:
            raise ValueError(f"API error: {response.status}")
        return response.json()

    dag.add_observer(lambda event: waits.append(event.retry_in) if event.kind == "node_failed" else None)
    return dag, calls, waits


def test_18_after_3_attempts_and_growing_waits_the_handler_gives_the_result(mode, capsys):
    def handle_error(node, inputs, error):
        print(f"Error in {node.name}: {error}")
        return {"error": str(error), "default": True}

    dag, calls, waits = risky(retry_delay=0.001)  # the guide waits a thousand times as long
    dag.set_node_error_handler("risky_operation", handle_error)
    assert dag.run(data={"a": 1}, mode=mode) == {"error": "API error: 503", "default": True}
    assert calls == [{"a": 1}] * 3
    assert waits == [0.001, 0.002, None]
    assert capsys.readouterr().out == "Error in risky_operation: API error: 503\n"

    dag, calls, waits = risky(retry_delay=1.0)
    context = Context()
    dag.add_observer(lambda event: context.cancel("seen enough") if waits else None)
    with pytest.raises(RunCancelledError):
        dag.run(data={}, context=context, mode=mode)
    assert (calls, waits) == ([{}], [1.0])


class CriticalError(Exception):
    pass


def failing(error):
    """A node that raises *error*, one that needs it, and one that does not."""
    dag = DAG("failing")

    @dag.node
    def broken():
        raise error

    @dag.node
    def dependant(broken):
        return "never"

    @dag.node
    def independent():
        return "fine"

    broken >> dependant
    return dag


def test_19_a_strategy_or_a_handler_says_what_a_failure_ends(mode, caplog):
    logger, original = logging.getLogger("guide"), OSError("gone")

    def dag_error_handler(node_name: str, error: Exception, context: Context):
        logger.error("DAG error in %s: %s", node_name, error)
        entry = {"node": node_name, "error": error, "timestamp": time.time()}
        context.metadata.setdefault("errors", []).append(entry)
        if isinstance(error, CriticalError):
            return "stop"
        return "continue"

    dag = failing(original)
    assert dag.run(error_strategy="continue", mode=mode) == "fine"
    assert dag.context.metadata["execution_status"] == "completed_with_errors"

    with pytest.raises(OSError, match="gone") as caught:
        dag.run(error_strategy="fail_fast", mode=mode)
    assert isinstance(caught.value, ExecutionError)
    assert caught.value.node_name == "broken"

    assert dag.run(error_handler=dag_error_handler, mode=mode) == "fine"
    [entry] = dag.context.metadata["errors"]
    assert entry["node"] == "broken"
    assert entry["error"] is original
    assert caplog.messages == ["DAG error in broken: gone"]

    dag = failing(CriticalError("fire"))
    with pytest.raises(CriticalError, match="fire"):
        dag.run(error_handler=dag_error_handler, mode=mode)
    assert dag.context.metadata["execution_status"] == "failed"
    assert [entry["node"] for entry in dag.context.metadata["errors"]] == ["broken"]


def checkpointed():
    dag = DAG("checkpointed")

    @dag.node
    def before() -> dict:
        return {"rows": {1, 2}}  # a set: nothing JSON can hold

    @dag.node
    def checkpoint_save(data: dict, context: Context) -> dict:
        checkpoint_file = f"checkpoint_{context.metadata['run_id']}.json"
        with open(checkpoint_file, "w") as f:
            json.dump({"data": data, "context": context.to_dict()}, f)
        return data

    return dag


def test_20_a_node_saves_the_state_of_its_run_and_a_circuit_breaker_opens(mode, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dag = checkpointed()
    assert dag.run(data={"a": 1}, mode=mode) == {"a": 1}
    run_id = dag.context.metadata["run_id"]
    saved = json.loads(Path(f"checkpoint_{run_id}.json").read_text())
    assert saved["data"] == {"a": 1}
    assert saved["context"]["metadata"]["run_id"] == run_id

    dag, calls = DAG("protected"), []

    def process(data):
        calls.append(data)
        raise OSError("gone")

    external_api = SimpleNamespace(process=process)

    @dag.node
    @CircuitBreaker(failure_threshold=3, timeout=300)
    def protected_api_call(data: dict) -> dict:
        return external_api.process(data)

    assert protected_api_call.name == "protected_api_call"
    assert list(protected_api_call.inputs) == ["data"]
    for _ in range(3):
        with pytest.raises(OSError, match="gone"):
            dag.run(data={"a": 1}, mode=mode)
    with pytest.raises(CircuitBreakerOpenError) as caught:
        dag.run(data={"a": 1}, mode=mode)
    assert isinstance(caught.value, ExecutionError)
    assert calls == [{"a": 1}] * 3


# Performance


def test_21_a_cached_node_is_not_called_again_for_what_its_key_holds(dag, mode):
    calls = []

    @dag.cached_node(ttl=3600)
    def expensive_computation(data: dict) -> dict:
        calls.append("expensive")
        return {"sum": sum(data.values())}

    @dag.cached_node(
        ttl=1800,
        cache_key=["user_id", "data_version"],
    )
    def user_specific_calc(user_id: str, data_version: int, data: dict) -> dict:
        calls.append("specific")
        return {"of": user_id, "version": data_version, **data}

    @dag.node
    @lru_cache(maxsize=100)
    def cached_transform(data_tuple: tuple) -> dict:
        calls.append("transform")
        return dict(data_tuple)

    assert cached_transform.name == "cached_transform"
    assert list(cached_transform.inputs) == ["data_tuple"]

    def run(**changes):
        inputs = {"data": {"a": 1}, "user_id": "ann", "data_version": 1, "data_tuple": (("b", 2),)}
        dag.run(inputs | changes, mode=mode)
        called, calls[:] = sorted(calls), []
        return called

    assert run() == ["expensive", "specific", "transform"]
    assert run() == []
    assert dag.results == {
        "expensive_computation": {"sum": 1},
        "user_specific_calc": {"of": "ann", "version": 1, "a": 1},
        "cached_transform": {"b": 2},
    }
    assert dag.context.metrics["cache_hits"] == {"expensive_computation": 1, "user_specific_calc": 1}

    assert run(data={"a": 5}) == ["expensive"]
    assert dag["user_specific_calc"]["a"] == 1
    assert run(data_version=2) == ["specific"]
    assert run(user_id="bob") == ["specific"]
    assert run(data_tuple=()) == ["transform"]


def test_22_a_function_is_passed_as_a_value_and_called_only_if_needed(dag, mode):
    loads = []

    def load_large_dataset(path):
        loads.append(path)
        return f"rows of {path}"

    @dag.node
    def lazy_data_loader(config: dict) -> Callable:
        return lambda: load_large_dataset(config["path"])

    @dag.node
    def process_if_needed(data_loader: Callable, should_process: bool) -> dict:
        if should_process:
            return {"processed": data_loader()}
        return {"skipped": True}

    lazy_data_loader >> process_if_needed
    config = {"path": "big.csv"}
    assert dag.run(config=config, should_process=False, mode=mode) == {"skipped": True}
    assert loads == []
    assert dag.run(config=config, should_process=True, mode=mode) == {"processed": "rows of big.csv"}
    assert loads == ["big.csv"]


def streaming(events):
    """The two nodes of block 23 that share a stream, and tell *events* what they do."""
    dag = DAG("streaming")

    @dag.node
    def stream_processor(file_path: str) -> Iterator[dict]:
        with open(file_path) as f:
            for line in f:
                events.append("made")
                yield Chunk([int(word) for word in line.split()])

    @dag.node
    def aggregate_streams(chunks: Iterator[dict]) -> dict:
        total = count = 0
        for chunk in chunks:
            events.append("read")
            total += chunk["sum"]
            count += chunk["count"]
        return {"average": total / count}

    stream_processor >> aggregate_streams
    return dag


def freeing():
    """The node of block 23 that deletes a large result, and one that sees whether that is still there."""
    dag, large = DAG("freeing"), []

    @dag.node
    def large_intermediate():
        made = Large()
        large.append(weakref.ref(made))
        return made

    @dag.node
    def memory_intensive_op(data: dict, context: Context) -> dict:
        result = {"of": type(data).__name__}
        if "large_intermediate" in context.results:
            del context.results["large_intermediate"]
        return result

    @dag.node
    def is_collected(memory_intensive_op, context: Context) -> bool:
        assert "large_intermediate" not in context.results
        return comes_true(lambda: gc.collect() >= 0 and large[0]() is None, within=2)

    large_intermediate >> memory_intensive_op >> is_collected
    return dag


def test_23_a_stream_is_read_lazily_and_a_deleted_result_is_freed_during_the_run(mode, tmp_path):
    path, events = tmp_path / "numbers.txt", []
    path.write_text("1 2 3\n" * 20)
    Chunk.alive = Chunk.peak = 0
    assert streaming(events).run(file_path=str(path), mode=mode) == {"average": 2.0}
    assert events == ["made", "read"] * 20
    assert Chunk.peak <= 2
    assert Chunk.alive == 0

    dag = freeing()
    assert dag.run(mode=mode) is True
    assert dag.results == {"memory_intensive_op": {"of": "Large"}, "is_collected": True}
    with pytest.raises(KeyError, match="large_intermediate"):
        dag["large_intermediate"]


def test_24_a_node_may_have_threads_of_its_own_and_gives_back_what_it_took_from_a_pool(mode):
    batches, pooled, made = DAG("batches"), DAG("pooled"), []

    @batches.node
    def batch_processor(items: list, batch_size: int = 100) -> list:
        results = []
        for i in range(0, len(items), batch_size):
            batch = items[i : i + batch_size]
            with concurrent.futures.ThreadPoolExecutor(max_workers=4) as executor:
                results.extend(executor.map(str, batch))
        return results

    assert batches.run(items=list(range(250)), mode=mode) == [*map(str, range(250))]
    assert batches.run(items=[3, 1, 2], batch_size=2, mode=mode) == ["3", "1", "2"]

    def create_db_connection():
        made.append(SimpleNamespace(execute=[["row"]].__getitem__))
        return made[-1]

    db_pool = ResourcePool(create_db_connection, max_size=5)

    @pooled.node
    def db_operation(query: str) -> list:
        conn = db_pool.acquire()
        try:
            return conn.execute(query)
        finally:
            db_pool.release(conn)

    assert pooled.run(query=0, mode=mode) == ["row"]
    with pytest.raises(IndexError):
        pooled.run(query=1, mode=mode)
    assert pooled.run(query=0, mode=mode) == ["row"]
    assert len(made) == 1
    assert db_pool.idle.get_nowait() is made[0]


# Monitoring and metrics


def test_25_the_times_of_a_run_are_positive_and_its_memory_is_there_if_tracked(dag, mode, capsys):
    @dag.node
    def load():
        return sum(range(1000))

    @dag.node
    def double(load):
        return load * 2

    def report():
        metrics = dag.context.metrics
        print(f"Total time: {metrics['execution_time']:.2f}s")
        print(f"Node times: {metrics['node_times']}")
        if "memory_usage" in metrics:
            print(f"Peak memory: {metrics['memory_usage']['peak_mb']:.2f} MB")
        return capsys.readouterr().out.splitlines()

    load >> double
    assert dag.run(mode=mode) == 999_000
    metrics = dag.context.metrics
    assert set(metrics["node_times"]) == {"load", "double"}
    times = [metrics["execution_time"], *metrics["node_times"].values()]
    assert all(isinstance(seconds, float) and seconds > 0 for seconds in times)
    assert sum(metrics["node_times"].values()) <= metrics["execution_time"]
    assert "memory_usage" not in metrics
    assert len(report()) == 2

    dag.run(mode=mode, track_memory=True)
    memory = dag.context.metrics["memory_usage"]
    assert set(memory) == {"start_mb", "peak_mb"}
    assert 0 < memory["start_mb"] <= memory["peak_mb"]
    assert report()[2] == f"Peak memory: {memory['peak_mb']:.2f} MB"


def test_26_a_collector_in_the_closure_has_3_records_per_run(dag, mode):
    collector = MetricsCollector()

    @dag.node
    def monitored_process(data: dict) -> dict:
        start_time = time.time()
        result = {key: value * 2 for key, value in data.items() if value}
        collector.record("processing_time", time.time() - start_time)
        collector.record("data_size", len(data), {"type": "input"})
        collector.record("result_size", len(result), {"type": "output"})
        return result

    for runs in (1, 2):
        assert dag.run(data={"a": 0, "b": 1}, mode=mode) == {"b": 2}
        assert [len(records) for records in collector.metrics.values()] == [runs] * 3
    assert collector.get_summary("data_size") == {"count": 2, "mean": 2, "max": 2}
    assert [entry["tags"] for entry in collector.metrics["result_size"]] == [{"type": "output"}] * 2


def test_27_progress_is_called_back_by_the_engine_and_by_a_node_before_and_after_it_is_set(dag, mode):
    told = []

    def progress_callback(node_name: str, status: str, progress: float):
        told.append(f"[{progress * 100:.1f}%] {node_name}: {status}")

    @dag.node
    def long_process(items: list, context: Context) -> list:
        results, total = [], len(items)
        for i, item in enumerate(items):
            progress = i / total
            context.metadata["progress"] = {"node": "long_process", "percent": progress}
            results.append(item * 2)
            if hasattr(dag, "progress_callback"):
                dag.progress_callback("long_process", f"Processing item {i + 1}/{total}", progress)
        return results

    assert dag.run(items=[1, 2], mode=mode) == [2, 4]
    assert told == []

    dag.progress_callback = progress_callback
    assert dag.run(items=[1, 2], mode=mode) == [2, 4]
    assert told == [
        "[0.0%] long_process: started",
        "[0.0%] long_process: Processing item 1/2",
        "[50.0%] long_process: Processing item 2/2",
        "[100.0%] long_process: completed",
    ]
    assert dag.context.metadata["progress"] == {"node": "long_process", "percent": 0.5}


# Node lifecycle


def test_28_hooks_of_a_node_run_inside_those_for_all_nodes(dag, mode):
    lines = []

    def pre_execute_hook(node, inputs, context):
        lines.append(f"Starting {node.name} with inputs: {list(inputs.keys())}")
        return inputs | {"data": inputs["data"] + 1}

    def post_execute_hook(node, inputs, result, context):
        lines.append(f"Completed {node.name}, result type: {type(result)}")
        return result * 10

    def cleanup_hook(node, context):
        lines.append(f"Cleaning up {node.name}")

    @dag.node
    def load(start: int) -> int:
        return start

    @dag.node
    def process_data(data: int) -> int:
        lines.append(f"called with {data}")
        return data

    load >> process_data
    dag.set_node_hooks(
        "process_data",
        pre_execute=pre_execute_hook,
        post_execute=post_execute_hook,
        cleanup=cleanup_hook,
    )
    dag.set_default_hooks(
        pre_execute=lambda n, i, c: lines.append(f"Executing {n.name}"),
        post_execute=lambda n, i, r, c: lines.append(f"Executed {n.name}: {r}") or r,
        cleanup=lambda n, c: lines.append(f"Left {n.name}"),
    )
    assert dag.run(start=1, mode=mode) == 20
    assert lines == [
        "Executing load",
        "Executed load: 1",
        "Left load",
        "Executing process_data",
        "Starting process_data with inputs: ['data']",
        "called with 2",
        "Completed process_data, result type: <class 'int'>",
        "Executed process_data: 20",
        "Cleaning up process_data",
        "Left process_data",
    ]


def test_29_a_resource_is_entered_and_left_once_and_a_wrapper_cleans_up_once(mode):
    managed, cleaning, seen = DAG("managed"), DAG("cleaning"), []

    class ManagedResource:
        def __init__(self, node_name):
            self.node_name = node_name

        def __enter__(self):
            seen.append(f"Acquiring resource for {self.node_name}")
            return SimpleNamespace(process=lambda data: data | {"processed": True})

        def __exit__(self, exc_type, exc_val, exc_tb):
            seen.append(f"Releasing resource for {self.node_name}")

    @managed.node
    def managed_operation(data: dict) -> dict:
        with ManagedResource("managed_operation") as resource:
            return resource.process(data)

    assert managed.run(data={"a": 1}, mode=mode) == {"a": 1, "processed": True}
    assert seen == [f"{done} resource for managed_operation" for done in ("Acquiring", "Releasing")]

    @cleaning.node
    @with_cleanup(lambda: seen.append("Cleaning up temp files"))
    def temp_file_processor(data: dict) -> dict:
        return {"first": data["first"]}

    assert temp_file_processor.name == "temp_file_processor"
    assert list(temp_file_processor.inputs) == ["data"]
    seen.clear()
    assert cleaning.run(data={"first": 1}, mode=mode) == {"first": 1}
    assert seen == ["Cleaning up temp files"]
    with pytest.raises(KeyError) as caught:
        cleaning.run(data={}, mode=mode)
    assert isinstance(caught.value, ExecutionError)
    assert seen == ["Cleaning up temp files"] * 2


# Best practices


def test_30_independent_requests_take_a_third_of_the_time_in_async_mode(dag):
    api = Api(seconds=0.02)

    @dag.node
    async def fetch_user(user_id: str) -> dict:
        return await api.get_user(user_id)

    @dag.node
    async def fetch_orders(user_id: str) -> list:
        return await api.get_orders(user_id)

    @dag.node
    async def fetch_preferences(user_id: str) -> dict:
        return await api.get_preferences(user_id)

    async def main():
        return await dag.run_async(user_id="u1")

    def ratio():
        """The time that async mode takes over that of sequential mode."""
        together = asyncio.run(main()), dag.results, dag.context.metrics["execution_time"]
        apart = dag.run(mode="sequential", user_id="u1"), dag.results, dag.context.metrics["execution_time"]
        assert together[:2] == apart[:2]
        return together[2] / apart[2]

    assert any(0.25 < ratio() < 0.5 for _ in range(5))
    assert dag.results == {
        "fetch_user": {"id": "u1"},
        "fetch_orders": ["order of u1"],
        "fetch_preferences": {"theme": "that of u1"},
    }


class PrimarySourceError(Exception):
    pass


def with_fallback(fetch_from_primary, fetch_from_secondary):
    dag = DAG("with a fallback")

    @dag.node(retry=2, retry_delay=1.0)
    def fetch_primary_data(source: str) -> dict:
        try:
            return fetch_from_primary(source)
        except PrimarySourceError:
            return fetch_from_secondary(source)

    return dag


def bad_fetch_of(fetch_data, **settings):
    dag = DAG("bad")

    @dag.node(**settings)
    def bad_fetch(source: str) -> dict:
        try:
            return fetch_data(source)
        except:
            return {}

    return dag


def bad_async_fetch_of(fetch_data, **settings):
    dag = DAG("bad")

    @dag.node(**settings)
    async def bad_fetch(source: str) -> dict:
        try:
            return await fetch_data(source)
        except:
            return {}

    return dag


def test_31_a_fallback_is_no_retry_and_a_bare_except_hides_only_what_the_node_raises(mode, gate):
    def fetch_from_primary(source):
        raise PrimarySourceError(source)

    dag = with_fallback(fetch_from_primary, lambda source: {"from": f"second {source}"})
    assert dag.run(source="shop", mode=mode) == {"from": "second shop"}
    assert dag.context.metrics["attempts"] == {"fetch_primary_data": 1}

    dag = bad_fetch_of(fetch_from_primary)
    assert dag.run(source="shop", mode=mode) == {}
    assert dag.context.metadata["execution_status"] == "completed"

    def wait(source):
        gate.wait(10)

    async def wait_async(source):
        await asyncio.sleep(10)

    for bad, fetch in ((bad_fetch_of, wait), (bad_async_fetch_of, wait_async)):
        dag = bad(fetch)
        with pytest.raises(TimeoutError):
            dag.run(source="shop", mode=mode, timeout=0.03)
        assert dag.context.metadata["execution_status"] == "timed_out"
        assert dag.results == {}

        dag = bad(fetch, timeout=0.03)
        with pytest.raises(TimeoutError) as caught:
            dag.run(source="shop", mode=mode)
        assert caught.value.node_name == "bad_fetch"
        assert dag.results == {}


def test_32_files_are_read_by_plain_functions(dag, mode, tmp_path):
    @dag.node
    def process_large_file(file_path: str) -> dict:
        stats = {"lines": 0, "words": 0}
        with open(file_path) as f:
            for line in f:
                stats["lines"] += 1
                stats["words"] += len(line.split())
        return stats

    @dag.node
    def bad_process_file(file_path: str) -> dict:
        with open(file_path) as f:
            content = f.read()
        return {"lines": len(content.splitlines())}

    path = tmp_path / "large.txt"
    path.write_text("one two\nthree\n")
    dag.run(file_path=str(path), mode=mode)
    assert dag["process_large_file"] == process_large_file(path) == {"lines": 2, "words": 3}
    assert dag["bad_process_file"] == bad_process_file(path) == {"lines": 2}


def test_33_a_list_in_the_context_grows_by_one_per_run_and_a_result_set_by_hand_stays(mode):
    good, bad = DAG("good"), DAG("bad")

    @good.node
    def track_processing(data: dict, context: Context) -> dict:
        start = time.time()
        result = {"processed": data}
        context.metadata["processing_times"] = context.metadata.get("processing_times", [])
        context.metadata["processing_times"].append(time.time() - start)
        return result

    context = Context()
    for runs in (1, 2, 3):
        assert good.run(data={"a": 1}, context=context, mode=mode) == {"processed": {"a": 1}}
        assert len(context.metadata["processing_times"]) == runs

    @bad.node
    def previous():
        return 1

    @bad.node
    def bad_data_passing(context: Context) -> None:
        data = context.results["previous"]
        context.results["current"] = {"processed": data}

    bad.run()
    assert bad["bad_data_passing"] is None
    assert bad.context.results["current"] == {"processed": 1}


PROFILING_ENABLED = True


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_34_a_node_may_profile_itself_also_if_it_fails(dag, mode, capsys):
    def expensive_algorithm(data):
        return data["rows"]

    @dag.node
    def critical_operation(data: dict) -> dict:
        if PROFILING_ENABLED:
            profiler = cProfile.Profile()
            profiler.enable()
        try:
            result = expensive_algorithm(data)
            return result
        finally:
            if PROFILING_ENABLED:
                profiler.disable()
                stats = pstats.Stats(profiler)
                stats.sort_stats("cumulative")
                stats.print_stats(10)

    assert dag.run(data={"rows": 3}, mode=mode) == 3
    assert "expensive_algorithm" in capsys.readouterr().out
    with pytest.raises(KeyError):
        dag.run(data={}, mode=mode)
    assert "expensive_algorithm" in capsys.readouterr().out
