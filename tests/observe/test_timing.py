"""Where the time of a run went, in numbers."""

import pytest

from tests.observe.traces import failed, finished, iteration, ran, shape, skipped, started, trace

DIAMOND = shape("a; b < a; c < a; d < b c")


def diamond():
    """a takes 1 s; b 2 s and c 5 s beside each other; d 1 s, one second late."""
    return trace(
        [
            ran("a", 0, 1),
            ran("b", 1, 3),
            ran("c", 1.5, 6.5, worker="w2"),
            ran("d", 7.5, 8.5),
        ],
        DIAMOND,
        wall=9,
    )


def test_the_critical_path_goes_through_what_took_longest():
    assert diamond().critical_path() == ["a", "c", "d"]


def test_slack_is_how_much_later_a_node_could_have_ended():
    assert diamond().slack() == {"a": 0, "b": 3, "c": 0, "d": 0}


def test_parallelism_is_busy_time_by_the_time_of_the_run():
    assert diamond().parallelism() == pytest.approx((1 + 2 + 5 + 1) / 9)


def test_a_node_waits_from_the_end_of_its_last_source_until_it_starts():
    assert diamond().waiting_times() == {"a": 0, "b": 0, "c": 0.5, "d": 1}


def test_a_node_without_sources_is_ready_when_the_run_begins():
    assert trace([ran("a", 0, 1), ran("b", 1, 3)], shape("a; b")).waiting_times() == {"a": 0, "b": 1}


def test_self_times_are_seconds_at_work():
    assert diamond().self_times() == {"a": 1, "b": 2, "c": 5, "d": 1}


def test_attempts_count_together_and_pauses_between_them_bound_the_run():
    flaky = [
        started("a", 0),
        failed("a", 1, 1, retry_in=3.0),
        started("a", 4, attempt=2),
        finished("a", 6, 2, attempt=2),
    ]
    found = trace([flaky, ran("b", 0, 5, worker="w2")], shape("a; b"))
    assert found.self_times() == {"a": 3, "b": 5}
    assert found.critical_path() == ["a"]
    assert found.slack() == {"a": 0, "b": 1}
    assert found.waiting_times() == {"a": 0, "b": 0}


def test_an_attempt_for_an_element_is_in_the_time_of_its_map():
    tried = [started("each", 0), failed("each", 1, 1, retry_in=3.0, index=0), finished("each", 4, 4)]
    found = trace([tried, ran("b", 0, 5, worker="w2")], shape("each; b"))
    assert found.self_times() == {"each": 4, "b": 5}
    assert found.slack() == {"each": 1, "b": 0}


def test_the_value_of_a_handler_is_no_second_execution():
    handled = [started("a", 0), failed("a", 2, 2), finished("a", 2, 2)]
    found = trace([handled, ran("b", 2, 3)], shape("a; b < a"))
    assert found.self_times() == {"a": 2, "b": 1}
    assert found.critical_path() == ["a", "b"]


def test_a_skipped_node_passes_on_when_its_sources_ended_and_is_on_no_path():
    found = trace([ran("a", 0, 2), skipped("b", 2), ran("c", 3, 4)], shape("a; b < a; c < b"))
    assert found.critical_path() == ["a", "c"]
    assert found.slack() == {"a": 0, "c": 0}
    assert found.waiting_times() == {"a": 0, "c": 1}


def test_iterations_come_one_after_the_other():
    loop = shape(
        "first; enter < first; a < enter; b < enter; leave < a b; last < leave",
        {"enter": "enter", "leave": "leave"},
        [("loop", 1, 4)],
    )
    found = trace(
        [
            ran("first", 0, 1),
            iteration(0, 1, 4, ran("a", 1, 2, (0,)), ran("b", 1, 4, (0,), "w2")),
            iteration(1, 4, 9, ran("a", 4, 9, (1,)), ran("b", 4, 5, (1,), "w2")),
            ran("last", 9, 10),
        ],
        loop,
    )
    assert found.critical_path() == ["first", "b", "a", "last"]
    # The least of both iterations: b could have ended 4 s later in the second, not at all in the first.
    assert found.slack() == {"first": 0, "a": 0, "b": 0, "last": 0}
    assert found.self_times() == {"first": 1, "a": 6, "b": 4, "last": 1}
    assert found.waiting_times() == {"first": 0, "a": 0, "b": 0, "last": 0}


def test_states_come_one_after_the_other():
    machine = shape("a; b", {"a": "state", "b": "state"})
    found = trace([ran("a", 0, 1, (0,)), ran("b", 2, 3, (0,)), ran("a", 3, 6, (1,))], machine)
    assert found.critical_path() == ["a", "b", "a"]
    assert found.waiting_times() == {"a": 0, "b": 1}


def test_a_run_inside_a_node_does_the_work_of_the_node():
    shapes = {"": shape("sub; side; end < sub side"), "sub.": shape("x; y < x; z")}
    found = trace(
        [
            started("sub", 0),
            ran("sub.x", 1, 3),
            ran("sub.y", 3, 4),
            ran("sub.z", 2, 4, worker="w2"),
            finished("sub", 6, 6),
            ran("side", 0, 2, worker="w3"),
            ran("end", 6, 8),
        ],
        shapes,
    )
    assert found.critical_path() == ["sub.x", "sub.y", "end"]
    # Inside it was at work from 1 to 4.
    assert found.self_times() == {"sub": 3, "side": 2, "sub.x": 2, "sub.z": 2, "sub.y": 1, "end": 2}
    assert found.slack()["side"] == 1
    assert found.slack()["sub.z"] == 1
    assert found.waiting_times()["sub.x"] == 1
    assert found.parallelism() == pytest.approx((2 + 1 + 2 + 2 + 2) / 10)


def test_a_node_that_never_ended_bounds_nothing():
    found = trace([ran("a", 0, 2), started("b", 2)], shape("a; b < a"))
    assert found.critical_path()[0] == "a"
    assert found.self_times() == {"a": 2, "b": 0}


def test_a_trace_without_nodes_has_no_path_and_no_times():
    found = trace([], shape("a"), wall=0)
    assert (found.critical_path(), found.slack(), found.parallelism()) == ([], {}, 0.0)
    assert (found.self_times(), found.waiting_times()) == ({}, {})


def test_a_long_chain_is_walked_without_recursion():
    count = 20_000
    names = [f"n{number}" for number in range(count)]
    made = shape("n0")._replace(
        names=tuple(names),
        roles=("",) * count,
        sources=((), *((number,) for number in range(count - 1))),
    )
    found = trace([ran(name, place, place + 1) for place, name in enumerate(names)], made, wall=count)
    assert len(found.critical_path()) == count
    assert set(found.slack().values()) == {0}
