"""What a node is called, and what is said of it, if nobody says anything else."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from fast_dag.errors import InvalidNodeError
from fast_dag.values import END


def check_name(name: Any, what: str = "a node's name") -> str:
    """*name* if a node may be called so, else InvalidNodeError."""
    if not isinstance(name, str) or not name or "." in name or name == END:
        msg = f"{name!r} cannot be {what}: give a non-empty string without '.' that is not {END!r}"
        raise InvalidNodeError(msg)
    return name


def name_of(function: Callable[..., Any]) -> str:
    """The name of a function, also of a partial one; InvalidNodeError if it has none."""
    while isinstance(function, functools.partial):
        function = function.func
    name = str(getattr(function, "__name__", type(function).__name__))
    if name == "<lambda>":
        msg = "a lambda has no name: give name='...'"
        raise InvalidNodeError(msg)
    return name


def first_line(function: Callable[..., Any]) -> str | None:
    """The first line of what a function says of itself, None if it says nothing."""
    if isinstance(function, functools.partial):
        return None
    doc = inspect.getdoc(function)
    return doc.strip().splitlines()[0] if doc and doc.strip() else None
