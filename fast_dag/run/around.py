"""Which cycle is around a node, told by paths."""

from __future__ import annotations

from collections.abc import Mapping
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

    def _cycle_around(self, path: str) -> str | None:
        plan, found, before = self._plan, None, ""
        names = path.split(".")
        for depth, name in enumerate(names, start=1):
            unit = self._unit(plan, name)
            around = [each for each in plan.cycles if each.enter < unit < each.leave]
            if around:
                found = before + max(around, key=lambda each: each.enter).name
            if depth < len(names):
                plan, before = self._plans[plan.nodes[unit].inside.workflow], f"{before}{name}."
        return found

    def _unit(self, plan: Plan, name: str) -> int:
        known = self._units.setdefault(id(plan), {})
        if not known:
            known.update((each, unit) for unit, each in enumerate(plan.names))
        return known[name]
