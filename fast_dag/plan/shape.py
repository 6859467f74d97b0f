"""What tells of a plan which step had to wait for which: names and edges, nothing that could be called."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from fast_dag.plan.plan import ANY, ENTER, LEAVE, STATE, Plan

NODE: Final = ""
"""The role of a unit that is an ordinary node."""
ROLES: Final = {ANY: "any", ENTER: "enter", LEAVE: "leave", STATE: "state"}


class Shape(NamedTuple):
    """The units of a plan, each by its number."""

    names: tuple[str, ...]
    roles: tuple[str, ...]
    """any, enter, leave or state; "" of an ordinary node."""
    sources: tuple[tuple[int, ...], ...]
    """Of each unit those it has to wait for."""
    cycles: tuple[tuple[str, int, int], ...] = ()
    """Name, enter and leave of each cycle."""


def shape_of(plan: Plan) -> Shape:
    """The shape of *plan*."""
    return Shape(
        plan.names,
        tuple(ROLES.get(kind, NODE) for kind in plan.kinds),
        tuple(tuple(dict.fromkeys(link.source for link in links)) for links in plan.arrivals),
        tuple((cycle.name, cycle.enter, cycle.leave) for cycle in plan.cycles),
    )


class Shapes:
    """The shapes of a run and of those inside it, by what comes before the names of their nodes."""

    def __init__(self, known: dict[str, Shape] | None = None) -> None:
        self._known = {} if known is None else known
        self._plans: dict[str, Any] = {}
        """Plans nobody has asked about yet, as the parts that make a shape."""

    def add(self, path: str, plan: Plan) -> None:
        """Remember *plan*, whose nodes have names that begin with *path*."""
        if path not in self._known and path not in self._plans:
            self._plans[path] = _Parts(plan.names, plan.kinds, plan.arrivals, plan.cycles)

    def all(self) -> dict[str, Shape]:
        """The shape of each run that there was."""
        for path in list(self._plans):
            self._known[path] = shape_of(self._plans.pop(path))
        return self._known


class _Parts(NamedTuple):
    """The parts of a plan that make its shape."""

    names: Any
    kinds: Any
    arrivals: Any
    cycles: Any
