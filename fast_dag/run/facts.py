"""A set that those who are given it can read, and not change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NoReturn

CHANGING: Final = (
    *("add", "clear", "discard", "pop", "remove", "update"),
    *("difference_update", "intersection_update", "symmetric_difference_update"),
    *("__iand__", "__ior__", "__isub__", "__ixor__"),
)
"""The methods of a set that change it in place."""


class Facts(set[Any]):
    """All facts of a delta variable: a set that only its owner changes, and no copy.

    >>> facts = Facts({1, 2})
    >>> facts | {3}, facts.difference({1})
    ({1, 2, 3}, {2})
    >>> facts.add(3)
    Traceback (most recent call last):
    TypeError: the facts of a delta variable are read-only: return new ones from the node, or change a copy
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy is a set like any other.
        return set, (list(self),)

    def extend(self, fresh: Iterable[Any]) -> None:
        """Add what is new; for the owner."""
        set.update(self, fresh)

    def take_back(self, fresh: Iterable[Any]) -> None:
        """Remove what was added; for the owner."""
        set.difference_update(self, fresh)


def _refused(*_: object) -> NoReturn:
    msg = "the facts of a delta variable are read-only: return new ones from the node, or change a copy"
    raise TypeError(msg)


for _name in CHANGING:
    setattr(Facts, _name, _refused)
