"""Blocks 1 to 5 of the execution guide, as it spells them: modes."""

import asyncio
import os
import threading
from types import SimpleNamespace

import pytest

from tests.conformance.modes import Meeting

REGIONS = {"region_a": 1, "region_b": 2, "region_c": 3}


class Crowd:
    """Sync nodes that wait until *size* of them run at once; *peak* is the most there ever were."""

    def __init__(self, size):
        self.barrier = threading.Barrier(size)
        self.lock = threading.Lock()
        self.running = self.peak = 0

    def join(self):
        with self.lock:
            self.running += 1
            self.peak = max(self.peak, self.running)
        self.barrier.wait(5)
        with self.lock:
            self.running -= 1


# 1: sequential mode


def test_sequential_is_the_default_mode(dag):
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

    # Default mode
    result = dag.run()
    assert result == 40

    # Explicit sequential mode
    result = dag.run(mode="sequential")
    assert result == 40
    assert threads == [threading.current_thread()] * 4


# 2: parallel mode


def crowd_of(dag, size):
    """Twice *size* nodes that wait for *size* of them, and one node that adds up what they give."""
    crowd = Crowd(size)

    def work():
        crowd.join()
        return 1

    sources = [dag.node(work, name=f"work_{index}") for index in range(2 * size)]

    @dag.all
    def total(numbers: list) -> int:
        return sum(numbers)

    sources >> total
    return crowd


def test_parallel_mode_runs_as_many_nodes_at_once_as_it_is_told(dag):
    crowd = crowd_of(dag, 4)

    # Run with parallel execution
    result = dag.run(mode="parallel", max_workers=4)

    assert crowd.peak == 4
    assert result == 8


def test_parallel_mode_runs_as_many_nodes_at_once_as_there_are_cpus(dag):
    crowd = crowd_of(dag, os.cpu_count())

    # Auto-detect optimal workers
    result = dag.run(mode="parallel")  # Uses CPU count

    assert crowd.peak == os.cpu_count()
    assert result == 2 * os.cpu_count()


def test_parallel_mode_gives_what_sequential_mode_gives(dag):
    crowd_of(dag, 1)
    assert dag.run(mode="parallel", max_workers=4) == dag.run()


# 3: three regions


def regions_of(dag, heavy_computation, merge_results):
    @dag.node
    def process_region_a(data):
        # CPU-intensive processing
        return heavy_computation(data["region_a"])

    @dag.node
    def process_region_b(data):
        # CPU-intensive processing
        return heavy_computation(data["region_b"])

    @dag.node
    def process_region_c(data):
        # CPU-intensive processing
        return heavy_computation(data["region_c"])

    @dag.all()
    def combine_regions(a: dict, b: dict, c: dict):
        return merge_results(a, b, c)


def by_input(dag):
    dag.connect("process_region_a", "combine_regions", input="a")
    dag.connect("process_region_b", "combine_regions", input="b")
    dag.connect("process_region_c", "combine_regions", input="c")


def as_a_group(dag):
    ra, rb, rc, combine = dag.nodes.values()
    [ra, rb, rc] >> combine


@pytest.mark.parametrize("connect", [by_input, as_a_group])
def test_three_regions_overlap_and_are_combined_by_name(dag, connect):
    crowd = Crowd(3)

    def heavy_computation(region):
        crowd.join()
        return {"value": region * 10}

    regions_of(dag, heavy_computation, lambda a, b, c: [a["value"], b["value"], c["value"]])
    connect(dag)

    # All three regions process in parallel
    result = dag.run(mode="parallel", max_workers=3, data=REGIONS)

    assert result == [10, 20, 30]


def test_three_regions_overlap_when_one_source_feeds_them(dag):
    crowd = Crowd(3)

    def heavy_computation(region):
        crowd.join()
        return region

    regions_of(dag, heavy_computation, lambda a, b, c: (a, b, c))
    by_input(dag)
    *regions, _ = dag.nodes.values()

    @dag.node
    def read():
        return REGIONS

    read >> regions
    result = dag.run(mode="parallel", max_workers=3)
    assert result == (1, 2, 3)


# 4: async nodes


class Opened:
    """An async context manager that gives *value*."""

    def __init__(self, value):
        self.value = value

    async def __aenter__(self):
        return self.value

    async def __aexit__(self, *about):
        return None


def test_async_nodes_run_together_each_with_its_own_input(dag):
    async def main():
        meeting = Meeting(2)

        async def after_meeting(value):
            await meeting.join()
            return value

        def get(url):
            return Opened(SimpleNamespace(json=lambda: after_meeting({"url": url})))

        aiohttp = SimpleNamespace(ClientSession=lambda: Opened(SimpleNamespace(get=get)))
        conn = SimpleNamespace(fetch=lambda query: after_meeting([query]))
        database = SimpleNamespace(connect=lambda: Opened(conn))

        # Define async nodes
        @dag.node
        async def fetch_api_data(url: str) -> dict:
            async with aiohttp.ClientSession() as session:  # noqa: SIM117 - the guide's own
                async with session.get(url) as response:
                    return await response.json()

        @dag.node
        async def fetch_db_data(query: str) -> list:
            async with database.connect() as conn:
                return await conn.fetch(query)

        # Run asynchronously
        result = await dag.run_async(url="https://example.org", query="select 1")

        assert result == ["select 1"]

    asyncio.run(main())
    assert dag.results == {"fetch_api_data": {"url": "https://example.org"}, "fetch_db_data": ["select 1"]}


# 5: sync and async mixed


def test_sync_and_async_nodes_mix_without_blocking_the_loop(dag):
    async def main():
        loop, turned = asyncio.get_running_loop(), threading.Event()

        def transform_data(raw):
            loop.call_soon_threadsafe(turned.set)
            assert turned.wait(5)
            return raw | {"transformed": True}

        async def answer(posted):
            return {"id": f"{posted['raw']}-{posted['transformed']}"}

        client = SimpleNamespace(post=lambda url, json: Opened(SimpleNamespace(json=lambda: answer(json))))

        @dag.node
        def prepare_data(raw: dict) -> dict:
            # Synchronous CPU work
            return transform_data(raw)

        @dag.node
        async def upload_data(data: dict) -> str:
            # Asynchronous I/O
            async with client.post("/api/upload", json=data) as resp:
                return (await resp.json())["id"]

        prepare_data >> upload_data

        # fast-dag handles the mix automatically
        result = await dag.run_async(raw={"raw": "7"})

        assert result == "7-True"

    asyncio.run(main())
