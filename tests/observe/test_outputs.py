"""Files that tools write: their names, their folder, and that they are written whole or not at all."""

import pytest

from fast_dag import DAG, CycleDebugger, CycleProfiler
from fast_dag.observe.outputs import folder_at, label_of, write


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("fit-1.b_C", "fit-1.b_C"),
        ("../../etc/x", ".._.._etc_x"),
        ("a\x00b\nc", "a_b_c"),
        ("ä", "_"),
        ("", "_"),
    ],
)
def test_a_label_keeps_what_is_safe_in_the_name_of_a_file(text, label):
    assert label_of(text) == label


def test_a_label_is_cut():
    assert len(label_of("x" * 5000)) == 100


def test_a_folder_is_made_with_those_above_it(tmp_path):
    assert folder_at(tmp_path / "a" / "b", "path").is_dir()
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_what_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(OSError, match=r"debug_output_path=.*file.* is no folder that can be written"):
        folder_at(tmp_path / "file", "debug_output_path")


def test_a_link_in_the_place_of_a_file_is_replaced(tmp_path):
    (tmp_path / "other").write_text("other")
    (tmp_path / "report").symlink_to(tmp_path / "other")
    write(tmp_path / "report", "text")
    assert (tmp_path / "report").read_text() == "text"
    assert (tmp_path / "other").read_text() == "other"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "report").mkdir()
    with pytest.raises(OSError):  # noqa: PT011 - its class depends on the system
        write(tmp_path / "report", "text")
    assert [each.name for each in tmp_path.iterdir()] == ["report"]


def test_half_of_a_character_is_written_as_its_number(tmp_path):
    write(tmp_path / "report", "a\ud800")
    assert (tmp_path / "report").read_text() == "a\\ud800"


@pytest.mark.parametrize(
    "tool",
    [
        lambda folder: CycleDebugger(save_debug_data=True, debug_output_path=folder),
        lambda folder: CycleProfiler(generate_reports=True, profile_output_path=folder),
    ],
)
def test_a_folder_that_goes_while_the_run_is_under_way_is_told_and_harms_nothing(tmp_path, tool):
    folder = tmp_path / "folder"
    dag = DAG("wf").add_node("one", lambda: folder.rmdir() or 1)
    with pytest.warns(RuntimeWarning, match="Watcher raised FileNotFoundError"):
        assert dag.run(observers=[tool(folder)]) == 1
