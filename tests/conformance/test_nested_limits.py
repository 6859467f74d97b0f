"""Nested workflows of many levels, with few workers, watched, edited, run in part, run at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fast_dag import DAG, Context, ValidationError
from tests.conformance.modes import PARALLEL, SEQUENTIAL, raised_by


def levels(count, node=lambda x: x + 1, **settings):
    """That many DAGs, each a node of the next, around one *node*."""
    dag = DAG("level 0")
    dag.node(node, name="node")
    for number in range(1, count + 1):
        outer = DAG(f"level {number}")
        outer.add_dag("in", dag, **settings)
        dag = outer
    return dag


def innermost(dag):
    """The workflow that is as deep inside as possible."""
    while nested := dag.get_nested_workflows():
        dag = nested["in"]
    return dag


class Gauge:
    """Counts how many calls are at work at once."""

    def __init__(self):
        self.now = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, *values):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        threading.Event().wait(0.001)
        with self.lock:
            self.now -= 1
        return len(values)


def crowd(gauge, depth):
    """Three nested DAGs at each of some levels, and three plain nodes."""
    dag = DAG(f"crowd {depth}")
    for number in range(3):
        dag.node(lambda: gauge(), name=f"node{number}")
        if depth:
            dag.add_dag(f"sub{number}", crowd(gauge, depth - 1))
    return dag


def test_300_levels_need_no_recursion(any_mode, kind):
    assert any_mode(levels(300, kind(lambda x: x + 1)), x=1) == 2


def test_2000_levels_need_no_recursion():
    dag = levels(2000)
    assert SEQUENTIAL(dag, x=1) == 2
    assert dag.get_nested_depth() == 2000
    assert dag.is_valid


def test_a_failure_300_levels_down_comes_out_with_its_path(any_mode):
    cleaned, dag = [], levels(300, lambda x: 1 / x)
    innermost(dag).set_node_hooks("node", cleanup=cleaned.append)
    error = raised_by(any_mode, dag, x=0)
    assert isinstance(error, ZeroDivisionError)
    assert error.node_name == "in." * 300 + "node"
    assert len(cleaned) == 1


def test_a_failure_2000_levels_down_comes_out_soon():
    dag = levels(2000, lambda x: 1 / x, error_strategy="continue_none", retry=1)
    assert SEQUENTIAL(dag, x=0) is None
    dag = levels(2000, lambda x: 1 / x)
    assert raised_by(SEQUENTIAL, dag, x=0).node_name == "in." * 2000 + "node"


def test_a_run_of_300_levels_can_be_cancelled(any_mode):
    dag, context = levels(300, lambda x, context: context.cancel()), Context()
    raised_by(any_mode, dag, x=1, context=context)
    inner = context
    while inner.nested:
        inner = inner.nested["in"]
        assert inner.metadata["execution_status"] == "cancelled"


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_all_levels_share_the_workers(concurrent_mode, workers):
    gauge = Gauge()
    concurrent_mode(crowd(gauge, depth=2), max_workers=workers)
    assert gauge.most <= workers


def test_a_single_worker_is_enough_for_maps_of_nested_maps(any_mode, kind):
    inner, middle, outer = DAG("inner"), DAG("middle"), DAG("outer")
    inner.node(kind(lambda item: item + 1), name="plus")
    middle.add_dag("each", inner, map="item", inputs={"item": "item"})
    outer.add_dag("rows", middle, map="row", inputs={"row": "item"})
    assert any_mode(outer, row=[[1, 2], [], [3]], max_workers=1) == [[2, 3], [], [4]]


def test_sync_and_async_nodes_of_all_levels_are_at_work_together(concurrent_mode):
    barrier = threading.Barrier(3, timeout=5)
    dag = levels(2, lambda: barrier.wait() >= 0)
    dag.node(lambda: barrier.wait() >= 0, name="outside")
    dag.add_dag("another", levels(1, lambda: barrier.wait() >= 0))
    assert concurrent_mode(dag, max_workers=3) is True


def test_a_sequential_run_finishes_a_nested_node_before_what_comes_after(kind):
    order, inner, outer = [], DAG("inner"), DAG("outer")
    for dag, prefix in ((inner, "inner"), (outer, "outer")):
        dag.node(kind(lambda prefix=prefix: order.append(f"{prefix} first")), name="first", inputs=[])
        if dag is outer:
            dag.add_dag("sub", inner)
        dag.node(kind(lambda prefix=prefix: order.append(f"{prefix} last")), name="last", inputs=[])
    SEQUENTIAL(outer)
    assert order == ["outer first", "inner first", "inner last", "outer last"]


def test_events_and_progress_carry_dotted_names(any_mode, kind):
    events, told = [], []
    dag = levels(2, kind(lambda x: x))
    any_mode(dag, x=1, observers=[events.append], progress=lambda *about: told.append(about))
    about = [(each.kind, each.node) for each in events if each.kind.startswith("node_")]
    names = ["in", "in.in", "in.in.node"]
    assert about == [
        *(("node_started", name) for name in names),
        *(("node_finished", name) for name in reversed(names)),
    ]
    assert [each.kind for each in events].count("run_started") == 1
    assert {each.workflow for each in events} == {"level 2"}
    assert [name for name, *_ in told] == [*names, *reversed(names)]
    shares = [share for *_, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_workflow_that_contains_itself_is_never_run(any_mode):
    calls = []
    alone, one, other = DAG("alone"), DAG("one"), DAG("other")
    for dag in (alone, one, other):
        dag.node(lambda: calls.append(1), name="node")
    alone.add_dag("again", alone)
    one.add_dag("other", other)
    other.add_dag("one", one)
    for dag, ring in ((alone, "alone -> alone"), (one, "one -> other -> one")):
        error = raised_by(any_mode, dag)
        assert isinstance(error, ValidationError)
        assert ring in str(error)
    assert calls == []


def test_a_wrong_definition_inside_is_told_before_anything_runs(any_mode):
    calls, inner, middle, outer = [], DAG("inner"), DAG("middle"), DAG("outer")
    inner.node(lambda b: b, name="a") >> inner.node(lambda a: a, name="b") >> inner.get_node("a")
    outer.node(lambda: calls.append(1), name="first")
    middle.add_dag("inner", inner)
    outer.add_dag("middle", middle)
    error = raised_by(any_mode, outer)
    assert isinstance(error, ValidationError)
    assert "in 'middle.inner': nodes form a cycle" in str(error)
    assert calls == []


def test_an_input_inside_that_is_no_port_and_has_no_value_is_told_before_anything_runs(any_mode):
    calls, inner, outer = [], DAG("inner"), DAG("outer")
    inner.node(lambda x, y: (x, y), name="both")
    outer.node(lambda: calls.append(1), name="first")
    outer.add_dag("sub", inner, inputs=["x"])
    assert "'y' of 'both' inside 'sub'" in str(raised_by(any_mode, outer, x=1))
    assert calls == []


def test_an_edit_of_the_inner_workflow_counts_from_the_next_run_on(any_mode):
    inner, outer = DAG("inner"), DAG("outer")

    def edit(x):
        inner.replace_node("last", lambda edit, extra=1: edit + extra)
        return x

    inner.node(edit) >> inner.node(lambda edit: -edit, name="last")
    outer.node(lambda: 5, name="x") >> outer.add_dag("sub", inner)
    assert any_mode(outer) == -5
    assert any_mode(outer, extra=10) == 15


def test_part_of_a_workflow_with_nested_nodes_can_be_run():
    outer = DAG("outer")
    last = outer.node(lambda sub: -sub, name="last")
    outer.node(lambda: 1, name="x") >> outer.add_dag("sub", levels(1)) >> last
    assert outer.run_until("sub") == 2
    assert dict(outer.context.nested) != {}
    assert outer.run_from("last") == -2
    assert outer.run_between("sub", "last", x=10) == -11
    assert outer.run_node("sub", {"x": 7}) == 8
    assert outer["sub.in.node"] == 8


@pytest.mark.parametrize("mode", [SEQUENTIAL, PARALLEL], ids=str)
def test_two_runs_at_once_never_see_each_others_values(mode):
    dag = levels(3)

    def runs(first):
        for x in range(first, first + 20):
            context = Context()
            assert mode(dag, x=x, context=context) == x + 1
            assert context["in.in.in.node"] == x + 1

    with ThreadPoolExecutor(4) as executor:
        for future in [executor.submit(runs, index * 100) for index in range(4)]:
            future.result()
