"""Tools among the observers: begun with a run, told of it, and ended with it."""

import pytest

from fast_dag import DAG


class Tool:
    """Begins a watch on each run, and keeps what becomes of it."""

    def __init__(self):
        self.seen = []
        self.ended = 0

    def watching(self, control):
        self.control = control
        return Watch(self)


class Watch:
    def __init__(self, tool):
        self.tool = tool

    def __call__(self, event):
        self.tool.seen.append(event.kind)

    def close(self, results):
        self.tool.ended += 1
        self.tool.results = results


class Refuses:
    def watching(self, control):
        raise RuntimeError("cannot be measured here")


def adding():
    return DAG("adding").add_node("add", lambda x: x + 1)


def test_a_tool_is_told_of_the_run_and_that_it_is_over():
    tool = Tool()
    assert adding().run(x=1, observers=[tool]) == 2
    assert (tool.seen[0], tool.seen[-1], tool.ended) == ("run_started", "run_finished", 1)


def test_a_tool_may_be_added_to_the_workflow():
    tool = Tool()
    adding().add_observer(tool).run(x=1)
    assert tool.ended == 1


def test_a_tool_knows_the_run_it_watches():
    tool, dag = Tool(), adding()
    with dag.cycle("more", max_iterations=2) as cycle:
        cycle.feedback("add", "add")
    dag.run(x=1, observers=[tool], mode="parallel", max_workers=3)
    control = tool.control
    assert (control.workflow, control.mode, control.workers, control.timeout) == (
        "adding",
        "parallel",
        3,
        None,
    )
    assert control.cycles["more"].max_iterations == 2
    assert tool.results["more"].total_iterations == 2


def test_a_tool_that_cannot_begin_keeps_the_run_from_beginning_and_ends_the_others():
    tool, dag, called = Tool(), DAG("flow"), []
    dag.add_node("call", lambda: called.append(1))
    with pytest.raises(RuntimeError, match="cannot be measured"):
        dag.run(observers=[tool, Refuses()])
    assert (tool.ended, called) == (1, [])
    dag.run()
    assert called == [1]


def test_a_tool_that_raised_is_ended_all_the_same():
    tool = Tool()
    tool.seen = None
    with pytest.warns(RuntimeWarning, match="Watch"):
        adding().run(x=1, observers=[tool])
    assert tool.ended == 1
