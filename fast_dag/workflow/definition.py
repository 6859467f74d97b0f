"""What is drawn of a workflow: its nodes and edges, their problems, and the plan made of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType, MethodType
from typing import Any, ClassVar, Self

from fast_dag.errors import InvalidNodeError
from fast_dag.graph.check import Problem, error_for, problems
from fast_dag.graph.cycle_check import cycle_problems
from fast_dag.graph.edge import Edge, FeedbackEdge
from fast_dag.graph.graph import Graph
from fast_dag.graph.keywords import known_keywords
from fast_dag.graph.node import Node
from fast_dag.graph.settings import NAMES, check_bool, check_mapping
from fast_dag.graph.signature import Parameter
from fast_dag.plan.compile import compile_plan, execution_order
from fast_dag.plan.plan import Plan
from fast_dag.values import NO_DATA, NodeType

AnyNode = Node[..., Any]


class Definition:
    """A graph with a name.

    Parameters:
        name: not empty.
        description, metadata: anything the user wants to keep with it.
        autowire: connect every open input that is named like a node to that node.

    Raises:
        ValueError: the name is empty, or one of the others is not of its type.
    """

    node_type: ClassVar[NodeType]
    """What it is as a node of another workflow."""

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
        check_bool("autowire", autowire)
        self.name = name
        self.description = description
        self.metadata = check_mapping("metadata", metadata, name)
        self.autowire = autowire
        self.drawing = Graph(name)
        self._kept: tuple[object, Plan] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}, {len(self)} nodes>"

    @property
    def nodes(self) -> Mapping[str, AnyNode]:
        """The nodes by name, in the order of insertion; read-only."""
        return MappingProxyType(self.drawing.nodes)

    @property
    def connections(self) -> list[Edge]:
        """The edges, in the order of connecting."""
        return list(self.drawing.edges)

    @property
    def feedback_edges(self) -> list[FeedbackEdge]:
        """The feedback edges of its cycles, in the order of declaration; an input not given is None."""
        return list(self.drawing.cycles.edges)

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
        return self.drawing.node(name)

    def __len__(self) -> int:
        return len(self.drawing.nodes)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self.drawing.nodes)

    def __contains__(self, name: object) -> bool:
        return name in self.drawing.nodes

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
            self.drawing.add(node)
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
        if isinstance(func, Node) and func.inside is not None:
            return self._take_in_whole(func, {"name": name, **options}, replace=replace)
        function = func.func if isinstance(func, Node) else func
        own_type = getattr(type(func), "node_type", None)
        if isinstance(own_type, NodeType) and node_type == NodeType.STANDARD:
            # An object that knows what node it is, as a switch does.
            node_type, options = own_type, {"outputs": getattr(func, "outputs", None), **options}
        # Apart: settings may build on those that the node has already.
        settings = {key: options.pop(key) for key in NAMES & options.keys()}
        made = Node(function, name=name, node_type=node_type, **options)
        old = self.drawing.nodes.get(made.name)
        if old is not None and _is_same(old.func, function) and not replace:
            return self._again(old, made, options, settings)
        made.updated(**settings)
        self.drawing.add(made, replace=replace)
        return made

    def remove_node(self, name: str | AnyNode) -> Self:
        """Drop a node and its edges."""
        node = self.drawing.node(name)
        self.drawing.remove(node)
        return self

    def replace_node(self, name: str | AnyNode, func: Callable[..., Any], **options: Any) -> Self:
        """Give a node another function; its edges stay.

        Raises:
            MissingConnectionError: the new function lacks a port that is connected.
        """
        old = self.drawing.node(name)
        if isinstance(func, Node) and func.inside is not None:
            self._take_in_whole(func, {"name": old.name, **options}, replace=True)
            return self
        settings = {"node_type": old.node_type, "outputs": old.declared_outputs, **options}
        self.drawing.add(Node(func, name=old.name, **settings), replace=True)
        return self

    def clear_nodes(self) -> Self:
        """Drop every node and edge."""
        self.drawing.clear()
        return self

    @known_keywords
    def clone(self, name: str | None = None) -> Self:
        """An independent copy with all settings, handlers and edges, named ``<name>_clone`` by default."""
        return self._copy(name or f"{self.name}_clone", list(self.drawing.nodes))

    def subgraph(self, names: Sequence[str]) -> Self:
        """A copy of the named nodes and the edges among them."""
        return self._copy(self.name, [self.drawing.node(name).name for name in names])

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
        return self.problems_here(
            check_types=check_types, allow_disconnected=allow_disconnected, strict_routers=strict_routers
        )

    @known_keywords
    def validate_or_raise(
        self, *, check_types: bool = False, allow_disconnected: bool = True, strict_routers: bool = False
    ) -> None:
        """Raise one ValidationError with all errors in `.errors`, if there are any."""
        self.raise_problems(
            self.validate(
                check_types=check_types, allow_disconnected=allow_disconnected, strict_routers=strict_routers
            )
        )

    def raise_problems(self, found: Sequence[Problem]) -> None:
        """Raise one error with all errors among the problems *found*, if there are any."""
        error = error_for(self.drawing, found)
        if error is not None:
            raise error

    def problems_here(self, **options: bool) -> list[Problem]:
        """The problems of its own graph; options as for `validate`."""
        graph = self.wired
        return problems(graph, **options) + cycle_problems(graph)

    @property
    def is_valid(self) -> bool:
        """Whether the definition has no errors."""
        return error_for(self.drawing, self.validate()) is None

    def open_inputs(self) -> dict[str, Parameter]:
        """The inputs that no edge feeds, by name; required if some node needs it."""
        graph = self.wired
        found: dict[str, Parameter] = {}
        for name, node in graph.nodes.items():
            fed = {edge.input for edge in graph.incoming[name]}
            for each in () if node.collects and fed else node.signature.inputs:
                if each.name not in fed:
                    was_required = each.name in found and found[each.name].required
                    found[each.name] = open_input(each, required=each.required or was_required)
        return found

    def plan(self, *, check_types: bool = False, part: Collection[str] | None = None) -> Plan:
        """What a run follows, kept until the graph changes; that of a *part* is made anew each time.

        Raises:
            ValidationError: the definition has errors, in the part or elsewhere.
            ExecutionError: it has cycles, which nothing can run yet.
        """
        if part is not None:
            self._check(check_types=check_types)
            return self.compiled(part)
        kept = self._kept
        if kept is not None and kept[0] == self.version and not check_types:
            return kept[1]
        self._check(check_types=check_types)
        plan = self.compiled()
        self._kept = (self.version, plan)
        return plan

    def compiled(self, part: Collection[str] | None = None) -> Plan:
        """The plan of the definition, which has been checked, or of the nodes in *part*."""
        return compile_plan(self.wired, part)

    @property
    def version(self) -> object:
        """Equal as long as nothing about the graph changes."""
        return self.drawing.version, self.autowire

    @property
    def wired(self) -> Graph:
        """The graph with the edges that `autowire` adds."""
        return self.drawing.wired() if self.autowire else self.drawing

    def _check(self, *, check_types: bool) -> None:
        self.raise_problems(self.problems_here(check_types=check_types))

    def _again(
        self, old: AnyNode, made: AnyNode, options: dict[str, Any], settings: dict[str, Any]
    ) -> AnyNode:
        """The same function a second time: what is given now counts, the rest stays."""
        given = {name: value for name, value in options.items() if value is not None}
        # A plain decorator over a special one, such as a condition, adds to it.
        node_type = old.node_type if made.node_type is NodeType.STANDARD else made.node_type
        if not given and node_type is old.node_type:
            old.updated(**settings)
            self.drawing.touch()
            return old
        made = Node(old.func, name=old.name, node_type=node_type, **{**old.options, **given})
        made.updated(**settings)
        self.drawing.add(made, replace=True)
        return made

    def _take_in_whole(self, node: AnyNode, options: dict[str, Any], *, replace: bool) -> AnyNode:
        """Take in a node that runs a workflow, with settings that are given now."""
        fixed = ("name", "inputs", "outputs", "description", "metadata")
        others = [key for key in fixed if options.pop(key, None) not in (None, node.name)]
        if others:
            msg = f"{node.name!r} runs a workflow: give it {', '.join(others)} when it is made"
            raise InvalidNodeError(msg)
        node.updated(**options)
        if self.drawing.nodes.get(node.name) is not node:
            self.drawing.add(node, replace=replace)
        self.drawing.touch()
        return node

    def _copy(self, name: str, names: Sequence[str]) -> Self:
        copy = self._empty_copy(name)
        copy.drawing = self.drawing.part(names)
        copy.drawing.name = name
        return copy

    def _empty_copy(self, name: str) -> Self:
        return type(self)(name, description=self.description, metadata=self.metadata, autowire=self.autowire)


def open_input(parameter: Parameter, *, required: bool) -> Parameter:
    """*parameter* as an input of the whole workflow; what has a default inside keeps that."""
    name = parameter.name
    return Parameter(name, required, NO_DATA, parameter.annotation, own_name=name, by_keyword=True)


def _is_same(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Whether both are the same function; a bound method is made anew each time it is looked up."""
    return one is other or (isinstance(one, MethodType) and one == other)
