"""Traces of random workflows: the same happened in every mode, and a trace has what an observer is told."""

from __future__ import annotations

import warnings
from collections import Counter
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fast_dag import DAG, Context, CycleLimitWarning, ExecutionError, Trace
from tests.conformance.modes import ALL
from tests.conformance.test_traces import plainly
from tests.properties import test_random_cycles as cycles
from tests.properties import test_random_machines as machines
from tests.properties.strategies import build, graphs
from tests.properties.test_random_graphs import surviving

property_test = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MODES = ("parallel", "async")


def traced(run: Any, *args: Any, **options: Any) -> Trace:
    """The trace of a run, whatever becomes of it."""
    context = Context()
    with suppress(ExecutionError), warnings.catch_warnings():
        warnings.simplefilter("ignore", CycleLimitWarning)
        run(*args, context=context, trace=True, **options)
    return context.trace


def told(run: Any, *args: Any, **options: Any) -> list[dict[str, Any]]:
    """What an observer of a run is told."""
    seen: list[Any] = []
    with suppress(ExecutionError), warnings.catch_warnings():
        warnings.simplefilter("ignore", CycleLimitWarning)
        run(*args, context=Context(), observers=[seen.append], **options)
    return [plainly(event) for event in seen]


def told_by(trace: Trace) -> list[dict[str, Any]]:
    """What a trace tells."""
    return [plainly(event) for event in trace.events]


def cyclic(chain: cycles.Chain) -> DAG:
    dag = DAG("random")
    cycles.build(chain, dag, Counter())
    return dag


@property_test
@given(graphs(), surviving)
def test_traces_of_a_graph_do_not_diverge_between_modes(graph, strategy):
    first = traced(build(graph).run, graph.inputs, error_strategy=strategy)
    assert first.compare(first) is None
    for mode in MODES:
        other = traced(build(graph).run, graph.inputs, error_strategy=strategy, mode=mode)
        assert first.compare(other) is None, mode
        assert other.compare(first) is None, mode


@property_test
@given(graphs(races=True), st.sampled_from(["fail_fast", "continue", "continue_none"]))
def test_a_trace_of_a_graph_has_what_an_observer_is_told(graph, strategy):
    trace = traced(build(graph).run, graph.inputs, error_strategy=strategy)
    assert told_by(trace) == told(build(graph).run, graph.inputs, error_strategy=strategy)


@property_test
@given(graphs(), graphs(), surviving)
def test_the_times_of_any_graph_add_up(graph, other, strategy):
    trace = traced(build(graph).run, graph.inputs, error_strategy=strategy, mode="parallel")
    ran = {event.node for event in trace.events if event.kind == "node_started"}
    assert set(trace.self_times()) == set(trace.waiting_times()) == set(trace.slack()) == ran
    path, slack = trace.critical_path(), trace.slack()
    assert all(slack[name] < 1e-9 for name in path)
    assert sum(trace.self_times()[name] for name in path) <= sum(trace.self_times().values()) + 1e-9
    assert bool(path) == bool(ran)
    # Another workflow is another matter, and says so without failing.
    trace.compare(traced(build(other).run, other.inputs, error_strategy=strategy))


@property_test
@given(cycles.chains(), st.integers(0, 9), surviving)
def test_traces_of_cycles_do_not_diverge_between_modes(chain, start, strategy):
    first = traced(cyclic(chain).run, start=start, error_strategy=strategy)
    for mode in MODES:
        other = traced(cyclic(chain).run, start=start, error_strategy=strategy, mode=mode)
        assert first.compare(other) is None, mode


@property_test
@given(cycles.chains(), st.integers(0, 9), st.sampled_from(["fail_fast", "continue", "continue_none"]))
def test_a_trace_of_cycles_has_what_an_observer_is_told(chain, start, strategy):
    trace = traced(cyclic(chain).run, start=start, error_strategy=strategy)
    assert told_by(trace) == told(cyclic(chain).run, start=start, error_strategy=strategy)
    times = [event.time for event in trace.events]
    assert times == sorted(times)


@property_test
@given(machines.machines(), st.integers(0, 9))
def test_traces_of_a_machine_do_not_diverge_and_have_what_an_observer_is_told(states, value):
    def run(mode: Any) -> Any:
        return lambda *args, **options: mode(machines.build(states, Counter()), *args, **options)

    first = traced(run(ALL[0]), {"value": value})
    assert told_by(first) == told(run(ALL[0]), {"value": value})
    for mode in ALL[1:]:
        assert first.compare(traced(run(mode), {"value": value})) is None, mode
