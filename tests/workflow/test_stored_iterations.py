"""What a document holds of a bounded iteration."""

import copy

import pytest

from fast_dag import DAG, BoundedIterationNode, DocumentError, fixed_point


def halve(x, plus=1):
    return x // 2 + plus


def small(prev, cur):
    return cur < 4


def told(number, value):
    """Nothing is to be done."""


def pair(value, rounds):
    return value, rounds


FUNCTIONS = {"halve": halve, "small": small, "told": told, "pair": pair}
INPUTS = {"halve.x": 20, "it.seed": 40}


def drawn():
    dag = DAG("drawn")
    dag.iterate(max_rounds=9, until=small, on_round=told, emit="each")(halve)
    settings = {"seed": "x", "feedback": "x", "output": "step", "history": True, "metadata": {"unit": "m"}}
    dag.add_node(BoundedIterationNode("it", DAG("body").add_node("step", halve), 4, **settings), retry=2)
    dag.add_node("pair", pair).connect("it", "pair", input="value")
    return dag.connect("it", "pair", output="rounds", input="rounds")


def test_what_is_read_is_what_was_written():
    document = drawn().to_dict(registry=FUNCTIONS)
    read = DAG.from_dict(document, registry=FUNCTIONS)
    assert read.to_dict(registry=FUNCTIONS) == document
    assert read.run(INPUTS) == drawn().run(INPUTS) == (4, 4)
    assert read.results["halve"] == [11, 6, 4, 3]
    assert len(read.context.metadata["cycles"]["it"].history) == 4
    assert (read.nodes["it"].settings.retry, read.nodes["it"].metadata) == (2, {"unit": "m"})


def test_only_what_is_said_is_stored():
    nodes = drawn().to_dict(registry=FUNCTIONS)["workflows"]["w1"]["nodes"]
    rules = {"until": {"$function": "small"}, "on_round": {"$function": "told"}}
    assert nodes[0] == {
        "name": "halve",
        "function": "halve",
        "iteration": {"max_rounds": 9, "emit": "each", **rules},
    }
    ports = {"seed": "x", "feedback": "x", "output": "step"}
    assert nodes[1]["iteration"] == {"max_rounds": 4, **ports, "history": True}


def test_text_keeps_it_too():
    assert DAG.from_json(drawn().to_json(registry=FUNCTIONS), registry=FUNCTIONS).run(INPUTS) == (4, 4)


def test_an_iteration_may_lie_in_a_nested_workflow():
    outer = DAG("outer")
    outer.add_workflow("inner", drawn())
    document = outer.to_dict(registry=FUNCTIONS)
    assert DAG.from_dict(document, registry=FUNCTIONS).to_dict(registry=FUNCTIONS) == document


def test_a_ready_rule_goes_by_its_registered_name():
    rule = fixed_point(tol=0.5)
    dag = DAG("close")
    dag.iterate("it", DAG("body").add_node("step", halve), seed="x", feedback="x", output="step", until=rule)
    with pytest.raises(DocumentError, match="until of node 'it' in 'close'"):
        dag.to_dict(registry=FUNCTIONS)
    named = {**FUNCTIONS, "close": rule}
    assert DAG.from_dict(dag.to_dict(registry=named), registry=named).run(seed=40) == 2


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"max_round": 3}, "unknown key 'max_round'; did you mean 'max_rounds'"),
        ({"max_rounds": 0}, "iteration 'it': max_rounds must be an integer >= 1, got 0"),
        ({"until": {"$function": "large"}}, "not in the registry: 'large'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(change, text):
    document = copy.deepcopy(drawn().to_dict(registry=FUNCTIONS))
    document["workflows"]["w1"]["nodes"][1]["iteration"].update(change)
    with pytest.raises(DocumentError, match=text):
        DAG.from_dict(document, registry=FUNCTIONS)


def test_a_port_that_is_not_there_is_found_when_the_workflow_is_checked():
    document = copy.deepcopy(drawn().to_dict(registry=FUNCTIONS))
    document["workflows"]["w1"]["nodes"][1]["iteration"]["output"] = "last"
    problems = DAG.from_dict(document, registry=FUNCTIONS).validate()
    assert "inner graph 'body' has no 'output' output (mapped to 'last')" in "".join(map(str, problems))
