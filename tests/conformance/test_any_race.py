"""An any node starts with its first source: a race in concurrent modes, the order of the plan in line."""

import threading

from fast_dag import DAG
from tests.conformance.modes import SEQUENTIAL, Meeting, as_async


def choose(slow="unknown", fast="unknown"):
    return slow, fast


def race(kind):
    """slow and fast run into an any node that slow waits for."""
    dag, meeting, barrier = DAG("race"), Meeting(2), threading.Barrier(2)

    async def meet_async(value):
        await meeting.join()
        return value

    def meet(value):
        barrier.wait(5)
        return value

    meet = meet_async if kind is as_async else meet
    slow = dag.node(lambda: meet("slow"), name="slow")
    fast = dag.node(kind(lambda: "fast"), name="fast")
    [slow, fast] >> dag.any(lambda slow, fast: meet((slow, fast)), name="first")
    return dag


def test_the_first_source_to_finish_wins_and_the_others_run_on(concurrent_mode, kind):
    dag = race(kind)
    assert concurrent_mode(dag, max_workers=2) == (None, "fast")
    assert dag["slow"] == "slow"
    assert dag.context.metadata["skipped"] == {}


def test_a_loser_that_fails_fails_the_run_as_any_node_does(concurrent_mode):
    dag, barrier = DAG("sore loser"), threading.Barrier(2)

    def slow():
        barrier.wait(5)
        raise ValueError

    [dag.node(slow), dag.node(lambda: "fast", name="fast")] >> dag.any(
        lambda value: barrier.wait(5), name="first"
    )
    concurrent_mode(dag, max_workers=2, error_strategy="continue")
    assert list(dag.context.metrics["errors"]) == ["slow"]
    assert set(dag.results) == {"fast", "first"}


def test_in_a_sequential_run_the_first_source_in_execution_order_wins(kind):
    dag = DAG("in line")
    first = dag.node(kind(lambda: "a"), name="a")
    second = dag.node(kind(lambda: "b"), name="b")
    [second, first] >> dag.any(kind(lambda a, b="default": (a, b)), name="won")
    assert SEQUENTIAL(dag) == ("a", "default")
    assert list(dag.results) == ["a", "b", "won"]
