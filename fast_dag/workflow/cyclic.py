"""Cycles of a workflow: how they are declared, and how they are looked at."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fast_dag.graph.cycle_config import CycleConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fast_dag.cycles.builder import CycleBuilder
    from fast_dag.cycles.built import Cycle
    from fast_dag.cycles.executor import CyclicWorkflowExecutor
    from fast_dag.cycles.inspection import EdgeWithData, Stage
    from fast_dag.cycles.node_types import NodeTypes
    from fast_dag.cycles.template import CycleTemplate
    from fast_dag.cycles.view import GraphView
    from fast_dag.graph.graph import Graph
    from fast_dag.graph.node import Node
    from fast_dag.run.results import CycleResult

    End = str | Node[..., Any]


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
        made: NodeTypes = _load("node_types").NodeTypes()
        return made

    def output_of(self, source: str, output: str | None) -> str | None:  # noqa: ARG002 - a builder looks at it
        """What the *output* of a connection from *source* is in the drawing: the same."""
        return output

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
        made: CycleBuilder = _load("builder").CycleBuilder(self, name, CycleConfig(**settings))
        return made

    def create_cycle(self, name: str) -> CycleBuilder:
        """A builder of the cycle *name*, to be built before the workflow runs; errors as for `cycle`."""
        return self.cycle(name)

    def add_cycle(
        self,
        template: CycleTemplate,
        *in_order: End,
        nodes: Mapping[str, End] | None = None,
        feedback: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> Cycle:
        """Make a cycle of a template.

        Parameters:
            template: one of `CycleTemplates`.
            in_order: the nodes in the order of its roles.
            nodes: the nodes by role.  Without either a role is that of the node called so; else the nodes
                outside of cycles take the roles in topological order, if there are as many.
            feedback: outputs of the last role to inputs of the first; default those of the same name, and
                where there are none only that there is another iteration.
            name: of the cycle, default that of the template; one that is taken gets ``_2``, ``_3`` and so on.

        Returns:
            Its name, settings, body and feedback edges.

        Raises:
            CycleConfigurationError: a role is left without a node, or it is no template.
            CycleConnectionError: the first role does not lead to the last.
            UnknownNodeError, MissingConnectionError: no such node or port.
        """
        made: Cycle = _load("template").add_cycle(
            self, template, in_order, by_role=nodes, feedback=feedback, name=name
        )
        return made

    async def execute_cycle(
        self,
        cycle: Cycle | CycleConfig | str | None = None,
        initial_data: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> CycleResult:
        """Run the workflow on the running event loop, and give the result of one of its cycles.

        Parameters and errors as for `CyclicWorkflowExecutor.execute_cycle`.
        """
        made: CycleResult = await self._executor().execute_cycle(cycle, initial_data, **options)
        return made

    def execute_cycle_sync(
        self,
        cycle: Cycle | CycleConfig | str | None = None,
        initial_data: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> CycleResult:
        """As `execute_cycle`, for callers without an event loop; an ExecutionError where one is running."""
        made: CycleResult = self._executor().execute_cycle_sync(cycle, initial_data, **options)
        return made

    async def execute_cycle_with_monitoring(
        self,
        cycle: Cycle | CycleConfig | str | None = None,
        initial_data: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> CycleResult:
        """`execute_cycle` by another name; both take ``monitor=``, ``debugger=`` and ``profiler=``."""
        return await self.execute_cycle(cycle, initial_data, **options)

    def execute_cycle_with_monitoring_sync(
        self,
        cycle: Cycle | CycleConfig | str | None = None,
        initial_data: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> CycleResult:
        """As `execute_cycle_with_monitoring`, for callers without an event loop."""
        return self.execute_cycle_sync(cycle, initial_data, **options)

    def _executor(self) -> CyclicWorkflowExecutor:
        made: CyclicWorkflowExecutor = _load("executor").CyclicWorkflowExecutor(self)
        return made

    def has_cycles(self) -> bool:
        """Whether there is a feedback edge."""
        return bool(self.drawing.cycles.edges)

    @property
    def graph(self) -> GraphView:
        """Nodes and edges, feedback edges among them, to look at: ``graph.edges(data=True)``."""
        made: GraphView = _load("view").GraphView(self.wired)
        return made

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
        found: tuple[list[EdgeWithData], list[EdgeWithData]] = _load("inspection").separated(self.wired)
        return found

    def get_cycle_groups(self) -> dict[str, list[tuple[str, str]]]:
        """By cycle the forward edges of its body in the order of the body, then its feedback edges.

        Raises:
            ValidationError: a cycle is not drawn as one can be.
        """
        found: dict[str, list[tuple[str, str]]] = _load("inspection").cycle_groups(self.wired)
        return found

    def execution_stages(self) -> list[Stage]:
        """What runs in which order: outermost cycles as a `CycleGroup`, what lies between as a `DagStage`.

        Raises:
            ValidationError: a cycle is not drawn as one can be.
        """
        found: list[Stage] = _load("inspection").stages(self.wired)
        return found


def _load(module: str) -> Any:
    """A module about cycles, loaded on first use: most workflows have none."""
    return importlib.import_module(f"fast_dag.cycles.{module}")
