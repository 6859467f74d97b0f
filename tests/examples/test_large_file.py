import os
import tracemalloc
from pathlib import Path

import pytest

MODES = ["sequential", "parallel", "async"]


@pytest.fixture(scope="module")
def log(example, tmp_path_factory):
    """A log of more than 3 MB."""
    path = tmp_path_factory.mktemp("large") / "access.log"
    example["write_log"](path, 40_000)
    return path


@pytest.mark.parametrize("mode", MODES)
def test_the_whole_log_is_counted(example, tmp_path, mode):
    path = tmp_path / "short.log"
    lines = ["/ 200 10 x", "/cart 500 1 x", "cut o", "", "/ 404 5 x y"]
    path.write_text("\n".join(lines))
    traffic = example["flow"].run(path=path, mode=mode)
    assert traffic == (3, 16, {"/": 2, "/cart": 1}, {500: 1, 404: 1})


def test_a_large_log_is_counted_as_by_hand(example, log):
    words = [line.split() for line in log.read_text().splitlines()]
    whole = [line for line in words if len(line) > 3]
    traffic = example["flow"].run(path=log)
    assert traffic.requests == len(whole) == 38_400
    assert traffic.sent == sum(int(line[2]) for line in whole)
    assert traffic.failures == {500: sum(line[1] == "500" for line in whole)}
    assert sum(traffic.pages.values()) == traffic.requests


@pytest.mark.parametrize("mode", MODES)
def test_the_memory_stays_small_however_large_the_log(example, log, mode):
    example["flow"].run(path=Path(os.devnull), mode=mode)  # loads what is loaded on first use
    tracemalloc.start()
    try:
        example["flow"].run(path=log, mode=mode)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert log.stat().st_size > 3_000_000
    assert peak < 300_000


def test_main_tells_the_requests_of_each_size(example, capsys):
    example["main"](100, 200)
    lines = capsys.readouterr().out.splitlines()
    assert ["requests=96," in lines[0], "requests=192," in lines[1]] == [True, True]
    assert len(lines) == 2
