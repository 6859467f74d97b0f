"""What a cycle holds on to does not depend on how often it goes round."""

import gc
import tracemalloc

import pytest

from fast_dag import DAG
from fast_dag.cycles import CycleContext

EARLY, LATE = 300, 700


def growth(make, **options):
    """Bytes held at a late iteration beyond those at an early one, in a cycle of what *make* gives."""
    sizes, dag = {}, DAG("memory")

    def look(index):
        if index in (EARLY, LATE):
            gc.collect()
            sizes[index] = tracemalloc.get_traced_memory()[0]

    dag.node(make(look), name="count")
    limits = {"max_iterations": LATE + 1, "history_limit": 3, "metric_history_limit": 10}
    with dag.cycle("loop", convergence_check="count < 0", on_limit="return", **limits) as cycle:
        cycle.feedback("count", "count", input="n")
    tracemalloc.start()
    try:
        dag.run(**options)
    finally:
        tracemalloc.stop()
    return sizes[LATE] - sizes[EARLY]


def plain(look):
    def count(n=0.5):
        look(int(n))
        return n + 1

    return count


def with_state(look):
    def count(ctx: CycleContext, n=0.5):
        ctx.accumulate("seen", ctx.index, max_history=20)
        ctx.state["last"] = n
        look(ctx.index)
        return n + 1

    return count


@pytest.mark.parametrize(
    ("make", "options"),
    [(plain, {}), (plain, {"observers": [lambda event: None]}), (with_state, {})],
    ids=["plain loop", "core", "state"],
)
def test_memory_does_not_grow_with_iterations_where_histories_are_bounded(make, options):
    assert growth(make, **options) < 1000


@pytest.mark.parametrize("settings", [{}, {"until": "fixed_point"}, {"emit": "last"}])
@pytest.mark.parametrize("options", [{}, {"mode": "parallel"}, {"observers": [lambda event: None]}])
def test_an_iteration_holds_no_more_in_a_late_round_than_in_an_early_one(options, settings):
    sizes, dag = {}, DAG("memory")

    def count(x):
        if x in (EARLY, LATE):
            gc.collect()
            sizes[x] = tracemalloc.get_traced_memory()[0]
        return x + 1

    dag.iterate(count, max_rounds=LATE + 1, **settings)
    tracemalloc.start()
    try:
        dag.run({"x": 0}, **options)
    finally:
        tracemalloc.stop()
    assert sizes[LATE] - sizes[EARLY] < 4_000
