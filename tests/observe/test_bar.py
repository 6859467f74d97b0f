"""The progress bar: which display it takes, how often it draws, and what it leaves behind."""

import io
import subprocess
import sys
import threading

import pytest

from fast_dag import DAG, FSM, ProgressObserver
from fast_dag.errors import UnknownOptionError
from fast_dag.observe.bar import Pace, ProgressBar
from tests.conformance.modes import comes_true
from tests.observe.made import Terminal, failed, finished, run_finished, run_started, started

WITHOUT_RICH = """
import sys

class Absent:
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "rich":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from fast_dag.observe.bar import ProgressBar
try:
    ProgressBar(1)
except ImportError as error:
    print(type(error).__name__, error, sep=": ")
"""


@pytest.fixture(autouse=True)
def _known_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")


def test_a_terminal_is_drawn_on_and_anything_else_written_to():
    terminal, page = Terminal(), io.StringIO()
    for stream in (terminal, page):
        bar = ProgressBar(1, stream)
        bar(finished("a"))
        bar(run_finished())
    assert "\x1b[" in terminal.getvalue()
    assert "\x1b" not in page.getvalue()


def test_a_terminal_whose_cursor_cannot_go_back_is_written_to(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    ProgressBar(1, terminal)(finished("a"))
    assert terminal.getvalue() == "[1/1] a finished in 0.12 s\n"


def test_standard_error_is_the_default(capsys):
    ProgressBar(1)(finished("a"))
    assert capsys.readouterr() == ("", "[1/1] a finished in 0.12 s\n")


def test_without_rich_making_one_says_what_to_install():
    command = [sys.executable, "-c", WITHOUT_RICH]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    expected = (
        "MissingExtraError: run(progress=True) needs the package rich: pip install 'fast-dag[progress]'\n"
    )
    assert done.stdout == expected


def test_nothing_is_shown_before_the_run_starts():
    terminal = Terminal()
    bar = ProgressBar(1, terminal)
    bar.refresh()
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_many_events_in_little_time_are_drawn_few_times(stream):
    class Counting(stream):
        flushes = 0

        def flush(self):
            self.flushes += 1

    out = Counting()
    bar = ProgressBar(1000, out)
    for place in range(1000):
        bar(finished(f"n{place}", time=place / 1000))
    bar(run_finished())
    assert out.flushes < 60


def test_events_that_come_slowly_are_each_drawn_at_once():
    terminal = Terminal()
    bar = ProgressBar(30, terminal)
    for place in range(30):
        bar(started(f"n{place}", time=place / 5))
        assert f"n{place}" in terminal.screen
        bar(finished(f"n{place}", time=place / 5))
        assert f"{place + 1}/30" in terminal.screen


def test_refreshing_shows_the_time_that_has_passed():
    terminal = Terminal()
    bar = ProgressBar(2, terminal)
    bar(run_started())
    bar(started("slow", time=3661.0))
    assert "1:01:01" in terminal.screen
    ran = ProgressBar(2, terminal := Terminal())
    ran(run_started(time=3661.0))
    drawn = len(terminal.getvalue())
    ran.refresh()
    assert len(terminal.getvalue()) > drawn
    assert "1:01:0" in terminal.screen


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_the_display_goes_on_while_one_node_runs(mode):
    terminal, dag = Terminal(), DAG("single")

    @dag.node
    def slow():
        drawn = len(terminal.getvalue())
        return comes_true(lambda: len(terminal.getvalue()) > drawn)

    assert dag.run(mode=mode, progress=terminal) is True
    assert "1/1 node" in terminal.screen


def test_after_the_end_there_is_nothing_to_refresh():
    terminal = Terminal()
    bar = ProgressBar(1, terminal)
    bar(run_started())
    bar(run_finished())
    drawn = terminal.getvalue()
    bar.refresh()
    assert terminal.getvalue() == drawn


def test_a_stream_that_breaks_does_not_break_whoever_refreshes():
    terminal = Terminal()
    bar = ProgressBar(1, terminal)
    bar(run_started())
    terminal.close()
    bar.refresh()


def test_the_display_itself_starts_no_thread():
    before = threading.active_count()
    bar = ProgressBar(1, Terminal())
    bar(started("a"))
    assert threading.active_count() == before
    bar(run_finished())


@pytest.mark.parametrize("kind", [Terminal, io.StringIO])
@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_a_stream_that_breaks_does_not_break_the_run(mode, kind):
    class Broken(kind):
        def write(self, text):
            raise OSError("gone")

    dag = DAG("single")
    dag.add_node("a", lambda: 5)
    with pytest.warns(RuntimeWarning, match="ProgressBar raised OSError: gone; it is not called again"):
        assert dag.run(mode=mode, observers=[ProgressBar(1, Broken())]) == 5


def test_events_and_refreshes_may_come_from_any_thread():
    terminal = Terminal()
    bar, ended = ProgressBar(40, terminal), threading.Event()
    bar(run_started())

    def keep_drawing():
        while not ended.wait(0.001):
            bar.refresh()

    thread = threading.Thread(target=keep_drawing)
    thread.start()
    for place in range(40):
        bar(started(f"n{place}"))
        bar((finished if place % 2 else failed)(f"n{place}"))
    ended.set()
    thread.join()
    bar(run_finished(status="failed"))
    assert "failed in 1.23 s: 40/40 nodes, 20 failed" in terminal.screen


def test_a_pace_saves_up_no_more_than_its_burst():
    pace = Pace(rate=10, burst=2)
    assert [pace.allows(100.0) for _ in range(3)] == [True, True, False]
    assert [pace.allows(200.0) for _ in range(3)] == [True, True, False]


def test_an_observer_shows_every_run_it_watches():
    page = io.StringIO()
    dag = DAG("etl").add_node("a", lambda: 1).add_observer(ProgressObserver(page))
    for _ in range(2):
        dag.run()
    lines = page.getvalue().splitlines()
    assert [line.split(" in ")[0] for line in lines] == ["[1/1] a finished", "etl completed"] * 2


def test_where_a_cycle_begins_and_ends_is_no_node():
    page, told = io.StringIO(), []
    dag = DAG("fit").add_node("step", lambda n=0: n + 1).feedback("step", "step", input="n", cycle="c")
    dag.node(lambda step: step, name="end")
    dag.connect("step", "end")
    with dag.cycle("c", max_iterations=2, on_limit="return"):
        pass
    dag.run(progress=page)
    dag.run(progress=lambda *each: told.append(each))
    assert "[1/2] step finished" in page.getvalue()
    assert "2/2 nodes" in page.getvalue()
    assert told[-1] == ("end", "completed", 1.0)


def test_nobody_knows_how_many_states_are_to_come():
    page = io.StringIO()
    FSM("door").add_state("open", lambda: 1, initial=True, terminal=True).run(progress=page)
    assert "[1] open finished" in page.getvalue()


def test_a_stream_that_nothing_can_be_written_to_is_told():
    with pytest.raises(ValueError, match="stream must be a text stream, or None for standard error, got 3"):
        ProgressObserver(3)
    with pytest.raises(UnknownOptionError, match="did you mean 'stream'"):
        ProgressObserver(streem=None)


def test_a_display_is_left_when_a_run_is_over_whose_end_was_not_told():
    terminal = Terminal()
    bar = ProgressBar(2, terminal)
    bar(run_started())
    bar(started("a"))
    bar.close({})
    bar.close({})
    assert terminal.is_cursor_visible
