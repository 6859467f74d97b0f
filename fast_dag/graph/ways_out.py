"""Whether every ring of a graph can be left: rules over who may go where, and what each breach is called.

Plain edges are taken whatever the result is; a router chooses among its declared targets, or goes anywhere.
A component is a maximal set of nodes that reach each other.  In one that no router can leave nothing else
is looked for; in the others the plain edges alone must form no ring.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fast_dag.errors import CycleExitError, ValidationError
from fast_dag.graph.order import numbered_components, shortest_ring
from fast_dag.values import END

Numbered = Sequence[Sequence[int]]

SHOWN = 20
"""A message names at most about so many nodes."""


class Outgoing(NamedTuple):
    """Where one node may go; a target that is no node counts as one outside every ring, as END does."""

    plain: tuple[str, ...] = ()
    """Targets of unconditional edges."""
    declared: tuple[str, ...] | None = None
    """Declared targets of its routers, None if it has no declared set."""
    is_router: bool = False
    """It chooses; with *declared* None it may go anywhere."""


class WayOutProblem(NamedTuple):
    """One breach of the rules: its kind, the ring with its first node repeated, and text and hint."""

    kind: str
    ring: tuple[str, ...]
    message: str


class Moves(NamedTuple):
    """Where one node may go, settled: which edges do and which do not depend on a decision."""

    free: tuple[str, ...] = ()
    """Targets it goes to in any case."""
    guarded: tuple[str, ...] = ()
    """Targets it goes to or not."""
    targets: tuple[str, ...] | None = None
    """What its router declares, None if it is no router."""
    anywhere: bool = False
    """Whether its router may go anywhere."""


def exit_problems(nodes: Mapping[str, Outgoing]) -> list[WayOutProblem]:
    """Every ring of *nodes* that cannot be left or holds no decision, ordered by its first-declared node.

    Linear in nodes and edges; components after Tarjan (1972).
    """
    return problems_of({name: _moves(each) for name, each in nodes.items()})


def problems_of(moves: Mapping[str, Moves]) -> list[WayOutProblem]:
    """As `exit_problems`, for moves that are settled."""
    names = list(moves)
    places = {name: place for place, name in enumerate(names)}
    # Tuples, of which the garbage collector loses sight: it takes time to go through very many lists.
    free = [tuple([places[target] for target in each.free if target in places]) for each in moves.values()]
    every = [
        (*found, *[places[target] for target in each.guarded if target in places]) if each.guarded else found
        for found, each in zip(free, moves.values(), strict=True)
    ]
    found: list[WayOutProblem] = []
    for component in numbered_components(every):
        if len(component) > 1 or component[0] in every[component[0]]:
            component.sort()
            found += _Component(names, component, moves, every, free).problems()
    return sorted(found, key=lambda problem: places[problem.ring[0]])


def ignored_edges(nodes: Mapping[str, Outgoing]) -> list[str]:
    """A warning for each plain edge of a node that also has a router, which is used instead."""
    return [
        f"plain edge {name} -> {shown(target)} is ignored because {name!r} has a conditional edge"
        for name, each in nodes.items()
        if _chooses(each)
        for target in dict.fromkeys(each.plain)
    ]


def undeclared_routers(nodes: Mapping[str, Outgoing]) -> list[str]:
    """The nodes whose router may go anywhere, as far as the definition tells."""
    return [name for name, each in nodes.items() if each.is_router and each.declared is None]


def undeclared_text(name: str) -> str:
    """The warning about the router of *name*, whose targets nobody declared."""
    return f"targets of {name!r} are not declared; the exit cannot be checked"


def invalid(name: str, problems: Sequence[str], exits: Sequence[Any]) -> ValidationError:
    """The error, to be raised, for the graph *name*: all texts in one.

    Returns:
        A CycleExitError as soon as there is one among *exits*, behind the other *problems* in its list;
        else a ValidationError.
    """
    if not exits:
        return ValidationError(list(problems), name)
    return CycleExitError([*map(str, problems), *(each.message for each in exits)], name, exits)


def shown(name: str) -> str:
    """*name* as messages print it."""
    return "END" if name == END else name


def _chooses(node: Outgoing) -> bool:
    return node.is_router or node.declared is not None


def router_moves(declared: Iterable[str]) -> Moves:
    """The moves of a router with these targets; one with a single target decides nothing."""
    targets = tuple(dict.fromkeys(declared))
    return Moves(targets, (), targets) if len(targets) == 1 else Moves((), targets, targets)


def _moves(node: Outgoing) -> Moves:
    if not _chooses(node):
        return Moves(node.plain)
    return Moves(targets=(), anywhere=True) if node.declared is None else router_moves(node.declared)


class _Component:
    """Nodes that reach each other, by their places among all *names*."""

    def __init__(
        self,
        names: Sequence[str],
        members: Sequence[int],
        moves: Mapping[str, Moves],
        every: Numbered,
        free: Numbered,
    ) -> None:
        self.all_names, self.members, self.moves, self.every, self.free = names, members, moves, every, free
        self.names = [names[number] for number in members]
        self.within = set(self.names)

    def problems(self) -> Iterator[WayOutProblem]:
        """That it cannot be left, or else each of its rings without a decision."""
        leaving = next((name for name in self.names if self._can_leave(self.moves[name])), None)
        if leaving is None:
            yield self._no_exit()
            return
        yield from (
            _self_loop(self.all_names[number]) for number in self.members if number in self.free[number]
        )
        inside = set(self.members)
        free = {
            number: tuple([each for each in self.free[number] if each in inside and each != number])
            for number in self.members
        }
        for ring in _rings_of(self.members, free):
            yield _subcycle(self._ring(ring, free), leaving)

    def _can_leave(self, moves: Moves) -> bool:
        return moves.anywhere or (moves.targets is not None and not self.within.issuperset(moves.targets))

    def _no_exit(self) -> WayOutProblem:
        ring = self._ring(self.members, self.every)
        router = next((name for name in self.names if self.moves[name].targets is not None), None)
        if router is not None:
            return _stuck_router(router, self.moves[router].targets or (), ring, self.names)
        if len(self.members) == 1:
            return _self_loop(self.names[0])
        text = f"cycle detected with no exit condition: [{_listed(ring)}]"
        hint = "add a conditional edge from one of these nodes that can leave the cycle (e.g. to END)"
        return _problem("pure_cycle", ring, text, hint)

    def _ring(
        self, members: Sequence[int], successors: Numbered | Mapping[int, Sequence[int]]
    ) -> tuple[str, ...]:
        """The shortest ring through the first of *members*, of equal ones the first by declaration."""
        names, within = self.all_names, set(members)
        ordered = {
            names[number]: [names[target] for target in sorted(within.intersection(successors[number]))]
            for number in members
        }
        return tuple(shortest_ring(names[members[0]], set(ordered), ordered))


def _rings_of(members: Sequence[int], successors: Mapping[int, Sequence[int]]) -> Iterator[list[int]]:
    """The components of more than one node among *members*, which are in order."""
    left = _on_or_behind_rings(members, successors)
    place = {number: index for index, number in enumerate(left)}
    numbered = [[place[target] for target in successors[number]] for number in left]
    for component in numbered_components(numbered):
        if len(component) > 1:
            yield [left[index] for index in sorted(component)]


def _on_or_behind_rings(members: Sequence[int], successors: Mapping[int, Sequence[int]]) -> list[int]:
    """What is left when nodes without predecessors are taken away, over and over (Kahn 1962).

    Where nothing is wrong nothing is left, and this is the cheapest way to see it.
    """
    waiting = dict.fromkeys(members, 0)
    for targets in successors.values():
        for target in targets:
            waiting[target] += 1
    ready = [number for number in members if not waiting[number]]
    for number in ready:
        del waiting[number]
        for target in successors[number]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return list(waiting)


def _stuck_router(
    router: str, targets: Sequence[str], ring: tuple[str, ...], component: Sequence[str]
) -> WayOutProblem:
    declared = _listed([shown(target) for target in targets])
    text = f"conditional edge on {router!r} cannot leave the cycle [{_listed(ring)}]"
    hint = f"add END or a node outside {{{_listed(component)}}} to its targets"
    return _problem("router_cannot_exit", ring, f"{text}: declared targets are {declared}", hint)


def _self_loop(name: str) -> WayOutProblem:
    text = f"self-loop detected on node {name!r} with no exit condition"
    hint = f"use a condition or router on {name!r} instead of a plain edge, with a target other than {name!r}"
    return _problem("self_loop", (name, name), text, hint)


def _subcycle(ring: tuple[str, ...], left_at: str) -> WayOutProblem:
    text = f"cycle [{_listed(ring)}] contains no decision although its component can be left at {left_at!r}"
    edges = [f"{source} -> {target}" for source, target in itertools.pairwise(ring)]
    return _problem("decision_free_subcycle", ring, text, f"make one of {_listed(edges)} conditional")


def _problem(kind: str, ring: tuple[str, ...], text: str, hint: str) -> WayOutProblem:
    return WayOutProblem(kind, ring, f"{text}\n    hint: {hint}")


def _listed(texts: Sequence[str]) -> str:
    """*texts* in one line, those in the middle of very many counted only."""
    if len(texts) <= SHOWN:
        return ", ".join(texts)
    half = SHOWN // 2
    return ", ".join([*texts[:half], f"... {len(texts) - 2 * half} more ...", *texts[-half:]])
