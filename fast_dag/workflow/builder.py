"""WorkflowBuilder: a DAG put together from names, types and connections, in any order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from fast_dag.cycles.node_types import NodeTypes, node_of
from fast_dag.errors import InvalidNodeError
from fast_dag.graph.graph import Graph
from fast_dag.workflow.cyclic import Cyclic
from fast_dag.workflow.dag import DAG
from fast_dag.workflow.wishes import Connection, connection_of, result_or_whole


class WorkflowBuilder(Cyclic):
    """Puts a DAG together; connections are drawn when a cycle or the workflow is built.

    >>> builder = (
    ...     WorkflowBuilder("sum").add_node(lambda: 2, "two").add_node(lambda x, y: x + y, "add", {"y": 3})
    ... )
    >>> builder.add_connection("two", "result", "add", "x").build().run()
    5

    Parameters:
        name: of the workflow.
        registry: what nodes may be made of, by name, besides the types of the library.

    Raises:
        InvalidNodeError: something in the registry that nodes cannot be made of.
    """

    autowire = False

    def __init__(
        self, name: str | None = None, registry: Mapping[str, Any] | NodeTypes | None = None
    ) -> None:
        self._dag = DAG("workflow" if name is None else name)
        self._types = registry if isinstance(registry, NodeTypes) else NodeTypes(registry)
        self._waiting: list[Connection] = []

    def __repr__(self) -> str:
        return f"<WorkflowBuilder {self.name!r}, {len(self._dag)} nodes>"

    @property
    def name(self) -> str:
        """The name of the workflow."""
        return self._dag.name

    @property
    def node_types(self) -> NodeTypes:
        """What the name of a type of nodes stands for."""
        return self._types

    @property
    def drawing(self) -> Graph:  # type: ignore[override]
        """What is drawn of it: all connections whose nodes are there, up to the first that has to wait."""
        while self._waiting and self._waiting[0].can_be_drawn(self._dag.drawing):
            self._draw_next()
        return self._dag.drawing

    @property
    def wired(self) -> Graph:
        """What is drawn of it."""
        return self.drawing

    def register_node(self, name: str, thing: Any) -> Self:
        """Have *name* stand for a function, a Node, a class or an object.

        Raises:
            InvalidNodeError: nodes cannot be made of it.
        """
        self._types.register(name, thing)
        return self

    def add_node(
        self, node: Any, name: str | None = None, config: Mapping[str, Any] | None = None, **settings: Any
    ) -> Self:
        """Add a node.

        Parameters:
            node: a function, a Node, a class, an object with a method run, or the name of a registered type.
            name: default its own; of a registered type the name of that.
            config: of a class its keywords besides ``name``; of everything else values of parameters, as
                defaults.
            settings: of the node, such as retries.

        Raises:
            InvalidNodeError: it is none of these, or code given as a text.
            UnknownOptionError: *config* has a key that is no parameter.
            DuplicateNodeError: the name is taken.
        """
        if config is not None and not isinstance(config, Mapping):
            msg = f"the config of node {name!r} must be a mapping, got {config!r}"
            raise InvalidNodeError(msg)
        self._dag.drawing.add(node_of(node, name, config or {}, self._types, **settings))
        return self

    def add_connection(
        self,
        *names: str,
        source: str | None = None,
        target: str | None = None,
        output: str | None = None,
        input: str | None = None,
        cycle: str | None = None,
    ) -> Self:
        """Ask for an edge, which is drawn when a cycle or the workflow is built.

        Parameters:
            names: source, target, output, input; or source, output, target, input, which is known by which of
                the second and third is a node.  Output and input may be left out.
            source, target, output, input: the same as keywords.
            cycle: the cycle this edge feeds back in; without it it is a forward edge.

        Raises:
            MissingConnectionError: too few names, or too many.
        """
        keywords = {"source": source, "target": target, "output": output, "input": input}
        self._waiting.append(connection_of(names, keywords, cycle))
        return self

    def output_of(self, source: str, output: str | None) -> str | None:
        """What the *output* of a connection from *source* is in the drawing.

        The output ``result`` of a node that declares no outputs is the key ``result`` of a mapping with it,
        else the whole value.
        """
        return result_or_whole(self._dag.drawing, source, output)

    def resolve(self) -> None:
        """Draw every connection that was asked for.

        Raises:
            UnknownNodeError: one of a node that is not there.
            MissingConnectionError: no such port, or names of which both or neither are nodes.
        """
        while self._waiting:
            self._draw_next()

    def build(self) -> DAG:
        """The workflow, which goes on growing with this builder; errors as for `resolve`."""
        self.resolve()
        return self._dag

    def _draw_next(self) -> None:
        self._waiting[0].draw(self._dag.drawing)
        del self._waiting[0]
