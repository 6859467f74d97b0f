"""From what a loop has left to events."""

from fast_dag.observe.stretches import events_of
from fast_dag.run.traced import Rounds, Rows, Sample, States, Traced


def told(entry):
    traced = Traced("w", "r")
    traced.started = 10.0
    traced.entries.append(entry)
    return [
        (each.kind, getattr(each, "node", getattr(each, "index", None)), each.time)
        for each in events_of(traced)
    ]


def test_a_node_starts_when_the_one_before_has_ended():
    assert told(Rows(["a", "b", "c"], [10.0, 11.0, 13.0], "w1", 2)) == [
        ("node_started", "a", 0),
        ("node_finished", "a", 1),
        ("node_started", "b", 1),
        ("node_finished", "b", 3),
    ]


def test_a_node_that_was_stopped_has_started():
    assert told(Rows(["a", "b"], [10.0, 11.0], "w1", 2))[-1] == ("node_started", "b", 1)


def test_a_machine_goes_from_state_to_state():
    states = States(["a", "b"], [10.0, 11.0, 13.0], "w1", 2, "a")
    assert told(states) == [
        ("node_started", "a", 0),
        ("node_finished", "a", 1),
        ("transition", None, 1),
        ("node_started", "b", 1),
        ("node_finished", "b", 3),
        ("transition", None, 3),
    ]


def rounds(ticks, begun, completed=0, samples=()):
    given = [1, 2] * completed
    return Rounds(
        "sub.", "loop", (4,), ("a", "b"), 2, ticks, completed, given, dict(samples), begun, "w1", dict
    )


def test_an_iteration_ends_with_its_last_node_and_then_its_conditions_are_told():
    sample = Sample({}, [("a > 0", True)])
    assert told(rounds([10.0, 11.0, 12.0], -1, 1, {0: sample})) == [
        ("iteration_started", 2, 0),
        ("node_started", "sub.a", 0),
        ("node_finished", "sub.a", 1),
        ("node_started", "sub.b", 1),
        ("node_finished", "sub.b", 2),
        ("iteration_finished", 2, 2),
        ("condition_checked", 2, 2),
    ]


def test_an_iteration_that_is_not_over_has_the_nodes_that_ran():
    assert told(rounds([10.0, 11.0], 1)) == [
        ("iteration_started", 2, 0),
        ("node_started", "sub.a", 0),
        ("node_finished", "sub.a", 1),
    ]
    assert told(rounds([10.0, 11.0], 2))[-1] == ("node_started", "sub.b", 1)
    assert told(rounds([10.0], 0)) == [("iteration_started", 2, 0)]


def test_metrics_are_found_among_the_scalars():
    traced = Traced("w", "r")
    traced.entries.append(rounds([0.0, 1.0, 2.0], -1, 1))
    (finished,) = (each for each in events_of(traced) if each.kind == "iteration_finished")
    assert (finished.metrics, finished.iteration) == ({"a": 1, "b": 2}, (4,))
