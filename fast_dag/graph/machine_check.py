"""What can be wrong with a machine: where it begins, where its states lead, whether it can end."""

from __future__ import annotations

from collections.abc import Iterator

from fast_dag.checks import suggestion
from fast_dag.graph.check import (
    Problem,
    Severity,
    crowded_inputs,
    exit_problem,
    impossible_maps,
    type_mismatches,
    unknown_cache_keys,
)
from fast_dag.graph.graph import Graph
from fast_dag.graph.machine import Machine, listed
from fast_dag.graph.ways_out import (
    Outgoing,
    exit_problems,
    ignored_edges,
    undeclared_routers,
    undeclared_text,
)
from fast_dag.values import END, NodeType

STATES = (NodeType.FSM_STATE, NodeType.DAG, NodeType.FSM)


def machine_problems(
    graph: Graph,
    machine: Machine,
    *,
    is_bounded: bool = False,
    check_types: bool = False,
    strict_routers: bool = False,
) -> list[Problem]:
    """Every problem of a machine, errors and warnings.

    Parameters:
        graph: its states, and the edges that bring values from one to another.
        machine: its transitions.
        is_bounded: whether a limit ends it as it is meant to: rings without a way out are warnings.
        check_types: compare the annotations along each edge.
        strict_routers: routers without declared targets are warnings.
    """
    if not graph.nodes:
        return [Problem(f"{graph.name!r} has no states", kind="empty")]
    outgoing = {name: machine.outgoing(node) for name, node in graph.nodes.items()}
    found = [
        *initial_states(graph, machine),
        *unknown_states(graph, machine),
        *several_successors(machine),
        *unfit_nodes(graph),
        *crowded_inputs(graph),
        *unknown_cache_keys(graph),
        *impossible_maps(graph),
    ]
    severity: Severity = "warning" if is_bounded else "error"
    found += [exit_problem(each, severity) for each in exit_problems(outgoing)]
    found += [Problem(text, kind="transition", severity="warning") for text in ignored_edges(outgoing)]
    found += unused_transitions(machine)
    if strict_routers:
        found += undeclared_targets(outgoing)
    if check_types:
        found += type_mismatches(graph)
    return found


def initial_states(graph: Graph, machine: Machine) -> Iterator[Problem]:
    """No state to begin with, or several."""
    if not machine.initial:
        names = ", ".join(list(graph.nodes)[:5])
        text = f"{graph.name!r} has no initial state: make one of its states initial=True ({names})"
        yield Problem(text, kind="initial")
    elif len(machine.initial) > 1:
        names = ", ".join(machine.initial)
        text = f"{graph.name!r} has several initial states ({names}): leave initial=True to one of them"
        yield Problem(text, kind="initial", nodes=list(machine.initial))


def unknown_states(graph: Graph, machine: Machine) -> Iterator[Problem]:
    """Names that no state has."""
    if machine.names(graph.nodes) <= graph.nodes.keys():
        return
    named = [*(("initial state", name) for name in machine.initial)]
    named += [("terminal state", name) for name in machine.terminal]
    for each in machine.transitions(graph.nodes):
        named.append(("source of a transition", each.source))
        targets = each.targets or () if each.target is None else (each.target,)
        named += [(f"target of a transition from {each.source!r}", target) for target in targets]
    for what, name in dict.fromkeys(named):
        if name not in graph.nodes and not (name == END and what.startswith("target")):
            near = suggestion(name, [*graph.nodes, END])
            text = f"the {what}, {name!r}, is no state of {graph.name!r}: add it, or name another{near}"
            yield Problem(text, kind="unknown")


def several_successors(machine: Machine) -> Iterator[Problem]:
    """Several plain transitions from one state, which can go to one of them only."""
    for name, targets in machine.always.items():
        if len(targets) > 1:
            text = (
                f"state {name!r} has several unconditional transitions (to {listed(targets)}): leave one, "
                "or choose with add_conditional_transition"
            )
            yield Problem(text, kind="transition", nodes=[name])


def unfit_nodes(graph: Graph) -> Iterator[Problem]:
    """Nodes that mean something in a DAG only, and streams between states."""
    for name, node in graph.nodes.items():
        if node.node_type not in STATES:
            text = (
                f"{name!r} is a {node.node_type} node, which a state machine has no use for: make it a state"
            )
            yield Problem(text, kind="state", nodes=[name])
        if node.settings.stream in ("once", "tee"):
            text = f"state {name!r} has stream={node.settings.stream!r}: states hand on values; use 'list'"
            yield Problem(text, kind="stream", nodes=[name])


def unused_transitions(machine: Machine) -> Iterator[Problem]:
    """Transitions from terminal states, which are never taken."""
    for name in machine.terminal:
        targets = list(machine.always.get(name, ())) + list(machine.named.get(name, ()))
        if targets:
            text = f"transitions from {name!r} (to {listed(targets)}) are never taken, because it is terminal"
            yield Problem(text, kind="transition", nodes=[name], severity="warning")
        if name in machine.routers:
            text = f"the router of {name!r} is never asked, because it is terminal"
            yield Problem(text, kind="transition", nodes=[name], severity="warning")


def undeclared_targets(outgoing: dict[str, Outgoing]) -> Iterator[Problem]:
    """States that may go anywhere, as far as the definition tells."""
    for name in undeclared_routers(outgoing):
        yield Problem(undeclared_text(name), kind="transition", nodes=[name], severity="warning")
