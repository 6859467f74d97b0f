"""What a caller gave, checked; and what a name that is not known may have meant."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

from fast_dag.errors import MissingExtraError, UnknownOptionError


def suggestion(name: object, known: Iterable[str]) -> str:
    """A tail for a message about an unknown *name*: the nearest known one, or nothing.

    >>> suggestion("paralel", ["parallel", "async"])
    "; did you mean 'parallel'?"
    """
    near = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def unknown_options(names: Iterable[str], known: Iterable[str], where: str) -> UnknownOptionError:
    """The error for keywords of *where* that are not among the *known* ones."""
    known = list(known)
    return UnknownOptionError(
        [f"{where} takes no {name!r}{suggestion(name, known)}" for name in names], where
    )


def missing_extra(what: str, package: str, extra: str) -> MissingExtraError:
    """The error for *what* needs an optional *package*."""
    return MissingExtraError(
        f"{what} needs the package {package}: pip install 'fast-dag[{extra}]'", name=package
    )


def check_int(name: str, value: Any, minimum: int) -> None:
    """Raise ValueError unless *value* is an int (no bool) of at least *minimum*."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        msg = f"{name} must be an integer >= {minimum}, got {value!r}"
        raise ValueError(msg)


def check_seconds(name: str, value: Any, *, positive: bool) -> None:
    """Raise ValueError unless *value* is a finite number of seconds, > 0 if *positive*, else >= 0."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < 0 or (positive and not value):
        bound = "> 0" if positive else ">= 0"
        msg = f"{name} must be a number of seconds {bound}, got {value!r}"
        raise ValueError(msg)
