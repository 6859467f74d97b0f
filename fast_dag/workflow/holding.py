"""Workflows inside a workflow: as nodes, by path, and all of them from the inside out."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fast_dag.errors import UnknownNodeError, ValidationError
from fast_dag.plan.plan import Plan
from fast_dag.workflow.definition import Definition
from fast_dag.workflow.equipped import Equipped

if TYPE_CHECKING:
    from fast_dag.workflow.nested import Ports, WorkflowNode
    from fast_dag.workflow.workflow import Workflow


class Holding(Equipped):
    """A workflow that may have others as nodes."""

    def add_workflow(
        self,
        name: str,
        workflow: Workflow,
        *,
        inputs: Ports = None,
        outputs: Sequence[str] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        error_strategy: str = "fail_fast",
        **settings: Any,
    ) -> WorkflowNode:
        """Make *workflow* a node of this one; its runs have results, metadata and metrics of their own.

        Mode, workers, cancellation, observers and progress are those of the run around it.

        Parameters:
            name: of the node.
            workflow: what it runs; edits of it show at once.
            inputs: its open inputs that become inputs of the node: None for all, a list of names, or a dict
                of new names to names inside.
            outputs: names of nodes inside: the value is a mapping with the result of each, and each can
                be connected by ``output=``.  None: the value of a run.
            description, metadata: as for `Node`.
            error_strategy: of the runs inside.
            settings: of the node; retries, timeout, cache and map are about the whole run inside.

        Raises:
            InvalidNodeError: it is no workflow.
            MissingConnectionError: an input that is not open inside.
            UnknownNodeError: an output that is no node inside.
        """
        node = _node_of(
            workflow,
            name=name,
            ports=inputs,
            results=outputs,
            error_strategy=error_strategy,
            description=description,
            metadata=metadata,
            **settings,
        )
        self.graph.add(node)
        return node

    def get_nested_workflows(self) -> dict[str, Workflow]:
        """The workflows that are nodes of this one, by the name of the node."""
        return {node.name: node.inside.workflow for node in self.graph.holders}

    def get_nested_depth(self) -> int:
        """How many levels of workflows lie inside; 0 without nested ones."""
        depths: dict[Holding, int] = {}
        for node in nested_nodes(self):
            depths[node.workflow] = _depth(node.workflow, depths)
        return _depth(self, depths)

    def flatten_nested_workflows(self) -> dict[str, Workflow]:
        """Every workflow inside, at any depth, by the dotted path of its node."""
        nested_nodes(self)  # one that contained itself would have no end
        found: dict[str, Workflow] = {}
        work: list[tuple[str, Holding]] = [("", self)]
        while work:
            path, workflow = work.pop()
            holders = reversed(workflow.graph.holders)
            work.extend((f"{path}{node.name}.", node.inside.workflow) for node in holders)
            if path:
                found[path[:-1]] = workflow  # type: ignore[assignment]
        return found

    def check_path(self, path: str) -> None:
        """Raise UnknownNodeError unless there is a node of that name, dotted for one inside another."""
        workflow: Holding = self
        *outer, last = path.split(".")
        for name in outer:
            # The run for one element of a map has its index behind the name.
            node = workflow.graph.node(name.partition("[")[0])
            if node.inside is None:
                msg = f"no node {path!r} in {self.name!r}: {node.name!r} is no workflow"
                raise UnknownNodeError(msg)
            workflow = node.inside.workflow
        workflow.graph.node(last)

    @property
    def version(self) -> object:
        """Equal as long as nothing about the graph changes, the ports of nested workflows included."""
        holders = self.graph.holders
        return (super().version, *[node.inside.serial for node in holders]) if holders else super().version

    def plan(self, *, check_types: bool = False, part: Collection[str] | None = None) -> Plan:
        """What a run follows; every workflow inside is checked and planned as well.

        Raises:
            ValidationError: a definition has errors, or a workflow contains itself.
        """
        for node in nested_nodes(self):
            super(Holding, node.workflow).plan(check_types=check_types)
            node.refresh()
        return super().plan(check_types=check_types, part=part)

    def plans(self) -> dict[Holding, Plan]:
        """The plan of each workflow inside, as they are now."""
        return {node.workflow: super(Holding, node.workflow).plan() for node in nested_nodes(self)}


def nested_nodes(workflow: Holding) -> list[WorkflowNode]:
    """The nodes that hold workflows, at any depth, from the inside out; each after those inside it.

    Raises:
        ValidationError: a workflow contains itself.
    """
    found: list[WorkflowNode] = []
    if not workflow.graph.holders:
        return found
    seen: set[Definition] = set()
    path: list[tuple[Definition, WorkflowNode | None, Iterator[Any]]] = [
        (workflow, None, iter(workflow.graph.holders))
    ]
    while path:
        _, around, left = path[-1]
        node = next(left, None)
        if node is None:
            path.pop()
            if around is not None:
                found.append(around)
            continue
        inner = node.inside.workflow
        if any(inner is each for each, _, _ in path):
            names = [each.name for each, _, _ in path if each is not None]
            msg = f"{inner.name!r} contains itself: {' -> '.join([*names, inner.name])}"
            raise ValidationError(msg, workflow.name)
        if inner in seen:
            found.append(node.inside)
        else:
            seen.add(inner)
            path.append((inner, node.inside, iter(inner.graph.holders)))
    return found


def _depth(workflow: Holding, depths: Mapping[Holding, int]) -> int:
    return max((1 + depths[node.inside.workflow] for node in workflow.graph.holders), default=0)


def _node_of(workflow: Any, **options: Any) -> WorkflowNode:
    # Not at the top: a node runs workflows, and these may hold nodes.
    made: WorkflowNode = importlib.import_module("fast_dag.workflow.nested").node_of(workflow, **options)
    return made
