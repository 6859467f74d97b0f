"""What tells one call of a node from another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from fast_dag.errors import CacheError
from fast_dag.graph.node import Node
from fast_dag.stores.fingerprint import Fingerprint
from fast_dag.stores.forms import ATOMS, digest, text
from fast_dag.stores.identity import token_of
from fast_dag.stores.keys import encoded

ABSENT = b"~"
VERSION_ADVICE = "give a string"
CHOICE_ADVICE = "return something that has one"
INPUT_ADVICE = "give cache_key=, or register_cache_key({kind}, function)"

TRAITS = ("code", "defaults", "closure", "inside")

Traits = Mapping[str, bytes]


class Call(NamedTuple):
    """One call: its key, and the keys of what went into that."""

    key: str
    function: Traits
    inputs: Traits


class Caller:
    """Makes the calls of one node.

    Keys begin with the namespace and the node's name, escaped, so that no name can imitate two.
    """

    def __init__(self, node: Node[..., Any], namespace: str, *, shared: bool) -> None:
        self._node = node
        self._name = node.name
        self._fingerprint = Fingerprint(node.func, shared=shared)
        self._token = {} if shared else {"node": token_of(node)}
        # The traits with what they led to: one attribute, for the threads' sake.
        self._seen: tuple[tuple[bytes, ...], tuple[Traits, bytes]] = ((), ({}, b""))
        self.prefix = f"{_escaped(namespace)}/{_escaped(node.name)}/"

    def call(self, inputs: Mapping[str, Any]) -> Call:
        """The call with these *inputs*.

        Raises:
            CacheError: an input, or something the function carries along, has no stable key.
        """
        settings = self._node.settings
        try:
            function, head = self._function_keys(settings.cache_version)
            chosen = self._input_keys(settings.cache_key, inputs)
        except CacheError as error:
            error.node_name = error.node_name or self._name
            raise
        body = b"".join([text(name) + chosen[name] for name in sorted(chosen)])
        return Call(self.prefix + digest(head + body).hex(), function, chosen)

    def _function_keys(self, version: Any) -> tuple[Traits, bytes]:
        if version is not None:
            value = version() if callable(version) else version
            key = encoded(value, f"what version= of {self._name!r} gives", VERSION_ADVICE)
            return self._joined({"version": key})
        found = (*self._fingerprint.traits(), self._edition())
        seen, joined = self._seen
        if found != seen:
            joined = self._joined(dict(zip(TRAITS, found, strict=True)))
            self._seen = (found, joined)
        return joined

    def _edition(self) -> bytes:
        """The key of the workflow that a node runs in place of its function, empty if there is none."""
        inside = self._node.inside
        return b"" if inside is None else encoded(inside.edition)

    def _joined(self, traits: Traits) -> tuple[Traits, bytes]:
        traits = {**self._token, **traits}
        return traits, b"#" + digest(b"".join(text(name) + key for name, key in traits.items()))

    def _input_keys(self, chosen: Any, inputs: Mapping[str, Any]) -> Traits:
        if callable(chosen):
            return {"": self._choice_key(chosen, inputs)}
        names = inputs if chosen is None else chosen
        return {name: self._input_key(name, inputs) for name in names}

    def _choice_key(self, choose: Callable[[Mapping[str, Any]], Any], inputs: Mapping[str, Any]) -> bytes:
        return encoded(choose(inputs), f"what cache_key= of {self._name!r} gives", CHOICE_ADVICE)

    def _input_key(self, name: str, inputs: Mapping[str, Any]) -> bytes:
        if name not in inputs:
            return ABSENT
        value = inputs[name]
        atom = ATOMS.get(type(value))
        if atom is not None:  # the usual case, without the text for an error
            return atom(value)
        return encoded(value, f"input {name!r} of {self._name!r}", INPUT_ADVICE)


def _escaped(name: str) -> str:
    return quote(name, safe="", errors="surrogatepass")
