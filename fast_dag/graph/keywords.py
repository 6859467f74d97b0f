"""Public calls that say which keyword they do not know."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from fast_dag.checks import unknown_options

P = ParamSpec("P")
R = TypeVar("R")


def known_keywords(method: Callable[P, R]) -> Callable[P, R]:
    """*method*, which raises UnknownOptionError with a suggestion for a keyword it does not take."""
    known = frozenset(inspect.signature(method).parameters)

    @functools.wraps(method)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        unknown = [name for name in kwargs if name not in known]
        if unknown:
            where = _where(method, args if known & {"self", "cls"} else ())
            raise unknown_options(unknown, known - {"self", "cls"}, where)
        return method(*args, **kwargs)

    return checked


def _where(method: Callable[..., object], args: tuple[object, ...]) -> str:
    """What the call is, by the class of the object it is made on."""
    if not args:
        return method.__qualname__
    owner = args[0] if isinstance(args[0], type) else type(args[0])
    return f"{owner.__name__}.{method.__name__}".removesuffix(".__init__")
