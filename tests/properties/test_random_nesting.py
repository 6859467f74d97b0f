"""A random graph inside another workflow gives what it gives by itself, in every mode."""

from typing import Any

from hypothesis import HealthCheck, given, settings

from fast_dag import DAG, Context
from tests.conformance.modes import ALL, Mode
from tests.properties.description import Graph
from tests.properties.strategies import build, graphs
from tests.properties.test_random_graphs import surviving, texts

PATH = "sub.deep"
# Each example is run in six modes, twice.
in_every_mode = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def nested(graph: Graph, strategy: str) -> DAG:
    """The graph two levels down, with every open input of it a port."""
    middle, outer = DAG("middle"), DAG("outer")
    middle.add_dag("deep", build(graph), error_strategy=strategy)
    outer.add_dag("sub", middle)
    return outer


def seen(value: Any, context: Context) -> dict[str, Any]:
    """What a run leaves behind; texts, so that 0 and False differ."""
    return {
        "value": repr(value),
        "results": texts(context.results),
        "skipped": dict(context.metadata["skipped"]),
        "branches": dict(context.branches),
        "failed": {entry["node"]: entry["attempts"] for entry in context.metadata.get("errors", [])},
        "attempts": context.metrics["attempts"],
    }


def alone(mode: Mode, graph: Graph, strategy: str) -> dict[str, Any]:
    context = Context()
    return seen(mode(build(graph), graph.inputs, context=context, error_strategy=strategy), context)


def inside(mode: Mode, graph: Graph, strategy: str) -> dict[str, Any]:
    context = Context()
    value = mode(nested(graph, strategy), graph.inputs, context=context)
    inner = context.nested["sub"].nested["deep"]
    assert all(context.get_result(f"{PATH}.{name}") is inner.results[name] for name in inner.results)
    return seen(value, inner)


@in_every_mode
@given(graphs(), surviving)
def test_a_graph_inside_gives_in_every_mode_what_it_gives_by_itself(graph, strategy):
    for mode in ALL:
        assert inside(mode, graph, strategy) == alone(mode, graph, strategy), mode
