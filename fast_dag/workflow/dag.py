"""DAG: plain functions, wired without a ring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from fast_dag.errors import InvalidNodeError
from fast_dag.values import NodeType
from fast_dag.workflow import dry
from fast_dag.workflow.decorators import CachedDecorator, Decorator, MapDecorator
from fast_dag.workflow.keywords import known_keywords
from fast_dag.workflow.nested import Ports, WorkflowNode
from fast_dag.workflow.runner import DAGRunner
from fast_dag.workflow.runs import End, Runnable


class DAG(Runnable):
    """A directed acyclic graph of decorated functions.

    >>> dag = DAG("greeting")
    >>> @dag.node
    ... def name() -> str:
    ...     return "world"
    >>> @dag.node
    ... def greet(name: str) -> str:
    ...     return f"hello {name}"
    >>> _ = name >> greet
    >>> dag.run()
    'hello world'
    """

    node = Decorator(NodeType.STANDARD)
    condition = Decorator(NodeType.CONDITIONAL)
    select = Decorator(NodeType.SELECT)
    any = any_node = Decorator(NodeType.ANY)
    all = all_node = Decorator(NodeType.ALL)
    cached_node = CachedDecorator()
    map = MapDecorator()
    node_type = NodeType.DAG

    @known_keywords
    def __init__(
        self,
        name: str,
        *,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        autowire: bool = False,
        cache_namespace: str | None = None,
    ) -> None:
        super().__init__(
            name,
            description=description,
            metadata=metadata,
            autowire=autowire,
            cache_namespace=cache_namespace,
        )

    @property
    def runner(self) -> DAGRunner:
        """A runner with default options."""
        return DAGRunner(self)

    @known_keywords
    def connect(
        self,
        source: End,
        target: End,
        *,
        output: str | None = None,
        input: str | None = None,
        optional: bool = False,
    ) -> Self:
        """Draw an edge from a node to another.

        Parameters:
            source, target: names or nodes.
            output: a key, field or declared position of the source's value; default the whole value.
            input: the parameter to fill; default one named like the source or output, else the first
                that nothing feeds.
            optional: an absent *output* makes the edge dead instead of failing.

        Raises:
            UnknownNodeError, InvalidNodeError: no such node, or one of another workflow.
            MissingConnectionError: no such port, or none is free.
        """
        self.graph.connect_pairs([(source, output, target, input, optional)])
        return self

    @known_keywords
    def disconnect(
        self,
        source: End,
        target: End,
        *,
        output: str | None = None,
        input: str | None = None,
    ) -> Self:
        """Remove the edges between two nodes, or only those at *output* and *input*.

        Raises:
            MissingConnectionError: there is no such edge.
        """
        self.graph.disconnect(source, target, output, input)
        return self

    @known_keywords
    def can_connect(
        self,
        source: End,
        target: End,
        *,
        output: str | None = None,
        input: str | None = None,
    ) -> list[str]:
        """Why the two cannot be connected, one text for each reason; empty if they can.  Changes nothing."""
        return dry.reasons_against(self.graph, source, target, output, input)

    def dry_run(self, inputs: Mapping[str, Any] | None = None, **node_inputs: Any) -> dict[str, Any]:
        """What a run would do, without calling anything.

        Returns:
            ``execution_order``, ``entry_points``, ``exit_points``, ``inputs`` (the given ones),
            ``missing_inputs`` (``node.parameter``) and ``nodes`` (inputs and outputs by name).
        """
        return dry.dry_run(self, inputs, node_inputs)

    def add_dag(
        self,
        name: str,
        dag: DAG,
        *,
        inputs: Ports = None,
        outputs: Sequence[str] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        error_strategy: str = "fail_fast",
        **settings: Any,
    ) -> WorkflowNode:
        """Make another DAG a node of this one; parameters and errors as for `add_workflow`."""
        if not isinstance(dag, DAG):
            msg = f"add_dag({name!r}, ...) needs a DAG, got {dag!r}"
            raise InvalidNodeError(msg)
        return self.add_workflow(
            name,
            dag,
            inputs=inputs,
            outputs=outputs,
            description=description,
            metadata=metadata,
            error_strategy=error_strategy,
            **settings,
        )
