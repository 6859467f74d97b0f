"""DAG: plain functions, wired without a ring."""

import asyncio

import pytest

from fast_dag import (
    DAG,
    NO_DATA,
    Context,
    CycleError,
    Edge,
    ExecutionError,
    UnknownNodeError,
    ValidationError,
)


def give():
    return 1


def take(x, y=0):
    return x + y


@pytest.fixture
def dag():
    """a -> b, whose y is open"""
    return DAG("flow").add_node("a", give).add_node("b", take).connect("a", "b")


def test_decorated_functions_connected_by_arrows_run():
    dag = DAG("flow")

    @dag.node
    def load(path):
        return [path, path]

    @dag.node(retry=2)
    def count(rows):
        return len(rows)

    _ = load >> count
    assert dag.run(path="here") == 2


def test_connecting_gives_the_workflow(dag):
    assert dag.connect("a", "b", input="y") is dag


def test_disconnecting_gives_the_workflow(dag):
    assert dag.disconnect("a", "b") is dag


def test_an_edge_is_a_named_tuple(dag):
    assert dag.connections == [Edge(source="a", output="result", target="b", input="x")]


def test_a_ring_may_be_drawn(dag):
    assert not dag.connect("b", "b", input="y").is_valid


def test_a_run_reports_a_ring_and_executes_nothing():
    called = []
    dag = DAG("flow").add_node("free", lambda: called.append(1)).add_node("b", take).connect("b", "b")
    with pytest.raises(CycleError, match="b -> b"):
        dag.run()
    assert called == []


def test_a_run_reports_every_problem_at_once(dag):
    dag.add_node("c", give).connect("c", "b", input="x").connect("b", "b", input="y")
    with pytest.raises(ValidationError) as caught:
        dag.run()
    assert len(caught.value.errors) == 2


def test_an_empty_workflow_cannot_run():
    with pytest.raises(ValidationError, match="'flow' has no nodes"):
        DAG("flow").run()


def test_disconnected_nodes_run():
    dag = DAG("flow").add_node("a", give).add_node("b", give)
    dag.run()
    assert dag.results == {"a": 1, "b": 1}


def test_types_are_compared_when_asked_for():
    def text() -> str:
        return "1"

    def number(x: int) -> int:
        return x

    dag = DAG("flow").add_node(text).add_node(number).connect("text", "number")
    with pytest.raises(ValidationError, match=r"type mismatch text.result: str -> number.x: int"):
        dag.run(check_types=True)


def test_the_graph_may_be_edited_after_a_run(dag):
    dag.run()
    dag.add_node("c", lambda x: 10 * x).connect("b", "c")
    assert dag.run() == 10


def test_a_run_in_progress_keeps_the_plan_it_started_with(dag):
    dag.replace_node("a", lambda: len(dag.remove_node("b")))
    dag.run()
    assert dag.results == {"a": 1, "b": 1}


def test_the_value_is_that_of_the_last_executed_exit_in_topological_order():
    dag = (
        DAG("flow").add_node("late", lambda x: "late").add_node("a", give).add_node("other", lambda: "other")
    )
    assert dag.connect("a", "late").run() == "other"


def test_a_value_of_none_is_a_value():
    assert DAG("flow").add_node("a", give).add_node("b", lambda: None).run() is None


def test_an_exit_that_was_not_executed_does_not_count():
    dag = DAG("flow").add_node("a", give).add_node("check", lambda: False, node_type="conditional")
    dag.add_node("b", take).connect("check", "b", output="true")
    assert dag.run() == 1


def test_without_an_executed_exit_the_value_is_none():
    assert DAG("flow").add_node("a", lambda: NO_DATA).run() is None


def test_run_async_gives_the_value(dag):
    assert asyncio.run(dag.run_async(y=2)) == 3


def test_a_failure_is_of_the_class_of_the_nodes_own_exception(dag):
    dag.replace_node("b", lambda x: x / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        dag.run()
    assert isinstance(caught.value, ExecutionError)


def test_a_failure_names_the_node_and_its_attempts():
    dag = DAG("flow").add_node("a", lambda: 1 / 0, retry=3)
    with pytest.raises(ExecutionError) as caught:
        dag.run()
    assert (caught.value.node_name, caught.value.attempts) == ("a", 3)


def test_a_failed_node_and_its_dependants_have_no_result_when_the_run_goes_on():
    dag = DAG("flow").add_node("a", lambda: 1 / 0).add_node("b", take).connect("a", "b").add_node("c", give)
    assert (dag.run(error_strategy="continue"), dag.results) == (1, {"c": 1})


def test_a_failed_node_gives_none_under_continue_none():
    dag = DAG("flow").add_node("a", lambda: 1 / 0).add_node("b", lambda x: [x]).connect("a", "b")
    assert dag.run(error_strategy="continue_none") == [None]


def test_the_handler_of_a_run_is_asked_with_the_original_error():
    asked = []
    dag = DAG("flow").add_node("a", lambda: 1 / 0)
    dag.run(error_handler=lambda name, error, context: asked.append((name, type(error))) or "continue")
    assert asked == [("a", ZeroDivisionError)]


def test_an_observer_of_one_run_sees_only_that():
    kinds = []
    dag = DAG("flow").add_node("a", give)
    dag.run(observers=[lambda event: kinds.append(event.kind)])
    dag.run()
    assert kinds == ["run_started", "node_started", "node_finished", "run_finished"]


def test_two_runs_share_no_results(dag):
    first, second = Context(), Context()
    dag.run(context=first, y=1)
    dag.run(context=second, y=2)
    assert (first["b"], second["b"]) == (2, 3)


def test_a_dag_can_be_run_inside_a_node_of_itself():
    dag = DAG("flow")

    @dag.node
    def factorial(n):
        return n * dag.run(n=n - 1) if n else 1

    assert dag.run(n=20) == 2432902008176640000


def test_connecting_an_unknown_node_is_an_error(dag):
    with pytest.raises(UnknownNodeError):
        dag.connect("a", "z")
