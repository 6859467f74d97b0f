"""The parts of a document: plain data, tables and texts, and the place that an error names."""

import enum

import pytest

from fast_dag import DAG
from fast_dag.errors import DocumentError, InvalidNodeError
from fast_dag.workflow import document
from fast_dag.workflow.document import DEEPEST, held, kind_of, mapping, place_of_errors, plain, table, texts

KEYS = frozenset({"name"}), frozenset({"size"})


class Colour(enum.StrEnum):
    RED = "red"


class Text(str):
    __slots__ = ()

    def __str__(self):
        return "something else"


def test_the_kind_of_a_dag_is_dag():
    assert kind_of(DAG("flow")) == "dag"


def test_what_is_no_workflow_has_no_kind():
    assert kind_of("dag") is None


@pytest.mark.parametrize(
    "value", [None, True, 3, -2.5, "text", [], {}, [1, [2, {"a": None}]], {"": {"b": 10**30}}]
)
def test_plain_data_stays_as_it_is(value):
    assert plain(value, "here") == value


def test_plain_data_is_copied():
    value = {"a": [1]}
    plain(value, "here")["a"].append(2)
    assert value == {"a": [1]}


@pytest.mark.parametrize(
    ("value", "made"),
    [((1, (2,)), [1, [2]]), (Colour.RED, "red"), (Text("abc"), "abc"), ({Text("k"): 1}, {"k": 1})],
)
def test_what_is_nearly_plain_is_made_so(value, made):
    found = plain(value, "here")
    assert (found, type(found)) == (made, type(made))
    assert [type(key) for key in found if isinstance(found, dict)] in ([], [str])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (object(), "here: a object cannot be stored"),
        ({1, 2}, "here: a set cannot"),
        (b"x", "here: a bytes cannot"),
        (float("nan"), "here: nan cannot"),
        ([0, {"a": [float("inf")]}], r"here\[1\]\.a\[0\]: inf cannot"),
        ({"a": {"b": len}}, r"here\.a\.b: a builtin_function_or_method"),
        ({1: 2}, "here: a key must be a text, got int"),
        ({"a": {None: 2}}, r"here\.a: a key must be a text, got NoneType"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_place(value, text):
    with pytest.raises(DocumentError, match=text):
        plain(value, "here")


def test_data_that_holds_itself_is_refused():
    ring = []
    ring.append(ring)
    with pytest.raises(DocumentError, match="more than 64 tables and lists inside each other"):
        plain(ring, "here")


def test_data_may_be_as_deep_as_stated():
    deep = []
    for _ in range(DEEPEST - 1):
        deep = [deep]
    assert plain(deep, "here") == deep
    with pytest.raises(DocumentError, match="more than 64"):
        plain([deep], "here")


def test_a_table_has_what_is_required_and_may_have_more():
    assert table({"name": 1}, "here", *KEYS) == {"name": 1}
    assert table({"name": 1, "size": 2}, "here", *KEYS) == {"name": 1, "size": 2}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "here must be a table, got list"),
        ({}, "here: 'name' is missing"),
        ({"size": 1}, "here: 'name' is missing"),
        ({"name": 1, "sise": 2}, "here: unknown key 'sise'; did you mean 'size'?"),
        ({"name": 1, 3: 2}, "here: a key must be a text, got int"),
    ],
)
def test_a_table_with_other_keys_is_refused(value, text):
    with pytest.raises(DocumentError) as caught:
        table(value, "here", *KEYS)
    assert str(caught.value) == text


def test_what_a_table_holds_has_a_type():
    assert (held({"a": "x"}, "a", str, "here"), held({"a": False}, "a", bool, "here")) == ("x", False)


def test_what_a_table_does_not_hold_has_a_default():
    assert (held({}, "a", str, "here"), held({}, "a", list, "here", [1])) == (None, [1])


@pytest.mark.parametrize(
    ("value", "wanted"), [(None, str), (1, bool), ("x", list), ([], dict), ([10**5000], str)]
)
def test_another_type_is_refused_with_its_place(value, wanted):
    with pytest.raises(DocumentError, match=r"here\.a must be "):
        held({"a": value}, "a", wanted, "here")


def test_a_list_of_texts_holds_texts_only():
    assert (texts({"a": ["x", "y"]}, "a", "here"), texts({}, "a", "here")) == (["x", "y"], [])
    with pytest.raises(DocumentError, match=r"here\.a\[1\] must be a text, got int"):
        texts({"a": ["x", 1]}, "a", "here")


def test_a_mapping_has_texts_as_keys():
    assert mapping({"x": 1}, "here") == {"x": 1}
    with pytest.raises(DocumentError, match="here: a key must be a text, got int"):
        mapping({1: 1}, "here")
    with pytest.raises(DocumentError, match="here must be a table, got str"):
        mapping("x", "here")


@pytest.mark.parametrize("error", [ValueError("bad"), OverflowError("bad"), InvalidNodeError("bad")])
def test_an_error_inside_is_given_its_place(error):
    with pytest.raises(DocumentError, match=r"^here: bad$") as caught, place_of_errors("here"):
        raise error
    assert caught.value.__cause__ is error


def test_an_error_that_has_a_place_keeps_it():
    with pytest.raises(DocumentError, match=r"^inside: bad$"), place_of_errors("here"):
        raise document.wrong("inside", "bad")


def test_any_other_error_is_a_bug_and_passes():
    with pytest.raises(ZeroDivisionError), place_of_errors("here"):
        raise ZeroDivisionError
