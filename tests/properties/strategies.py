"""Random acyclic graphs as plain data, and the real DAG of each."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import anyio.lowlevel
from hypothesis import strategies as st

from fast_dag import DAG, NO_DATA, ConditionalReturn, Context, SelectReturn
from tests.properties.description import ECHO, REQUIRED, Edge, Graph, Node, Parameter
from tests.properties.reference import echo

Draw = Callable[[st.SearchStrategy[Any]], Any]
Port = tuple[str, str | None, bool]

ALWAYS = 1000
FAILS = 5
FREE = ("x", "y", "z")
VALUES = (None, 0, False, "", [], {}, 7, "text")
DICTS = ({"low": 0, "high": None}, {"low": "", "high": {"low": 1}}, {"low": [], "high": 2, "result": 3})
BRANCHES = {"condition": ("true", "false"), "select": ("left", "right", "default")}
GATHERING = (
    Parameter("data", gather="dict"),
    Parameter("inputs", gather="dict"),
    Parameter("parts", gather="dict", annotation="dict"),
    Parameter("items", gather="list", annotation="list"),
    Parameter("value", gather="one"),
)

# Made once: a strategy that is made anew for each draw costs more than the draw.
coin = st.booleans()
habits = st.sampled_from([st.just(False), coin, st.just(True)])
sizes = st.integers(1, 14)
dice = st.integers(0, FAILS)
counts = st.integers(0, 3)
backwards = st.integers(0, 13)
kinds = st.sampled_from(["standard"] * 6 + ["condition", "condition", "select", "any", "any", "all", "all"])
values = st.sampled_from(VALUES)
gifts = st.sampled_from([*[ECHO] * 6, *VALUES, *DICTS, *DICTS, *[NO_DATA] * 2])
router_gifts = st.sampled_from([ECHO, ECHO, *VALUES])
defaults = st.sampled_from([*[REQUIRED] * 6, *VALUES])
failing = st.sampled_from([(1, 2), (2, 3), (1, 3), (ALWAYS, 1), (ALWAYS, 1), (ALWAYS, 3)])
errors = st.sampled_from([ValueError, KeyError, ZeroDivisionError, OSError])
branches = {kind: st.sampled_from(labels) for kind, labels in BRANCHES.items()}
taken = {"condition": branches["condition"], "select": st.sampled_from([*BRANCHES["select"], "other"])}
outputs = st.sampled_from([(None, False), ("low", False), ("high", False), ("result", False), ("none", True)])
gathering = st.sampled_from(GATHERING)
free = st.lists(st.sampled_from(FREE), max_size=2, unique=True)


@st.composite
def graphs(draw: Draw, *, races: bool = False) -> Graph:
    """A graph of up to 14 nodes; without *races* no result depends on who wins an any node.

    Nodes are drawn sources first and then shuffled, so that insertion and topological order differ;
    edges are shuffled too, because connection order shows in lists.  Whole graphs without async nodes
    or without sight of the context are wanted, because the library may run them in a shorter way.
    """
    nodes, edges = [], []
    async_habit, context_habit = draw(habits), draw(habits)
    for index in range(draw(sizes)):
        node, into = next_node(draw, f"n{index}", nodes, races=races)
        nodes.append(replace(node, is_async=draw(async_habit), takes_context=draw(context_habit)))
        edges += into
    inserted, connected = draw(st.permutations(nodes)), draw(st.permutations(edges))
    return Graph(tuple(inserted), tuple(connected), run_inputs(draw, nodes))


def next_node(draw: Draw, name: str, earlier: list[Node], *, races: bool) -> tuple[Node, list[Edge]]:
    """One more node, and its edges from earlier ones."""
    kind = draw(kinds) if earlier else "standard"
    parameters, edges = (merging if kind in ("any", "all") else ordinary)(draw, name, earlier)
    echoes = kind != "any" or races or is_choice_of_branches(edges)
    failures, retry = draw(failing) if draw(dice) == FAILS else (0, 1)
    node = Node(
        name,
        kind,
        tuple(parameters),
        gives=draw(router_gifts if kind in BRANCHES else gifts if echoes else values),
        failures=failures,
        retry=failures + 1 if kind == "select" and failures < retry else retry,
        error=draw(errors) if failures else ValueError,
        branch=draw(taken[kind]) if kind in BRANCHES else "",
        plain_bool=kind == "condition" and draw(coin),
        declared=BRANCHES["select"] if kind == "select" and draw(coin) else (),
    )
    return node, edges


def ordinary(draw: Draw, name: str, earlier: list[Node]) -> tuple[list[Parameter], list[Edge]]:
    """Parameters that one edge each feeds, and free ones; those with a default come last."""
    ports = [port(draw, earlier) for _ in range(draw(counts) if earlier else 0)]
    fed = [f"p{i}" for i in range(len(ports))]
    names = [*draw(free), *fed] if draw(coin) else fed
    return with_defaults(draw, names), edges_into(name, ports, fed)


def merging(draw: Draw, name: str, earlier: list[Node]) -> tuple[list[Parameter], list[Edge]]:
    """The parameters and edges of an any or all node: several parameters, or one that takes everything."""
    split = [node for node in earlier if node.kind == "condition" or gives_dict(node)]
    if split and draw(coin):
        labels = ("low", "high") if gives_dict(split[-1]) else BRANCHES["condition"]
        ports = [(split[-1].name, label, False) for label in labels]
    else:
        ports = [port(draw, earlier) for _ in range(draw(counts) + 1)]
        ports = list({what_flows(each): each for each in ports}.values())
    if len(ports) > 1 and draw(coin):
        names = [f"p{i}" for i in range(len(ports))]
        parameters = with_defaults(draw, names)
    else:
        parameters = [draw(gathering)]
        repeated = len({source for source, *_ in ports}) < len(ports)
        aliased = parameters[0].gather == "dict" and (draw(coin) or repeated)
        names = [f"alias{i}" if aliased else None for i in range(len(ports))]
    return parameters, edges_into(name, ports, names)


def edges_into(name: str, ports: list[Port], inputs: Sequence[str | None]) -> list[Edge]:
    """One edge from each port, in this order."""
    pairs = zip(ports, inputs, strict=True)
    return [Edge(source, name, output, each, optional) for (source, output, optional), each in pairs]


def with_defaults(draw: Draw, names: list[str]) -> list[Parameter]:
    """Parameters of which some have a default, in the order that Python asks for."""
    parameters = [Parameter(name, draw(defaults)) for name in names]
    return sorted(parameters, key=lambda each: each.default != REQUIRED)


def port(draw: Draw, earlier: list[Node]) -> Port:
    """A place where an edge may start: a whole value, a key of a dict, one that is absent, or a branch."""
    node = earlier[-1 - draw(backwards) % len(earlier)]
    if node.kind in BRANCHES:
        return node.name, draw(branches[node.kind]), False
    if gives_dict(node):
        return node.name, *draw(outputs)
    return node.name, None, False


def gives_dict(node: Node) -> bool:
    """Whether the node surely has outputs to select from."""
    return node.kind not in BRANCHES and node.gives in DICTS and node.failures < node.retry


def what_flows(port: Port) -> tuple[str, str | None]:
    """What tells two edges apart: the output "result" is the whole value, like no output at all."""
    source, output, _ = port
    return source, None if output == "result" else output


def is_choice_of_branches(edges: list[Edge]) -> bool:
    """Whether the edges are the two branches of one condition, so that only one can be live."""
    return len({edge.source for edge in edges}) == 1 and {edge.output for edge in edges} == {"true", "false"}


def run_inputs(draw: Draw, nodes: list[Node]) -> dict[str, Any]:
    """A value for each free required parameter, and for some of the defaulted ones."""
    unfed = [each for node in nodes for each in node.parameters if each.name in FREE]
    required = {each.name for each in unfed if each.default == REQUIRED}
    names = [name for name in sorted({each.name for each in unfed}) if name in required or draw(coin)]
    return {name: draw(values) for name in names}


def build(graph: Graph, calls: Counter[str] | None = None) -> DAG:
    """The real DAG of a description; *calls* counts the calls of each function."""
    dag, calls = DAG("random"), Counter() if calls is None else calls
    for node in graph.nodes:
        add = dag.node if node.kind == "standard" else getattr(dag, node.kind)
        declared = {"outputs": list(node.declared)} if node.declared else {}
        add(function_of(node, calls), retry=node.retry, **declared)
    for edge in graph.edges:
        dag.connect(edge.source, edge.target, output=edge.output, input=edge.input, optional=edge.optional)
    return dag


def function_of(node: Node, calls: Counter[str]) -> Callable[..., Any]:
    """A function with exactly the signature of the description: nodes are read by their signature."""

    def answer(arguments: dict[str, Any]) -> Any:
        calls[node.name] += 1
        if node.takes_context:
            assert isinstance(arguments.pop("context"), Context)
        if calls[node.name] <= node.failures:
            raise node.error(node.name, calls[node.name])
        return returned(node, arguments)

    signature = ", ".join(["context"] * node.takes_context + [written(each) for each in node.parameters])
    prefix, pause = ("async ", "await pause()") if node.is_async else ("", "pass")
    body = f"arguments = dict(locals()); {pause}; return answer(arguments)"
    scope = {"answer": answer, "pause": anyio.lowlevel.checkpoint}
    exec(f"{prefix}def {node.name}({signature}): {body}", scope)  # noqa: S102
    return scope[node.name]


def written(parameter: Parameter) -> str:
    """The parameter as it stands in a signature."""
    annotation = f": {parameter.annotation}" if parameter.annotation else ""
    default = "" if parameter.default == REQUIRED else f"={parameter.default!r}"
    return f"{parameter.name}{annotation}{default}"


def returned(node: Node, arguments: dict[str, Any]) -> Any:
    """What the function of a node returns once it no longer fails."""
    if node.plain_bool:
        return node.branch == "true"
    value = echo(node.name, arguments) if node.gives == ECHO else node.gives
    if node.kind == "condition":
        return ConditionalReturn(node.branch == "true", value)
    return SelectReturn(node.branch, value) if node.kind == "select" else value
