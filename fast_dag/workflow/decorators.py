"""The decorators of a workflow: bare, with (), or with keywords."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar, overload

from fast_dag.checks import unknown_options
from fast_dag.errors import UnknownOptionError, ValidationError
from fast_dag.graph.node import Node
from fast_dag.graph.settings import KEYWORDS
from fast_dag.values import NodeType

if TYPE_CHECKING:
    from fast_dag.workflow.definition import Definition

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

    own: ClassVar[tuple[str, ...]] = ("replace",)
    """What it takes by keyword besides what a node does."""

    def __init__(self, workflow: Definition, node_type: NodeType) -> None:
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
        self._check(options)
        if func is None:
            return lambda function: self(function, **options)
        return self._workflow.take_in(func, node_type=self._node_type, **options)

    def _check(self, options: Mapping[str, Any]) -> None:
        known = (*KEYWORDS, *self.own)
        unknown = [name for name in options if name not in known]
        if unknown:
            raise unknown_options(unknown, known, f"a decorator of {self._workflow.name!r}")


class Decorator:
    """A decorator as an attribute of a workflow class."""

    def __init__(self, node_type: NodeType, kind: type[NodeDecorator] = NodeDecorator) -> None:
        self._node_type = node_type
        self._kind = kind
        self.__doc__ = f"Decorator that makes a {node_type.value} node; see `{kind.__name__}`."

    @overload
    def __get__(self, instance: None, owner: type) -> Decorator: ...
    @overload
    def __get__(self, instance: Definition, owner: type) -> NodeDecorator: ...
    def __get__(self, instance: Definition | None, owner: type) -> Decorator | NodeDecorator:
        return self if instance is None else self._kind(instance, self._node_type)


class StateMaker(NodeDecorator):
    """Makes states of one machine.

    Parameters of a call, besides those of `NodeDecorator`:
        initial: begin with this state.
        terminal: end the run after it.
        transitions: where it may lead; a single one always follows, of several the state names one.
    """

    own = ("replace", "initial", "terminal", "transitions")


class CachingNodeDecorator(NodeDecorator):
    """Makes nodes whose results are kept and handed out again for equal inputs.

    Parameters of a call, besides those of `NodeDecorator`:
        backend: where they are kept: "memory", "disk", a registered name, or a backend.
        ttl: seconds for which a stored result is good, None for ever.
        cache_key: names of the inputs that tell calls apart, or ``callable(inputs) -> value``; default all.
        version: part of the key in place of the function's code: a string, or a callable that gives one.
        copy: copy values deeply on storing and on hits.
    """

    def __call__(self, func: Any = None, **options: Any) -> Any:
        """Decorate *func*, or give the decorator."""
        known = (*SHORT_NAMES, *(name for name in KEYWORDS if name != "cached"), "replace")
        unknown = [name for name in options if name not in known]
        if unknown:
            raise unknown_options(unknown, known, f"cached_node of {self._workflow.name!r}")
        twice = [name for name in SHORT_NAMES if {name, f"cache_{name}"} <= options.keys()]
        if twice:
            texts = [f"{name} and cache_{name} mean the same: give one of them" for name in twice]
            raise UnknownOptionError(texts)
        if func is None:
            return lambda function: self(function, **options)
        named = {f"cache_{name}" if name in SHORT_NAMES else name: value for name, value in options.items()}
        return super().__call__(func, cached=True, **named)


class MappingNodeDecorator(NodeDecorator):
    """Makes nodes that run once for each element of one of their inputs.

    Parameters of a call, besides those of `NodeDecorator`:
        over: the input, default the first one.
        depth, max_concurrency, item_errors: see `NodeSettings`.
    """

    own = ("replace", "over")

    def __call__(self, func: Any = None, *, over: str | None = None, **options: Any) -> Any:
        """Decorate *func*, or give the decorator."""
        self._check(options)
        if func is None:
            return lambda function: self(function, over=over, **options)
        return super().__call__(func, map=_mapped_input(func, options) if over is None else over, **options)


def _mapped_input(func: Any, options: Mapping[str, Any]) -> str:
    """The input of *func* that is mapped over when nobody says: that of before, else the first one."""
    is_node = isinstance(func, Node) and options.get("inputs") is None
    if is_node and func.settings.map is not None:
        return str(func.settings.map)
    inputs = (
        func.inputs if is_node else Node(func, name=options.get("name"), inputs=options.get("inputs")).inputs
    )
    if not inputs:
        msg = f"{func!r} takes no input, so there is nothing to map over"
        raise ValidationError(msg)
    return str(inputs[0])


SHORT_NAMES = ("backend", "ttl", "version", "copy")


class CachedDecorator(Decorator):
    """The decorator of cached nodes as an attribute of a workflow class."""

    def __init__(self) -> None:
        super().__init__(NodeType.STANDARD, CachingNodeDecorator)


class MapDecorator(Decorator):
    """The decorator of map nodes as an attribute of a workflow class."""

    def __init__(self) -> None:
        super().__init__(NodeType.STANDARD, MappingNodeDecorator)


class StateDecorator(Decorator):
    """The decorator of states as an attribute of a machine class."""

    def __init__(self) -> None:
        super().__init__(NodeType.FSM_STATE, StateMaker)
