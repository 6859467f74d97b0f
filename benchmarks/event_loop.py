"""What run_async costs, beside asyncio itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

from benchmarks.case import Case, Sides
from fast_dag import DAG

IN_ONE_LOOP = 10
"""Runs of the chain in one event loop, so that starting the loop does not count."""


def cases(size: int = 1000, delay: float = 0.01) -> list[Case]:
    """Nodes that all wait at once, and nodes that never wait."""
    return [
        Case(
            name=f"{size:,} nodes that await sleep({delay:g})",
            make=lambda: _sleepers(size, delay),
            beside="asyncio.gather",
            most_ratio=1.25,
        ),
        Case(
            name=f"chain of {size:,} async no-ops",
            make=lambda: _no_ops(size),
            count=size * IN_ONE_LOOP,
            unit="us",
            per=" a node",
            beside="a loop of awaits",
        ),
    ]


def _sleepers(size: int, delay: float) -> Sides:
    dag = DAG("sleepers")

    async def nap() -> float:
        await asyncio.sleep(delay)
        return delay

    for number in range(size):
        dag.node(nap, name=f"n{number}")

    async def by_hand() -> list[float]:
        return await asyncio.gather(*(nap() for _ in range(size)))

    return Sides(
        lambda: asyncio.run(dag.run_async()),
        lambda: asyncio.run(by_hand()),
        lambda: list(dag.results.values()),
    )


def _no_ops(size: int) -> Sides:
    dag = DAG("no-ops")
    names = [f"n{number}" for number in range(size)]

    async def pass_on(x: int) -> int:
        return x

    nodes = [dag.node(pass_on, name=name) for name in names]
    for source, target in pairwise(nodes):
        source >> target

    async def by_hand() -> dict[str, int]:
        results, value = {}, 0
        for name in names:
            value = results[name] = await pass_on(value)
        return results

    return Sides(
        lambda: asyncio.run(_again(lambda: dag.run_async(x=0))),
        lambda: asyncio.run(_again(by_hand)),
        lambda: dag.results,
    )


async def _again(work: Callable[[], Awaitable[object]]) -> object:
    for _ in range(IN_ONE_LOOP - 1):
        await work()
    return await work()
