"""The recorder, with no runner at all: what the core is told is written down in the order it is told."""

import json

import pytest

from fast_dag import DAG, Context, RecordingError
from fast_dag.errors import CycleStateError
from fast_dag.plan.compile import compile_plan
from fast_dag.run.dispatch import Dispatch
from fast_dag.run.graph_run import GraphRun
from fast_dag.run.recorder import Recorder
from fast_dag.run.recording import Recording
from fast_dag.run.requests import Outcome


def encode(value, what):
    try:
        return json.dumps(value)
    except TypeError:
        raise CycleStateError(f"{what} is no JSON") from None


@pytest.fixture
def desk():
    """A desk with a recorded run of a and b, which c reads."""
    dag = DAG("recorded").add_node("a", lambda: 1, retry=2).add_node("b", lambda: 2)
    dag.add_node("c", lambda a, b: a + b).connect("a", "c").connect("b", "c")
    plan = compile_plan(dag.wired)
    run = GraphRun(plan, list(plan.base), Context())
    run.ledger.around = Recorder(run, Recording("recorded", "id", "none"), encode)
    made = Dispatch(run, None)
    made.begin(run.ready())
    return made


def taken(desk):
    found = []
    while (request := desk.take()) is not None:
        found.append(request)
    return found


def test_steps_are_written_in_the_order_in_which_they_end(desk):
    a, b = taken(desk)
    desk.back(b, Outcome(2))
    desk.back(a, Outcome(1))
    (c,) = taken(desk)
    desk.back(c, Outcome(3))
    steps = desk.run.ledger.around.recording.steps
    assert [(step.node, step.result, dict(step.inputs)) for step in steps] == [
        ("b", "2", {}),
        ("a", "1", {}),
        ("c", "3", {"a": "1", "b": "2"}),
    ]


def test_each_attempt_is_written(desk):
    a, _ = taken(desk)
    desk.back(a, Outcome(error=ValueError("no"), duration=0.5))
    (again,) = taken(desk)
    desk.back(again, Outcome(1))
    (step,) = desk.run.ledger.around.recording.steps
    assert [(each.value, each.error and each.error.text) for each in step.attempts] == [
        (None, "no"),
        ("1", None),
    ]
    assert step.attempts[0].seconds == 0.5


def test_what_has_not_ended_is_not_written(desk):
    taken(desk)
    recorder = desk.run.ledger.around
    recorder.end("cancelled", KeyError("k"))
    assert (recorder.recording.steps, recorder.recording.status) == ([], "cancelled")
    assert recorder.recording.error.kind == ("builtins", "KeyError")


def test_a_value_without_a_text_stops_the_run_and_nothing_else_is_told(desk):
    a, b = taken(desk)
    desk.back(a, Outcome({1, 2}))
    assert desk.run.finished
    assert type(desk.run.error) is RecordingError
    assert str(desk.run.error) == "'a' cannot be recorded: its result is no JSON"
    desk.back(b, Outcome(2))
    assert desk.run.ledger.around.recording.steps == []
