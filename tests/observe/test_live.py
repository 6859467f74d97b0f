"""Progress on a terminal: what stands on the screen."""

import sys

import pytest

from fast_dag import DAG
from fast_dag.observe.bar import ProgressBar
from fast_dag.observe.live import fitting
from tests.observe.made import Terminal, failed, finished, run_finished, run_started, skipped, started

MODES = ["sequential", "parallel", "async"]


@pytest.fixture(autouse=True)
def _known_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")


def shown(total, *events, workflow="etl"):
    """The terminal after *events*."""
    terminal = Terminal()
    bar = ProgressBar(total, terminal, workflow)
    for event in events:
        bar(event)
    return terminal


def test_the_bar_grows_with_the_share():
    full = shown(2, finished("a"), finished("b", time=65.0))
    assert full.screen == f"etl {'━' * 30} 2/2 0:01:05"
    half = shown(2, run_started(), finished("a"))
    assert half.screen.endswith(" 1/2 0:00:00")


def test_running_nodes_are_named():
    terminal = shown(9, started("load"), started("parse"), finished("load"))
    assert terminal.screen.splitlines()[1] == "  running  parse"


def test_more_running_nodes_than_fit_are_counted():
    terminal = shown(None, *[started(f"a_rather_long_name_{place}") for place in range(7)])
    assert terminal.screen.splitlines()[1] == "  running  a_rather_long_name_0, a_rather_long_name_1, +5 more"


def test_a_node_that_will_be_tried_again_is_named_with_its_time():
    terminal = shown(2, started("fetch"), failed("fetch", time=3.0, retry_in=2.0))
    assert terminal.screen.splitlines()[1:] == [
        "  waiting  fetch (attempt 2 at 0:00:05)",
        "  so far   1 retry",
    ]


def test_a_map_runs_on_when_an_element_will_be_tried_again():
    terminal = shown(2, started("each"), failed("each", time=3.0, retry_in=2.0, index=4))
    assert terminal.screen.splitlines()[1:] == ["  running  each", "  so far   1 retry"]


def test_troubles_are_counted():
    terminal = shown(3, failed("a"), skipped("b"))
    assert terminal.screen.splitlines()[1:] == ["  so far   1 failed, 1 skipped"]


def test_the_end_stays_and_the_cursor_comes_back():
    terminal = shown(1, run_started(), started("a"))
    assert not terminal.is_cursor_visible
    terminal = shown(1, run_started(), started("a"), finished("a"), run_finished(duration=65.0))
    assert terminal.is_cursor_visible
    assert terminal.getvalue().rindex("\n") > terminal.getvalue().rindex("1/1 node")
    assert terminal.screen == f"etl {'━' * 30} 1/1 0:01:05\n  completed in 65.00 s: 1/1 node"


def test_an_end_without_a_start_is_shown():
    assert "cancelled in 1.23 s: 0/1 node" in shown(1, run_finished(status="cancelled")).screen


def test_without_a_total_nodes_are_counted():
    assert "2 nodes" in shown(None, finished("a"), finished("b"), run_finished()).screen


def test_markup_in_a_name_is_text():
    name = "[red]:smile:[/red]"
    assert name in shown(1, started(name)).screen
    assert shown(1, started("a"), workflow=name).screen.startswith(name)


def test_what_a_terminal_would_obey_is_spelled_out():
    name = "\x1b[2Ja\nb\x9b"
    terminal = shown(1, started(name), failed(name, retry_in=1.0), started("c"), workflow=name)
    assert terminal.screen.count(r"\x1b[2Ja\nb\x9b") == 2


def test_an_endless_name_is_cut():
    terminal = shown(1, started("x" * 1000), workflow="y" * 1000)
    assert max(len(line) for line in terminal.screen.splitlines()) <= 80


def test_wide_characters_take_their_columns():
    assert fitting(["データ"] * 9, 9, 36) == "データ, データ, データ, +6 more"


def test_as_many_names_are_told_as_fit():
    assert fitting(["a", "b", "c"], 3, 80) == "a, b, c"
    assert fitting(["a" * 50], 1, 10) == "a" * 50
    assert fitting(iter("a" for _ in range(1000)), 1000, 20) == "a, a, a, +997 more"


# What nodes print


def test_what_is_printed_goes_above_the_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", terminal)
    bar = ProgressBar(2, None, "etl")
    bar(started("a"))
    print("[red]printed")
    print("and more", file=sys.stderr)
    bar(finished("a"))
    assert terminal.screen.splitlines()[:2] == ["[red]printed", "and more"]
    assert terminal.screen.count("etl") == 1
    bar(run_finished())
    assert (sys.stdout, sys.stderr) == (terminal, terminal)


def test_what_is_printed_into_a_file_stays_there(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    bar = ProgressBar(2, None, "etl")
    bar(started("a"))
    print("for the file")
    bar(run_finished())
    assert capsys.readouterr().out == "for the file\n"
    assert "for the file" not in terminal.screen


def test_a_stream_of_its_own_takes_nothing_from_the_standard_ones(monkeypatch):
    standard, own = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", standard)
    bar = ProgressBar(2, own, "etl")
    bar(started("a"))
    print("hello")
    bar(run_finished())
    assert standard.screen == "hello"


def test_a_terminal_that_goes_away_gives_back_the_standard_streams(monkeypatch):
    class Leaving(Terminal):
        is_gone = False

        def write(self, text):
            if self.is_gone:
                raise OSError("gone")
            return super().write(text)

    terminal = Leaving()
    monkeypatch.setattr(sys, "stderr", terminal)
    bar = ProgressBar(2, None, "etl")
    bar(started("a"))
    terminal.is_gone = True
    with pytest.raises(OSError, match="gone"):
        bar(finished("a"))
    assert sys.stderr is terminal


# In real runs


@pytest.mark.parametrize("mode", MODES)
def test_a_run_ends_with_a_full_bar(mode):
    dag, terminal = DAG("etl"), Terminal()
    for place in range(20):
        dag.add_node(f"n{place}", lambda: 1)
    dag.run(mode=mode, observers=[ProgressBar(20, terminal, "etl")])
    bar, end = terminal.screen.splitlines()
    assert bar == f"etl {'━' * 30} 20/20 0:00:00"
    assert end.startswith("  completed in ")
    assert end.endswith(" s: 20/20 nodes")
    assert terminal.is_cursor_visible


@pytest.mark.parametrize("mode", MODES)
def test_a_run_that_fails_leaves_the_terminal_in_order(mode):
    dag, terminal = DAG("etl"), Terminal()
    dag.add_node("bad", lambda: 1 / 0, retry=2, retry_delay=0.001)
    dag.add_node("after", lambda bad: bad).connect("bad", "after")
    with pytest.raises(ZeroDivisionError):
        dag.run(mode=mode, observers=[ProgressBar(2, terminal, "etl")])
    assert " s: 1/2 nodes, 1 retry, 1 failed" in terminal.screen
    assert terminal.is_cursor_visible


@pytest.mark.parametrize("mode", MODES)
def test_an_interrupted_run_leaves_the_terminal_in_order(mode):
    def interrupt():
        raise KeyboardInterrupt

    dag, terminal = DAG("etl"), Terminal()
    dag.add_node("interrupted", interrupt)
    with pytest.raises(KeyboardInterrupt):
        dag.run(mode=mode, observers=[ProgressBar(1, terminal, "etl")])
    assert "cancelled in " in terminal.screen
    assert terminal.is_cursor_visible
