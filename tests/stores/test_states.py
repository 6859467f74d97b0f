"""Where states of runs are kept: every store does the same."""

import threading

import pytest

from fast_dag.errors import CycleStateError
from fast_dag.stores.states import FileStateStore, MemoryStateStore, StateStore, state_store

IDS = [
    "run",
    "a/b",
    "../up",
    "..",
    ".hidden",
    "with space",
    "ünï",
    "CON",
    "%2e",
    "a.state",
    "\ud800",
    "x" * 150,
]


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    return MemoryStateStore() if request.param == "memory" else FileStateStore(tmp_path / "deep" / "states")


def test_what_was_written_last_is_read(store):
    store.write("run", b"one")
    store.write("run", b"two")
    assert store.read("run") == b"two"
    assert store.run_ids() == ["run"]


def test_an_empty_store_knows_no_runs(store):
    assert (store.run_ids(), store.latest(), store.delete("run")) == ([], None, False)
    with pytest.raises(CycleStateError, match="no state of run 'run' is kept; there is none"):
        store.read("run")


def test_the_latest_is_the_run_that_was_written_last(store):
    for run in ("b", "a", "c", "b"):
        store.write(run, b"")
        assert store.latest() == run
    assert store.run_ids() == ["a", "c", "b"]


def test_an_unknown_run_is_told_with_those_there_are(store):
    store.write("training", b"")
    with pytest.raises(CycleStateError, match="there is 'training'; did you mean 'training'"):
        store.read("trainig")


@pytest.mark.parametrize("run_id", IDS, ids=ascii)
def test_any_text_is_a_run_id_and_leads_nowhere_else(store, tmp_path, run_id):
    (tmp_path / "up").write_bytes(b"outside")
    store.write(run_id, b"inside")
    assert store.read(run_id) == b"inside"
    assert store.run_ids() == [run_id]
    assert (tmp_path / "up").read_bytes() == b"outside"
    assert {path.name for path in tmp_path.iterdir()} <= {"up", "deep"}
    assert store.delete(run_id)
    assert store.run_ids() == []


@pytest.mark.parametrize("run_id", ["", None, 5])
def test_a_run_id_is_a_text(store, run_id):
    with pytest.raises(CycleStateError, match="a run id is a non-empty string"):
        store.write(run_id, b"")


def test_a_reader_never_sees_half_a_state(store):
    written = [bytes([number]) * 50_000 for number in range(2)]
    store.write("run", written[0])
    done = threading.Event()

    def write():
        for number in range(60):
            store.write("run", written[number % 2])
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        assert store.read("run") in written
    thread.join()


def test_another_store_of_the_same_folder_finds_what_was_written(tmp_path):
    FileStateStore(tmp_path).write("run", b"one")
    assert FileStateStore(str(tmp_path)).read("run") == b"one"


def test_a_write_that_fails_leaves_the_old_state_and_no_rest(tmp_path):
    store = FileStateStore(tmp_path)
    store.write("run", b"old")
    with pytest.raises(TypeError):
        store.write("run", "no bytes")
    assert store.read("run") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["run.state"]


def test_a_run_id_that_no_file_can_have_is_refused(tmp_path):
    with pytest.raises(CycleStateError, match="too long for a file name"):
        FileStateStore(tmp_path).write("x" * 300, b"")


def test_a_store_is_given_as_a_path_an_object_or_not_at_all(tmp_path):
    store = MemoryStateStore()
    assert state_store(store) is store
    assert isinstance(state_store(None), MemoryStateStore)
    assert state_store(str(tmp_path)).path == state_store(tmp_path).path == tmp_path
    for wrong in (5, object(), FileStateStore):
        with pytest.raises(ValueError, match="a store of states is a path or an object with"):
            state_store(wrong)
    assert issubclass(MemoryStateStore, StateStore)
