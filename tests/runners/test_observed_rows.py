"""The plain loop with observers: the events, the results and the metrics of the core."""

import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag import DAG, NO_DATA, Context, Violation
from tests.properties.strategies import build, graphs
from tests.runners.test_row_loop import (
    Curious,
    dag_of,
    outcome,
    property_test,
    strategies,
    through_the_core,
    wide_rows,
)


def told(make, inputs, strategy, *others, context=None):
    """What becomes of a run, and all it tells an observer but for times."""
    seen = []
    found = outcome(
        make(), inputs, observers=[seen.append, *others], error_strategy=strategy, context=context
    )
    return found, [plainly(event) for event in seen]


def plainly(event):
    """An event without its times, errors as text."""
    found = {name: getattr(event, name) for name in event.__dataclass_fields__}
    for name in ("time", "duration", "run_id"):
        found.pop(name, None)
    return {**found, "kind": event.kind, "error": repr(found.get("error"))}


@property_test
@given(wide_rows(), strategies, st.booleans())
def test_rows_of_every_answer_tell_what_the_core_tells(nodes, strategy, passed):
    contexts = [Context({"old": 1}) if passed else None for _ in range(2)]
    ours = told(lambda: dag_of(nodes), {}, strategy, context=contexts[0])
    assert ours == told(lambda: dag_of(nodes), {}, strategy, Curious(), context=contexts[1])


@property_test
@given(graphs(races=True), strategies)
def test_random_graphs_tell_what_the_core_tells(graph, strategy):
    ours = told(lambda: build(graph), graph.inputs, strategy)
    assert ours == told(lambda: build(graph), graph.inputs, strategy, Curious())


@property_test
@given(wide_rows(), strategies)
def test_an_observed_run_gives_what_any_other_gives(nodes, strategy):
    watched = outcome(dag_of(nodes), {}, error_strategy=strategy, observers=[lambda event: None])
    assert watched == through_the_core(dag_of(nodes), {}, error_strategy=strategy)


def chain(*functions):
    dag = DAG("chain")
    nodes = [dag.node(function, name=f"n{index}") for index, function in enumerate(functions)]
    for source, target in itertools.pairwise(nodes):
        source >> target
    return dag


@pytest.mark.parametrize("kind", ["node_started", "node_finished"])
def test_an_observer_that_cancels_is_told_of_no_further_node(kind):
    context, seen = Context(), []

    def cancel(event):
        seen.append((event.kind, getattr(event, "node", None)))
        if event.kind == kind:
            context.cancel("seen")

    dag = chain(lambda: 1, lambda n0: n0)
    with pytest.raises(Exception, match="seen"):
        dag.run(context=context, observers=[cancel])
    told = [("node_started", "n0"), ("node_finished", "n0")]
    assert seen == [("run_started", None), *told[: told.index((kind, "n0")) + 1], ("run_finished", None)]


def test_a_node_that_ends_its_run_is_not_told_to_have_finished():
    context, seen = Context(), []
    dag = chain(lambda: context.cancel("within"), lambda n0: n0)
    with pytest.raises(Exception, match="within"):
        dag.run(context=context, observers=[lambda event: seen.append(event.kind)])
    assert seen == ["run_started", "node_started", "run_finished"]


def test_a_duration_is_that_of_the_node_and_not_of_observers():
    seen = []

    def slow(event):
        threading.Event().wait(0.02)
        seen.append(event)

    chain(lambda: 1, lambda n0: n0).run(observers=[slow])
    assert all(event.duration < 0.01 for event in seen if event.kind == "node_finished")


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

    def violate():
        controls[0].tell(Violation(kind="memory", limit=1, value=2))
        return 1

    chain(violate, lambda n0: n0).run(observers=[Tool()])
    assert seen[:4] == ["run_started", "node_started", "violation", "node_finished"]


def test_a_value_for_the_core_is_told_to_start_once():
    seen = []
    chain(lambda: NO_DATA, lambda n0=1: n0).run(observers=[lambda event: seen.append(event.kind)])
    assert seen.count("node_started") == seen.count("node_finished") + seen.count("node_failed")
