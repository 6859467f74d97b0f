"""What observers are told of cycles and machines: which events, in which order, with what in them."""

import pytest

from fast_dag import DAG, END, FSM, FSMReturn, events
from fast_dag.cycles import CycleContext, CyclicWorkflowExecutor, FileStateStore


def seen_by(any_mode, dag, *args, **options):
    """The events of a run that ends well, and its value."""
    seen = []
    any_mode(dag, *args, observers=[seen.append], **options)
    return seen


def counting(kind, **settings):
    """``count`` adds one until a setting says that it is enough; ``report`` is behind it."""
    dag = DAG("counting")
    dag.node(kind(lambda n=0: n + 1), name="count") >> dag.node(kind(lambda count: count), name="report")
    with dag.cycle("loop", **settings) as cycle:
        cycle.feedback("count", "count", input="n")
    return dag


def told(seen, *kinds):
    return [event for event in seen if event.kind in kinds]


def test_a_cycle_is_told_from_its_start_to_its_end_before_what_is_behind_it(any_mode, kind):
    seen = seen_by(any_mode, counting(kind, max_iterations=2, on_limit="return"))
    assert [event.kind for event in seen] == [
        "run_started",
        "cycle_started",
        *["iteration_started", "node_started", "node_finished", "iteration_finished"] * 2,
        "cycle_finished",
        "node_started",
        "node_finished",
        "run_finished",
    ]


def test_the_end_of_a_cycle_tells_why(any_mode, kind):
    seen = seen_by(any_mode, counting(kind, max_iterations=9, convergence_conditions=["count >= 3"]))
    (last,) = told(seen, "cycle_finished")
    assert (last.cycle, last.reason, last.detail, last.iterations) == ("loop", "converged", "count >= 3", 3)
    assert last.verdict == "converged"
    assert last.duration >= 0


def test_iterations_are_told_with_their_index_and_metrics(any_mode, kind):
    seen = seen_by(any_mode, counting(kind, max_iterations=3, on_limit="return"))
    assert [event.index for event in told(seen, "iteration_started")] == [0, 1, 2]
    finished = told(seen, "iteration_finished")
    assert [(event.index, event.metrics, event.status) for event in finished] == [
        (index, {"count": index + 1}, "completed") for index in range(3)
    ]


@pytest.mark.parametrize("is_iteration", [False, True])
@pytest.mark.parametrize("rule", ["fixed_point", "is_large"])
def test_a_rule_is_told_by_its_name_with_what_it_said(any_mode, kind, rule, is_iteration):
    def is_large(prev, cur):
        return cur >= 3

    settings = {"until": kind(is_large) if rule == "is_large" else rule}
    dag = counting(kind, max_iterations=9, **settings)
    if rule == "fixed_point":
        dag.replace_node("count", kind(lambda n=0: min(n + 1, 2)))
    if is_iteration:
        body = DAG("body").add_node("count", dag.nodes["count"].func)
        dag = DAG("around")
        dag.iterate("loop", body, seed="n", feedback="n", output="count", max_rounds=9, **settings)
    inputs = {"seed": 0} if is_iteration else {}
    checked = told(seen_by(any_mode, dag, **inputs), "condition_checked")
    expected = [(rule, index, index == 2) for index in range(3)]
    assert [(event.condition, event.index, event.result) for event in checked] == expected
    any_mode(dag, trace=True, **inputs)
    checked = told(dag.context.trace.events, "condition_checked")
    assert [(event.condition, event.index, event.result) for event in checked] == expected


def test_a_condition_is_told_once_an_iteration_with_what_it_said(any_mode, kind):
    settings = {"convergence_conditions": ["count >= 3", lambda results: results["count"] > 9]}
    checked = told(seen_by(any_mode, counting(kind, **settings)), "condition_checked")
    said = [(event.index, event.result) for event in checked if event.condition == "count >= 3"]
    assert said == [(0, False), (1, False), (2, True)]
    # What comes after one that held is not asked.
    assert len(checked) == 5


def test_a_condition_on_inputs_is_told_before_each_iteration(any_mode, kind):
    seen = seen_by(any_mode, counting(kind, when="n < 2"))
    assert [(event.condition, event.result) for event in told(seen, "condition_checked")] == [
        ("n < 2", True),
        ("n < 2", True),
        ("n < 2", False),
    ]
    assert told(seen, "cycle_finished")[0].reason == "exit"


def test_state_that_nodes_change_is_told_with_what_it_was(any_mode):
    dag = DAG("keeping")

    @dag.node
    def keep(ctx: CycleContext, n: int = 0) -> int:
        ctx.state["n"] = n
        ctx.shared["sum"] = ctx.shared.get("sum", 0) + n
        return n + 1

    dag.feedback("keep", "keep", input="n", cycle="loop")
    dag.cycle("loop", max_iterations=2, on_limit="return").build()
    changes = told(seen_by(any_mode, dag), "state_changed")
    assert [(event.index, event.node, event.key, event.old, event.new) for event in changes] == [
        (0, "keep", "n", None, 0),
        (0, "", "sum", None, 0),
        (1, "keep", "n", 0, 1),
        (1, "", "sum", 0, 1),
    ]


def test_the_events_of_an_inner_cycle_tell_the_iteration_of_the_outer_one(any_mode, kind):
    dag = DAG("nested")
    dag.node(kind(lambda x=0: x), name="begin") >> dag.node(kind(lambda begin: begin + 1), name="work")
    dag.connect("work", dag.node(kind(lambda work: work), name="end"))
    dag.feedback("work", "work", cycle="inner").feedback("end", "begin", input="x", cycle="outer")
    dag.cycle("inner", max_iterations=2, on_limit="return").build()
    dag.cycle("outer", max_iterations=2, on_limit="return").build()
    seen = seen_by(any_mode, dag)
    inner = [event for event in seen if isinstance(event, events.CycleEvent) and event.cycle == "inner"]
    assert [(event.iteration, event.index) for event in told(inner, "iteration_started")] == [
        ((0,), 0),
        ((0,), 1),
        ((1,), 0),
        ((1,), 1),
    ]
    assert len(told(inner, "cycle_started")) == len(told(inner, "cycle_finished")) == 2


def test_a_cycle_inside_a_nested_workflow_is_told_under_the_name_of_its_node(any_mode, kind):
    inner = counting(kind, max_iterations=1, on_limit="return")
    dag = DAG("outer")
    dag.add_dag("inside", inner)
    assert {event.cycle for event in told(seen_by(any_mode, dag), "cycle_started")} == {"inside.loop"}


def test_a_cycle_that_a_failure_ends_is_told_to_have_ended(any_mode, kind):
    dag = counting(kind, max_iterations=5)
    dag.node(kind(lambda count: 1 // (2 - count)), name="bad")
    dag.connect("count", "bad").feedback("bad", "count", cycle="loop", signal=True)
    seen = []
    with pytest.raises(ZeroDivisionError):
        any_mode(dag, observers=[seen.append])
    (last,) = told(seen, "cycle_finished")
    assert (last.reason, last.iterations) == ("error", 1)
    assert seen[-1].kind == "run_finished"


def test_a_checkpoint_is_told_when_it_has_been_written(tmp_path, kind):
    dag = counting(kind, max_iterations=4, on_limit="return")
    seen = []
    executor = CyclicWorkflowExecutor(
        dag, state_persistence=True, state_store=FileStateStore(tmp_path), checkpoint_every=2
    )
    executor.execute_cycle_sync("loop", observers=[seen.append])
    saved = told(seen, "checkpoint_saved")
    assert [(event.cycle, event.iterations) for event in saved] == [("loop", 2), ("loop", 4)]


def test_a_machine_tells_its_transitions_and_no_end(any_mode, kind):
    fsm = FSM("light")
    fsm.add_state("red", kind(lambda: FSMReturn("green")), initial=True, transitions=["green"])
    fsm.add_state("green", kind(lambda: FSMReturn(END)), transitions=[END])
    found = told(seen_by(any_mode, fsm), "transition")
    assert [(event.source, event.target) for event in found] == [("red", "green")]


def test_the_iteration_of_a_node_begins_with_that_of_the_outermost_cycle(any_mode, kind):
    dag = DAG("nested").add_node("lead", kind(lambda last=0: last))
    dag.node(kind(lambda lead, value=0: value + 1), name="hold")
    dag.connect("lead", "hold").feedback("hold", "hold", input="value", cycle="declared first")
    dag.feedback("hold", "lead", cycle="around it")
    for name, most in (("declared first", 3), ("around it", 2)):
        with dag.cycle(name, max_iterations=most, on_limit="return"):
            pass
    seen = [event.iteration for event in seen_by(any_mode, dag) if getattr(event, "node", None) == "hold"]
    assert seen[::2] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_what_lies_inside_a_node_tells_the_iterations_around_that_node(any_mode, kind):
    dag = DAG("outer")
    dag.node(kind(lambda last=0: last), name="begin")
    dag.add_dag("inside", counting(kind, max_iterations=2, on_limit="return"))
    dag.node(kind(lambda inside: 0), name="end")
    dag.connect("begin", "inside").connect("inside", "end")
    with dag.cycle("loop", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("end", "begin", input="last")
    seen = seen_by(any_mode, dag)
    assert {event.iteration for event in told(seen, "cycle_finished")} == {(), (0,), (1,)}
    where = {name: [] for name in ("inside", "inside.count", "inside.report")}
    for event in told(seen, "node_started"):
        where.setdefault(event.node, []).append(event.iteration)
    assert where["inside"] == where["inside.report"] == [(0,), (1,)]
    assert where["inside.count"] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_states_of_a_machine_inside_a_cycle_tell_its_iteration_first(any_mode, kind):
    machine, dag = FSM("machine", initial_state="first"), DAG("outer")
    machine.state(kind(lambda begin: FSMReturn("last")), name="first")
    machine.state(kind(lambda: None), name="last", terminal=True)
    dag.node(kind(lambda last=0: last), name="begin")
    dag.add_fsm("go", machine)
    dag.node(kind(lambda go: 0), name="end")
    dag.connect("begin", "go").connect("go", "end")
    with dag.cycle("loop", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("end", "begin", input="last")
    states = [event for event in told(seen_by(any_mode, dag), "node_finished") if "." in event.node]
    assert [(event.node, event.iteration) for event in states] == [
        ("go.first", (0, 0)),
        ("go.last", (0, 0)),
        ("go.first", (1, 0)),
        ("go.last", (1, 0)),
    ]
