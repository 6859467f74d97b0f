"""What a document holds of the cycles of a workflow, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.errors import CycleConfigurationError, NotSerializableError
from fast_dag.graph.binding import takes_whole
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.cycle_data import FunctionNames, Functions, as_data, from_data
from fast_dag.graph.cycles import Cycles, check_branch
from fast_dag.graph.deltas import DeltaPort, declared_delta
from fast_dag.graph.edge import FeedbackEdge
from fast_dag.graph.graph import Graph
from fast_dag.workflow.document import held, mapping, place_of_errors, plain, table, wrong

Entry = dict[str, Any]

KEYS = frozenset({"feedback", "cycles", "deltas", "ends"})
"""The keys of a workflow's table that tell of its cycles."""
EDGE = frozenset({"source", "target", "cycle"})
OF_EDGE = frozenset({"output", "input", "optional", "signal"})
END = frozenset({"node", "branch"})
DELTA = frozenset({"cycle", "node", "input"})
OF_DELTA = frozenset({"merge", "retain"})


@dataclass(slots=True)
class CyclesSketch:
    """The cycles of one workflow, looked at: feedback edges, settings by name, deltas, branches that end."""

    place: str
    edges: list[Entry]
    settings: dict[str, Entry]
    deltas: list[Entry]
    ends: list[Entry]


def cycles_entry(cycles: Cycles, names: FunctionNames) -> Entry:
    """What is stored of *cycles*, by the keys of the workflow's table; None where there is nothing.

    Raises:
        DocumentError: a cycle was begun and not built.
        NotSerializableError: settings that are no plain data, or a template.
    """
    if cycles.begun:
        names_begun = ", ".join(map(repr, cycles.begun))
        raise wrong(names_begun, "a cycle that was never built cannot be stored")
    if cycles.courses:
        made_of = ", ".join(map(repr, cycles.courses))
        msg = f"cycle {made_of} comes from a template, which cannot be stored: add it again after loading"
        raise NotSerializableError(msg)
    settings = {
        name: plain(config.to_dict(names=names), f"cycle {name!r}") for name, config in cycles.configs.items()
    }
    return {
        "feedback": [_edge_entry(edge) for edge in cycles.edges] or None,
        "cycles": settings or None,
        "deltas": [_delta_entry(port, names) for port in cycles.deltas.values()] or None,
        "ends": [{"node": name, "branch": label} for name, label in cycles.ended] or None,
    }


def cycles_sketch(entry: Entry, place: str, functions: Functions) -> CyclesSketch:
    """The cycles in the table of a workflow, every type right and every function looked up."""
    edges = held(entry, "feedback", list, place, [])
    settings = mapping(entry.get("cycles", {}), f"{place}.cycles")
    ends = held(entry, "ends", list, place, [])
    return CyclesSketch(
        place,
        [_edge_sketch(each, f"{place}.feedback[{index}]") for index, each in enumerate(edges)],
        {
            name: {
                key: from_data(value, f"{place}.cycles.{name}.{key}", functions)
                for key, value in mapping(fields, f"{place}.cycles.{name}").items()
            }
            for name, fields in settings.items()
        },
        [
            _delta_sketch(each, f"{place}.deltas[{index}]", functions)
            for index, each in enumerate(held(entry, "deltas", list, place, []))
        ],
        [_end_sketch(each, f"{place}.ends[{index}]") for index, each in enumerate(ends)],
    )


def declare(graph: Graph, sketch: CyclesSketch) -> None:
    """Draw the cycles of *sketch* in *graph*, which has the nodes and edges already.

    Raises:
        DocumentError: there are no such nodes or ports, or settings are wrong.
    """
    for index, edge in enumerate(sketch.edges):
        with place_of_errors(f"{sketch.place}.feedback[{index}]"):
            _draw(graph, edge)
    for name, fields in sketch.settings.items():
        with place_of_errors(f"{sketch.place}.cycles.{name}"):
            graph.cycles.begin(name, graph.nodes)
            graph.cycles.end(name, CycleConfig(**fields), ())
    for index, delta in enumerate(sketch.deltas):
        with place_of_errors(f"{sketch.place}.deltas[{index}]"):
            _declare_delta(graph, **delta)
    for index, end in enumerate(sketch.ends):
        with place_of_errors(f"{sketch.place}.ends[{index}]"):
            node = graph.node(end["node"])
            graph.cycles.ended[node.name, check_branch(node, end["branch"])] = None
    graph.touch()


def _draw(graph: Graph, edge: Entry) -> None:
    output = edge["output"] or None
    source = graph.node(edge["source"])
    if output is not None and takes_whole(source, output):
        output = None
    flags = {"optional": edge["optional"], "signal": edge["signal"]}
    graph.feed_back(source, output, edge["target"], edge["input"], edge["cycle"], **flags)


def _declare_delta(graph: Graph, cycle: str, node: str, input: str, *, merge: Any, retain: bool) -> None:
    if not graph.cycles.knows(cycle):
        msg = f"there is no cycle {cycle!r}{suggestion(cycle, graph.cycles.names)}"
        raise CycleConfigurationError(msg)
    port = declared_delta(graph.node(node), cycle, input, merge, retain=retain)
    graph.cycles.deltas[port.key] = port


def _delta_entry(port: DeltaPort, names: FunctionNames) -> Entry:
    merge = as_data(port.merge, f"merge of {port}", names)
    entry = {**port._asdict(), "merge": merge, "retain": port.retain or None}
    return {key: value for key, value in entry.items() if value is not None}


def _delta_sketch(value: Any, place: str, functions: Functions) -> Entry:
    entry = table(value, place, DELTA, OF_DELTA)
    texts = {key: held(entry, key, str, place) for key in ("cycle", "node", "input")}
    merge = from_data(entry.get("merge", "set"), f"{place}.merge", functions)
    return {**texts, "merge": merge, "retain": held(entry, "retain", bool, place, default=False)}


def _edge_entry(edge: FeedbackEdge) -> Entry:
    """The table of *edge*, without what is not set."""
    return {key: value for key, value in edge._asdict().items() if value not in ("", None, False)}


def _edge_sketch(value: Any, place: str) -> Entry:
    entry = table(value, place, EDGE, OF_EDGE)
    texts = {key: held(entry, key, str, place) for key in ("source", "target", "cycle", "output", "input")}
    return texts | {key: held(entry, key, bool, place, default=False) for key in ("optional", "signal")}


def _end_sketch(value: Any, place: str) -> Entry:
    entry = table(value, place, END)
    return {key: held(entry, key, str, place) for key in ("node", "branch")}
