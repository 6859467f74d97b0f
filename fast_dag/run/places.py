"""Where a step is: its dotted path and the iterations around it, through workflows and maps inside nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from fast_dag.errors import MissingOutputError
from fast_dag.plan.plan import ENTER, LEAVE
from fast_dag.run.mapped import FETCH, MapRun
from fast_dag.run.step import named_inputs
from fast_dag.run.streams import shown
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.run.lap import Lap
    from fast_dag.run.strand import Strand

NODE: Final = "node"
"""A call of a node's function, for one element where the node is a map."""
AROUND: Final = "around"
"""A node that has steps of its own inside."""
POLICY: Final = "policy"
"""What is asked at the ends of an iteration."""
FETCHING: Final = "fetching"
"""Taking the next element of a map."""


INDEX: Final = re.compile(r"\[[\d, ]+\]")


def without_index(path: str) -> str:
    """*path* without the places of elements.

    >>> without_index("each[0].parse[1, 2]")
    'each.parse'
    """
    return INDEX.sub("", path)


class Place:
    """Where one step under way is.

    Parameters:
        strand, step: the step.
        outer: where the node is that it lies inside, None if there is none.
    """

    __slots__ = ("has_begun", "iteration", "kind", "order", "outer", "path", "run", "step", "strand")

    def __init__(self, strand: Strand, step: int, outer: Place | None) -> None:
        self.strand, self.step, self.outer = strand, step, outer
        self.run: Any = strand.run
        self.kind = _kind_of(self.run, step)
        self.order: tuple[int, ...] = (*(() if outer is None else outer.order), step)
        """Compares as the steps of a sequential run follow each other."""
        self.iteration: tuple[int, ...] = () if outer is None else outer.iteration
        self.path: str = "" if outer is None else outer.path
        if not isinstance(self.run, MapRun):
            self.path += "." * (outer is not None) + self.run.plan.names[step]
            self.iteration += self.run.iteration(step)
        elif step != FETCH:
            self.path += str(list(self.run.index_of(step)))
        self.has_begun = False
        """Whether anything in it has been made."""

    @property
    def key(self) -> tuple[str, tuple[int, ...]]:
        """Path and iteration."""
        return self.path, self.iteration

    @property
    def node(self) -> Any:
        """The node it is about."""
        return self.run.node if isinstance(self.run, MapRun) else self.run.plan.nodes[self.step]

    def around(self) -> Iterator[Place]:
        """The places around this one, from the inside out."""
        place = self.outer
        while place is not None:
            yield place
            place = place.outer

    def inputs(self) -> dict[str, Any]:
        """What lies ready for the node, by name; nothing where a part of it is missing."""
        try:
            if isinstance(self.run, MapRun):
                return self.run.inputs_of(self.step)
            run: Any = self.run
            values: Any = _Unread(run.values)
            return named_inputs(run.plan.layouts[self.step], values, run.winners.get(self.step))
        except MissingOutputError:
            return {}

    def fed(self) -> dict[str, Any]:
        """What came to the node from others or from outside, by name.

        Without defaults, constants, and run inputs that stand in the place of defaults.
        """
        run: Any = self.run
        if isinstance(run, MapRun) or self.kind == POLICY:
            return {}  # what elements are stands among the inputs of their map
        layout, winner = run.plan.layouts[self.step], run.winners.get(self.step)
        found = self.inputs()
        brought = {each.name for each in (*layout.arguments, *layout.sources) if self._brings(each, winner)}
        if layout.collect:
            return found if brought else {}
        return {name: value for name, value in found.items() if name in brought}

    def _brings(self, argument: Any, winner: int | None) -> bool:
        values, base, slot = self.run.values, self.run.plan.base, argument.slot
        if (
            argument.injected
            or values[slot] is NO_DATA
            or (winner is not None and argument.source and slot != winner)
        ):
            return False
        return slot >= len(base) or base[slot] is NO_DATA


class _Unread:
    """Values in which a stream stands as it shows itself: looking at it makes no reader."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def __getitem__(self, slot: int) -> Any:
        return shown(self._values[slot])


class Places:
    """The steps under way, each with its place."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, int], Place] = {}

    def take(self, strand: Strand, step: int) -> Place:
        """Where *step* is, which begins."""
        enter = strand.enter
        outer = None if enter is None else self._known[enter.strand, enter.step]
        place = self._known[strand, step] = Place(strand, step, outer)
        return place

    def of(self, strand: Strand, step: int) -> Place:
        """Where *step* is, which is under way."""
        return self._known[strand, step]

    def cycle(self, strand: Strand, lap: Lap) -> tuple[str, tuple[int, ...]]:
        """Path and iteration of a cycle of the run that *strand* follows."""
        enter, name = strand.enter, lap.cycle.name
        outer = None if enter is None else self._known[enter.strand, enter.step]
        return (name, ()) if outer is None else (f"{outer.path}.{name}", outer.iteration)

    def drop(self, place: Place) -> None:
        """Forget a step that is over."""
        self._known.pop((place.strand, place.step), None)


def _kind_of(run: Any, step: int) -> str:
    if isinstance(run, MapRun):
        return FETCHING if step == FETCH else NODE if run.node.inside is None else AROUND
    if run.plan.kinds[step] in (ENTER, LEAVE):
        return POLICY
    node = run.plan.nodes[step]
    return NODE if node.inside is None and node.settings.map is None else AROUND
