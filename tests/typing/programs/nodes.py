"""A decorated function keeps its signature."""

from typing import assert_type

from fast_dag import DAG, Node

dag = DAG("sums")


@dag.node
def add(a: int, b: int) -> int:
    return a + b


@dag.node()
def show(value: int) -> str:
    return str(value)


@dag.node(retry=3)
def halve(value: float, *, digits: int = 2) -> float:
    return round(value / 2, digits)


@dag.node
async def fetch(url: str) -> bytes:
    return url.encode()


assert_type(add(1, 2), int)
assert_type(add(a=1, b=2), int)
assert_type(show(1), str)
assert_type(halve(1.0, digits=1), float)
assert_type(add.name, str)
shown: Node[[int], str] = show

add("x", 2)  # error: "int"
add(1)  # error: "b"
halve(1.0, 1)  # error: positional
halve(1.0, digit=1)  # error: "digit"
swapped: Node[[str], int] = show  # error: "Node[
add.nme  # error: "nme"


async def use() -> None:
    assert_type(await fetch("a"), bytes)
    await fetch(1)  # error: "str"
    fetch("a").decode()  # error: "decode"
