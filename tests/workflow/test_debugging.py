"""Debug sessions: a run that waits before each step, and after each failure, until it is told to go on."""

import threading

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fast_dag import (
    DAG,
    FSM,
    NO_DATA,
    Context,
    ExecutionError,
    FSMContext,
    FSMReturn,
    MaxIterationsError,
    MissingInputError,
    RunCancelledError,
    SelectReturn,
    TimeoutError,
    UnknownNodeError,
    UnknownOptionError,
    ValidationError,
)
from tests.properties.strategies import build, graphs
from tests.workflow.signs import signs


@pytest.fixture
def called():
    return []


@pytest.fixture
def dag(called):
    """sign -> positive or negative -> told; each says that it was called."""
    return signs("signs", called)


def flaky(errors):
    """A function that raises what is left of *errors*, then gives its input."""

    def work(x):
        if errors:
            raise errors.pop(0)
        return x

    return work


def test_nothing_runs_until_the_session_is_asked(dag, called):
    with dag.debug(number=1) as session:
        assert session.pending.node == "sign"
        assert (session.ready, session.finished, session.result) == (["sign"], False, None)
        assert called == []


def test_a_step_runs_the_pending_node_and_gives_its_result(dag, called):
    with dag.debug(number=1) as session:
        assert [session.step(), session.step(), session.step()] == [True, "+", "+++"]
        assert called == ["sign", "positive", "told"]
        assert (session.pending, session.ready, session.finished, session.result) == (None, [], True, "+++")


def test_the_pending_step_shows_what_it_would_be_called_with():
    dag = DAG("shown").add_node("a", lambda: [1]).add_node("b", lambda a, factor=3, context=None: a * factor)
    with dag.connect("a", "b").debug() as session:
        value = session.step()
        assert (session.pending.node, session.pending.attempt, session.pending.iteration) == ("b", 1, ())
        assert session.pending.inputs["a"] is value
        assert session.pending.inputs["factor"] == 3


def test_a_session_shows_the_results_in_its_context_as_they_come(dag):
    with dag.debug(number=1) as session:
        session.step()
        assert session.context.results == {"sign": True}
        assert session.context.metadata["execution_status"] == "running"
        session.resume()
    assert session.context.metadata["execution_status"] == "completed"
    assert dag.context is session.context


def test_a_context_of_ones_own_is_used_and_no_other_thing(dag):
    context = Context(metadata={"user": "ann"})
    with dag.debug(number=1, context=context) as session:
        assert session.context is context
    with pytest.raises(ValidationError, match="context must be a Context"):
        FSM("m").add_state("a", lambda: 1, initial=True).debug(context=3)


def test_what_is_wrong_with_inputs_or_definition_is_told_before_anything_runs(dag, called):
    with pytest.raises(MissingInputError, match="'number'"):
        dag.debug()
    with pytest.raises(UnknownOptionError, match="numbr"):
        dag.debug(number=1, numbr=2)
    assert called == []
    assert dag.run(number=1) == "+++"


@pytest.mark.parametrize("breakpoints", [["tld"], ["told.inner"], ["told[0]"]])
def test_a_breakpoint_at_no_node_is_refused(dag, breakpoints):
    with pytest.raises(UnknownNodeError, match="no node"):
        dag.debug(number=1, breakpoints=breakpoints)


def test_breakpoints_are_a_list(dag):
    with pytest.raises(ValidationError, match=r"breakpoints must be a list.*breakpoints=\['told'\]"):
        dag.debug(number=1, breakpoints="told")
    with pytest.raises(ValidationError, match="breakpoints must be a list of names, got 3"):
        dag.debug(number=1, breakpoints=3)


def test_a_step_of_no_node_or_of_one_that_is_not_ready_is_refused(dag):
    with dag.debug(number=1) as session:
        with pytest.raises(UnknownNodeError, match="no node 'tld'"):
            session.step("tld")
        with pytest.raises(ValidationError, match="'told' is not ready; ready are: sign"):
            session.step("told")
        with pytest.raises(UnknownNodeError):
            session.resume("tld")
        assert session.pending.node == "sign"


def test_after_the_end_there_is_nothing_to_step(dag):
    with dag.debug(number=1) as session:
        assert session.resume() is None
        with pytest.raises(ValidationError, match="over, nothing is left"):
            session.step()


def test_any_ready_step_may_be_the_next_one():
    dag = DAG("wide")
    for name in "abc":
        dag.add_node(name, lambda name=name: name)
    dag.add_node("d", lambda a, c: a + c).connect("a", "d").connect("c", "d")
    with dag.debug() as session:
        assert session.ready == ["a", "b", "c"]
        assert session.step("c") == "c"
        assert session.ready == ["a", "b"]
        assert session.step("a") == "a"
        assert session.ready == ["b", "d"]
        assert session.step("d") == "ac"
        assert session.pending.node == "b"


def test_resume_goes_to_a_breakpoint_a_node_or_the_end(dag, called):
    with dag.debug(number=1, breakpoints=["told"]) as session:
        assert session.resume("positive").node == "positive"
        assert session.resume().node == "told"
        assert called == ["sign", "positive"]
        assert session.resume() is None
    assert session.result == "+++"


def test_breakpoints_may_be_added_and_removed_on_the_way(dag):
    with dag.debug(number=1, breakpoints=["positive"]) as session:
        session.remove_breakpoint("positive")
        session.add_breakpoint("told")
        assert session.breakpoints == ["told"]
        assert session.resume().node == "told"
        with pytest.raises(ValidationError, match="'sign' is no breakpoint; there are: told"):
            session.remove_breakpoint("sign")


def test_a_failed_step_raises_and_stays_pending_until_it_is_tried_again(called):
    dag = DAG("fails").add_node("a", flaky([OSError("first"), OSError("second")]), retry=1)
    with dag.debug(x=1) as session:
        with pytest.raises(OSError, match="node 'a' failed with OSError: first") as caught:
            session.step()
        assert isinstance(caught.value, ExecutionError)
        pending = session.pending
        assert (pending.node, pending.attempt, str(pending.error)) == ("a", 2, str(caught.value))
        with pytest.raises(OSError, match="first"):
            session.step()
        with pytest.raises(OSError, match="first"):
            session.resume()
        with pytest.raises(OSError, match="second"):
            session.retry()
        assert session.pending.attempt == 3
        assert session.retry() == 1
        assert session.finished
    assert session.context.metadata["execution_status"] == "completed"


def test_a_step_makes_all_attempts_that_the_settings_allow():
    dag = DAG("tries").add_node("a", flaky([OSError(), OSError()]), retry=3)
    with dag.debug(x=1) as session:
        assert session.step() == 1
    assert session.context.metrics["attempts"] == {"a": 3}


def test_only_a_failed_step_is_tried_again(dag):
    with dag.debug(number=1) as session, pytest.raises(ValidationError, match=r"has not failed: step\(\)"):
        session.retry()


def test_other_steps_may_go_on_beside_a_failed_one():
    dag = DAG("two").add_node("a", lambda: 1 / 0).add_node("b", lambda: 2)
    with dag.debug() as session:
        with pytest.raises(ZeroDivisionError):
            session.step()
        assert session.step("b") == 2
        assert session.pending.node == "a"
        assert session.replace(5) == 5
    assert session.context.results == {"a": 5, "b": 2}


def test_a_result_may_be_given_before_and_after_a_failure(called):
    dag = DAG("given").add_node("a", lambda: called.append(1)).add_node("b", lambda a: a / 0)
    with dag.connect("a", "b").debug() as session:
        assert session.replace(4) == 4
        assert session.pending.inputs == {"a": 4}
        with pytest.raises(ZeroDivisionError):
            session.step()
        session.replace(None)
        assert (session.finished, session.result, called) == (True, None, [])


def test_what_is_given_to_a_router_is_what_its_function_would_return(dag, called):
    with dag.debug(number=1) as session:
        assert session.replace(False) is False
        assert session.resume() is None
    assert called == ["negative", "told"]
    assert session.context.branches == {"sign": "false"}


def test_what_a_router_may_not_return_fails_its_step():
    dag = DAG("choice")
    dag.select(lambda x: SelectReturn("left", x), name="pick", outputs=["left", "right"])
    dag.add_node("left", lambda value: value).connect("pick", "left", output="left")
    with dag.debug(x=1) as session:
        with pytest.raises(ExecutionError, match="'pick' chose the unknown branch 'up'"):
            session.replace(SelectReturn("up"))
        assert session.replace(SelectReturn("left", 7)) == 7
        assert session.step() == 7


def test_no_data_may_be_given_like_any_value():
    dag = DAG("none").add_node("a", lambda: 1).add_node("b", lambda a: a)
    with dag.connect("a", "b").debug() as session:
        assert session.replace(NO_DATA) is None
        assert session.finished
    assert session.context.metadata["skipped"] == {"b": "'a' gave no data"}


def test_a_skipped_step_skips_what_needs_it_and_nothing_else():
    dag = DAG("skips").add_node("a", lambda: 1).add_node("b", lambda a: a)
    dag.add_node("other", lambda: 2).add_node("c", lambda other, a=5: other + a)
    dag.connect("a", "b").connect("other", "c").connect("a", "c", input="a")
    with dag.debug() as session:
        session.skip()
        assert session.ready == ["other"]
        assert (session.step(), session.step()) == (2, 7)
    assert session.context.metadata["skipped"] == {"a": "it was skipped by hand", "b": "'a' was skipped"}


def test_a_failed_step_may_be_skipped():
    dag = DAG("skips").add_node("a", lambda: 1 / 0).add_node("b", lambda: 2)
    with dag.debug() as session:
        with pytest.raises(ZeroDivisionError):
            session.step()
        session.skip()
        assert session.resume() is None
    assert session.result == 2


def test_hooks_handlers_and_observers_are_those_of_a_run(called):
    dag, kinds = DAG("hooked").add_node("a", lambda x: x + 1).add_node("b", lambda a: a / 0), []
    dag.connect("a", "b").add_observer(lambda event: kinds.append(event.kind))
    dag.set_node_hooks(
        "a",
        pre_execute=lambda node, inputs: {"x": 10},
        post_execute=lambda node, inputs, result: result * 2,
        cleanup=lambda node: called.append("cleanup"),
    )
    dag.set_node_error_handler("b", lambda node, inputs, error: "handled")
    with dag.debug(x=1) as session:
        assert session.pending.inputs == {"x": 1}
        assert (session.step(), called) == (22, ["cleanup"])
        assert session.step() == "handled"
    assert kinds == [
        *("run_started", "node_started", "node_finished", "node_started", "node_failed", "node_finished"),
        "run_finished",
    ]


def test_a_step_that_is_replaced_is_told_in_each_iteration():
    told, dag = [], DAG("counting").add_node("count", lambda n=0: n + 1)
    dag.add_observer(
        lambda event: told.append((event.kind, event.iteration)) if "node" in event.kind else None
    )
    with dag.cycle("loop", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("count", "count", input="n")
    with dag.debug() as session:
        session.step()
        session.replace(7)
    assert told == [(kind, (index,)) for index in range(2) for kind in ("node_started", "node_finished")]


def test_a_cached_node_is_answered_from_its_cache(called):
    dag = DAG("cached")
    dag.cached_node(lambda x: called.append(x) or x, name="a")
    dag.run(x=1)
    with dag.debug(x=1) as session:
        assert session.step() == 1
    assert called == [1]


def test_a_timeout_counts_while_a_step_is_made_and_not_before():
    gate = threading.Event()
    dag = DAG("late").add_node("a", lambda: gate.wait(10), timeout=0.02)
    with dag.debug() as session:
        with pytest.raises(TimeoutError, match="'a' timed out"):
            session.step()
        gate.set()
        assert session.retry() is True


def test_leaving_the_block_ends_the_run_with_its_cleanup(called):
    dag = DAG("left")

    def numbers():
        try:
            yield 1
        finally:
            called.append("closed")

    dag.node(numbers, name="numbers")
    dag.node(lambda numbers: next(numbers), name="first")
    dag.node(lambda first: 1 / 0, name="bad")
    dag.connect("numbers", "first").connect("first", "bad")
    dag.set_node_hooks("bad", cleanup=lambda node: called.append("cleanup"))
    with dag.debug() as session:
        assert session.step() is not None
        assert session.step() == 1
        with pytest.raises(ZeroDivisionError):
            session.step()
    assert session.finished
    assert sorted(called) == ["cleanup", "closed"]
    assert session.context.metadata["execution_status"] == "cancelled"
    session.close()


def test_an_error_in_the_block_is_not_hidden(dag):
    session = dag.debug(number=1)

    def fail_within():
        with session:
            session.step()
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail_within()
    assert session.finished


def test_ctrl_c_in_a_node_ends_the_run():
    def interrupted():
        raise KeyboardInterrupt

    with DAG("stopped").add_node("a", interrupted).debug() as session:
        with pytest.raises(KeyboardInterrupt):
            session.step()
        assert session.finished
        assert session.pending is None


def test_a_run_that_is_cancelled_from_elsewhere_is_over(dag):
    with dag.debug(number=1) as session:
        session.step()
        session.context.cancel("enough")
        with pytest.raises(RunCancelledError, match="enough"):
            session.step()
        assert session.finished


def test_a_cycle_shows_its_iteration_and_goes_round_step_by_step():
    dag = DAG("round")
    dag.add_node("one", lambda n=0: n + 1).add_node("two", lambda one: one * 2).connect("one", "two")
    with dag.cycle("loop", convergence_check="two > 10", max_iterations=9) as cycle:
        cycle.feedback("two", "one", input="n")
    seen = []
    with dag.debug() as session:
        while session.pending is not None:
            seen.append((session.pending.node, session.pending.iteration, session.step()))
    assert seen == [
        *(("one", (0,), 1), ("two", (0,), 2), ("one", (1,), 3), ("two", (1,), 6)),
        *(("one", (2,), 7), ("two", (2,), 14)),
    ]
    assert session.context.metadata["cycles"]["loop"].reason == "converged"


def test_a_failure_in_a_cycle_tells_of_the_cycle_and_may_be_repaired():
    dag = DAG("round").add_node("one", flaky([ValueError("no")]))
    with dag.cycle("loop", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("one", "one", input="x")
    with dag.debug(x=1) as session:
        with pytest.raises(ValueError, match="cycle 'loop', iteration 0: node 'one' failed") as caught:
            session.step()
        assert (caught.value.cycle, session.pending.iteration) == ("loop", (0,))
        assert [session.retry(), session.step(), session.finished] == [1, 1, True]
    assert session.context.metadata["cycles"]["loop"].total_iterations == 2


def test_the_time_limit_of_a_cycle_stands_still_between_steps():
    dag = DAG("round").add_node("one", lambda n=0: n + 1)
    with dag.cycle("loop", timeout_seconds=0.2, max_iterations=3, on_limit="return") as cycle:
        cycle.feedback("one", "one", input="n")
    with dag.debug() as session:
        session.step()
        threading.Event().wait(0.3)
        session.resume()
    assert session.context.metadata["cycles"]["loop"].reason == "max_iterations"


def test_a_policy_that_asks_a_function_is_no_step():
    dag, asked = DAG("round").add_node("one", lambda n=0: n + 1), []
    with dag.cycle(
        "loop", convergence_conditions=[lambda results: asked.append(1) or results["one"] > 2]
    ) as cycle:
        cycle.feedback("one", "one", input="n")
    with dag.debug() as session:
        assert [session.step(), session.step(), session.step(), session.finished] == [1, 2, 3, True]
    assert len(asked) == 3


@pytest.fixture
def nested():
    """items -> each (a workflow for each item) -> total, beside a map of a function."""
    inner = DAG("inner").add_node("double", lambda x: 2 * x).add_node("check", lambda double: double + 1)
    inner.connect("double", "check")
    dag = DAG("outer").add_node("items", lambda: [1, 2])
    dag.add_dag("each", inner, map="x")
    dag.node(lambda item: item * 10, name="tens", map="item")
    return dag.connect("items", "each").connect("items", "tens")


def test_steps_inside_nodes_have_dotted_names_and_elements_an_index(nested):
    seen = []
    with nested.debug() as session:
        while session.pending is not None:
            seen.append((session.pending.node, dict(session.pending.inputs), session.step()))
        assert session.context.results == {"items": [1, 2], "each": [3, 5], "tens": [10, 20]}
    assert seen == [
        ("items", {}, [1, 2]),
        ("each[0].double", {"x": 1}, 2),
        ("each[0].check", {"double": 2}, 3),
        ("each[1].double", {"x": 2}, 4),
        ("each[1].check", {"double": 4}, 5),
        ("tens[0]", {"item": 1}, 10),
        ("tens[1]", {"item": 2}, 20),
    ]


def test_a_breakpoint_at_a_node_with_steps_inside_is_the_first_step_of_each_time(nested):
    with nested.debug(breakpoints=["each", "tens"]) as session:
        names = [session.resume().node for _ in range(4)]
        assert names == ["each[0].double", "each[1].double", "tens[0]", "tens[1]"]
        assert session.resume() is None


def test_a_breakpoint_inside_a_map_is_one_in_every_element_or_in_one(nested):
    with nested.debug(breakpoints=["each.check", "tens[1]"]) as session:
        names = [session.resume().node for _ in range(3)]
    assert names == ["each[0].check", "each[1].check", "tens[1]"]


def test_elements_may_be_replaced_and_skipped(nested):
    with nested.debug() as session:
        session.resume("tens")
        assert session.replace(7) == 7
        session.skip()
    assert session.context.results["tens"] == [7]


def test_a_ready_step_may_be_named_by_the_node_around_it(nested):
    with nested.debug() as session:
        session.step()
        assert session.step("tens") == 10
        assert session.step("each.double") == 2


def test_a_map_that_fails_stays_pending_as_a_whole():
    errors = [ValueError("no")]
    dag = DAG("maps").add_node("tens", flaky(errors), map="x")
    with dag.debug(x=[1, 2]) as session:
        with pytest.raises(ValueError, match="'tens' failed") as caught:
            session.step()
        assert caught.value.index == 0
        assert (session.pending.node, session.pending.attempt) == ("tens", 2)
        session.retry()
        assert session.ready == ["tens[0]"]
        session.resume()
    assert session.result == [1, 2]


def test_a_workflow_inside_that_fails_at_a_step_is_repaired_there():
    inner = DAG("inner").add_node("bad", lambda x: 1 / x)
    dag = DAG("outer")
    dag.add_dag("sub", inner, retry=3)
    with dag.debug(x=0) as session:
        with pytest.raises(ZeroDivisionError) as caught:
            session.step()
        assert (caught.value.node_name, session.pending.node) == ("sub.bad", "sub.bad")
        session.replace(9)
        assert (session.finished, session.result) == (True, 9)


def test_a_race_is_won_by_the_step_that_is_made_first():
    dag = DAG("race").add_node("a", lambda: "a").add_node("b", lambda: "b")
    dag.any(lambda value: value, name="first")
    dag.connect("a", "first").connect("b", "first")
    with dag.debug() as session:
        session.step("b")
        assert session.ready == ["a", "first"]
        assert session.step("first") == "b"


def machine():
    fsm = FSM("count", max_cycles=5)
    fsm.add_state("up", lambda n: n + 1, initial=True)
    fsm.add_state("done", lambda n: n * 10, terminal=True)
    return fsm.add_conditional_transition("up", lambda n: "done" if n > 2 else "up", targets=["up", "done"])


def test_a_machine_is_gone_through_state_by_state():
    with machine().debug(n=1) as session:
        assert isinstance(session.context, FSMContext)
        assert (session.step(), session.pending.iteration, session.step()) == (2, (1,), 3)
        assert (session.pending.node, session.pending.inputs) == ("done", {"n": 3})
        assert session.resume() is None
    assert (session.result, session.context.state_history) == (30, ["up", "up", "done"])
    assert session.context.is_terminated


def test_what_is_given_to_a_state_says_what_follows_as_its_result_would():
    with machine().debug(n=1) as session:
        assert session.replace(FSMReturn("done", 7)) == 7
        assert session.step() == 70


def test_a_state_cannot_be_skipped():
    with machine().debug(n=1) as session:
        with pytest.raises(ValidationError, match=r"state 'up' cannot be skipped.*replace"):
            session.skip()
        assert session.pending.node == "up"


def test_the_cap_of_a_machine_holds():
    fsm = FSM("ring", max_cycles=2)
    fsm.add_state("a", lambda: FSMReturn("a"), initial=True)
    with fsm.debug() as session:
        with pytest.raises(MaxIterationsError):
            session.resume()
        assert session.finished


def test_state_hooks_see_the_moves():
    fsm, moves = machine(), []
    fsm.add_state_hook(lambda fsm, source, target, result: moves.append((source, target)))
    with fsm.debug(n=2) as session:
        session.resume()
    assert moves == [("up", "done")]


def test_sessions_of_one_workflow_do_not_mix(dag):
    with dag.debug(number=1) as up, dag.debug(number=-1) as down:
        assert (up.step(), down.step(), up.step(), down.step()) == (True, False, "+", "-")


def test_async_nodes_may_wait_for_each_other_within_one_step():
    async def slow():
        await anyio.sleep(0.001)
        return 1

    with DAG("slow").add_node("slow", slow).debug() as session:
        assert session.step() == 1


def outcome_of(run):
    """What a run gives, and the node that it fails with."""
    try:
        return run(), None
    except ExecutionError as error:
        return None, error.node_name


def texts(results):
    return {name: repr(value) for name, value in results.items()}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(races=True), st.randoms(use_true_random=False))
def test_steps_in_order_give_what_a_run_gives_and_in_any_order_every_node_ends(graph, random):
    ran, gone = build(graph), build(graph)
    value, blamed = outcome_of(lambda: ran.run(graph.inputs, context=Context()))
    with gone.debug(graph.inputs) as session:
        _, failed = outcome_of(session.resume)
        assert (repr(session.result), failed) == (repr(value), blamed)
        assert texts(session.context.results) == texts(ran.results)
    if not blamed:
        assert session.context.metadata["skipped"] == ran.context.metadata["skipped"]
    with build(graph).debug(graph.inputs) as session:
        while session.pending is not None:
            try:
                session.step(random.choice(session.ready))
            except ExecutionError:
                session.skip()
    assert session.context.metadata["execution_status"] == "completed"
