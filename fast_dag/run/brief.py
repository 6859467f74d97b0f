"""A value of the user's in the text of an error: never long, and never an error of its own."""

from __future__ import annotations

import reprlib
from dataclasses import fields
from typing import Any

LONGEST = 100


def brief(value: Any) -> str:
    """The repr of *value*, cut where it is long; its type where that repr raises."""
    shortening = reprlib.Repr()
    shortening.maxstring = shortening.maxother = shortening.maxlong = LONGEST
    try:
        return shortening.repr(value)
    except Exception:  # noqa: BLE001 - it may raise anything, and what is wrong is to be told all the same
        return f"<{type(value).__name__} without a readable repr>"


def fields_in_brief(made: Any) -> str:
    """The repr of a dataclass, with each field cut where it is long: it may hold values of the user's."""
    told = ", ".join(f"{field.name}={brief(getattr(made, field.name))}" for field in fields(made))
    return f"{type(made).__name__}({told})"
