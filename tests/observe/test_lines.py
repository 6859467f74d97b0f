"""Progress as plain lines."""

import io

import pytest

from fast_dag import DAG
from fast_dag.observe.bar import ProgressBar
from tests.observe.made import failed, finished, run_finished, run_started, skipped, started


def written(total, *events, stream=None):
    """The lines that *events* lead to."""
    stream = stream or io.StringIO()
    bar = ProgressBar(total, stream, "etl")
    for event in events:
        bar(event)
    return stream.getvalue().splitlines()


def test_each_node_that_ends_and_each_retry_is_a_line():
    assert written(
        10,
        run_started(),
        started("load"),
        finished("load"),
        finished("parse", cached=True, duration=0.0),
        failed("fetch", retry_in=0.5),
        failed("fetch", attempt=2),
        skipped("store", "'fetch' failed"),
        failed("each", retry_in=0.0, index=3),
        run_finished(status="completed_with_errors"),
    ) == [
        "[ 1/10] load finished in 0.12 s",
        "[ 2/10] parse finished in 0.00 s (cached)",
        "[ 2/10] fetch failed after 0.12 s: ValueError: broken; attempt 2 in 0.50 s",
        "[ 3/10] fetch failed after 0.12 s: ValueError: broken",
        "[ 4/10] store skipped: 'fetch' failed",
        "[ 4/10] each element 3 failed after 0.12 s: ValueError: broken; attempt 2 in 0.00 s",
        "etl completed with errors in 1.23 s: 4/10 nodes, 2 retries, 1 failed, 1 skipped",
    ]


def test_without_a_total_nodes_are_counted():
    assert written(None, finished("a"), run_finished()) == [
        "[1] a finished in 0.12 s",
        "etl completed in 1.23 s: 1 node",
    ]


def test_nodes_of_a_nested_workflow_have_lines_but_do_not_count():
    assert written(1, finished("sub.a"), finished("sub")) == [
        "[0/1] sub.a finished in 0.12 s",
        "[1/1] sub finished in 0.12 s",
    ]


def test_what_a_terminal_would_obey_is_written_as_text():
    name, error = "\x1b[31m[red]\n\u202e", ValueError("\x9b2J\r\n")
    lines = written(3, finished(name), failed("b", error=error), skipped("c", f"{name!s} failed"))
    assert lines == [
        r"[1/3] \x1b[31m[red]\n\u202e finished in 0.12 s",
        r"[2/3] b failed after 0.12 s: ValueError: \x9b2J\r\n",
        r"[3/3] c skipped: \x1b[31m[red]\n\u202e failed",
    ]


def test_an_error_or_reason_without_end_is_cut():
    lines = written(2, failed("a", error=ValueError("x" * 10_000)), skipped("b", "y" * 10_000))
    assert all(len(line) < 250 and line.endswith("...") for line in lines)


def test_an_error_that_cannot_be_read_is_told_all_the_same():
    class Odd(Exception):
        def __str__(self):
            raise KeyError

    assert "Odd: <Odd without a readable text>" in written(1, failed("a", error=Odd()))[0]


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", r"caf\xe9\udcff"), ("utf-8", r"café\udcff")])
def test_what_a_stream_cannot_encode_is_spelled_out(encoding, shown):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    ProgressBar(1, stream)(finished("café\udcff"))
    stream.flush()
    assert f" {shown} " in stream.buffer.getvalue().decode(encoding)


def test_what_only_writes_is_a_stream():
    class Page:
        text = ""

        def write(self, text):
            self.text += text

    page = Page()
    bar = ProgressBar(1, page)
    bar(finished("a"))
    bar(run_finished())
    assert page.text.count("\n") == 2


def test_lines_can_be_read_while_the_run_goes_on(tmp_path):
    path = tmp_path / "log"
    with path.open("w") as stream:
        ProgressBar(2, stream)(finished("a"))
        assert path.read_text() == "[1/2] a finished in 0.12 s\n"


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_a_run_is_told_from_its_first_node_to_its_end(mode):
    dag, stream = DAG("etl"), io.StringIO()
    for place in range(5):
        dag.add_node(f"n{place}", lambda: 1)
    dag.run(mode=mode, observers=[ProgressBar(5, stream, "etl")])
    *lines, last = stream.getvalue().splitlines()
    assert [line[:5] for line in lines] == ["[1/5]", "[2/5]", "[3/5]", "[4/5]", "[5/5]"]
    assert last.startswith("etl completed in ")
    assert last.endswith(" s: 5/5 nodes")
