"""Delta variables of cycles as they were declared, and what can be wrong with them."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fast_dag.checks import suggestion
from fast_dag.errors import CycleConfigurationError, MissingConnectionError, UnknownNodeError
from fast_dag.graph.arity import arity
from fast_dag.graph.binding import chosen_input
from fast_dag.graph.settings import check_bool
from fast_dag.graph.signature import DELTA, is_async_function

if TYPE_CHECKING:
    from fast_dag.graph.edge import Edge
    from fast_dag.graph.graph import Graph
    from fast_dag.graph.loops import Cycle
    from fast_dag.graph.node import Node

MERGES = ("set", "min", "max")
BUILT_IN = {builtins.set: "set", builtins.min: "min", builtins.max: "max"}

Merge = str | Callable[[Any, Any], Any]


class DeltaPort(NamedTuple):
    """An input of which a cycle feeds back only what is new."""

    cycle: str
    node: str
    input: str
    merge: Merge = "set"
    """How facts come together: one of `MERGES`, or a function of two values of a key."""
    retain: bool = False
    """Whether the facts outlive an epoch."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What no other delta variable has: cycle, node and input."""
        return self[:3]

    def __str__(self) -> str:
        return f"delta variable {self.input!r} of {self.node!r} in cycle {self.cycle!r}"


def checked_port(port: DeltaPort) -> DeltaPort:
    """*port* with a merge that is known.

    Raises:
        CycleConfigurationError: nothing can be merged so, or *retain* is no bool.
    """
    merge: Any = port.merge
    try:
        merge = BUILT_IN.get(merge, merge)
    except TypeError:  # it cannot even be looked up
        merge = port.merge
    takes_two = callable(merge) and arity(merge, 2, 2) is not None
    is_known = merge in MERGES if isinstance(merge, str) else takes_two
    if not is_known:
        near = suggestion(merge, MERGES) if isinstance(merge, str) else ""
        msg = f"merge of {port} must be 'set', min, max or a function of two values, got {merge!r}{near}"
        raise CycleConfigurationError(msg)
    if not isinstance(merge, str) and is_async_function(merge):
        msg = f"merge of {port} must be a plain function, got the async {merge!r}"
        raise CycleConfigurationError(msg)
    try:
        check_bool("retain", port.retain)
    except ValueError as error:
        msg = f"{port}: {error}"
        raise CycleConfigurationError(msg) from None
    return port._replace(merge=merge)


def declared_delta(
    node: Node[..., Any], cycle: str, entry: str | None, merge: Merge, *, retain: bool
) -> DeltaPort:
    """The delta variable of *cycle* at the input *entry* of *node*, None: the one that is annotated so.

    Raises:
        MissingConnectionError: there is no such input; or none is given, and not just one is annotated.
        CycleConfigurationError: as `checked_port`.
    """
    if entry is None:
        marked = [parameter.name for parameter in node.signature.inputs if parameter.injects == DELTA]
        if len(marked) != 1:
            found = f"{', '.join(marked)} are" if marked else "no parameter is"
            msg = (
                f"delta variable of {node.name!r} in cycle {cycle!r}: {found} annotated as Delta: say input="
            )
            raise MissingConnectionError(msg)
        (entry,) = marked
    return checked_port(DeltaPort(cycle, node.name, chosen_input(node, entry), merge, retain))


def facts_port(ports: Collection[DeltaPort], cycle: str, output: str | None) -> DeltaPort:
    """The delta variable of *cycle* that an edge from its *output* takes the facts of.

    Raises:
        UnknownNodeError: it has none.
        MissingConnectionError: it has none of that name, or several and none is named.
    """
    own = [port for port in ports if port.cycle == cycle]
    named = [port for port in own if output in (None, port.input, f"{port.node}.{port.input}")]
    if len(named) == 1:
        return named[0]
    if not own:
        msg = f"{cycle!r} is a cycle without delta variables: connect a node of its body, or give it one"
        raise UnknownNodeError(msg)
    names = [port.input for port in own]
    known = [
        name if names.count(name) == 1 else f"{port.node}.{name}"
        for port, name in zip(own, names, strict=True)
    ]
    asked = (
        f"is no output{suggestion(output, known)}" if output is not None and not named else "may mean several"
    )
    msg = f"{output!r} of cycle {cycle!r} {asked}; its delta variables: {', '.join(known)}"
    raise MissingConnectionError(msg)


def facts_key(edge: Edge) -> tuple[str, str, str]:
    """The key of the delta variable whose facts *edge* takes."""
    facts: Any = edge.output
    return facts.cycle, edge.source, facts.input


def delta_faults(graph: Graph, cycles: Sequence[Cycle]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is wrong with the delta variables of *cycles*, which are sound else: texts, and the nodes."""
    by_name = {cycle.name: cycle for cycle in cycles}
    for port in graph.cycles.deltas.values():
        cycle = by_name.get(port.cycle)
        if cycle is not None:
            for text in _wrong_with(graph, port, cycle):
                yield f"{port} {text}", (port.node,)
    for edge in graph.edges:
        cycle = by_name.get(edge.cycle)
        if edge.cycle and facts_key(edge) not in graph.cycles.deltas:
            entry = facts_key(edge)[2]
            text = f"{edge.target!r} takes {entry!r} of cycle {edge.cycle!r}, which has no such delta"
            yield (
                f"{text}: disconnect it, or declare delta({edge.source!r}, input={entry!r})",
                (edge.target,),
            )
        elif cycle is not None and edge.target in cycle.nodes:
            text = (
                f"{edge.target!r} takes {edge.output!r} of cycle {edge.cycle!r}, in the body of which it lies"
            )
            yield f"{text}: take it from a delta, whose all has every fact so far", (edge.target,)


def stray_deltas(graph: Graph) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Parameters annotated as a delta that no cycle has a delta variable for.

    A node may pass its delta on: what a forward edge alone feeds is left alone.
    """
    declared = {(port.node, port.input) for port in graph.cycles.deltas.values()}
    fed_back = {edge.target for edge in graph.cycles.edges}
    annotated = (
        (name, parameter.name)
        for name, node in graph.nodes.items()
        for parameter in node.signature.inputs
        if parameter.injects == DELTA
    )
    for name, entry in annotated:
        is_passed_on = name not in fed_back and any(edge.input == entry for edge in graph.incoming[name])
        if (name, entry) not in declared and not is_passed_on:
            text = f"{entry!r} of {name!r} is a Delta, but no cycle has such a delta variable"
            yield f"{text}: declare delta({name!r}, input={entry!r}) in its cycle", (name,)


def _wrong_with(graph: Graph, port: DeltaPort, cycle: Cycle) -> Iterator[str]:
    node = graph.nodes[port.node]
    feeding = [edge for edge in cycle.edges if (edge.target, edge.input) == (port.node, port.input)]
    if not feeding:
        yield f"is fed by no feedback edge: draw feedback(source, {port.node!r}, input={port.input!r})"
    if node.is_router or node.collects:
        yield "belongs to a node that chooses or joins: let a plain node take it"
    if node.settings.cached or node.settings.map is not None:
        yield "belongs to a cached node or a map: let a plain node take it"
    if port.retain and cycle.parent is not None:
        yield f"cannot be retained, as its cycle begins anew in {cycle.parent!r}: leave out retain=True"
