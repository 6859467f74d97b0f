"""Workflows to be stored, with every kind of node and setting, and the functions they are made of."""

from typing import Any

from fast_dag import DAG, ConditionalReturn, Edge, Node, SelectReturn
from fast_dag.workflow.functions import FunctionRegistry


class LoadError(Exception):
    """An exception of the user's own."""


def load(path: str, limit: int = 3) -> dict[str, list[int]]:
    """Read the rows.

    A path is a text.
    """
    return {"rows": list(range(limit)), "path": [len(path)]}


def has_rows(rows: list[int]) -> bool:
    return bool(rows)


def rank(rows: list[int]) -> SelectReturn:
    return SelectReturn("long" if len(rows) > 2 else "short", rows)


def is_even(value: int) -> ConditionalReturn:
    return ConditionalReturn(value % 2 == 0, value)


def total(rows: list[int]) -> int:
    return sum(rows)


def first_of(data: dict[str, Any]) -> list[str]:
    return sorted(data)


def joined(left: Any = None, right: Any = None) -> list[Any]:
    return [left, right]


def increment(x: int = 0) -> int:
    return x + 1


def key_of(inputs: dict[str, Any]) -> Any:
    return inputs["rows"]


def version() -> str:
    return "3"


def note(*arguments: Any) -> None:
    """A hook of every form."""


def mend(node: Any, inputs: dict[str, Any], error: Exception) -> int:
    return -1


FUNCTIONS = (load, has_rows, rank, is_even, total, first_of, joined, increment, key_of, version, note, mend)


def registry() -> FunctionRegistry:
    """All functions of this file, under the names that lead to them."""
    functions = FunctionRegistry()
    for function in (*FUNCTIONS, LoadError):
        functions.register(function)
    return functions


def flow() -> DAG:
    """Routers, joins, renamed inputs, declared outputs, settings, handlers and hooks."""
    dag = DAG("flow", description="Counts rows.", metadata={"owner": "us", "limits": [1, 2.5, None, True]})
    dag.add_node(load, outputs=["rows", "path"], retry=3, retry_delay=0.0, retry_on=(OSError, LoadError))
    dag.condition(has_rows)
    dag.select(rank, outputs=["short", "long"])
    dag.add_node("short", total, inputs=["few"], description="", metadata={"unit": {"name": "row"}})
    dag.add_node(
        "long", total, timeout=5, cached=True, cache_key=key_of, cache_version=version, cache_ttl=9.5
    )
    dag.add_node("none", total, cached=True, cache_key=["rows"], cache_version="1", cache_backend="memory")
    dag.any(joined, name="either")
    dag.all(first_of)
    dag.connect("load", "has_rows", output="rows").connect("load", "first_of", output="path", input="where")
    dag.connect("has_rows", "rank", output="true").connect("has_rows", "none", output="false")
    dag.connect("rank", "short", output="short").connect("rank", "long", output="long")
    dag.connect("short", "either", input="left").connect("long", "either", input="right")
    dag.connect("load", "first_of", output="rows", input="what", optional=True)
    dag.set_node_error_handler("long", mend)
    dag.set_default_hooks(pre_execute=note).set_node_hooks("load", on_error=note, cleanup=note)
    return dag


def chain(length: int) -> DAG:
    """That many nodes of one function, each after the other."""
    dag = DAG("chain")
    for index in range(length):
        dag.drawing.add(Node(increment, name=f"n{index}"))
    for index in range(1, length):
        dag.drawing.draw(Edge(f"n{index - 1}", "result", f"n{index}", "x"))
    return dag


def levels(depth: int) -> DAG:
    """A workflow in a workflow, that many deep."""
    dag = DAG("level 0").add_node(increment)
    for level in range(1, depth + 1):
        inner, dag = dag, DAG(f"level {level}")
        dag.add_workflow("inner", inner)
    return dag
