"""Questions about a DAG that run nothing and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fast_dag.errors import InvalidNodeError, MissingConnectionError
from fast_dag.graph.binding import bind
from fast_dag.graph.cycles import check_branch
from fast_dag.graph.graph import Graph
from fast_dag.graph.order import reached
from fast_dag.plan.plan import ENTER, LEAVE
from fast_dag.values import END
from fast_dag.workflow.inputs import merged, missing_inputs, starting_values

if TYPE_CHECKING:
    from fast_dag.workflow.workflow import Workflow


def reasons_against(
    graph: Graph, source: object, target: object, output: str | None, entry: str | None
) -> list[str]:
    """Why an edge from *source* to *target* cannot be drawn."""
    try:
        if isinstance(target, str) and target == END:
            check_branch(graph.node(source), output)
            return []
        wish = graph.wish(source, output, target, entry)
        end = wish.target
        taken = {edge.input for edge in graph.incoming[end.name]}
        edge = bind([wish], {end.name: set(taken)})[0]
    except (InvalidNodeError, MissingConnectionError) as error:
        return [str(error)]
    reasons = []
    if edge.input in taken and not end.collects and edge not in graph.edges:
        reasons.append(f"input {edge.input!r} of {end.name!r} is fed already")
    successors = {name: [each.target for each in edges] for name, edges in graph.outgoing.items()}
    start = wish.source
    if start.name in reached(end.name, successors):
        reasons.append(f"the edge would close a ring: {end.name!r} leads to {start.name!r}")
    return reasons


def dry_run(
    workflow: Workflow, inputs: Mapping[str, Any] | None, node_inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """What a run of *workflow* would do."""
    plan = workflow.plan()
    given = merged(inputs, node_inputs)
    values = starting_values(plan, given, complete=False)
    # Where cycles are entered and left no node runs.
    units = [unit for unit, kind in enumerate(plan.kinds) if kind not in (ENTER, LEAVE)]
    nodes = [plan.nodes[unit] for unit in units]
    return {
        "execution_order": [plan.names[unit] for unit in units],
        "entry_points": workflow.entry_points,
        "exit_points": workflow.exit_points,
        "inputs": given,
        "missing_inputs": [f"{node}.{name}" for node, name in missing_inputs(plan, values)],
        "nodes": {node.name: {"inputs": node.inputs, "outputs": node.outputs} for node in nodes},
    }
