"""The decorators of a workflow: bare, with (), or with keywords."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from fast_dag.errors import unknown_options
from fast_dag.graph.node import Node
from fast_dag.graph.settings import KEYWORDS
from fast_dag.values import NodeType

if TYPE_CHECKING:
    from fast_dag.workflow.workflow import Workflow

P = ParamSpec("P")
R = TypeVar("R")


class NodeDecorator:
    """Makes nodes of one type for one workflow.

    Parameters of a call, all optional:
        func: the function to decorate.
        name, inputs, outputs, description, metadata, settings: as for `Node`.
        replace: take the place of a node of that name.

    The same function again under its name has the given settings changed.
    """

    def __init__(self, workflow: Workflow, node_type: NodeType) -> None:
        self._workflow = workflow
        self._node_type = node_type

    @overload
    def __call__(
        self,
        func: Callable[P, R],
        *,
        name: str | None = None,
        inputs: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        replace: bool = False,
        **settings: Any,
    ) -> Node[P, R]: ...
    @overload
    def __call__(
        self,
        func: None = None,
        *,
        name: str | None = None,
        inputs: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        replace: bool = False,
        **settings: Any,
    ) -> Callable[[Callable[P, R]], Node[P, R]]: ...
    def __call__(self, func: Callable[..., Any] | None = None, **options: Any) -> Any:
        """Decorate *func*, or give the decorator."""
        if "node_type" in options:
            raise unknown_options(["node_type"], KEYWORDS, f"a decorator of {self._workflow.name!r}")
        if func is None:
            return lambda function: self(function, **options)
        return self._workflow.take_in(func, node_type=self._node_type, **options)


class Decorator:
    """A decorator as an attribute of a workflow class."""

    def __init__(self, node_type: NodeType) -> None:
        self._node_type = node_type
        self.__doc__ = f"Decorator that makes a {node_type.value} node; see `NodeDecorator`."

    @overload
    def __get__(self, instance: None, owner: type) -> Decorator: ...
    @overload
    def __get__(self, instance: Workflow, owner: type) -> NodeDecorator: ...
    def __get__(self, instance: Workflow | None, owner: type) -> Decorator | NodeDecorator:
        return self if instance is None else NodeDecorator(instance, self._node_type)
