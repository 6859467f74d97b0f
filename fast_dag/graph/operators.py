"""`>>` and `|` for nodes, ports, branches and groups; each knows the graph it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar, overload

from fast_dag.errors import InvalidNodeError
from fast_dag.values import END

Target = TypeVar("Target", bound="Connectable")

Wanted = tuple[Any, str | None, Any, str | None, bool]
"""Source, output, target, input, and whether the edge is optional."""


class Drawing(Protocol):
    """What edges are drawn in: a graph."""

    name: str

    def connect_pairs(self, pairs: Iterable[Wanted]) -> object:
        """Draw an edge for each pair: all of them, or none."""


class Member(Protocol):
    """What an edge is drawn between: a node."""

    graph: Drawing | None

    @property
    def name(self) -> str:
        """The name it has in its graph."""


class Connectable:
    """Something an edge can start from or end at."""

    __slots__ = ()

    @property
    def ends(self) -> tuple[End, ...]:
        """The places edges attach to: one, or those of a group."""
        raise NotImplementedError

    @overload
    def __rshift__(self, target: Target) -> Target: ...
    @overload
    def __rshift__(self, target: str) -> str: ...
    @overload
    def __rshift__(self, target: Sequence[Connectable]) -> Group: ...
    def __rshift__(self, target: Any) -> Any:
        return connect_all(self, target)

    @overload
    def __or__(self, target: Target) -> Target: ...
    @overload
    def __or__(self, target: Sequence[Connectable]) -> Group: ...
    def __or__(self, target: Any) -> Any:
        return connect_all(self, target)

    def __rrshift__(self, sources: Sequence[object]) -> Any:
        return connect_all(sources, self)

    __ror__ = __rrshift__

    def connect_to(self, target: Target, *, output: str | None = None, input: str | None = None) -> Target:
        """Connect to *target* as `DAG.connect` does, and return *target*."""
        connect_all(self, target, output=output, input_name=input)
        return target


class End(Connectable):
    """One end of an edge: a node, with the name of an output or input if one is meant."""

    __slots__ = ("name", "node", "port")

    def __init__(self, node: Member, port: str | None) -> None:
        self.node = node
        self.name = node.name
        self.port = port

    @property
    def ends(self) -> tuple[End, ...]:
        """Itself."""
        return (self,)

    def __repr__(self) -> str:
        return f"{self.name}.{self.port}" if self.port else self.name


class Group(Connectable, Sequence["Connectable"]):
    """Several ends that are connected together, completely or not at all."""

    __slots__ = ("members",)

    def __init__(self, members: Iterable[object]) -> None:
        found = tuple(members)
        self.members = tuple(member for member in found if isinstance(member, Connectable))
        strangers = [member for member in found if not isinstance(member, Connectable)]
        if strangers:
            msg = f"cannot connect {strangers[0]!r}: it is no node; decorate it with @dag.node first"
            raise InvalidNodeError(msg)

    @property
    def ends(self) -> tuple[End, ...]:
        """Those of all members."""
        return tuple(end for member in self.members for end in member.ends)

    @overload
    def __getitem__(self, index: int) -> Connectable: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Connectable]: ...
    def __getitem__(self, index: int | slice) -> Connectable | Sequence[Connectable]:
        return self.members[index]

    def __len__(self) -> int:
        return len(self.members)

    def __repr__(self) -> str:
        return f"Group{self.members!r}"


class Ends(Mapping[str, End]):
    """Ports or branches of a node by name."""

    def __init__(self, node: Member, names: Sequence[str], word: str, *, is_open: bool = False) -> None:
        self._node, self._names, self._word, self._is_open = node, tuple(names), word, is_open

    def __getitem__(self, name: str) -> End:
        if name in self._names or self._is_open:
            return End(self._node, name)
        msg = f"{self._node.name!r} has no {self._word} {name!r}; it has {', '.join(self._names) or 'none'}"
        raise KeyError(msg)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def connect_all(source: Any, target: Any, *, output: str | None = None, input_name: str | None = None) -> Any:
    """Connect every end of *source* to every end of *target*, all or none; returns *target*."""
    source = source if isinstance(source, Connectable) else Group(_listed(source))
    if isinstance(target, str) and target == END:
        _end_all(source, output)
        return target
    into = target if isinstance(target, Connectable) else Group(_listed(target))
    pairs = [
        (start, start.port if output is None else output, end, end.port if input_name is None else input_name)
        for end in into.ends
        for start in source.ends
    ]
    if pairs:
        graph_of(pairs[0][0]).connect_pairs(
            [(start.node, chosen, end.node, fed, False) for start, chosen, end, fed in pairs]
        )
    return into


def _end_all(source: Connectable, output: str | None) -> None:
    """Have the branches of *source* lead to END."""
    for start in source.ends:
        chosen = start.port if output is None else output
        graph_of(start).connect_pairs([(start.node, chosen, END, None, False)])


def graph_of(end: End) -> Drawing:
    """The graph the node of *end* belongs to."""
    if end.node.graph is None:
        msg = f"node {end.name!r} belongs to no workflow; add it with dag.add_node first"
        raise InvalidNodeError(msg)
    return end.node.graph


def _listed(target: Any) -> Iterable[Any]:
    if isinstance(target, list | tuple):
        return target
    msg = f"cannot connect {target!r}: it is no node; decorate it with @dag.node first"
    raise InvalidNodeError(msg)
