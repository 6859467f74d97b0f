"""Where in a value a secret lies."""

from collections import deque
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from fast_dag import Private
from fast_dag.stores.hidden import place_of_secret

SECRET = Private("canary")


@dataclass
class Login:
    token: object


class Slotted:
    __slots__ = ("token", "unset")

    def __init__(self):
        self.token = SECRET


class Single:
    __slots__ = "token"  # noqa: PLC0205 - Python takes one name so

    def __init__(self):
        self.token = SECRET


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (SECRET, ""),
        ([1, SECRET], "[1]"),
        ({"a": (0, [SECRET])}, "['a'][1][0]"),
        ({SECRET: 1}, ".keys()"),
        ({3: {SECRET}}, "[3][0]"),
        (deque([SECRET]), "[0]"),
        (Login(SECRET), ".token"),
        ([SimpleNamespace(inner=Login(SECRET))], "[0].inner.token"),
        (Slotted(), ".token"),
        (Single(), ".token"),
        (None, None),
        ([1, "a", {"b": object()}], None),
    ],
)
def test_the_place_of_the_first_secret_is_told(value, place):
    assert place_of_secret(value) == place


def test_the_nearest_comes_first():
    assert place_of_secret([[[SECRET]], SECRET]) == "[1]"


def test_a_value_that_holds_itself_is_looked_through_once():
    loop = [1]
    loop.append(loop)
    assert place_of_secret(loop) is None


def test_a_huge_value_is_looked_at_in_part():
    assert place_of_secret([*range(1_000_000), SECRET]) is None
