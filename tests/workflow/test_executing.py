"""A runtime: the same options for every run, and all that a run came to at once."""

import asyncio
import threading

import pytest

from fast_dag import DAG, ExecutionError, UnknownOptionError, ValidationError
from fast_dag.workflow.builder import WorkflowBuilder
from fast_dag.workflow.executing import Runtime


def one():
    return 1


def counter(x=0):
    return x + 1


@pytest.fixture
def dag():
    made = DAG("flow").add_node("counter", counter)
    made.create_cycle("count").connect("counter", "counter", {"result": "x"}).max_iterations(3).build()
    return made.add_node("double", lambda counter: 2 * counter).connect("counter", "double")


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_a_run_gives_results_value_run_id_and_cycles(dag, mode):
    runtime = Runtime(mode=mode)
    found = [runtime.execute_sync(dag), asyncio.run(runtime.execute(dag))]
    for result in found:
        assert (result.results, result.value) == ({"counter": 3, "double": 6}, 6)
        assert (list(result.cycles), result.cycles["count"].total_iterations) == (["count"], 3)
    assert found[0].run_id != found[1].run_id


def test_inputs_are_those_of_run():
    dag = DAG("flow").add_node("add", lambda x, y: x + y)
    assert Runtime().execute_sync(dag, {"x": 1, "y": 2}).value == 3
    assert asyncio.run(Runtime().execute(dag, {"x": 1, "y": 2})).value == 3


def test_a_builder_is_built():
    assert Runtime().execute_sync(WorkflowBuilder().add_node(one)).value == 1


def test_options_are_those_of_run_and_checked_at_once():
    assert (
        Runtime(error_strategy="continue_none").execute_sync(DAG("f").add_node("n", lambda: 1 / 0)).value
        is None
    )
    with pytest.raises(UnknownOptionError, match="did you mean 'timeout'"):
        Runtime(timout=3)
    with pytest.raises(ValueError, match="did you mean 'parallel'"):
        Runtime(mode="paralel")
    assert repr(Runtime(mode="async")) == "<Runtime, mode 'async'>"


def test_one_after_the_other_stays_so_on_an_event_loop():
    at_work, most = set(), []

    def work():
        at_work.add(threading.get_ident())
        most.append(len(at_work))
        at_work.discard(threading.get_ident())

    dag = DAG("flow")
    for index in range(5):
        dag.add_node(f"n{index}", work)
    asyncio.run(Runtime().execute(dag))
    assert most == [1] * 5


def test_the_sync_form_is_refused_where_a_loop_runs():
    async def main():
        Runtime().execute_sync(DAG("flow").add_node(one))

    with pytest.raises(ExecutionError, match=r"use await execute"):
        asyncio.run(main())


def test_only_workflows_are_executed():
    with pytest.raises(ValidationError, match="only workflows and their builders"):
        Runtime().execute_sync(one)
