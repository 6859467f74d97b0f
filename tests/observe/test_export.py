"""What tools have found as JSON and tables, and the files it is written to."""

import csv
import dataclasses
import io
import json
from typing import NamedTuple

import pytest

from fast_dag import DAG, CycleDebugger
from fast_dag.observe.export import csv_text, exported, json_text, plain


class Pair(NamedTuple):
    one: int
    other: object


@dataclasses.dataclass
class Holder:
    pairs: list
    note: str = "a"


def test_keys_are_the_names_of_attributes():
    assert json.loads(json_text(Holder([Pair(1, None)]))) == {
        "pairs": [{"one": 1, "other": None}],
        "note": "a",
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (1.5, 1.5),
        (True, True),
        (None, None),
        ((1, 2), [1, 2]),
    ],
)
def test_what_json_has_no_number_for_is_a_text(value, expected):
    assert plain(value) == expected
    assert json.loads(json_text({"value": value})) == {"value": expected}


def test_keys_of_any_kind_become_texts():
    assert plain({1: "a", (2, 3): "b"}) == {"1": "a", "(2, 3)": "b"}


def test_cells_with_commas_quotes_and_lines_come_back_as_they_were():
    row = ["a,b", 'say "hi"', "two\nlines", "=1+1", "é"]
    text = csv_text(["a", "b", "c", "d", "e"], [row])
    assert list(csv.reader(io.StringIO(text))) == [["a", "b", "c", "d", "e"], row]


def test_empty_tables_have_a_header():
    assert csv_text(["a", "b"], []) == "a,b\n"


def test_an_unknown_format_is_told_with_a_suggestion():
    with pytest.raises(ValueError, match="no format 'htm': known are json, csv, html; did you mean 'html'"):
        exported({}, "htm", None)


@pytest.mark.parametrize("format", [None, 5, ["json"]])
def test_so_is_what_is_no_format_at_all(format):
    with pytest.raises(ValueError, match="no format"):
        exported({}, format, None)


def test_a_text_is_given_back_and_written_only_with_a_path(tmp_path):
    path = tmp_path / "found.json"
    assert exported({"json": lambda: "{}"}, "json", None) == "{}"
    assert not path.exists()
    assert exported({"json": lambda: "{}"}, "json", path) == "{}"
    assert path.read_text() == "{}"


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(tmp_path):
    with pytest.raises(OSError, match=r"nowhere"):
        exported({"json": lambda: "{}"}, "json", tmp_path / "nowhere" / "found.json")


def test_a_debugger_gives_a_row_for_each_attempt():
    debugger = CycleDebugger()
    dag = DAG("wf").add_node("first", lambda: {"a": 1}).add_node("second", lambda first: None)
    dag.connect("first", "second").run(observers=[debugger])
    rows = list(csv.DictReader(io.StringIO(debugger.export("csv"))))
    assert [(row["node_name"], row["attempt"], row["outputs"]) for row in rows] == [
        ("first", "1", "{'a': 1}"),
        ("second", "1", ""),
    ]
    assert json.loads(rows[1]["inputs"]) == {"first": "{'a': 1}"}


def test_halves_of_characters_can_be_written(tmp_path):
    debugger = CycleDebugger()
    DAG("wf").add_node("odd", lambda: {"\udc80": 1}).run(observers=[debugger])
    for format in ("json", "csv", "html"):
        debugger.export(format, tmp_path / format)
        assert (tmp_path / format).stat().st_size
