"""Bounded iterations of a DAG: a decorated function, or an inner graph."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from fast_dag.errors import CycleConfigurationError

if TYPE_CHECKING:
    from fast_dag.graph.graph import Graph
    from fast_dag.graph.node import Node
    from fast_dag.workflow.iteration_node import BoundedIterationNode

P = ParamSpec("P")
R = TypeVar("R")


class Iterating:
    """A workflow that may have bounded iterations."""

    drawing: Graph
    """What is drawn of it."""

    @overload
    def iterate(self, name: str, inner_graph: Any, /, **settings: Any) -> BoundedIterationNode: ...
    @overload
    def iterate(self, func: Callable[P, R], /, **settings: Any) -> Node[P, R]: ...
    @overload
    def iterate(self, /, **settings: Any) -> Callable[[Callable[P, R]], Node[P, R]]: ...
    def iterate(self, first: Any = None, inner_graph: Any = None, /, **settings: Any) -> Any:
        """Add a node that runs again and again on what it gave before.

        As a decorator, ``@dag.iterate(max_rounds=100)``: the body is the function, and what goes round is its
        first parameter; or ``dag.iterate("name", inner_graph, ...)``.

        Parameters:
            first: the name of the node, or the function.
            inner_graph: a DAG.
            settings: see `BoundedIterationNode`; for a function also *name*.  Without *max_rounds* there
                must be *until*, a *timeout* or a converged port, and 1000 rounds are the most.

        Returns:
            The node, or the decorator.

        Raises:
            CycleConfigurationError: a bad setting, or nothing that ends it.
            UnknownOptionError: there is no such setting.
            InvalidNodeError, DuplicateNodeError: *inner_graph* is no DAG, or the name is taken.
        """
        if isinstance(first, str):
            if inner_graph is None:
                msg = f"iteration {first!r}: give an inner graph, or decorate a function with name={first!r}"
                raise CycleConfigurationError(msg)
            settings.setdefault("max_rounds", None)
            made = _load("iteration_node").BoundedIterationNode(first, inner_graph, **settings)
        elif first is None:
            return lambda function: self.iterate(function, **settings)
        else:
            settings.setdefault("max_rounds", None)
            made = _load("iterated_function").IteratedFunction(first, **settings)
        self.drawing.add(made)
        return made


def _load(module: str) -> Any:
    """A module about iterations, loaded on first use: most workflows have none."""
    return importlib.import_module(f"fast_dag.workflow.{module}")
