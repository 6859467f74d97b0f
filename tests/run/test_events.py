"""Events as values."""

import dataclasses

import pytest

from fast_dag import events


def test_an_event_cannot_be_changed():
    event = events.NodeSkipped(
        run_id="r", time=0.0, workflow="w", node="a", attempt=0, worker="t", reason="no data"
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.reason = "another"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("RunStarted", "run_started"),
        ("RunFinished", "run_finished"),
        ("NodeStarted", "node_started"),
        ("NodeFinished", "node_finished"),
        ("NodeFailed", "node_failed"),
        ("NodeSkipped", "node_skipped"),
        ("NodeAbandoned", "node_abandoned"),
    ],
)
def test_every_event_has_the_kind_of_the_contract(name, kind):
    assert getattr(events, name).kind == kind
