"""A trace as lines."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fast_dag import DAG, Trace
from fast_dag.errors import DocumentError

quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def trace():
    dag = DAG("pair")
    dag.node(lambda: 1, name="a") >> dag.node(lambda a: a, name="b")
    dag.run(trace=True)
    return dag.context.trace


def test_each_line_is_one_event(trace, tmp_path):
    trace.save(tmp_path / "run.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == [event.kind for event in trace.events]
    assert lines[1]["node"] == "a"


def test_what_was_saved_comes_back(trace, tmp_path):
    trace.save(tmp_path / "run.jsonl")
    loaded = Trace.load(tmp_path / "run.jsonl")
    assert loaded.events == trace.events
    assert (loaded.run_id, loaded.workflow) == (trace.run_id, "pair")
    assert loaded.slack() == trace.slack()
    assert loaded.critical_path() == ["a", "b"]
    assert loaded.records() == trace.records()
    assert loaded.compare(trace) is None
    loaded.save(tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "run.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "no event"),
        (b"\xff\xfe", "can't decode"),
        (b"not json", "event 1: Expecting value|holds no trace: Expecting value"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"kind": NaN}', "NaN is no number"),
        (b"9" * 10_000, "Exceeds the limit"),
        (b"[]", "must be a dict"),
    ],
    ids=["empty", "no text", "no JSON", "deep", "nan", "long number", "a list"],
)
def test_a_file_that_holds_no_trace_gives_one_clear_error(tmp_path, content, text):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=text) as caught:
        Trace.load(path)
    assert "bad.jsonl holds no trace" in str(caught.value)


def test_a_file_that_was_cut_off_is_no_trace(trace, tmp_path):
    path = tmp_path / "run.jsonl"
    trace.save(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DocumentError, match="event 6"):
        Trace.load(path)


@quick
@given(st.data())
def test_any_damage_gives_a_trace_or_one_clear_error(trace, tmp_path, data):
    path = tmp_path / "run.jsonl"
    trace.save(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        loaded = Trace.load(path)
    except DocumentError:
        return
    loaded.critical_path()
    loaded.records()
    loaded.save(path)
    loaded.save(tmp_path / "run.json")
