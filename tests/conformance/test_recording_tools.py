"""What a debugger and a profiler record is the same in every mode."""

import pytest

from fast_dag import DAG, END, FSM, CycleDebugger, CycleProfiler
from fast_dag.cycles import CycleContext
from tests.conformance.modes import SEQUENTIAL


def halving(kind):
    """A cycle with a state, a condition, two nodes at once, and nodes before and behind it."""
    dag = DAG("halving")

    def step(load, ctx: CycleContext, at=0.0):
        ctx.state["last"] = at
        ctx.shared["best"] = at
        return at + (load - at) / 2

    dag.node(kind(lambda: 8.0), name="load")
    dag.node(kind(step), name="step")
    dag.node(kind(lambda step: {"miss": 8.0 - step}), name="miss")
    dag.node(kind(lambda step: {"sum": step + 8.0}), name="total")
    dag.node(kind(lambda miss, total: total["sum"] - 8.0 + 0 * miss["miss"]), name="both")
    dag.node(kind(lambda both: both), name="report")
    dag.connect("load", "step", input="load").connect("step", "miss").connect("step", "total")
    dag.connect("miss", "both", input="miss").connect("total", "both", input="total").connect(
        "both", "report"
    )
    with dag.cycle("fit", max_iterations=20, convergence_check="miss < 0.3") as cycle:
        cycle.feedback("both", "step", input="at")
    return dag


def two_cycles(kind):
    """Two cycles that may be under way at once."""
    dag = DAG("two")
    for name, step in (("fives", 5), ("ones", 1)):
        dag.node(kind(lambda value=0, step=step: value + step), name=name)
        with dag.cycle(f"by {step}", max_iterations=4) as cycle:
            cycle.feedback(name, name, input="value")
    return dag


def nested(kind):
    dag = DAG("nested")
    dag.node(kind(lambda x=0: x), name="outer")
    dag.node(kind(lambda outer, y=0: outer + y + 1), name="inner")
    dag.node(kind(lambda inner: inner), name="end")
    dag.connect("outer", "inner", input="outer").connect("inner", "end")
    with dag.cycle("around", max_iterations=2) as cycle:
        cycle.feedback("end", "outer", input="x")
    with dag.cycle("within", max_iterations=3) as cycle:
        cycle.feedback("inner", "inner", input="y")
    return dag


def held(kind):
    """A workflow with a cycle of its own inside a node of a cycle."""
    inner = DAG("inner")
    inner.node(kind(lambda value=0: value + 1), name="count")
    with inner.cycle("inside", max_iterations=2) as cycle:
        cycle.feedback("count", "count", input="value")
    dag = DAG("outer")
    dag.add_dag("nest", inner)
    dag.node(kind(lambda nest: nest), name="after")
    dag.connect("nest", "after")
    with dag.cycle("loop", max_iterations=2) as cycle:
        cycle.feedback("after", "nest", input="value")
    return dag


def mapped(kind):
    """A workflow with a cycle that runs for several elements at once, inside a cycle."""
    inner = DAG("inner")
    inner.node(kind(lambda item, value=0: value + item), name="add")
    with inner.cycle("inside", max_iterations=2) as cycle:
        cycle.feedback("add", "add", input="value")
    dag = DAG("outer")
    dag.node(kind(lambda total=1: [total, total + 1, total + 2]), name="numbers")
    dag.add_dag("each", inner, inputs=["item"], map="item")
    dag.node(kind(sum), name="total")
    dag.connect("numbers", "each", input="item").connect("each", "total")
    with dag.cycle("loop", max_iterations=2) as cycle:
        cycle.feedback("total", "numbers", input="total")
    return dag


def machine(kind):
    fsm = FSM("countdown")
    fsm.add_state("down", kind(lambda n=3: n - 1), initial=True)
    fsm.add_conditional_transition("down", lambda n: "down" if n else END, targets=["down", END])
    return fsm


def chain(kind):
    dag = DAG("chain")
    dag.node(kind(lambda: 1), name="first") >> dag.node(kind(lambda first: first + 1), name="second")
    return dag


def flaky(kind):
    """Fails in its second and third iteration."""
    dag, calls = DAG("flaky"), []

    def count(value=0):
        calls.append(value)
        if len(calls) in (2, 3):
            raise ValueError(f"broken {len(calls)}")
        return value + 1

    dag.node(kind(count), name="count")
    with dag.cycle("loop", max_iterations=5) as cycle:
        cycle.feedback("count", "count", input="value")
    return dag


def recorded(found):
    """All that a debugger keeps but the times, each cycle by itself: two may run at once."""
    return {
        (each.cycle, each.path, each.iteration): (
            each.status,
            each.errors,
            each.metrics,
            each.convergence,
            each.state_changes,
            sorted(map(told, each.node_executions)),
        )
        for each in found.iteration_details
    } | {"outside": sorted(map(told, found.outside))}


def told(node):
    if node.node_name.startswith("each."):
        # Which element it belongs to cannot be told.
        return (node.node_name, node.attempt, node.status, "")
    about = (node.inputs, node.outputs, node.state_changes, node.error)
    return (node.node_name, node.attempt, node.status, repr(about))


WORKFLOWS = [halving, two_cycles, nested, held, mapped, machine, chain, flaky]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda each: each.__name__)
def test_a_debugger_records_what_it_records_of_a_sequential_run(any_mode, kind, workflow):
    expected, found = (CycleDebugger(continue_on_errors=True) for _ in range(2))
    SEQUENTIAL(workflow(kind), observers=[expected])
    any_mode(workflow(kind), observers=[found])
    assert recorded(found.analyze_execution()) == recorded(expected.analyze_execution())
    assert found.analyze_execution().total_iterations == expected.analyze_execution().total_iterations
    assert found.analyze_execution().convergence_trend == expected.analyze_execution().convergence_trend


@pytest.mark.parametrize("workflow", WORKFLOWS[:-1], ids=lambda each: each.__name__)
def test_a_profiler_counts_what_it_counts_in_a_sequential_run(any_mode, kind, workflow):
    def counted(profiler):
        found = profiler.generate_analysis()
        calls = {each.node: each.calls for each in found.hotspots}
        return found.cycle, found.reason, found.iterations, found.metrics, calls, found.unavailable

    expected, found = CycleProfiler(), CycleProfiler()
    SEQUENTIAL(workflow(kind), observers=[expected])
    any_mode(workflow(kind), observers=[found])
    assert counted(found) == counted(expected)


def test_a_failing_run_leaves_the_record_of_what_there_was(any_mode, kind):
    debugger = CycleDebugger()
    with pytest.raises(ValueError, match="broken 2"):
        any_mode(flaky(kind), observers=[debugger])
    found = debugger.analyze_execution()
    assert [(each.status, each.errors) for each in found.iteration_details] == [
        ("completed", []),
        ("failed", ["count: ValueError: broken 2"]),
    ]


def test_a_cycle_goes_on_after_failures_where_that_is_wanted(any_mode, kind):
    debugger, dag = CycleDebugger(continue_on_errors=True), flaky(kind)
    any_mode(dag, observers=[debugger])
    result = dag.context.metadata["cycles"]["loop"]
    assert (result.total_iterations, result.outputs["count"], result.debug) == (5, 3, debugger)
    assert debugger.analyze_execution().failed_iterations == 2
