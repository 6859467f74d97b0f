"""YAML: the part of it that is data like JSON, both ways."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag.errors import DocumentError
from fast_dag.workflow import yaml_text

LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
data = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(data)
def test_what_is_written_is_read(value):
    assert yaml_text.decode(yaml_text.encode(value)) == value


@pytest.mark.parametrize(
    "text",
    ["yes", "no", "null", "~", "1", "1.5", "1e3", "0x1f", "2026-01-01", "1:30", "", "<<", "=", ".inf", " a "],
)
def test_a_text_stays_a_text(text):
    assert yaml_text.decode(yaml_text.encode({text: text})) == {text: text}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("~", None),
        ("", None),
        ("Null", None),
        ("true", True),
        ("FALSE", False),
        ("-12", -12),
        ("0", 0),
        ("2.50", 2.5),
        ("1.0e+3", 1000.0),
        ("-0.5", -0.5),
        ("yes", "yes"),
        ("off", "off"),
        ("0x1f", "0x1f"),
        ("0o7", "0o7"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("2026-01-01", "2026-01-01"),
        ("<<", "<<"),
        ("'1'", "1"),
        ('"null"', "null"),
    ],
)
def test_only_json_s_words_and_numbers_are_no_texts(written, value):
    read = yaml_text.decode(f"a: {written}\n")["a"]
    assert (read, type(read)) == (value, type(value))


def test_an_object_that_stands_twice_is_written_twice():
    shared = ["x"]
    text = yaml_text.encode({"a": shared, "b": shared})
    assert yaml_text.decode(text) == {"a": ["x"], "b": ["x"]}


def test_tables_keep_their_order():
    assert list(yaml_text.decode(yaml_text.encode({"b": 1, "a": 2}))) == ["b", "a"]


def test_text_and_bytes_are_read():
    assert yaml_text.decode("{a: [1]}") == yaml_text.decode(b"a:\n- 1\n") == {"a": [1]}


def test_aliases_that_multiply_are_refused_at_once():
    started = time.perf_counter()
    with pytest.raises(DocumentError, match="YAML, line 1: anchors and aliases are not read"):
        yaml_text.decode(LAUGHS)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a: [1", "YAML: "),
        ("a: b: c", "YAML: "),
        ("a: *b", "line 1: anchors"),
        ("x: 1\na: &b [*b]", "line 2: anchors"),
        ("a: &b 1", "line 1: anchors"),
        ("!!python/object/apply:os.system ['true']", "line 1: tags are not read"),
        ("a: !!int '3'", "line 1: tags"),
        ("a: !mine 3", "line 1: tags"),
        ("1: a", "a key of the table that ends here must be a text, got int"),
        ("~: a", "must be a text, got NoneType"),
        ("[a]: b", "must be a text, got list"),
        ("{a: 1}: b", "must be a text, got dict"),
        ("a: 1\nb: 2\na: 3", "the key 'a' stands twice"),
        ("", "one document is wanted, got 0"),
        ("--- 1\n--- 2", "one document is wanted, got 2"),
        ("a: \x00", "YAML: "),
        (b"\xff\xff", "YAML: "),
        ("a: " + "9" * 5000, "4300 digits"),
        ("[" * 100_000, "line 1: nested too deeply"),
        ("".join(f"{' ' * i}a:\n" for i in range(2000)), "line 100: nested too deeply"),
        ("%YAML 3.0\n---\n1", "YAML: "),
        (None, "must be a text, got NoneType"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_is_no_such_yaml_is_refused(content, text):
    with pytest.raises(DocumentError, match=text):
        yaml_text.decode(content)


@pytest.mark.parametrize("bad", ["\ud800", object(), [10**5000]])
def test_what_yaml_cannot_hold_is_refused(bad):
    with pytest.raises(DocumentError, match=r"^YAML: "):
        yaml_text.encode({"a": bad})
