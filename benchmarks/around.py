"""What stands around nodes: hooks, caches, maps, nested workflows, each beside the plain calls."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

from benchmarks.case import Case, Sides
from benchmarks.shapes import chain, increment
from fast_dag import DAG


def cases(size: int = 1000) -> list[Case]:
    """Costs of what a node may have around it, in sequential mode."""
    return [
        _case(f"chain of {size:,} with hooks before and after", lambda: _hooked(size), size, " a node"),
        _case(f"chain of {size:,}, all in the cache", lambda: _cached(size), size, " a node", "lru_cache"),
        _case(f"map over {size:,} elements", lambda: _mapped(size), size, " an element", "a comprehension"),
        _case(f"{size // 10:,} nested workflows of 10 nodes", lambda: _nested(size), size, " a node"),
        _case(f"chain of {size:,}, keep_results='exits'", lambda: _kept(size), size, " a node"),
    ]


def _case(name: str, make: Any, count: int, per: str, beside: str = "a plain loop") -> Case:
    return Case(name=name, make=make, count=count, unit="us", per=per, beside=beside)


def _hooked(size: int) -> Sides:
    dag, by_hand = chain(size).dag, chain(size).by_hand
    dag.set_default_hooks(pre_execute=lambda *_: None, post_execute=lambda *_: None)
    return Sides(lambda: dag.run(x=0), by_hand, lambda: dag.results)


def _cached(size: int) -> Sides:
    dag = DAG("cached")
    nodes = [dag.cached_node(increment, name=f"n{number}") for number in range(size)]
    for source, target in pairwise(nodes):
        source >> target
    dag.run(x=0)
    # One cache for all, as one would write it; it holds every value of the chain.
    remembered = lru_cache(maxsize=None)(increment)

    def by_hand() -> int:
        value = 0
        for _ in range(size):
            value = remembered(value)
        return value

    return Sides(lambda: dag.run(x=0), by_hand, lambda: dag.get_result(f"n{size - 1}"))


def _mapped(size: int) -> Sides:
    dag = DAG("mapped")
    dag.map(increment, name="each")
    items = list(range(size))
    return Sides(lambda: dag.run(x=items), lambda: [increment(x) for x in items], lambda: dag["each"])


def _nested(size: int) -> Sides:
    inner = chain(10).dag
    dag = DAG("outer")
    nodes = [dag.add_dag(f"sub{number}", inner) for number in range(size // 10)]
    for source, target in pairwise(nodes):
        source >> target

    def by_hand() -> int:
        value = 0
        for _ in range(size):
            value = increment(value)
        return value

    return Sides(lambda: dag.run(x=0), by_hand, lambda: dag[nodes[-1].name])


def _kept(size: int) -> Sides:
    shape = chain(size)
    last = f"n{size - 1}"

    def by_hand() -> dict[str, int]:
        return {last: shape.by_hand()[last]}

    return Sides(lambda: shape.dag.run(x=0, keep_results="exits"), by_hand, lambda: shape.dag.results)
