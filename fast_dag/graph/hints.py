"""What annotations say of the values that leave a node and that enter it."""

from __future__ import annotations

import collections.abc
import typing
from typing import Any

from fast_dag.errors import InvalidNodeError
from fast_dag.graph.node import Node
from fast_dag.graph.signature import DELTA, is_generator_function, unwrapped

AWAITABLE = (collections.abc.Awaitable, collections.abc.Coroutine)
GENERATORS = (collections.abc.Generator, collections.abc.AsyncGenerator)


class Items(collections.abc.Iterator[Any], collections.abc.AsyncIterator[Any]):
    """What a node is given that reads a stream: whichever way it was made, it can be read both ways."""


class Hints:
    """The annotations of one node; `Any` stands for what they do not tell."""

    def __init__(self, node: Node[..., Any]) -> None:
        self._node = node
        self._of = _hints(node)
        self._own_names = {parameter.name: parameter.own_name for parameter in node.signature.inputs}
        self._deltas = {parameter.name for parameter in node.signature.inputs if parameter.injects == DELTA}

    @property
    def returned(self) -> Any:
        """The annotation of what the function returns."""
        return self._of.get("return", Any)

    def given(self) -> Any:
        """What comes out of the node: what is returned is awaited, read, or one of many."""
        node, returned = self._node, self.returned
        if node.settings.map is not None:
            return list
        if typing.get_origin(returned) in AWAITABLE:
            returned = typing.get_args(returned)[-1]
        if is_generator_function(node.func) and node.settings.stream is not False:
            return list if node.settings.stream == "list" else Items
        # What turns out to be an iterator is a stream, or the list of its items, then.
        return returned if node.settings.stream in (None, False) else Any

    def taken(self, entry: str) -> Any:
        """What the input *entry* takes; one that is mapped over takes anything with such elements."""
        if entry == self._node.settings.map or entry in self._deltas:  # any facts
            return Any
        annotation = self._of.get(self._own_names.get(entry, entry), Any)
        return collections.abc.Iterator if typing.get_origin(annotation) in GENERATORS else annotation


def _hints(node: Node[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(unwrapped(node.func))
    except (InvalidNodeError, NameError, TypeError, AttributeError, SyntaxError):
        return {}
