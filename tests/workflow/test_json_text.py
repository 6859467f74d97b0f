"""JSON: how a document is laid out, and what is refused."""

import json

import pytest

from fast_dag.errors import DocumentError
from fast_dag.workflow import json_text


def test_the_text_is_json():
    data = {"a": [], "b": {}, "c": [[[[[1]]]]], "d": {"e": {"f": {"g": {"h": [1, "ü"]}}}}}
    assert json.loads(json_text.encode(data)) == data


def test_each_node_has_a_line_of_its_own():
    data = {"workflows": {"w1": {"nodes": [{"name": "a"}, {"name": "b", "inputs": ["x", "y"]}]}}}
    assert json_text.encode(data).splitlines() == [
        "{",
        '  "workflows": {',
        '    "w1": {',
        '      "nodes": [',
        '        {"name": "a"},',
        '        {"name": "b", "inputs": ["x", "y"]}',
        "      ]",
        "    }",
        "  }",
        "}",
    ]


def test_texts_are_written_as_they_are():
    assert json_text.encode("größe ☃") == '"größe ☃"'


@pytest.mark.parametrize(
    "bad", [float("nan"), float("inf"), {1}, "\ud800", [10**5000], [[[[{"a": object()}]]]]]
)
def test_what_json_cannot_hold_is_refused(bad):
    with pytest.raises(DocumentError, match=r"^JSON: "):
        json_text.encode(bad)


@pytest.mark.parametrize("content", ['{"a": 1}', b'{"a": 1}', b'\xef\xbb\xbf{"a": 1}'])
def test_text_and_bytes_are_read(content):
    assert json_text.decode(content) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "Expecting value"),
        ('{"a": 1', "line 1 column 8"),
        ("{'a': 1}", "double quotes"),
        ('{"a": NaN}', "NaN is no number"),
        ("[-Infinity]", "-Infinity is no number"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice"),
        ("1" * 5000, "4300 digits"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        (b"\xff\xfe\xfd", "decode"),
        (None, "must be a text, got NoneType"),
        ({"a": 1}, "must be a text, got dict"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_is_no_json_is_refused(content, text):
    with pytest.raises(DocumentError, match=text):
        json_text.decode(content)
