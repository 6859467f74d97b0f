"""What every workflow has: nodes by name, handlers, observers, and the run that finished last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType, MethodType
from typing import TYPE_CHECKING, Any, Self

from fast_dag.errors import InvalidNodeError, ValidationError
from fast_dag.graph.check import Problem, error_for, problems
from fast_dag.graph.edge import Edge
from fast_dag.graph.graph import Graph
from fast_dag.graph.node import Node
from fast_dag.graph.settings import NAMES
from fast_dag.plan.compile import compile_plan, execution_order
from fast_dag.plan.plan import Plan
from fast_dag.run.context import Context
from fast_dag.values import NodeType
from fast_dag.workflow.keywords import known_keywords

if TYPE_CHECKING:
    from fast_dag.run.events import Observer

AnyNode = Node[..., Any]
NodeErrorHandler = Callable[[AnyNode, dict[str, Any], Exception], Any]
UNSET: Any = object()


class Workflow:
    """A graph with a name, and everything that is asked of it rather than of a run.

    Parameters:
        name: not empty.
        description, metadata: anything the user wants to keep with it.
        autowire: connect every open input that is named like a node to that node.

    Raises:
        ValueError: the name is empty.
    """

    @known_keywords
    def __init__(
        self,
        name: str,
        *,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        autowire: bool = False,
    ) -> None:
        if not isinstance(name, str) or not name:
            msg = f"a workflow needs a name, a non-empty string, got {name!r}"
            raise ValueError(msg)
        self.name = name
        self.description = description
        self.metadata = dict(metadata or {})
        self.autowire = autowire
        self.graph = Graph(name)
        self.node_error_handlers: dict[str, NodeErrorHandler] = {}
        self.observers: list[Observer] = []
        self.last_context = Context()
        self._kept: tuple[int, bool, Plan] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}, {len(self)} nodes>"

    # What it holds

    @property
    def nodes(self) -> Mapping[str, AnyNode]:
        """The nodes by name, in the order of insertion; read-only."""
        return MappingProxyType(self.graph.nodes)

    @property
    def connections(self) -> list[Edge]:
        """The edges, in the order of connecting."""
        return list(self.graph.edges)

    @property
    def entry_points(self) -> list[str]:
        """Names of the nodes that no edge feeds."""
        wired = self.wired
        return [name for name in wired.nodes if not wired.incoming[name]]

    @property
    def exit_points(self) -> list[str]:
        """Names of the nodes that feed no other."""
        wired = self.wired
        return [name for name in wired.nodes if not wired.outgoing[name]]

    @property
    def execution_order(self) -> list[str]:
        """The topological order that always takes the earliest-inserted ready node."""
        return execution_order(self.wired)

    def get_node(self, name: str) -> AnyNode:
        """The node called *name*; UnknownNodeError if there is none."""
        return self.graph.node(name)

    def __len__(self) -> int:
        return len(self.graph.nodes)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self.graph.nodes)

    def __contains__(self, name: object) -> bool:
        return name in self.graph.nodes

    # Nodes come and go

    def add_node(self, node: AnyNode | str, func: Callable[..., Any] | None = None, **options: Any) -> Self:
        """Add a Node, a function, or a function under a name; options as for the decorator.

        Raises:
            InvalidNodeError: a name without a function, or something that is no function.
            DuplicateNodeError: the name is taken.
        """
        if isinstance(node, str):
            if func is None:
                msg = f"add_node({node!r}) needs a function: add_node({node!r}, function)"
                raise InvalidNodeError(msg)
            self.take_in(func, name=node, **options)
        elif func is not None:
            msg = f"add_node({node!r}, {func!r}) has two functions: give a name and a function"
            raise InvalidNodeError(msg)
        elif isinstance(node, Node) and not options:
            self.graph.add(node)
        else:
            self.take_in(node, **options)
        return self

    def take_in(
        self,
        func: Callable[..., Any],
        *,
        name: str | None = None,
        replace: bool = False,
        node_type: str = NodeType.STANDARD,
        **options: Any,
    ) -> AnyNode:
        """Make a node of *func*, or change the settings of the node it already is; the decorators call it."""
        function = func.func if isinstance(func, Node) else func
        made = Node(function, name=name, node_type=node_type, **options)
        old = self.graph.nodes.get(made.name)
        if old is not None and _is_same(old.func, function) and not replace:
            return self._again(old, made, options)
        self.graph.add(made, replace=replace)
        return made

    def remove_node(self, name: str | AnyNode) -> Self:
        """Drop a node and its edges."""
        node = self.graph.node(name)
        self.graph.remove(node)
        self.node_error_handlers.pop(node.name, None)
        return self

    def replace_node(self, name: str | AnyNode, func: Callable[..., Any], **options: Any) -> Self:
        """Give a node another function; its edges stay.

        Raises:
            MissingConnectionError: the new function lacks a port that is connected.
        """
        old = self.graph.node(name)
        settings = {"node_type": old.node_type, "outputs": old.declared_outputs, **options}
        self.graph.add(Node(func, name=old.name, **settings), replace=True)
        return self

    def clear_nodes(self) -> Self:
        """Drop every node and edge."""
        self.graph.clear()
        self.node_error_handlers.clear()
        return self

    def clone(self, name: str | None = None) -> Self:
        """An independent copy with all settings, handlers and edges, named ``<name>_clone`` by default."""
        return self._copy(name or f"{self.name}_clone", list(self.graph.nodes))

    def subgraph(self, names: Sequence[str]) -> Self:
        """A copy of the named nodes and the edges among them."""
        return self._copy(self.name, [self.graph.node(name).name for name in names])

    # Errors and observers

    def set_node_error_handler(self, name: str | AnyNode, handler: NodeErrorHandler | None) -> Self:
        """Have ``handler(node, inputs, error)`` asked when the node has failed for good; None removes it.

        Its return value, None included, becomes the node's result.  Raising declines.
        """
        node = self.graph.node(name)
        if handler is None:
            self.node_error_handlers.pop(node.name, None)
        elif callable(handler):
            self.node_error_handlers[node.name] = handler
        else:
            msg = f"the error handler of {node.name!r} must be callable, got {handler!r}"
            raise ValidationError(msg, self.name)
        return self

    def add_observer(self, observer: Observer) -> Self:
        """Have *observer* called with every event of later runs."""
        if not callable(observer):
            msg = f"an observer must be callable, got {observer!r}"
            raise ValidationError(msg, self.name)
        self.observers.append(observer)
        return self

    def remove_observer(self, observer: Observer) -> Self:
        """Stop calling *observer*; ValidationError if it was not added."""
        if observer not in self.observers:
            msg = f"{observer!r} is not among the observers of {self.name!r}"
            raise ValidationError(msg, self.name)
        self.observers.remove(observer)
        return self

    # Checks

    @known_keywords
    def validate(
        self, *, check_types: bool = False, allow_disconnected: bool = True, strict_routers: bool = False
    ) -> list[Problem]:
        """Every problem of the definition, errors and warnings.

        Parameters:
            check_types: compare the annotations along each edge.
            allow_disconnected: nodes without edges are warnings, else errors.
            strict_routers: routers without declared branches are warnings.
        """
        return problems(
            self.wired,
            check_types=check_types,
            allow_disconnected=allow_disconnected,
            strict_routers=strict_routers,
        )

    @known_keywords
    def validate_or_raise(
        self, *, check_types: bool = False, allow_disconnected: bool = True, strict_routers: bool = False
    ) -> None:
        """Raise one ValidationError with all errors in `.errors`, if there are any."""
        found = self.validate(
            check_types=check_types, allow_disconnected=allow_disconnected, strict_routers=strict_routers
        )
        error = error_for(self.graph, found)
        if error is not None:
            raise error

    @property
    def is_valid(self) -> bool:
        """Whether the definition has no errors."""
        return error_for(self.graph, self.validate()) is None

    def plan(self, *, check_types: bool = False, part: Collection[str] | None = None) -> Plan:
        """What a run follows, kept until the graph changes; that of a *part* is made anew each time.

        Raises:
            ValidationError: the definition has errors, in the part or elsewhere.
        """
        if part is not None:
            self.validate_or_raise(check_types=check_types)
            return compile_plan(self.wired, part)
        version = self.graph.version
        kept = self._kept
        if kept is not None and kept[:2] == (version, self.autowire) and not check_types:
            return kept[2]
        self.validate_or_raise(check_types=check_types)
        plan = compile_plan(self.wired)
        self._kept = (version, self.autowire, plan)
        return plan

    # The run that finished last

    @property
    def context(self) -> Context:
        """The context of the run that finished last on this workflow; an empty one before the first."""
        return self.last_context

    @property
    def results(self) -> dict[str, Any]:
        """A copy of the results of the run that finished last."""
        return dict(self.last_context.results)

    def get_result(self, name: str, default: Any = UNSET) -> Any:
        """The result of a node in the run that finished last.

        Raises:
            KeyError: it has none, and no *default* is given.
            UnknownNodeError: there is no such node.
        """
        results = self.last_context.results
        if name in results:
            return results[name]
        if default is not UNSET:
            return default
        self.graph.node(name)
        msg = f"{name!r} has no result in the last run of {self.name!r}"
        raise KeyError(msg)

    def get(self, name: str, default: Any = None) -> Any:
        """The result of a node in the run that finished last, or *default*."""
        return self.get_result(name, default)

    def __getitem__(self, name: str) -> Any:
        return self.get_result(name)

    def get_metrics(self) -> dict[str, Any]:
        """A copy of the metrics of the run that finished last."""
        metrics = self.last_context.metrics
        return {
            name: value.copy() if isinstance(value, dict | list) else value for name, value in metrics.items()
        }

    def reset(self) -> Self:
        """Forget the last run."""
        self.last_context = Context()
        return self

    @property
    def wired(self) -> Graph:
        """The graph with the edges that `autowire` adds."""
        return self.graph.wired() if self.autowire else self.graph

    def _again(self, old: AnyNode, made: AnyNode, options: dict[str, Any]) -> AnyNode:
        """The same function a second time: what is given now counts, the rest stays."""
        given = {name: value for name, value in options.items() if name in NAMES or value is not None}
        # A plain decorator over a special one, such as a condition, adds to it.
        node_type = old.node_type if made.node_type is NodeType.STANDARD else made.node_type
        if given.keys() <= NAMES and node_type is old.node_type:
            old.updated(**given)
            self.graph.touch()
            return old
        made = Node(old.func, name=old.name, node_type=node_type, **{**old.options, **given})
        self.graph.add(made, replace=True)
        return made

    def _copy(self, name: str, names: Sequence[str]) -> Self:
        copy = type(self)(name, description=self.description, metadata=self.metadata, autowire=self.autowire)
        copy.graph = self.graph.part(names)
        copy.graph.name = name
        kept = set(names)
        copy.node_error_handlers = {node: fn for node, fn in self.node_error_handlers.items() if node in kept}
        copy.observers = list(self.observers)
        return copy


def _is_same(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Whether both are the same function; a bound method is made anew each time it is looked up."""
    return one is other or (isinstance(one, MethodType) and one == other)
