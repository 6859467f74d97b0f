"""What a recording holds of a run."""

from fast_dag import DAG
from fast_dag.run.recording import MASKED, RecordedAttempt, RecordedError, RecordedStep

TROUBLE = RecordedError(("flow", "Trouble"), (("builtins", "Exception"),), "no", '["no"]', "{}")


def test_a_step_shows_its_last_attempt():
    tried = RecordedStep(
        "node", "a", (0, 2), attempts=[RecordedAttempt(None, TROUBLE), RecordedAttempt("[1,2]")]
    )
    late = RecordedStep("late", "loop", (), time=0.5)
    lost = RecordedStep("node", "b", attempts=[RecordedAttempt("1"), RecordedAttempt(None, TROUBLE)])
    assert (tried.result, tried.error, tried.key) == ("[1,2]", None, ("a", (0, 2)))
    assert (late.result, late.error) == (None, None)
    assert (lost.result, lost.error) == (None, TROUBLE)


def test_a_recording_does_not_grow_with_what_is_handed_on():
    dag = DAG("wide").add_node("big", lambda: list(range(1000)))
    for number in range(5):
        dag.add_node(f"use{number}", lambda big: len(big)).connect("big", f"use{number}")
    dag.run(record=True)
    texts = {id(step.inputs["big"]) for step in dag.context.recording.steps if step.inputs}
    assert len(texts) == 1


def test_what_stands_for_a_masked_value_says_so():
    assert repr(MASKED) == "<the recording holds only the mask of this value>"
