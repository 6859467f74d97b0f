"""The plain loop over a cycle with observers: the events, the results and the metrics of the core."""

import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag import DAG, Context, Violation
from tests.properties import test_random_cycles as cycles
from tests.runners.test_observed_rows import plainly
from tests.runners.test_row_loop import Curious, outcome, property_test, strategies


def cyclic(chain):
    dag = DAG("random")
    cycles.build(chain, dag, Counter())
    return dag


def told(dag, inputs, *others, **options):
    """What becomes of a run, and all it tells an observer but for times."""
    seen = []
    found = outcome(dag, inputs, observers=[seen.append, *others], **options)
    return found, [plainly(event) for event in seen]


def looped(function, context=None, **settings):
    dag = DAG("looped").add_node("node", function)
    with dag.cycle("loop", **{"max_iterations": 3, "on_limit": "return", **settings}) as cycle:
        cycle.feedback("node", "node", input="x")
    return dag


@property_test
@given(cycles.chains(), st.integers(0, 9), strategies)
def test_random_cycles_tell_what_the_core_tells(chain, start, strategy):
    ours = told(cyclic(chain), {"start": start}, error_strategy=strategy)
    assert ours == told(cyclic(chain), {"start": start}, Curious(), error_strategy=strategy)


ENDS = {
    "an expression": {"convergence_conditions": ["node >= 2"]},
    "both of two": {"convergence_conditions": ["node >= 2", "node >= 9"], "combine": "all"},
    "a function": {"convergence_conditions": [lambda results: 1 // (2 - results["node"])]},
    "an error": {"convergence_conditions": ["nodes > 1"]},
    "a rule": {"until": lambda before, now: now > 1},
    "each value": {"emit": "each"},
    "told of rounds": {"on_round": lambda number, value: None},
    "the cap": {"max_iterations": None, "safety_cap": 2, "convergence_conditions": ["node > 9"]},
    "a verdict": {"objective": "node", "stop_on": ("plateau",)},
}


@pytest.mark.parametrize("settings", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize(
    "function",
    [lambda x=0: x + 1, lambda x=0: 6 // (2 - x), lambda x=0: {"node": x}, lambda x=0: None],
    ids=["counts", "fails", "maps", "nothing"],
)
def test_each_way_to_end_tells_what_the_core_tells(settings, function):
    ours = told(looped(function, **settings), {})
    assert ours == told(looped(function, **settings), {}, Curious())


@pytest.mark.parametrize("kind", ["iteration_started", "node_started", "node_finished", "iteration_finished"])
def test_an_observer_that_cancels_is_told_of_nothing_more(kind):
    context, seen, called = Context(), [], []

    def cancel(event):
        seen.append(event.kind)
        if event.kind == kind:
            context.cancel("seen")

    with pytest.raises(Exception, match="seen"):
        looped(lambda x=0: called.append(x) or x).run(context=context, observers=[cancel])
    order = ["run_started", "cycle_started", "iteration_started", "node_started", "node_finished"]
    told = [*order, "iteration_finished"]
    assert seen == [*told[: told.index(kind) + 1], "cycle_finished", "run_finished"]
    assert called == ([] if kind in ("iteration_started", "node_started") else [0])


def test_durations_are_those_of_the_nodes_and_not_of_observers():
    seen, context = [], Context()

    def slow(event):
        threading.Event().wait(0.01)
        seen.append(event)

    looped(lambda x=0: x + 1).run(observers=[slow], context=context)
    assert all(event.duration < 0.005 for event in seen if event.kind == "node_finished")
    assert context.metrics["node_times"]["node"] < 0.01


def test_what_others_note_meanwhile_is_told_in_between():
    seen, controls = [], []

    class Tool:
        def watching(self, control):
            controls.append(control)
            return self

        def __call__(self, event):
            seen.append(event.kind)

        def close(self, results):
            pass

    def violate(x=0):
        controls[0].tell(Violation(kind="memory", limit=1, value=2))
        return x

    looped(violate).run(observers=[Tool()])
    assert seen[2:6] == ["iteration_started", "node_started", "violation", "node_finished"]


def test_a_cycle_inside_a_nested_workflow_is_told_under_its_path():
    def nested():
        dag = DAG("outer")
        dag.add_dag("inside", looped(lambda x=0: x + 1))
        return dag

    ours = told(nested(), {})
    assert ours == told(nested(), {}, Curious())
    assert {event["node"] for event in ours[1] if event["kind"] == "node_started"} >= {"inside.node"}


def test_a_node_whose_argument_is_missing_is_told_to_start_once():
    def flawed():
        dag = DAG("flawed").add_node("give", lambda x=0: {"a": x} if x < 2 else {})
        dag.add_node("take", lambda a: a + 1).connect("give", "take", output="a", input="a")
        with dag.cycle("loop", max_iterations=5) as cycle:
            cycle.feedback("take", "give", input="x")
        return dag

    ours = told(flawed(), {})
    assert ours == told(flawed(), {}, Curious())
    assert [event["kind"] for event in ours[1]].count("node_failed") == 1
