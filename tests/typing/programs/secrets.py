"""A secret knows the type of what it hides, and has none of its methods."""

from typing import assert_type

from fast_dag import DAG, Private

dag = DAG("session")


@dag.node
def log_in(password: Private[str]) -> Private[bytes]:
    return Private(password.reveal().encode())


token = log_in(Private("hunter2"))
assert_type(token.reveal(), bytes)

log_in("hunter2")  # error: "Private[str]"
log_in(Private(3))  # error[mypy]: "str" # error[pyright]: "str"
token.hex()  # error: "hex"
