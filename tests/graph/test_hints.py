"""Annotations are compared as the values go: awaited, streamed, element by element."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Generator, Iterable, Iterator, Sequence
from typing import Any

import pytest

from fast_dag import DAG


def mismatches(source, given, target, taken, *, kind="node", **settings):
    """What `validate` says of *source* >> *target*, with these annotations of what goes between."""
    source.__annotations__["return"], target.__annotations__["x"] = given, taken
    dag = DAG("typed")
    dag.node(source, name="a", **settings) >> getattr(dag, kind)(target, name="b")
    return [problem for problem in dag.validate(check_types=True) if problem.severity == "error"]


def value():
    return 1


def items():
    yield 1


async def later_items():
    yield 1


def take(x):
    return x


@pytest.mark.parametrize("given", [Awaitable[int], Coroutine[Any, Any, int], "Awaitable[int]"], ids=str)
def test_what_is_awaited_is_compared_as_what_comes_of_it(given):
    assert mismatches(lambda: asyncio.sleep(0, 1), given, take, int) == []
    assert len(mismatches(value, given, take, str)) == 1


def test_an_async_function_gives_what_it_is_annotated_with():
    async def later():
        return 1

    assert mismatches(later, int, take, int) == []
    assert mismatches(later, int, take, str) == ["type mismatch a.result: int -> b.x: str"]


@pytest.mark.parametrize("producer", [items, later_items])
@pytest.mark.parametrize(
    "taken", [Iterator[int], Iterable, AsyncIterator[int], Generator[int, None, None]], ids=str
)
def test_a_stream_can_be_read_in_every_way(producer, taken):
    assert mismatches(producer, Iterator[int], take, taken) == []


def test_a_stream_is_no_single_item_and_is_shown_as_it_was_annotated():
    assert mismatches(items, Iterator[int], take, int) == [
        "type mismatch a.result: collections.abc.Iterator[int] -> b.x: int"
    ]


def test_a_stream_that_is_collected_is_a_list():
    assert mismatches(items, Iterator[int], take, Sequence[int], stream="list") == []
    assert len(mismatches(items, Iterator[int], take, Iterator[int], stream="list")) == 1


def test_a_generator_that_is_an_ordinary_value_is_compared_as_annotated():
    assert mismatches(items, Generator[int, None, None], take, Iterator[int], stream=False) == []
    assert len(mismatches(items, Iterator[int], take, AsyncIterator[int], stream=False)) == 1


@pytest.mark.parametrize("stream", ["once", "tee", "list"])
def test_what_may_turn_out_to_be_a_stream_is_compatible_with_anything(stream):
    assert mismatches(value, Iterator[int], take, list, stream=stream) == []


def test_a_map_takes_any_elements_and_gives_a_list():
    assert mismatches(value, list[int], take, int, kind="map") == []
    assert mismatches(take, int, take, list[int], map="x") == []
    assert mismatches(take, int, take, dict, map="x") == ["type mismatch a.result: list -> b.x: dict"]
