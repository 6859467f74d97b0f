"""What those who watch may do to a run: end it, let in, excuse; and limits on what a cycle uses."""

import threading

import pytest

from fast_dag import DAG, END, FSM, CycleSafetyError, FSMReturn, Violation
from tests.conformance.converging import ended, looped, result_of

STUCK = Violation(kind="deadlock", limit=1.0, value=2.0, message="nothing goes on")
MIB = 1024 * 1024


class Watching:
    """A tool that may end the run; *answers* are what the core asks of it."""

    may_end = True

    def __init__(self, **answers):
        vars(self).update(answers)
        self.seen = []

    def watching(self, control):
        self.control = control
        return self

    def __call__(self, event):
        self.seen.append(event)

    def close(self, results):
        self.results = results


def held(tool, gate, violation=STUCK, **order):
    """A function that in its third iteration has the tool end things, and does not come back by itself."""

    def work(x=0):
        if x == 2:
            tool.control.end(violation, **order)
            gate.wait(10)
        return x + 1

    return work


@pytest.mark.parametrize("cycle", [None, "loop"])
def test_a_cycle_that_is_to_end_ends_although_a_node_does_not_return(any_mode, gate, cycle):
    tool = Watching()
    dag = looped(lambda function: function, held(tool, gate, cycle=cycle), max_iterations=9)
    dag.add_node("behind", lambda node: node).connect("node", "behind")
    any_mode(dag, observers=[tool])
    assert ended(dag) == ("violation", "nothing goes on", 2, False)
    assert result_of(dag).violations == [STUCK]
    assert result_of(dag).outputs == {"node": 2}
    assert "behind" in dag.context.metadata["skipped"]
    assert [event.violation for event in tool.seen if event.kind == "violation"] == [STUCK]
    assert dag.context.metrics["abandoned_threads"] == 1


def test_calls_that_come_back_in_time_are_awaited_and_nothing_more_of_the_cycle_begins(any_mode, gate):
    tool, called = Watching(), []

    def work(x=0):
        if x == 1:
            tool.control.end(STUCK, patience=10.0)
        return x + 1

    dag = DAG("flow").add_node("work", work).add_node("more", lambda work: called.append(work) or work)
    dag.connect("work", "more").feedback("more", "work", input="x", cycle="loop")
    dag.cycle("loop", max_iterations=9).build()
    any_mode(dag, observers=[tool])
    assert ended(dag)[:3] == ("violation", "nothing goes on", 1)
    assert called == [1]
    assert dag.context.metrics["abandoned_threads"] == 0


def test_a_violation_that_is_to_be_raised_ends_the_run_with_what_the_cycle_came_to(any_mode, gate):
    tool = Watching()
    raising = Violation(kind="memory", limit=1.0, value=2.0, action="raise", message="too much")
    dag = looped(lambda function: function, held(tool, gate, raising), max_iterations=9)
    with pytest.raises(CycleSafetyError, match="too much") as caught:
        any_mode(dag, observers=[tool])
    assert caught.value.violation == raising
    assert (caught.value.result.reason, caught.value.result.total_iterations) == ("violation", 2)


THREE = Violation(kind="iteration", limit=3, value=3, action="raise", message="three")


def test_what_is_raised_after_an_iteration_tells_of_that_iteration_too(any_mode, kind):
    tool = Watching(after_iteration=lambda cycle, index, seconds: THREE if index == 2 else None)
    dag = looped(kind, lambda x=0: x + 1, max_iterations=9, objective="node")
    with pytest.raises(CycleSafetyError, match="three") as caught:
        any_mode(dag, observers=[tool])
    result = caught.value.result
    assert (result.total_iterations, result.best_iteration, result.best_metrics) == (3, 2, {"node": 3})
    assert result.metric_history == {"node": [1, 2, 3]}


@pytest.mark.parametrize("strategy", ["fail_fast", "continue", "continue_none"])
def test_what_is_raised_inside_a_node_is_no_failure_of_the_node(any_mode, kind, strategy):
    tool = Watching(after_iteration=lambda cycle, index, seconds: THREE if index == 2 else None)
    dag = DAG("outer")
    dag.add_dag("inside", looped(kind, lambda x=0: x + 1, max_iterations=9), retry=3)
    with pytest.raises(CycleSafetyError, match=r"^three$") as caught:
        any_mode(dag, observers=[tool], error_strategy=strategy)
    assert caught.value.violation == THREE
    assert [event.kind for event in tool.seen].count("cycle_started") == 1


@pytest.mark.parametrize("strategy", ["fail_fast", "continue"])
def test_what_keeps_a_cycle_inside_a_node_out_ends_the_run(any_mode, kind, strategy):
    def refuse(cycle, _):
        raise CycleSafetyError(f"no room for {cycle}")

    dag = DAG("outer")
    dag.add_dag("inside", looped(kind, lambda x=0: x + 1, max_iterations=9))
    with pytest.raises(CycleSafetyError, match=r"^no room for inside\.loop$"):
        any_mode(dag, observers=[Watching(admit=refuse)], error_strategy=strategy)


def test_a_run_without_cycles_ends_as_a_whole(any_mode, gate):
    tool = Watching()
    dag = DAG("flow").add_node("work", lambda: held(tool, gate)(2)).add_node("after", lambda work: work)
    dag.connect("work", "after")
    with pytest.raises(CycleSafetyError, match="nothing goes on"):
        any_mode(dag, observers=[tool])
    assert dag.context.metadata["execution_status"] == "failed"


def test_a_machine_ends_as_a_whole(any_mode, gate):
    tool, fsm = Watching(), FSM("machine")
    fsm.add_state("work", lambda: held(tool, gate)(2), initial=True, transitions=[END])
    with pytest.raises(CycleSafetyError, match="nothing goes on"):
        any_mode(fsm, observers=[tool])


def test_a_cycle_inside_a_nested_workflow_ends_under_its_full_name(any_mode, gate):
    tool = Watching()
    inner = looped(lambda function: function, held(tool, gate, cycle="inside.loop"), max_iterations=9)
    dag = DAG("outer")
    dag.add_dag("inside", inner)
    any_mode(dag, observers=[tool])
    (last,) = (event for event in tool.seen if event.kind == "cycle_finished")
    assert (last.cycle, last.reason, last.iterations) == ("inside.loop", "violation", 2)


def test_what_is_said_after_an_iteration_ends_the_cycle_before_another_node_runs(any_mode, kind):
    called = []

    def enough(cycle, index, seconds):
        assert (cycle, seconds >= 0) == ("loop", True)
        return Violation(kind="iteration", limit=3, value=3, message="three") if index == 2 else None

    tool = Watching(after_iteration=enough)
    dag = looped(kind, lambda x=0: called.append(x) or x + 1, max_iterations=9)
    any_mode(dag, observers=[tool])
    assert ended(dag)[:3] == ("violation", "three", 3)
    assert called == [0, 1, 2]


def test_an_excused_failure_counts_and_the_cycle_goes_on_from_the_last_good_iteration(any_mode, kind):
    tool = Watching(excuses=lambda cycle, error: isinstance(error, ValueError))
    called = []

    def work(x=0):
        called.append(x)
        if len(called) == 2:
            raise ValueError("once")
        return x + 1

    dag = looped(kind, work, max_iterations=4, on_limit="return")
    any_mode(dag, observers=[tool])
    assert called == [0, 1, 1, 2]
    assert ended(dag)[:3] == ("max_iterations", "max_iterations=4", 4)
    assert result_of(dag).outputs == {"node": 3}
    statuses = [event.status for event in tool.seen if event.kind == "iteration_finished"]
    assert statuses == ["completed", "failed", "completed", "completed"]


def test_a_failure_that_is_not_excused_ends_the_cycle(any_mode, kind):
    tool = Watching(excuses=lambda cycle, error: False)
    with pytest.raises(ZeroDivisionError):
        any_mode(looped(kind, lambda x=0: 1 // x, max_iterations=3), observers=[tool])


def test_a_cycle_waits_until_it_is_let_in(any_mode, kind):
    asked = []

    class Open:
        def when_landed(self, callback):
            threading.Timer(0.0, callback).start()
            return True

    def admit(cycle, _):
        asked.append(cycle)
        return Open() if len(asked) < 3 else None

    dag = looped(kind, lambda x=0: x + 1, max_iterations=2, on_limit="return")
    any_mode(dag, observers=[Watching(admit=admit)])
    assert asked == ["loop"] * 3
    assert result_of(dag).total_iterations == 2


def test_who_let_a_cycle_in_is_told_when_it_has_ended(any_mode, kind):
    told = []
    dag = looped(kind, lambda x=0: x + 1, max_iterations=2, on_limit="return")
    watching = Watching(
        admit=lambda cycle, entry: told.append(("in", cycle, id(entry))),
        left=lambda entry: told.append(id(entry)),
    )
    any_mode(dag, observers=[watching])
    ((_, name, entry), left) = told
    assert (name, left) == ("loop", entry)


def test_what_keeps_a_cycle_out_ends_the_run(any_mode, kind):
    def refuse(cycle, _):
        raise CycleSafetyError(f"no room for {cycle}")

    called = []
    dag = looped(kind, lambda x=0: called.append(x) or x, max_iterations=2)
    with pytest.raises(CycleSafetyError, match="no room for loop"):
        any_mode(dag, observers=[Watching(admit=refuse)])
    assert called == []


def test_memory_that_a_cycle_takes_beyond_its_limit_ends_it(any_mode):
    kept = []
    dag = looped(
        lambda function: function,
        lambda x=0: kept.append(bytearray(24 * MIB)) or x + 1,
        max_iterations=40,
        memory_limit_mb=50,
    )
    any_mode(dag)
    reason, detail, iterations, _ = ended(dag)
    assert reason == "violation"
    assert "memory_limit_mb=50" in detail
    assert iterations < 20
    (violation,) = result_of(dag).violations
    assert (violation.kind, violation.limit, violation.value > 50) == ("memory", 50, True)


def test_processor_time_that_a_cycle_uses_up_ends_it(any_mode, gate):
    def burn(x=0):
        while not gate.is_set():
            sum(range(1000))
        return x + 1

    dag = looped(lambda function: function, burn, max_iterations=9, cpu_time_limit_seconds=0.1)
    any_mode(dag)
    gate.set()
    assert ended(dag) == ("cpu_limit", "cpu_time_limit_seconds=0.1", 0, False)


def test_a_machine_that_is_let_go_on_is_not_harmed_by_who_watches(any_mode, kind):
    fsm = FSM("machine")
    fsm.add_state("one", kind(lambda: FSMReturn("two", 1)), initial=True, transitions=["two"])
    fsm.add_state("two", kind(lambda x: x + 1), terminal=True)
    assert any_mode(fsm, observers=[Watching()]) == 2
