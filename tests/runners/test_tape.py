"""What plain loops leave for a trace."""

import itertools
import sys

import pytest

from fast_dag import DAG, END, FSM
from fast_dag.run.traced import Rounds, Rows, States
from fast_dag.runners import cycle_loop, machine_loop, row_loop


def left_by(workflow, *args, **options):
    """The entries of a trace that are no single events."""
    workflow.run(*args, trace=True, **options)
    entries = workflow.context.trace._traced.entries  # noqa: SLF001 - what this is about
    return [each for each in entries if isinstance(each, Rows | Rounds | States)]


def chain(length):
    dag = DAG("chain")
    nodes = [dag.node(lambda x=0: x + 1, name=f"n{number}") for number in range(length)]
    for source, target in itertools.pairwise(nodes):
        source >> target
    return dag


def counting(function=lambda n=0: n + 1, **settings):
    dag = DAG("counting").add_node("count", function)
    with dag.cycle("loop", on_limit="return", **settings) as cycle:
        cycle.feedback("count", "count", input="n")
    return dag


def machine():
    fsm = FSM("down").add_state("down", lambda n: n - 1, initial=True)
    return fsm.add_conditional_transition("down", lambda n: "down" if n else END, targets=["down", END])


def calls_of(loop, run):
    """How often the function that makes a plain loop was called in a run."""
    calls = []

    def profile(frame, event, argument):
        if event == "call" and frame.f_code is loop.__code__:
            calls.append(frame)

    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(None)
    return len(calls)


@pytest.mark.parametrize(
    ("loop", "run"),
    [
        (row_loop.row_loop, lambda **options: chain(3).run(**options)),
        (cycle_loop.cycle_loop, lambda **options: counting(max_iterations=3).run(**options)),
        (machine_loop.machine_loop, lambda **options: machine().run(n=3, **options)),
    ],
    ids=["rows", "cycle", "machine"],
)
def test_a_trace_leaves_plain_loops_in_use(loop, run):
    assert calls_of(loop, lambda: run(trace=True)) == 1


def test_rows_leave_their_times_and_nothing_else():
    (rows,) = left_by(chain(3))
    assert list(rows.names) == ["n0", "n1", "n2"]
    assert len(rows.stamps) == 4
    assert list(rows.stamps) == sorted(rows.stamps)
    assert rows.begun == 3


def test_rounds_leave_a_time_for_each_node_and_scalars_for_each_round():
    (rounds,) = left_by(counting(max_iterations=3))
    assert len(rounds.ticks) == 4
    assert (rounds.completed, rounds.given, rounds.samples) == (3, [1, 2, 3], {})
    assert rounds.begun == -1


def test_values_that_may_change_are_looked_through_at_once():
    (rounds,) = left_by(counting(lambda n=None: {"n": 1, "rest": [1]}, max_iterations=2))
    assert rounds.given == [None, None]
    assert [each.metrics for each in rounds.samples.values()] == [{"n": 1}] * 2


def test_what_conditions_said_is_left_beside_it():
    dag = DAG("counting").add_node("count", lambda n=0: n + 1)
    with dag.cycle("loop", convergence_conditions=["count >= 2"]) as cycle:
        cycle.feedback("count", "count", input="n")
    (rounds,) = left_by(dag)
    assert [each.checked for each in rounds.samples.values()] == [
        (("count >= 2", False),),
        (("count >= 2", True),),
    ]


def test_states_leave_their_names_and_times():
    (states,) = left_by(machine(), n=3)
    assert list(states.names) == ["down"] * 3
    assert (len(states.stamps), states.begun, states.due) == (4, 3, None)


def test_a_machine_that_forgets_leaves_single_events():
    fsm = machine()
    fsm.history_limit = 1
    assert left_by(fsm, n=3) == []
    assert len(fsm.context.trace.events) == 2 + 3 * 2 + 2
