"""Documents of workflows with delta variables: everything comes back, and what cannot be stored is told."""

import pytest

from fast_dag import DAG, Delta, DocumentError, FunctionRegistry


def edges():
    return {(0, 1): 5, (1, 2): 7}


def shorter(a, b):
    return min(a, b)


def derive(paths: Delta):
    return {(a, d): x + y for (a, b), x in paths.new.items() for (c, d), y in paths.all.items() if b == c}


def report(first, paths):
    return sorted(paths.items())


def first():
    return 1


def registered():
    registry = FunctionRegistry()
    for function in (edges, derive, first, report, shorter):
        registry.register(function)
    return registry


def stored(merge="min", *, retain=False):
    dag = DAG("stored")
    for function in (edges, derive, first, report):
        dag.add_node(function.__name__, function)
    dag.connect("edges", "derive", input="paths")
    with dag.cycle("tc", max_iterations=50) as c:
        c.feedback("derive", "derive", input="paths").delta("derive", merge=merge, retain=retain)
    return dag.connect("tc", "report", output="paths").connect("first", "report")


@pytest.mark.parametrize("merge", ["min", "max", shorter], ids=["min", "max", "function"])
@pytest.mark.parametrize("retain", [False, True])
def test_a_delta_variable_comes_back(merge, retain):
    dag = stored(merge, retain=retain)
    again = DAG.from_json(dag.to_json(registry=registered()), registry=registered())
    assert again.drawing.cycles.deltas == dag.drawing.cycles.deltas
    assert list(again.drawing.edges) == list(dag.drawing.edges)
    assert again.run() == dag.run() == [((0, 1), 5), ((0, 2), 12), ((1, 2), 7)]


def test_the_table_says_no_more_than_is_set():
    table = stored().to_dict()["workflows"]["w1"]
    assert table["deltas"] == [{"cycle": "tc", "node": "derive", "input": "paths", "merge": "min"}]
    taken = {"source": "derive", "output": "paths", "target": "report", "input": "paths", "cycle": "tc"}
    assert taken in table["edges"]


def test_a_merge_without_a_name_is_told():
    with pytest.raises(
        DocumentError, match=r"merge of delta variable 'paths' of 'derive' in cycle 'tc'.* registry="
    ):
        stored(lambda a, b: min(a, b)).to_json()


def test_a_registered_merge_needs_no_importable_name():
    registry = registered()
    dag = stored(registry.register(lambda a, b: min(a, b), name="least"))
    assert DAG.from_json(dag.to_json(registry=registry), registry=registry).run() == dag.run()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"cycle": "tcc"}, "there is no cycle 'tcc'; did you mean 'tc'"),
        ({"node": "derived"}, "no node 'derived'"),
        ({"input": "path"}, "'path' of 'derive' is no input"),
        ({"merge": "least"}, "must be 'set', min, max or a function of two values, got 'least'"),
        ({"retain": 1}, "retain"),
        ({"more": 1}, "more"),
    ],
)
def test_a_document_that_is_wrong_is_told_with_the_place(change, text):
    document = stored().to_dict()
    document["workflows"]["w1"]["deltas"][0] |= change
    with pytest.raises(DocumentError, match=text) as raised:
        DAG.from_dict(document, registry=registered())
    assert "deltas[0]" in str(raised.value)


def test_facts_of_a_variable_that_is_gone_are_told_when_it_runs():
    document = stored().to_dict()
    del document["workflows"]["w1"]["deltas"]
    with pytest.raises(Exception, match="which has no such delta"):
        DAG.from_dict(document, registry=registered()).run()


def test_copies_keep_delta_variables():
    assert stored().clone().run() == stored().run()
    part = stored().subgraph(["derive", "report", "first"])
    assert part.run(paths={(0, 1): 1, (1, 2): 1}) == [((0, 1), 1), ((0, 2), 2), ((1, 2), 1)]
    assert not stored().subgraph(["report"]).connections
