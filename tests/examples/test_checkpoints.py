import json

import pytest

from fast_dag import Context

MODES = ["sequential", "parallel", "async"]
ORDERS = [{"item": "tea", "count": 2}, {"item": "cup", "count": 1}]


class Process:
    """What a process has outside of its workflow; a *failing* one cannot send."""

    def __init__(self, *, failing=False):
        self.failing = failing
        self.fetched = 0
        self.sent = []

    def fetch(self):
        self.fetched += 1
        return ORDERS

    def send(self, order):
        if self.failing:
            raise ConnectionError("no line")
        self.sent.append((order["item"], order["total"]))
        return order["item"]


@pytest.fixture
def crashed(example, tmp_path):
    """The file of a run that crashed while sending."""
    process = Process(failing=True)
    flow = example["orders"](tmp_path, process.fetch, process.send)
    with pytest.raises(ConnectionError, match="no line"):
        flow.run(context=Context(metadata={"run_id": "monday", "asked_by": "ann"}))
    assert process.fetched == 1
    return tmp_path / "monday.json"


@pytest.mark.parametrize("mode", MODES)
def test_a_run_that_does_not_crash_sends_everything(example, tmp_path, mode):
    process = Process()
    flow = example["orders"](tmp_path, process.fetch, process.send)
    assert flow.run(mode=mode) == ["tea", "cup"]
    assert process.sent == [("tea", 9.0), ("cup", 12.0)]
    assert [path.stem for path in tmp_path.iterdir()] == [flow.context.metadata["run_id"]]


def test_a_crash_leaves_the_state_of_the_last_checkpoint_as_json(crashed):
    state = json.loads(crashed.read_text())
    assert state["at"] == "after_price"
    assert state["context"]["metadata"]["run_id"] == "monday"
    assert state["context"]["results"]["fetched"] == ORDERS
    assert [order["total"] for order in state["context"]["results"]["priced"]] == [9.0, 12.0]


def test_another_process_goes_on_from_the_file_without_doing_anything_twice(example, crashed):
    process = Process()
    flow = example["orders"](crashed.parent, process.fetch, process.send)
    assert example["resume"](flow, crashed) == ["tea", "cup"]
    assert process.fetched == 0
    assert process.sent == [("tea", 9.0), ("cup", 12.0)]
    assert flow.context.metrics["execution_order"] == ["after_price", "sent"]


def test_the_resumed_run_is_the_same_run(example, crashed):
    process = Process()
    flow = example["orders"](crashed.parent, process.fetch, process.send)
    example["resume"](flow, crashed)
    assert flow.context.metadata["run_id"] == "monday"
    assert flow.context.metadata["asked_by"] == "ann"
    assert flow.context["fetched"] == ORDERS
    assert [path.name for path in crashed.parent.iterdir()] == ["monday.json"]


def test_a_run_may_crash_again_and_be_resumed_again(example, crashed):
    process = Process(failing=True)
    flow = example["orders"](crashed.parent, process.fetch, process.send)
    with pytest.raises(ConnectionError):
        example["resume"](flow, crashed)
    process.failing = False
    assert example["resume"](flow, crashed) == ["tea", "cup"]
    assert process.fetched == 0


def test_main_fetches_once(example, capsys):
    example["main"]()
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("fetching") == 1
    assert lines[-1] == "run again: after_price, sent"
