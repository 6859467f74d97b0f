import networkx as nx
import pytest


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_the_facts_are_those_that_networkx_finds(example, mode):
    flow = example["flow"]
    flow.run(root=example["ROOT"] / "run", mode=mode)
    closed = nx.transitive_closure(nx.DiGraph(sorted(flow["direct"])))
    counts = {module: closed.out_degree(module) for module in closed}
    for module, count in flow["heaviest"]:
        assert counts[module] == count
    assert flow["heaviest"][0][1] == max(counts.values())
    history = flow.context.metadata["cycles"]["closure"].history
    assert len(flow["direct"]) + sum(each.items for each in history) == closed.number_of_edges()


def test_it_ends_when_a_round_finds_nothing(example):
    example["flow"].run(root=example["ROOT"] / "graph")
    result = example["flow"].context.metadata["cycles"]["closure"]
    assert [each.items > 0 for each in result.history] == [True] * (result.total_iterations - 1) + [False]


def test_a_module_is_named_as_it_is_imported(example):
    root = example["ROOT"]
    assert example["name_of"](root / "run" / "delta.py") == "fast_dag.run.delta"
    assert example["name_of"](root / "__init__.py") == "fast_dag"


def test_main_shows_three_modules(example, capsys):
    example["main"]()
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 4
    assert all(" needs " in line for line in printed[:3])
