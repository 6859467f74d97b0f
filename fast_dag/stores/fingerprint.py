"""What makes the function of a node another one: its code, its defaults, the values in its closure."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

from fast_dag.errors import CacheError
from fast_dag.stores.forms import ATOMS, digest
from fast_dag.stores.functions import Held, bound_to, closure_of, code_of, defaults_of, layers
from fast_dag.stores.identity import token_of
from fast_dag.stores.keys import encoded

ADVICE = "give version="


class Traits(NamedTuple):
    """The keys of what makes a function the one it is; `closure` is empty if that does not count."""

    code: bytes
    defaults: bytes
    closure: bytes


class Fingerprint:
    """The traits of one function, cheap to ask for again and again.

    Wrappers (``__wrapped__``), partials, methods and callable objects count with what they wrap.

    Numbers, text and functions in a closure are read each time.  Any other value, a list in which calls
    are counted say, is taken as it was when this function object first met it; so are defaults.  Global
    variables do not count.

    Parameters:
        function: any callable.
        shared: whether the traits must mean the same in other processes.  If not, the closure does not
            count, and a default without a stable key goes by identity.
    """

    def __init__(self, function: Callable[..., Any], *, shared: bool) -> None:
        self._layers = layers(function)
        self._functions = [layer for layer in self._layers if isinstance(layer, FunctionType)]
        self._shared = shared
        # The marks by which a change is seen, with what they led to: one attribute, for the threads' sake.
        self._seen: tuple[list[Any], tuple[bytes, bytes]] = ([], (b"", b""))

    def traits(self) -> Traits:
        """What the function is now.

        Raises:
            CacheError: it is shared, and carries along a value without a stable key.
        """
        marks = self._current_marks()
        seen, fixed = self._seen
        if not seen or len(marks) != len(seen) or not all(map(operator.is_, marks, seen)):
            fixed = (self._code(), self._defaults())
            self._seen = (marks, fixed)
        return Traits(*fixed, self._closure() if self._shared else b"")

    def _current_marks(self) -> list[Any]:
        marks: list[Any] = [self]
        for function in self._functions:
            marks += (function.__code__, function.__defaults__)
            if function.__kwdefaults__:
                marks += function.__kwdefaults__.keys()
                marks += function.__kwdefaults__.values()
        return marks

    def _code(self) -> bytes:
        return encoded(tuple(code_of(layer) for layer in self._layers))

    def _defaults(self) -> bytes:
        held = [each for function in self._functions for each in defaults_of(function)]
        return _encoded(held, encoded_held if self._shared else _encoded_or_token)

    def _closure(self) -> bytes:
        return _encoded(self._carried(), encoded_held)

    def _carried(self) -> Iterator[Held]:
        for layer in self._layers:
            yield from closure_of(layer) if isinstance(layer, FunctionType) else bound_to(layer)


def function_key(function: Callable[..., Any]) -> str:
    """A text that is the same for functions of equal code, defaults and closure; see `Fingerprint`.

    Raises:
        CacheError: the function carries along a value without a stable key.
    """
    return digest(b"".join(Fingerprint(function, shared=True).traits())).hex()


def encoded_held(held: Held) -> bytes:
    """The key of a value that a function carries along."""
    atom = ATOMS.get(type(held.value))
    return atom(held.value) if atom is not None else encoded((held,), str(held), ADVICE)


def _encoded_or_token(held: Held) -> bytes:
    try:
        return encoded_held(held)
    except CacheError:
        return token_of(held.value)


def _encoded(found: Iterable[Held], encode: Callable[[Held], bytes]) -> bytes:
    parts = [part for held in found for part in (encoded(held.label), encode(held))]
    return b"#" + digest(b"".join(parts)) if parts else b"-"
