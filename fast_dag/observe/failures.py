"""An error as text of bounded size: what it says, and where it was raised."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Final

from fast_dag.observe.capture import cut
from fast_dag.run.wrapping import text_of

FRAMES: Final = 20
"""Calls that are shown of each error, the innermost ones."""
CAUSES: Final = 5
"""Errors that are shown: one, what caused it, and so on."""


def text_of_error(error: BaseException, limit: int) -> str:
    """The class of *error* and what it says, in at most *limit* bytes."""
    said = text_of(error)
    return cut(f"{type(error).__name__}: {said}" if said else type(error).__name__, limit)


def traceback_of(error: BaseException, limit: int) -> str:
    """Where *error* and what caused it were raised, the cause first, in at most *limit* bytes."""
    return cut("\n".join(reversed([_raised(each, limit) for each in _causes(error)])), limit)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen and len(seen) < CAUSES:
        seen.append(error)
        yield error
        error = error.__cause__


def _raised(error: BaseException, limit: int) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__, -FRAMES))
    return f"{frames}{text_of_error(error, limit)}\n"
