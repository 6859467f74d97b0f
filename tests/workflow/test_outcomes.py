"""What the cycles of a run came to, as its context and its error tell it."""

import pytest

from fast_dag import DAG, CycleDebugger, CycleProfiler


def failing(name="wf"):
    dag = DAG(name).add_node("load", lambda: 5)
    dag.add_node("work", lambda load, value=0: value + 1 // (value != 2)).connect(
        "load", "work", input="load"
    )
    dag.add_node("after", lambda work: work).connect("work", "after")
    with dag.cycle("loop", max_iterations=9) as cycle:
        cycle.feedback("work", "work", input="value")
    return dag


def error_of(dag, **options):
    with pytest.raises(ZeroDivisionError) as caught:
        dag.run(**options)
    return caught.value


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_the_result_of_an_error_shows_the_tools_that_watched(mode):
    debugger, profiler = CycleDebugger(), CycleProfiler()
    result = error_of(failing(), mode=mode, observers=[debugger, profiler]).result
    assert (result.debug, result.profile) == (debugger, profiler)
    assert result.debug.analyze_execution().failed_iterations == 1


def test_it_tells_the_other_nodes_of_the_workflow_too():
    result = error_of(failing()).result
    assert (result.reason, result.total_iterations, result.node_outputs["load"]) == ("error", 2, 5)


def test_that_of_a_workflow_inside_a_node_tells_those_of_its_own():
    dag = DAG("around").add_node("first", lambda: 7)
    dag.add_workflow("inside", failing("inner"))
    result = error_of(dag).result
    assert (result.cycle_id, result.node_outputs["load"]) == ("loop", 5)
    assert "first" not in result.node_outputs
