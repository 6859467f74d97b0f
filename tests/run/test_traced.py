"""What is kept of an event."""

from fast_dag.run.events import EVENTS, NodeFinished, StateChanged
from fast_dag.run.traced import FIELDS, Traced


def test_values_of_nodes_are_not_kept():
    kept = {name for kind in ("node_started", "node_finished", "state_changed") for name, _ in FIELDS[kind]}
    assert not {"inputs", "result", "old", "new"} & kept
    assert "result" in dict(FIELDS["condition_checked"])
    assert set(FIELDS) == set(EVENTS)


def test_an_event_is_kept_as_a_tuple_of_its_fields():
    traced = Traced("w", "r")
    traced.add(NodeFinished, {"time": 1.0, "node": "a", "attempt": 1, "worker": "w", "duration": 0.5})
    assert traced.entries == [("node_finished", 1.0, "a", 1, (), "w", 0.5, False)]


def test_a_key_that_is_no_text_is_kept_as_one():
    traced, key = Traced("w", "r"), object()
    about = {"time": 1.0, "cycle": "loop", "iteration": (), "index": 0, "node": "a"}
    traced.add(StateChanged, {**about, "key": key, "old": 1, "new": 2})
    (entry,) = traced.entries
    assert key not in entry
    assert entry[-1] == repr(key)
