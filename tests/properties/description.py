"""A DAG as plain data: what the strategies draw, the reference interprets and `build` makes real."""

from dataclasses import dataclass, field
from typing import Any

ECHO = "<echo>"
REQUIRED = "<required>"


@dataclass(frozen=True)
class Parameter:
    """*gather* is "dict", "list" or "one" for the only parameter of an any or all node."""

    name: str
    default: Any = REQUIRED
    gather: str = ""
    annotation: str = ""


@dataclass(frozen=True)
class Node:
    """What a node is, and what its function does: raise *failures* times, then give *gives*.

    *branch* is the label that a router takes; *plain_bool* is a condition that returns no more than
    that; *declared* are the outputs that a select node declares.
    """

    name: str
    kind: str = "standard"
    parameters: tuple[Parameter, ...] = ()
    gives: Any = ECHO
    failures: int = 0
    retry: int = 1
    error: type[Exception] = ValueError
    branch: str = ""
    plain_bool: bool = False
    declared: tuple[str, ...] = ()
    is_async: bool = False
    takes_context: bool = False

    @property
    def gather(self) -> str:
        """How the only parameter takes several values; empty when each parameter takes its own."""
        return self.parameters[0].gather if self.parameters else ""


@dataclass(frozen=True)
class Edge:
    """From a node, or one output or branch of it, to a parameter; *input* may be an alias."""

    source: str
    target: str
    output: str | None = None
    input: str | None = None
    optional: bool = False


@dataclass(frozen=True)
class Graph:
    """Nodes in insertion order, edges in connection order, and the inputs of a run."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)

    def into(self, name: str) -> list[Edge]:
        """The edges that feed a node, in connection order."""
        return [edge for edge in self.edges if edge.target == name]

    def out_of(self, name: str) -> list[Edge]:
        """The edges that a node feeds, in connection order."""
        return [edge for edge in self.edges if edge.source == name]
