"""Going through a DAG by hand: one node a call, the position kept in a context or in the DAG."""

import pytest

from fast_dag import DAG, Context, ExecutionError, MissingInputError, ValidationError
from tests.workflow.signs import signs


@pytest.fixture
def called():
    return []


@pytest.fixture
def dag(called):
    """sign -> positive or negative -> told; each says that it was called."""
    return signs("steps", called)


def test_each_step_runs_the_next_node_that_is_due_and_gives_its_result(dag, called):
    context, result = dag.step(number=1)
    assert (called, result) == (["sign"], True)
    assert context.metadata["execution_status"] == "running"
    assert [dag.step()[1], dag.step()[1]] == ["+", "+++"]
    assert called == ["sign", "positive", "told"]


def test_with_nothing_left_the_result_is_none_and_the_status_completed(dag, called):
    for _ in range(3):
        context, result = dag.step(inputs={"number": 1} if not called else None)
    assert (result, context.metadata["execution_status"]) == ("+++", "completed")
    assert [dag.step()[1], dag.step()[1]] == [None, None]
    assert called == ["sign", "positive", "told"]


def test_nodes_are_skipped_as_in_a_run(dag):
    context = Context()
    results = [dag.step(context, {"number": 1})[1], dag.step(context)[1], dag.step(context)[1]]
    dag.run(number=1)
    assert results == list(dag.results.values()) == list(context.results.values())
    assert context.metadata["skipped"] == dag.context.metadata["skipped"] != {}


def test_the_position_is_kept_in_the_context_so_that_two_may_take_turns(dag):
    up, down = Context(), Context()
    assert dag.step(up, number=1) == (up, True)
    assert dag.step(down, number=-1) == (down, False)
    assert [dag.step(up)[1], dag.step(down)[1]] == ["+", "-"]
    assert [dag.step(down)[1], dag.step(up)[1]] == ["---", "+++"]


def test_the_position_of_the_dag_itself_is_another_one_and_reset_ends_it(dag):
    context, _ = dag.step(number=1)
    assert dag.step(Context(), number=-1)[1] is False
    assert dag.step()[1] == "+"
    dag.reset()
    assert context.metadata["execution_status"] == "cancelled"
    assert dag.step(number=-1)[1] is False


def test_what_the_context_holds_is_visible_to_the_nodes():
    dag, context = DAG("reads"), Context({"old": 1}, {"user": "ann"})
    dag.node(lambda context: (context["old"], context.metadata["user"]), name="read")
    assert dag.step(context) == (context, (1, "ann"))


def test_inputs_are_checked_at_the_first_step_before_anything_runs(dag, called):
    with pytest.raises(MissingInputError, match="'number' of 'sign'"):
        dag.step()
    assert called == []
    assert dag.step(number=1)[1] is True


def test_later_steps_take_no_inputs(dag):
    dag.step(number=1)
    with pytest.raises(ValidationError, match=r"inputs belong to the first step of 'steps'.*reset"):
        dag.step(number=2)


def test_a_definition_with_errors_takes_no_step(called):
    dag = DAG("ring").add_node("a", called.append).add_node("b", called.append)
    dag.connect("a", "b").connect("b", "a")
    with pytest.raises(ValidationError, match="a -> b -> a"):
        dag.step()
    assert called == []


def test_a_context_at_a_step_of_another_workflow_is_refused(dag):
    context, _ = dag.step(Context(), number=1)
    with pytest.raises(ValidationError, match="at a step of 'steps', not of 'other'"):
        DAG("other").add_node("a", lambda: 1).step(context)


def test_a_context_at_a_step_is_in_use(dag):
    context, _ = dag.step(Context(), number=1)
    with pytest.raises(ExecutionError, match="in use by another run"):
        dag.run(number=1, context=context)


def test_a_node_is_run_with_all_its_settings_and_hooks():
    dag, attempts = DAG("settings"), []

    @dag.node(retry=3)
    def flaky(x):
        attempts.append(x)
        if len(attempts) < 3:
            raise OSError
        return x

    dag.set_node_hooks("flaky", post_execute=lambda node, inputs, result: result + 1)
    context, result = dag.step(x=1)
    assert (attempts, result) == ([1, 1, 1], 2)
    assert context.metrics["attempts"] == {"flaky": 3}


def test_a_failure_ends_the_steps(called):
    dag = DAG("fails").add_node("bad", lambda: 1 / 0).add_node("next", lambda: called.append(1))
    context = Context()
    with pytest.raises(ZeroDivisionError) as caught:
        dag.step(context)
    assert caught.value.node_name == "bad"
    assert context.metadata["execution_status"] == "failed"
    assert dag.step(context) == (context, None)
    assert called == []


def test_steps_keep_the_plan_they_started_with(dag, called):
    dag.step(number=1)
    dag.add_node("more", lambda: called.append("more")).remove_node("told")
    assert [dag.step()[1], dag.step()[1], dag.step()[1]] == ["+", "+++", None]


def test_after_the_last_step_the_dag_shows_them_as_its_last_run(dag):
    context = Context()
    dag.step(context, number=1)
    assert dag.context is not context
    dag.step(context)
    dag.step(context)
    assert dag.context is context
    assert dag["told"] == "+++"


def test_a_cycle_is_gone_round_node_by_node():
    dag = DAG("round")
    start = dag.node(lambda: 100, name="start")
    one = dag.node(lambda start, n=0: start + n, name="one")
    two = dag.node(lambda one: one + 1, name="two")
    start >> one >> two >> dag.node(lambda two: -two, name="after")
    with dag.cycle("loop", convergence_check="two > 300") as cycle:
        cycle.feedback("two", "one", input="n")
    assert [dag.step()[1] for _ in range(9)] == [100, 100, 101, 201, 202, 302, 303, -303, None]
    assert dag.context.metadata["cycles"]["loop"].total_iterations == 3
