"""What a run must give, in the plainest words: one loop over the nodes, no threads, no speed.

Written from the contract alone; the only thing of the library that it ever sees is the NO_DATA it is handed.
"""

from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from tests.properties.description import ECHO, REQUIRED, Edge, Graph, Node

ROUTERS = ("condition", "select")


@dataclass
class Outcome:
    """What a run gives; *passed* is what flows on, *raised* the node whose error ended the run."""

    order: list[str]
    results: dict[str, Any] = field(default_factory=dict)
    passed: dict[str, Any] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    branches: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    raised: str | None = None
    value: Any = None


def interpret(graph: Graph, strategy: str, no_data: object) -> Outcome:
    """Run *graph* node by node, in its topological order."""
    run, nodes = Outcome(order_of(graph)), {node.name: node for node in graph.nodes}
    for node in (nodes[name] for name in run.order):
        if is_skipped(node, graph, run):
            run.skipped.add(node.name)
            continue
        run.attempts[node.name] = min(node.failures + 1, node.retry)
        if error := error_of(node, graph):
            run.failed[node.name] = error
            if strategy == "fail_fast":
                run.raised = node.name
                return run
            if strategy == "continue_none":
                run.results[node.name] = None
                run.passed |= {} if node.kind in ROUTERS else {node.name: None}
        else:
            finish(node, arguments_of(node, graph, run), graph, run, no_data)
    executed = [name for name in run.order if name in run.results and name not in run.failed]
    exits = [name for name in executed if not graph.out_of(name)]
    run.value = run.results[exits[-1]] if exits else None
    return run


def order_of(graph: Graph) -> list[str]:
    """The order that always takes the earliest-inserted node whose sources are all placed."""
    waiting, order = [node.name for node in graph.nodes], []
    while waiting:
        order.append(next(n for n in waiting if not any(edge.source in waiting for edge in graph.into(n))))
        waiting.remove(order[-1])
    return order


def is_skipped(node: Node, graph: Graph, run: Outcome) -> bool:
    """Whether dead edges keep the node from running; a node that nothing feeds always runs."""
    edges = graph.into(node.name)
    dead = [edge for edge in edges if not is_live(edge, run)]
    required = {parameter.name for parameter in node.parameters if parameter.default == REQUIRED}
    if node.kind == "all":
        return bool(dead)
    starved = node.kind != "any" and any(edge.input in required for edge in dead)
    return bool(edges) and (starved or dead == edges)


def is_live(edge: Edge, run: Outcome) -> bool:
    """Whether the edge carries a value: something was passed, on this branch, and holds this output."""
    if edge.source not in run.passed:
        return False
    if edge.source in run.branches:
        return edge.output == run.branches[edge.source]
    return not is_selection(edge, run) or edge.output in run.passed[edge.source]


def is_selection(edge: Edge, run: Outcome) -> bool:
    """Whether the edge takes a part of the value; branches and the output "result" carry all of it."""
    return edge.output not in (None, "result") and edge.source not in run.branches


def error_of(node: Node, graph: Graph) -> str | None:
    """The class name of the node's last error, if its attempts or its branches run out."""
    if node.failures >= node.retry:
        return node.error.__name__
    wired = {edge.output for edge in graph.out_of(node.name)}
    unknown = node.kind == "select" and node.branch not in {*wired, *node.declared}
    return "RouterError" if unknown and "default" not in wired else None


def arguments_of(node: Node, graph: Graph, run: Outcome) -> dict[str, Any]:
    """Edge before run input before default; an any node hears the live source that is first in the order."""
    edges = graph.into(node.name)
    live = [edge for edge in edges if is_live(edge, run)]
    if node.kind == "any":
        winner = min((edge.source for edge in live), key=run.order.index)
        live = [edge for edge in live if edge.source == winner][: 1 if node.gather else None]
    if node.gather:
        return {node.parameters[0].name: gathered(node.gather, live, run)}
    defaults = {parameter.name: parameter.default for parameter in node.parameters}
    absent = {name: None if value == REQUIRED else value for name, value in defaults.items()}
    unfed = absent.keys() - {edge.input for edge in edges}
    given = {name: value for name, value in graph.inputs.items() if name in unfed}
    return absent | given | {edge.input: delivered(edge, run) for edge in live}


def gathered(gather: str, live: list[Edge], run: Outcome) -> Any:
    """What the only parameter of an any or all node gets: a dict, a list, or the value itself."""
    values = [delivered(edge, run) for edge in live]
    if gather == "dict":
        return dict(zip([edge.input or edge.source for edge in live], values, strict=True))
    return values if gather == "list" or len(values) > 1 else values[0]


def delivered(edge: Edge, run: Outcome) -> Any:
    """The value that a live edge carries."""
    value = run.passed[edge.source]
    return value[edge.output] if is_selection(edge, run) else value


def finish(node: Node, arguments: dict[str, Any], graph: Graph, run: Outcome, no_data: object) -> None:
    """Note what a call gives: result and value passed on, of a router also the branch taken."""
    result = passed = echo(node.name, arguments) if node.gives == ECHO else node.gives
    if node.kind in ROUTERS:
        known = {*node.declared, *(edge.output for edge in graph.out_of(node.name)), "true", "false"}
        run.branches[node.name] = node.branch if node.branch in known else "default"
    if node.plain_bool:
        result = node.branch == "true"
        passed = arguments[node.parameters[0].name] if node.parameters else result
    if result is not no_data:
        run.results[node.name], run.passed[node.name] = result, passed


def echo(name: str, arguments: dict[str, Any]) -> str:
    """A text that tells different arguments apart, and does not grow along a chain."""
    text = ", ".join(f"{key}={value!r}" for key, value in sorted(arguments.items()))
    return f"{name}({text if len(text) < 40 else format(crc32(text.encode()), 'x')})"
