"""Where the nodes and cycles of a run stand: inside which node, and in which cycle."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fast_dag.plan.plan import Plan


class Place(NamedTuple):
    """Where one node or cycle stands; paths name the nodes around it, joined by dots."""

    holder: str
    """The path of the node whose workflow it belongs to, '' for the outermost."""
    cycle: str
    """The path of the innermost cycle around it in that workflow, '' without one."""
    is_map: bool
    """Whether it is a node that is called for each element of an input."""


class Places:
    """The places of a run, each looked up once.

    Parameters:
        plan_around: gives the plan that a node or cycle stands in, by its path.
    """

    def __init__(self, plan_around: Callable[[str], Plan]) -> None:
        self._plan_around = plan_around
        self._units: dict[str, tuple[Plan, dict[str, int]]] = {}
        self._found: dict[str, Place] = {}

    def of(self, path: str) -> Place:
        """The place of the node or cycle *path*."""
        found = self._found.get(path)
        if found is None:
            found = self._found[path] = self._look_up(path)
        return found

    def _look_up(self, path: str) -> Place:
        holder, dot, name = path.rpartition(".")
        plan, units = self._plan_of(holder, path)
        unit = units[name]
        # They are in the order in which they are entered, so the last one is the innermost.
        around = [cycle for cycle in plan.cycles if cycle.enter < unit < cycle.leave]
        innermost = max(around, key=lambda cycle: cycle.enter).name if around else ""
        is_map = plan.nodes[unit].settings.map is not None
        return Place(holder, f"{holder}{dot}{innermost}" if innermost else "", is_map)

    def _plan_of(self, holder: str, path: str) -> tuple[Plan, dict[str, int]]:
        if holder not in self._units:
            plan = self._plan_around(path)
            # A cycle is found where it is left, which has its name.
            self._units[holder] = (plan, {name: unit for unit, name in enumerate(plan.names)})
        return self._units[holder]
