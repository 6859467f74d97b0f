"""What can be wrong with the cycles of a DAG."""

from __future__ import annotations

from fast_dag.graph.attached import unattachable, with_attached
from fast_dag.graph.check import Problem, exit_problem
from fast_dag.graph.cycle_exits import cycle_exits
from fast_dag.graph.deltas import stray_deltas
from fast_dag.graph.graph import Graph
from fast_dag.graph.loops import cycles_of


def cycle_problems(graph: Graph) -> list[Problem]:
    """Cycles that are not drawn as cycles can be, those that nothing ends, and deltas without a cycle."""
    stray = [Problem(text, kind="cycle_config", nodes=nodes) for text, nodes in stray_deltas(graph)]
    if not graph.cycles:
        return stray
    cycles, faults = cycles_of(graph)
    faults += unattachable(graph, cycles)
    cycles = with_attached(graph, cycles)
    found = [Problem(fault.text, kind=fault.kind, nodes=fault.nodes) for fault in faults]
    return stray + found + [exit_problem(each) for each in cycle_exits(graph, cycles)]
