"""Random graphs: every mode gives what the reference interpreter gives."""

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from fast_dag import NO_DATA, Context, ExecutionError
from tests.properties.description import Graph
from tests.properties.reference import Outcome, interpret
from tests.properties.strategies import build, graphs

surviving = st.sampled_from(["continue", "continue_none"])
concurrent = st.sampled_from(["parallel", "async"])
any_mode = st.sampled_from(["sequential", "parallel", "async"])
contexts = st.one_of(st.none(), st.builds(Context))
property_test = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Trial:
    """A real DAG that is run in one way, and what became of its latest run."""

    def __init__(self, graph: Graph, mode: str, strategy: str, **options: Any) -> None:
        self.calls = Counter()
        self.dag = build(graph, self.calls)
        self.run = partial(self.dag.run, graph.inputs, mode=mode, error_strategy=strategy, **options)
        self.repeat()

    def repeat(self) -> None:
        """Run it, once more."""
        self.calls.clear()
        self.value, self.error = None, None
        try:
            self.value = self.run()
        except ExecutionError as error:
            self.error = error
        self.context = self.dag.context

    def seen(self) -> dict[str, Any]:
        """Everything that must not depend on the mode; texts, so that 0 and False differ."""
        return {
            "results": texts(self.context.results),
            "skipped": set(self.context.metadata.get("skipped", {})),
            "branches": dict(self.context.branches),
            "failed": {entry["node"]: entry["attempts"] for entry in self.context.metadata.get("errors", [])},
            "calls": dict(self.calls),
            "value": repr(self.value),
        }


def expected(graph: Graph, strategy: str) -> Outcome:
    """What the reference says."""
    outcome = interpret(graph, strategy, NO_DATA)
    event(f"failures: {min(len(outcome.failed), 3)}, skipped: {min(len(outcome.skipped), 3)}")
    return outcome


def stated(outcome: Outcome) -> dict[str, Any]:
    """The reference's outcome in the form of `Trial.seen`."""
    return {
        "results": texts(outcome.results),
        "skipped": outcome.skipped,
        "branches": outcome.branches,
        "failed": {name: outcome.attempts[name] for name in outcome.failed},
        "calls": outcome.attempts,
        "value": repr(outcome.value),
    }


def texts(results: dict[str, Any]) -> dict[str, str]:
    """Values as text, by name."""
    return {name: repr(value) for name, value in results.items()}


def node_events(events: list[Any]) -> list[tuple[str, str, int]]:
    """Kind, node and attempt of each event about a node, sorted."""
    about_nodes = [each for each in events if each.kind.startswith("node_")]
    return sorted(
        (each.node, each.kind, 0 if each.kind == "node_skipped" else each.attempt) for each in about_nodes
    )


def stated_events(outcome: Outcome) -> list[tuple[str, str, int]]:
    """The events that the reference's attempts make: of a success all but the last attempt have failed."""
    stated = [(name, "node_skipped", 0) for name in outcome.skipped]
    for name, attempts in outcome.attempts.items():
        stated += [(name, "node_started", number + 1) for number in range(attempts)]
        stated += [(name, "node_failed", number + 1) for number in range(attempts)]
        if name not in outcome.failed:
            stated.remove((name, "node_failed", attempts))
            stated.append((name, "node_finished", attempts))
    return sorted(stated)


def kinds_of(error: BaseException | None) -> set[str]:
    """The names of all classes that an error is an instance of."""
    return {each.__name__ for each in type(error).__mro__}


@property_test
@given(graphs(races=True))
def test_the_execution_order_always_takes_the_earliest_inserted_ready_node(graph):
    assert list(build(graph).execution_order) == interpret(graph, "continue", NO_DATA).order


@property_test
@given(graphs(races=True), surviving, contexts)
def test_a_run_that_survives_its_failures_gives_what_the_reference_gives(graph, strategy, context):
    assert Trial(graph, "sequential", strategy, context=context).seen() == stated(expected(graph, strategy))


@property_test
@given(graphs(races=True), contexts)
def test_fail_fast_ends_at_the_first_failure_in_order_and_keeps_the_results_before_it(graph, context):
    outcome = expected(graph, "fail_fast")
    trial = Trial(graph, "sequential", "fail_fast", context=context)
    assert texts(trial.context.results) == texts(outcome.results)
    assert trial.calls == outcome.attempts
    assert repr(trial.value) == repr(outcome.value)
    assert getattr(trial.error, "node_name", None) == outcome.raised
    if outcome.raised:
        assert outcome.failed[outcome.raised] in kinds_of(trial.error)
        assert trial.error.attempts == outcome.attempts[outcome.raised]


@property_test
@given(graphs(), surviving, contexts)
def test_every_concurrent_mode_gives_what_the_reference_gives(graph, strategy, context):
    outcome = stated(expected(graph, strategy))
    assert Trial(graph, "parallel", strategy, context=context).seen() == outcome
    assert Trial(graph, "async", strategy).seen() == outcome


@property_test
@given(graphs(), concurrent)
def test_fail_fast_in_a_concurrent_mode_raises_one_of_the_failures_that_can_be_reached(graph, mode):
    reachable = expected(graph, "continue")
    trial = Trial(graph, mode, "fail_fast")
    if not reachable.failed:
        assert trial.seen() == stated(reachable)
    else:
        assert reachable.failed[trial.error.node_name] in kinds_of(trial.error)
        assert texts(trial.context.results).items() <= texts(reachable.results).items()


@property_test
@given(graphs(), surviving, concurrent, st.integers(1, 3))
def test_the_number_of_workers_changes_nothing(graph, strategy, mode, workers):
    assert Trial(graph, mode, strategy, max_workers=workers).seen() == stated(expected(graph, strategy))


@property_test
@given(graphs(), surviving, any_mode)
def test_a_second_run_of_the_same_dag_gives_the_same(graph, strategy, mode):
    trial = Trial(graph, mode, strategy)
    first = trial.seen()
    trial.repeat()
    assert trial.seen() == first


@property_test
@given(graphs(), surviving, any_mode)
def test_the_events_of_each_node_agree_with_its_attempts(graph, strategy, mode):
    events = []
    Trial(graph, mode, strategy, observers=[events.append])
    assert node_events(events) == stated_events(expected(graph, strategy))


@property_test
@given(graphs(races=True))
def test_under_fail_fast_only_the_nodes_that_were_called_have_started(graph):
    events = []
    Trial(graph, "sequential", "fail_fast", observers=[events.append])
    outcome = replace(expected(graph, "fail_fast"), skipped=set())
    assert node_events([each for each in events if each.kind != "node_skipped"]) == stated_events(outcome)
