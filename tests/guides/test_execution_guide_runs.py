"""Blocks 6 to 17 of the execution guide, as it spells them: runs, results, context, data flow."""

import asyncio
import time

from fast_dag import Context

# 6: basic execution


def test_a_run_takes_inputs_a_context_or_all_together(dag):
    @dag.node
    def report(context, data=None, config=None):
        return (data, config, context.metadata.get("user_id"))

    my_data, my_config = [1, 2], {"deep": True}

    # Simple run
    result = dag.run()
    assert result == (None, None, None)

    # With initial inputs
    result = dag.run(inputs={"data": my_data, "config": my_config})
    assert result == (my_data, my_config, None)

    # With context
    context = Context(metadata={"user_id": "123"})
    result = dag.run(context=context)
    assert result == (None, None, "123")
    assert dag.context is context

    # All together
    result = dag.run(inputs={"data": my_data}, context=context, mode="parallel", max_workers=8)
    assert result == (my_data, None, "123")
    assert dag.context is context
    assert context.metadata["user_id"] == "123"


# 8: timeout and cancel


def test_a_timeout_of_300_s_does_not_disturb(dag, mode):
    @dag.node
    def quick():
        return "done"

    # Set timeout for entire DAG
    result = dag.run(timeout=300.0, mode=mode)  # 5 minutes

    assert result == "done"
    assert dag.context.metadata["execution_status"] == "completed"


def test_a_cancelled_task_cancels_the_node_and_raises_cancelled_error(dag, capsys):
    seen = []

    async def controlled_run():
        started = asyncio.Event()

        @dag.node
        async def slow():
            started.set()
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError as error:
                seen.append(error)
                raise

        task = asyncio.create_task(dag.run_async())

        # Cancel after the node has started; the guide waits 10 seconds
        await started.wait()
        task.cancel()

        try:
            await task
        except asyncio.CancelledError:
            print("DAG execution cancelled")

    asyncio.run(controlled_run())
    assert capsys.readouterr().out == "DAG execution cancelled\n"
    assert len(seen) == 1
    assert dag.context.metadata["execution_status"] == "cancelled"


# 9: results


def test_results_and_status_can_be_read_after_a_run(dag, capsys):
    @dag.node
    def load_data():
        return [1, 2, 3]

    @dag.node
    def process_data(data):
        return sum(data)

    load_data >> process_data

    # Get final result
    result = dag.run()
    print(result)  # Result from last node

    # Access specific node results
    assert dag["load_data"] == [1, 2, 3]  # Result from load_data node
    assert dag.get_result("process_data") == 6  # Alternative syntax

    # Get all results
    all_results = dag.context.results
    for node_name, result in all_results.items():
        print(f"{node_name}: {result}")

    # Check execution status
    if dag.context.metadata.get("execution_status") == "completed":
        print("Success!")

    lines = ["6", "load_data: [1, 2, 3]", "process_data: 6", "Success!"]
    assert capsys.readouterr().out.splitlines() == lines


# 13: context


def test_a_node_reads_and_writes_the_context_it_is_given(dag, mode):
    # Create context with initial data
    context = Context(
        metadata={"request_id": "req-123", "user_id": "user-456", "start_time": time.time()},
    )
    seen = []

    # Nodes can access and modify context
    @dag.node
    def process_with_context(data: dict, context: Context) -> dict:
        # Read from context
        user_id = context.metadata["user_id"]

        # Write to context
        context.metadata["processing_time"] = time.time()

        # Access other node results
        previous = context.get("previous_node", default={})

        seen.append((context, previous))
        return {"processed": data, "user": user_id}

    result = dag.run(data={"a": 1}, context=context, mode=mode)
    assert result == {"processed": {"a": 1}, "user": "user-456"}
    assert context.metadata["processing_time"] >= context.metadata["start_time"]

    @dag.node
    def previous_node():
        return {"data": 7}

    previous_node >> process_with_context
    dag.run(context=context, mode=mode)
    assert seen == [(context, {}), (context, {"data": 7})]
    assert dag.context is seen[0][0] is context


# 14: forward flow


def test_data_flows_forward(dag, mode):
    @dag.node
    def step1() -> dict:
        return {"value": 100}

    @dag.node
    def step2(data: dict) -> dict:
        return {"doubled": data["value"] * 2}

    @dag.node
    def step3(data: dict) -> str:
        return f"Final: {data['doubled']}"

    # Connect in sequence
    dag.nodes["step1"] >> dag.nodes["step2"] >> dag.nodes["step3"]

    assert dag.run(mode=mode) == "Final: 200"


# 15: branching


def branch(dag):
    @dag.node
    def source() -> dict:
        return {"data": [1, 2, 3, 4, 5]}

    @dag.node
    def process_evens(data: dict) -> list:
        return [x for x in data["data"] if x % 2 == 0]

    @dag.node
    def process_odds(data: dict) -> list:
        return [x for x in data["data"] if x % 2 != 0]

    # Data branches to both processors
    source_node = dag.nodes["source"]
    source_node >> dag.nodes["process_evens"]
    source_node >> dag.nodes["process_odds"]


def test_data_branches_to_both_processors(dag, mode):
    branch(dag)
    assert dag.run(mode=mode) == [1, 3, 5]
    assert dag["process_evens"] == [2, 4]
    assert dag["process_odds"] == [1, 3, 5]


# 16: merging


def test_branches_are_merged_by_name(dag, mode):
    branch(dag)

    @dag.all()
    def merge_results(evens: list, odds: list) -> dict:
        return {"evens": evens, "odds": odds, "total": len(evens) + len(odds)}

    # Connect both branches to merger
    dag.connect("process_evens", "merge_results", input="evens")
    dag.connect("process_odds", "merge_results", input="odds")

    assert dag.run(mode=mode) == {"evens": [2, 4], "odds": [1, 3, 5], "total": 5}


# 17: context practices


def test_the_audit_trail_has_one_entry_after_one_run(dag):
    # Good: Use context for cross-cutting concerns
    @dag.node
    def audit_log(data: dict, context: Context) -> dict:
        context.metadata["audit_trail"] = context.metadata.get("audit_trail", [])
        context.metadata["audit_trail"].append(
            {"node": "audit_log", "timestamp": time.time(), "data_size": len(str(data))}
        )
        return data

    for _ in range(2):  # the second run knows nothing of the first
        assert dag.run(data={"a": 1}) == {"a": 1}
        [entry] = dag.context.metadata["audit_trail"]
        assert (entry["node"], entry["data_size"]) == ("audit_log", 8)


def test_a_node_may_write_into_the_results_by_hand(dag):
    def process(data):
        return data * 2

    @dag.node
    def previous_node():
        return 4

    # Bad: Use context for primary data flow
    @dag.node
    def bad_pattern(context: Context) -> None:
        # Don't do this - use proper connections
        data = context.results["previous_node"]
        processed = process(data)
        context.results["current_node"] = processed

    dag.run()
    assert dag.results == {"previous_node": 4, "bad_pattern": None, "current_node": 8}
