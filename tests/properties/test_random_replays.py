"""A recording of any run, in any mode, replays without divergence and without a call."""

import warnings
from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from fast_dag import DAG, Context, CycleLimitWarning, ExecutionError, FSMContext
from tests.conformance.modes import ALL
from tests.properties import test_random_cycles as cycles
from tests.properties import test_random_machines as machines
from tests.properties import test_random_maps as maps
from tests.properties import test_random_nesting as nesting
from tests.properties.strategies import build, graphs

any_mode = st.sampled_from(ALL)
strategies = st.sampled_from(["fail_fast", "continue", "continue_none"])
property_test = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def outcome(run, context):
    """What a run came to, as text."""
    error = value = None
    try:
        value = run()
    except ExecutionError as raised:
        error = (
            [each.__name__ for each in type(raised).__mro__],
            raised.node_name,
            raised.attempts,
            str(raised),
        )
    metadata = context.metadata
    return {
        "value": repr(value),
        "error": error,
        "results": {name: repr(result) for name, result in context.results.items()},
        "skipped": dict(metadata.get("skipped", {})),
        "branches": dict(context.branches),
        # What was under way when a run failed has not been settled.
        "attempts": None if error else context.metrics["attempts"],
        "errors": {each["node"]: each["error"] for each in metadata.get("errors", [])},
        "cycles": {
            name: (
                cycle.reason,
                cycle.total_iterations,
                repr(cycle.outputs),
                repr(cycle.state),
                repr(cycle.shared),
            )
            for name, cycle in metadata.get("cycles", {}).items()
        },
    }


def check(mode, workflow, calls, inputs, kind=Context, **options):
    """Record a run in *mode* and replay it."""
    first, second = kind(), kind()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CycleLimitWarning)
        expected = outcome(lambda: mode(workflow, inputs, context=first, record=True, **options), first)
        calls.clear()
        found = []

        def replay():
            found.append(workflow.replay(first.recording, context=second))
            return found[-1].value

        replayed = outcome(replay, second)
    assert [each.divergence for each in found if each.divergence] == []
    assert replayed == expected
    assert calls == Counter()
    event("failed" if expected["error"] else "ended")


@property_test
@given(graphs(races=True), any_mode, strategies)
def test_a_run_of_a_random_graph_replays(graph, mode, strategy):
    calls = Counter()
    check(mode, build(graph, calls), calls, graph.inputs, error_strategy=strategy)


@property_test
@given(cycles.chains(), cycles.chains(prefix="b"), st.integers(0, 9), any_mode, strategies)
def test_a_run_of_random_cycles_replays(one, other, start, mode, strategy):
    calls, dag = Counter(), DAG("random")
    cycles.build(one, dag, calls)
    cycles.build(other, dag, calls)
    check(mode, dag, calls, {"start": start}, error_strategy=strategy)


@property_test
@given(machines.machines(), st.integers(0, 3), any_mode)
def test_a_run_of_a_random_machine_replays(states, value, mode):
    calls = Counter()
    check(mode, machines.build(states, calls), calls, {"value": value}, FSMContext)


@property_test
@given(maps.cases(), any_mode)
def test_a_run_of_a_random_map_replays(case, mode):
    case["forms"] = [tuple if form is iter else form for form in case["forms"]]
    dag, calls = maps.workflow(case), Counter()
    options = {"max_workers": case["workers"]} if mode.is_concurrent else {}
    check(mode, dag, calls, {"item": maps.formed(case["value"], case["forms"])}, **options)


@property_test
@given(graphs(races=True), any_mode, strategies)
def test_a_run_of_a_random_graph_inside_others_replays(graph, mode, strategy):
    check(mode, nesting.nested(graph, strategy), Counter(), graph.inputs)


@property_test
@given(graphs(races=True), any_mode, st.data())
def test_a_replay_in_which_some_nodes_are_live_calls_only_those(graph, mode, data):
    calls = Counter()
    graph = replace(graph, nodes=tuple(replace(node, failures=0) for node in graph.nodes))
    dag, context = build(graph, calls), Context()
    live = data.draw(st.sets(st.sampled_from([node.name for node in graph.nodes])))
    try:
        value = mode(dag, graph.inputs, context=context, record=True)
    except ExecutionError:
        return
    made = {name: count for name, count in calls.items() if name in live}
    calls.clear()
    result = dag.replay(context.recording, live=live)
    assert result.divergence is None
    assert (repr(result.value), dict(calls)) == (repr(value), made)
