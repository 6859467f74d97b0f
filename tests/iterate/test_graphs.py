"""Iterations over whole graphs, checked against NetworkX: the karate club, and one of 10,000 nodes."""

import networkx as nx
import numpy as np
import pytest

from fast_dag import DAG, fixed_point

GRAPHS = {
    "karate club": nx.karate_club_graph,
    "scale-free": lambda: nx.barabasi_albert_graph(10_000, 3, seed=1),
    "in pieces": lambda: nx.gnm_random_graph(1_000, 600, seed=1),
}


@pytest.fixture(params=GRAPHS, scope="module")
def graph(request):
    return GRAPHS[request.param]()


def test_pagerank(graph):
    count = len(graph)
    links = nx.to_scipy_sparse_array(graph, weight=None, dtype=float, format="csr")
    degrees = np.asarray(links.sum(axis=0)).ravel()
    share = np.divide(1.0, degrees, out=np.zeros(count), where=degrees > 0)

    def push(x, links, share):
        lost = x[share == 0].sum() / count
        return 0.15 / count + 0.85 * (links @ (x * share) + lost)

    dag = DAG("pagerank")
    dag.iterate(push, max_rounds=200, until=lambda prev, cur: np.abs(cur - prev).sum() < count * 1e-12)
    ranks = dag.run(x=np.full(count, 1 / count), links=links, share=share)
    expected = nx.pagerank(graph, alpha=0.85, tol=1e-12, weight=None, max_iter=200)
    assert ranks == pytest.approx(np.array([expected[node] for node in graph]), abs=1e-9)
    assert ranks.sum() == pytest.approx(1)
    assert dag.context.metadata["cycles"]["push"].reason == "converged"


def test_connected_components(graph):
    def smallest(x, graph):
        return {node: min([x[node], *(x[each] for each in graph[node])]) for node in graph}

    dag = DAG("components")
    dag.iterate(smallest, until=fixed_point())
    labels = dag.run(x={node: node for node in graph}, graph=graph)
    expected = {}
    for part in nx.connected_components(graph):
        expected |= dict.fromkeys(part, min(part))
    assert labels == expected


def test_the_karate_club_is_one_piece_after_four_rounds():
    club, messages = nx.karate_club_graph(), []

    def smallest(x):
        messages.append(sum(len(club[node]) for node in club))
        return {node: min([x[node], *(x[each] for each in club[node])]) for node in club}

    dag = DAG("components")
    dag.iterate(smallest, until=fixed_point())
    assert set(dag.run(x={node: node for node in club}).values()) == {0}
    assert (len(messages), sum(messages)) == (4, 624)


def transitive(edges):
    """The closure of *edges* by joining all that is known with them, and how much was looked at."""
    after, looked_at = {}, []
    for one, other in edges:
        after.setdefault(one, []).append(other)

    def derive(x):
        found = [(one, last) for one, other in x for last in after.get(other, ())]
        looked_at.append(len(found))
        return x | set(found)

    dag = DAG("closure")
    dag.iterate(derive, until=fixed_point())
    closure = dag.run(x=frozenset(edges))
    return closure, dag.context.metadata["cycles"]["derive"].rounds, sum(looked_at)


@pytest.mark.parametrize(
    ("edges", "size", "rounds", "looked_at"),
    [
        ([(i, i + 1) for i in range(49)], 1225, 49, 39_200),
        ([(i, (i + 1) % 20) for i in range(20)], 400, 20, 4_200),
    ],
)
def test_transitive_closure_the_naive_way(edges, size, rounds, looked_at):
    closure, took, derivations = transitive(edges)
    assert (len(closure), took, derivations) == (size, rounds, looked_at)
    expected = nx.transitive_closure(nx.DiGraph(edges)).edges
    assert closure == set(expected)
