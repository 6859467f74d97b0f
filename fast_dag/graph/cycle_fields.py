"""What each setting of a cycle may be: checks that give the value back in its one form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fast_dag.checks import check_int, check_seconds, suggestion
from fast_dag.graph.arity import arity
from fast_dag.graph.names import check_name
from fast_dag.graph.settings import check_bool, check_choice

Check = Callable[[str, Any], Any]

DIRECTIONS = ("maximize", "minimize")
VERDICTS = ("oscillating", "diverging", "stalled", "not_a_number", "plateau")
EARLY_STOP = ("patience", "metric", "min_delta", "direction")
FIXED_POINT = "fixed_point"
"""The rule that has a name of its own."""


def optional(check: Check) -> Check:
    """*check*, which None passes."""
    return lambda name, value: None if value is None else check(name, value)


def integer(minimum: int) -> Check:
    """An int of at least *minimum*, no bool."""

    def checked(name: str, value: Any) -> Any:
        check_int(name, value, minimum)
        return value

    return checked


def seconds(name: str, value: Any) -> Any:
    """A finite number above 0."""
    check_seconds(name, value, positive=True)
    return value


def amount(name: str, value: Any) -> Any:
    """A finite number above 0, of something else than seconds."""
    _check(name, value, isinstance(value, int | float) and not isinstance(value, bool), "a number")
    _check(name, value, 0 < value < float("inf"), "a number > 0")
    return value


def one_of(*choices: str) -> Check:
    """One of these."""

    def checked(name: str, value: Any) -> Any:
        check_choice(name, value, choices)
        return value

    return checked


def flag(name: str, value: Any) -> Any:
    """True or False."""
    check_bool(name, value)
    return value


def text(name: str, value: Any) -> Any:
    """A string."""
    _check(name, value, isinstance(value, str), "a string")
    return value


def filled(name: str, value: Any) -> Any:
    """A string that is not empty."""
    _check(name, value, isinstance(value, str) and bool(value.strip()), "a non-empty string")
    return value


def cycle_name(_: str, value: Any) -> Any:
    """What may be the name of a node: cycles share their names."""
    return check_name(value, "a cycle's name")


def function(name: str, value: Any) -> Any:
    """Something that can be called."""
    _check(name, value, callable(value), "callable")
    return value


def rule(name: str, value: Any) -> Any:
    """A function of the last two values, and maybe the round; or the name of a rule."""
    if isinstance(value, str):
        check_choice(name, value, (FIXED_POINT,))
        return value
    _check(name, value, callable(value), f"a function or {FIXED_POINT!r}")
    if arity(value, 2, 3) is None:
        msg = f"{name} must accept (prev, cur) or (prev, cur, round)"
        raise ValueError(msg)
    return value


def of_rounds(name: str, value: Any) -> Any:
    """A function of the round and its value."""
    if arity(function(name, value), 2, 2) is None:
        msg = f"{name} must accept (round, value)"
        raise ValueError(msg)
    return value


def text_or_function(name: str, value: Any) -> Any:
    """An expression or something that can be called."""
    return value if callable(value) else filled(name, value)


def table(name: str, value: Any) -> Any:
    """A mapping with texts as keys."""
    is_table = isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
    _check(name, value, is_table, "a mapping with strings as keys")
    return dict(value)


def tables(name: str, value: Any) -> Any:
    """A mapping from texts to mappings with texts as keys."""
    return {key: table(f"{name}[{key!r}]", each) for key, each in table(name, value).items()}


def renames(name: str, value: Any) -> Any:
    """A mapping from texts to texts."""
    made = table(name, value)
    _check(name, value, all(isinstance(each, str) for each in made.values()), "a mapping of strings")
    return made


def texts(name: str, value: Any) -> Any:
    """One string or several, as a tuple."""
    found = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (None,)
    _check(name, value, all(isinstance(each, str) for each in found), "a list of strings")
    return found


def verdicts(name: str, value: Any) -> Any:
    """Verdicts that end a cycle."""
    found = texts(name, value)
    for each in found:
        check_choice(name, each, VERDICTS)
    return found


def early_stop(name: str, value: Any) -> Any:
    """A table with the patience, and maybe a metric, a least gain and a direction."""
    made = table(name, value)
    for key in made:
        _check(name, value, key in EARLY_STOP, f"without {key!r}{suggestion(key, EARLY_STOP)}")
    _check(name, value, "patience" in made, "a mapping with the key 'patience'")
    check_int(f"{name} patience", made["patience"], 1)
    return made


def conditions(name: str, value: Any) -> Any:
    """One condition or several, as a tuple: expressions, counts, tables or functions."""
    several = isinstance(value, list | tuple)
    found = tuple(value) if several else (value,)
    for each in found:
        if isinstance(each, int):  # a bool is no count
            check_int(f"a count in {name}", each, 1)
        elif isinstance(each, str):
            filled(name, each)
        elif not isinstance(each, Mapping):
            known = callable(each) or callable(getattr(each, "evaluate", None))
            _check(name, each, known, "expressions, counts, mappings or functions")
    return found


def _check(name: str, value: Any, holds: bool, wanted: str) -> None:  # noqa: FBT001 - the point of the call
    if not holds:
        msg = f"{name} must be {wanted}, got {value!r}"
        raise ValueError(msg)
