"""What threads cost, beside a ThreadPoolExecutor and beside plain threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from time import sleep

from benchmarks.case import Case, Sides
from benchmarks.shapes import add, layered
from fast_dag import DAG

WORKERS = 2


def cases(layers: int = 20, width: int = 50, pairs: int = 16, total: float = 0.05) -> list[Case]:
    """Many trivial nodes, and few that take their time."""
    return [
        Case(
            name=f"layers {layers} x {width}, against an executor, {WORKERS} workers each",
            make=lambda: _against_executor(layers, width),
            count=layers * width,
            unit="us",
            per=" a node",
            beside="submit + result",
            most_ratio=0.6,
        ),
        Case(
            name=f"{pairs} uneven pairs on {pairs} threads, ideal {total * 1000:g} ms",
            make=lambda: _uneven_pairs(pairs, total),
            beside="plain threads",
        ),
    ]


def _against_executor(layers: int, width: int) -> Sides:
    shape = layered(layers, width)
    expected = shape.by_hand()

    def submit_all() -> dict[str, int]:
        with ThreadPoolExecutor(WORKERS) as pool:
            futures = {name: pool.submit(add, value, 0) for name, value in expected.items()}
            return {name: future.result() for name, future in futures.items()}

    def ours() -> object:
        return shape.dag.run(x=0, mode="parallel", max_workers=WORKERS)

    return Sides(ours, submit_all, lambda: shape.dag.results)


def _uneven_pairs(pairs: int, total: float) -> Sides:
    """Pairs of nodes that sleep *total* seconds together, the first of each another share of it."""
    dag = DAG("pairs")
    shares = [total * (number + 1) / (pairs + 1) for number in range(pairs)]

    def rest(seconds: float) -> float:
        sleep(seconds)
        return total - seconds

    for number in range(pairs):
        first = dag.node(rest, name=f"first{number}", inputs=[f"share{number}"])
        first >> dag.node(rest, name=f"second{number}")
    inputs = {f"share{number}": share for number, share in enumerate(shares)}

    def rest_twice(share: float) -> None:
        rest(rest(share))

    def by_hand() -> None:
        threads = [threading.Thread(target=rest_twice, args=(share,)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return Sides(lambda: dag.run(inputs, mode="parallel", max_workers=pairs), by_hand)
