import threading
from itertools import pairwise

import pytest

MODES = ["sequential", "parallel", "async"]
RIGHT = ["978-0-306-40615-7", "978-3-16-148410-0", "979-10-90636-07-1"]
WRONG = ["978-0-306-40615-8", "978-3-16-14841-0", "", "979-10-90636-70-1"]


@pytest.mark.parametrize("code", RIGHT)
def test_printed_numbers_are_right(example, code):
    assert example["is_isbn"](code)


@pytest.mark.parametrize("code", WRONG)
def test_mistyped_numbers_are_wrong(example, code):
    assert not example["is_isbn"](code)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_order_of_the_codes_is_kept(example, mode, size):
    codes = [code for pair in zip(RIGHT, WRONG, strict=False) for code in pair]
    flow = example["library"](look_up=str.upper)
    titles = flow.run(codes=codes, size=size, mode=mode)
    assert list(titles.items()) == [(code, code.upper()) for code in RIGHT]
    assert flow["checked"] == [
        [(code, code in RIGHT) for code in codes[start : start + size]] for start in range(0, 6, size)
    ]
    assert flow.context.metrics["map"]["checked"] == {"items": -(-6 // size), "failed": 0}


def test_the_titles_are_looked_up_on_threads_of_the_node(example):
    meeting = threading.Barrier(3)

    def look_up(code):
        meeting.wait(5)
        return threading.current_thread().name

    names = example["library"](look_up=look_up, threads=3).run(codes=RIGHT).values()
    assert len(set(names)) == 3


def test_the_order_is_kept_whatever_is_found_first(example):
    found = {code: threading.Event() for code in RIGHT}
    later = dict(pairwise(RIGHT))

    def look_up(code):
        if code in later:
            assert found[later[code]].wait(5)
        found[code].set()
        return code

    titles = example["library"](look_up=look_up).run(codes=RIGHT, mode="parallel")
    assert list(titles) == list(titles.values()) == RIGHT


def test_no_codes_have_no_titles(example):
    assert example["library"]().run(codes=[]) == {}


def test_main_finds_every_tenth_code(example, capsys):
    example["main"]()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "500 codes in 9 batches"
    assert lines[1].startswith("50 titles in")
    assert lines[2].startswith("title of 978-")
