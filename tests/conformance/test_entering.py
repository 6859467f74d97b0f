"""When a cycle is entered: its time begins with its own steps."""

import time

from fast_dag import DAG
from tests.conformance.converging import ended


def two_cycles(kind, first, second, **settings):
    dag = DAG("two")
    dag.node(kind(first), name="first")
    dag.node(kind(second), name="second")
    with dag.cycle("slow", max_iterations=3, on_limit="return") as cycle:
        cycle.feedback("first", "first", input="x")
    with dag.cycle("quick", max_iterations=3, on_limit="return", **settings) as cycle:
        cycle.feedback("second", "second", input="x")
    return dag


def slowly(x=0):
    time.sleep(0.1)
    return x + 1


def test_the_time_of_an_independent_cycle_is_not_that_of_another(any_mode):
    dag = two_cycles(lambda function: function, slowly, lambda x=0: x + 1, timeout=0.2)
    any_mode(dag)
    assert ended(dag, "quick") == ("max_iterations", "max_iterations=3", 3, False)


def test_a_slow_node_before_it_takes_nothing_of_the_time_of_a_cycle(any_mode):
    dag = DAG("beside")
    dag.node(lambda: time.sleep(0.3), name="slow")
    dag.node(lambda x=0: x + 1, name="node")
    with dag.cycle("loop", max_iterations=3, on_limit="return", timeout=0.2) as cycle:
        cycle.feedback("node", "node", input="x")
    any_mode(dag)
    assert ended(dag) == ("max_iterations", "max_iterations=3", 3, False)


def test_cycles_inside_an_iteration_are_entered_in_their_turn(any_mode):
    dag = DAG("nested")
    dag.node(lambda x=0: x + 1, name="outer")
    dag.node(lambda outer, x=0: slowly(x), name="first")
    dag.connect("outer", "first", input="outer")
    dag.node(lambda outer, x=0: x + 1, name="second")
    dag.connect("outer", "second", input="outer")
    dag.node(lambda first, second: first + second, name="sum")
    dag.connect("first", "sum", input="first").connect("second", "sum", input="second")
    with dag.cycle("around", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("sum", "outer", input="x")
    with dag.cycle("slow", max_iterations=3, on_limit="return") as cycle:
        cycle.feedback("first", "first", input="x")
    with dag.cycle("quick", max_iterations=3, on_limit="return", timeout=0.2) as cycle:
        cycle.feedback("second", "second", input="x")
    any_mode(dag)
    assert dag["sum"] == 6
    assert ended(dag, "quick")[0] == "max_iterations"


def test_sequentially_one_ends_before_the_next_begins():
    dag = two_cycles(lambda function: function, lambda x=0: x + 1, lambda x=0: x + 1)
    seen = []
    dag.run(observers=[lambda event: seen.append(event) if event.kind.startswith("cycle_") else None])
    assert [(each.kind, each.cycle) for each in seen] == [
        ("cycle_started", "slow"),
        ("cycle_finished", "slow"),
        ("cycle_started", "quick"),
        ("cycle_finished", "quick"),
    ]
