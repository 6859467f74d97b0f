"""Files of recordings: what they hold, and that they are believed in nothing."""

import json
import subprocess
import sys

import pytest

from fast_dag import Recording, RecordingError
from fast_dag.run.recording import RecordedAttempt, RecordedError, RecordedStep

TROUBLE = RecordedError(("flow", "Trouble"), (("builtins", "Exception"),), "no", '["no"]', '{"code":3}')


@pytest.fixture
def recording():
    attempts = [RecordedAttempt(None, TROUBLE, seconds=0.5), RecordedAttempt("[1,2]", written='{"a":1}')]
    return Recording(
        "flow",
        "run",
        "parallel",
        {"error_strategy": "continue"},
        {"x": "1"},
        None,
        [
            RecordedStep("node", "a", (0, 2), {"x": "1"}, attempts, "done", "true", 0.25),
            RecordedStep("late", "loop", (), time=0.5),
            RecordedStep(
                "node", "sub[0].b", (), {"a": "[1,2]"}, [RecordedAttempt(None, is_late=True)], "failed"
            ),
        ],
        "failed",
        TROUBLE,
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.jsonl"


def test_a_saved_recording_is_loaded_as_it_was(recording, path):
    recording.save(path)
    assert Recording.load(path) == recording
    recording.part = {"names": ["a"], "result": "a", "branches": {"c": "true"}, "results": {"c": "7"}}
    recording.save(str(path))
    assert Recording.load(str(path)) == recording


def test_equal_values_are_written_once(recording, path):
    recording.save(path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    values = [line["value"] for line in lines if "value" in line]
    assert values == [1, ["no"], {"code": 3}, [1, 2], {"a": 1}]


def test_a_file_that_cannot_be_written_or_read_is_an_os_error(recording, tmp_path):
    with pytest.raises(OSError, match="directory"):
        recording.save(tmp_path / "nowhere" / "run.jsonl")
    with pytest.raises(FileNotFoundError):
        Recording.load(tmp_path / "nothing.jsonl")


def test_a_path_that_is_none_does_not_pass_for_a_damaged_file():
    with pytest.raises(ValueError, match="null byte"):
        Recording.load("a\0b")


def test_a_file_of_something_else_is_refused(path):
    for text in ("", "\n", "{}", "[1]", '"text"', "not json", '{"format": "another", "version": 1}'):
        path.write_text(text)
        with pytest.raises(RecordingError, match=r"run\.jsonl' is"):
            Recording.load(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordingError, match="is damaged"):
        Recording.load(path)


def test_a_file_of_another_version_says_so(path):
    path.write_text('{"format": "fast_dag recording", "version": 2}\n')
    with pytest.raises(RecordingError, match="of version 2, not 1: record the run anew"):
        Recording.load(path)


def test_a_file_that_is_cut_off_says_so(recording, path):
    recording.save(path)
    lines = path.read_text().splitlines(keepends=True)
    for count in range(1, len(lines)):
        path.write_text("".join(lines[:count]))
        with pytest.raises(RecordingError, match="is cut off"):
            Recording.load(path)
    path.write_text("".join(lines)[:-9])
    with pytest.raises(RecordingError, match="is damaged"):
        Recording.load(path)


def changed(line, *keys, value):
    """A line with another value at *keys*."""
    data = json.loads(line)
    held = data
    for key in keys[:-1]:
        held = held[key]
    held[keys[-1]] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["step", "kind"], "other"),
        (["step", "node"], 3),
        (["step", "iteration"], ["one"]),
        (["step", "iteration"], 3),
        (["step", "inputs"], {"x": 99}),
        (["step", "inputs"], {"x": -1}),
        (["step", "inputs"], {"x": True}),
        (["step", "attempts"], {"x": 1}),
        (["step", "attempts", 0, "seconds"], "long"),
        (["step", "attempts", 0, "seconds"], 10**400),
        (["step", "attempts", 0, "is_late"], 1),
        (["step", "attempts", 0, "error", "kind"], ["one"]),
        (["step", "attempts", 0, "error", "fields"], None),
        (["step", "attempts", 0, "more"], 1),
        (["step", "outcome"], None),
        (["step", "time"], None),
        (["step", "more"], 1),
        (["step"], []),
        (["other"], 1),
    ],
)
def test_a_damaged_line_is_one_clear_error(recording, path, keys, value):
    recording.save(path)
    lines = path.read_text().splitlines()
    number = next(number for number, line in enumerate(lines) if '"step"' in line)
    lines[number] = changed(lines[number], *keys, value=value)
    path.write_text("\n".join(lines))
    with pytest.raises(RecordingError, match=r"run\.jsonl' is damaged"):
        Recording.load(path)


@pytest.mark.parametrize(
    "extra", ['{"end": {"status": "done", "error": null}}', "[]", "NaN", '{"value": NaN}', "{}"]
)
def test_nothing_may_stand_behind_the_end(recording, path, extra):
    recording.save(path)
    path.write_text(path.read_text() + extra)
    with pytest.raises(RecordingError, match="is damaged"):
        Recording.load(path)


def test_a_value_nested_without_end_is_one_clear_error(path):
    Recording("w", "r", "sequential").save(path)
    head = path.read_text().splitlines()[0]
    path.write_text(f'{head}\n{{"value": {"[" * 200_000}}}\n')
    with pytest.raises(RecordingError, match="is damaged"):
        Recording.load(path)


def test_loading_imports_and_calls_nothing(path):
    error = RecordedError(("antigravity", "Trouble"), (("builtins", "Exception"),), "no", '["no"]', "{}")
    attempts = [RecordedAttempt(None, error)]
    recording = Recording(
        "w", "r", "sequential", steps=[RecordedStep("node", "a", attempts=attempts, outcome="failed")]
    )
    recording.save(path)
    load = f"import sys; from fast_dag import Recording; Recording.load({str(path)!r})"
    command = [sys.executable, "-c", f"{load}; print('antigravity' in sys.modules)"]
    made = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert made.stdout.split() == ["False"]
