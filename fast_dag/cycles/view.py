"""A graph to look at and not to change, in the words of networkx."""

from __future__ import annotations

import importlib
from typing import Any, Literal, overload

from fast_dag.checks import missing_extra
from fast_dag.cycles.inspection import EdgeWithData, separated
from fast_dag.graph.graph import Graph

NodeWithData = tuple[str, dict[str, Any]]


class GraphView:
    """The nodes and edges of a workflow, feedback edges among them.

    It shows the workflow as it is now; what `nodes` and `edges` give are lists of their own.
    """

    __slots__ = ("_graph",)

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __repr__(self) -> str:
        return f"<GraphView of {self._graph.name!r}, {len(self)} nodes, {len(self.edges())} edges>"

    def __len__(self) -> int:
        return len(self._graph.nodes)

    def __contains__(self, name: object) -> bool:
        return name in self._graph.nodes

    @overload
    def nodes(self, data: Literal[False] = ...) -> list[str]: ...
    @overload
    def nodes(self, data: Literal[True]) -> list[NodeWithData]: ...
    def nodes(self, data: bool = False) -> list[str] | list[NodeWithData]:  # noqa: FBT001, FBT002 - as in networkx
        """The names of the nodes; with *data* pairs of a name and what is known of the node."""
        if not data:
            return list(self._graph.nodes)
        return [
            (name, {"node": node, "node_type": str(node.node_type), "description": node.description})
            for name, node in self._graph.nodes.items()
        ]

    @overload
    def edges(self, data: Literal[False] = ...) -> list[tuple[str, str]]: ...
    @overload
    def edges(self, data: Literal[True]) -> list[EdgeWithData]: ...
    def edges(self, data: bool = False) -> list[tuple[str, str]] | list[EdgeWithData]:  # noqa: FBT001, FBT002 - as in networkx
        """Source and target of each edge, feedback edges last; with *data* what is known of it as well.

        The data of a feedback edge have ``cycle=True`` and the name of the cycle as ``cycle_id``; those of
        each edge have a ``mapping`` from output to input.
        """
        ahead, back = separated(self._graph)
        edges = [*ahead, *back]
        return edges if data else [(source, target) for source, target, _ in edges]

    def successors(self, name: str) -> list[str]:
        """The nodes that an edge leads to from *name*, feedback edges included; each once."""
        node = self._graph.node(name).name
        return list(dict.fromkeys(target for source, target in self.edges() if source == node))

    def predecessors(self, name: str) -> list[str]:
        """The nodes from which an edge leads to *name*, feedback edges included; each once."""
        node = self._graph.node(name).name
        return list(dict.fromkeys(source for source, target in self.edges() if target == node))

    def to_networkx(self) -> Any:
        """A ``networkx.MultiDiGraph`` with the same nodes, edges and data.

        Raises:
            MissingExtraError: networkx is not installed.
        """
        try:
            networkx = importlib.import_module("networkx")
        except ImportError as error:
            what = "a graph of networkx"
            raise missing_extra(what, "networkx", "networkx") from error
        made = networkx.MultiDiGraph(name=self._graph.name)
        made.add_nodes_from(self.nodes(data=True))
        made.add_edges_from(self.edges(data=True))
        return made
