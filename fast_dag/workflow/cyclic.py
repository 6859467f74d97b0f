"""A cycle that is declared in a with block."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from fast_dag.errors import CycleConfigurationError
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.edge import FeedbackEdge
from fast_dag.graph.graph import Graph
from fast_dag.workflow.keywords import known_keywords


class CycleBlock:
    """What ``with dag.cycle(...) as c`` gives: the cycle is declared when the block ends well."""

    def __init__(self, graph: Graph, name: str, settings: Mapping[str, Any]) -> None:
        config = CycleConfig(**settings)
        if config.cycle_name not in (None, name):
            msg = f"cycle {name!r} is called cycle_name={config.cycle_name!r} as well: give one name"
            raise CycleConfigurationError(msg)
        if config.parameter_mapping:
            msg = f"cycle {name!r}: parameter_mapping is not built yet: draw its edges with feedback(...)"
            raise CycleConfigurationError(msg)
        graph.cycles.begin(name, graph.nodes)
        graph.touch()
        self.name, self.config = name, config
        self._graph = graph
        self._edges: list[FeedbackEdge] = []

    def __repr__(self) -> str:
        return f"<CycleBlock {self.name!r}, {len(self._edges)} feedback edges>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self._graph.cycles.end(self.name, self.config, self._edges)
        else:
            self._graph.cycles.drop_begun(self.name)
        self._graph.touch()

    @known_keywords
    def feedback(
        self,
        source: object,
        target: object,
        *,
        output: str | None = None,
        input: str | None = None,
        optional: bool = False,
        signal: bool = False,
    ) -> Self:
        """Feed a value back; parameters and errors as for `DAG.feedback`."""
        flags = {"optional": optional, "signal": signal}
        self._edges.append(self._graph.feedback_edge(source, output, target, input, self.name, **flags))
        return self
