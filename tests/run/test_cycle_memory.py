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
