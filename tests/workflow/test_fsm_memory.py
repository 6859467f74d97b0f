"""Machines that run for long with a history limit keep nothing but that."""

import gc
import tracemalloc

from fast_dag import END, FSM, FSMContext

MOST = 100_000
"""Bytes; a single float for each state would be more."""


def growth(work):
    """By how many bytes doing *work* a second time makes the process grow."""
    work()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        work()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before


def machine(until=None, **options):
    fsm = FSM("long", max_cycles=100_000, history_limit=10, **options)
    fsm.add_state("a", lambda n: n + 1, initial=True, transitions=["b"]).add_state("b", lambda n: n + 1)
    fsm.add_conditional_transition("b", lambda n: END if n == until else "a", targets=["a", END])
    return fsm


def test_many_runs_of_many_states():
    fsm = machine(30_000)

    def work():
        for _ in range(3):
            assert fsm.run(n=0) == 30_000
        assert (fsm.cycle_count, fsm.state_history) == (30_000, ["a", "b"] * 5)

    assert growth(work) < MOST


def test_a_run_through_the_core():
    fsm = machine(4000)
    assert growth(lambda: fsm.run(n=0, observers=[lambda event: None])) < MOST


def test_many_steps():
    fsm, context = machine(), FSMContext()
    fsm.step(context, n=0)

    def work():
        for _ in range(10_000):
            fsm.step(context)

    assert growth(work) < MOST
    assert (context.cycle_count, len(context.cycle_results["a"])) == (20_001, 10)
