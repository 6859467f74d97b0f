"""Wiring gives back the right-hand side, with its type."""

from typing import assert_type

from fast_dag import DAG

dag = DAG("wires")


@dag.node
def load() -> int:
    return 1


@dag.node
def double(value: int) -> int:
    return 2 * value


@dag.node
def show(value: int) -> str:
    return str(value)


@dag.node
def join(number: int, text: str) -> str:
    return f"{number} {text}"


load >> double >> show
assert_type((load >> show)(3), str)
assert_type((load | double)(3), int)
assert_type((load >> [double, show] >> join)(1, "one"), str)
assert_type(dag.connect(load, "double"), DAG)

(load >> show)("3")  # error: "int"
load >> 3  # error[mypy]: type "int" # error[pyright]: Operator ">>" not supported
