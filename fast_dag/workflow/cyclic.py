"""Cycles of a workflow: how they are declared, and how they are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fast_dag.cycles.builder import CycleBuilder
from fast_dag.cycles.inspection import EdgeWithData, Stage, cycle_groups, separated, stages
from fast_dag.cycles.node_types import NodeTypes
from fast_dag.cycles.view import GraphView
from fast_dag.graph.cycle_config import CycleConfig

if TYPE_CHECKING:
    from fast_dag.graph.graph import Graph


class Cyclic:
    """A workflow that may have cycles."""

    drawing: Graph
    """What is drawn of it."""

    @property
    def wired(self) -> Graph:
        """What is drawn, and the edges that follow from names."""
        raise NotImplementedError

    @property
    def node_types(self) -> NodeTypes:
        """What the name of a type of nodes stands for."""
        return NodeTypes()

    def resolve(self) -> None:
        """Draw every connection that was asked for; here they are drawn at once."""

    def cycle(self, name: str, **settings: Any) -> CycleBuilder:
        """Declare a cycle in a ``with`` block, or configure one that `feedback` made.

        Parameters:
            name: of the cycle; no node has it.
            settings: see `CycleConfig`.

        Returns:
            For ``with dag.cycle(...) as c:``, where ``c.feedback(...)`` or ``c.connect(...)`` draws edges;
            it is built when the block ends well.

        Raises:
            DuplicateCycleError: the cycle is configured already, or a node has its name.
            UnknownOptionError: there is no such setting.
            CycleConfigurationError: a setting is wrong.
        """
        return CycleBuilder(self, name, CycleConfig(**settings))  # type: ignore[arg-type]

    def create_cycle(self, name: str) -> CycleBuilder:
        """A builder of the cycle *name*, to be built before the workflow runs; errors as for `cycle`."""
        return self.cycle(name)

    def has_cycles(self) -> bool:
        """Whether there is a feedback edge."""
        return bool(self.drawing.cycles.edges)

    @property
    def graph(self) -> GraphView:
        """Nodes and edges, feedback edges among them, to look at: ``graph.edges(data=True)``."""
        return GraphView(self.wired)

    def to_networkx(self) -> Any:
        """A ``networkx.MultiDiGraph`` with the same nodes, edges and data.

        Raises:
            MissingExtraError: networkx is not installed.
        """
        return self.graph.to_networkx()

    def separate_dag_and_cycle_edges(self) -> tuple[list[EdgeWithData], list[EdgeWithData]]:
        """The forward edges and the feedback edges, each with source, target and data.

        The data of a feedback edge have ``cycle=True``, ``cycle_id`` and ``mapping``.
        """
        return separated(self.wired)

    def get_cycle_groups(self) -> dict[str, list[tuple[str, str]]]:
        """By cycle the forward edges of its body in the order of the body, then its feedback edges.

        Raises:
            ValidationError: a cycle is not drawn as one can be.
        """
        return cycle_groups(self.wired)

    def execution_stages(self) -> list[Stage]:
        """What runs in which order: outermost cycles as a `CycleGroup`, what lies between as a `DagStage`.

        Raises:
            ValidationError: a cycle is not drawn as one can be.
        """
        return stages(self.wired)
