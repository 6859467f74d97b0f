"""Blocks 30 to 34 of the execution guide, as it spells them: best practices, and what to avoid."""

# The code of the nodes is the guide's own, bad examples included.
# ruff: noqa: E722, PTH123, RET504

import asyncio
import cProfile
import pstats
import threading
import time
from types import SimpleNamespace

import pytest

from fast_dag import Context
from fast_dag import TimeoutError as OurTimeoutError

# 30: fitting mode


@pytest.fixture
def user(dag):
    """Fills the DAG with the three requests of the guide; each takes 20 ms."""

    async def get_user(user_id):
        await asyncio.sleep(0.02)
        return {"id": user_id}

    async def get_orders(user_id):
        await asyncio.sleep(0.02)
        return [f"order of {user_id}"]

    async def get_preferences(user_id):
        await asyncio.sleep(0.02)
        return {"theme": f"that of {user_id}"}

    api = SimpleNamespace(get_user=get_user, get_orders=get_orders, get_preferences=get_preferences)

    # Good: Parallel for independent I/O
    @dag.node
    async def fetch_user(user_id: str) -> dict:
        return await api.get_user(user_id)

    @dag.node
    async def fetch_orders(user_id: str) -> list:
        return await api.get_orders(user_id)

    @dag.node
    async def fetch_preferences(user_id: str) -> dict:
        return await api.get_preferences(user_id)

    return "u1"


def run_async(dag, user_id):
    async def main():
        # Run async for I/O operations
        return await dag.run_async(user_id=user_id)

    return asyncio.run(main())


def run_in_sequence(dag, user_id):
    # Bad: Sequential for independent operations
    # This would be 3x slower!
    return dag.run(mode="sequential", user_id=user_id)


@pytest.mark.parametrize("run", [run_async, run_in_sequence])
def test_one_user_id_feeds_all_three_requests(dag, user, run):
    assert run(dag, user) == {"theme": "that of u1"}
    assert dag.results == {
        "fetch_user": {"id": "u1"},
        "fetch_orders": ["order of u1"],
        "fetch_preferences": {"theme": "that of u1"},
    }


def test_async_takes_about_a_third_of_the_time(dag, user):
    def seconds(run):
        run(dag, user)
        return dag.context.metrics["execution_time"]

    assert any(seconds(run_async) < seconds(run_in_sequence) / 2 for _ in range(5))


# 31: fallbacks


class PrimarySourceError(Exception):
    pass


def test_the_fallback_is_the_value_of_the_first_attempt(dag, mode):
    def fetch_from_primary(source):
        raise PrimarySourceError(source)

    def fetch_from_secondary(source):
        return {"from": f"second {source}"}

    # Good: Specific error handling with fallbacks
    @dag.node(retry=2, retry_delay=1.0)
    def fetch_primary_data(source: str) -> dict:
        try:
            return fetch_from_primary(source)
        except PrimarySourceError:
            # Fallback to secondary
            return fetch_from_secondary(source)

    assert dag.run(source="shop", mode=mode) == {"from": "second shop"}
    assert dag.context.metrics["attempts"] == {"fetch_primary_data": 1}


def test_a_bare_except_hides_the_errors_of_its_node(dag, mode):
    def fetch_data(source):
        raise ConnectionError(source)

    # Bad: Catch-all with no recovery
    @dag.node
    def bad_fetch(source: str) -> dict:
        try:
            return fetch_data(source)
        except:
            return {}  # Silently fails

    assert dag.run(source="shop", mode=mode) == {}
    assert dag.context.metadata["execution_status"] == "completed"


@pytest.fixture
def gate():
    """An event for sync nodes that are to be stuck; the end of the test sets it."""
    event = threading.Event()
    yield event
    event.set()


def bad_fetch_of(gate):
    def fetch_data(source):
        gate.wait(10)
        raise ConnectionError(source)

    def bad_fetch(source: str) -> dict:
        try:
            return fetch_data(source)
        except:
            return {}  # Silently fails

    return bad_fetch


def async_bad_fetch_of(gate):
    async def fetch_data(source):
        await asyncio.sleep(10)

    async def bad_fetch(source: str) -> dict:
        try:
            return await fetch_data(source)
        except:
            return {}  # Silently fails

    return bad_fetch


@pytest.mark.parametrize("fetch", [bad_fetch_of, async_bad_fetch_of])
def test_a_bare_except_never_hides_the_timeout_of_the_run(dag, mode, gate, fetch):
    dag.node(fetch(gate))
    with pytest.raises(OurTimeoutError):
        dag.run(source="shop", mode=mode, timeout=0.03)
    assert dag.context.metadata["execution_status"] == "timed_out"
    assert "bad_fetch" not in dag.results


@pytest.mark.parametrize("fetch", [bad_fetch_of, async_bad_fetch_of])
def test_a_bare_except_never_hides_the_timeout_of_the_node(dag, mode, gate, fetch):
    dag.node(fetch(gate), timeout=0.03)
    with pytest.raises(OurTimeoutError) as caught:
        dag.run(source="shop", mode=mode)
    assert caught.value.node_name == "bad_fetch"
    assert "bad_fetch" not in dag.results


# 32: files


def test_files_are_read_by_plain_functions(dag, mode, tmp_path):
    # Good: Stream large data
    @dag.node
    def process_large_file(file_path: str) -> dict:
        stats = {"lines": 0, "words": 0}
        with open(file_path) as f:
            for line in f:  # Stream line by line
                stats["lines"] += 1
                stats["words"] += len(line.split())
        return stats

    # Bad: Load everything into memory
    @dag.node
    def bad_process_file(file_path: str) -> dict:
        with open(file_path) as f:
            content = f.read()  # Could be gigabytes!
        return {"lines": len(content.splitlines())}

    path = tmp_path / "large.txt"
    path.write_text("one two\nthree\n")

    dag.run(file_path=str(path), mode=mode)
    assert dag["process_large_file"] == process_large_file(path) == {"lines": 2, "words": 3}
    assert dag["bad_process_file"] == bad_process_file(path) == {"lines": 2}


# 33: context use


def process(data):
    return {"processed": data}


def test_the_list_of_times_grows_by_one_per_run_on_one_context(dag, mode):
    # Good: Context for metadata
    @dag.node
    def track_processing(data: dict, context: Context) -> dict:
        start = time.time()
        result = process(data)

        # Track performance metadata
        context.metadata["processing_times"] = context.metadata.get("processing_times", [])
        context.metadata["processing_times"].append(time.time() - start)

        return result

    context = Context()
    for runs in (1, 2, 3):
        assert dag.run(data={"a": 1}, context=context, mode=mode) == {"processed": {"a": 1}}
        assert len(context.metadata["processing_times"]) == runs


def test_a_result_set_by_hand_stays(dag):
    @dag.node
    def previous():
        return 1

    # Bad: Context for primary data flow
    @dag.node
    def bad_data_passing(context: Context) -> None:
        # Don't use context as a data bus
        data = context.results["previous"]  # Use connections instead!
        context.results["current"] = process(data)

    dag.run()
    assert dag["bad_data_passing"] is None
    assert dag.context.results["current"] == {"processed": 1}


# 34: profiling


PROFILING_ENABLED = True


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
@pytest.mark.parametrize("fails", [False, True])
def test_a_node_may_profile_itself(dag, mode, fails, capsys):
    def expensive_algorithm(data):
        if fails:
            raise ArithmeticError("no result")
        return sorted(data)

    # Good: Add monitoring to critical paths
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
                stats.print_stats(10)  # Top 10 functions

    if fails:
        with pytest.raises(ArithmeticError, match="no result"):
            dag.run(data={"a": 1}, mode=mode)
    else:
        assert dag.run(data={"a": 1}, mode=mode) == ["a"]
    assert "expensive_algorithm" in capsys.readouterr().out
