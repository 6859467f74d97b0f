"""DAG: plain functions, wired without a ring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from fast_dag.graph.keywords import known_keywords
from fast_dag.values import NodeType
from fast_dag.workflow import dry
from fast_dag.workflow.cyclic import Cyclic
from fast_dag.workflow.dag_runs import DAGRuns, End
from fast_dag.workflow.decorators import CachedDecorator, Decorator, MapDecorator
from fast_dag.workflow.iterating import Iterating
from fast_dag.workflow.runner import DAGRunner


class DAG(DAGRuns, Cyclic, Iterating):
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
            source, target: names or nodes; as a source also the name of a cycle with delta variables.
            output: a key, field or declared position of the source's value; default the whole value.  Of a
                cycle a delta variable, the facts of which are there when it has ended.
            input: the parameter to fill; default one named like the source or output, else the first
                that nothing feeds.
            optional: an absent *output* makes the edge dead instead of failing.

        Raises:
            UnknownNodeError, InvalidNodeError: no such node, or one of another workflow.
            MissingConnectionError: no such port, or none is free.
        """
        self.drawing.connect_pairs([(source, output, target, input, optional)])
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
        self.drawing.disconnect(source, target, output, input)
        return self

    @known_keywords
    def feedback(
        self,
        source: End,
        target: End,
        *,
        output: str | None = None,
        input: str | None = None,
        cycle: str | None = None,
        optional: bool = False,
        signal: bool = False,
    ) -> Self:
        """Draw a feedback edge: what *source* gives in one iteration of a cycle, *target* gets in the next.

        The nodes on the way from *target* to *source* are the body of the cycle.

        Parameters:
            source, target: names or nodes; *target* leads to *source* over the other edges, or is it.
            output: as for `connect`; of a router the branch.
            input: the parameter to feed; default one named like the source or output, else the only one
                that nothing in the body feeds.
            cycle: name of the cycle, default ``<target>_loop``; edges of one name share an iteration count.
            optional: an absent *output* feeds nothing back instead of failing.
            signal: carry no value, and only say that there is another iteration.

        Raises:
            UnknownNodeError, InvalidNodeError: no such node, or one of another workflow.
            MissingConnectionError: no such port.
            DuplicateCycleError: *cycle* is the name of a node.
            CycleConfigurationError: nothing can be called *cycle*, or a signal is given a port.
        """
        flags = {"optional": optional, "signal": signal}
        name = f"{self.drawing.node(target).name}_loop" if cycle is None else cycle
        self.drawing.feed_back(source, output, target, input, name, **flags)
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
        return dry.reasons_against(self.drawing, source, target, output, input)

    def dry_run(self, inputs: Mapping[str, Any] | None = None, **node_inputs: Any) -> dict[str, Any]:
        """What a run would do, without calling anything.

        Returns:
            ``execution_order``, ``entry_points``, ``exit_points``, ``inputs`` (the given ones),
            ``missing_inputs`` (``node.parameter``) and ``nodes`` (inputs and outputs by name).
        """
        return dry.dry_run(self, inputs, node_inputs)
