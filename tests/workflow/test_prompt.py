"""The prompt over a debug session: commands from one text stream, what comes of them on another."""

import io

import pytest

from fast_dag import DAG, Private


@pytest.fixture
def dag():
    dag = DAG("prompted").add_node("a", lambda x: x + 1).add_node("b", lambda a: 10 / (a - 2))
    return dag.connect("a", "b").add_node("c", lambda b: [b] * 1000).connect("b", "c")


def talk(dag, *lines, **options):
    """What a prompt writes when it is told *lines*, without the prompts themselves."""
    stdout = io.StringIO()
    with dag.debug(**options) as session:
        session.interact(io.StringIO("\n".join(lines) + "\n"), stdout)
    return stdout.getvalue().replace("(debug) ", "").split("\n")


def test_it_says_where_the_run_is_and_ends_with_the_stream(dag):
    assert talk(dag, x=1) == ["at a", ""]


def test_steps_show_their_results_and_what_is_next(dag):
    assert talk(dag, "step", "inputs", "ready", "quit", x=2) == ["at a", "-> 3", "at b", "a = 3", "b", ""]


def test_a_failure_is_told_and_repaired(dag):
    told = talk(dag, "s", "s", "s", "retry", "replace 5", "q", x=1)
    failed = "ZeroDivisionError: node 'b' failed with ZeroDivisionError: division by zero"
    where = "at b, attempt {}, failed: retry, replace or skip"
    assert told[:9] == [
        *("at a", "-> 2", "at b", failed, where.format(2), failed, where.format(2), failed, where.format(3))
    ]
    assert told[9:] == ["at c", ""]


def test_long_values_are_shortened(dag):
    told = talk(dag, "resume", "results c", "quit", x=7)
    assert told[1].startswith("finished: [1.6")
    assert all(len(line) < 200 for line in told)


def test_a_private_value_is_masked():
    dag = DAG("secret").add_node("a", lambda token: 1)
    told = talk(dag, "inputs", "q", token=Private("hunter2"))
    assert told == ["at a", "token = Private(***)", ""]


def test_resume_goes_to_a_node_and_breakpoints_can_be_listed_set_and_cleared(dag):
    told = talk(dag, "break", "break c", "break", "c", "clear c", "break nothing", "results", "q", x=7)
    assert told[:4] == ["at a", "no breakpoints", "c", "at c"]
    assert told[4].startswith("UnknownNodeError: no node 'nothing'")
    assert told[5:] == ["a = 8", "b = 1.6666666666666667", ""]


def test_a_step_may_be_skipped(dag):
    assert talk(dag, "skip", "q", x=1) == ["at a", "finished: None", ""]


def test_a_result_is_a_literal_and_nothing_else(dag):
    told = talk(dag, "replace __import__('os')", "replace", "q", x=1)
    assert told[1].endswith("is no Python literal: write replace 3, or replace 'text'")
    assert told[3].startswith("'' is no Python literal")


def test_what_is_no_command_is_told(dag):
    told = talk(dag, "stpe", "", "help", "results nothing", "step c", "q", x=1)
    assert told[1] == "no command 'stpe'; help lists them"
    assert told[2].startswith("step [node]")
    assert "nothing has no result" in told
    assert "ValidationError: 'c' is not ready; ready are: a" in told


def test_the_iteration_of_a_cycle_is_told():
    dag = DAG("round").add_node("one", lambda n=0: n + 1)
    with dag.cycle("loop", max_iterations=2, on_limit="return") as cycle:
        cycle.feedback("one", "one", input="n")
    assert talk(dag, "s", "s", "q") == [
        "at one, iteration 0",
        "-> 1",
        "at one, iteration 1",
        "-> 2",
        "finished: 2",
        "",
    ]
