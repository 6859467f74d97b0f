"""How many values a function of the user's takes by position."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def arity(function: Callable[..., Any], least: int, most: int) -> int | None:
    """With how many of its values, from *least* to *most*, a function is called; None if with no number.

    >>> arity(lambda previous, current: True, 2, 3)
    2

    Parameters with a default of their own keep it; a function that cannot be inspected gets *least*.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return least
    if any(each.kind is each.KEYWORD_ONLY and each.default is each.empty for each in parameters):
        return None
    places = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    required = sum(each.default is each.empty for each in places)
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return most if required <= most else None
    if required > most or len(places) < least:
        return None
    return max(required, least)
