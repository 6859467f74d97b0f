"""Tools that are given with a call, and those a cycle has made for every run."""

import pytest

from fast_dag import DAG, CycleConfig, CycleConfigurationError, ValidationError
from fast_dag.cycles import tools
from fast_dag.cycles.executor import CyclicWorkflowExecutor


class Counting:
    """A tool that keeps the kinds of the events it sees, and what it was made with."""

    made: list["Counting"]
    only = None

    def __init__(self, **settings):
        self.settings, self.kinds, self.results = settings, [], None
        type(self).made.append(self)

    def watching(self, control):
        self.control = control
        return self

    def __call__(self, event):
        self.kinds.append(event.kind)

    def close(self, results):
        self.results = results


@pytest.fixture
def kind(monkeypatch):
    """A kind of tools that `Counting` is."""
    Counting.made = []
    monkeypatch.setattr(tools, "KINDS", {**tools.KINDS, "counting": (__name__, "Counting")})
    return "counting"


def counting(**settings):
    dag = DAG("wf").add_node("count", lambda value=0: value + 1)
    with dag.cycle("loop", max_iterations=2, **settings) as cycle:
        cycle.feedback("count", "count", input="value")
    return dag


@pytest.mark.parametrize("name", tools.GIVEN)
def test_a_tool_of_a_call_is_an_observer_of_its_run(name):
    Counting.made = []
    tool = Counting()
    CyclicWorkflowExecutor(counting()).execute_cycle_sync("loop", **{name: tool})
    assert tool.kinds.count("node_finished") == 2
    assert tool.results["loop"].total_iterations == 2


def test_a_tool_that_is_given_twice_watches_once():
    Counting.made = []
    tool = Counting()
    CyclicWorkflowExecutor(counting()).execute_cycle_sync("loop", monitor=tool, observers=[tool])
    assert tool.kinds.count("run_started") == 1


def test_a_tool_of_the_workflow_and_of_the_call_watches_once():
    Counting.made = []
    dag, tool = counting(), Counting()
    dag.add_observer(tool)
    dag.run(observers=[tool, tool])
    assert tool.kinds.count("run_started") == 1


def test_tools_that_a_cycle_asks_for_are_not_left_out_in_silence_inside_a_node(kind):
    called = []
    inner = counting(tools={kind: {}})
    inner.add_node("first", lambda: called.append(1))
    dag = DAG("around")
    dag.add_workflow("inside", inner)
    with pytest.raises(
        CycleConfigurationError, match=r"cycle 'loop' of 'wf' asks for a counting, .* observers="
    ):
        dag.run()
    assert (called, Counting.made) == ([], [])


@pytest.mark.parametrize("wrong", [5, print, Counting])
def test_what_is_no_tool_is_refused_before_anything_runs(wrong):
    with pytest.raises(ValidationError, match="monitor must be a tool that watches runs, got"):
        CyclicWorkflowExecutor(counting()).execute_cycle_sync("loop", monitor=wrong)


def test_a_cycle_has_its_tools_made_anew_for_every_run(kind):
    dag = counting(tools={kind: {"depth": 3}})
    dag.run()
    dag.execute_cycle_sync("loop")
    first, second = Counting.made
    assert first.settings == second.settings == {"cycle_id": "loop", "depth": 3}
    assert (first.only, first.kinds.count("node_finished")) == ("loop", 2)
    assert second.results["loop"].total_iterations == 2


def test_an_unknown_kind_of_tool_is_told_before_anything_runs(kind):
    seen = []
    dag = counting(tools={"countin": {}})
    dag.add_node("first", lambda: seen.append(1))
    with pytest.raises(CycleConfigurationError, match="no tool 'countin'; did you mean 'counting'"):
        dag.run()
    assert not seen


def test_tools_of_a_cycle_are_plain_data_that_is_stored_with_it():
    config = CycleConfig(tools={"monitor": {"memory_limit_mb": 5}})
    assert CycleConfig.from_dict(config.to_dict()) == config
    with pytest.raises(CycleConfigurationError, match=r"tools\['monitor'\] must be a mapping"):
        CycleConfig(tools={"monitor": 5})
