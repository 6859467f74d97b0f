"""From a workflow to its document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from fast_dag.errors import DocumentError, NotSerializableError
from fast_dag.graph.edge import Edge, Facts
from fast_dag.graph.graph import AnyNode
from fast_dag.graph.settings import DEFAULTS, NodeSettings
from fast_dag.run.hooks import NodeHooks
from fast_dag.workflow.document import FORMAT, KINDS, ORDINARY, VERSION, kind_of, plain, wrong
from fast_dag.workflow.fsm import FSM
from fast_dag.workflow.functions import (
    FunctionRegistry,
    Registry,
    as_registry,
    function_of,
    importable_name,
)
from fast_dag.workflow.iterated_function import IteratedFunction
from fast_dag.workflow.iteration_node import BoundedIterationNode
from fast_dag.workflow.nested import Ports, WorkflowNode
from fast_dag.workflow.stored_cycles import cycles_entry
from fast_dag.workflow.stored_iterations import iteration_entry
from fast_dag.workflow.stored_machine import machine_entry

if TYPE_CHECKING:
    from fast_dag.workflow.workflow import Workflow

Entry = dict[str, Any]


def document_of(workflow: Workflow, registry: Registry | None = None) -> Entry:
    """The document of *workflow*, and of all that are nested in it.

    Raises:
        DocumentError: something has no name or is not JSON-able; the text lists all of it.
    """
    writing = Writing(as_registry(registry))
    root = writing.id_of(workflow)
    tables: dict[str, Entry] = {}
    while len(tables) < len(writing.found):
        nested = writing.found[len(tables)]
        tables[writing.id_of(nested)] = writing.workflow(nested)
    writing.check(f"{workflow.name!r} cannot be stored")
    return {"format": FORMAT, "version": VERSION, "root": root, "workflows": tables}


class Writing:
    """One document on its way: the workflows it has come across, and what cannot be stored."""

    def __init__(self, registry: FunctionRegistry) -> None:
        self.registry = registry
        self.found: list[Workflow] = []
        self.ids: dict[int, str] = {}
        self.unnamed: list[str] = []
        self.problems: list[str] = []

    def id_of(self, workflow: Workflow) -> str:
        """The id of *workflow*, which is met again or for the first time."""
        if id(workflow) not in self.ids:
            self.found.append(workflow)
            self.ids[id(workflow)] = f"w{len(self.found)}"
        return self.ids[id(workflow)]

    def check(self, caption: str) -> None:
        """Raise a DocumentError under *caption* if something was found that cannot be stored."""
        problems = list(self.problems)
        if self.unnamed:
            listed = ", ".join(self.unnamed)
            advice = "register them, FunctionRegistry().register(function, name='...'), and give registry="
            problems.append(f"not registered, and without an importable name: {listed}; {advice}")
        if problems:
            raise wrong(caption, "; ".join(problems))

    def workflow(self, workflow: Workflow) -> Entry:
        """The table of one workflow."""
        kind = kind_of(workflow)
        if kind is None:
            self.problems.append(f"{workflow.name!r} is of no kind that can be stored: {', '.join(KINDS)}")
        where, ordinary = f"{workflow.name!r}", ORDINARY.get(kind or "", "")
        entry = {
            "kind": kind,
            "name": workflow.name,
            "description": workflow.description,
            "metadata": self.plain(workflow.metadata, f"the metadata of {where}") or None,
            "autowire": (bool(workflow.autowire) and kind == "dag") or None,
            "cache_namespace": workflow.cache_namespace,
            "nodes": [self.node(node, where, ordinary) for node in workflow.nodes.values()],
            "edges": [_edge(edge, optional=optional) for edge, optional in workflow.drawing.edges.items()],
            **(self.machine(workflow, where) if isinstance(workflow, FSM) else self.cycles(workflow, where)),
            "hooks": self.hooks(workflow, where),
            "node_error_handlers": self.handlers(workflow, where),
        }
        return _given(entry)

    def cycles(self, workflow: Workflow, where: str) -> Entry:
        """The cycles of one workflow."""
        if not workflow.drawing.cycles and not workflow.drawing.cycles.ended:
            return {}
        try:
            return cycles_entry(
                workflow.drawing.cycles,
                lambda func, field: self.name_of(func, f"{field} of a cycle in {where}"),
            )
        except (DocumentError, NotSerializableError) as error:
            self.problems.append(str(error))
            return {}

    def machine(self, fsm: FSM, where: str) -> Entry:
        """The states of one machine."""
        try:
            return machine_entry(fsm, self.name_of, where)
        except DocumentError as error:
            self.problems.append(str(error))
            return {}

    def node(self, node: AnyNode, workflow: str, ordinary: str) -> Entry:
        """The table of one node, a function or a nested workflow; *ordinary* nodes do not say their type."""
        where = f"node {node.name!r} in {workflow}"
        entry: Entry = {"name": node.name}
        if isinstance(node, BoundedIterationNode):
            entry |= self.iteration(node, where)
        elif isinstance(node, WorkflowNode):
            entry |= self.nested(node)
        else:
            entry |= self.function_of(node, where, ordinary)
        entry["description"] = node.description
        entry["metadata"] = self.plain(node.metadata, f"the metadata of {where}") or None
        entry["settings"] = self.settings(node.settings, where)
        return _given(entry)

    def function_of(self, node: AnyNode, where: str, ordinary: str) -> Entry:
        """What only a node around a function has."""
        own_names = [parameter.own_name for parameter in node.signature.inputs]
        return {
            "function": self.name_of(node.func, where),
            "node_type": None if node.node_type == ordinary else node.node_type.value,
            "inputs": list(node.inputs),
            "parameters": own_names if own_names != list(node.inputs) else None,
            "outputs": list(node.declared_outputs) or None,
        }

    def nested(self, node: WorkflowNode) -> Entry:
        """What only a node around a workflow has."""
        return {
            "workflow": self.id_of(node.workflow),
            "inputs": _ports(node.ports),
            "outputs": None if node.results is None else list(node.results),
            "error_strategy": None if node.error_strategy == "fail_fast" else node.error_strategy,
        }

    def iteration(self, node: BoundedIterationNode, where: str) -> Entry:
        """What only a bounded iteration has."""
        if isinstance(node, IteratedFunction):
            body = {"function": self.name_of(node.func, where)}
        else:
            body = {"workflow": self.id_of(node.workflow)}
        try:
            settings = iteration_entry(node, lambda func, field: self.name_of(func, f"{field} of {where}"))
        except NotSerializableError as error:
            self.problems.append(f"{where}: {error}")
            settings = {}
        return {**body, "iteration": settings}

    def settings(self, settings: NodeSettings, where: str) -> Entry | None:
        """The settings that differ from the default."""
        if settings == DEFAULTS:
            return None
        return {
            field.name: self.setting(field.name, value, where)
            for field in fields(settings)
            if (value := getattr(settings, field.name)) != getattr(DEFAULTS, field.name)
        }

    def setting(self, name: str, value: Any, where: str) -> Any:
        """One setting; classes and functions by their names."""
        if name == "retry_on":
            return [self.name_of(each, f"{each.__name__} in retry_on of {where}") for each in value]
        if name == "cache_backend" and not isinstance(value, str):
            text = f"cache_backend of {where} is no name: register_cache('...', backend), and give the name"
            self.problems.append(text)
            return None
        if name in ("cache_key", "cache_version") and callable(value):
            return {"function": self.name_of(value, f"{name} of {where}")}
        return self.plain(value, f"{name} of {where}")

    def hooks(self, workflow: Workflow, where: str) -> Entry | None:
        """The hooks for all nodes and those of single nodes."""
        hooks = workflow.hooks
        if not hooks:
            return None
        default = self.hooks_of(hooks.default, f"all nodes in {where}")
        nodes = {
            name: self.hooks_of(hooks.nodes[name], f"node {name!r} in {where}")
            for name in workflow.nodes
            if hooks.nodes.get(name)
        }
        return _given({"default": default or None, "nodes": nodes or None}) or None

    def hooks_of(self, hooks: NodeHooks, where: str) -> Entry:
        """The hooks of one node, or those for all."""
        set_hooks = ((field.name, getattr(hooks, field.name)) for field in fields(hooks))
        return {
            name: self.name_of(hook.function, f"{name} of {where}")
            for name, hook in set_hooks
            if hook is not None
        }

    def handlers(self, workflow: Workflow, where: str) -> Entry | None:
        """The error handlers of single nodes."""
        handlers = workflow.node_error_handlers.items()
        place = "the error handler of node"
        return {name: self.name_of(each, f"{place} {name!r} in {where}") for name, each in handlers} or None

    def name_of(self, func: Callable[..., Any], where: str) -> str:
        """The name *func* is stored under; without one, *where* is remembered."""
        name = self.registry.name_of(func) or importable_name(function_of(func))
        if name is None:
            self.unnamed.append(where)
        return name or ""

    def plain(self, value: Any, where: str) -> Any:
        """*value* as plain data; if it cannot be, that is remembered."""
        try:
            return plain(value, where)
        except DocumentError as error:
            self.problems.append(str(error))
            return None


def _edge(edge: Edge, *, optional: bool) -> Entry:
    entry: Entry = edge._asdict()
    if isinstance(edge.output, Facts):
        entry |= {"output": edge.output.input, "cycle": edge.output.cycle}
    return entry | {"optional": True} if optional else entry


def _ports(ports: Ports) -> list[str] | dict[str, str] | None:
    """*ports* as plain data; a name inside that is none means the name of the port."""
    if isinstance(ports, Mapping):
        return {port: inner if isinstance(inner, str) else port for port, inner in ports.items()}
    return None if ports is None else list(ports)


def _given(entry: Entry) -> Entry:
    """*entry* without what is not set."""
    return {key: value for key, value in entry.items() if value is not None}
