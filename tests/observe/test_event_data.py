"""Events as plain data and back."""

import json
import math

import pytest

from fast_dag import DAG, Violation, events
from fast_dag.errors import DocumentError
from fast_dag.observe.event_data import LoadedError, data_of, traced_from
from fast_dag.observe.stretches import events_of
from fast_dag.run.events import EVENTS
from tests.observe.traces import COMMON, failed, finished, shape, skipped, started

CYCLE = {**COMMON, "time": 1.5, "cycle": "loop", "iteration": (2,)}
VIOLATION = Violation(
    kind="memory", limit=1.0, value=math.inf, iteration=3, message="too much", timestamp=9.0
)
ALL = [
    events.RunStarted(**COMMON, time=0.0, mode="parallel", input_names=("x", "y")),
    started("a", 0.1, iteration=(0, 3)),
    finished("a", 0.2, 0.1, cached=True),
    failed("a", 1 / 3, 0.1, retry_in=0.5, error=LoadedError("ValueError", "bad")),
    skipped("b", 0.5),
    events.NodeAbandoned(**COMMON, time=1.0, node="a", attempt=1, worker="w", timeout=None),
    events.ItemFinished(**COMMON, time=1.0, node="a", attempt=1, worker="w", index=(0, 1), duration=1.0),
    events.ItemFailed(
        **COMMON, time=1.0, node="a", attempt=1, worker="w", index=2, duration=1.0, error=LoadedError("E", "")
    ),
    events.Warned(**COMMON, time=1.0, code="cache_corrupt", message="\ud800 odd"),
    events.CycleStarted(**CYCLE),
    events.IterationStarted(**CYCLE, index=4),
    events.IterationFinished(
        **CYCLE,
        index=4,
        duration=0.1,
        metrics={"loss": -math.inf, "n": 10**40, "ok": True, "s": "x", "no": None},
    ),
    events.ConditionChecked(**CYCLE, index=4, condition="n > 3", result=False),
    events.StateChanged(**CYCLE, index=4, node="a", key="total", old=None, new=None),
    events.CheckpointSaved(**CYCLE, iterations=5),
    events.CycleFinished(
        **CYCLE, reason="converged", detail="n > 3", verdict=None, iterations=5, duration=0.25
    ),
    events.Transitioned(**COMMON, time=2.0, source="a", target="b"),
    events.Violated(**COMMON, time=2.0, violation=VIOLATION, cycle=None),
    events.RunFinished(
        **COMMON, time=3.0, status="failed", duration=3.0, error=LoadedError("ValueError", "bad")
    ),
]
SHAPES = {"": shape("a; b < a", cycles=[("loop", 0, 1)]), "a.": shape("x")}


def through(told, shapes=None):
    data = json.loads(json.dumps(data_of(told, shapes or {}), allow_nan=False))
    return traced_from(lambda _: data, b"", "file")


def damaged(number, **fields):
    """What a file has of an event, with other *fields*; None takes one away."""
    table = json.loads(json.dumps(data_of([ALL[number]], {})[0])) | fields
    return {name: value for name, value in table.items() if value != "gone"}


def test_every_kind_of_event_comes_back_as_it_was():
    assert {event.kind for event in ALL} == set(EVENTS)
    assert list(events_of(through(ALL))) == ALL


def test_the_shapes_of_the_run_come_back_with_the_first_event():
    assert through(ALL, SHAPES).shapes.all() == SHAPES


@pytest.mark.parametrize("index", [None, 3, (1, 2)])
def test_the_element_that_failed_comes_back(index):
    (event,) = events_of(through([failed("a", 1, 1, index=index)]))
    assert event.index == index


def test_an_error_comes_back_as_its_class_and_text():
    (event,) = events_of(through([failed("a", 1, 1, error=KeyError("gone"))]))
    assert event.error == LoadedError("KeyError", "'gone'")
    assert (str(event.error), repr(event.error)) == ("'gone'", "LoadedError('KeyError', \"'gone'\")")
    assert event.error != LoadedError("KeyError", "other")
    assert len({event.error, LoadedError("KeyError", "'gone'")}) == 1


def test_the_text_of_an_error_is_bounded():
    (event,) = events_of(through([failed("a", 1, 1, error=ValueError("x" * 10**6))]))
    assert len(event.error.text) == 1000


def test_no_value_of_a_node_is_written():
    secret = object()
    told = [
        events.NodeStarted(**COMMON, time=0.0, node="a", attempt=1, worker="w", inputs={"x": secret}),
        events.NodeFinished(**COMMON, time=0.0, node="a", attempt=1, worker="w", duration=1.0, result=secret),
        events.StateChanged(**CYCLE, index=0, node="a", key="k", old=secret, new=secret),
    ]
    written = data_of(told, {})
    assert not {"inputs", "result", "old", "new"} & {name for each in written for name in each}


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (5, "an event must be a dict, got 5"),
        ({}, "there is no kind of event None"),
        ({"kind": "explosion"}, "there is no kind of event 'explosion'"),
        ({"kind": []}, "there is no kind of event []"),
        (damaged(1, time="gone"), "node_started lacks 'time'"),
        (damaged(1, extra=1), "node_started has an unknown field 'extra'"),
        (damaged(1, time="soon"), "time of node_started is wrong: expected int or float, got 'soon'"),
        (damaged(1, time=True), "time of node_started is wrong"),
        (damaged(1, time=1e999), "time of node_started is wrong: expected a number of seconds, got inf"),
        (damaged(1, time=1e308), "time of node_started is wrong: expected a number of seconds, got 1e+308"),
        (damaged(1, node=3), "node of node_started is wrong: expected str, got 3"),
        (damaged(1, attempt=1.5), "attempt of node_started is wrong: expected int, got 1.5"),
        (damaged(1, iteration=["x"]), "iteration of node_started is wrong"),
        (damaged(2, cached=1), "cached of node_finished is wrong: expected bool, got 1"),
        (damaged(3, error=None), "error of node_failed is wrong"),
        (damaged(3, error={"class": "os.system"}), "error of node_failed is wrong"),
        (damaged(11, metrics={"loss": [1]}), "metrics of iteration_finished is wrong"),
        (damaged(11, metrics={"loss": {"$float": "1"}}), "metrics of iteration_finished is wrong"),
        (damaged(17, violation={"kind": "x"}), "violation of violation is wrong"),
        (damaged(1, graph=[]), "graph must be a dict, got []"),
        (damaged(1, graph={"": {}}), "expected list, got None"),
        (
            damaged(1, graph={"": {"names": ["a"], "roles": [""], "sources": [[5]], "cycles": []}}),
            "no node number 5",
        ),
        (
            damaged(1, graph={"": {"names": ["a"], "roles": ["king"], "sources": [[]], "cycles": []}}),
            "a graph has a name, a role",
        ),
        (
            damaged(1, graph={"": {"names": ["a"], "roles": [""], "sources": [[]], "cycles": [["loop"]]}}),
            "a cycle has a name, an enter and a leave",
        ),
    ],
)
def test_what_is_no_event_is_told_with_its_place(item, text):
    # Only the first event has a graph.
    before = [] if isinstance(item, dict) and "graph" in item else data_of(ALL[:1], {})
    with pytest.raises(DocumentError) as caught:
        traced_from(lambda _: [*before, item], b"", "here.jsonl")
    assert text in str(caught.value)
    assert str(caught.value).startswith(f"here.jsonl holds no trace, event {len(before) + 1}: ")


def test_a_file_without_events_holds_no_trace():
    with pytest.raises(DocumentError, match="there is no event in it"):
        traced_from(lambda _: [], b"", "here.jsonl")


def test_metrics_of_a_run_come_back():
    dag = DAG("count")
    dag.node(lambda n=0: {"n": n and n["n"] + 1, "loss": math.nan}, name="count")
    with dag.cycle("loop", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("count", "count", input="n")
    dag.run(trace=True)
    told = dag.context.trace.events
    back = list(events_of(through(told)))
    assert repr([each.metrics for each in back if each.kind == "iteration_finished"]) == repr(
        [each.metrics for each in told if each.kind == "iteration_finished"]
    )
