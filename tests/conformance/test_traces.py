"""Traces: in every mode what an observer is told, and nothing that holds a run or a value."""

import gc
import weakref
from itertools import pairwise

import pytest

from fast_dag import (
    DAG,
    END,
    FSM,
    NO_DATA,
    Context,
    Converged,
    CyclicWorkflowExecutor,
    FSMReturn,
    RunCancelledError,
    Trace,
)
from fast_dag.cycles import CycleContext
from tests.conformance.modes import SEQUENTIAL, comes_true, seconds_of

UNTOLD = ("time", "duration", "run_id", "worker", "old", "new", "mode")
"""Fields that differ from run to run, or that a trace does not keep."""


def plainly(event):
    """What an event tells, times apart; errors as text."""
    found = {name: getattr(event, name) for name in event.__dataclass_fields__ if name not in UNTOLD}
    if found.get("error") is not None:
        found["error"] = repr(found["error"])
    if event.kind == "node_skipped":
        del found["reason"]  # it is settled when the run is over
    return {**found, "kind": event.kind}


def of_each(events):
    """What is told of each thing by itself: independent steps may come in any order."""
    found = {}
    for told in map(plainly, events):
        found.setdefault(str(told.get("node", told.get("cycle"))), []).append(told)
    return found


def traced(mode, make, *args, **options):
    """The trace of a run, whatever becomes of it, and what an observer of another run was told."""
    seen, context = [], Context()
    seconds_of(mode, make(), *args, observers=[seen.append], **options)
    seconds_of(mode, make(), *args, trace=True, context=context, **options)
    return context.trace, seen


def check(mode, make, *args, **options):
    """That a trace has what an observer is told, alone and beside an observer."""
    trace, seen = traced(mode, make, *args, **options)
    assert of_each(trace.events) == of_each(seen)
    if mode is SEQUENTIAL:
        assert [plainly(event) for event in trace.events] == [plainly(event) for event in seen]
    times = [event.time for event in trace.events]
    assert all(before <= after for before, after in pairwise(times))
    told, context = [], Context()
    seconds_of(mode, make(), *args, trace=True, observers=[told.append], context=context, **options)
    assert [(event.kind, event.time) for event in context.trace.events] == [
        (event.kind, event.time) for event in told
    ]
    assert of_each(context.trace.events) == of_each(told)


def chain(kind):
    dag = DAG("chain")
    first = dag.node(kind(lambda x: x + 1), name="first")
    first >> dag.node(kind(lambda first: first * 2), name="second")
    return dag


def failing(kind):
    dag = DAG("failing")
    dag.node(kind(lambda x: x), name="good") >> dag.node(kind(lambda good: 1 / 0), name="bad")
    dag.connect("bad", dag.node(kind(lambda bad: bad), name="after"))
    return dag


def without_data(kind):
    dag = DAG("nothing")
    dag.node(kind(lambda x: NO_DATA), name="none") >> dag.node(kind(lambda none: none), name="after")
    return dag


def branching(kind):
    dag = DAG("branching")
    dag.condition(kind(lambda x: x > 9), name="check")
    dag.node(kind(lambda value: value), name="yes")
    dag.node(kind(lambda value: value), name="no")
    return dag.connect("check", "yes", output="true").connect("check", "no", output="false")


def retrying(kind):
    dag, calls = DAG("retrying"), []

    def flaky(x):
        calls.append(x)
        if len(calls) < 3:
            raise OSError("not yet")

    dag.node(kind(lambda x: x), name="before")
    dag.node(kind(flaky), name="flaky", retry=3)
    return dag


def nested(kind):
    dag = DAG("outer")
    dag.add_dag("sub", chain(kind)) >> dag.node(kind(lambda sub: sub), name="last")
    return dag


def mapped(kind):
    dag = DAG("mapped")
    dag.map(kind(lambda x: 1 // x), name="each", item_errors="none", max_concurrency=1)
    return dag


DAGS = {
    "chain": (chain, 1),
    "failing": (failing, 1),
    "without data": (without_data, 1),
    "branching": (branching, 1),
    "retrying": (retrying, 1),
    "nested": (nested, 1),
    "mapped": (mapped, [1, 0, 2]),
}
"""Workflows without cycles, and what they are run with."""


@pytest.mark.parametrize("name", DAGS)
def test_a_trace_of_a_dag_has_what_an_observer_is_told(any_mode, kind, name):
    make, value = DAGS[name]
    check(any_mode, lambda: make(kind), {"x": value})


@pytest.mark.parametrize("name", ["failing", "mapped"])
def test_a_trace_of_a_run_that_survives_its_failures_is_complete(any_mode, kind, name):
    make, value = DAGS[name]
    check(any_mode, lambda: make(kind), {"x": value}, error_strategy="continue")


def counting(function, **settings):
    dag = DAG("counting")
    dag.node(function, name="count") >> dag.node(lambda count: count, name="after")
    with dag.cycle("loop", **settings) as cycle:
        cycle.feedback("count", "count", input="n")
    return dag


def at_three(answer):
    """A function that counts, and does something else when it is given 3."""
    return lambda n=0: n + 1 if n < 3 else answer()


def boom():
    raise ValueError("boom")


CYCLES = {
    "to its limit": (lambda n=0: n + 1, {"max_iterations": 3, "on_limit": "return"}),
    "to a condition": (lambda n=0: n + 1, {"convergence_conditions": ["count >= 3"]}),
    "to the second condition": (
        lambda n=0: n + 1,
        {"convergence_conditions": ["count >= 9", lambda results: results["count"] > 2]},
    ),
    "to a condition that fails": (
        lambda n=0: n + 1,
        {"convergence_conditions": ["missing > 3"], "max_iterations": 3},
    ),
    "to a function that fails": (lambda n=0: n + 1, {"convergence_conditions": [lambda results: boom()]}),
    "with a condition before": (lambda n=0: n + 1, {"when": "n < 2"}),
    "with metrics": (
        lambda n=None: {"n": (n or {"n": 0})["n"] + 1, "rate": 0.5, "text": "x"},
        {"max_iterations": 2, "on_limit": "return"},
    ),
    "to a node that fails": (at_three(boom), {"max_iterations": 9}),
    "to nothing to go round with": (at_three(lambda: NO_DATA), {"max_iterations": 9}),
    "to a node that says so": (at_three(lambda: Converged(7)), {"max_iterations": 9}),
    "to its default cap": (lambda n=0: n + 1, {"safety_cap": 3, "convergence_conditions": ["count > 99"]}),
}


@pytest.mark.parametrize("name", CYCLES)
@pytest.mark.filterwarnings("ignore::fast_dag.CycleLimitWarning")
def test_a_trace_of_a_cycle_has_what_an_observer_is_told(any_mode, kind, name):
    function, settings = CYCLES[name]

    def make():
        return counting(kind(function), **settings)

    check(any_mode, make)


def lacking(kind):
    """A cycle whose third iteration lacks what ``read`` takes."""
    dag = DAG("lacking").add_node("give", kind(lambda n=0: {"n": n + 1} if n == 2 else {"n": n + 1, "x": n}))
    dag.node(kind(lambda x: x), name="read")
    dag.node(kind(lambda n, read: n), name="end")
    dag.connect("give", "read", output="x").connect("give", "end", output="n").connect("read", "end")
    with dag.cycle("loop", max_iterations=4, on_limit="return") as cycle:
        cycle.feedback("end", "give", input="n")
    return dag


def test_a_trace_of_a_cycle_in_a_cycle_has_what_an_observer_is_told(any_mode, kind):
    def make():
        dag = DAG("wheels")
        dag.node(kind(lambda n=0: n + 1), name="outer_count")
        dag.node(kind(lambda outer_count, m=0: m + 1), name="inner_count")
        dag.node(kind(lambda inner_count: inner_count), name="end")
        dag.connect("outer_count", "inner_count", input="outer_count").connect("inner_count", "end")
        with dag.cycle("outer", max_iterations=2, on_limit="return") as cycle:
            cycle.feedback("end", "outer_count", input="n")
        with dag.cycle("inner", max_iterations=3, on_limit="return") as cycle:
            cycle.feedback("inner_count", "inner_count", input="m")
        return dag

    check(any_mode, make)


def test_a_trace_of_a_cycle_in_a_workflow_inside_has_what_an_observer_is_told(any_mode, kind):
    def make(function=lambda n=0: n + 1):
        dag = DAG("outer")
        inner = counting(kind(function), max_iterations=5, convergence_conditions=["count >= 3"])
        dag.add_dag("sub", inner) >> dag.node(kind(lambda sub: sub), name="last")
        return dag

    check(any_mode, make)
    check(any_mode, lambda: make(at_three(boom)))
    check(any_mode, lambda: make(lambda n=0: n + 1 if n < 2 else NO_DATA))


def test_a_trace_of_a_cycle_inside_a_cycle_around_it_has_what_an_observer_is_told(any_mode, kind):
    def make():
        dag = DAG("outer").add_node("begin", kind(lambda last=0: last))
        dag.add_dag("sub", counting(kind(lambda n=0: n + 1), max_iterations=2, on_limit="return"))
        dag.node(kind(lambda sub: 0), name="end")
        dag.connect("begin", "sub").connect("sub", "end")
        with dag.cycle("loop", max_iterations=2, on_limit="return") as cycle:
            cycle.feedback("end", "begin", input="last")
        return dag

    check(any_mode, make)


def test_a_trace_of_a_missing_output_in_a_cycle_has_what_an_observer_is_told(any_mode, kind):
    check(any_mode, lambda: lacking(kind))
    check(any_mode, lambda: lacking(kind).set_node_error_handler("read", lambda node, inputs, error: 5))


def test_state_that_nodes_change_is_in_a_trace_without_its_values(any_mode):
    dag = DAG("keeping")

    def keep(ctx: CycleContext, n=0):
        ctx.state["total"] = n
        return n + 1

    dag.node(keep, name="keep")
    with dag.cycle("loop", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("keep", "keep", input="n")
    any_mode(dag, trace=True)
    changes = [each for each in dag.context.trace.events if each.kind == "state_changed"]
    assert [(each.node, each.key, each.old, each.new) for each in changes][-1] == (
        "keep",
        "total",
        None,
        None,
    )


def machine(kind, **options):
    fsm = FSM("countdown", **options)
    fsm.add_state("down", kind(lambda x: x - 1), initial=True, transitions=["check"])
    fsm.add_state("check", kind(lambda x: FSMReturn(value=x, stop=True) if x < 1 else 6 // (x - 2) and x))
    fsm.add_conditional_transition("check", lambda x: "down", targets=["down", END])
    return fsm


@pytest.mark.parametrize("value", [2, 4])
@pytest.mark.parametrize("limit", [None, 2])
def test_a_trace_of_a_machine_has_what_an_observer_is_told(any_mode, kind, value, limit):
    check(any_mode, lambda: machine(kind, history_limit=limit), {"x": value})


def test_a_machine_at_its_cap_has_a_trace(any_mode, kind):
    check(any_mode, lambda: machine(kind, max_cycles=1, on_limit="return"), {"x": 2})


def test_a_run_without_the_option_has_no_trace_and_one_with_it_replaces_none(any_mode):
    dag, context = DAG("one"), Context()
    dag.node(lambda: 1, name="a")
    any_mode(dag, trace=True, context=context)
    assert isinstance(context.trace, Trace)
    assert repr(context.trace) == f"<Trace of 'one', run {context.metadata['run_id']}>"
    any_mode(dag, context=context)
    assert context.trace is None
    assert Context().trace is None


@pytest.mark.parametrize("where", ["dag", "cycle", "machine"])
def test_a_run_that_was_stopped_tells_where_it_was(where):
    context = Context()

    def stop(n=0):
        if n > 1:
            context.cancel("enough")
        return n + 1

    if where == "dag":
        dag = DAG("stopped")
        (
            dag.node(lambda: 2, name="first")
            >> dag.node(stop, name="stop")
            >> dag.node(lambda stop: 1, name="after")
        )
    elif where == "cycle":
        dag = counting(stop, max_iterations=9)
    else:
        dag = FSM("stopped")
        dag.add_state("stop", stop, initial=True)
        dag.add_conditional_transition("stop", lambda n: "stop", targets=["stop", END])
    with pytest.raises(RunCancelledError):
        dag.run(trace=True, context=context)
    last = [each for each in context.trace.events if each.kind.startswith("node_")][-1]
    assert (last.kind, last.node) == ("node_started", "count" if where == "cycle" else "stop")
    assert context.trace.events[-1].status == "cancelled"


class Value:
    """Something that can be watched going."""


def test_a_trace_holds_no_value_and_not_the_run(any_mode, kind):
    values = []

    def make(x=None):
        value = Value()
        values.append(weakref.ref(value))
        return value

    dag = DAG("values")
    dag.node(kind(make), name="make") >> dag.node(kind(lambda make: make), name="pass")
    dag.node(kind(make), name="round")
    with dag.cycle("loop", max_iterations=3, on_limit="return") as cycle:
        cycle.feedback("round", "round", input="x")
    context = Context()
    any_mode(dag, trace=True, context=context)
    trace = context.trace
    del context
    dag.reset()
    assert len(trace.events) > 10
    assert len(values) == 4

    def are_gone():
        gc.collect()
        return not any(each() for each in values)

    # A thread that ends may hold on to what it did last.
    assert comes_true(are_gone)


def test_a_trace_is_there_after_each_way_to_run(any_mode):
    dag = DAG("ways")
    dag.node(lambda: 1, name="a") >> dag.node(lambda a: a, name="b")
    any_mode(dag)
    dag.run_from("b", trace=True)
    assert [each.node for each in dag.context.trace.events if each.kind == "node_started"] == ["b"]
    handle = dag.start(trace=True)
    handle.result(timeout=5)
    assert len(handle.context.trace.events) == 6


def test_a_call_of_an_executor_takes_the_option():
    dag = counting(lambda n=0: n + 1, max_iterations=2, on_limit="return")
    result = CyclicWorkflowExecutor(dag).execute_cycle_sync("loop", trace=True)
    assert [(each.kind, each.iteration, each.status) for each in result.trace] == [
        ("cycle", None, "completed"),
        ("iteration", 0, "completed"),
        ("node", 0, "completed"),
        ("iteration", 1, "completed"),
        ("node", 1, "completed"),
    ]
    assert CyclicWorkflowExecutor(dag).execute_cycle_sync("loop").trace is None


def test_the_option_is_a_bool(any_mode):
    dag = DAG("one")
    dag.node(lambda: 1, name="a")
    with pytest.raises(ValueError, match="trace must be True or False"):
        any_mode(dag, trace="yes")
