"""One small function per rule; each yields the problems it finds in a graph."""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Self

from fast_dag.checks import suggestion
from fast_dag.errors import (
    CycleConfigurationError,
    CycleConnectionError,
    CycleError,
    DisconnectedNodeError,
    MissingConnectionError,
    ValidationError,
)
from fast_dag.graph.binding import takes_whole
from fast_dag.graph.graph import Graph
from fast_dag.graph.hints import Hints, Items
from fast_dag.graph.node import CONDITION_BRANCHES, JOINS, Node
from fast_dag.graph.order import rings
from fast_dag.graph.signature import is_generator_function
from fast_dag.graph.ways_out import WayOutProblem, invalid
from fast_dag.values import NodeType

Severity = Literal["error", "warning"]
Rule = Callable[[Graph], Iterator["Problem"]]

CLASSES: dict[str, type[ValidationError]] = {
    "disconnected": DisconnectedNodeError,
    "feedback": CycleConnectionError,
    "feedback_input": MissingConnectionError,
    "cycle_config": CycleConfigurationError,
}
"""What is raised if all errors are of one kind."""

EXIT_KINDS = ("pure_cycle", "self_loop", "router_cannot_exit", "decision_free_subcycle")
"""Kinds of rings that lack a way out."""


class Problem(str):
    """One finding of a check: its text, with `severity`, `kind` and the `nodes` it concerns."""

    __slots__ = ("__dict__",)
    severity: Severity
    kind: str
    nodes: tuple[str, ...]
    error: ValidationError | None = None
    """The error it was found by, to be raised if it is the only one."""

    def __new__(  # noqa: D102 - the class says it
        cls, text: str, *, kind: str, nodes: Sequence[str] = (), severity: Severity = "error"
    ) -> Self:
        problem = super().__new__(cls, text)
        problem.severity, problem.kind, problem.nodes = severity, kind, tuple(nodes)
        return problem

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (str(self),), {"kind": self.kind, "nodes": self.nodes, "severity": self.severity}

    @property
    def message(self) -> str:
        """The text."""
        return str(self)

    @property
    def ring(self) -> tuple[str, ...]:
        """Of a ring without a way out its nodes, the first one repeated."""
        return self.nodes


def exit_problem(found: WayOutProblem, severity: Severity = "error") -> Problem:
    """A breach of the rules about ways out, as a problem of a definition."""
    return Problem(found.message, kind=found.kind, nodes=found.ring, severity=severity)


def problems(
    graph: Graph, *, check_types: bool = False, allow_disconnected: bool = True, strict_routers: bool = False
) -> list[Problem]:
    """Every problem of *graph*, errors and warnings."""
    if not graph.nodes:
        return [Problem(f"{graph.name!r} has no nodes", kind="empty")]
    rules: list[Rule] = [
        undeclared_rings,
        crowded_inputs,
        repeated_aliases,
        unwired_branches,
        unknown_cache_keys,
        impossible_maps,
        shared_streams,
    ]
    found = [problem for rule in rules for problem in rule(graph)]
    found += disconnected(graph, "warning" if allow_disconnected else "error")
    if strict_routers:
        found += undeclared_branches(graph)
    if check_types:
        found += type_mismatches(graph)
    return found


def error_for(graph: Graph, found: Sequence[Problem]) -> ValidationError | None:
    """One error that holds all *found* errors, of the class of their kind if they are of one kind."""
    errors = [problem for problem in found if problem.severity == "error"]
    if not errors:
        return None
    exits = [problem for problem in errors if problem.kind in EXIT_KINDS]
    if exits:
        return invalid(graph.name, [problem for problem in errors if problem not in exits], exits)
    if len(errors) == 1 and errors[0].error is not None:
        return errors[0].error
    texts = [problem.message for problem in errors]
    kinds = {problem.kind for problem in errors}
    if kinds <= {"cycle", "overlap"}:
        found_rings = [list(problem.nodes) for problem in errors if problem.kind == "cycle"]
        return CycleError(texts, graph.name, found_rings)
    error_class = (
        CLASSES[errors[0].kind] if len(kinds) == 1 and errors[0].kind in CLASSES else ValidationError
    )
    return error_class(texts, graph.name)


def undeclared_rings(graph: Graph) -> Iterator[Problem]:
    """Forward edges that form a ring."""
    successors = {name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()}
    for ring in rings(list(graph.nodes), successors):
        yield Problem(ring_text(ring), kind="cycle", nodes=ring)


def ring_text(ring: Sequence[str]) -> str:
    """What to say of forward edges that form *ring*, whose first node stands at the end again."""
    last, first = ring[-2], ring[0]
    return (
        f"nodes form a cycle that nobody declared: {' -> '.join(ring)}; hint: name the edge that carries the "
        f"previous iteration's value, such as dag.feedback({last!r}, {first!r}, cycle='...') in the place of "
        f"{last} -> {first}, with a condition that has an exit; or use dag.iterate"
    )


def crowded_inputs(graph: Graph) -> Iterator[Problem]:
    """Several forward edges into one input of a node that does not join them."""
    for name, node in graph.nodes.items():
        if len(graph.incoming[name]) <= 1 or node.collects:
            continue
        sources: dict[str, list[str]] = {}
        for edge in graph.incoming[name]:
            sources.setdefault(edge.input, []).append(edge.source)
        for entry, names in sources.items():
            if len(names) > 1:
                remedy = "name another input" if node.node_type in JOINS else "use @dag.any"
                listed = ", ".join(names)
                text = f"input {entry!r} of {name!r} has several connections ({listed}); {remedy}"
                yield Problem(text, kind="input", nodes=[name, *names])


def repeated_aliases(graph: Graph) -> Iterator[Problem]:
    """Two values that would share a key of the dict an any or all node is given."""
    for name, node in graph.nodes.items():
        if node.collects != "dict":
            continue
        for alias, count in Counter(edge.input for edge in graph.incoming[name]).items():
            if count > 1:
                text = f"{name!r} is given {alias!r} {count} times: tell them apart with input='...'"
                yield Problem(text, kind="alias", nodes=[name])


def unknown_cache_keys(graph: Graph) -> Iterator[Problem]:
    """Names in a cache_key that no input has."""
    for name, node in graph.nodes.items():
        key = node.settings.cache_key
        if key is None or callable(key) or node.signature.takes_any_name:
            continue
        for entry in key:
            if entry not in node.inputs:
                text = f"cache_key of {name!r} names {entry!r}, but {_inputs_of(node, entry)}"
                yield Problem(text, kind="cache", nodes=[name])


def impossible_maps(graph: Graph) -> Iterator[Problem]:
    """Maps over what is no input, and of nodes that are to choose or to join, or are states."""
    for name, node in graph.nodes.items():
        over = node.settings.map
        if over is None:
            continue
        if node.is_router or node.node_type in (*JOINS, NodeType.FSM_STATE):
            text = f"{name!r} cannot be a map: {node.node_type} nodes run once; use a node of its own for it"
            yield Problem(text, kind="map", nodes=[name])
        elif over not in node.inputs and not node.signature.takes_any_name:
            text = f"{name!r} maps over {over!r}, but {_inputs_of(node, over)}"
            yield Problem(text, kind="map", nodes=[name])


def shared_streams(graph: Graph) -> Iterator[Problem]:
    """Generator functions whose items several nodes want, each of them all."""
    for name, node in graph.nodes.items():
        settings = node.settings
        targets = dict.fromkeys(edge.target for edge in graph.outgoing[name] if not edge.cycle)
        is_single = len(targets) > 1 and settings.stream in (None, "once") and settings.map is None
        if is_single and is_generator_function(node.func):
            yield Problem(shared_text(name, list(targets)), kind="stream", nodes=[name, *targets])


def shared_text(producer: str, readers: Sequence[str]) -> str:
    """What to say of a stream that several nodes want to read."""
    return f"{producer!r} is a stream with consumers {', '.join(readers)}; use stream='tee' or 'list'"


def unwired_branches(graph: Graph) -> Iterator[Problem]:
    """Branches of routers that lead nowhere; legal, since nothing has to follow."""
    apart: dict[str, set[str]] = {}
    for name, label in graph.cycles.branches():
        apart.setdefault(name, set()).add(label)
    for name, node in graph.nodes.items():
        if not node.is_router:
            continue
        wired = {edge.output for edge in graph.outgoing[name]} | apart.get(name, set())
        known = CONDITION_BRANCHES if node.node_type is NodeType.CONDITIONAL else node.declared_outputs
        for label in known:
            if label not in wired:
                text = f"branch {label!r} of {name!r} is not connected"
                yield Problem(text, kind="branch", nodes=[name], severity="warning")
        if not wired and not known:
            text = f"no branch of {name!r} is connected"
            yield Problem(text, kind="branch", nodes=[name], severity="warning")


def undeclared_branches(graph: Graph) -> Iterator[Problem]:
    """Select nodes that may answer anything, as far as the definition tells."""
    for name, node in graph.nodes.items():
        if node.node_type is NodeType.SELECT and not node.declared_outputs:
            text = f"branches of {name!r} are not declared; give outputs=[...] to have them checked"
            yield Problem(text, kind="branch", nodes=[name], severity="warning")


def disconnected(graph: Graph, severity: Severity) -> Iterator[Problem]:
    """Nodes without any edge, in a graph of several nodes."""
    if len(graph.nodes) < 2:  # noqa: PLR2004 - one node alone is connected with all there is
        return
    for name in graph.nodes:
        if not graph.incoming[name] and not graph.outgoing[name]:
            text = f"node {name!r} is not connected to any other"
            yield Problem(text, kind="disconnected", nodes=[name], severity=severity)


def type_mismatches(graph: Graph) -> Iterator[Problem]:
    """Edges whose source cannot give what their target takes, as far as annotations tell."""
    hints = {name: Hints(node) for name, node in graph.nodes.items()}
    for edge in graph.edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        if edge.cycle or not takes_whole(source, edge.output) or target.collects:
            continue
        given, taken = hints[edge.source].given(), hints[edge.target].taken(edge.input)
        if not compatible(given, taken):
            shown = hints[edge.source].returned if given is Items else given
            text = (
                f"type mismatch {edge.source}.{edge.output}: {_shown(shown)} -> "
                f"{edge.target}.{edge.input}: {_shown(taken)}"
            )
            yield Problem(text, kind="type", nodes=[edge.source, edge.target])


def compatible(given: Any, taken: Any) -> bool:
    """Whether a value annotated *given* may go where *taken* is wanted; unknown types always may."""
    if given in (Any, inspect.Parameter.empty) or taken in (Any, object, inspect.Parameter.empty):
        return True
    if typing.get_origin(given) in (typing.Union, types.UnionType):
        return all(compatible(each, taken) for each in typing.get_args(given))
    if typing.get_origin(taken) in (typing.Union, types.UnionType):
        return any(compatible(given, each) for each in typing.get_args(taken))
    return _subclass(_class_of(given), _class_of(taken))


def _inputs_of(node: Node[..., Any], wanted: str) -> str:
    """The inputs *node* has, and the one that may have been *wanted*."""
    listed = ", ".join(map(repr, node.inputs))
    return f"its inputs are {listed}{suggestion(wanted, node.inputs)}" if listed else "it has no inputs"


def _class_of(annotation: Any) -> Any:
    return type(None) if annotation is None else typing.get_origin(annotation) or annotation


def _subclass(given: Any, taken: Any) -> bool:
    if not isinstance(given, type) or not isinstance(taken, type):
        return True
    if given in (int, bool) and taken in (float, complex):
        return True
    if taken is collections.abc.Callable:
        return True
    try:
        return issubclass(given, taken)
    except TypeError:  # a protocol with data members cannot be asked
        return True


def _shown(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
