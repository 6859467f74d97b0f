"""What a run counts."""

from fast_dag.run.tally import Tally
from tests.run.plans import plan_of


def test_stamps_of_a_plain_loop_become_times():
    plan = plan_of("a -> b", "b -> c")
    tally = Tally(plan)
    tally.stamps = [10.0, 10.5, 12.5]
    tally.order = [0, 1]
    metrics = tally.metrics(plan)
    assert metrics["node_times"] == {"a": 0.5, "b": 2.0}
    assert metrics["attempts"] == {"a": 1, "b": 1}
    assert metrics["nodes_executed"] == 2


def test_a_node_of_a_cycle_stands_once_in_the_order_at_its_last_finish():
    plan = plan_of("a", "b")
    tally = Tally(plan)
    tally.order = [0, 1, 0]
    assert tally.metrics(plan)["execution_order"] == ["b", "a"]


def test_failed_nodes_are_counted_apart_and_keep_their_text():
    plan = plan_of("a", "b")
    tally = Tally(plan)
    tally.order, tally.failed, tally.errors = [1], {0: 1}, {0: ValueError("no")}
    metrics = tally.metrics(plan)
    assert (metrics["nodes_executed"], metrics["nodes_failed"]) == (1, 1)
    assert metrics["errors"] == {"a": "no"}
