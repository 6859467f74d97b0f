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


def test_a_tool_knows_what_cycles_are_about_and_which_nodes_they_hold():
    tool, dag = Tool(), DAG("nested")
    for name in ("a", "b", "after"):
        dag.add_node(name, lambda x=0, y=0: x + y + 1)
    dag.connect("a", "b", input="x")
    dag.connect("b", "after", input="x")
    with dag.cycle("outer", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("b", "a", input="x").converge_when("b < 0.5")
    with dag.cycle("inner", max_iterations=2) as cycle:
        cycle.feedback("b", "b", input="y")
    dag.run(observers=[tool])
    assert tool.control.aims == {"outer": ("b", "minimize"), "inner": (None, "maximize")}
    assert tool.control.bodies == {"outer": {"a", "b"}, "inner": {"b"}}
    assert tool.control.trend([1.0, 0.0, 1.0, 0.0], 4, "minimize").direction == "oscillating"


def test_a_tool_may_warn_observers():
    class Warning(Watch):
        def __call__(self, event):
            if event.kind == "node_finished":
                self.tool.control.warn("odd", "something is odd")

    tool, seen = Tool(), []
    tool.watching = lambda control: setattr(tool, "control", control) or Warning(tool)
    adding().run(x=1, observers=[tool, seen.append])
    assert [(each.code, each.message) for each in seen if each.kind == "warning"] == [
        ("odd", "something is odd")
    ]
