import asyncio
import warnings
from dataclasses import dataclass

import pytest
import trio

from fast_dag.observe.awaitable import DONE, Settled, SettledList, SettledText


@dataclass(frozen=True)
class Found(Settled):
    value: int


async def awaited(made):
    return await made


@pytest.mark.parametrize(
    "made", [Found(3), SettledList([1, 2]), SettledText("found"), DONE], ids=lambda made: type(made).__name__
)
def test_what_is_awaited_gives_itself_on_any_loop(made):
    assert asyncio.run(awaited(made)) is made
    assert trio.run(awaited, made) is made


def test_what_is_not_awaited_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Found(3)
        assert found.value == 3
        del found


def test_a_list_and_a_text_are_what_they_hold():
    assert SettledList([1, 2]) == [1, 2]
    assert SettledText("found") == "found"
