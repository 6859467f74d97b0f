"""Bounded iterations beside a plain `while` loop, and what their rounds cost beside the work done in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.case import Case, Sides
from fast_dag import DAG

DAMPING = 0.85


def cases(size: int = 100_000, nodes: int = 10_000) -> list[Case]:
    """Costs of a round."""
    return [
        _case(f"iteration, {size:,} rounds of one node", size, lambda: _beside_loop(size, 1), 1.0),
        _case(
            f"iteration, {size:,} rounds of one node, history",
            size,
            lambda: _beside_loop(size, 1, history=True),
            3.0,
        ),
        _case(
            f"iteration, {size:,} rounds of one node, history and trace",
            size,
            lambda: _beside_loop(size, 1, is_traced=True, history=True),
            3.0,
        ),
        _case(
            f"iteration, {size:,} rounds, what one node more adds",
            size,
            lambda: Sides(_rounds(size, 2), _rounds(size, 1)),
            0.5,
            beside="one node",
            excess=True,
        ),
        _case(f"iteration, {size:,} rounds to a fixed point", size, lambda: _to_fixed_point(size), 1.5),
        Case(
            name=f"iteration, {size:,} rounds, time a round",
            make=lambda: Sides(_rounds(size, 1), _rounds(size // 10, 1)),
            count=size,
            unit="us",
            per=" each",
            beside=f"{size // 10:,}",
            most_ratio=13.0,
        ),
        Case(
            name=f"iteration, 1,000 rounds of PageRank of {nodes:,} nodes with SciPy",
            make=lambda: _ranked(nodes, 1000),
            count=1000,
            unit="us",
            per=" each",
            beside="its kernel by hand",
            most_ratio=1.1,
        ),
    ]


def _case(
    name: str, size: int, make: Callable[[], Sides], most_cost: float, beside: str = "while loop", **more: Any
) -> Case:
    return Case(
        name=name, make=make, count=size, unit="us", per=" each", beside=beside, most_cost=most_cost, **more
    )


def _one_more(x: int) -> int:
    return x + 1


def _iterating(body: DAG, last: str, most: int, **settings: Any) -> DAG:
    dag = DAG("rounds")
    dag.iterate("it", body, max_rounds=most, seed="x", feedback="x", output=last, **settings)
    return dag


def _rounds(size: int, nodes: int, *, is_traced: bool = False, **settings: Any) -> Callable[[], Any]:
    """A run of *size* rounds of so many nodes in a row."""
    body = DAG("body")
    for number in range(nodes):
        body.add_node(f"n{number}", _one_more)
        if number:
            body.connect(f"n{number - 1}", f"n{number}")
    dag = _iterating(body, f"n{nodes - 1}", size, **settings)
    return lambda: dag.run(seed=0, trace=is_traced)


def _beside_loop(size: int, nodes: int, **settings: Any) -> Sides:
    def by_hand() -> int:
        x = done = 0
        while done < size:
            x = _one_more(x)
            done += 1
        return x

    ours = _rounds(size, nodes, **settings)
    return Sides(ours, by_hand, ours)


def _to_fixed_point(size: int) -> Sides:
    def up(x: int) -> int:
        return x + 1 if x < size else x

    def by_hand() -> int:
        x = 0
        while (after := up(x)) != x:
            x = after
        return x

    body = DAG("body").add_node("up", up)
    dag = _iterating(body, "up", size + 1, until="fixed_point")
    ours = lambda: dag.run(seed=0)  # noqa: E731 - it is a side, and gives the result as well
    return Sides(ours, by_hand, ours)


def _ranked(nodes: int, rounds: int) -> Sides:
    """PageRank on a scale-free graph, with a stop rule that is asked in every round."""
    import networkx as nx  # noqa: PLC0415 - only this row needs it
    import numpy as np  # noqa: PLC0415 - as above

    graph = nx.barabasi_albert_graph(nodes, 3, seed=1)
    matrix = nx.to_scipy_sparse_array(graph, dtype=float, format="csr")
    spread = (matrix / matrix.sum(axis=0)).tocsr()
    begin, rest = np.full(nodes, 1 / nodes), (1 - DAMPING) / nodes

    def push(x: Any) -> Any:
        return rest + DAMPING * (spread @ x)

    def close(prev: Any, cur: Any) -> bool:
        # Asked in every round, and never so.
        return bool(np.abs(cur - prev).sum() < 0)

    def by_hand() -> list[float]:
        previous, ranks = begin, push(begin)
        for _ in range(rounds - 1):
            if close(previous, ranks):
                break
            previous, ranks = ranks, push(ranks)
        found: list[float] = ranks.tolist()
        return found

    dag = _iterating(DAG("body").add_node("push", push), "push", rounds, until=close)
    return Sides(lambda: dag.run(seed=begin), by_hand, lambda: dag["it"].tolist())
