"""A trace in the format of Chrome."""

import json
from collections import defaultdict

import pytest

from fast_dag import DAG, Trace, events
from fast_dag.errors import DocumentError
from tests.observe.traces import failed, finished, iteration, ran, skipped, started, trace


def written(found, tmp_path):
    """What stands in the file of a trace."""
    found.save(tmp_path / "run.json")
    whole = json.loads((tmp_path / "run.json").read_text(), parse_constant=lambda name: 1 / 0)
    check(whole)
    return whole


def check(whole):
    """By the rules of the format: known phases, their fields, and spans of a row that never half overlap."""
    rows = defaultdict(list)
    for each in whole["traceEvents"]:
        assert each["ph"] in ("X", "M", "i")
        assert isinstance(each["name"], str)
        assert isinstance(each["pid"], int)
        assert isinstance(each["tid"], int)
        if each["ph"] == "M":
            assert each["name"] in ("process_name", "thread_name")
            assert isinstance(each["args"]["name"], str)
            continue
        assert each["ts"] >= 0
        if each["ph"] == "X":
            assert each["dur"] >= 0
            rows[each["tid"]].append((round(each["ts"] * 1000), round((each["ts"] + each["dur"]) * 1000)))
        else:
            assert each["s"] in ("t", "p", "g")
    for spans in rows.values():
        under_way = []
        for begun, ended in sorted(spans, key=lambda span: (span[0], -span[1])):
            while under_way and under_way[-1] <= begun:
                under_way.pop()
            assert not under_way or ended <= under_way[-1]
            under_way.append(ended)


def rows(whole):
    """The spans of each row by name, as name, microseconds of start and of duration."""
    names = {
        each["tid"]: each["args"]["name"] for each in whole["traceEvents"] if each["name"] == "thread_name"
    }
    found = {name: [] for name in names.values()}
    for each in whole["traceEvents"]:
        if each["ph"] == "X":
            found[names[each["tid"]]].append((each["name"], each["ts"], each["dur"]))
    return found


def test_each_worker_has_a_row_with_the_nodes_it_made(tmp_path):
    found = trace([ran("a", 0, 1), ran("b", 1, 3), ran("c", 1.5, 2, worker="w2")])
    assert rows(written(found, tmp_path)) == {
        "w1": [("a", 0, 1e6), ("b", 1e6, 2e6)],
        "w2": [("c", 1.5e6, 0.5e6)],
    }


def test_iterations_and_cycles_are_around_their_nodes(tmp_path):
    dag = DAG("counting")
    dag.node(lambda n=0: n + 1, name="count")
    with dag.cycle("loop", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("count", "count", input="n")
    dag.run(trace=True)
    (spans,) = rows(written(dag.context.trace, tmp_path)).values()
    assert [name for name, *_ in spans] == ["loop", "loop [0]", "count", "loop [1]", "count"]


def test_a_cycle_of_several_workers_has_a_row_of_its_own(tmp_path):
    found = trace([iteration(0, 0, 3, ran("a", 0, 1, (0,)), ran("b", 1, 3, (0,), "w2"))])
    assert rows(written(found, tmp_path)) == {
        "cycle loop": [("loop [0]", 0, 3e6)],
        "w1": [("a", 0, 1e6)],
        "w2": [("b", 1e6, 2e6)],
    }


def test_what_overlaps_on_one_worker_has_rows_beside_each_other(tmp_path):
    found = trace([ran("a", 0, 2), ran("b", 1, 3), ran("c", 1.5, 2.5), ran("d", 4, 5)])
    names = {name: [each for each, *_ in spans] for name, spans in rows(written(found, tmp_path)).items()}
    assert names == {"w1": ["a", "d"], "w1 (2)": ["b", "c"]}


def test_each_attempt_is_a_span_and_what_never_ended_ends_with_the_run(tmp_path):
    tried = [started("a", 0), failed("a", 1, 1, retry_in=1.0), started("a", 2, attempt=2)]
    whole = written(trace([tried], wall=5), tmp_path)
    assert rows(whole) == {"w1": [("a", 0, 1e6), ("a", 2e6, 3e6)]}
    first, last = (each["args"] for each in whole["traceEvents"] if each["ph"] == "X")
    assert first["error"] == "ValueError: broken"
    assert last["status"] == "cancelled"


def test_an_iteration_that_was_cut_ends_with_its_cycle(tmp_path):
    about = {"run_id": "r", "workflow": "w", "cycle": "loop"}
    begun = [
        events.CycleStarted(**about, time=0.0),
        events.IterationStarted(**about, time=0.0, index=0),
        started("a", 0, iteration=(0,)),
    ]
    ending = {"reason": "timeout", "detail": "", "verdict": None, "iterations": 0, "duration": 2.0}
    ended = [events.CycleFinished(**about, **ending, time=2.0)]
    whole = written(trace([begun, ended, ran("b", 2, 9)], wall=9), tmp_path)
    spans = {each["name"]: (each["dur"], each["args"]) for each in whole["traceEvents"] if each["ph"] == "X"}
    assert spans["loop [0]"] == (2e6, {"status": "cancelled"})
    assert spans["loop"][0] == 2e6


def test_a_map_goes_on_when_an_attempt_for_an_element_has_failed(tmp_path):
    tried = [started("each", 0), failed("each", 1, 1, retry_in=3.0, index=0), finished("each", 4, 4)]
    whole = written(trace([tried], wall=5), tmp_path)
    assert rows(whole) == {"w1": [("each", 0, 4e6)]}


def test_what_takes_no_time_is_a_moment(tmp_path):
    whole = written(trace([ran("a", 0, 1), skipped("b", 1)]), tmp_path)
    (moment,) = (each for each in whole["traceEvents"] if each["ph"] == "i")
    assert (moment["name"], moment["ts"], moment["args"]) == ("node_skipped b", 1e6, {"reason": "so"})


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_a_real_run_is_valid_in_every_mode(tmp_path, mode):
    inner, dag = DAG("inner"), DAG("outer")
    inner.node(lambda n=0: n + 1, name="x") >> inner.node(lambda x: x, name="y")
    inner.node(lambda n=0: n, name="z")
    dag.add_dag("sub", inner, outputs=["y"])
    dag.node(lambda: 5, name="side")
    dag.map(lambda item: item, name="each")
    dag.run(item=[1, 2, 3], mode=mode, trace=True)
    whole = written(dag.context.trace, tmp_path)
    names = {each["name"] for each in whole["traceEvents"] if each["ph"] == "X"}
    assert names == {"sub", "sub.x", "sub.y", "sub.z", "side", "each"}
    assert whole["otherData"] == {"run_id": dag.context.trace.run_id, "workflow": "outer"}


def test_a_file_of_this_format_can_be_loaded(tmp_path):
    dag = DAG("one")
    dag.node(lambda: 1, name="a")
    dag.run(trace=True)
    written(dag.context.trace, tmp_path)
    assert Trace.load(tmp_path / "run.json").events == dag.context.trace.events


@pytest.mark.parametrize(
    "content", ["{}", "[]", '{"traceEvents": []}', '{"fast_dag": {}}', '{"fast_dag": []}']
)
def test_a_file_of_others_is_refused(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(DocumentError, match=r"run\.json holds no trace"):
        Trace.load(tmp_path / "run.json")
