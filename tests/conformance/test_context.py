"""What the context and the metrics hold after a run, however it ended."""

import pytest

from fast_dag import DAG, NO_DATA, Context
from tests.conformance.modes import MARGIN, SEQUENTIAL, raised_by

KEYS = {
    "execution_time",
    "total_duration",
    "node_times",
    "attempts",
    "execution_order",
    "nodes_executed",
    "nodes_failed",
    "nodes_skipped",
    "abandoned_threads",
    "cache_hits",
    "cache_misses",
    "map",
    "errors",
}


def mixed(kind):
    """``a`` feeds ``bad``, which feeds ``after``; ``lone`` and ``empty`` stand alone."""
    dag = DAG("mixed")

    def bad(a):
        raise ValueError("broken")

    a = dag.node(kind(lambda: "a"), name="a")
    a >> dag.node(kind(bad), retry=2) >> dag.node(lambda bad: bad, name="after")
    dag.node(kind(lambda: "lone"), name="lone")
    dag.node(kind(lambda: NO_DATA), name="empty")
    return dag


def test_metrics_are_complete_after_success(any_mode, kind):
    dag = DAG("metrics")
    dag.node(kind(lambda: 1), name="a") >> dag.node(kind(lambda a: a + 1), name="b")
    any_mode(dag)
    metrics = dag.context.metrics
    assert set(metrics) == KEYS
    assert metrics["execution_order"] == ["a", "b"]
    assert metrics["attempts"] == {"a": 1, "b": 1}
    assert set(metrics["node_times"]) == {"a", "b"}
    counts = [metrics[f"nodes_{name}"] for name in ("executed", "failed", "skipped")]
    assert counts == [2, 0, 0]
    assert (metrics["abandoned_threads"], metrics["errors"]) == (0, {})


def test_metrics_are_complete_after_failure(any_mode, kind):
    dag = mixed(kind)
    raised_by(any_mode, dag)
    metrics = dag.context.metrics
    assert set(metrics) == KEYS
    assert metrics["attempts"]["bad"] == 2
    assert metrics["errors"] == {"bad": "broken"}
    assert metrics["nodes_failed"] == 1
    assert "a" in metrics["execution_order"]
    assert "bad" not in metrics["execution_order"]


def test_metrics_count_what_ran_failed_and_was_skipped(any_mode, kind):
    dag = mixed(kind)
    any_mode(dag, error_strategy="continue")
    metrics = dag.context.metrics
    counts = [metrics[f"nodes_{name}"] for name in ("executed", "failed", "skipped")]
    assert counts == [2, 1, 1]
    assert metrics["attempts"] == {"a": 1, "bad": 2, "lone": 1, "empty": 1}
    assert set(metrics["node_times"]) == {"a", "bad", "lone", "empty"}


def test_times_are_positive_and_fit_into_each_other(any_mode, kind):
    dag = DAG("times")
    dag.node(kind(lambda: 1), name="a") >> dag.node(kind(lambda a: a), name="b")
    any_mode(dag)
    metrics = dag.context.metrics
    assert all(time > 0 for time in metrics["node_times"].values())
    assert sum(metrics["node_times"].values()) <= metrics["execution_time"]
    assert metrics["execution_time"] == metrics["total_duration"]


def test_the_time_of_a_node_has_all_its_attempts_but_no_waiting(any_mode):
    dag, calls = DAG("times"), []

    def work():
        calls.append(1)
        sum(range(200_000))
        if len(calls) < 3:
            raise OSError

    dag.node(work, retry=3, retry_delay=0.02, retry_backoff=1)
    any_mode(dag)
    metrics = dag.context.metrics
    assert 0 < metrics["node_times"]["work"] < metrics["execution_time"] - 0.039


def test_the_time_of_a_node_has_no_waiting_for_a_worker(concurrent_mode):
    dag = DAG("times")
    for index in range(4):
        dag.node(lambda: sum(range(300_000)), name=f"n{index}")
    concurrent_mode(dag, max_workers=1)
    metrics = dag.context.metrics
    assert sum(metrics["node_times"].values()) <= metrics["execution_time"]


def test_the_order_of_execution_is_that_of_finishing(any_mode):
    dag, finished = DAG("order"), []
    last = dag.node(lambda: finished.append("n0"), name="n0")
    for index in range(1, 6):
        last = last >> dag.node(lambda value, name=f"n{index}": finished.append(name), name=f"n{index}")
    any_mode(dag)
    assert dag.context.metrics["execution_order"] == finished == [f"n{index}" for index in range(6)]


def test_a_passed_context_is_the_object_that_is_used(any_mode, kind):
    dag, context, seen = DAG("passed"), Context(metadata={"user_id": 7}), []

    def look(context):
        seen.append(context)

    dag.node(kind(look))
    any_mode(dag, context=context)
    assert seen == [context]
    assert dag.context is context
    assert context.metadata["user_id"] == 7


def test_a_passed_context_is_readable_after_a_failure(any_mode, kind):
    dag, context = mixed(kind), Context()
    raised_by(any_mode, dag, context=context, max_workers=1)
    assert context["a"] == "a"
    assert context.metadata["execution_status"] == "failed"
    assert context.metadata["skipped"] == {}
    assert context.metrics["nodes_failed"] == 1


def test_results_stay_the_same_dict_for_whoever_holds_it(any_mode):
    results = {}
    dag, context = DAG("dict"), Context(results)
    dag.node(lambda: 1, name="a")
    any_mode(dag, context=context)
    assert results == {"a": 1}
    assert context.results is results


def test_a_run_id_is_made_unless_one_is_given(any_mode):
    dag, given = DAG("id"), Context(metadata={"run_id": "mine"})
    dag.node(lambda: 1, name="a")
    any_mode(dag)
    first = dag.context.metadata["run_id"]
    any_mode(dag, context=given)
    assert isinstance(first, str)
    assert first
    assert given.metadata["run_id"] == "mine"


def test_the_status_is_running_while_nodes_run(any_mode, kind):
    dag = DAG("status")
    dag.node(kind(lambda context: context.metadata["execution_status"]), name="look")
    assert any_mode(dag) == "running"
    assert dag.context.metadata["execution_status"] == "completed"


def test_metrics_that_a_node_writes_stay(any_mode, kind):
    dag = DAG("own metrics")
    dag.node(kind(lambda context: context.update_metrics("mine", {"rows": 3})), name="a")
    any_mode(dag)
    assert dag.context.metrics["mine"] == {"rows": 3}
    assert dag.context.metrics["nodes_executed"] == 1


def test_the_metrics_of_a_dag_are_a_copy(any_mode):
    dag = DAG("copy")
    dag.node(lambda: 1, name="a")
    any_mode(dag)
    dag.get_metrics()["nodes_executed"] = 99
    assert dag.get_metrics()["nodes_executed"] == 1


def test_inputs_and_branches_are_read_only(any_mode):
    dag = DAG("read-only")
    dag.node(lambda x: x, name="a")
    any_mode(dag, x=1)
    assert dag.context.inputs == {"x": 1}
    with pytest.raises(TypeError):
        dag.context.inputs["x"] = 2
    with pytest.raises(TypeError):
        dag.context.branches["x"] = "true"


def test_inputs_are_no_results(any_mode):
    dag = DAG("inputs")
    dag.node(lambda x: None, name="a")
    any_mode(dag, x=1)
    assert dag.results == {"a": None}


def test_the_order_of_results_in_a_sequential_run_is_the_execution_order():
    dag = DAG("order")
    names = [f"n{index}" for index in range(20)]
    for name in names:
        dag.node(lambda: 1, name=name)
    SEQUENTIAL(dag)
    assert list(dag.results) == names
    assert dag.context.metrics["execution_time"] < MARGIN
