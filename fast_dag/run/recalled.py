"""Exceptions written down, and made again without their constructors."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterable
from typing import Any

from fast_dag.errors import CycleStateError
from fast_dag.run.recording import RecordedError
from fast_dag.run.wrapping import static_base, text_of

Name = tuple[str, str]


def recorded_error(error: BaseException, encode: Callable[[Any, str], str]) -> RecordedError:
    """*error* as a recording holds it: of what it carries as much as can be recorded."""
    kind = type(error)
    bases = [each for each in kind.__mro__[1:] if each not in (object, BaseException)]
    fields = {name: value for name, value in vars(error).items() if _encoded(encode, value) is not None}
    return RecordedError(
        _name(kind),
        tuple(_name(each) for each in bases),
        text_of(error),
        _encoded(encode, _arguments(error)),
        encode(fields, "its attributes"),
    )


def recalled(error: RecordedError, decode: Callable[[str], Any], known: Iterable[type] = ()) -> Exception:
    """An exception that passes for the recorded one.

    It is of the same class if that is built in, among those *known*, or loaded anyway; else of one of that
    name below the nearest class that is.  No constructor of the user's is called, and nothing is imported.
    """
    by_name = {_name(each): each for each in known if isinstance(each, type) and issubclass(each, Exception)}
    names = [error.kind, *error.bases]
    found = [each for each in (_class_of(name, by_name) for name in names) if each is not None]
    nearest = found[0] if found else Exception
    kind: Any = nearest if _name(nearest) == error.kind else _stand_in(error, nearest)
    arguments = None if error.arguments is None else decode(error.arguments)
    made = _made(kind, arguments if isinstance(arguments, list) else [error.text])
    fields = decode(error.fields)
    vars(made).update(fields if isinstance(fields, dict) else {})
    return made


def _made(kind: Any, arguments: list[Any]) -> Exception:
    """An instance, made by the class written in C that *kind* is built on."""
    base = static_base(kind)
    try:
        made: Exception = base.__new__(kind, *arguments)
        base.__init__(made, *arguments)
    except (TypeError, ValueError):  # built from others than it shows
        made = base.__new__(kind)
        BaseException.__init__(made, *arguments)
    return made


def _arguments(error: BaseException) -> list[Any]:
    """What *error* was made with: of one of the system with the file it is about."""
    return list(OSError.__reduce__(error)[1] if isinstance(error, OSError) else error.args)


def _encoded(encode: Callable[[Any, str], str], value: Any) -> str | None:
    try:
        return encode(value, "it")
    except CycleStateError:
        return None


def _name(kind: type) -> Name:
    return kind.__module__, kind.__qualname__


def _class_of(name: Name, known: dict[Name, Any]) -> Any:
    """The class of exceptions that *name* is, if it is there already."""
    if name in known:
        return known[name]
    module, path = name
    found: Any = builtins if module == "builtins" else sys.modules.get(module)
    for part in path.split("."):
        # Not getattr of a module: that may load something.
        found = None if found is None else vars(found).get(part)
        if not isinstance(found, type):
            return None
    return found if issubclass(found, Exception) and _name(found) == name else None


def _stand_in(error: RecordedError, base: Any) -> Any:
    """A class of the same name as that of *error*, below *base*."""
    module, path = error.kind
    body = {"__module__": module, "__qualname__": path, "__str__": lambda _: error.text}
    try:
        return type(path.rpartition(".")[2], (base,), body)
    except Exception:  # noqa: BLE001 - a metaclass or __init_subclass__ of the user's may raise anything
        return base
