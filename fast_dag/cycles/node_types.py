"""What may be given as a node: a function, a Node, a class or an object, or the name one is registered by."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fast_dag.checks import suggestion, unknown_options
from fast_dag.errors import InvalidNodeError
from fast_dag.graph.names import check_name
from fast_dag.graph.node import Node
from fast_dag.graph.signature import read_signature, unwrapped
from fast_dag.run.brief import brief
from fast_dag.values import NodeType

AnyNode = Node[..., Any]

BUILT_IN = {
    "ConvergenceCheckerNode": "fast_dag.cycles.checkers",
    "MultiCriteriaConvergenceNode": "fast_dag.cycles.multi_criteria",
    "SwitchNode": "fast_dag.cycles.switch",
}
"""The types that are always registered, and where they are loaded from when they are wanted."""


class NodeTypes(Mapping[str, Any]):
    """Functions, classes and objects that nodes are made of, by name.

    Parameters:
        given: what is registered from the start, besides the library's own types.
    """

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        if given is not None and not isinstance(given, Mapping):
            msg = f"a registry must map names to functions, classes or objects, got {given!r}"
            raise InvalidNodeError(msg)
        self._given: dict[str, Any] = {}
        for name, thing in (given or {}).items():
            self.register(name, thing)

    def __repr__(self) -> str:
        return f"<NodeTypes {', '.join(self)}>"

    def __getitem__(self, name: str) -> Any:
        if name in self._given:
            return self._given[name]
        return getattr(importlib.import_module(BUILT_IN[name]), name)

    def __iter__(self) -> Iterator[str]:
        return iter([*BUILT_IN, *(name for name in self._given if name not in BUILT_IN)])

    def __len__(self) -> int:
        return len({*BUILT_IN, *self._given})

    def register(self, name: str, thing: Any) -> None:
        """Have *name* stand for a function, a Node, a class or an object.

        Raises:
            InvalidNodeError: no type can be called so, or nodes cannot be made of it.
        """
        check_name(name, "the name of a type of nodes")
        _function_of(thing)
        self._given[name] = thing

    def find(self, name: str, config: Mapping[str, Any] | None = None) -> Any:
        """What *name* stands for.

        Raises:
            InvalidNodeError: nothing is registered under it, or it comes with code as a text.
        """
        code = (config or {}).get("code")
        if isinstance(code, str) or not name.isidentifier():
            shown = code if isinstance(code, str) else name
            msg = f"{shown!r} is no node: nothing runs code that is given as a text, pass a function"
            raise InvalidNodeError(msg)
        if name not in self:
            known = ", ".join(self)
            msg = f"no type of nodes is called {name!r}{suggestion(name, self)}; registered are {known}"
            raise InvalidNodeError(msg)
        return self[name]


def node_of(
    thing: Any, name: str | None, config: Mapping[str, Any], types: NodeTypes, **settings: Any
) -> AnyNode:
    """A node of what was given.

    Parameters:
        thing: a function; a Node; a class, which is called with name= and *config*; an object that can be
            called or has a `run`; a name in *types*.
        name: of the node, default its own.
        config: of a class its keywords, of everything else values for parameters, as defaults.
        types: what a text may stand for.
        settings: as for `Node`.

    Raises:
        InvalidNodeError: no node can be made of it.
        UnknownOptionError: *config* has a key that is no parameter.
    """
    if isinstance(thing, str):
        name, thing = name or thing, types.find(thing, config)
    if isinstance(thing, type):
        called = thing.__name__ if name is None else name
        thing, config = thing(name=called, **config), {}
    if isinstance(thing, Node):
        return _node_again(thing, name, config, settings)
    function = _function_of(thing)
    name = _own_name(thing) if name is None else check_name(name)
    options: dict[str, Any] = {"description": _described(thing)}
    if isinstance(getattr(thing, "node_type", None), NodeType):  # one that says itself what it is
        options |= {"node_type": thing.node_type, "outputs": thing.outputs}
    return Node(_bound(function, config, name), name=name, **{**options, **settings})


def _node_again(
    node: AnyNode, name: str | None, config: Mapping[str, Any], settings: Mapping[str, Any]
) -> AnyNode:
    """*node* itself if nothing about it is to change, else one of its function."""
    if node.inside is not None or not (config or settings or name not in {None, node.name} or node.graph):
        return node
    called = node.name if name is None else name
    options = {**node.options, **settings}
    if config:
        del options["inputs"]  # they have their names already, and what is bound leaves its position
    return Node(_bound(node.func, config, called), name=called, node_type=node.node_type, **options)


def _function_of(thing: Any) -> Callable[..., Any]:
    if getattr(thing, "__fast_dag_cycle_aware__", False) and not isinstance(thing, type):
        thing = thing.node_function()  # which has its keywords as defaults
    if callable(thing):
        function: Callable[..., Any] = thing
        return function
    if callable(getattr(thing, "run", None)):
        method: Callable[..., Any] = thing.run
        return method
    msg = f"{brief(thing)} is no node: pass a function, a class or an object with a method run"
    raise InvalidNodeError(msg)


def _own_name(thing: Any) -> str | None:
    """The name an object was given; a function's own is found elsewhere."""
    name = getattr(thing, "name", None)
    return name if isinstance(name, str) and not inspect.isfunction(thing) else None


def _described(thing: Any) -> str | None:
    # A bound function no longer shows its own text.
    doc = inspect.getdoc(thing) or ""
    return doc.strip().splitlines()[0] if doc.strip() else None


def _bound(function: Callable[..., Any], config: Mapping[str, Any], name: str | None) -> Callable[..., Any]:
    """*function* with *config* as the defaults of its parameters."""
    if not config:
        return function
    where = f"node {name or getattr(function, '__name__', function)!r}"
    signature = read_signature(unwrapped(function), None, where)
    known = [parameter.name for parameter in signature.inputs]
    unknown = [key for key in config if key not in known]
    if unknown and not signature.takes_any_name:
        raise unknown_options(unknown, known, where)
    return functools.partial(function, **config)
