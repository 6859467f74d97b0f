"""Keys: equal for equal values and for no others."""

import array
import collections
import dataclasses
import datetime as dt
import enum
import functools
import math
import operator
import re
import subprocess
import sys
import types
import uuid
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath, PureWindowsPath
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fast_dag import Private
from fast_dag.errors import CacheError
from fast_dag.graph.node import Node
from fast_dag.stores.forms import ATOMS
from fast_dag.stores.functions import Kept
from fast_dag.stores.keys import encoded, register_cache_key, stable_key


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Shade(enum.Enum):
    RED = 1


class Size(enum.IntEnum):
    SMALL = 1


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: int


class Pair(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Row:
    x: int
    y: object = None

    @functools.cached_property
    def double(self):
        return self.x * 2


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    x: int
    y: object = None


class Labelled(Row):
    """No dataclass itself, and with more attributes than its fields."""

    def __init__(self, x, label):
        super().__init__(x)
        self.label = label


class Opaque:
    pass


class Numbers(list):
    pass


class Table:
    def __init__(self, name, rows=()):
        self.name = name
        self.rows = rows


class SmallTable(Table):
    pass


class Endless:
    pass


def double(x):
    return x * 2


def add(x, y=1):
    return x + y


def adder(y):
    def plus(x):
        return x + y

    return plus


register_cache_key(Table, lambda table: (table.name, table.rows))
register_cache_key(Endless, lambda _: Endless())

NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")

# No two of these have one key.
DIFFERENT = [
    None, False, True, 0, 1, -1, 16, 2**64, 2**64 + 1, -(2**64), 16**70, 16**70 + 1, 0.0, -0.0, 1.0, 1.5,
    math.inf, -math.inf, math.nan, 1j, 1 + 0j, complex(-0.0, 1), ..., NotImplemented,
    "", "0", "1", "None", "True", "i1;", "1.0", "s1:1", "\ud800", "\udc00", "a" * 64, "a" * 65, "a" * 66,
    b"", b"1", b"i1;", b"a" * 65, bytearray(), bytearray(b"1"), array.array("i", [1]), array.array("l", [1]),
    [], (), set(), frozenset(), {}, [1], (1,), {1}, frozenset({1}), {1: None}, {"1": None}, {1.0: None},
    [None], [[]], [[], []], [[[]]], [1, 2], [2, 1], [[1], 2], [1, [2]], [[1, 2]], ["1, 2"], ["1", "2"],
    ["12"], ["1", ""], {"a": 1, "b": 2}, {"a": 2, "b": 1}, [("a", 1), ("b", 2)], {"a": {"b": 1}},
    {("a", "b"): 1}, {("a",): "b", 1: 2}, {1, 2}, {(1, 2)}, {frozenset({1}), 2}, {frozenset({1, 2})},
    range(3), range(0, 3, 2), slice(3), slice(0, 3), collections.OrderedDict(a=1, b=2),
    collections.OrderedDict(b=2, a=1), collections.Counter("ab"), collections.defaultdict(list, a=1),
    collections.defaultdict(int, a=1), collections.deque([1]), collections.deque([1], 5),
    types.MappingProxyType({"a": 1}),
    Colour.RED, Colour.BLUE, Shade.RED, Size.SMALL, Right.READ, Right.READ | Right.WRITE, Right(0),
    Point(1, 2), Pair(1, 2), (1, 2), Row(1, 2), Cell(1, 2), Row(1), Labelled(1, "a"),
    Labelled(1, "b"), Row(1, [1]), Row(1, (1,)),
    dt.date(2026, 1, 2), NOON.replace(tzinfo=None), NOON,
    NOON.astimezone(BERLIN), NOON.astimezone(dt.timezone(dt.timedelta(hours=1))),
    NOON.replace(tzinfo=BERLIN, fold=1), NOON.replace(tzinfo=BERLIN), "2026-01-02", dt.time(12),
    dt.time(12, fold=1), dt.time(12, tzinfo=dt.UTC), dt.timedelta(1),
    dt.timedelta(0, 1), dt.UTC, dt.timezone(dt.timedelta(0), "Z"), BERLIN,
    Decimal(1), Decimal("1.0"), Decimal("1.00"), Decimal("NaN"), Decimal("-0"), Decimal(0), Fraction(1),
    Fraction(1, 2), uuid.UUID(int=1), uuid.UUID(int=2), PurePosixPath("a"), PureWindowsPath("a"),
    PurePosixPath("a/b"), re.compile("a"), re.compile("a", re.IGNORECASE), re.compile(b"a"),
    int, bool, str, Row, Opaque, math, sys, len, max, math.sqrt, str.upper, "a".upper, "b".upper, int.__add__,
    double, add, adder(1), adder(2), adder([1]), lambda x: x, lambda x: x + 1, lambda x, y=1: x,
    lambda x, y=2: x, lambda x, *, y=1: x, functools.partial(add, 1), functools.partial(add, y=1),
    functools.partial(add, 2), functools.partial(double, 1), functools.lru_cache(double),
    functools.lru_cache(add), Row(1).__init__, Node(double), Node(add),
    Table("a"), Table("b"), Table("a", [1]), SmallTable("a"), Table(Table("a")), ("a", ()),
]  # fmt: skip

# The two sides of each have one key.
EQUAL = [
    ({"a": 1, "b": [2]}, {"b": [2], "a": 1}),
    ({1, "a", None, (2, 3)}, {(2, 3), None, "a", 1}),
    ({1: {2, 3}, "x": {}}, {"x": {}, 1: {3, 2}}),
    (collections.Counter("aab"), collections.Counter("baa")),
    (math.nan, -math.nan),
    (Row(1, [2]), Row(1, [2])),
    (dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC), NOON),
    (Decimal("1E+3"), Decimal("1e3")),
    (adder(3), adder(3)),
    (functools.partial(add, y=2), functools.partial(add, y=2)),
    (Table("a", [1]), Table("a", [1])),
    (re.compile("x+"), re.compile("x+")),
]


class ArrayScalar:
    """What the library sees of an array package, which it never imports."""

    dtype = None

    def __init__(self, dtype, shape, data):
        self.dtype, self.shape, self.data = dtype, shape, data

    def tobytes(self):
        return self.data


class DType:
    def __init__(self, name):
        self.name = name
        self.hasobject = name == "object"

    def __repr__(self):
        return f"dtype({self.name!r})"


ArrayScalar.__module__ = "numpy"
ArrayScalar.__qualname__ = "ndarray"


def an_array(dtype="int64", shape=(2, 2), data=b"1234"):
    return ArrayScalar(DType(dtype), shape, data)


def test_no_two_different_values_have_one_key():
    keys = collections.defaultdict(list)
    for value in DIFFERENT:
        keys[stable_key(value)].append(value)
    assert [values for values in keys.values() if len(values) > 1] == []


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_values_have_one_key(one, other):
    assert stable_key(one) == stable_key(other)


def test_a_value_keeps_its_key():
    for value in DIFFERENT:
        assert stable_key(value) == stable_key(value)
        assert stable_key([value]) == stable_key([value])


def test_an_int_may_be_of_any_size():
    assert stable_key(10**5000) == stable_key(10**5000)
    assert stable_key(10**5000) != stable_key(10**5000 + 1)


def test_keys_are_the_same_in_another_process():
    values = "[{'b', 'a', ('c', 1)}, {'x': 1.5, 'y': None}, frozenset({1, 2}), len, 2**100]"
    program = f"from fast_dag.stores.keys import stable_key; print(stable_key({values}))"
    seeds = {
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "12"
    }
    assert len(seeds) == 1


def test_sharing_a_part_changes_no_key():
    part = [1]
    assert stable_key([part, part]) == stable_key([[1], [1]])


def test_a_value_that_shares_its_parts_over_and_over_is_quick():
    value = [1]
    for _ in range(200):
        value = [value, value]
    stable_key(value)


def test_depth_is_no_limit():
    value = []
    for _ in range(100_000):
        value = [value]
    assert stable_key(value) != stable_key([])


@pytest.mark.parametrize(
    "wrap", [list, collections.deque, lambda parts: {"a": parts}, lambda parts: Row(1, parts)]
)
def test_a_value_that_holds_itself_is_a_cache_error(wrap):
    parts = []
    parts.append(wrap([parts]) if wrap is not list else parts)
    with pytest.raises(CacheError, match="contains itself"):
        stable_key(parts)


@pytest.mark.parametrize(
    "value",
    [object(), Opaque(), Numbers([1]), iter([]), (n for n in ()), operator.itemgetter(1), memoryview(b"")],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_a_cache_error_that_says_what_to_do(value):
    name = type(value).__qualname__
    with pytest.raises(CacheError) as caught:
        encoded({"deep": [(value,)]}, "input 'x' of 'f'")
    assert str(caught.value) == (
        f"input 'x' of 'f' holds a {name}, which has no stable key: "
        f"give cache_key=, or register_cache_key({name}, function)"
    )


def test_a_closure_variable_without_a_key_is_named():
    with pytest.raises(
        CacheError, match="closure variable 'y' of 'plus' holds a Opaque, which has no stable key"
    ):
        stable_key([adder(Opaque())])


def test_functions_that_refer_to_each_other_have_keys():
    def pair(step):
        def even(n):
            return n == 0 or odd(n - step)

        def odd(n):
            return n != 0 and even(n - step)

        return even, odd

    assert stable_key(pair(1)[0]) == stable_key(pair(1)[0])
    assert len({stable_key(function) for function in (*pair(1), *pair(2))}) == 4


def test_a_function_may_be_moved_to_other_lines():
    spaces = {"__name__": "here"}, {"__name__": "here"}
    for gap, space in zip(("", "\n\n# moved\n"), spaces, strict=True):
        exec(compile(gap + "def f(x):\n    return [y for y in x]", f"file{len(gap)}.py", "exec"), space)  # noqa: S102
    assert stable_key(spaces[0]["f"]) == stable_key(spaces[1]["f"])


def test_code_inside_a_function_counts():
    def one(xs):
        return sorted(xs, key=lambda x: x + 1)

    def other(xs):
        return sorted(xs, key=lambda x: x + 2)

    other.__qualname__ = one.__qualname__
    assert stable_key(one) != stable_key(other)


def test_an_attribute_that_is_computed_once_changes_no_key():
    row = Row(1)
    before = stable_key(row)
    assert row.double == 2
    assert stable_key(row) == before


def test_arrays_go_by_type_shape_and_bytes():
    arrays = [an_array(), an_array(dtype="int32"), an_array(shape=(4,)), an_array(data=b"1235")]
    assert len({stable_key(each) for each in arrays}) == 4
    assert stable_key(an_array()) == stable_key(an_array())


def test_an_array_of_objects_is_a_cache_error():
    with pytest.raises(CacheError, match="ndarray"):
        stable_key(an_array(dtype="object"))


def test_a_registered_class_holds_for_its_subclasses():
    assert stable_key(SmallTable("a")) == stable_key(SmallTable("a"))
    assert stable_key(SmallTable("a")) != stable_key(SmallTable("b"))


def test_a_registered_function_that_gives_its_own_kind_is_a_cache_error():
    with pytest.raises(CacheError, match="gives a Endless again"):
        stable_key(Endless())


def test_what_a_registered_function_raises_is_passed_on():
    class Faulty:
        pass

    def refuse(_):
        raise LookupError("no")

    register_cache_key(Faulty, refuse)
    with pytest.raises(LookupError):
        stable_key([Faulty()])


@pytest.mark.parametrize(("kind", "function"), [(3, len), ("Table", len), (Opaque, None), (Opaque, "x")])
def test_only_a_class_and_a_function_can_be_registered(kind, function):
    with pytest.raises(ValueError, match="takes a class and a function"):
        register_cache_key(kind, function)


@pytest.mark.parametrize("kind", [int, str, list, dict, type(None), dt.datetime, types.FunctionType, object])
def test_the_keys_of_plain_types_are_fixed(kind):
    with pytest.raises(ValueError, match="are fixed"):
        register_cache_key(kind, str)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda parts: (
        st.lists(parts) | st.lists(parts).map(tuple) | st.dictionaries(st.text() | st.integers(), parts)
    ),
    max_leaves=10,
)


def typed(value):
    """A text that tells values of this test apart, written in another way than the keys."""
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({','.join(map(typed, value))})"
    if isinstance(value, dict):
        return f"dict({','.join(sorted(typed(pair) for pair in value.items()))})"
    return f"{type(value).__name__}:{value!r}"


@settings(max_examples=60)
@given(PLAIN, PLAIN)
def test_two_values_have_one_key_exactly_if_they_are_equal_and_of_one_type(one, other):
    assert (stable_key(one) == stable_key(other)) == (typed(one) == typed(other))


@settings(max_examples=60)
@given(PLAIN)
def test_a_text_never_imitates_a_value(value):
    assert stable_key(value) == stable_key(value)
    for imitation in (repr(value), repr(value).encode(), encoded(value), [value], (value,), {"": value}):
        assert typed(imitation) == typed(value) or stable_key(imitation) != stable_key(value)


@given(st.dictionaries(st.text(), st.integers()), st.randoms(use_true_random=False))
def test_the_order_of_a_dict_does_not_matter(value, random):
    pairs = list(value.items())
    random.shuffle(pairs)
    assert stable_key(dict(pairs)) == stable_key(value)


@given(st.sets(st.integers() | st.text() | st.tuples(st.integers())), st.randoms(use_true_random=False))
def test_the_order_of_a_set_does_not_matter(value, random):
    parts = list(value)
    random.shuffle(parts)
    assert stable_key(set(parts)) == stable_key(value)


@given(st.lists(st.sampled_from([None, True, 1, 2.5, "a", b"b", "x" * 70, 1j]), max_size=6))
def test_atoms_tell_their_own_end(values):
    joined = b"".join(ATOMS[type(value)](value) for value in values)
    for count in range(len(values)):
        assert b"".join(ATOMS[type(value)](value) for value in values[:count]) != joined


def test_what_a_function_keeps_is_pickled_as_nothing():
    plus = adder([1])
    stable_key(plus)
    kept = [value for value in vars(plus).values() if isinstance(value, Kept)]
    assert [each.__reduce__() for each in kept] == [(Kept, ())]


@dataclasses.dataclass
class Login:
    token: object


@pytest.mark.parametrize(
    "value",
    [
        Private("canary"),
        [1, {"token": Private("canary")}],
        Login(Private("canary")),
        lambda token=Private("canary"): token,  # noqa: B008 - a default that carries a secret is the point
    ],
    ids=["itself", "in containers", "in a dataclass", "in a default"],
)
def test_no_key_is_made_of_a_secret(value):
    with pytest.raises(CacheError, match="a Private, and no key is made of a secret") as caught:
        stable_key(value)
    assert "canary" not in str(caught.value)


def test_nobody_can_register_a_key_for_secrets():
    with pytest.raises(ValueError, match="no key is made of a secret"):
        register_cache_key(Private, lambda secret: secret.reveal())
