"""Settings of cycles as plain data and back; functions go by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.errors import NotSerializableError

FunctionNames = Callable[[Callable[..., Any], str], str]
"""Gives the name of a function; the text says where it stands."""
Functions = Callable[[Any, str], Any]
"""Gives the function of a name; the text says where it stands."""

FUNCTION, TUPLE = "$function", "$tuple"
"""Keys that stand for what plain data has no form for."""

_conditions: dict[str, Callable[..., Any]] = {}


def register_condition(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Make *function* known under *name* to settings of cycles that are stored; returns it.

    Raises:
        ValueError: it is no function, or the name stands for another.
    """
    if not isinstance(name, str) or not name or not callable(function):
        msg = f"register_condition takes a name and a function, got {name!r} and {function!r}"
        raise ValueError(msg)
    if _conditions.setdefault(name, function) is not function:
        msg = f"the name {name!r} is taken by {_conditions[name]!r}: give another"
        raise ValueError(msg)
    return function


def name_of(function: Callable[..., Any], where: str) -> str:
    """The name *function* was registered under."""
    for name, known in _conditions.items():
        if known is function:
            return name
    msg = f"{where} holds {function!r}, which has no name: register_condition('...', function)"
    raise NotSerializableError(msg)


def condition_named(name: Any, where: str) -> Any:
    """The function that was registered under *name*."""
    if isinstance(name, str) and name in _conditions:
        return _conditions[name]
    msg = f"{where}: no condition {name!r} is registered{suggestion(name, _conditions)}"
    raise NotSerializableError(msg)


def as_data(value: Any, where: str, names: FunctionNames) -> Any:
    """*value* in texts, numbers, lists and tables with texts as keys.

    An object with a `to_spec` is stored as what it can be made from again.
    """
    spec = getattr(value, "to_spec", None)
    if spec is not None and not isinstance(value, type):
        made_from = spec()
        if made_from is not value:
            return as_data(made_from, where, names)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        made = [as_data(each, where, names) for each in value]
        return {TUPLE: made} if isinstance(value, tuple) else made
    if isinstance(value, Mapping):
        return {_key(key, where): as_data(each, f"{where}.{key}", names) for key, each in value.items()}
    if callable(value):
        return {FUNCTION: names(value, where)}
    msg = (
        f"{where} holds {type(value).__name__}, which cannot be stored: keep texts, numbers, lists and tables"
    )
    raise NotSerializableError(msg)


def from_data(value: Any, where: str, functions: Functions) -> Any:
    """What `as_data` made plain."""
    if isinstance(value, list):
        return [from_data(each, where, functions) for each in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {FUNCTION}:
        return functions(value[FUNCTION], where)
    if set(value) == {TUPLE} and isinstance(value[TUPLE], list):
        return tuple(from_data(each, where, functions) for each in value[TUPLE])
    return {key: from_data(each, f"{where}.{key}", functions) for key, each in value.items()}


def _key(key: Any, where: str) -> str:
    if isinstance(key, str) and key not in (FUNCTION, TUPLE):
        return key
    msg = f"{where} has the key {key!r}, which cannot be stored"
    raise NotSerializableError(msg)
