"""A function that is called again and again on what it gave before, as a node."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from fast_dag.errors import CycleConfigurationError
from fast_dag.graph.node import Node
from fast_dag.workflow.dag import DAG
from fast_dag.workflow.iteration_node import BoundedIterationNode

P = ParamSpec("P")
R = TypeVar("R")


class IteratedFunction(BoundedIterationNode):
    """A node whose body is one function; its first parameter is what goes round.

    Calling it calls the plain function once.

    Parameters:
        func: the function, sync or async.
        name: default the function's name.
        max_rounds, settings: as for `BoundedIterationNode`.

    Raises:
        CycleConfigurationError: the function takes nothing, or a bad setting.
    """

    def __init__(
        self, func: Callable[..., Any], max_rounds: int | None, *, name: str | None = None, **settings: Any
    ) -> None:
        body: Node[..., Any] = Node(func, name=name)
        if not body.inputs:
            msg = f"iteration {body.name!r}: the function takes nothing that could go round"
            raise CycleConfigurationError(msg)
        self._first = first = body.inputs[0]
        inner = DAG(body.name)
        inner.drawing.add(body)
        described = {"description": body.description, **settings}
        super().__init__(
            body.name, inner, max_rounds, seed=first, feedback=first, output=body.name, **described
        )
        functools.update_wrapper(self, body, updated=())
        self.__wrapped__ = func
        self._func = func

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the plain function."""
        return self._func(*args, **kwargs)

    def __reduce__(self) -> str:
        return str(getattr(self, "__qualname__", self.name))

    @property
    def seed_name(self) -> str:
        """What its input for round 1 is called: as the parameter."""
        return self._first

    @property
    def other_names(self) -> Mapping[str, str]:
        """What its input for round 1 is called as well."""
        return {} if "seed" in self.inner_ports.open else {"seed": self._first}

    def path_in(self, path: str) -> str:
        """What stands before the name of the function, which is the node's own."""
        return path.removesuffix(self.name)

    @property
    def _inner_path(self) -> str:
        return ""
