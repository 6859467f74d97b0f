"""Which cycle is around a node, and what kind of node it is, told by paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fast_dag.plan.plan import Plan


class Around:
    """Finds the innermost cycle around a node of a run, or of one inside it.

    Parameters:
        plan: what the run follows.
        plans: what each workflow inside follows.
    """

    def __init__(self, plan: Plan, plans: Mapping[Any, Plan]) -> None:
        self._plan, self._plans = plan, plans
        self._units: dict[int, dict[str, int]] = {}
        self._found: dict[str, str | None] = {}

    def __call__(self, path: str) -> str | None:
        """The name of the cycle, behind those of the nodes around its workflow; None if there is none."""
        if path not in self._found:
            self._found[path] = self._cycle_around(path)
        return self._found[path]

    def is_map(self, path: str) -> bool:
        """Whether the node is called for each element of an input."""
        *_, (plan, unit, _) = self._way_to(path)
        return plan.nodes[unit].settings.map is not None

    def _cycle_around(self, path: str) -> str | None:
        found = None
        for plan, unit, before in self._way_to(path):
            around = [each for each in plan.cycles if each.enter < unit < each.leave]
            if around:
                found = before + max(around, key=lambda each: each.enter).name
        return found

    def _way_to(self, path: str) -> Iterator[tuple[Plan, int, str]]:
        """The plan and the unit of each node on *path*, from the outside in, and the path before it."""
        plan, before = self._plan, ""
        names = path.split(".")
        for depth, name in enumerate(names, start=1):
            unit = self._unit(plan, name)
            yield plan, unit, before
            if depth < len(names):
                plan, before = self._plans[plan.nodes[unit].inside.plan_key], f"{before}{name}."

    def _unit(self, plan: Plan, name: str) -> int:
        known = self._units.setdefault(id(plan), {})
        if not known:
            known.update((each, unit) for unit, each in enumerate(plan.names))
        return known[name]
