"""The records of a run."""

import pytest

from fast_dag import DAG, CycleExecutionError
from tests.observe.traces import failed, finished, ran, shape, skipped, started, trace


def told(records):
    return [(each.kind, each.name, each.iteration, each.status) for each in records]


def counting(function=lambda n=0: n + 1, **settings):
    dag = DAG("counting")
    dag.node(lambda: 0, name="before")
    dag.node(function, name="count") >> dag.node(lambda count: count, name="after")
    with dag.cycle("loop", **settings) as cycle:
        cycle.feedback("count", "count", input="n")
    return dag


def test_cycles_iterations_and_nodes_come_in_the_order_in_which_they_began():
    dag = counting(max_iterations=2, on_limit="return")
    dag.run(trace=True)
    assert told(dag.context.trace.records()) == [
        ("node", "before", None, "completed"),
        ("cycle", "loop", None, "completed"),
        ("iteration", "loop", 0, "completed"),
        ("node", "count", 0, "completed"),
        ("iteration", "loop", 1, "completed"),
        ("node", "count", 1, "completed"),
        ("node", "after", None, "completed"),
    ]


def test_the_records_of_a_cycle_leave_out_what_is_around_it():
    dag = counting(max_iterations=1, on_limit="return")
    dag.run(trace=True)
    records = dag.context.trace.records("loop")
    assert [(each.kind, each.name) for each in records] == [
        ("cycle", "loop"),
        ("iteration", "loop"),
        ("node", "count"),
    ]
    assert dag.context.metadata["cycles"]["loop"].trace == records


def test_a_cycle_in_a_workflow_inside_has_its_records_too():
    outer = DAG("outer")
    outer.add_dag("sub", counting(max_iterations=1, on_limit="return"))
    outer.run(trace=True)
    records = outer.context.trace.records("sub.loop")
    assert [(each.kind, each.name) for each in records] == [
        ("cycle", "sub.loop"),
        ("iteration", "sub.loop"),
        ("node", "sub.count"),
    ]
    inner = outer.context.nested["sub"]
    assert inner.trace is None
    assert inner.metadata["cycles"]["loop"].trace == records


def test_what_runs_inside_a_node_of_a_cycle_is_among_its_records():
    inner, outer = DAG("inner"), DAG("outer")
    inner.node(lambda n=0: n + 1, name="x")
    outer.add_dag("sub", inner)
    with outer.cycle("loop", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("sub", "sub", input="n")
    outer.run(trace=True)
    names = [each.name for each in outer.context.trace.records("loop")]
    assert names.count("sub.x") == names.count("sub") == 2


def test_a_cycle_without_a_trace_has_none():
    dag = counting(max_iterations=1, on_limit="return")
    dag.run()
    assert dag.context.metadata["cycles"]["loop"].trace is None


def test_durations_are_milliseconds_of_all_attempts():
    flaky = [
        started("a", 0),
        failed("a", 1, 1, retry_in=3.0),
        started("a", 4, attempt=2),
        finished("a", 6, 2, attempt=2),
    ]
    (record,) = trace([flaky]).records()
    assert (record.status, record.duration_ms) == ("completed", 3000)


def test_an_attempt_for_an_element_is_in_the_record_of_its_map():
    tried = [started("each", 0), failed("each", 1, 1, retry_in=3.0, index=0), finished("each", 4, 4)]
    (record,) = trace([tried]).records()
    assert (record.status, record.duration_ms) == ("completed", 4000)


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([started("a", 0), failed("a", 1, 1)], "failed"),
        ([started("a", 0), failed("a", 1, 1), finished("a", 1, 1)], "completed"),
        ([started("a", 0)], "cancelled"),
        ([started("a", 0), failed("a", 1, 1, retry_in=3.0)], "cancelled"),
        ([skipped("a", 0)], "skipped"),
    ],
    ids=["failed", "handled", "never ended", "waiting for its next attempt", "skipped"],
)
def test_a_record_tells_what_became_of_a_node(events, status):
    assert told(trace([events]).records()) == [("node", "a", None, status)]


def test_a_node_that_failed_and_runs_again_has_two_records():
    again = [started("s.a", 0), failed("s.a", 1, 1), *ran("s.a", 2, 3)]
    assert [each.status for each in trace([again]).records()] == ["failed", "completed"]


def test_a_cycle_that_failed_is_said_to_have():
    def broken(n=0):
        raise ValueError

    dag = counting(broken, max_iterations=3)
    with pytest.raises(CycleExecutionError) as caught:
        dag.run(trace=True)
    expected = [
        ("cycle", "loop", None, "failed"),
        ("iteration", "loop", 0, "cancelled"),
        ("node", "count", 0, "failed"),
    ]
    assert told(dag.context.trace.records("loop")) == expected
    assert told(caught.value.result.trace) == expected


def test_an_unknown_cycle_has_no_records():
    assert trace([ran("a", 0, 1)], shape("a")).records("loop") == []
