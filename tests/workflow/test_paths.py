"""The names of steps: checked against a workflow and those inside it."""

import pytest

from fast_dag import DAG, FSM, UnknownNodeError
from fast_dag.workflow.paths import check_step


@pytest.fixture
def dag():
    inner = DAG("inner").add_node("step", lambda x: x)
    dag = DAG("outer").add_node("plain", lambda: 1).add_node("each", lambda item: item, map="item")
    dag.add_dag("sub", inner, map="x")
    dag.add_fsm("machine", FSM("machine").add_state("go", lambda: 1, initial=True, terminal=True))
    return dag


@pytest.mark.parametrize(
    "path",
    ["plain", "each", "each[0]", "each[1, 2]", "sub", "sub.step", "sub[3]", "sub[3].step", "machine.go"],
)
def test_a_step_that_there_may_be_is_known(dag, path):
    check_step(dag, path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("plian", "no node 'plian'.*plain"),
        ("plain.step", "'plain' is no workflow"),
        ("plain[0]", "'plain' is no map node"),
        ("sub.stpe", "no node 'stpe'.*step"),
        ("sub.step[0]", "'step' is no map node"),
        ("machine[0].go", "'machine' is no map node"),
        ("", "no node ''"),
    ],
)
def test_one_that_there_cannot_be_is_told(dag, path, text):
    with pytest.raises(UnknownNodeError, match=text):
        check_step(dag, path)
