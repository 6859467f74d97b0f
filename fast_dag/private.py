"""A secret on its way: a value that nothing shows and nothing stores."""

from __future__ import annotations

import copy
from hmac import compare_digest
from typing import Any, Final, Generic, NoReturn, TypeVar, final

SHOWN: Final = "Private(***)"
"""What stands in every text in the place of the value."""
UNSTORED: Final = (
    "a Private, which is not stored: no store has a cipher yet; keep it out of what is stored, "
    "and read the secret again where it is needed"
)
"""What a store says of one."""

Held_co = TypeVar("Held_co", covariant=True)


@final
class Private(Generic[Held_co]):
    """A *value* that travels through a workflow without being shown.

    Its repr, its str and whatever it is formatted to say `Private(***)`.  It cannot be pickled, so it never
    leaves its process, and no store takes it.  It has the equality and the hash of the value, also beside
    a plain one; texts and bytes are compared in a time that depends on their lengths only.

    >>> token = Private("hunter2")
    >>> token
    Private(***)
    >>> f"{token}", token == Private("hunter2"), token == "hunter2"
    ('Private(***)', True, True)
    >>> token.reveal()
    'hunter2'

    A copy is a Private again, a deep one of a copy of the value.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Held_co) -> None:
        _SLOT.__set__(self, value)

    def reveal(self) -> Held_co:
        """The value itself; whatever shows or stores that is up to the caller."""
        found: Held_co = _SLOT.__get__(self)
        return found

    def __repr__(self) -> str:
        return SHOWN

    def __format__(self, spec: str) -> str:
        # The width of a mask tells nothing, and a log line must not fail for it.
        return SHOWN

    def __eq__(self, other: object) -> Any:
        return _same(self.reveal(), other.reveal() if isinstance(other, Private) else other)

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __copy__(self) -> Private[Held_co]:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Private[Held_co]:
        return Private(copy.deepcopy(self.reveal(), memo))

    def __reduce__(self) -> NoReturn:
        msg = (
            "a Private cannot be pickled, its value would be readable: hand over where the secret is found "
            "(the name of a variable, a path), and make the Private in the process that needs it"
        )
        raise TypeError(msg)

    def __getstate__(self) -> NoReturn:
        self.__reduce__()


# Only reached from here: no attribute of a Private has the value, so nothing that lists attributes shows it.
_SLOT: Final[Any] = Private.__dict__["_value"]
delattr(Private, "_value")


def _same(ours: Any, theirs: Any) -> Any:
    one, other = _in_bytes(ours), _in_bytes(theirs)
    if one is None or other is None or isinstance(ours, str) is not isinstance(theirs, str):
        return ours == theirs
    return compare_digest(one, other)


def _in_bytes(value: Any) -> bytes | None:
    """A text or bytes as what can be compared in constant time, None for what has an equality of its own."""
    kind: Any = type(value)
    if isinstance(value, str) and kind.__eq__ is str.__eq__:
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, (bytes, bytearray)) and kind.__eq__ in {bytes.__eq__, bytearray.__eq__}:
        return bytes(value)
    return None
