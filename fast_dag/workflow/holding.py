"""Workflows inside a workflow: as nodes, by path, and all of them from the inside out."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from fast_dag.checks import unknown_options
from fast_dag.errors import InvalidNodeError, MissingInputError, UnknownNodeError, ValidationError
from fast_dag.graph.check import Problem
from fast_dag.graph.keywords import known_keywords
from fast_dag.graph.settings import KEYWORDS, NAMES
from fast_dag.plan.plan import Plan
from fast_dag.run.brief import brief
from fast_dag.values import NodeType
from fast_dag.workflow.definition import Definition
from fast_dag.workflow.equipped import Equipped

if TYPE_CHECKING:
    from fast_dag.workflow.nested import Ports, WorkflowNode
    from fast_dag.workflow.workflow import Workflow

OPTIONS: Final = ("inputs", "outputs", "description", "metadata", "error_strategy")
"""What a node that is a workflow takes besides the settings of nodes."""


class Holding(Equipped):
    """A workflow that may have others as nodes."""

    has_executions: ClassVar[bool] = False
    """Whether a number behind the name of a node is that of one of its executions."""

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
            UnknownOptionError: there is no such option or setting.
            ValueError: inputs or outputs that are no list of names, or a bad setting.
        """
        unknown = [each for each in settings if each not in NAMES]
        if unknown:
            raise unknown_options(unknown, [*OPTIONS, *KEYWORDS], f"node {name!r}")
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
        self.drawing.add(node)
        return node

    def add_dag(self, name: str, dag: Workflow, **options: Any) -> WorkflowNode:
        """Make a DAG a node of this workflow; options and errors as for `add_workflow`."""
        return self._add_of_kind(NodeType.DAG, name, dag, options)

    def add_fsm(self, name: str, fsm: Workflow, **options: Any) -> WorkflowNode:
        """Make a state machine a node of this workflow; options and errors as for `add_workflow`."""
        return self._add_of_kind(NodeType.FSM, name, fsm, options)

    def get_nested_workflows(self) -> dict[str, Workflow]:
        """The workflows that are nodes of this one, by the name of the node."""
        return {node.name: node.inside.workflow for node in self.drawing.holders}

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
            holders = reversed(workflow.drawing.holders)
            work.extend((f"{path}{node.name}.", node.inside.workflow) for node in holders)
            if path:
                found[path[:-1]] = workflow  # type: ignore[assignment]
        return found

    def check_path(self, path: str) -> None:
        """Raise UnknownNodeError unless there is a node of that name, dotted for one inside another."""
        workflow: Holding = self
        *outer, last = path.split(".")
        for number, name in enumerate(outer, start=1):
            # The run for one element of a map has its index behind the name.
            node = workflow.drawing.node(name.partition("[")[0])
            if workflow.has_executions and last.isdecimal() and number == len(outer):
                return
            if node.inside is None:
                msg = f"no node {path!r} in {self.name!r}: {node.name!r} is no workflow"
                raise UnknownNodeError(msg)
            workflow = node.inside.workflow
        workflow.drawing.node(last)

    @known_keywords
    def validate(
        self, *, check_types: bool = False, allow_disconnected: bool = True, strict_routers: bool = False
    ) -> list[Problem]:
        """Every problem of this definition and of those inside it; parameters and errors as for a DAG."""
        options = {
            "check_types": check_types,
            "allow_disconnected": allow_disconnected,
            "strict_routers": strict_routers,
        }
        found = self.problems_here(**options)
        for path, workflow in _each_inside(self):
            found += [_inside(path, problem) for problem in workflow.problems_here(**options)]
        try:
            nested_nodes(self)
        except ValidationError as error:
            found.append(Problem(str(error), kind="nested"))
        return found

    def problems_here(self, **options: bool) -> list[Problem]:
        """The problems of its own graph, and of its ports to workflows inside."""
        return [*super().problems_here(**options), *self.port_problems()]

    def port_problems(self) -> list[Problem]:
        """What does not fit between this workflow and those inside it."""
        found = []
        for node in self.drawing.holders:
            wired = self.wired
            texts = node.inside.problems(wired.incoming[node.name], wired.outgoing[node.name])
            found += [Problem(text, kind="port", nodes=[node.name]) for text in texts]
            for missing in self._unconnected(node, ()):
                missing.severity = "warning"  # a run may bring it
                found.append(missing)
        return found

    def check_inputs(self, inputs: Collection[str], part: Collection[str] | None = None) -> None:
        """Raise ValidationError with all there is to say if nothing brings what an iteration goes round with.

        Parameters:
            inputs: the names of what a run is given.
            part: the nodes that run, None for all.
        """
        holders = [node for node in self.drawing.holders if part is None or node.name in part]
        found = [each for node in holders for each in self._unconnected(node, inputs)]
        if found:
            self.raise_problems([*self.validate(), *found])

    def _unconnected(self, node: Any, inputs: Collection[str]) -> list[Problem]:
        own = [name.rpartition(".")[2] for name in inputs if name.rpartition(".")[0] in ("", node.name)]
        edges = self.wired.incoming[node.name]
        missing: list[Problem] = node.inside.unconnected([*own, *(edge.input for edge in edges)])
        return missing

    @property
    def version(self) -> object:
        """Equal as long as nothing about the graph changes, the ports of nested workflows included."""
        holders = self.drawing.holders
        return (super().version, *[node.inside.serial for node in holders]) if holders else super().version

    def plan(self, *, check_types: bool = False, part: Collection[str] | None = None) -> Plan:
        """What a run follows; every workflow inside is checked and planned as well.

        Raises:
            ValidationError: a definition has errors, or a workflow contains itself.
        """
        for node in nested_nodes(self):
            try:
                super(Holding, node.workflow).plan(check_types=check_types)
            except ValidationError:
                self.validate_or_raise(
                    check_types=check_types
                )  # which says where it is, and what else is wrong
                raise
            node.refresh()
        return super().plan(check_types=check_types, part=part)

    def _add_of_kind(
        self, kind: NodeType, name: str, workflow: Workflow, options: Mapping[str, Any]
    ) -> WorkflowNode:
        if getattr(workflow, "node_type", None) is not kind:
            what = "an FSM" if kind is NodeType.FSM else "a DAG"
            msg = f"add_{kind}({name!r}, ...) needs {what}, got {brief(workflow)}"
            raise InvalidNodeError(msg)
        return self.add_workflow(name, workflow, **options)

    def plans(self) -> dict[object, Plan]:
        """The plan of each workflow inside, as they are now.

        Raises:
            MissingInputError: one inside needs an input that is no port of its node.
        """
        found: dict[object, Plan] = {}
        missing: list[str] = []
        for node in nested_nodes(self):
            plan = super(Holding, node.workflow).plan()
            found[node.plan_key] = node.planned(plan)
            missing += [f"{name!r} of {inner!r} inside {node.name!r}" for inner, name in node.closed(plan)]
        if missing:
            msg = f"{self.name!r} is missing inputs: {', '.join(missing)}; make them ports with inputs="
            raise MissingInputError(msg)
        return found


def nested_nodes(workflow: Holding) -> list[WorkflowNode]:
    """The nodes that hold workflows, at any depth, from the inside out; each after those inside it.

    Raises:
        ValidationError: a workflow contains itself.
    """
    found: list[WorkflowNode] = []
    if not workflow.drawing.holders:
        return found
    seen: set[Definition] = set()
    around_now = {workflow}
    path: list[tuple[Definition, WorkflowNode | None, Iterator[Any]]] = [
        (workflow, None, iter(workflow.drawing.holders))
    ]
    while path:
        last, around, left = path[-1]
        node = next(left, None)
        if node is None:
            path.pop()
            around_now.discard(last)
            if around is not None:
                found.append(around)
            continue
        inner = node.inside.workflow
        if inner in around_now:
            around_it = [each for each, _, _ in path]
            ring = around_it[around_it.index(inner) :]
            msg = f"{inner.name!r} contains itself: {' -> '.join(each.name for each in [*ring, inner])}"
            raise ValidationError(msg, workflow.name)
        if inner in seen:
            found.append(node.inside)
        else:
            seen.add(inner)
            around_now.add(inner)
            path.append((inner, node.inside, iter(inner.drawing.holders)))
    return found


def _each_inside(workflow: Holding) -> Iterator[tuple[str, Holding]]:
    """Each workflow inside once, with the dotted path of a node that holds it."""
    seen = {workflow}
    work = [("", workflow)]
    while work:
        path, around = work.pop()
        for node in around.drawing.holders:
            inner = node.inside.workflow
            if inner not in seen:
                seen.add(inner)
                work.append((f"{path}{node.name}.", inner))
                yield f"{path}{node.name}", inner


def _inside(path: str, problem: Problem) -> Problem:
    """*problem* of the workflow at *path*, as one of the workflow around it."""
    nodes = [f"{path}.{name}" for name in problem.nodes]
    return Problem(f"in {path!r}: {problem}", kind=problem.kind, nodes=nodes, severity=problem.severity)


def _depth(workflow: Holding, depths: Mapping[Holding, int]) -> int:
    return max((1 + depths[node.inside.workflow] for node in workflow.drawing.holders), default=0)


def _node_of(workflow: Any, **options: Any) -> WorkflowNode:
    # Not at the top: a node runs workflows, and these may hold nodes.
    made: WorkflowNode = importlib.import_module("fast_dag.workflow.nested").node_of(workflow, **options)
    return made
