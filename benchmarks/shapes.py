"""Graphs of trivial nodes, each with the loop one would write by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from fast_dag import DAG

Results = dict[str, int]


def increment(x: int) -> int:
    """One more."""
    return x + 1


def add(a: int, b: int) -> int:
    """Both together."""
    return a + b


class Shape(NamedTuple):
    """A graph that takes the input x, and the loop that gives the same results."""

    name: str
    dag: DAG
    by_hand: Callable[[], Results]
    size: int


def chain(size: int) -> Shape:
    """Each node after the other."""
    dag = DAG("chain")
    names = [f"n{number}" for number in range(size)]
    nodes = [dag.node(increment, name=name) for name in names]
    for source, target in pairwise(nodes):
        source >> target

    def by_hand() -> Results:
        results, value = {}, 0
        for name in names:
            value = results[name] = increment(value)
        return results

    return Shape(f"chain of {size:,}", dag, by_hand, size)


def fan_out(size: int) -> Shape:
    """One node, and all others behind it."""
    dag = DAG("fan-out")
    source = dag.node(increment, name="source")
    names = [f"n{number}" for number in range(size - 1)]
    for name in names:
        source >> dag.node(increment, name=name)

    def by_hand() -> Results:
        value = increment(0)
        results = {"source": value}
        for name in names:
            results[name] = increment(value)
        return results

    return Shape(f"fan-out of {size:,}", dag, by_hand, size)


def layered(layers: int, width: int) -> Shape:
    """Layers in which each node adds up two nodes of the layer before."""
    dag = DAG("layered")
    names = [[f"n{layer}_{number}" for number in range(width)] for layer in range(layers)]
    for name in names[0]:
        dag.node(increment, name=name)
    steps = [
        (name, above[number], above[(number + 1) % width])
        for above, layer in pairwise(names)
        for number, name in enumerate(layer)
    ]
    for name, first, second in steps:
        dag.node(add, name=name)
        dag.connect(first, name, input="a").connect(second, name, input="b")

    def by_hand() -> Results:
        results = {name: increment(0) for name in names[0]}
        for name, first, second in steps:
            results[name] = add(results[first], results[second])
        return results

    return Shape(f"layers {layers} x {width}", dag, by_hand, layers * width)
