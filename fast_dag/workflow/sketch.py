"""A document that has been looked at: every type is right, every function found; nothing is made yet."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fast_dag import errors
from fast_dag.checks import suggestion
from fast_dag.graph.edge import Edge, Facts
from fast_dag.graph.settings import NAMES, NodeSettings
from fast_dag.run.hooks import ARGUMENTS
from fast_dag.workflow import stored_cycles, stored_machine
from fast_dag.workflow.document import (
    FORMAT,
    KINDS,
    ORDINARY,
    VERSION,
    held,
    mapping,
    mismatch,
    place_of_errors,
    plain,
    table,
    texts,
    wrong,
)
from fast_dag.workflow.functions import FunctionRegistry
from fast_dag.workflow.stored_iterations import iteration_settings

T = TypeVar("T")
Function = Callable[..., Any]
Functions = dict[str, Function]

NOTHING: frozenset[str] = frozenset()
DOCUMENT = frozenset({"format", "version", "root", "workflows"})
WORKFLOW = (
    frozenset({"kind", "name", "nodes"}),
    frozenset({"description", "metadata", "cache_namespace", "edges", "hooks", "node_error_handlers"}),
)
OF_KIND = {"dag": stored_cycles.KEYS | {"autowire"}, "fsm": stored_machine.KEYS}
"""What only workflows of one kind have."""
OF_EVERY_NODE = frozenset({"outputs", "description", "metadata", "settings"})
FUNCTION_NODE = (frozenset({"name", "function", "inputs"}), OF_EVERY_NODE | {"node_type", "parameters"})
WORKFLOW_NODE = (frozenset({"name", "workflow"}), OF_EVERY_NODE | {"inputs", "error_strategy"})
OF_ITERATION = OF_EVERY_NODE - {"outputs"}
ITERATED = {kind: (frozenset({"name", kind, "iteration"}), OF_ITERATION) for kind in ("function", "workflow")}
EDGE, OPTIONAL = frozenset(Edge._fields), frozenset({"cycle", "optional"})
HOOKS = frozenset({"default", "nodes"})
EXCEPTIONS = {
    f"{module.__name__}:{name}": found
    for module in (builtins, errors)
    for name, found in vars(module).items()
    if isinstance(found, type) and issubclass(found, BaseException)
}
"""The exception classes that `retry_on` may name without a registry."""


@dataclass(slots=True)
class NodeSketch:
    """A node: around a *function* whose *parameters* are called *inputs*, or around the workflow *inner*.

    With settings of an *iteration* that goes round.
    """

    place: str
    name: str
    options: dict[str, Any]
    function: Function | None = None
    inputs: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    inner: str | None = None
    iteration: dict[str, Any] | None = None


@dataclass(slots=True)
class EdgeSketch:
    """An edge, whose ends may not exist."""

    place: str
    edge: Edge
    optional: bool


@dataclass(slots=True)
class Sketch:
    """A workflow."""

    place: str
    kind: str
    options: dict[str, Any]
    nodes: list[NodeSketch]
    edges: list[EdgeSketch]
    cycles: stored_cycles.CyclesSketch
    machine: stored_machine.MachineSketch
    default_hooks: Functions
    node_hooks: dict[str, Functions]
    handlers: Functions


def sketches_of(document: Any, registry: FunctionRegistry) -> tuple[str, dict[str, Sketch]]:
    """The id of the outermost workflow, and all workflows by id.

    Raises:
        DocumentError: the data is no document, or names functions that *registry* lacks.
    """
    entry = _checked_version(document, "the document")
    sketching = Sketching(registry)
    workflows = mapping(entry["workflows"], "workflows")
    sketches = {id: sketching.workflow(value, f"workflows.{id}") for id, value in workflows.items()}
    sketching.check("not in the registry")
    root = held(entry, "root", str, "the document")
    _check_inner(root, "root", sketches)
    for sketch in sketches.values():
        for node in sketch.nodes:
            _check_inner(node.inner, f"{node.place}.workflow", sketches)
    return root, sketches


class Sketching:
    """Looks at the tables of one document, and remembers the names that are not registered."""

    def __init__(self, registry: FunctionRegistry) -> None:
        self.registry = registry
        self.absent: dict[str, None] = {}

    def check(self, caption: str) -> None:
        """Raise a DocumentError under *caption* if some names are not registered."""
        if self.absent:
            listed = ", ".join(map(repr, self.absent))
            raise wrong(caption, f"{listed}; register functions under these names")

    def workflow(self, value: Any, place: str) -> Sketch:
        """One workflow."""
        kind = _kind(value, place)
        required, optional = WORKFLOW
        entry = table(value, place, required, optional | OF_KIND[kind])
        nodes, edges = held(entry, "nodes", list, place), held(entry, "edges", list, place, [])
        hooks = table(entry.get("hooks", {}), f"{place}.hooks", NOTHING, HOOKS)
        of_nodes = mapping(hooks.get("nodes", {}), f"{place}.hooks.nodes")
        handlers = mapping(entry.get("node_error_handlers", {}), f"{place}.node_error_handlers")
        return Sketch(
            place,
            kind,
            _workflow_options(entry, place, kind),
            [self.node(each, f"{place}.nodes[{index}]", ORDINARY[kind]) for index, each in enumerate(nodes)],
            [_edge(each, f"{place}.edges[{index}]") for index, each in enumerate(edges)],
            stored_cycles.cycles_sketch(entry, place, self.function),
            stored_machine.machine_sketch(entry, place, self.function),
            self.hooks(hooks.get("default", {}), f"{place}.hooks.default"),
            {name: self.hooks(each, f"{place}.hooks.nodes.{name}") for name, each in of_nodes.items()},
            self.functions(handlers, f"{place}.node_error_handlers"),
        )

    def node(self, value: Any, place: str, ordinary: str) -> NodeSketch:
        """One node, of the *ordinary* type unless it says something else."""
        is_nested = isinstance(value, dict) and "workflow" in value
        if isinstance(value, dict) and "iteration" in value:
            return self.iteration(value, place, "workflow" if is_nested else "function")
        entry = table(value, place, *(WORKFLOW_NODE if is_nested else FUNCTION_NODE))
        options = self.options(entry, place)
        name = held(entry, "name", str, place)
        if is_nested:
            return NodeSketch(place, name, options | _nested(entry, place), inner=entry["workflow"])
        inputs = texts(entry, "inputs", place)
        parameters = texts(entry, "parameters", place) or inputs
        if len(parameters) != len(inputs):
            raise wrong(place, f"{len(parameters)} parameters, but {len(inputs)} inputs")
        options["node_type"] = held(entry, "node_type", str, place, ordinary)
        options["outputs"] = texts(entry, "outputs", place)
        function = self.function(entry["function"], f"{place}.function")
        return NodeSketch(place, name, options, function, tuple(inputs), tuple(parameters))

    def iteration(self, value: Any, place: str, kind: str) -> NodeSketch:
        """A bounded iteration of a function or a workflow, which *kind* tells."""
        entry = table(value, place, *ITERATED[kind])
        name, body = held(entry, "name", str, place), held(entry, kind, str, place)
        settings = iteration_settings(name, entry["iteration"], f"{place}.iteration", self.function)
        made = NodeSketch(place, name, self.options(entry, place), iteration=settings)
        if kind == "workflow":
            made.inner = body
        else:
            made.function = self.function(body, f"{place}.function")
        return made

    def options(self, entry: dict[str, Any], place: str) -> dict[str, Any]:
        """What every node may have."""
        return {
            "description": held(entry, "description", str, place),
            "metadata": _metadata(entry, place),
            **self.settings(entry.get("settings", {}), f"{place}.settings"),
        }

    def settings(self, value: Any, place: str) -> dict[str, Any]:
        """The settings of a node, each of which is right."""
        entry = dict(table(value, place, NOTHING, NAMES))
        if "retry_on" in entry:
            names = texts(entry, "retry_on", place)
            entry["retry_on"] = tuple(each for each in map(self.exception, names) if each is not None)
        for name in ("cache_key", "cache_version"):
            if isinstance(entry.get(name), dict):
                called = table(entry[name], f"{place}.{name}", frozenset({"function"}))
                entry[name] = self.function(called["function"], f"{place}.{name}.function")
        held(entry, "cache_backend", str, place)
        for name, setting in entry.items():
            with place_of_errors(f"{place}.{name}"):
                NodeSettings(**{name: setting})
        return entry

    def hooks(self, value: Any, place: str) -> Functions:
        """The hooks of one node, or those for all."""
        return self.functions(table(value, place, NOTHING, frozenset(ARGUMENTS)), place)

    def functions(self, names: dict[str, Any], place: str) -> Functions:
        """The function for each key."""
        return {key: self.function(name, f"{place}.{key}") for key, name in names.items()}

    def function(self, name: Any, place: str) -> Any:
        """The function called *name*, None if it is not registered."""
        if not isinstance(name, str):
            raise mismatch(name, str, place)
        return self.found(name, self.registry.get(name))

    def exception(self, name: str) -> Any:
        """The exception class called *name*, None if it is neither registered nor one of ours or Python's."""
        return self.found(name, self.registry.get(name, EXCEPTIONS.get(name)))

    def found(self, name: str, value: T) -> T:
        """*value*; if there is none, the name is remembered."""
        if value is None:
            self.absent[name] = None
        return value


def _checked_version(document: Any, place: str) -> dict[str, Any]:
    if isinstance(document, dict) and document.get("format") != FORMAT:
        raise wrong(place, f"its format is not {FORMAT!r}, so it is something else")
    entry = table(document, place, DOCUMENT)
    if isinstance(entry["version"], bool) or entry["version"] != VERSION:
        raise wrong(place, f"its version is not {VERSION}, the only one this fast_dag reads")
    return entry


def _kind(value: Any, place: str) -> str:
    """The kind of a workflow, on which it depends what its table may hold."""
    if isinstance(value, dict) and "kind" not in value:
        # Everything else that is wrong with its keys is told as well.
        table(value, place, *WORKFLOW)
    kind = held(mapping(value, place), "kind", str, place)
    if kind in KINDS:
        return kind
    known = ", ".join(map(repr, KINDS))
    raise wrong(place, f"the kind {kind!r} is unknown; known are {known}{suggestion(kind, KINDS)}")


def _workflow_options(entry: dict[str, Any], place: str, kind: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        "name": held(entry, "name", str, place),
        "description": held(entry, "description", str, place),
        "metadata": _metadata(entry, place),
    }
    if kind == "dag":
        options["autowire"] = held(entry, "autowire", bool, place, default=False)
    else:
        options |= stored_machine.limits(entry, place)
    namespace = held(entry, "cache_namespace", str, place)
    return options if namespace is None else {**options, "cache_namespace": namespace}


def _nested(entry: dict[str, Any], place: str) -> dict[str, Any]:
    """What only a node around a workflow has; its *inputs* may be a list of names or a table of them."""
    held(entry, "workflow", str, place)
    options: dict[str, Any] = {}
    if isinstance(entry.get("inputs"), dict):
        ports = mapping(entry["inputs"], f"{place}.inputs")
        options["inputs"] = {port: held(ports, port, str, f"{place}.inputs") for port in ports}
    elif "inputs" in entry:
        options["inputs"] = texts(entry, "inputs", place)
    if "outputs" in entry:
        options["outputs"] = texts(entry, "outputs", place)
    if "error_strategy" in entry:
        options["error_strategy"] = held(entry, "error_strategy", str, place)
    return options


def _edge(value: Any, place: str) -> EdgeSketch:
    entry = table(value, place, EDGE, OPTIONAL)
    edge = Edge(*(held(entry, name, str, place) for name in Edge._fields))
    if "cycle" in entry:
        edge = edge._replace(output=Facts(held(entry, "cycle", str, place), edge.output))
    return EdgeSketch(place, edge, held(entry, "optional", bool, place, default=False))


def _metadata(entry: dict[str, Any], place: str) -> dict[str, Any]:
    made: dict[str, Any] = plain(held(entry, "metadata", dict, place, {}), f"{place}.metadata")
    return made


def _check_inner(inner: str | None, place: str, sketches: dict[str, Sketch]) -> None:
    if inner is not None and inner not in sketches:
        raise wrong(place, f"there is no workflow {inner!r}{suggestion(inner, sketches)}")
