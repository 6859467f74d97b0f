"""The series of metrics that a cycle and its result have: those in use, and where a tool watches all."""

import pytest

from fast_dag import DAG, CycleAnalyzer, CycleDebugger, CycleMonitor, CycleProfiler, CycleSafetyManager
from fast_dag.cycles import CycleState, CyclicWorkflowExecutor
from tests.conformance.converging import result_of

TOOLS = (CycleAnalyzer, CycleDebugger, CycleMonitor, CycleProfiler, CycleSafetyManager)


def two_metrics(seen, **settings):
    """Gives count and its half, and keeps what the state tells meanwhile."""

    def count(state: CycleState, value=None):
        seen.append(state.metric_history)
        number = 1 if value is None else value["count"] + 1
        return {"count": number, "half": number / 2}

    dag = DAG("two metrics").add_node("node", count)
    with dag.cycle("loop", **{"max_iterations": 3, "on_limit": "return", **settings}) as cycle:
        cycle.feedback("node", "node", input="value")
    return dag


def test_without_a_tool_only_what_is_in_use_is_kept(any_mode):
    seen = []
    dag = two_metrics(seen, objective="half")
    any_mode(dag)
    assert seen[-1] == {"half": [0.5, 1.0]}
    assert result_of(dag).metric_history == {"half": [0.5, 1.0, 1.5]}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("settings", [{}, {"objective": "half"}])
def test_with_a_tool_every_metric_is_kept_while_the_cycle_runs_too(any_mode, tool, settings):
    seen = []
    dag = two_metrics(seen, **settings)
    any_mode(dag, observers=[tool()])
    assert seen[-1] == {"count": [1, 2], "half": [0.5, 1.0]}
    assert result_of(dag).metric_history == {"count": [1, 2, 3], "half": [0.5, 1.0, 1.5]}


def test_of_each_only_as_much_as_is_wanted():
    dag = two_metrics([], metric_history_limit=2)
    dag.run(observers=[CycleMonitor()])
    assert result_of(dag).metric_history == {"count": [2, 3], "half": [1.0, 1.5]}


@pytest.mark.parametrize("first", [[], [CycleMonitor()]])
@pytest.mark.parametrize("second", [[], [CycleMonitor()]])
def test_a_run_may_go_on_with_another_tool_than_it_began_with(first, second):
    executor = CyclicWorkflowExecutor(two_metrics([], objective="half"), state_persistence=True)
    made = executor.execute_cycle_sync("loop", observers=first)
    resumed = executor.resume_cycle_sync(made.run_id, observers=second)
    assert resumed.metric_history["half"] == [0.5, 1.0, 1.5]
    plain = CyclicWorkflowExecutor(two_metrics([]), state_persistence=True)
    made = plain.execute_cycle_sync("loop", observers=first)
    assert plain.resume_cycle_sync(made.run_id, observers=second).total_iterations == 3
