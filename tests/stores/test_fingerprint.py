"""What makes a function another one."""

import functools
import math
import pickle
from dataclasses import dataclass

import pytest

from fast_dag.errors import CacheError
from fast_dag.graph.node import Node
from fast_dag.stores.fingerprint import Fingerprint, function_key


class Opaque:
    pass


@dataclass
class Scaler:
    factor: int

    def __call__(self, x):
        return x * self.factor

    def scale(self, x):
        return x * self.factor


class Counting:
    """A decorator with state of its own, no dataclass."""

    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.__wrapped__(*args)


def double(x):
    return x * 2


def triple(x):
    return x * 3


def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


def adder(y):
    def plus(x):
        return x + y

    return plus


def with_default(y):
    def plus(x, y=y):
        return x + y

    return plus


def with_keyword(y):
    def plus(x, *, y=y):
        return x + y

    return plus


def recursive(step):
    def down(n):
        return n if n < 0 else down(n - step)

    return down


def rebound(first):
    value = first

    def read(x):
        return x, value

    def write(new):
        nonlocal value
        value = new

    return read, write


def holding(values):
    def count(x):
        values.append(x)
        return x

    return count


def calling(function):
    def call(x):
        return function(x)

    return call


DIFFERENT = [
    double, triple, logged(double), logged(triple), logged(logged(double)), adder(1), adder(2), adder("1"),
    with_default(1), with_default(2), with_keyword(1), with_keyword(2), recursive(1), recursive(2),
    calling(double), calling(triple), calling(adder(1)), calling(adder(2)), calling(math), calling(len),
    calling(Scaler), calling(Scaler(1)), calling(Node(double)), calling(Node(triple)),
    functools.partial(adder(1), 3), functools.partial(adder(1), 4), functools.partial(adder(2), 3),
    functools.partial(adder(1), x=3), functools.lru_cache(double), functools.lru_cache(triple),
    Scaler(1), Scaler(2), Scaler(1).scale, Scaler(2).scale, math.sqrt, math.sin, len, str.upper,
    Scaler, Opaque, Node(double), Node(triple),
]  # fmt: skip


def test_no_two_different_functions_have_one_key():
    keys = [function_key(function) for function in DIFFERENT]
    assert [keys.count(key) for key in keys] == [1] * len(keys)


@pytest.mark.parametrize(
    "make",
    [
        lambda: adder(1), lambda: with_default(1), lambda: with_keyword([1]), lambda: logged(adder(1)),
        lambda: recursive(2), lambda: functools.partial(adder(1), [2]), lambda: Scaler(3),
        lambda: Scaler(3).scale,
        lambda: calling(adder(1)), lambda: holding([]), lambda: functools.lru_cache(adder(1)),
    ],
)  # fmt: skip
def test_a_function_made_again_has_the_same_key(make):
    assert function_key(make()) == function_key(make())


def test_a_changed_default_is_another_key():
    plus = with_default(1)
    before = function_key(plus)
    plus.__defaults__ = (2,)
    assert function_key(plus) == function_key(with_default(2)) != before


def test_a_changed_keyword_default_is_seen_by_the_same_fingerprint():
    plus = with_keyword(1)
    fingerprint = Fingerprint(plus, shared=False)
    before = fingerprint.traits()
    assert fingerprint.traits() == before
    plus.__kwdefaults__["y"] = 2
    assert fingerprint.traits().defaults != before.defaults
    assert fingerprint.traits().code == before.code


def test_changed_code_is_seen_by_the_same_fingerprint():
    def function(x):
        return x

    fingerprint = Fingerprint(logged(function), shared=False)
    before = fingerprint.traits()
    function.__code__ = double.__code__
    assert fingerprint.traits().code != before.code
    assert fingerprint.traits().defaults == before.defaults


def test_a_plain_value_in_a_closure_is_read_each_time():
    read, write = rebound(1)
    fingerprint = Fingerprint(read, shared=True)
    before = fingerprint.traits()
    write(2)
    assert fingerprint.traits().closure != before.closure
    write(1)
    assert fingerprint.traits() == before


def test_a_plain_value_in_the_closure_of_a_wrapped_function_is_read_each_time():
    read, write = rebound("a")
    fingerprint = Fingerprint(calling(logged(read)), shared=True)
    before = fingerprint.traits()
    write("b")
    assert fingerprint.traits() != before


def test_a_list_in_a_closure_is_taken_as_it_was_when_the_function_met_it():
    calls = []
    count = holding(calls)
    before = function_key(count)
    count(1)
    assert calls == [1]
    assert function_key(count) == before
    assert function_key(logged(holding([1]))) != function_key(logged(holding([])))


def test_another_function_object_meets_a_list_anew():
    calls = []
    before = function_key(holding(calls))
    calls.append(1)
    assert function_key(holding(calls)) != before


def test_another_list_in_the_same_variable_is_another_key():
    read, write = rebound([1])
    before = function_key(read)
    write([2])
    assert function_key(read) != before


def test_a_mutable_default_is_taken_as_it_was_when_the_function_met_it():
    def count(x, seen=[]):  # noqa: B006 - what this test is about
        seen.append(x)

    before = function_key(count)
    count(1)
    assert function_key(count) == before


def test_what_a_function_keeps_is_not_taken_over_by_its_wrapper():
    def named(values):
        @functools.wraps(inner)
        def wrapper(x):
            return values, x

        return wrapper

    def inner(x):
        return x

    function_key(holding([]))
    inner_values = holding([1])
    function_key(inner_values)
    functools.update_wrapper(inner, inner_values)
    del inner.__wrapped__
    assert function_key(named([1])) != function_key(named([2]))


def test_a_variable_without_a_value_yet_is_left_out():
    def early():
        def read(x):
            return x, later

        key = function_key(read)
        later = 1
        return key, function_key(read)

    before, after = early()
    assert before != after


def test_a_callable_object_with_state_and_no_key_is_a_cache_error():
    with pytest.raises(CacheError, match=r"object 'self' of 'double' holds a Counting.*: give version="):
        function_key(Counting(double))


def test_a_closure_value_without_a_key_is_a_cache_error_that_says_what_to_do():
    with pytest.raises(CacheError) as caught:
        function_key(logged(adder(Opaque())))
    assert str(caught.value) == (
        "closure variable 'y' of 'plus' holds a Opaque, which has no stable key: give version="
    )


def test_a_default_without_a_key_is_a_cache_error_where_the_key_is_shared():
    with pytest.raises(CacheError, match=r"default 'y' of 'plus' holds a Opaque.*give version="):
        function_key(with_keyword(Opaque()))


def test_a_private_fingerprint_asks_nothing_of_the_closure():
    assert Fingerprint(adder(Opaque()), shared=False).traits().closure == b""
    assert Fingerprint(Counting(double), shared=False).traits().closure == b""


def test_a_private_fingerprint_takes_a_default_without_a_key_by_identity():
    one, other = Opaque(), Opaque()
    keys = [Fingerprint(with_default(each), shared=False).traits().defaults for each in (one, other, one)]
    assert keys[0] == keys[2] != keys[1]


def test_a_function_that_has_been_asked_still_pickles():
    plus = double
    function_key(plus)
    assert pickle.loads(pickle.dumps(plus)) is plus  # noqa: S301
