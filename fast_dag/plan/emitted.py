"""What leaves a cycle that hands on more than its last values, and what is asked of its rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fast_dag.graph.edge import Edge, FeedbackEdge
from fast_dag.plan.frame import Frame
from fast_dag.plan.plan import ROUTER, Argument, Emitted
from fast_dag.values import NO_DATA


class Emissions:
    """The slots of what is emitted: one for each edge out of a cycle, of each cycle that says what.

    Parameters:
        frame: the units of the plan.
        edges: those inside the plan.
        new: gives a new slot.
    """

    def __init__(self, frame: Frame, edges: Sequence[Edge], new: Callable[[Any], int]) -> None:
        self._frame = frame
        self.slots: dict[Edge, int] = {}
        """Where the target of an edge finds it."""
        self.of_cycle: dict[str, list[Emitted]] = {loop.name: [] for loop in frame.loops}
        self._wanted: list[tuple[Edge, list[tuple[str, str, int]]]] = []
        # By default nodes behind find the last value where it was given: nothing need be gathered.
        kinds = {loop.name: loop.config.emit for loop in frame.loops if "emit" in loop.config.given}
        for edge in edges if kinds else ():
            # What a cycle has gathered is there once, when it has ended.
            left = [name for name in frame.left_by(edge) if name in kinds and name != edge.cycle]
            if left:
                places = [(name, kinds[name], new(NO_DATA)) for name in left]
                self._wanted.append((edge, places))
                self.slots[edge] = places[-1][2]

    def fill(self, argument: Callable[[Edge, str], Argument]) -> None:
        """Settle what each is made of, now that all slots are known."""
        for edge, places in self._wanted:
            value = argument(edge, edge.input)
            is_branch = self._frame.kinds[self._frame.numbers[edge.source]] == ROUTER
            for name, kind, slot in places:
                self.of_cycle[name].append(Emitted(value, slot, kind, is_branch))
                # The cycle around it takes what the inner one emits.
                value = Argument(edge.input, slot, source=edge.source)


def loop_values(edges: Sequence[FeedbackEdge]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The inputs that feedback edges give values to, by name, and by node too where that is not enough."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, edge in enumerate(edges):
        if not edge.signal:
            places.setdefault((edge.target, edge.input or ""), []).append(place)
    names = [name for _, name in places]
    return tuple(
        (name if names.count(name) == 1 else f"{target}.{name}", tuple(found))
        for (target, name), found in places.items()
    )
