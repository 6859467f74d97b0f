"""Machines in every mode: workflows as states, and machines as nodes."""

import pytest

from fast_dag import (
    DAG,
    END,
    FSM,
    FSMContext,
    FSMReturn,
    MaxIterationsError,
    RouterError,
    UnknownNodeError,
    ValidationError,
)
from tests.conformance.modes import raised_by


def counting(kind, until=3, **options):
    """A machine of one state that counts, with the open input n."""
    fsm = FSM("counting", **options)
    fsm.add_state("count", kind(lambda n: n + 1), initial=True)
    fsm.add_conditional_transition("count", lambda n: END if n >= until else "count", targets=["count", END])
    return fsm


def adding(kind):
    """A DAG of two nodes, with the open inputs n and plus."""
    dag = DAG("adding")
    first = dag.node(kind(lambda n, plus=1: n + plus), name="first")
    first >> dag.node(kind(lambda first: first * 10), name="last")
    return dag


def test_a_machine_is_a_node_of_a_dag(any_mode, kind):
    dag = DAG("outer")
    start = dag.node(kind(lambda: 0), name="start")
    machine = dag.add_fsm("m", counting(kind))
    end = dag.node(kind(lambda m: m * 100), name="end")
    start >> machine >> end
    assert any_mode(dag) == 300
    assert (dag["m"], dag["m.count"], dag["m.count.0"], dag["m.count.2"]) == (3, 3, 1, 3)
    inner = dag.context.nested["m"]
    assert isinstance(inner, FSMContext)
    assert (inner.state_history, inner.is_terminated) == (["count"] * 3, True)
    assert dag.get_result("m.count.3", "none") == "none"
    with pytest.raises(KeyError, match="'count' ran 3 times"):
        dag["m.count.3"]
    with pytest.raises(UnknownNodeError, match="no node 'discount' in 'counting'"):
        dag["m.discount.0"]


def test_several_machines_run_at_once(any_mode, kind):
    dag, machine = DAG("outer"), counting(kind, until=20)
    for place in range(3):
        dag.add_fsm(f"m{place}", machine, inputs={f"n{place}": "n"})
    any_mode(dag, n0=0, n1=5, n2=10)
    assert [len(dag.context.nested[f"m{place}"].state_history) for place in range(3)] == [20, 15, 10]


def test_a_dag_is_a_state(any_mode, kind):
    fsm = FSM("outer")
    fsm.add_dag("add", adding(kind), initial=True)
    fsm.add_conditional_transition("add", lambda n: END if n > 50 else "add", targets=["add", END])
    assert any_mode(fsm, n=0, plus=2) == 220
    assert (fsm["add"], fsm["add.0"], fsm["add.1"], fsm["add.first"]) == (220, 20, 220, 22)
    assert fsm.state_history == ["add", "add"]


def test_a_machine_is_a_state(any_mode, kind):
    fsm = FSM("outer")
    fsm.add_fsm("m", counting(kind), initial=True, transitions=["last"])
    fsm.add_state("last", kind(lambda n: n * 10), terminal=True)
    assert any_mode(fsm, n=0) == 30
    assert (fsm["m"], fsm["m.0"], fsm["m.count"], fsm["m.count.1"]) == (3, 3, 3, 2)
    with pytest.raises(KeyError, match="'m' ran 1 time"):
        fsm["m.1"]
    with pytest.raises(KeyError, match="'count' ran 3 times"):
        fsm["m.count.5"]


def test_a_state_inside_a_machine_inside_a_machine_is_named_by_its_path(any_mode, kind):
    inner = FSM("inner")
    inner.add_state("bad", kind(lambda: {}["missing"]), initial=True, terminal=True)
    middle = FSM("middle").add_state("first", kind(lambda: 1), initial=True, transitions=["sub"])
    middle.add_fsm("sub", inner, terminal=True)
    outer = DAG("outer")
    outer.add_fsm("m", middle)
    error = raised_by(any_mode, outer)
    assert isinstance(error, KeyError)
    assert error.node_name == "m.sub.bad"
    assert (outer["m.first"], outer.context.nested["m"].current_state) == (1, "sub")


def test_errors_about_what_comes_next_are_named_by_their_path_too(any_mode, kind):
    inner = counting(kind)
    outer = DAG("outer")
    outer.add_fsm("m", inner)
    inner.machine.routers.clear()
    inner.add_conditional_transition("count", lambda n: "nowhere", targets=["count", END])
    error = raised_by(any_mode, outer, n=0)
    assert isinstance(error, RouterError)
    assert (error.node_name, error.returned, error.targets) == ("m.count", "nowhere", ("count", END))


def test_the_cap_of_a_machine_inside_is_its_own(any_mode, kind):
    outer = FSM("outer", max_cycles=2)
    outer.add_fsm("m", counting(kind, until=50, max_cycles=10), initial=True, terminal=True)
    error = raised_by(any_mode, outer, n=0)
    assert isinstance(error, MaxIterationsError)
    assert (error.node_name, error.last_node, error.max_iterations) == ("m.count", "count", 10)


def test_settings_of_the_node_are_about_the_whole_run_inside(any_mode, kind):
    starts = []

    def flaky(n):
        starts.append(n)
        if len(starts) < 3:
            raise OSError("not yet")
        return n + 1

    inner = FSM("inner").add_state("flaky", kind(flaky), initial=True, terminal=True)
    outer = FSM("outer")
    outer.add_fsm("m", inner, initial=True, terminal=True, retry=3)
    assert any_mode(outer, n=4) == 5
    assert starts == [4, 4, 4]


def test_results_of_states_may_be_the_outputs_of_a_machine(any_mode, kind):
    inner = FSM("inner")
    inner.add_state("a", kind(lambda n: n + 1), initial=True, transitions=["b"])
    inner.add_state("b", kind(lambda n: n * 2), terminal=True)
    outer = DAG("outer")
    machine = outer.add_fsm("m", inner, outputs=["a", "b"])
    last = outer.node(kind(lambda a, b: (a, b)), name="last")
    outer.connect(machine, last, output="a", input="a").connect(machine, last, output="b", input="b")
    assert any_mode(outer, n=1) == (2, 4)


def test_a_state_may_go_on_from_a_workflow_by_a_router_only(any_mode, kind):
    fsm = FSM("outer")
    fsm.add_dag("add", adding(kind), initial=True, transitions=["one", "two"])
    fsm.add_state("one", kind(lambda n: ("one", n)), terminal=True)
    fsm.add_state("two", kind(lambda n: ("two", n)), terminal=True)
    assert isinstance(raised_by(any_mode, fsm, n=0), RouterError)
    fsm.add_conditional_transition("add", lambda n: "one" if n < 50 else "two", targets=["one", "two"])
    assert any_mode(fsm, n=0) == ("one", 10)
    assert any_mode(fsm, n=9) == ("two", 100)


def test_a_machine_inside_begins_anew_each_time(any_mode, kind):
    outer = FSM("outer")
    outer.add_fsm("m", counting(kind), initial=True)
    outer.add_state("back", kind(lambda n: FSMReturn("m", 0)), transitions=["m", END])
    outer.add_conditional_transition(
        "m", lambda n, context: END if context.cycle_count == 4 else "back", targets=["back", END]
    )
    assert any_mode(outer, n=1) == 3
    assert outer.cycle_results["m"] == [3, 3, 3]
    assert outer.context.nested["m"].cycle_count == 3


def test_a_machine_has_nothing_to_continue_with_inside_either(kind):
    for outer in (DAG("outer"), FSM("outer")):
        with pytest.raises(ValidationError, match="nothing to continue with"):
            outer.add_fsm("m", counting(kind), error_strategy="continue")


def test_what_is_wrong_inside_is_found_before_anything_runs(any_mode, kind):
    inner = FSM("inner").add_state("a", kind(lambda n: n), initial=True, transitions=["a"])
    outer = DAG("outer")
    outer.add_fsm("m", inner)
    error = raised_by(any_mode, outer, n=0)
    assert type(error).__name__ == "CycleExitError"
    assert "in 'm': self-loop detected" in str(error)
