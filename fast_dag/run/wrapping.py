"""A node's own exception as an ExecutionError that is an instance of the original class too."""

from __future__ import annotations

import functools
import types
from collections.abc import Hashable
from typing import Any

from fast_dag.errors import ExecutionError

HEAP_TYPE = 1 << 9
"""Flag of a class that was made by a class statement (Py_TPFLAGS_HEAPTYPE)."""

PLAIN = (StopIteration, StopAsyncIteration, BaseExceptionGroup)
"""Classes that mean something else to Python when they are raised, or that hold other exceptions."""


def wrap(
    original: Exception,
    name: str | None,
    attempts: int,
    base: type[ExecutionError] = ExecutionError,
    where: str = "",
) -> ExecutionError:
    """*original* as an error of the node *name*; itself if it already says so.  *where* begins its text.

    The class is built from *base* and the original's class.  No constructor of the user's
    is called, and building never raises: where the class cannot be built, the error is a plain
    `ExecutionError`.
    """
    if isinstance(original, base) and _is_about(original.node_name, name):
        original.__dict__["attempts"] = original.attempts or attempts
        return original
    error = _instance(original, base)
    text = text_of(original)
    who = "" if name is None else f"node {name!r} "
    message = f"{where}{who}failed with {type(original).__name__}" + (f": {text}" if text else "")
    # Not by the class's own setattr: a frozen exception class refuses it.
    error.__dict__.update({key: value for key, value in vars(original).items() if key != "__notes__"})
    error.__dict__.update(node_name=name, original_error=original, attempts=attempts)
    Exception.__init__(error, message)
    BaseException.__setattr__(error, "__cause__", original)
    return error


def _is_about(path: str | None, name: str | None) -> bool:
    """Whether *path* is that of node *name*, or of one inside it."""
    return name is not None and path is not None and (path == name or path.startswith(name + "."))


def text_of(error: BaseException) -> str:
    """The text of *error*, or what stands for it where a `__str__` of the user's raises."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - it may raise anything, and the failure is to be told all the same
        return f"<{type(error).__name__} without a readable text>"


def _instance(original: Exception, base: type[ExecutionError]) -> ExecutionError:
    kind: Any = type(original)
    # A metaclass that defines equality alone makes a class that cannot be looked up.
    is_known: bool = isinstance(kind, Hashable)
    combined = _combined(kind, base) if is_known else None  # type: ignore[arg-type]
    if combined is None:
        return base.__new__(base)
    made: ExecutionError = static_base(combined).__new__(combined)
    return made


@functools.lru_cache(maxsize=512)
def _combined(kind: type[Exception], base: type[ExecutionError]) -> type[ExecutionError] | None:
    if issubclass(kind, PLAIN):
        return None
    bases: tuple[type, ...] = (kind,) if issubclass(kind, base) else (base, kind)
    try:
        made = types.new_class(kind.__name__, bases, exec_body=lambda body: body.update(_body(kind)))
        static_base(made).__new__(made)
    except Exception:  # noqa: BLE001 - a metaclass or __init_subclass__ of the user's may raise anything
        return None
    return made


def _forwarded(name: str) -> property:
    return property(lambda error: getattr(error.original_error, name))


def _body(kind: type[Exception]) -> dict[str, Any]:
    """The members of the combined class: the text, pickling, and the original's C fields and slots."""
    fields = {
        name: _forwarded(name)
        for base in kind.__mro__
        if base not in (Exception, BaseException, object)
        for name, member in vars(base).items()
        if isinstance(member, types.MemberDescriptorType | types.GetSetDescriptorType)
        and not name.startswith("__")
        and not hasattr(ExecutionError, name)
    }
    return {
        **fields,
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__str__": Exception.__str__,
        "__repr__": ExecutionError.__repr__,
        "__reduce_ex__": lambda error, _: (wrap, (error.original_error, error.node_name, error.attempts)),
    }


def static_base(kind: type) -> Any:
    """The first class on the `__base__` chain that is written in C: its `__new__` runs no user code."""
    base = kind
    while base.__flags__ & HEAP_TYPE:
        base = base.__base__  # type: ignore[assignment]
    return base
