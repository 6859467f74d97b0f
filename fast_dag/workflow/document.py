"""What a document is made of, and how one that is not says where it is wrong.

A document is plain data: tables (dicts with texts as keys), lists, texts, finite numbers, booleans
and None.  Workflows stand side by side in one table by id, and a node refers to a nested one by its id,
so that no depth of nesting is a depth of the data.  What has its default is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from fast_dag.checks import suggestion
from fast_dag.errors import DocumentError, FastDAGError
from fast_dag.values import NodeType
from fast_dag.workflow.dag import DAG
from fast_dag.workflow.fsm import FSM
from fast_dag.workflow.workflow import Workflow

T = TypeVar("T")

FORMAT = "fast-dag"
VERSION = 1
KINDS: dict[str, type[Workflow]] = {"dag": DAG, "fsm": FSM}
"""The class of workflow that each kind stands for."""
ORDINARY = {"dag": NodeType.STANDARD, "fsm": NodeType.FSM_STATE}
"""What a node in each kind of workflow is for, unless it says something else."""
DEEPEST = 64
"""How many tables and lists metadata may have inside each other; a container that holds itself has more."""

Keys = frozenset[str]
WORDS = {
    str: "a text",
    int: "an integer",
    bool: "true or false",
    list: "a list",
    dict: "a table",
    bytes: "bytes",
}


def kind_of(workflow: object) -> str | None:
    """The kind of *workflow*, None if it is of no kind that documents know."""
    return next((kind for kind, made in KINDS.items() if isinstance(workflow, made)), None)


def table(value: Any, place: str, required: Keys, optional: Keys = frozenset()) -> dict[str, Any]:
    """*value*, a table with all the *required* keys and no others than these and the *optional* ones."""
    if not isinstance(value, dict):
        raise mismatch(value, dict, place)
    if not required <= value.keys() <= required | optional:
        raise wrong(place, _wrong_keys(value, required, optional))
    return value


def held(entry: dict[str, Any], key: str, wanted: type[T], place: str, default: Any = None) -> T:
    """What *entry* holds under *key*, of the type that is *wanted*; *default* if there is nothing."""
    if key not in entry:
        made: T = default
        return made
    value = entry[key]
    if isinstance(value, wanted):
        return value
    raise mismatch(value, wanted, f"{place}.{key}")


def texts(entry: dict[str, Any], key: str, place: str) -> list[str]:
    """The list of texts that *entry* holds under *key*, empty if there is none."""
    found = held(entry, key, list, place, ())
    for index, each in enumerate(found):
        if not isinstance(each, str):
            raise mismatch(each, str, f"{place}.{key}[{index}]")
    return list(found)


def mapping(value: Any, place: str) -> dict[str, Any]:
    """*value*, a table whose keys are names that nobody can know beforehand."""
    if not isinstance(value, dict):
        raise mismatch(value, dict, place)
    for key in value:
        if not isinstance(key, str):
            raise mismatch(key, str, f"{place}: a key")
    return value


def wrong(place: str, text: str) -> DocumentError:
    """The error for something at *place*."""
    return DocumentError(f"{place}: {text}")


def mismatch(value: object, wanted: type, place: str) -> DocumentError:
    """The error for a *value* of another type; it does not show the value, which may be of any size."""
    return DocumentError(f"{place} must be {WORDS[wanted]}, got {type(value).__name__}")


def plain(value: Any, place: str, levels: int = DEEPEST) -> Any:
    """A copy of *value* that is made of plain data only.

    Raises:
        DocumentError: it holds something that JSON has no word for; the text says where.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if not levels:
        raise wrong(place, f"more than {DEEPEST} tables and lists inside each other")
    if isinstance(value, list | tuple):
        return [plain(each, f"{place}[{index}]", levels - 1) for index, each in enumerate(value)]
    if isinstance(value, dict):
        return {_key(key, place): plain(each, f"{place}.{key}", levels - 1) for key, each in value.items()}
    shown = repr(value) if isinstance(value, float) else f"a {type(value).__name__}"
    raise wrong(place, f"{shown} cannot be stored: keep texts, finite numbers, lists and dicts")


@contextmanager
def place_of_errors(place: str) -> Iterator[None]:
    """What the library finds wrong inside is a DocumentError that names *place*."""
    try:
        yield
    except DocumentError:
        raise
    except (FastDAGError, ValueError, OverflowError) as error:
        raise wrong(place, str(error)) from error


def _key(key: Any, place: str) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    raise mismatch(key, str, f"{place}: a key")


def _wrong_keys(value: dict[Any, Any], required: Keys, optional: Keys) -> str:
    absent = sorted(required - value.keys())
    if absent:
        return f"{', '.join(map(repr, absent))} is missing"
    for key in value:
        if not isinstance(key, str):
            return f"a key must be {WORDS[str]}, got {type(key).__name__}"
    unknown = next(key for key in value if key not in required | optional)
    return f"unknown key {unknown!r}{suggestion(unknown, required | optional)}"
