"""What becomes of the events of a run: attributes, status, events of spans, counters, durations."""

import threading

import pytest
from opentelemetry.trace import StatusCode

from fast_dag import DAG, CacheError, CycleConfig, Private, events
from fast_dag.cycles import CycleTemplates, CyclicWorkflowExecutor
from fast_dag.run.violation import Violation
from tests.observe.tracer import Kept

OK, ERROR = StatusCode.UNSET, StatusCode.ERROR
MODES = ["sequential", "parallel", "async"]


@pytest.fixture
def kept():
    return Kept()


def failing(times, error=None, **settings):
    """``load`` fails so often before it gives 1."""
    left = [times]

    def load():
        if left[0]:
            left[0] -= 1
            raise error or ValueError("broken")
        return 1

    dag = DAG("etl")
    dag.node(load, name="load", **settings)
    return dag


class Told:
    """A tool that adds events of its own to what another is told."""

    def __init__(self, observer, *made):
        self.observer, self.made = observer, made

    def watching(self, control):
        self.watcher = self.observer.watching(control)
        return self

    def __call__(self, event):
        self.watcher(event)
        if event.kind == "run_started":
            for kind, fields in self.made:
                self.watcher(kind(run_id="r", time=event.time, workflow="etl", **fields))

    def close(self, results):
        self.watcher.close(results)


def about(span, *names):
    return tuple(span.attributes.get(f"fast_dag.{name}") for name in names)


def test_a_run_says_what_it_is(kept):
    dag = DAG("etl").add_node("load", lambda x: x)
    dag.run(x=1, mode="parallel", observers=[kept.observer])
    run = kept.span("run etl")
    assert about(run, "workflow", "mode", "inputs", "status") == ("etl", "parallel", ("x",), "completed")
    assert about(run, "run_id") == (dag.context.metadata["run_id"],)
    assert run.status.status_code is OK
    assert kept.counted("fast_dag.run.duration", "workflow", "status") == {("etl", "completed"): 1}


def test_a_run_that_fails_says_why(kept):
    with pytest.raises(ValueError, match="broken"):
        failing(1).run(observers=[kept.observer])
    run = kept.span("run etl")
    (event,) = run.events
    assert (run.status.status_code, run.status.description) == (ERROR, "ValueError: broken")
    assert (event.name, event.attributes["exception.type"]) == ("exception", "builtins.ValueError")
    assert event.attributes["exception.message"] == "broken"
    assert event.attributes["exception.stacktrace"].endswith("in load")


@pytest.mark.parametrize("mode", MODES)
def test_each_attempt_has_a_span_and_is_counted(kept, mode):
    failing(2, retry=3).run(mode=mode, observers=[kept.observer])
    attempts = [span for span in kept.spans if span.name == "node load"]
    assert [about(span, "attempt", "retry_in") for span in attempts] == [(1, 0.0), (2, 0.0), (3, None)]
    assert [span.status.status_code for span in attempts] == [ERROR, ERROR, OK]
    assert all(about(span, "duration")[0] >= 0 for span in attempts)
    assert kept.counted("fast_dag.nodes", "node", "outcome") == {("load", "completed"): 1}
    assert kept.counted("fast_dag.node.failures", "node") == {("load",): 2}
    assert kept.counted("fast_dag.node.retries", "node") == {("load",): 2}
    assert kept.counted("fast_dag.node.duration", "outcome") == {("completed",): 1, ("failed",): 2}


def test_a_failure_that_a_handler_answers_is_told_to_the_run(kept):
    dag = failing(1)
    dag.set_node_error_handler("load", lambda node, inputs, error: 7)
    assert dag.run(observers=[kept.observer]) == 7
    assert kept.span("node load").status.status_code is ERROR
    assert [event.name for event in kept.span("run etl").events] == ["node_handled"]
    assert kept.counted("fast_dag.nodes", "outcome") == {("failed",): 1}


def test_a_cache_hit_is_counted(kept):
    dag = DAG("etl")
    dag.cached_node(lambda x: x, name="load")
    for _ in range(2):
        dag.run(x=1, observers=[kept.observer])
    assert [about(span, "cached") for span in kept.spans if span.name == "node load"] == [(False,), (True,)]
    assert kept.counted("fast_dag.cache.hits", "node") == {("load",): 1}
    assert kept.counted("fast_dag.nodes", "node", "outcome") == {("load", "completed"): 2}
    assert kept.counted("fast_dag.node.duration", "node") == {("load",): 1}


def test_a_skipped_node_is_an_event_of_what_is_around_it(kept):
    dag = failing(1).add_node("store", lambda load: load)
    dag.connect("load", "store").run(error_strategy="continue", observers=[kept.observer])
    (event,) = kept.span("run etl").events
    assert (event.name, event.attributes["fast_dag.node"]) == ("node_skipped", "store")
    assert "'load' failed" in event.attributes["fast_dag.reason"]


@pytest.mark.parametrize("mode", MODES)
def test_what_elements_of_a_map_come_to_is_told_to_its_span(kept, mode):
    failed = []

    def each(item):
        if item == 1 and not failed:
            failed.append(item)
            raise ValueError("once")
        if item == 2:
            raise KeyError("always")
        return item

    dag = DAG("maps")
    dag.map(each, name="each", retry=2)
    with pytest.raises(KeyError):
        dag.run(item=[0, 1, 2], mode=mode, observers=[kept.observer], max_workers=1)
    span = kept.span("node each")
    tried = [event.attributes["fast_dag.element"] for event in span.events if event.name == "node_failed"]
    assert tried == [(1,), (2,)]
    (lost,) = [event for event in span.events if event.name == "item_failed"]
    assert (lost.attributes["fast_dag.element"], lost.attributes["exception.message"]) == ((2,), "'always'")
    assert span.status.status_code is ERROR


def test_a_cycle_says_how_it_ended_and_its_iterations_their_numbers(kept):
    dag = DAG("fit").add_node(
        "step", lambda n=0: {"n": n + 1, "loss": 1 / (n + 1), "name": "x", "big": 1 << 70}
    )
    dag.feedback("step", "step", output="n", input="n", cycle="loop")
    with dag.cycle("loop", convergence_check="loss <= 0.5"):
        pass
    dag.run(observers=[kept.observer])
    cycle = kept.span("cycle loop")
    assert about(cycle, "reason", "detail", "iterations") == ("converged", "loss <= 0.5", 2)
    numbers = [span.attributes for span in kept.spans if span.name == "iteration loop"]
    assert [(each["fast_dag.metric.n"], each["fast_dag.metric.loss"]) for each in numbers] == [
        (1, 1.0),
        (2, 0.5),
    ]
    assert [name for name in numbers[0] if name.endswith(("name", "big"))] == []


def test_a_cycle_whose_node_fails_has_failed_with_its_iteration(kept):
    dag = (
        DAG("fit").add_node("step", lambda n=0: 1 / (1 - n)).feedback("step", "step", input="n", cycle="loop")
    )
    with dag.cycle("loop", max_iterations=5):
        pass
    with pytest.raises(ZeroDivisionError):
        dag.run(observers=[kept.observer])
    assert kept.span("cycle loop").status.status_code is ERROR


def test_an_iteration_that_is_made_again_has_failed(kept):
    left = [1]

    def operation():
        if left.pop():
            left.append(0)
            raise ValueError("broken")
        return {"status": "success"}

    dag = DAG("etl").add_node("operation", operation)
    dag.add_cycle(CycleTemplates.retry_cycle(max_retries=2, sleep=lambda seconds: None), "operation")
    dag.run(observers=[kept.observer])
    statuses = [span.status.status_code for span in kept.spans if span.name.startswith("iteration")]
    assert statuses == [ERROR, OK]


def test_a_node_that_fails_before_its_first_attempt_is_told_to_the_run(kept):
    dag = DAG("etl")
    dag.cached_node(lambda token: 1, name="load")
    with pytest.raises(CacheError):
        dag.run(token=Private("canary"), observers=[kept.observer])
    run = kept.span("run etl")
    assert [event.name for event in run.events] == ["node_failed", "exception"]
    assert run.events[0].attributes["fast_dag.node"] == "load"


def test_the_end_of_what_nobody_has_seen_begin_is_nothing(kept):
    ends = {"cycle": "c", "index": 0, "duration": 1.0, "metrics": {}}
    dag = DAG("etl").add_node("load", lambda: 1)
    dag.run(observers=[Told(kept.observer, (events.IterationFinished, ends))], strict_observers=True)
    assert [span.name for span in kept.spans] == ["run etl", "node load"]


def test_a_run_that_never_begins_has_no_span(kept):
    class Refuses:
        def watching(self, control):
            raise RuntimeError("cannot be measured here")

    with pytest.raises(RuntimeError, match="measured"):
        DAG("etl").add_node("load", lambda: 1).run(observers=[kept.observer, Refuses()])
    assert kept.spans == []


def test_a_checkpoint_is_told_to_its_cycle(kept):
    dag = DAG("fit").add_node("step", lambda n=0: n + 1).feedback("step", "step", cycle="loop")
    executor = CyclicWorkflowExecutor(dag, state_persistence=True)
    executor.execute_cycle_sync(CycleConfig(max_iterations=2, on_limit="return"), observers=[kept.observer])
    events = kept.span("cycle loop").events
    assert [(event.name, event.attributes["fast_dag.iterations"]) for event in events] == [
        ("checkpoint_saved", 1),
        ("checkpoint_saved", 2),
    ]


def test_warnings_and_limits_are_told_to_the_run(kept):
    broken = Violation(kind="memory", limit=10.0, value=12.5)
    made = [
        (events.Warned, {"code": "odd", "message": "y" * 10_000}),
        (events.Violated, {"violation": broken}),
        (events.ConditionChecked, {"cycle": "c", "index": 0, "condition": "x > 1", "result": True}),
    ]
    DAG("etl").add_node("load", lambda: 1).run(observers=[Told(kept.observer, *made)])
    warning, violation = kept.span("run etl").events
    assert (warning.name, len(warning.attributes["fast_dag.message"]) < 500) == ("warning", True)
    told = [violation.attributes[f"fast_dag.{name}"] for name in ("kind", "limit", "value", "action")]
    assert told == ["memory", 10.0, 12.5, "terminate"]


def test_a_call_that_nobody_waits_for_is_told_and_its_span_ended(kept):
    event = threading.Event()
    dag = DAG("etl")
    dag.node(lambda: event.wait(10), name="load", timeout=0.02)
    try:
        with pytest.raises(TimeoutError):
            dag.run(mode="parallel", observers=[kept.observer])
    finally:
        event.set()
    names = [each.name for span in kept.spans for each in span.events]
    assert "node_abandoned" in names
    assert kept.span("node load").status.status_code is ERROR


def test_what_a_run_that_ends_early_has_left_is_ended_with_it(kept):
    dag, gate, is_under_way = DAG("etl"), threading.Event(), threading.Event()

    @dag.node
    def slow():
        is_under_way.set()
        gate.wait(10)

    @dag.node
    def quick():
        is_under_way.wait(10)
        raise ValueError("broken")

    try:
        with pytest.raises(ValueError, match="broken"):
            dag.run(mode="parallel", observers=[kept.observer])
    finally:
        gate.set()
    assert about(kept.span("node slow"), "unfinished") == (True,)


def test_no_text_without_bound_and_no_secret_is_told(kept):
    error = ValueError(f"{Private('canary')} {'x' * 10_000}")
    with pytest.raises(ValueError, match="Private"):
        failing(1, error).run(observers=[kept.observer], strict_observers=True)
    texts = [span.to_json() for span in kept.spans]
    assert max(map(len, texts)) < 5_000
    assert "canary" not in "".join(texts)
    assert "Private(***)" in "".join(texts)
