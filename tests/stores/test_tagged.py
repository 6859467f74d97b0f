"""Values that come back from JSON exactly as they were."""

import json
import math
from collections import OrderedDict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_dag import Private
from fast_dag.errors import CycleStateError
from fast_dag.stores.tagged import plain, register_codec, restored

EAST = timezone(timedelta(hours=5, minutes=30))
VALUES = [
    *(None, True, 0, -1, 1 << 20_000, -(1 << 20_000), 0.1, -0.0, 1e308, math.inf, -math.inf),
    *("", "äöü", "\ud800", "\ud83d\ude00"[:1] + "x", "$tuple", b"", b"\x00\xff", bytearray(b"ab"), 1 - 2j),
    *((), (1, (2,)), [[]], {1, "1"}, frozenset({(1, 2)}), deque([1, 2], 5), deque(), range(1, 9, 2)),
    *({}, {"a": 1}, {1: "int", "1": "str"}, {("t", 1): []}, {"$tuple": [1]}, {"$": 1, "b": 2}, {None: None}),
    *(
        date(2026, 2, 28),
        time(1, 2, 3, 4),
        datetime(2026, 1, 1, 12, tzinfo=UTC).replace(tzinfo=None),
        datetime(2026, 1, 1, tzinfo=UTC),
    ),
    *(datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=EAST), time(3, tzinfo=UTC), timedelta(-1, 5, 7)),
    *(UTC, EAST, timezone(timedelta(0), "zero"), timezone(timedelta(hours=1), "MEZ")),
    complex(math.inf, -0.0),
]


def back(value):
    return restored(json.loads(json.dumps(plain(value), allow_nan=False)))


def typed(value):
    """*value* in a form that tells types apart where equality does not."""
    return type(value), repr(value)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_a_value_comes_back_exactly(value):
    assert back(value) == value
    if not isinstance(value, int):
        assert typed(back([value])) == typed([value])


def test_what_is_not_a_number_comes_back_as_that():
    assert math.isnan(back(math.nan))
    assert repr(back(complex(math.nan, 1))) == "(nan+1j)"


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
scalars |= st.complex_numbers(allow_nan=False) | st.datetimes() | st.timedeltas() | st.dates()
keys = st.recursive(scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner), max_leaves=4)
values = st.recursive(
    scalars | st.sets(keys),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(keys, inner)
        | st.tuples(inner, inner)
        | st.builds(deque, st.lists(inner))
    ),
    max_leaves=8,
)


@given(values)
def test_random_values_come_back_exactly(value):
    assert typed(back(value)) == typed(value) or back(value) == value


def test_the_order_of_a_dict_is_kept():
    assert list(back({"b": 1, 2: 2, "a": 3})) == ["b", 2, "a"]


@pytest.mark.parametrize("value", [object(), OrderedDict(), Decimal(1), len, type("Text", (str,), {})("x")])
def test_what_nobody_registered_is_refused(value):
    with pytest.raises(CycleStateError, match="cannot be stored: register_codec"):
        plain([value])


def test_the_error_names_node_and_key():
    with pytest.raises(CycleStateError, match="key 'xs' of node 'fit' holds a object") as caught:
        plain({"node_states": {"fit": {"xs": [1, object()]}}})
    assert (caught.value.node_name, caught.value.key) == ("fit", "xs")
    with pytest.raises(CycleStateError, match="shared key 'best' holds a object"):
        plain({"shared": {"best": object()}})
    with pytest.raises(CycleStateError, match=r"feedback\.x holds a object"):
        plain({"feedback": {"x": object()}})


def test_a_value_that_holds_itself_is_refused():
    held = []
    held.append(held)
    with pytest.raises(CycleStateError, match="levels deep, or one that holds itself"):
        plain(held)


def test_a_registered_class_comes_back_and_no_other_is_ever_called():
    class Point:
        def __init__(self, x):
            self.x = x

    register_codec(Point, "test point", lambda point: {"x": point.x}, lambda data: Point(data["x"]))
    assert back([Point((1, 2))])[0].x == (1, 2)
    with pytest.raises(CycleStateError, match="holds a 'test line', which nobody registered"):
        restored({"$test line": []})
    register_codec(Point, "test point", lambda point: [point.x], lambda data: Point(data[0]))
    assert back(Point(1)).x == 1


@pytest.mark.parametrize(
    ("kind", "name"),
    [(int, "number"), (list, "row"), (Decimal, "tuple"), (Decimal, ""), ("Decimal", "x"), (Decimal, None)],
)
def test_a_codec_for_what_has_a_form_of_its_own_is_refused(kind, name):
    with pytest.raises(ValueError, match=r"register_codec takes|form of its own"):
        register_codec(kind, name, str, str)


def test_a_name_stands_for_one_class():
    one, other = type("One", (), {}), type("Other", (), {})
    register_codec(one, "test one", str, str)
    for kind, name in ((other, "test one"), (one, "test other")):
        with pytest.raises(ValueError, match="registered already"):
            register_codec(kind, name, str, str)


@pytest.mark.parametrize(
    "data",
    [
        {"$tuple": 5},
        {"$set": [[1]]},
        {"$int": "zz"},
        {"$float": "1.0"},
        {"$bytes": "0"},
        {"$bytes": 5},
        {"$complex": [1]},
        {"$complex": ["x", "y"]},
        {"$dict": [[1]]},
        {"$dict": [[[], 1]]},
        {"$deque": []},
        {"$deque": [-1, []]},
        {"$range": [1, 2, 0]},
        {"$date": "yesterday"},
        {"$datetime": ["2026-01-01", 7, None]},
        {"$datetime": ["2026-01-01", 0, "UTC"]},
        {"$timedelta": [10**30, 0, 0]},
        {"$timezone": [10**20, None]},
        {"$str": [-1]},
        {"$str": ["a"]},
    ],
    ids=repr,
)
def test_data_that_does_not_fit_its_tag_is_damage(data):
    with pytest.raises(CycleStateError, match="stored state is damaged"):
        restored({"a": [data]})


def test_a_secret_is_refused_with_node_and_key():
    state = {"node_states": {"log_in": {"token": [{"inner": Private("canary")}]}}}
    with pytest.raises(
        CycleStateError, match=r"key 'token' of node 'log_in' holds a Private.*no.*cipher"
    ) as caught:
        plain(state)
    assert (caught.value.node_name, caught.value.key) == ("log_in", "token")
    assert "canary" not in str(caught.value)


def test_no_codec_can_be_registered_for_secrets():
    with pytest.raises(ValueError, match="cipher"):
        register_codec(Private, "private", lambda secret: secret.reveal(), Private)
