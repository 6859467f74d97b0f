"""Feedback edges as a table, from keys of the previous iteration to parameters of the current one."""

import pytest

from fast_dag import DAG, CycleConfigurationError
from fast_dag.cycles import CycleBuilder


def step(x=0, y=0):
    return x + 1


def backs(workflow):
    return [(str(edge), edge.output, edge.input, edge.cycle) for edge in workflow.feedback_edges]


def test_a_table_of_parameters_is_feedback_edges():
    dag = DAG("flow").add_node("a", lambda p=1, q=2: {"p": p + q, "q": q})
    mapping = {
        "previous_iteration.p": "current_iteration.p",
        "previous_iteration.a.q": "current_iteration.a.q",
    }
    with dag.cycle("fit", max_iterations=3, parameter_mapping=mapping):
        pass
    assert backs(dag) == [("a->a", "p", "p", "fit"), ("a->a", "q", "q", "fit")]
    assert dag.run() == {"p": 7, "q": 2}


def test_bare_names_are_those_of_the_body_that_fit():
    dag = DAG("flow").add_node("p", lambda: 1).add_node("a", lambda x, best=0: x, outputs=["v"])
    dag.add_node("b", lambda v: v, outputs=["best"]).add_node("z", lambda best: best, outputs=["best"])
    dag.connect("p", "a", input="x").connect("a", "b", output="v").connect("b", "z", output="best")
    config = {"parameter_mapping": {"previous_iteration.best": "current_iteration.best"}, "max_iterations": 2}
    with pytest.raises(CycleConfigurationError, match="may be b -> a, z -> a"):
        CycleBuilder(dag, "one").apply_config(config).build()
    CycleBuilder(dag, "two").apply_config(config).feedback("b", "a", signal=True).build()
    assert [str(edge) for edge in dag.feedback_edges] == ["b->a", "b->a"]


@pytest.mark.parametrize(
    ("mapping", "error"),
    [
        ({"previous.x": "current_iteration.y"}, "must be 'previous_iteration.name'"),
        ({"previous_iteration.x": "y"}, "must be 'current_iteration.name'"),
        ({"previous_iteration.b.c.d": "current_iteration.y"}, "must be 'previous_iteration.name'"),
        ({"previous_iteration.": "current_iteration.y"}, "must be 'previous_iteration.name'"),
        ({"previous_iteration.v": "current_iteration.q"}, "fits no loop"),
    ],
)
def test_a_table_that_says_no_edge_is_refused(mapping, error):
    dag = DAG("flow").add_node("a", step).add_node("b", step).connect("a", "b", input="x")
    with pytest.raises(CycleConfigurationError, match=error), dag.cycle("fit", parameter_mapping=mapping):
        pass
