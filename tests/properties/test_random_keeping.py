"""What a run keeps of its results changes nothing about those that are kept."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fast_dag import Context
from tests.conformance.modes import ALL, Mode
from tests.properties.description import Graph
from tests.properties.strategies import build, graphs
from tests.properties.test_random_graphs import surviving, texts

# Each example is run in six modes, twice.
in_every_mode = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def kept(mode: Mode, graph: Graph, strategy: str, keep: Any) -> dict[str, Any]:
    """What a run that keeps less gives, and all else that must be the same."""
    context = Context()
    value = mode(build(graph), graph.inputs, context=context, error_strategy=strategy, keep_results=keep)
    return {
        "value": repr(value),
        "results": texts(context.results),
        "skipped": dict(context.metadata["skipped"]),
        "branches": dict(context.branches),
        "failed": {entry["node"]: entry["attempts"] for entry in context.metadata.get("errors", [])},
        "attempts": context.metrics["attempts"],
    }


def only(whole: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """What a run that kept everything shows, without the results of other nodes than *names*."""
    return {**whole, "results": {name: text for name, text in whole["results"].items() if name in names}}


@in_every_mode
@given(graphs(), surviving)
def test_exits_have_in_every_mode_the_results_of_a_run_that_keeps_all(graph, strategy):
    exits = set(build(graph).exit_points)
    for mode in ALL:
        whole = kept(mode, graph, strategy, "all")
        assert kept(mode, graph, strategy, "exits") == only(whole, exits), mode


@in_every_mode
@given(graphs(), surviving, st.data())
def test_named_nodes_have_in_every_mode_the_results_of_a_run_that_keeps_all(graph, strategy, data):
    names = data.draw(st.sets(st.sampled_from([node.name for node in graph.nodes])))
    for mode in ALL:
        whole = kept(mode, graph, strategy, "all")
        assert kept(mode, graph, strategy, names) == only(whole, names), mode
