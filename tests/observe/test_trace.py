"""Trace: what can be asked of it."""

import pytest

from fast_dag import DAG, Trace


@pytest.fixture
def trace():
    dag = DAG("pair")
    dag.node(lambda: 1, name="a") >> dag.node(lambda a: a, name="b")
    dag.run(trace=True)
    return dag.context.trace


def test_events_are_made_once_and_the_list_is_the_callers(trace):
    first = trace.events
    first.clear()
    assert len(trace.events) == 6
    assert trace.events[0] is trace.events[0]


def test_a_trace_knows_its_run_and_workflow(trace):
    assert {(event.run_id, event.workflow) for event in trace.events} == {(trace.run_id, "pair")}


@pytest.mark.parametrize("name", ["run.txt", "run", "run.jsonn"])
def test_another_suffix_is_an_error(trace, tmp_path, name):
    with pytest.raises(ValueError, match=r"a trace is saved as \.jsonl or \.json, got .*run"):
        trace.save(tmp_path / name)
    with pytest.raises(ValueError, match=r"\.jsonl or \.json"):
        Trace.load(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_reached_is_an_os_error(trace, tmp_path):
    with pytest.raises(FileNotFoundError):
        Trace.load(tmp_path / "none.jsonl")
    with pytest.raises(FileNotFoundError):
        trace.save(tmp_path / "no folder" / "run.jsonl")


def test_paths_may_be_texts(trace, tmp_path):
    trace.save(f"{tmp_path}/run.json")
    assert Trace.load(f"{tmp_path}/run.json").events == trace.events
